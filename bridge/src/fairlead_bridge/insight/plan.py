"""
The steps between now and a write: what runs, what waits for it, and what starts later.

Each function returns the name of a step, after it has added that and all that it waits for, or why
the way is barred.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC

from fairlead_bridge.insight import starts, steps, usual
from fairlead_bridge.insight.durations import learn
from fairlead_bridge.insight.reached import Reached, Unknown
from fairlead_bridge.insight.rounds import Round, chance_of_running
from fairlead_bridge.insight.simulation import Step
from fairlead_bridge.insight.spans import lasting
from fairlead_bridge.insight.starts import clock
from fairlead_bridge.insight.work import TOLERANT, Assets, Dag, DagRun, Facts, Job


@dataclass(slots=True)
class Plan:
    facts: Facts
    steps: dict[str, Step] = field(default_factory=dict)
    _open: set[int] = field(default_factory=set)  # assets and DAGs on the way: no circles

    def reach(self, node: int) -> Reached:
        """The step that ends when the asset is written, or the DAG or the job is done."""
        if node in self.facts.dags:
            return self._dag(self.facts.dags[node])
        if node in self.facts.jobs:
            return self._group((node,))
        return self._write(node)

    def _add(self, step: Step) -> str:
        self.steps.setdefault(step.id, step)
        return step.id

    # --- assets ---

    def _write(self, asset: int) -> Reached:
        """The next write of an asset: the first that one of its writers, or all of one DAG, bring."""
        name = self.facts.names.get(asset, "what it waits for")
        if asset not in self.facts.writers:
            self.facts.wanted.add(asset)
            return Unknown(f"nothing is known of {name}")
        groups = self._groups(asset)
        if not groups:
            return Unknown(f"no job is known that writes {name}")
        if asset in self._open:
            return Unknown(f"{name} waits for itself")
        self._open.add(asset)
        reached = [self._group(group) for group in groups]
        self._open.discard(asset)
        first = reached[0]
        known = [each for each in reached if isinstance(each, str)]
        if isinstance(first, Unknown) or len(known) == 1:
            return first
        return self._add(Step(f"write:{asset}", "", tuple(known), first_of=True))

    def _groups(self, asset: int) -> list[tuple[int, ...]]:
        """The writers of each DAG, and each other writer; those that wrote most often first."""
        together: dict[int, list[int]] = {}
        for job in self.facts.writers.get(asset, ()):
            if job in self.facts.jobs:
                dag = self.facts.jobs[job].dag
                together.setdefault(dag if dag is not None else job, []).append(job)

        def often(group: tuple[int, ...]) -> tuple[int, int]:
            rounds = [each for job in group for each in self.facts.jobs[job].done()]
            return -len(rounds), -max((each.started_at for each in rounds), default=0)

        return sorted((tuple(group) for group in together.values()), key=often)

    # --- jobs ---

    def _group(self, jobs: tuple[int, ...]) -> Reached:
        """The step that ends when all these jobs of one DAG, or the one job, are done."""
        first = self.facts.jobs[jobs[0]]
        if first.dag is None or first.dag not in self.facts.dags:
            return self._alone(first)
        dag = self.facts.dags[first.dag]
        for run in self._open_runs(dag):
            waiting = tuple(job for job in jobs if not self._is_over(self.facts.jobs[job], run))
            if waiting:
                return self._in_run(dag, run, waiting)
        failed = self._failure(dag, jobs)
        return failed if failed is not None else self._next_run(dag, jobs)

    def _open_runs(self, dag: Dag) -> list[DagRun]:
        """The runs that go on; also the newest, where a task of it runs again since it ended."""
        found = dag.open_runs()
        if found or not dag.runs:
            return found
        newest = dag.runs[-1]
        own = [self.facts.jobs[id].round_in(newest.id) for id in dag.tasks if id in self.facts.jobs]
        again = any(
            each is not None and each.state == "running" and each.last_started_at >= newest.ended_at
            for each in own
            if newest.ended_at is not None
        )
        return [newest] if again else []

    def _is_over(self, job: Job, run: DagRun) -> bool:
        found = job.round_in(run.id)
        return found is not None and found.state in ("done", "skipped")

    def _failure(self, dag: Dag, jobs: tuple[int, ...]) -> Unknown | None:
        """Why the newest run did not bring what these jobs bring; None where it did."""
        newest = dag.runs[-1].id if dag.runs else None
        own = [self.facts.jobs[job].round_in(newest) for job in jobs] if newest else []
        if all(each is not None and each.state in ("done", "skipped") for each in own):
            return None
        broken = [
            (each.ended_at or each.started_at, job)
            for job in self.facts.before(jobs)
            if (each := self.facts.jobs[job].round_in(newest or 0)) is not None
            and each.state in ("failed", "retrying")
            and any(one.state != "upstream_failed" for one in each.tries)
        ]
        if not broken:
            return None
        at, job = min(broken)
        return self._blocked(self.facts.jobs[job], at)

    def _blocked(self, job: Job, at: int) -> Unknown:
        when = clock(at, self.facts.now)
        return Unknown(f"{job.label} failed at {when} and has not been cleared")

    # --- within a DAG run that goes on ---

    def _in_run(self, dag: Dag, run: DagRun, jobs: tuple[int, ...]) -> Reached:
        reached = [self._task(dag, run, self.facts.jobs[job], frozenset()) for job in jobs]
        barred = next((each for each in reached if isinstance(each, Unknown)), None)
        if barred is not None:
            return barred
        known = tuple(each for each in reached if isinstance(each, str))
        if len(known) == 1:
            return known[0]
        return self._add(Step(f"all:{run.id}:{':'.join(map(str, jobs))}", "", known))

    def _task(self, dag: Dag, run: DagRun, job: Job, path: frozenset[int]) -> Reached:
        """The step that ends when this task, or the job inside of a task, is done in the run."""
        name = f"{run.id}:{job.id}"
        if name in self.steps:
            return name
        own = job.round_in(run.id)
        if job.inside is not None and job.inside in self.facts.jobs:
            return self._part(dag, run, job, path)
        if own is not None and own.state in ("done", "skipped"):
            return self._add(Step(name, job.label, ended_at=own.ended_at or own.started_at))
        if own is not None and own.state == "failed" and not self._is_blocked(own):
            return self._blocked(job, own.ended_at or own.started_at)
        if own is not None and own.state == "running":
            return self._add(steps.running(self.facts, dag, run, job, own))
        if own is not None and own.state == "retrying":
            return self._add(steps.retrying(self.facts, job, own, name))
        if usual.is_without_events(dag, job):
            return self._waiting(dag, run, job, path, without_events=True)
        return self._waiting(dag, run, job, path)

    def _is_blocked(self, own: Round) -> bool:
        return all(each.state == "upstream_failed" for each in own.tries)

    def _waiting(
        self, dag: Dag, run: DagRun, job: Job, path: frozenset[int], *, without_events: bool = False
    ) -> Reached:
        """A task that has not started: when those before it are done."""
        above = []
        for each in job.after:
            before = self.facts.jobs.get(each)
            if before is None or each in path:
                continue
            reached = self._task(dag, run, before, path | {job.id})
            if isinstance(reached, str):
                above.append(reached)
            elif job.rule not in TOLERANT:
                return reached
        step = Step(f"{run.id}:{job.id}", "", tuple(above), ready_at=run.started_at)
        if without_events:
            return self._add(step)
        return self._add(
            replace(
                step,
                text=job.label,
                lag=usual.lag(self.facts, dag, job),
                takes=usual.takes(job, self.facts.now, dag),
                chance=chance_of_running(job.rounds),
                retry=usual.retry(job, None),
                node=job.id,
            )
        )

    def _part(self, dag: Dag, run: DagRun, job: Job, path: frozenset[int]) -> Reached:
        """A job inside of a task: from the start of the task to its own end."""
        task = self.facts.jobs[job.inside or 0]
        own, around = job.round_in(run.id), task.round_in(run.id)
        name = f"{run.id}:{job.id}"
        is_over = own is not None and own.state == "done" and around is not None
        if (
            own
            and around
            and is_over
            and (own.started_at >= around.last_started_at or around.state == "done")
        ):
            return self._add(Step(name, job.label, ended_at=own.ended_at))
        whole = self._task(dag, run, task, path)
        if isinstance(whole, Unknown):
            return whole
        step = self.steps[whole]
        history = usual.of_part(dag, task, job)
        if history is None or step.ended_at is not None:
            return whole
        return self._add(replace(step, id=name, takes=history.at(self.facts.now)))

    # --- runs to come ---

    def _next_run(self, dag: Dag, jobs: tuple[int, ...]) -> Reached:
        """The step that ends when these jobs are done in the next run of the DAG."""
        begun = self._begin(dag)
        if isinstance(begun, Unknown):
            return begun
        history = learn(usual.offsets(self.facts, dag, jobs), dag.zone)
        if history is None:
            return Unknown(f"{self.facts.jobs[jobs[0]].label} has not succeeded before")
        after = history.at(self._about(begun))
        text = f"{self.facts.jobs[jobs[-1]].label} {lasting(after.median)} later"
        name = f"next:{dag.id}:{':'.join(map(str, jobs))}"
        return self._add(Step(name, text, (begun,), lag=after, node=jobs[-1]))

    def _about(self, step: str) -> int:
        """About when a step begins, as far as that is known before the courses are drawn."""
        ready = self.steps[step].ready_at
        return max(self.facts.now, ready if ready is not None else 0)

    def _dag(self, dag: Dag) -> Reached:
        """The step that ends when a run of the DAG is done: the one that goes on, or the next."""
        tasks = tuple(job for job in dag.tasks if job in self.facts.jobs)
        for run in self._open_runs(dag):
            waiting = tuple(job for job in tasks if not self._is_over(self.facts.jobs[job], run))
            known = tuple(
                job for job in waiting if not usual.is_without_events(dag, self.facts.jobs[job])
            )
            return (
                self._in_run(dag, run, known or waiting or tasks)
                if tasks
                else self._whole(dag, run)
            )
        failed = self._failure(dag, tasks) if tasks else None
        if failed is not None:
            return failed
        begun = self._begin(dag)
        if isinstance(begun, Unknown):
            return begun
        takes = usual.takes_of_run(dag, self._about(begun))
        text = f"{dag.label} {lasting(takes.median)} later"
        return self._add(Step(f"next:{dag.id}", text, (begun,), lag=takes, node=dag.id))

    def _whole(self, dag: Dag, run: DagRun) -> str:
        """A DAG run of whose tasks nothing is known."""
        takes = usual.takes_of_run(dag, run.started_at)
        text = f"{dag.label} has run for {lasting(self.facts.now - run.started_at)}"
        return self._add(
            Step(f"run:{run.id}", text, takes=takes, started_at=run.started_at, node=dag.id)
        )

    def _begin(self, dag: Dag) -> Reached:
        """The step that ends when the next run of the DAG starts."""
        name = f"begin:{dag.id}"
        if name in self.steps:
            return name
        if dag.id in self._open:
            return Unknown(f"{dag.label} waits for itself")
        self._open.add(dag.id)
        found = self._begin_of(dag, name)
        self._open.discard(dag.id)
        return found

    def _begin_of(self, dag: Dag, name: str) -> Reached:
        if dag.paused_at is not None:
            when = clock(dag.paused_at, self.facts.now)
            return Unknown(f"{dag.label} has been paused since {when}")
        ways: list[Reached] = []
        if dag.schedule is not None:
            ways.append(self._by(starts.by_schedule(dag, self.facts.now), f"{name}:time", dag.id))
        if dag.assets is not None:
            ways.append(self._by_assets(dag, dag.assets, f"{name}:assets"))
        trigger = starts.trigger_of(dag) if not ways else None
        if trigger is not None:
            ways.append(self._by_trigger(dag, trigger, f"{name}:trigger"))
        if not ways:
            ways.append(self._by_rhythm(dag, name))
        known = tuple(each for each in ways if isinstance(each, str))
        if not known:
            return ways[0]
        if len(known) == 1:
            return known[0]
        return self._add(Step(name, "", known, first_of=True))

    def _by(self, start: starts.Start | str, name: str, node: int) -> Reached:
        if isinstance(start, str):
            return Unknown(start)
        return self._add(Step(name, start.text, ready_at=start.ready_at, lag=start.lag, node=node))

    def _by_rhythm(self, dag: Dag, name: str) -> Reached:
        begun = [each.started_at for each in dag.runs if not each.by_hand]
        begun = begun or [each.started_at for each in dag.runs]
        return self._by(starts.by_rhythm(dag.label, begun, dag.zone, self.facts.now), name, dag.id)

    def _by_assets(self, dag: Dag, assets: Assets, name: str) -> Reached:
        if self._is_blind(assets):
            return self._by_rhythm(dag, name)
        since = dag.runs[-1].started_at if dag.runs else 0
        ready = self._assets(assets, since, name)
        if isinstance(ready, Unknown):
            return ready
        lag = starts.lag_of_assets(
            dag, [usual.written(self.facts, each) for each in assets.leaves()]
        )
        return self._add(Step(name, f"{dag.label} starts", (ready,), lag=lag, node=dag.id))

    def _is_blind(self, assets: Assets | int) -> bool:
        """Whether it waits for an asset without a known writer."""
        if isinstance(assets, int):
            return self.facts.writers.get(assets) == ()
        return (any if assets.needs_all else all)(self._is_blind(part) for part in assets.parts)

    def _assets(self, assets: Assets | int, since: int, name: str) -> Reached:
        """The step that ends when what the DAG waits for has been written since its last run."""
        if isinstance(assets, int):
            written = next((at for at in usual.written(self.facts, assets) if at > since), None)
            if written is not None:
                return self._add(Step(f"{name}:{assets}", "", ended_at=written))
            return self._write(assets)
        reached = [
            self._assets(part, since, f"{name}:{at}") for at, part in enumerate(assets.parts)
        ]
        known = tuple(each for each in reached if isinstance(each, str))
        barred = next((each for each in reached if isinstance(each, Unknown)), None)
        if barred is not None and (assets.needs_all or not known):
            return barred
        if not known:
            return Unknown("no asset is known that it waits for")
        return self._add(Step(f"{name}:of", "", known, first_of=not assets.needs_all))

    def _by_trigger(self, dag: Dag, task: int, name: str) -> Reached:
        """A DAG that another one's task starts: when that task is done."""
        if task not in self.facts.jobs:
            self.facts.wanted.add(task)
            return self._by_rhythm(dag, name)
        reached = self._group((task,))
        if isinstance(reached, Unknown):
            return reached
        return self._add(Step(name, f"{dag.label} starts", (reached,), node=dag.id))

    # --- jobs outside of Airflow ---

    def _alone(self, job: Job) -> Reached:
        newest = job.rounds[-1] if job.rounds else None
        if newest is None:
            return Unknown(f"{job.label} has never run")
        if newest.state == "failed":
            return self._blocked(job, newest.ended_at or newest.started_at)
        name = f"job:{job.id}"
        if newest.is_open:
            takes = usual.takes(job, newest.started_at, None)
            text = f"{job.label} has run for {lasting(self.facts.now - newest.started_at)}, usually {lasting(takes.median)}"
            return self._add(
                Step(name, text, takes=takes, started_at=newest.started_at, node=job.id)
            )
        begun = [each.started_at for each in job.rounds]
        by_rhythm = starts.by_rhythm(job.label, begun, UTC, self.facts.now)
        start = self._by(by_rhythm, f"begin:{job.id}", job.id)
        if isinstance(start, Unknown):
            return start
        takes = usual.takes(job, self._about(start), None)
        return self._add(Step(name, "", (start,), takes=takes, node=job.id))
