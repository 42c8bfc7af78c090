"""
What a job did at one go, as of a moment: the tries of all its instances in one DAG run, as one.

A try that failed counts as waiting for the next one while there are retries left.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

State = Literal["waiting", "running", "retrying", "done", "skipped", "failed"]

_OF_RUN: dict[str, State] = {
    "success": "done",
    "skipped": "skipped",
    "removed": "skipped",
    "running": "running",
    "deferred": "running",
    "queued": "waiting",
    "up_for_retry": "retrying",
}
#: What a round is as soon as one of its instances is.
_FIRST: tuple[State, ...] = ("failed", "running", "retrying", "waiting", "done", "skipped")


@dataclass(frozen=True, slots=True)
class Try:
    """One try of a task instance, or one run of another job; times in microseconds."""

    run: int
    whole: int  # the DAG run; outside of DAGs the run itself
    instance: int
    number: int
    state: str  # as the run is shown
    started_at: int | None
    ended_at: int | None
    seen_at: int  # the first event

    @property
    def begin(self) -> int:
        return self.started_at if self.started_at is not None else self.seen_at


@dataclass(frozen=True, slots=True)
class Round:
    """The tries of one job in one DAG run; times in microseconds."""

    whole: int
    state: State
    started_at: int  # when the first try began
    ended_at: int | None  # when the last try ended; None while it goes on
    last_started_at: int  # when the newest try began
    tries: tuple[Try, ...]  # oldest first
    was_cleared: bool  # whether it ran again after its retries were used up

    @property
    def is_open(self) -> bool:
        return self.state in ("waiting", "running", "retrying")


def rounds(tries: Iterable[Try], retries: int) -> tuple[Round, ...]:
    """The rounds that these tries of one job make up, oldest first."""
    together: dict[int, list[Try]] = {}
    for each in tries:
        together.setdefault(each.whole, []).append(each)
    found = (_round(whole, each, retries) for whole, each in together.items())
    return tuple(sorted(found, key=lambda each: (each.started_at, each.whole)))


def _round(whole: int, tries: Sequence[Try], retries: int) -> Round:
    if len(tries) == 1:
        return _of_one(whole, tries[0], retries)
    ordered = tuple(sorted(tries, key=lambda each: (each.begin, each.number, each.run)))
    last: dict[int, Try] = {}
    for each in ordered:
        if each.instance not in last or each.number >= last[each.instance].number:
            last[each.instance] = each
    states = {_state(each, retries) for each in last.values()}
    state = next(each for each in _FIRST if each in states)
    ends = [each.ended_at for each in last.values() if each.ended_at is not None]
    return Round(
        whole=whole,
        state=state,
        started_at=ordered[0].begin,
        ended_at=None if state in ("waiting", "running") else max(ends, default=ordered[-1].begin),
        last_started_at=max(each.begin for each in last.values()),
        tries=ordered,
        was_cleared=any(each.number > retries + 1 for each in ordered),
    )


def _of_one(whole: int, only: Try, retries: int) -> Round:
    """As `_round`, of a single try: nearly every round is one, and there are many."""
    state, begin = _state(only, retries), only.begin
    ended = only.ended_at if only.ended_at is not None else begin
    return Round(
        whole=whole,
        state=state,
        started_at=begin,
        ended_at=None if state in ("waiting", "running") else ended,
        last_started_at=begin,
        tries=(only,),
        was_cleared=only.number > retries + 1,
    )


def _state(last: Try, retries: int) -> State:
    known = _OF_RUN.get(last.state, "failed")
    if last.state == "failed" and last.number <= retries:
        return "retrying"
    return known


# --- the history of a job -----------------------------------------------------------------------


def spans_of_tries(rounds: Iterable[Round]) -> tuple[tuple[int, int], ...]:
    """When each successful round's last try began, and how long it took; of several, all of them."""
    found = []
    for each in rounds:
        if each.state != "done" or each.ended_at is None:
            continue
        several = len({one.instance for one in each.tries}) > 1
        begin = each.started_at if several else each.last_started_at
        found.append((begin, max(0, each.ended_at - begin)))
    return tuple(found)


def delays_of_retries(rounds: Iterable[Round]) -> list[int]:
    """The times between a try that failed and the next one, while it had not been cleared."""
    found = []
    for each in rounds:
        if each.was_cleared:
            continue
        for before, after in zip(each.tries, each.tries[1:], strict=False):
            if before.instance == after.instance and before.ended_at is not None:
                found.append(max(0, after.begin - before.ended_at))
    return found


def chance_of_running(rounds: Sequence[Round]) -> float:
    """The share of rounds in which anything ran, rather than being skipped."""
    over = [each for each in rounds if each.state in ("done", "skipped")]
    ran = sum(each.state == "done" for each in over)
    return (ran + 1) / (len(over) + 1) if over else 1.0
