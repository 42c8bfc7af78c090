"""
When a dataset will be written next, or when a DAG or a task will be done: the median, the bounds of
80 %, and what decides it.

Over every path from now to the write: what is left of tasks that run, those that wait for them, DAG
runs that are due by a schedule or follow from assets, across DAGs. Where a failed task bars the way
and was not cleared, the answer is why it is not known.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from fairlead_bridge.insight.plan import Plan
from fairlead_bridge.insight.reached import Unknown
from fairlead_bridge.insight.simulation import Step, simulate
from fairlead_bridge.insight.spans import SECOND
from fairlead_bridge.insight.work import Facts

__all__ = ["Eta", "Unknown", "estimate", "explore"]

#: Steps of the critical path that are named.
NAMED = 4


@dataclass(frozen=True, slots=True)
class Eta:
    """When something will be done; microseconds, to the second. `low` and `high` bound 80 %."""

    p50: int
    low: int
    high: int
    basis: str  # what decides it, one sentence
    #: What is done first of that: a job or DAG, and since when it goes on or may start.
    first: int | None = None
    first_at: int | None = None
    is_running: bool = False
    #: Whether that goes on, or should have started by now.
    has_begun: bool = True
    ends: tuple[float, ...] = field(default=(), repr=False)  # of all courses, in order

    def quantile(self, share: float) -> int:
        """When it will be done with this probability."""
        return _quantile(self.ends, share) if self.ends else self.p50


def estimate(facts: Facts, node: int) -> Eta | Unknown:
    """When this asset is written next, or this DAG, task or job is done; why not, where it is not known."""
    plan = Plan(facts)
    target = plan.reach(node)
    if isinstance(target, Unknown):
        return target
    found = simulate(list(plan.steps.values()), facts.now, node ^ facts.now)
    ends = tuple(sorted(found.ends[target]))
    low, middle, high = (_quantile(ends, share) for share in (0.1, 0.5, 0.9))
    chain = [step for step in found.critical(target) if step.ended_at is None]
    first = next((step for step in chain if step.node is not None), None)
    if first is None:
        return Eta(middle, low, high, _basis(chain), ends=ends)
    is_running = first.started_at is not None
    at = first.started_at if is_running else first.ready_at
    has_begun = is_running or at is None or at + first.lag.median <= facts.now
    return Eta(middle, low, high, _basis(chain), first.node, at, is_running, has_begun, ends)


def explore(facts: Facts, nodes: Iterable[int]) -> set[int]:
    """The assets and tasks that the estimates of these nodes need, and that are not among the facts."""
    facts.wanted = set()
    for node in nodes:
        Plan(facts).reach(node)
    return facts.wanted


def _quantile(ends: Sequence[float], share: float) -> int:
    """Of the courses, to the second; half a course from each end counts as beyond."""
    place = min(max(share * len(ends) - 0.5, 0.0), len(ends) - 1.0)
    low = min(int(place), len(ends) - 2)
    return round((ends[low] + (ends[low + 1] - ends[low]) * (place - low)) / SECOND) * SECOND


def _basis(chain: list[Step]) -> str:
    """
    >>> _basis([Step("a", "load has run for 5 minutes"), Step("b", "sum"), Step("c", "")])
    'load has run for 5 minutes, then sum'
    """
    texts = [step.text for step in chain if step.text]
    if len(texts) > NAMED:
        texts = [*texts[: NAMED - 1], f"{len(texts) - NAMED} more", texts[-1]]
    return ", then ".join(texts) or "everything before it is done"
