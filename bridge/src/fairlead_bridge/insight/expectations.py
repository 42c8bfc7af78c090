"""
What is expected of a dataset or a job, which source says so, and when the expectation is not met.

Every answer about lateness comes from `Expectation.due`, whatever the source.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from fairlead_bridge.insight.rhythm import Rhythm

Kind = Literal["by", "every", "within", "rows"]
Source = Literal["person", "file", "contract", "dbt", "airflow", "schedule", "learned"]

#: The strongest source first.
SOURCES: tuple[Source, ...] = (
    *("person", "file", "contract", "dbt"),
    *("airflow", "schedule", "learned"),
)


class Rule(Protocol):
    """What follows from a write."""

    def due(self, at: int) -> int | None:
        """When the next write is late after one at `at`; microseconds."""
        ...


@dataclass(frozen=True, slots=True)
class Expectation:
    """
    One expectation: its kind, the source that states it, and one sentence for people.

    `rhythm` is what was learned from the writes, whichever source the expectation is from. `stale`
    has writes that do not make the dataset fresh, as those of a backfill of old partitions, each
    with the last write before it that does.
    """

    kind: Kind
    source: Source
    text: str
    rule: Rule
    rhythm: Rhythm | None = None
    stale: Mapping[int, int] = field(default_factory=dict, hash=False)

    @property
    def is_stated(self) -> bool:
        """Whether it was declared, rather than that it is usual."""
        return self.source not in ("schedule", "learned")

    def fresh_at(self, written_at: int | None) -> int | None:
        """The write that made the dataset fresh, of what was last written at that time."""
        return written_at if written_at is None else self.stale.get(written_at, written_at)

    def due(self, written_at: int | None) -> int | None:
        """When the next write is late after one at that time; None where that is not known."""
        at = self.fresh_at(written_at)
        return None if at is None else self.rule.due(at)

    def late_since(self, written_at: int | None, now: int) -> int | None:
        """Since when what was last written then is late; None where it is not."""
        due = self.due(written_at)
        return due if due is not None and now > due else None

    def breaches(self, times: Sequence[int], now: int) -> list[tuple[int, int | None]]:
        """
        When writes at these times (oldest first) were late: from when, and until when.

        The end of a breach that lasts is None.
        """
        times = [at for at in times if at not in self.stale]
        ends: list[int | None] = [*times[1:], None]
        dues = [self.due(at) for at in times]
        return [
            (due, end)
            for due, end in zip(dues, ends, strict=False)
            if due is not None and (now if end is None else end) > due
        ]


def learned(rhythm: Rhythm) -> Expectation:
    """The expectation that a learned rhythm amounts to."""
    return Expectation(rhythm.kind, "learned", rhythm.text, rhythm, rhythm)


def late_since(expected: Expectation | None, written_at: int | None, now: int) -> int | None:
    """Since when an asset is late that was last written then; None where nothing is expected."""
    return expected.late_since(written_at, now) if expected is not None else None
