"""
Why a dataset or a job is not as it should be: from it up the lineage to where the trouble began.

What lies upstream explains it only as far as nothing on the way was written since: a dataset that
was written after a failure does not wait for it. Of all that explains it, the first in time counts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from heapq import heappop, heappush
from typing import Literal

Standing = Literal["ok", "late", "failed", "at_risk", "unknown"]
Kind = Literal[
    "failed_run",
    "not_started",
    "slow_run",
    "source_not_updated",
    "schema_change",
    "import_error",
    "silent_source",
]

_NEVER = -(2**63)
#: Steps that one control edge counts for: a way over data, two steps from job to job, is preferred.
_DETOUR = 3
#: The surest first; of equally sure ones, the first in time.
_SURE, _BLOCKED, _WHOLE_DAG, _SLOW, _MISSING = range(5)


@dataclass(frozen=True, slots=True)
class Job:
    """A job, by its newest round; times in microseconds."""

    id: int
    label: str
    is_dag: bool = False
    run: int | None = None  # whose state this is
    state: str | None = None  # None where it never ran
    broken_at: int | None = None  # when the newest round failed or was blocked
    error: str | None = None
    slow_since: int | None = None  # when the run that goes on should have ended
    silent_since: int | None = None  # the last event of its source, where that fell silent
    source: str = ""


@dataclass(frozen=True, slots=True)
class Dataset:
    id: int
    label: str
    written_at: int | None = None
    late_since: int | None = None
    broken_by: frozenset[int] = frozenset()  # jobs that should have written it and did not


@dataclass(slots=True)
class Upstream:
    """What is known upstream of some nodes."""

    datasets: dict[int, Dataset] = field(default_factory=dict)
    jobs: dict[int, Job] = field(default_factory=dict)
    before: dict[int, list[int]] = field(default_factory=dict)  # right upstream, by data
    after: dict[int, list[int]] = field(default_factory=dict)  # the jobs that jobs run after


@dataclass(frozen=True, slots=True)
class Cause:
    kind: Kind
    node: int
    run: int | None
    at: int
    text: str
    path: tuple[int, ...]  # from the cause down to what is asked for
    rank: int


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
    own = bool(dataset.broken_by) if dataset else job is not None and job.broken_at is not None
    causes = _ranked(_causes(nodes, upstream, written_at, late_since is not None))
    standing: Standing
    if own:
        standing = "failed"
    elif late_since is not None:
        standing = "late"
    else:
        causes = [cause for cause in causes if cause.kind == "failed_run"]
        causes = causes or _ranked(_causes(nodes, upstream, None, late=False, stale=True))
        standing = "at_risk" if causes else _sound(nodes, upstream)
    between = [node for node in (causes[0].path if causes else ()) if node in upstream.datasets]
    return Explanation(standing, late_since, tuple(causes), max(0, len(between) - 1))


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
    nodes: Sequence[int],
    upstream: Upstream,
    written_at: int | None,
    late: bool,
    stale: bool = False,
) -> Iterator[Cause]:
    begin = _NEVER if written_at is None or stale else written_at
    reached = _reached(nodes, upstream, begin, stale)
    for node, step in reached.items():
        if node in upstream.jobs:
            found = _of_job(upstream.jobs[node], step, late)
        else:
            found = _of_dataset(upstream.datasets[node], upstream, nodes[0]) if late else None
        if found is not None:
            rank, kind, cause, at, text = found
            ran = kind in ("failed_run", "slow_run")
            path = tuple(_path(node, reached))
            yield Cause(
                kind,
                cause,
                upstream.jobs[cause].run if ran else None,
                at,
                text,
                path if cause == node else (cause, *path),
                rank,
            )


_Found = tuple[int, Kind, int, int, str]


def _of_job(job: Job, step: _Step, late: bool) -> _Found | None:
    if job.is_dag and step.hops:  # its tasks tell
        return None
    if job.broken_at is not None and step.breaks and job.broken_at >= step.written:
        word = _WORDS.get(job.state or "", "failed")
        error = f": {job.error.splitlines()[0]}" if job.error and job.error.strip() else ""
        blocked = job.state == "upstream_failed"
        rank = _WHOLE_DAG if job.is_dag else _BLOCKED if blocked else _SURE
        return rank, "failed_run", job.id, job.broken_at, f"{job.label} {word}{error}"
    if late and job.silent_since is not None and step.written <= job.silent_since:
        text = f"no events from {job.source}, where {job.label} runs"
        return _SURE, "silent_source", job.id, job.silent_since, text
    if late and job.slow_since is not None and step.written <= job.slow_since:
        text = f"{job.label} is running longer than usual"
        return _SLOW, "slow_run", job.id, job.slow_since, text
    return None


_WORDS = {"upstream_failed": "was blocked", "lost": "was lost", "aborted": "was aborted"}


def _of_dataset(dataset: Dataset, upstream: Upstream, target: int) -> _Found | None:
    """A dataset that is late itself, and was not written since what is asked for was."""
    asked = upstream.datasets.get(target)
    since = asked.written_at if asked is not None else None
    if dataset.late_since is None or (
        since is not None and dataset.written_at is not None and dataset.written_at > since
    ):
        return None
    before = upstream.before.get(dataset.id, ())
    writers = [upstream.jobs[node] for node in before if node in upstream.jobs]
    if not writers:
        text = f"{dataset.label} was not updated, and no job is known that writes it"
        return _MISSING, "source_not_updated", dataset.id, dataset.late_since, text
    waiting = [job for job in writers if job.broken_at is None and job.slow_since is None]
    if not waiting:
        return None  # the job itself tells
    text = f"{waiting[0].label} has not written {dataset.label}"
    return _MISSING, "not_started", waiting[0].id, dataset.late_since, text


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
    for cause in sorted(causes, key=lambda c: (c.rank, c.at, -len(c.path), c.node)):
        if cause.node in found or (cause.rank == _MISSING and cause.node in explained):
            continue  # what has not come lies on the way from what kept it from coming
        found[cause.node] = cause
        explained.update(cause.path)
    return list(found.values())
