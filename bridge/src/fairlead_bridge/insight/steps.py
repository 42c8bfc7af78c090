"""The steps of tasks that run, or that failed and are tried again."""

from __future__ import annotations

from fairlead_bridge.insight import usual
from fairlead_bridge.insight.rounds import Round
from fairlead_bridge.insight.simulation import Step
from fairlead_bridge.insight.spans import lasting
from fairlead_bridge.insight.work import Dag, DagRun, Facts, Job


def running(facts: Facts, dag: Dag, run: DagRun, job: Job, own: Round) -> Step:
    """What is left of a task that runs; a sensor may end at its usual time of day."""
    name, takes = f"{run.id}:{job.id}", usual.takes(job, own.last_started_at, dag)
    at_clock = usual.by_clock(facts, dag, job) if job.is_sensor else None
    passed = lasting(facts.now - own.last_started_at)
    text = f"{job.label} has run for {passed}, usually {lasting(takes.median)}"
    if at_clock is not None:
        return Step(name, text, takes=at_clock, started_at=run.started_at, node=job.id)
    again = usual.retry(job, own)
    started_at = own.last_started_at
    return Step(name, text, takes=takes, started_at=started_at, retry=again, node=job.id)


def retrying(facts: Facts, job: Job, own: Round, name: str) -> Step:
    """The next try of a task that failed."""
    return Step(
        name,
        f"{job.label} failed and is tried again",
        ready_at=own.ended_at,
        lag=usual.delay_of_retry(job),
        takes=usual.takes(job, facts.now, None),
        node=job.id,
    )
