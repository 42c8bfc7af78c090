"""
How a job stands, and how a dataset stands by the jobs that write it. Pure.

What a job did at one go is a round: all mapped instances of a task in one DAG run, or one run of
anything else. A round is as its worst instance is, so that one that failed is not hidden by the
others; of several tries of an instance only the last counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Protocol

from fairlead_bridge.model import State
from fairlead_bridge.queries.assets import Asset

#: States of runs that should have written their outputs and did not.
BROKEN = frozenset({"failed", "lost", "aborted", "upstream_failed"})

#: What is shown of several instances: the first of these that one of them is in.
_WORST_FIRST = (
    *("failed", "lost", "aborted", "upstream_failed"),
    *("up_for_retry", "running", "deferred", "queued", "success", "skipped", "removed"),
)
_RANK = {state: rank for rank, state in enumerate(_WORST_FIRST)}


class Run(Protocol):
    """A row of `run` with its state as it is shown; times in microseconds."""

    @property
    def id(self) -> int: ...
    @property
    def at(self) -> int: ...
    @property
    def ended_at(self) -> int | None: ...
    @property
    def state(self) -> State: ...
    @property
    def dag_run(self) -> int | None: ...
    @property
    def instance(self) -> int | None: ...
    @property
    def try_number(self) -> int | None: ...


@dataclass(frozen=True, slots=True)
class Round:
    """One or more runs of one job that belong together."""

    run: int  # the run whose state this is
    state: State
    at: int  # when the newest of them began
    over_at: int  # when the newest broken one ended, or began where that is not known
    broken: frozenset[int]  # ids of those that should have written and did not
    succeeded: frozenset[int]  # ids of those that succeeded
    #: Ids of datasets that those that succeeded wrote, and that do not concern those that did not.
    unaffected: frozenset[int] = frozenset()
    #: Blocked, and its DAG run was cleared since and goes on: it may yet run.
    may_run: bool = False

    @property
    def is_broken(self) -> bool:
        return self.state in BROKEN and not self.may_run


def rounds(runs: Iterable[Run]) -> list[Round]:
    """The rounds of some runs of one job, oldest first."""
    last: dict[int, Run] = {}
    for run in runs:
        key = run.instance if run.instance is not None else run.id
        if key not in last or _later(run) > _later(last[key]):
            last[key] = run
    together: dict[int, list[Run]] = {}
    for run in last.values():
        whole = run.dag_run if run.instance is not None else None
        together.setdefault(whole if whole is not None else run.id, []).append(run)
    return sorted((_round(each) for each in together.values()), key=lambda r: (r.at, r.run))


def without_unaffected(whole: Round, outputs: Mapping[int, frozenset[int]]) -> Round:
    """
    The round with the datasets that its failure does not concern.

    `outputs` has the datasets that each run named. A broken run that named none may have had to
    write any of them.
    """
    if not all(outputs.get(run) for run in whole.broken):
        return whole
    concerned = frozenset().union(*(outputs[run] for run in whole.broken))
    written = frozenset().union(*(outputs.get(run, frozenset()) for run in whole.succeeded))
    return replace(whole, unaffected=written - concerned)


def breaks(whole: Round, asset: Asset) -> bool:
    """Whether the round should have written the asset, did not, and nothing else has since."""
    if not whole.is_broken or whole.unaffected.intersection(asset.members):
        return False
    written = asset.written_at is not None and asset.written_at > whole.over_at
    return not written or asset.written_by in whole.succeeded


def state_of(asset: Asset, writers: Iterable[int], newest: Mapping[int, Round]) -> State | None:
    """
    The state of an asset; `newest` has the newest round of each job that ever ran.

    It is that of the worst writer that failed and has not been made good since; where there is
    none, of the writer that began last, failures that were made good left out.
    """
    known = [newest[job] for job in writers if job in newest]
    open_ones = [whole for whole in known if breaks(whole, asset)]
    if open_ones:
        return min(open_ones, key=lambda whole: (_rank(whole.state), -whole.at)).state
    sound = [whole for whole in known if not whole.is_broken]
    if sound:
        return max(sound, key=lambda whole: (whole.at, whole.run)).state
    return "success" if known else None


def _round(runs: list[Run]) -> Round:
    worst = min(runs, key=lambda run: (_rank(run.state), -run.at, run.id))
    broken = [run for run in runs if run.state in BROKEN]
    return Round(
        run=worst.id,
        state=worst.state,
        at=max(run.at for run in runs),
        over_at=max((run.ended_at or run.at for run in broken), default=0),
        broken=frozenset(run.id for run in broken),
        succeeded=frozenset(run.id for run in runs if run.state == "success"),
    )


def _later(run: Run) -> tuple[int, int, int]:
    return run.try_number or 0, run.at, run.id


def _rank(state: str) -> int:
    return _RANK.get(state, len(_RANK))
