"""
Why a dataset or a job is not as it should be: from it up the lineage to where the trouble began.

What lies upstream explains it only as far as nothing on the way was written since: a dataset that
was written after a failure does not wait for it. Of all that explains it, the surest and of these
the first in time counts (`symptoms`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from heapq import heappop, heappush
from typing import Literal

from fairlead_bridge.insight import symptoms
from fairlead_bridge.insight.symptoms import MISSING, SENSOR, Dataset, Evidence, Found, Job, Kind

Standing = Literal["ok", "late", "failed", "at_risk", "unknown"]

_NEVER = -(2**63)
#: Steps that one control edge counts for: a way over data, two steps from job to job, is preferred.
_DETOUR = 3


@dataclass(slots=True)
class Upstream:
    """What is known upstream of some nodes."""

    datasets: dict[int, Dataset] = field(default_factory=dict)
    jobs: dict[int, Job] = field(default_factory=dict)
    before: dict[int, list[int]] = field(default_factory=dict)  # right upstream, by data
    after: dict[int, list[int]] = field(default_factory=dict)  # the jobs that jobs run after


@dataclass(frozen=True, slots=True)
class Cause:
    """One explanation: its node and run by id, since when, one sentence, and what supports it."""

    kind: Kind
    node: int
    run: int | None
    at: int
    text: str
    path: tuple[int, ...]  # from the cause down to what is asked for
    rank: int
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True)
class Explanation:
    standing: Standing
    late_since: int | None = None
    causes: tuple[Cause, ...] = ()  # the most probable first
    level: int = 0  # datasets between the cause and what is asked for

    @property
    def run(self) -> int | None:
        """The run that is the cause."""
        return self.causes[0].run if self.causes else None


def explain(nodes: Sequence[int], upstream: Upstream, written_at: int | None = None) -> Explanation:
    """
    How a node stands, and why. A DAG is asked for by itself and its tasks, itself first.

    `written_at` is when a job last wrote anything: what failed before did not keep it from that.
    """
    target = nodes[0]
    dataset = upstream.datasets.get(target)
    late_since = dataset.late_since if dataset is not None else None
    job = upstream.jobs.get(target)
    own = _is_broken(dataset) if dataset else job is not None and job.broken_at is not None
    causes = _ranked(_causes(nodes, upstream, written_at, late_since is not None))
    waits = bool(causes) and causes[0].rank == SENSOR
    recovers = own and not causes  # what failed succeeded since; what that blocked goes on
    if late_since is None and (waits or recovers):
        # What it waits for: lateness need not be waited for.
        causes = _ranked(_causes(nodes, upstream, written_at, late=True))
    if dataset is not None and dataset.is_learned and not own and _is_not_due(upstream, causes):
        late_since, causes = None, []  # schedules know better
    standing: Standing
    if own:
        standing = "failed"
    elif late_since is not None:
        standing = "late"
    else:
        causes = causes or _ranked(_stale(nodes, upstream))
        standing = "at_risk" if causes else _sound(nodes, upstream)
    between = [node for node in (causes[0].path if causes else ()) if node in upstream.datasets]
    return Explanation(standing, late_since, tuple(causes), max(0, len(between) - 1))


def _is_broken(dataset: Dataset) -> bool:
    breach = dataset.breach
    return bool(dataset.broken_by) or (breach is not None and breach.is_certain)


def _is_not_due(upstream: Upstream, causes: Sequence[Cause]) -> bool:
    """
    Whether nothing upstream has begun or should have since all was written: the next scheduled DAG
    starts later, nothing goes on, and every job wrote what it writes when it ran last.
    """
    if not causes or any(cause.rank != MISSING for cause in causes):
        return False
    jobs = upstream.jobs.values()
    if any(job.goes_on for job in jobs) or all(job.next_at is None for job in jobs if job.is_dag):
        return False
    for node, dataset in upstream.datasets.items():
        for above in upstream.before.get(node, ()):
            job = upstream.jobs.get(above)
            began = job.began_at if job is not None else None
            if began is not None and (dataset.written_at is None or dataset.written_at < began):
                return False
    return True


def _sound(nodes: Sequence[int], upstream: Upstream) -> Standing:
    dataset, job = upstream.datasets.get(nodes[0]), upstream.jobs.get(nodes[0])
    known = dataset.written_at if dataset is not None else (job.state if job else None)
    return "unknown" if known is None else "ok"


# --- what explains it -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Step:
    """A node that was reached, and when the newest write on the best way to it was."""

    written: int
    hops: int
    below: int | None  # the next node towards what is asked for
    breaks: bool  # whether the job should have written what lies below


def _causes(
    nodes: Sequence[int], upstream: Upstream, written_at: int | None, late: bool
) -> Iterator[Cause]:
    begin = _NEVER if written_at is None else written_at
    reached = _reached(nodes, upstream, begin, stale=False)
    asked = upstream.datasets.get(nodes[0])
    for node, step in reached.items():
        for found in _found(node, step, upstream, asked, late):
            yield _cause(found, node, reached)


def _stale(nodes: Sequence[int], upstream: Upstream) -> Iterator[Cause]:
    """Failures upstream of what was written all the same, from what there was."""
    reached = _reached(nodes, upstream, _NEVER, stale=True)
    for node, step in reached.items():
        for found in _found(node, step, upstream, None, late=False):
            if found.kind in ("failed_run", "schema_change", "failed_check"):
                yield _cause(found, node, reached)


def _found(
    node: int, step: _Step, upstream: Upstream, asked: Dataset | None, late: bool
) -> list[Found]:
    job = upstream.jobs.get(node)
    if job is not None:
        return symptoms.of_job(
            job, written=step.written, breaks=step.breaks, asked=step.hops == 0, late=late
        )
    dataset = upstream.datasets[node]
    before = upstream.before.get(node, ())
    writers = [upstream.jobs[each] for each in before if each in upstream.jobs]
    since = asked.written_at if asked is not None else None
    found = (symptoms.of_dataset(dataset, writers, since, late=late), symptoms.of_data(dataset))
    return [each for each in found if each is not None]


def _cause(found: Found, node: int, reached: Mapping[int, _Step]) -> Cause:
    path = tuple(_path(node, reached))
    if found.node != node and found.node in reached and found.kind != "schema_change":
        path = tuple(_path(found.node, reached))
    elif found.node != node:
        path = (found.node, *path)
    return Cause(
        found.kind, found.node, found.run, found.at, found.text, path, found.rank, found.evidence
    )


def _reached(nodes: Sequence[int], upstream: Upstream, begin: int, stale: bool) -> dict[int, _Step]:
    """Every node upstream, each on the way on which the newest write is oldest."""
    reached: dict[int, _Step] = {}
    queue: list[tuple[int, int, int, int | None, bool]] = []
    for node in nodes:
        heappush(queue, (begin, 0, node, None, True))
    while queue:
        written, hops, node, below, breaks = heappop(queue)
        if node in reached or (node not in upstream.jobs and node not in upstream.datasets):
            continue
        reached[node] = _Step(written, hops, below, breaks)
        dataset = upstream.datasets.get(node)
        for above in upstream.before.get(node, ()):
            newest, should = written, True
            if dataset is not None:
                should = above in dataset.broken_by
                if not should and not stale and dataset.written_at is not None:
                    newest = max(written, dataset.written_at)
            heappush(queue, (newest, hops + 1, above, node, should))
        for above in upstream.after.get(node, ()):
            heappush(queue, (written, hops + _DETOUR, above, node, True))
    return reached


def _path(node: int, reached: Mapping[int, _Step]) -> Iterator[int]:
    here: int | None = node
    while here is not None:
        yield here
        here = reached[here].below


def _ranked(causes: Iterator[Cause]) -> list[Cause]:
    found: dict[int, Cause] = {}
    explained: set[int] = set()
    for cause in sorted(causes, key=_order):
        if cause.node in found or (cause.rank == MISSING and cause.node in explained):
            continue  # what has not come lies on the way from what kept it from coming
        found[cause.node] = cause
        explained.update(cause.path)
    return list(found.values())


def _order(cause: Cause) -> tuple[int, int, bool, int, int]:
    """The surest first, then the first in time; a source falls silent after its last failure."""
    return cause.rank, cause.at, cause.kind == "silent_source", -len(cause.path), cause.node
