"""
Whether the data of a dataset is as it should be: its checks, and how many rows a write has. Pure.

Times are microseconds since the epoch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from fairlead_bridge.insight.rules import RowCount

Breached = Literal["failed_check", "row_count"]

#: Earlier writes that say what is usual: so many at least, and of these the newest.
FEWEST, NEWEST = 10, 28
#: A write is unusual with so many times more rows than the largest usual one, or fewer than the
#: smallest.
FACTOR = 2.0
#: What a failed check of severity "warn" counts in the score, where an error counts 1.
WARNING = 0.5


@dataclass(frozen=True, slots=True)
class Check:
    """How a check went when it was made last."""

    name: str
    column: str
    at: int
    is_passed: bool
    is_warning: bool = False
    run: int | None = None
    actual: str | None = None


@dataclass(frozen=True, slots=True)
class Breach:
    """What is wrong with the data, since when, and the id of the run that shows it."""

    kind: Breached
    at: int
    text: str
    run: int | None = None
    is_certain: bool = True  # it was stated; False where it is only unlike what is usual


@dataclass(frozen=True, slots=True)
class Score:
    """Between 0 and 1, and a sentence that says what it is made of; None where nothing is checked."""

    value: float | None
    text: str


def of_checks(checks: Sequence[Check]) -> Breach | None:
    """The breach that failed checks are, warnings aside; the first to fail dates it."""
    failed = sorted(
        (check for check in checks if not check.is_passed and not check.is_warning),
        key=lambda check: (check.at, check.name, check.column),
    )
    if not failed:
        return None
    first = failed[0]
    column = f" of {first.column}" if first.column else ""
    more = f", and {len(failed) - 1} more" if len(failed) > 1 else ""
    return Breach("failed_check", first.at, f"check {first.name}{column} failed{more}", first.run)


def usual_rows(counts: Sequence[int]) -> RowCount | None:
    """
    How many rows a write usually has, by the row counts of earlier writes (oldest first).

    >>> usual_rows([100, 120] * 5)
    RowCount(least=50, most=240)
    >>> usual_rows([100] * 3) is None
    True
    """
    known = counts[-NEWEST:]
    if len(known) < FEWEST:
        return None
    return RowCount(int(min(known) / FACTOR), int(max(known) * FACTOR))


def of_rows(
    counts: Sequence[int], at: int, run: int | None, stated: RowCount | None = None
) -> Breach | None:
    """
    The breach that the newest of these writes is, by its row count; `at` and `run` are that write's.

    `stated` wins over what is usual.
    """
    if not counts:
        return None
    expected = stated or usual_rows(counts[:-1])
    if expected is None or expected.is_met(counts[-1]):
        return None
    usually = "expected are" if stated is not None else "usual are"
    text = f"{counts[-1]:,} rows were written; {usually} {expected.text}"
    return Breach("row_count", at, text, run, is_certain=stated is not None)


def score(checks: Sequence[Check], rows: Breach | None) -> Score:
    """
    The share of checks that passed when they were made last, row counts as one of them.

    >>> score([Check("a", "", 1, True), Check("b", "", 1, False, is_warning=True)], None)
    Score(value=0.75, text='1 of 2 checks passed, 1 warning')
    """
    made = len(checks) + (rows is not None)
    if not made:
        return Score(None, "no check is known")
    lost = sum(WARNING if check.is_warning else 1.0 for check in checks if not check.is_passed)
    passed = sum(check.is_passed for check in checks)
    warned = sum(check.is_warning and not check.is_passed for check in checks)
    parts = [f"{passed} of {len(checks)} checks passed"] if checks else []
    if warned:
        parts.append(f"{warned} warning{'s' if warned > 1 else ''}")
    if rows is not None:
        parts.append(rows.text)
    value = 1.0 - (lost + (rows is not None)) / made
    return Score(round(value, 4), ", ".join(parts))
