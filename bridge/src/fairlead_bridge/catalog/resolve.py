"""
Computes a run's state and times from its facts. Pure.

Airflow's events alone do not give them. A skipped task ends with COMPLETE, tasks that never ran
send nothing, and killed workers leave runs open. So there are four sources, the most reliable last:
the events, the state that our provider read in the task's process (`Attempt.observed`), the closing
event of the DAG run (`TaskStateAtRunEnd`), and what our provider read in Airflow's database then
(`RunFacts.observed`).
"""

from __future__ import annotations

from typing import Any

import msgspec

from fairlead_bridge import ids
from fairlead_bridge.facts import Attempt, ObservedState, RunFacts, is_hook_query

_BY_END = {"COMPLETE": "success", "ABORT": "aborted", "FAIL": "failed"}
_FINAL = {"success", "failed", "skipped", "upstream_failed", "removed"}
_OPEN = {"queued", "running"}
_MICROSECOND = 1_000_000
_ERROR_LENGTH = 1_000


class ResolvedRun(msgspec.Struct, frozen=True):
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


def resolve(facts: RunFacts, at_run_end: ObservedState | None, *, last_try: bool) -> ResolvedRun:
    """
    Return the run's current state and times.

    `at_run_end` is what the DAG run's closing event says of the run's task, if it has come;
    `last_try` means that no later try of the same task instance is known.
    """
    resolved = _resolved(facts, at_run_end, last_try=last_try)
    if (
        resolved.state == "skipped" and not resolved.duration
    ):  # a task may skip itself after a while
        return msgspec.structs.replace(resolved, duration=None)  # some versions of Airflow say 0.0
    return resolved


def _resolved(facts: RunFacts, at_run_end: ObservedState | None, *, last_try: bool) -> ResolvedRun:
    if not facts.attempts:
        return _without_events(facts, at_run_end)
    resolved = _by_events(facts, at_run_end, last_try=last_try)
    observed = facts.observed
    if observed is None or observed.state not in _FINAL or _overridden_since(facts, observed):
        return resolved
    return msgspec.structs.replace(
        resolved,
        state=observed.state,
        queued_at=observed.queued_at or resolved.queued_at,
        started_at=observed.started_at,
        ended_at=observed.ended_at,
        duration=_lasted(observed),
        at=observed.started_at or resolved.first_at,
        error=_error(facts, observed.state),
        wrote_at=wrote_at(facts, observed.state, observed.ended_at, resolved.last_at),
    )


class Around(msgspec.Struct, frozen=True):
    """How and when an application ended, inside which other runs ran."""

    state: str
    ended_at: int


def end_with_application(resolved: ResolvedRun, around: Around) -> ResolvedRun:
    """
    Return the run with the end of its application, if it was still open then.

    Whether it wrote its outputs is unknown.
    """
    if resolved.state not in _OPEN or resolved.last_at > around.ended_at:
        return resolved
    return msgspec.structs.replace(
        resolved,
        state="success" if around.state == "success" else "aborted",
        ended_at=around.ended_at,
        duration=_between(resolved.started_at, around.ended_at),
    )


def _lasted(observed: ObservedState) -> float | None:
    if observed.duration is not None or observed.ended_at is None:
        return observed.duration
    return _between(observed.started_at, observed.ended_at)


def _overridden_since(facts: RunFacts, observed: ObservedState) -> bool:
    """Whether a user marked the run by hand after Airflow's database was read."""
    return any(
        item.override_at is not None and item.override_at > observed.at
        for item in facts.attempts.values()
    )


def _by_events(facts: RunFacts, at_run_end: ObservedState | None, *, last_try: bool) -> ResolvedRun:
    run_id, attempt = _deciding(facts)
    closing = at_run_end if at_run_end is not None and _saw(at_run_end, attempt) else None
    state = _state(facts, attempt, closing, last_try=last_try)
    started = _started(attempt)
    ended, duration = _ended(facts, attempt, closing, started, state, last_try=last_try)
    first = min(item.first_at for item in facts.attempts.values())
    last = max(item.last_at for item in facts.attempts.values())
    nominal = _property(facts, "nominal") or _property(facts, "data_interval") or [None, None]
    return ResolvedRun(
        run_id=run_id,
        state=state,
        queued_at=(attempt.observed and attempt.observed.queued_at)
        or _property(facts, "queued_at"),
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


def _without_events(facts: RunFacts, at_run_end: ObservedState | None) -> ResolvedRun:
    """A try that sent no event; only the end of its DAG run names it."""
    observed = facts.observed
    if observed is None and at_run_end is not None:
        observed = msgspec.structs.replace(at_run_end, duration=at_run_end.duration or None)
    if observed is None:
        raise ValueError("a run without events exists only by what the end of its DAG run says")
    return ResolvedRun(
        run_id=ids.inferred_run_id(facts.id),
        state=observed.state,
        queued_at=observed.queued_at,
        started_at=observed.started_at,
        ended_at=observed.ended_at,
        duration=_lasted(observed),
        nominal_start_at=None,
        nominal_end_at=None,
        first_at=observed.at,
        last_at=observed.at,
        at=observed.started_at or observed.at,
        error=None,
        wrote_at=None,
    )


def wrote_at(facts: RunFacts, state: str, ended_at: int | None, last_at: int) -> int | None:
    """
    When the run's outputs were written, as far as it is known: when it ended, if it succeeded. A
    stream or a service ends never, or badly; it wrote until it last sent RUNNING. Marking
    a run as successful writes nothing, nor does the success of its application.
    """
    if is_hook_query(facts.kind, _property(facts, "integration")) and facts.parent_id is not None:
        return None  # it counts for the task that ran it
    if state == "success":
        attempt = _deciding(facts)[1] if facts.attempts else None
        if attempt is not None and (_is_only_overridden(attempt) or _has_no_end(facts, attempt)):
            return None
        return ended_at if ended_at is not None else last_at
    if _property(facts, "processing") is None:
        return None
    return max((a.alive_at for a in facts.attempts.values() if a.alive_at), default=None)


def _has_no_end(facts: RunFacts, attempt: Attempt) -> bool:
    """Whether all that is known is that the application around the run succeeded."""
    return facts.dag_id is None and attempt.end is None and attempt.override is None


def _is_only_overridden(attempt: Attempt) -> bool:
    succeeded = attempt.observed is not None and attempt.observed.state == "success"
    return attempt.override == "COMPLETE" and attempt.end != "COMPLETE" and not succeeded


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


def _saw(at_run_end: ObservedState, attempt: Attempt) -> bool:
    """Whether the closing event covers the try: it had begun, and was not marked since."""
    if attempt.start_at is not None and attempt.start_at > at_run_end.at:
        return False
    return attempt.override_at is None or attempt.override_at <= at_run_end.at


def _state(
    facts: RunFacts, attempt: Attempt, at_run_end: ObservedState | None, *, last_try: bool
) -> str:
    state = _state_by_attempt(attempt)
    if facts.task_id is None:
        return state
    if not last_try:
        # A later try began, so this one is over; Airflow's history calls it failed.
        return state if state in _FINAL else "failed"
    if at_run_end is None:
        return "up_for_retry" if state == "failed" and _may_retry(facts, attempt) else state
    if _is_mapped(facts):
        # The closing event has one state for all mapped instances; it decides only for open ones.
        return _mapped(state)
    return at_run_end.state if at_run_end.state in _FINAL else state


def _mapped(state: str) -> str:
    if state == "up_for_retry":
        return "failed"
    return state if state in _FINAL or state == "aborted" else "lost"


def _state_by_attempt(attempt: Attempt) -> str:
    """The state by manual overrides, our provider's facet and the events."""
    observed = attempt.observed
    own_at = max(attempt.end_at or attempt.first_at, observed.at if observed is not None else 0)
    if (
        attempt.override is not None
        and attempt.override_at is not None
        and attempt.override_at > own_at
    ):
        return _BY_END[attempt.override]
    if observed is not None and (attempt.end_at is None or observed.at >= attempt.end_at):
        return observed.state
    if attempt.end is not None:
        return _BY_END[attempt.end]
    begun = attempt.start_at is not None or attempt.running_at is not None
    return "running" if begun else "queued"


def _may_retry(facts: RunFacts, attempt: Attempt) -> bool:
    if attempt.override is not None or attempt.observed is not None:
        return False
    retries = _property(facts, "retries")
    return isinstance(retries, int) and (facts.try_number or 1) <= retries


def _is_mapped(facts: RunFacts) -> bool:
    return facts.map_index is not None and facts.map_index >= 0


def _started(attempt: Attempt) -> int | None:
    if attempt.dag_start_at is not None:
        return attempt.dag_start_at
    if attempt.observed is not None and attempt.observed.started_at is not None:
        return attempt.observed.started_at
    return attempt.start_at if attempt.start_at is not None else attempt.running_at


def _ended(
    facts: RunFacts,
    attempt: Attempt,
    at_run_end: ObservedState | None,
    started: int | None,
    state: str,
    *,
    last_try: bool,
) -> tuple[int | None, float | None]:
    """End and duration; Airflow's own figures before the times of events."""
    if state in ("running", "queued", "deferred"):
        return None, None
    observed = attempt.observed
    if attempt.dag_end_at is not None and attempt.end is not None:
        return attempt.dag_end_at, attempt.duration or _between(started, attempt.dag_end_at)
    if observed is not None and observed.ended_at is not None:
        return observed.ended_at, observed.duration or _between(started, observed.ended_at)
    measured = attempt.duration
    if measured is None and at_run_end is not None and last_try and not _is_mapped(facts):
        measured = at_run_end.duration or None
    ended = attempt.end_at if attempt.end_at is not None else attempt.override_at
    if ended is None and measured is not None and started is not None:
        ended = started + round(measured * _MICROSECOND)
    if measured is None and ended is not None:
        measured = _between(started, ended)
    return ended, measured


def _between(started: int | None, ended: int) -> float | None:
    return None if started is None else max(0, ended - started) / _MICROSECOND


def _error(facts: RunFacts, state: str) -> str | None:
    observed = _property(facts, "error")
    if not observed or state in ("success", "skipped"):
        return None
    return str(observed["message"])[:_ERROR_LENGTH]


def _property(facts: RunFacts, name: str) -> Any:
    found = facts.properties.get(name)
    return found.value if found is not None else None
