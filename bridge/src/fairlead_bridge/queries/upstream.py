"""
What lies upstream of some nodes, and how each stands: the facts that `insight.root_cause` explains.

However far it reaches: one round of queries for each level, and one for all facts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from fairlead_bridge.insight.expectations import late_since
from fairlead_bridge.insight.root_cause import Explanation, Upstream, explain
from fairlead_bridge.insight.symptoms import Dataset, Job
from fairlead_bridge.queries import (
    expectations,
    facets,
    history,
    sources,
    standing,
    starts,
    symptoms,
)
from fairlead_bridge.queries.assets import Asset, assets_by_id, datasets_at
from fairlead_bridge.queries.jobs import children_of_job, jobs_by_id
from fairlead_bridge.queries.runs import runs_by_id
from fairlead_bridge.queries.snapshot import Row, Snapshot
from fairlead_bridge.queries.standing import Round
from fairlead_bridge.queries.upward import Upward

#: Datasets whose expectation is asked for: those written longest ago, for they are what others wait
#: for.
EXPECTED = 200


def explanations(snapshot: Snapshot, found: Iterable[Asset | Row]) -> list[Explanation]:
    """How each of these assets and jobs stands, and why."""
    asked = list(found)
    starting = [_start(snapshot, each) for each in asked]
    walk = Upward(snapshot)
    walk.climb(node for nodes in starting for node in nodes)
    upstream = _facts(snapshot, walk, {node for nodes in starting for node in nodes})
    answers = []
    for each, nodes in zip(asked, starting, strict=True):
        written = None if isinstance(each, Asset) else _wrote_at(snapshot, nodes)
        known = list(dict.fromkeys(walk.node_of[node] for node in nodes))
        answers.append(explain(known, upstream, written))
    return answers


def _start(snapshot: Snapshot, found: Asset | Row) -> list[int]:
    """A node; of a DAG, also its tasks."""
    if isinstance(found, Asset) or found.kind != "dag":
        return [found.id]
    return [found.id, *(child.id for child in children_of_job(snapshot, found.id))]


def _wrote_at(snapshot: Snapshot, jobs: Sequence[int]) -> int | None:
    """When anything was last written of what these jobs write."""
    assets = assets_by_id(snapshot, datasets_at(snapshot, jobs, written=True)).values()
    return max((asset.written_at for asset in assets if asset.written_at is not None), default=None)


def _facts(snapshot: Snapshot, walk: Upward, asked: set[int]) -> Upstream:
    """What is known of everything that was reached."""
    jobs = jobs_by_id(snapshot, walk.jobs)
    known = assets_by_id(snapshot, walk.assets)
    assets = {id: asset for id, asset in known.items() if asset.id == id}
    newest = history.states(snapshot, jobs)
    upstream = Upstream(before=walk.before, after=walk.after)
    upstream.datasets = _datasets(snapshot, assets, walk, newest, asked)
    upstream.jobs = _Jobs(snapshot, jobs, newest, walk, assets).all()
    return upstream


def _datasets(
    snapshot: Snapshot,
    assets: Mapping[int, Asset],
    walk: Upward,
    newest: Mapping[int, Round],
    asked: set[int],
) -> dict[int, Dataset]:
    expected = expectations.of(snapshot, _longest_unwritten(assets.values(), asked))
    found = {}
    for id, asset in assets.items():
        writers = [job for job in walk.before.get(id, ()) if job in newest]
        late = None
        if asset.dropped_at is None:
            late = late_since(expected.get(id), asset.written_at, snapshot.now)
        broken_by = frozenset(job for job in writers if standing.breaks(newest[job], asset))
        usual = expected[id].text if id in expected else None
        found[id] = Dataset(id, asset.name, asset.written_at, late, broken_by, usual)
    return found


def _longest_unwritten(assets: Iterable[Asset], asked: set[int]) -> list[int]:
    written = [asset for asset in assets if asset.written_at is not None]
    ordered = sorted(written, key=lambda asset: (asset.id not in asked, asset.written_at, asset.id))
    return [asset.id for asset in ordered[: max(EXPECTED, len(asked))]]


class _Jobs:
    """What is wrong with each of the jobs that were reached."""

    def __init__(
        self,
        snapshot: Snapshot,
        jobs: Mapping[int, Row],
        newest: Mapping[int, Round],
        walk: Upward,
        assets: Mapping[int, Asset],
    ) -> None:
        self._jobs, self._newest = jobs, newest
        dags = {id: row for id, row in jobs.items() if row.kind == "dag"}
        tasks = [id for id, row in jobs.items() if row.kind == "task"]
        broken = {id: each for id, each in newest.items() if each.is_broken}
        self._runs = runs_by_id(snapshot, (each.run for each in newest.values()))
        self._errors = {id: self._runs[each.run].error for id, each in broken.items()}
        self._streaks = symptoms.streaks(snapshot, broken)
        failed = {id: s for id, s in self._streaks.items() if broken[id].state == "failed"}
        reads = {id: _assets(walk.before.get(id, ()), assets) for id in failed}
        self._changed = symptoms.changes(snapshot, failed, self._errors, reads)
        self._slow = symptoms.slow(snapshot, newest, self._runs, _sensors(snapshot, tasks))
        self._waiting = symptoms.waiting(snapshot, tasks)
        self._starts = starts.of(snapshot, dags)
        self._ready = starts.ready(snapshot, self._starts, walk, assets)
        self._paused = starts.paused(snapshot, dags)
        self._files = starts.broken_files(snapshot, dags)
        self._silences = sources.silences(snapshot, {row.namespace for row in jobs.values()})
        self._now = snapshot.now

    def all(self) -> dict[int, Job]:
        return {id: self._job(id, row) for id, row in self._jobs.items()}

    def _job(self, id: int, row: Row) -> Job:
        whole, streak = self._newest.get(id), self._streaks.get(id)
        begins = self._starts.get(id)
        overdue = begins.overdue(self._now) if begins is not None else None
        return Job(
            id,
            row.task_id or row.dag_id or row.name,
            row.kind == "dag",
            run=whole.run if whole is not None else None,
            state=whole.state if whole is not None else None,
            broken_at=whole.over_at if whole is not None and whole.is_broken else None,
            error=self._errors.get(id),
            first_broken_at=streak.first_at if streak is not None else None,
            first_run=streak.first_run if streak is not None else None,
            failures=streak.failures if streak is not None else 1,
            slow=self._slow.get(id),
            waiting=self._waiting.get(id),
            overdue=overdue or self._ready.get(id),
            paused_at=self._paused.get(id),
            file=self._files.get(id),
            changed=self._changed.get(id),
            silence=self._silences.get(row.namespace),
        )


def _assets(nodes: Iterable[int], assets: Mapping[int, Asset]) -> list[Asset]:
    return [assets[node] for node in nodes if node in assets]


def _sensors(snapshot: Snapshot, tasks: Iterable[int]) -> list[int]:
    """Those of the tasks that wait for something, by the class of their operator."""
    told = facets.of(snapshot, {task: task for task in tasks}, ("fairlead_task",))
    return [
        task
        for task, body in told.items()
        if str(body.get("fairlead_task", {}).get("operator_class") or "").endswith("Sensor")
    ]
