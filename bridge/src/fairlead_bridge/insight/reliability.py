"""How reliable something was in a period: promises kept, runs that succeeded, incidents and their times. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from fairlead_bridge.insight.expectations import Expectation

#: Dues of one missed write that are counted one by one.
MOST_MISSED = 1_000


@dataclass(frozen=True, slots=True)
class Record:
    """
    What is counted of one dataset, DAG or owner.

    A promise is one time by which a write was expected; it is kept where the write came by then.
    """

    promises: int = 0
    met: int = 0
    runs: int = 0
    succeeded: int = 0
    detected_after: tuple[int, ...] = ()  # microseconds, of each incident
    resolved_after: tuple[int, ...] = ()  # of those that are resolved

    @property
    def incidents(self) -> int:
        return len(self.detected_after)


def together(records: Iterable[Record]) -> Record:
    """The sum of some records that share no incident."""
    every = list(records)
    return Record(
        sum(each.promises for each in every),
        sum(each.met for each in every),
        sum(each.runs for each in every),
        sum(each.succeeded for each in every),
        tuple(span for each in every for span in each.detected_after),
        tuple(span for each in every for span in each.resolved_after),
    )


def promises(writes: Sequence[int], expected: Expectation, since: int, now: int) -> tuple[int, int]:
    """
    How many promises came due from `since` to `now`, and how many of them were kept.

    `writes` are the times of all writes from the last one before `since` on, oldest first. A write
    that was missed several times over breaks as many promises as it missed; one that comes nearer
    to the next time than to the last that it missed keeps that one.
    """
    made = met = 0
    for at, following in zip(writes, [*writes[1:], None], strict=False):
        missed, due = _missed(at, expected, now if following is None else min(following, now))
        made += sum(each >= since for each in missed)
        if following is None or due is None or following < since:
            continue
        if not missed or following - missed[-1] > due - following:
            made += 1
            met += 1
    return made, met


def _missed(at: int, expected: Expectation, until: int) -> tuple[list[int], int | None]:
    """The times after a write by which another was expected and did not come; and the next time."""
    missed: list[int] = []
    due = expected.due(at)
    while due is not None and due < until and len(missed) < MOST_MISSED:
        missed.append(due)
        following = expected.due(due)
        due = following if following is not None and following > due else None
    return missed, due


def share(part: int, whole: int) -> float | None:
    """The part as a share, None of nothing."""
    return round(part / whole, 4) if whole else None


def mean_seconds(spans: Sequence[int]) -> float | None:
    """The mean of some spans of microseconds, in seconds; None where there are none."""
    return round(sum(spans) / len(spans) / 1_000_000, 3) if spans else None
