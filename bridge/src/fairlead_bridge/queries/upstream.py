"""
What lies upstream of some nodes, and how each stands: the facts that `insight.root_cause` explains.

However far it reaches: one round of queries for each level, and one for all facts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import repeat

from fairlead_bridge.insight.expectations import Expectation, late_since
from fairlead_bridge.insight.root_cause import Explanation, Upstream, explain
from fairlead_bridge.insight.symptoms import MISSING, Dataset, Job
from fairlead_bridge.queries import (
    expectations,
    facets,
    history,
    quality,
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


def explanations(
    snapshot: Snapshot,
    found: Iterable[Asset | Row],
    expected: Mapping[int, Expectation] | None = None,
) -> list[Explanation]:
    """
    How each of these assets and jobs stands, and why.

    `expected` are expectations of assets that are known already; the others are read.
    """
    asked = list(found)
    starting = [_start(snapshot, each) for each in asked]
    walk = Upward(snapshot)
    walk.climb(node for nodes in starting for node in nodes)
    known = [list(dict.fromkeys(walk.node_of[node] for node in nodes)) for nodes in starting]
    written = [
        None if isinstance(each, Asset) else _wrote_at(snapshot, nodes)
        for each, nodes in zip(asked, starting, strict=True)
    ]
    facts = _Facts(snapshot, walk, expected or {})
    facts.expect(node for nodes in known for node in nodes)
    facts.count_rows(node for nodes in known for node in nodes)
    answers = [explain(*each) for each in zip(known, repeat(facts.upstream), written)]
    # What has not come upstream is asked only where nothing is seen to be wrong there.
    unclear = [at for at, answer in enumerate(answers) if _is_unclear(answer)]
    if unclear:
        facts.expect(facts.longest_unwritten())
        for at in unclear:
            answers[at] = explain(known[at], facts.upstream, written[at])
    return answers


def _is_unclear(answer: Explanation) -> bool:
    late = answer.late_since is not None
    return late and (not answer.causes or answer.causes[0].rank == MISSING)


def _start(snapshot: Snapshot, found: Asset | Row) -> list[int]:
    """A node; of a DAG, also its tasks."""
    if isinstance(found, Asset) or found.kind != "dag":
        return [found.id]
    return [found.id, *(child.id for child in children_of_job(snapshot, found.id))]


def _wrote_at(snapshot: Snapshot, jobs: Sequence[int]) -> int | None:
    """When anything was last written of what these jobs write."""
    assets = assets_by_id(snapshot, datasets_at(snapshot, jobs, written=True)).values()
    return max((asset.written_at for asset in assets if asset.written_at is not None), default=None)


class _Facts:
    """What is known of everything that was reached."""

    def __init__(
        self, snapshot: Snapshot, walk: Upward, expected: Mapping[int, Expectation]
    ) -> None:
        self._snapshot, self._walk = snapshot, walk
        jobs = jobs_by_id(snapshot, walk.jobs)
        known = assets_by_id(snapshot, walk.assets)
        self._assets = {id: asset for id, asset in known.items() if asset.id == id}
        self._newest = history.states(snapshot, jobs)
        self._expected = dict(expected)
        self._breaches = quality.failures(snapshot, self._assets.values())
        self.upstream = Upstream(before=walk.before, after=walk.after)
        self.upstream.jobs = _Jobs(snapshot, jobs, self._newest, walk, self._assets).all()
        # What no job writes can only be seen to be late.
        self.expect(id for id in self._assets if not walk.before.get(id))

    def expect(self, nodes: Iterable[int]) -> None:
        """Learn when those of these nodes that are assets should be written."""
        wanted = {node for node in nodes if node in self._assets} - self._expected.keys()
        self._expected |= expectations.of(self._snapshot, wanted)
        self.upstream.datasets = {id: self._dataset(id) for id in self._assets}

    def count_rows(self, nodes: Iterable[int]) -> None:
        """Learn of those of these nodes that are assets whether their row counts are unusual."""
        sound = [self._assets[node] for node in nodes if node in self._assets]
        sound = [asset for asset in sound if asset.id not in self._breaches]
        self._breaches |= quality.unusual_rows(self._snapshot, sound)
        self.upstream.datasets = {id: self._dataset(id) for id in self._assets}

    def longest_unwritten(self) -> list[int]:
        """The assets that were written longest ago, for they are what others wait for."""
        written = [asset for asset in self._assets.values() if asset.written_at is not None]
        ordered = sorted(written, key=lambda asset: (asset.written_at, asset.id))
        return [asset.id for asset in ordered[:EXPECTED]]

    def _dataset(self, id: int) -> Dataset:
        asset, expected = self._assets[id], self._expected.get(id)
        writers = [job for job in self._walk.before.get(id, ()) if job in self._newest]
        late = None
        if asset.dropped_at is None:
            late = late_since(expected, asset.written_at, self._snapshot.now)
        broken_by = frozenset(job for job in writers if standing.breaks(self._newest[job], asset))
        usual = expected.text if expected is not None else None
        breach = self._breaches.get(id) if asset.dropped_at is None else None
        learned = expected is not None and expected.source == "learned"
        return Dataset(
            id, asset.name, asset.written_at, late, broken_by, usual, breach, is_learned=learned
        )


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
        tasks_again = {id: each for id, each in newest.items() if id not in dags}
        self._again = symptoms.again(snapshot, tasks_again)
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
            again=self._again.get(id),
            slow=self._slow.get(id),
            waiting=self._waiting.get(id),
            overdue=overdue or self._ready.get(id),
            next_at=begins.due if begins is not None and overdue is None else None,
            began_at=whole.at if whole is not None else None,
            goes_on=whole is not None and whole.state in symptoms.GOING_ON,
            paused_at=self._paused.get(id),
            file=self._files.get(id),
            changed=self._changed.get(id),
            silence=self._silences.get(row.namespace),
        )


def _assets(nodes: Iterable[int], assets: Mapping[int, Asset]) -> list[Asset]:
    return [assets[node] for node in nodes if node in assets]


def _sensors(snapshot: Snapshot, tasks: Iterable[int]) -> list[int]:
    """Those of the tasks that wait for something, by the class of their operator."""
    bodies = facets.of(snapshot, {task: task for task in tasks}, ("fairlead_task",))
    return [
        task
        for task, body in bodies.items()
        if str(body.get("fairlead_task", {}).get("operator_class") or "").endswith("Sensor")
    ]
