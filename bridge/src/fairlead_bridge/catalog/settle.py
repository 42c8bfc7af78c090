"""
What the facts about a run come to: its state and its times. Pure.

Airflow's events alone do not say it. A skipped task ends with COMPLETE, tasks that never ran send
nothing, and killed workers leave runs open. So three voices are heard, the surest last: the
events, the state that our provider read from Airflow (`Truth`), and the closing event of the DAG
run (`Verdict`).
"""

from __future__ import annotations

from typing import Any

import msgspec

from fairlead_bridge import ids
from fairlead_bridge.facts import Attempt, RunFacts, Verdict

_BY_END = {"COMPLETE": "success", "ABORT": "aborted", "FAIL": "failed"}
_FINAL = {"success", "failed", "skipped", "upstream_failed", "removed"}
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


def settle(facts: RunFacts, verdict: Verdict | None, *, last_try: bool) -> Settled:
    """
    The run as it stands.

    `verdict` is what the DAG run's closing event says of the run's task, if it has come;
    `last_try` tells that no later try of the same task instance is known.
    """
    if not facts.attempts:
        return _silent(facts, verdict)
    run_id, attempt = max(facts.attempts.items(), key=_counts)
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


def _silent(facts: RunFacts, verdict: Verdict | None) -> Settled:
    """A task instance that sent no event; only the closing event of its DAG run names it."""
    if verdict is None or facts.instance is None:
        raise ValueError("a run without events exists only by a verdict on its task instance")
    return Settled(
        run_id=ids.silent_run_id(facts.instance),
        state=verdict.state,
        queued_at=None,
        started_at=None,
        ended_at=None,
        duration=verdict.duration or None,
        nominal_start_at=None,
        nominal_end_at=None,
        first_at=verdict.at,
        last_at=verdict.at,
        at=verdict.at,
        error=None,
        wrote_at=None,
    )


def wrote_at(facts: RunFacts, state: str, ended_at: int | None, last_at: int) -> int | None:
    """
    When the run's outputs were written, as far as it is known: when it ended, if it succeeded. A
    stream or a service ends never, or badly; it wrote until it was last told to be running.
    """
    if state == "success":
        return ended_at if ended_at is not None else last_at
    if _note(facts, "processing") is None:
        return None
    return max((a.alive_at for a in facts.attempts.values() if a.alive_at), default=None)


def _counts(item: tuple[str, Attempt]) -> tuple[int, int, str]:
    """Of several runIds of one run, the last generation's counts, then the last to be heard of."""
    run_id, attempt = item
    return attempt.generation, attempt.last_at, run_id


def _saw(verdict: Verdict, attempt: Attempt) -> bool:
    """The closing event speaks of a try only if the try had begun, and was not marked since."""
    if attempt.start_at is not None and attempt.start_at > verdict.at:
        return False
    return attempt.mark_at is None or attempt.mark_at <= verdict.at


def _state(facts: RunFacts, attempt: Attempt, verdict: Verdict | None, *, last_try: bool) -> str:
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
    verdict: Verdict | None,
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
