"""
What is wrong with one job or dataset by itself: the nouns that `root_cause` looks at.

Times are microseconds since the epoch. Every symptom has the time since when it shows.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from fairlead_bridge.insight.quality import Breach
from fairlead_bridge.wording import counted

Kind = Literal[
    "failed_run",
    "not_started",
    "slow_run",
    "source_not_updated",
    "schema_change",
    "import_error",
    "silent_source",
    "failed_check",
    "row_count",
]

#: The surest first; of equally sure ones, the first in time. What a schedule says should have started
#: is less sure than what failed; a sensor waits for something else, what is blocked for what failed,
#: and what has not come may have any reason; what is only foreseen may still come in time.
EVIDENT, OVERDUE, SENSOR, BLOCKED, WHOLE_DAG, MISSING, FORESEEN = range(7)


@dataclass(frozen=True, slots=True)
class Evidence:
    """One observation that supports a cause; `run` is the id of the run that shows it."""

    at: int
    text: str
    run: int | None = None


@dataclass(frozen=True, slots=True)
class Slow:
    """A run that goes on for longer than its job ever took."""

    since: int  # when it should have ended
    usual: str  # how long it takes at most, in words
    is_sensor: bool = False
    run: int | None = None  # its id, and when it began
    began_at: int | None = None
    is_stated: bool = False  # how long it may take was stated


@dataclass(frozen=True, slots=True)
class Waiting:
    """A task that was ready to run at `since`, and has no slot yet."""

    since: int
    reason: str | None = None  # what Airflow says it waits for
    run: int | None = None


@dataclass(frozen=True, slots=True)
class Again:
    """A job that goes on, and whose last run before failed or was blocked: not made good yet."""

    failed_at: int
    error: str | None = None
    run: int | None = None  # the run that failed
    state: str = "failed"


@dataclass(frozen=True, slots=True)
class Overdue:
    """A DAG of which no run has started though one was due at `since`."""

    since: int
    usual: str  # when it should start, in words


@dataclass(frozen=True, slots=True)
class Broken:
    """A DAG file that cannot be imported."""

    id: int  # of its job
    label: str
    at: int
    error: str | None = None
    run: int | None = None


@dataclass(frozen=True, slots=True)
class Changed:
    """Columns of a dataset that changed right before a job that reads it failed."""

    dataset: int
    label: str
    at: int
    text: str  # what changed
    run: int | None = None  # the run that wrote it so


@dataclass(frozen=True, slots=True)
class Silence:
    """A source, such as an Airflow, that does nothing though it should."""

    source: str
    since: int  # its last event, or the last run that it started
    job: int  # the job that was heard of last
    is_total: bool = True  # no events at all; otherwise only no runs start
    overdue: int = 0  # runs that should have started


@dataclass(frozen=True, slots=True)
class Job:
    """A job, by its newest round."""

    id: int
    label: str
    is_dag: bool = False
    run: int | None = None  # whose state this is
    state: str | None = None  # None where it never ran
    broken_at: int | None = None  # when the newest round failed or was blocked
    error: str | None = None
    first_broken_at: int | None = None  # of the failures in a row, the first; and its run
    first_run: int | None = None
    failures: int = 1  # in a row
    again: Again | None = None
    slow: Slow | None = None
    waiting: Waiting | None = None
    overdue: Overdue | None = None  # of a DAG
    next_at: int | None = None  # of a DAG with a schedule: when it starts next
    began_at: int | None = None  # when its newest round began
    goes_on: bool = False
    paused_at: int | None = None  # of a DAG that is paused
    file: Broken | None = None  # of a DAG whose file is broken
    changed: Changed | None = None  # of a job that failed
    silence: Silence | None = None  # of its source


@dataclass(frozen=True, slots=True)
class Dataset:
    """A dataset; `usual` says in words when it is written."""

    id: int
    label: str
    written_at: int | None = None
    late_since: int | None = None
    broken_by: frozenset[int] = frozenset()  # jobs that should have written it and did not
    usual: str | None = None
    breach: Breach | None = None  # what is wrong with its data
    is_learned: bool = False  # what is expected of it was only learned


@dataclass(frozen=True, slots=True)
class Found:
    """One symptom as a cause: of which kind and node, since when, and in words."""

    rank: int
    kind: Kind
    node: int
    at: int
    text: str
    run: int | None = None
    evidence: tuple[Evidence, ...] = field(default=())


def of_job(job: Job, *, written: int, breaks: bool, asked: bool, late: bool) -> list[Found]:
    """
    What is wrong with a job, and was not made good: nothing was `written` since on the way down.

    `breaks` says that it should have written what lies below, `asked` that the question is about it
    itself, `late` that what is asked for is late.
    """
    found: list[Found] = []
    if breaks and job.broken_at is not None and job.broken_at >= written:
        found += _failures(job, job.broken_at, asked=asked)
    if late and job.again is not None and job.again.failed_at >= written:
        found.append(_again(job, job.again))
    delays = [(since, each) for since, each in _delays(job) if since >= written]
    silence = job.silence
    if silence is not None and silence.since >= written and (late or delays):
        # What came after it may follow from it.
        return [each for each in found if each.at <= silence.since] + [_silence_found(silence)]
    found += (each for _, each in delays)
    return found if late else [each for each in found if each.rank <= SENSOR]


# --- failures -------------------------------------------------------------------------------------

_WORDS = {"upstream_failed": "was blocked", "lost": "was lost", "aborted": "was aborted"}


def _failures(job: Job, broken_at: int, *, asked: bool) -> list[Found]:
    if job.is_dag and not asked:  # its tasks say more
        return []
    at = job.first_broken_at if job.first_broken_at is not None else broken_at
    word = _WORDS.get(job.state or "", "failed")
    text = f"{job.label} {word}{_because(job.error)}"
    rank = WHOLE_DAG if job.is_dag else BLOCKED if job.state == "upstream_failed" else EVIDENT
    proof = [Evidence(at, text, job.first_run or job.run)]
    if job.failures > 1:
        proof.append(Evidence(broken_at, f"{job.failures} runs failed in a row", job.run))
    failed = Found(rank, "failed_run", job.id, at, text, job.run, tuple(proof))
    if job.changed is None or rank != EVIDENT:
        return [failed]
    change = job.changed
    explained = f"{change.label} changed: {change.text}; then {text}"
    seen = Evidence(change.at, f"{change.label} changed: {change.text}", change.run)
    return [
        Found(
            EVIDENT,
            "schema_change",
            change.dataset,
            change.at,
            explained,
            change.run,
            (seen, *proof),
        ),
        failed,
    ]


def _again(job: Job, again: Again) -> Found:
    failed = f"{job.label} {_WORDS.get(again.state, 'failed')}{_because(again.error)}"
    proof = Evidence(again.failed_at, failed, again.run)
    text = f"{failed}; it is running again"
    return Found(EVIDENT, "failed_run", job.id, again.failed_at, text, again.run, (proof,))


def _because(error: str | None) -> str:
    return f": {error.strip().splitlines()[0]}" if error and error.strip() else ""


def _silence_found(silence: Silence) -> Found:
    if silence.is_total:
        text = f"no events come from {silence.source}"
    else:
        text = f"no runs start in {silence.source}: its scheduler does nothing"
    due = f"{counted(silence.overdue, 'run')} should have started since"
    proof: tuple[Evidence, ...] = (Evidence(silence.since, f"the last sign of {silence.source}"),)
    if silence.overdue:
        proof = (*proof, Evidence(silence.since, due))
    return Found(EVIDENT, "silent_source", silence.job, silence.since, text, None, proof)


# --- what has not begun, or goes on too long ------------------------------------------------------


def _delays(job: Job) -> Iterator[tuple[int, Found]]:
    """Each with the time from which it keeps from being written what lies below."""
    if job.overdue is not None:
        yield job.overdue.since, _not_started(job, job.overdue)
    if job.waiting is not None:
        reason = job.waiting.reason or "a free slot"
        text = f"{job.label} is waiting for {reason}"
        proof = Evidence(job.waiting.since, f"{job.label} was ready to run", job.waiting.run)
        yield proof.at, Found(EVIDENT, "not_started", job.id, proof.at, text, None, (proof,))
    if job.slow is not None:
        yield job.slow.since, _slow(job, job.slow)


def _not_started(job: Job, overdue: Overdue) -> Found:
    due = Evidence(overdue.since, f"{job.label} should have started: {overdue.usual}")
    if job.file is not None:
        broken = job.file
        text = f"{broken.label} cannot be imported{_because(broken.error)}"
        proof = (Evidence(broken.at, text, broken.run), due)
        explained = f"{text}; so {job.label} has not started"
        return Found(EVIDENT, "import_error", broken.id, broken.at, explained, broken.run, proof)
    if job.paused_at is not None:
        text = f"{job.label} has not started: it is paused"
        paused = Evidence(job.paused_at, f"{job.label} was paused")
        return Found(EVIDENT, "not_started", job.id, overdue.since, text, None, (paused, due))
    text = f"{job.label} has not started: {overdue.usual}"
    return Found(OVERDUE, "not_started", job.id, overdue.since, text, None, (due,))


def _slow(job: Job, slow: Slow) -> Found:
    began = slow.began_at if slow.began_at is not None else slow.since
    word = "may take" if slow.is_stated else "usually takes"
    proof = (
        Evidence(began, f"{job.label} began", slow.run),
        Evidence(slow.since, f"{job.label} {word} at most {slow.usual}"),
    )
    if slow.is_sensor:
        text = f"{job.label} is still waiting; it usually takes at most {slow.usual}"
        return Found(SENSOR, "not_started", job.id, slow.since, text, None, proof)
    limit = "it may" if slow.is_stated else "usual"
    text = f"{job.label} is running longer than {limit}, at most {slow.usual}"
    return Found(EVIDENT, "slow_run", job.id, slow.since, text, slow.run or job.run, proof)


# --- datasets -------------------------------------------------------------------------------------


def of_dataset(
    dataset: Dataset, writers: list[Job], asked_written_at: int | None, *, late: bool
) -> Found | None:
    """A dataset that is late, and was not written since what is asked for was."""
    since = dataset.late_since
    if since is None or (
        asked_written_at is not None
        and dataset.written_at is not None
        and dataset.written_at > asked_written_at
    ):
        return None
    usual = f": {dataset.usual}" if dataset.usual else ""
    last = () if dataset.written_at is None else (Evidence(dataset.written_at, f"{dataset.label} was last written"),)  # fmt: skip
    if not writers:
        text = f"{dataset.label} was not updated, and no job is known that writes it{usual}"
        return Found(EVIDENT, "source_not_updated", dataset.id, since, text, None, last)
    waiting = [job for job in writers if job.broken_at is None and job.slow is None]
    if not waiting or not late:
        return None  # the job itself says why
    text = f"nothing failed upstream: {waiting[0].label} has not written {dataset.label}{usual}"
    return Found(MISSING, "not_started", waiting[0].id, since, text, None, last)


def of_data(dataset: Dataset) -> Found | None:
    """What is wrong with the data of a dataset that was written."""
    breach = dataset.breach
    if breach is None or dataset.broken_by:  # a run that failed says more than the old data
        return None
    text = f"{dataset.label}: {breach.text}"
    proof = (Evidence(breach.at, text, breach.run),)
    return Found(EVIDENT, breach.kind, dataset.id, breach.at, text, breach.run, proof)
