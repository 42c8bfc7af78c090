"""What tasks usually do: how long they take, wait and wait again, by their last rounds."""

from __future__ import annotations

from fairlead_bridge.insight.durations import (
    NOTHING,
    UNKNOWN,
    Durations,
    History,
    distribution,
    learn,
)
from fairlead_bridge.insight.rounds import Round, delays_of_retries, spans_of_tries
from fairlead_bridge.insight.simulation import Retry
from fairlead_bridge.insight.spans import MINUTE
from fairlead_bridge.insight.work import Dag, Facts, Job

#: The chance that a try fails, at most; and tries that are imagined, at most.
OFTEN, TRIES = 0.5, 3
#: A sensor ends at its usual time of day, if those times spread less than so much of its durations.
TIGHTER = 0.7
#: What Airflow waits before it tries again, where nothing else was seen.
RETRY_DELAY = distribution([5.0 * MINUTE])
#: DAG runs in which a task never showed itself, after which it is passed over.
WITHOUT_EVENTS = 5


def takes(job: Job, begin: int, dag: Dag | None) -> Durations:
    zone = dag.zone if dag is not None else None
    spans = spans_of_tries(job.rounds)
    history = learn(spans, zone) if zone is not None else learn(spans)
    return history.at(begin) if history is not None else UNKNOWN


def retry(job: Job, own: Round | None) -> Retry | None:
    over = [each for each in job.rounds if not each.was_cleared and not each.is_open]
    tries = sum(len(each.tries) for each in over)
    delays = delays_of_retries(job.rounds)
    used = max((each.number for each in own.tries), default=1) - 1 if own is not None else 0
    more = min(TRIES, job.retries - used)
    if not delays or not tries or more <= 0:
        return None
    return Retry(min(OFTEN, len(delays) / tries), distribution(delays), more)


def delay_of_retry(job: Job) -> Durations:
    """The time from a failed try to the next one."""
    delays = delays_of_retries(job.rounds)
    return distribution(delays) if delays else RETRY_DELAY


def lag(facts: Facts, dag: Dag, job: Job) -> Durations:
    """The time from the end of what the task waits for to its start."""
    begins = {each.id: each.started_at for each in dag.runs}
    spans = []
    for each in job.rounds:
        ends = [begins.get(each.whole), *_ends_before(facts, job, each.whole, set())]
        known = [end for end in ends if end is not None and end <= each.started_at]
        if known and not each.was_cleared:
            spans.append((max(known), each.started_at - max(known)))
    history = learn(tuple(spans), dag.zone)
    return history.at(facts.now) if history is not None else NOTHING


def _ends_before(facts: Facts, job: Job, whole: int, seen: set[int]) -> list[int | None]:
    """When what a task waits for was done in a DAG run, those looked through that did not run."""
    found: list[int | None] = []
    for above in job.after:
        if above not in facts.jobs or above in seen:
            continue
        seen.add(above)
        before = facts.jobs[above].round_in(whole)
        if before is None or before.state == "skipped":
            found += _ends_before(facts, facts.jobs[above], whole, seen)
        else:
            found.append(before.ended_at)
    return found


def by_clock(facts: Facts, dag: Dag, job: Job) -> Durations | None:
    """How long after the start of the DAG run a sensor ends, where that is more regular."""
    since_start = offsets(facts, dag, (job.id,))
    spans = spans_of_tries(job.rounds)
    by_run, by_task = learn(since_start, dag.zone), learn(spans, dag.zone)
    if by_run is None or by_task is None:
        return None
    clocked, usual = by_run.at(facts.now), by_task.at(facts.now)
    return clocked if _width(clocked) < TIGHTER * _width(usual) else None


def offsets(facts: Facts, dag: Dag, jobs: tuple[int, ...]) -> tuple[tuple[int, int], ...]:
    """When each DAG run started, and how long after that the last of these jobs was done."""
    cleared = {
        each.whole
        for job in facts.before(jobs)
        for each in facts.jobs[job].rounds
        if each.was_cleared or each.state == "failed"
    }
    ends: dict[int, int] = {}
    for job in jobs:
        for each in facts.jobs[job].done():
            if each.ended_at is not None and each.whole not in cleared:
                ends[each.whole] = max(ends.get(each.whole, each.ended_at), each.ended_at)
    return tuple(
        (run.started_at, ends[run.id] - run.started_at)
        for run in dag.runs
        if run.id in ends and ends[run.id] >= run.started_at
    )


def takes_of_run(dag: Dag, begin: int) -> Durations:
    """How long a run of the DAG takes that starts then."""
    over = tuple(
        (each.started_at, max(0, each.ended_at - each.started_at))
        for each in dag.runs
        if each.ended_at is not None
    )
    history = learn(over, dag.zone)
    return history.at(begin) if history is not None else UNKNOWN


def of_part(dag: Dag, task: Job, job: Job) -> History | None:
    """How long after the start of a task the job inside of it is done."""
    spans = []
    for each in job.done():
        around = task.round_in(each.whole)
        if around is not None and each.ended_at is not None:
            spans.append((around.last_started_at, each.ended_at - around.last_started_at))
    return learn(tuple(span for span in spans if span[1] >= 0), dag.zone)


def is_without_events(dag: Dag, job: Job) -> bool:
    """Whether the task sends no events, or no longer does."""
    recent = {each.id for each in dag.runs[-1 - WITHOUT_EVENTS :]}
    return not any(each.whole in recent for each in job.rounds)


def written(facts: Facts, asset: int) -> list[int]:
    """When an asset was written, by the rounds of its writers; oldest first."""
    jobs = [facts.jobs[job] for job in facts.writers.get(asset, ()) if job in facts.jobs]
    return sorted(each.ended_at for job in jobs for each in job.done() if each.ended_at is not None)


def _width(usual: Durations) -> float:
    return usual.quantile(0.9) - usual.quantile(0.1)
