"""
What the facts about a run come to: its state and its times. Pure.

Airflow's events alone do not say it. A skipped task ends with COMPLETE, tasks that never ran send
nothing, and killed workers leave runs open. So four voices are heard, the surest last: the
events, the state that our provider read in the task's process (`Attempt.truth`), the closing event
of the DAG run (`Verdict`), and what our provider read in Airflow's database then (`RunFacts.told`).
"""

from __future__ import annotations

from typing import Any

import msgspec

from fairlead_bridge import ids
from fairlead_bridge.facts import Attempt, RunFacts, Truth, is_hook_query

_BY_END = {"COMPLETE": "success", "ABORT": "aborted", "FAIL": "failed"}
_FINAL = {"success", "failed", "skipped", "upstream_failed", "removed"}
_OPEN = {"queued", "running"}
_MICROSECOND = 1_000_000
_ERROR_LENGTH = 1_000


class Settled(msgspec.Struct, frozen=True):
    """The columns of `run` that are computed; times in microseconds, duration in seconds."""

    run_id: str
    state: str
    queued_at: int | None
    started_at: int | None
    ended_at: int | None
    duration: float | None
    nominal_start_at: int | None
    nominal_end_at: int | None
    first_at: int
    last_at: int
    at: int
    error: str | None
    wrote_at: int | None  # when what it wrote was there; no column of `run`


def settle(facts: RunFacts, verdict: Truth | None, *, last_try: bool) -> Settled:
    """
    The run as it stands.

    `verdict` is what the DAG run's closing event says of the run's task, if it has come;
    `last_try` tells that no later try of the same task instance is known.
    """
    settled = _settled(facts, verdict, last_try=last_try)
    if settled.state == "skipped" and not settled.duration:  # a task may skip itself after a while
        return msgspec.structs.replace(settled, duration=None)  # some versions of Airflow say 0.0
    return settled


def _settled(facts: RunFacts, verdict: Truth | None, *, last_try: bool) -> Settled:
    if not facts.attempts:
        return _silent(facts, verdict)
    settled = _by_events(facts, verdict, last_try=last_try)
    told = facts.told
    if told is None or told.state not in _FINAL or _marked_since(facts, told):
        return settled
    return msgspec.structs.replace(
        settled,
        state=told.state,
        queued_at=told.queued_at or settled.queued_at,
        started_at=told.started_at,
        ended_at=told.ended_at,
        duration=_lasted(told),
        at=told.started_at or settled.first_at,
        error=_error(facts, told.state),
        wrote_at=wrote_at(facts, told.state, told.ended_at, settled.last_at),
    )


class Around(msgspec.Struct, frozen=True):
    """How and when an application ended, inside which other runs ran."""

    state: str
    ended_at: int


def settle_inside(settled: Settled, around: Around) -> Settled:
    """
    The run as the end of its application leaves it: what was still open then is over as well.

    What it was to write is not known to be there.
    """
    if settled.state not in _OPEN or settled.last_at > around.ended_at:
        return settled
    return msgspec.structs.replace(
        settled,
        state="success" if around.state == "success" else "aborted",
        ended_at=around.ended_at,
        duration=_between(settled.started_at, around.ended_at),
    )


def _lasted(told: Truth) -> float | None:
    if told.duration is not None or told.ended_at is None:
        return told.duration
    return _between(told.started_at, told.ended_at)


def _marked_since(facts: RunFacts, told: Truth) -> bool:
    """Somebody marked the run by hand after Airflow's database was read."""
    return any(
        item.mark_at is not None and item.mark_at > told.at for item in facts.attempts.values()
    )


def _by_events(facts: RunFacts, verdict: Truth | None, *, last_try: bool) -> Settled:
    run_id, attempt = _deciding(facts)
    closing = verdict if verdict is not None and _saw(verdict, attempt) else None
    state = _state(facts, attempt, closing, last_try=last_try)
    started = _started(attempt)
    ended, duration = _ended(facts, attempt, closing, started, state, last_try=last_try)
    first = min(item.first_at for item in facts.attempts.values())
    last = max(item.last_at for item in facts.attempts.values())
    nominal = _note(facts, "nominal") or _note(facts, "data_interval") or [None, None]
    return Settled(
        run_id=run_id,
        state=state,
        queued_at=(attempt.truth and attempt.truth.queued_at) or _note(facts, "queued_at"),
        started_at=started,
        ended_at=ended,
        duration=duration,
        nominal_start_at=nominal[0],
        nominal_end_at=nominal[1],
        first_at=first,
        last_at=last,
        at=started if started is not None else first,
        error=_error(facts, state),
        wrote_at=wrote_at(facts, state, ended, last),
    )


def _silent(facts: RunFacts, verdict: Truth | None) -> Settled:
    """A try that sent no event; only the end of its DAG run names it."""
    told = facts.told
    if told is None and verdict is not None:
        told = msgspec.structs.replace(verdict, duration=verdict.duration or None)
    if told is None:
        raise ValueError("a run without events exists only by what the end of its DAG run says")
    return Settled(
        run_id=ids.silent_run_id(facts.id),
        state=told.state,
        queued_at=told.queued_at,
        started_at=told.started_at,
        ended_at=told.ended_at,
        duration=_lasted(told),
        nominal_start_at=None,
        nominal_end_at=None,
        first_at=told.at,
        last_at=told.at,
        at=told.started_at or told.at,
        error=None,
        wrote_at=None,
    )


def wrote_at(facts: RunFacts, state: str, ended_at: int | None, last_at: int) -> int | None:
    """
    When the run's outputs were written, as far as it is known: when it ended, if it succeeded. A
    stream or a service ends never, or badly; it wrote until it was last told to be running. That
    somebody marked a run as successful wrote nothing, nor did it that its application succeeded.
    """
    if is_hook_query(facts.kind, _note(facts, "integration")) and facts.parent_id is not None:
        return None  # it counts for the task that ran it
    if state == "success":
        attempt = _deciding(facts)[1] if facts.attempts else None
        if attempt is not None and (_is_only_marked(attempt) or _has_no_end(facts, attempt)):
            return None
        return ended_at if ended_at is not None else last_at
    if _note(facts, "processing") is None:
        return None
    return max((a.alive_at for a in facts.attempts.values() if a.alive_at), default=None)


def _has_no_end(facts: RunFacts, attempt: Attempt) -> bool:
    """Whether all that is known is that the application around the run succeeded."""
    return facts.dag_id is None and attempt.end is None and attempt.mark is None


def _is_only_marked(attempt: Attempt) -> bool:
    succeeded = attempt.truth is not None and attempt.truth.state == "success"
    return attempt.mark == "COMPLETE" and attempt.end != "COMPLETE" and not succeeded


def _deciding(facts: RunFacts) -> tuple[str, Attempt]:
    """The runId and the attempt that the run's state comes from, with the end that counts."""
    run_id, attempt = max(facts.attempts.items(), key=_counts)
    if facts.dag_id is not None and facts.task_id is None:
        return run_id, attempt  # a failed DAG run that is marked as successful ends again
    end, end_at = _outcome(attempt)
    return run_id, msgspec.structs.replace(attempt, end=end, end_at=end_at)


def _outcome(attempt: Attempt) -> tuple[str | None, int | None]:
    """
    The end that counts, and when it was: what failed since it last started has failed.

    Spark sends COMPLETE for a failed query as well, moments after its FAIL.
    """
    for end, at in (("FAIL", attempt.fail_at), ("ABORT", attempt.abort_at)):
        if at is not None and at >= (attempt.restart_at or at):
            return end, at
    return attempt.end, attempt.end_at


def _counts(item: tuple[str, Attempt]) -> tuple[int, int, str]:
    """Of several runIds of one run, the last generation's counts, then the last to be heard of."""
    run_id, attempt = item
    return attempt.generation, attempt.last_at, run_id


def _saw(verdict: Truth, attempt: Attempt) -> bool:
    """The closing event speaks of a try only if the try had begun, and was not marked since."""
    if attempt.start_at is not None and attempt.start_at > verdict.at:
        return False
    return attempt.mark_at is None or attempt.mark_at <= verdict.at


def _state(facts: RunFacts, attempt: Attempt, verdict: Truth | None, *, last_try: bool) -> str:
    state = _told(attempt)
    if facts.task_id is None:
        return state
    if not last_try:
        # A later try began, so this one is over; Airflow's history calls it failed.
        return state if state in _FINAL else "failed"
    if verdict is None:
        return "up_for_retry" if state == "failed" and _may_retry(facts, attempt) else state
    if _is_mapped(facts):
        # The closing event has one state for all mapped instances; it settles only open ones.
        return _mapped(state)
    return verdict.state if verdict.state in _FINAL else state


def _mapped(state: str) -> str:
    if state == "up_for_retry":
        return "failed"
    return state if state in _FINAL or state == "aborted" else "lost"


def _told(attempt: Attempt) -> str:
    """What the marks, our provider's facet and the events say."""
    truth = attempt.truth
    own_at = max(attempt.end_at or attempt.first_at, truth.at if truth is not None else 0)
    if attempt.mark is not None and attempt.mark_at is not None and attempt.mark_at > own_at:
        return _BY_END[attempt.mark]
    if truth is not None and (attempt.end_at is None or truth.at >= attempt.end_at):
        return truth.state
    if attempt.end is not None:
        return _BY_END[attempt.end]
    begun = attempt.start_at is not None or attempt.running_at is not None
    return "running" if begun else "queued"


def _may_retry(facts: RunFacts, attempt: Attempt) -> bool:
    if attempt.mark is not None or attempt.truth is not None:
        return False
    retries = _note(facts, "retries")
    return isinstance(retries, int) and (facts.try_number or 1) <= retries


def _is_mapped(facts: RunFacts) -> bool:
    return facts.map_index is not None and facts.map_index >= 0


def _started(attempt: Attempt) -> int | None:
    if attempt.dag_start_at is not None:
        return attempt.dag_start_at
    if attempt.truth is not None and attempt.truth.started_at is not None:
        return attempt.truth.started_at
    return attempt.start_at if attempt.start_at is not None else attempt.running_at


def _ended(
    facts: RunFacts,
    attempt: Attempt,
    verdict: Truth | None,
    started: int | None,
    state: str,
    *,
    last_try: bool,
) -> tuple[int | None, float | None]:
    """End and duration; Airflow's own figures before the times of events."""
    if state in ("running", "queued", "deferred"):
        return None, None
    truth = attempt.truth
    if attempt.dag_end_at is not None and attempt.end is not None:
        return attempt.dag_end_at, attempt.duration or _between(started, attempt.dag_end_at)
    if truth is not None and truth.ended_at is not None:
        return truth.ended_at, truth.duration or _between(started, truth.ended_at)
    measured = attempt.duration
    if measured is None and verdict is not None and last_try and not _is_mapped(facts):
        measured = verdict.duration or None
    ended = attempt.end_at if attempt.end_at is not None else attempt.mark_at
    if ended is None and measured is not None and started is not None:
        ended = started + round(measured * _MICROSECOND)
    if measured is None and ended is not None:
        measured = _between(started, ended)
    return ended, measured


def _between(started: int | None, ended: int) -> float | None:
    return None if started is None else max(0, ended - started) / _MICROSECOND


def _error(facts: RunFacts, state: str) -> str | None:
    told = _note(facts, "error")
    if not told or state in ("success", "skipped"):
        return None
    return str(told["message"])[:_ERROR_LENGTH]


def _note(facts: RunFacts, name: str) -> Any:
    found = facts.notes.get(name)
    return found.value if found is not None else None
