"""Renders what is checked of a table, and how fresh it should be, as test cases with a result. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import msgspec

from fairlead_bridge.documents import Json
from fairlead_bridge.entries import AssertionResult, DatasetEntry
from fairlead_bridge.sinks.openmetadata.names import safe

FRESHNESS = "fairlead_freshness"
_CHECK, _COLUMN_CHECK = "fairlead_check", "fairlead_column_check"
_LONGEST = 256

#: The bodies of our test definitions. OpenMetadata itself runs none of platform "Other".
DEFINITIONS: dict[str, Json] = {
    name: {
        "name": name,
        "displayName": title,
        "description": text,
        "entityType": entity,
        "testPlatforms": ["Other"],
    }
    for name, title, text, entity in (
        (FRESHNESS, "Fresh as expected", "The table was written when it should be", "TABLE"),
        (_CHECK, "Check of a run", "A check that a run made, reported by OpenLineage", "TABLE"),
        (
            _COLUMN_CHECK,
            "Check of a column by a run",
            "A check that a run made of a column, reported by OpenLineage",
            "COLUMN",
        ),
    )
}


#: OpenMetadata knows no warnings. Its own dbt workflow calls a test "Aborted" that neither passed
#: nor failed, which opens no incident.
WARNING = "Aborted"


class Check(msgspec.Struct, frozen=True):
    """A test case, and its newest result; without `at` it has none that would be known."""

    name: str
    definition: str
    description: str
    column: str | None = None
    at: int | None = None  # milliseconds
    is_passed: bool = True
    is_warning: bool = False  # it did not pass, and need not
    text: str = ""
    actual: str | None = None

    @property
    def status(self) -> str:
        """As OpenMetadata calls it."""
        return "Success" if self.is_passed else WARNING if self.is_warning else "Failed"


def of_table(entry: DatasetEntry, spelled: Callable[[str], str]) -> list[Check]:
    """The checks of a table by their names; `spelled` writes a column as OpenMetadata has it."""
    found = {
        (check.name, check.column): check
        for check in (*_freshness(entry), *(_check(it, spelled) for it in entry.assertions))
    }
    return [found[key] for key in sorted(found, key=lambda key: (key[0], key[1] or ""))]


def at_table(check: Check) -> Check:
    """The check of a column that the table does not have there, as one of the whole table."""
    name = f"{check.name} of {check.column}"[:_LONGEST]
    return msgspec.structs.replace(check, name=name, definition=_CHECK, column=None)


def _freshness(entry: DatasetEntry) -> Iterator[Check]:
    outlook = entry.outlook
    if outlook is None or entry.dropped_at is not None:
        return
    expected = outlook.expectation
    is_bad = outlook.standing in ("late", "failed")
    if expected is None and not is_bad:
        return
    wanted = expected.text if expected is not None else "no expectation is known"
    check = Check(FRESHNESS, FRESHNESS, "Fresh as expected, as Fairlead sees it")
    if is_bad:
        at = outlook.late_since or outlook.since
        if outlook.late_since:
            text = f"Late since {_utc(outlook.late_since)}: {wanted}"
        else:
            text = f"Not written as it should have been since {_utc(at)}"
        cause = f". {outlook.text}" if outlook.text else ""
        yield msgspec.structs.replace(check, at=at // 1000, is_passed=False, text=text + cause)
    elif outlook.standing == "unknown" or entry.written_at is None:
        yield check
    else:
        text = f"Written {_utc(entry.written_at)}: {wanted}"
        yield msgspec.structs.replace(check, at=entry.written_at // 1000, text=text)


def _check(found: AssertionResult, spelled: Callable[[str], str]) -> Check:
    parts = [
        "Passed" if found.is_passed else "Warning" if _is_warning(found) else "Failed",
        *([f"expected {found.expected}"] if found.expected else []),
        *([f"actual {found.actual}"] if found.actual else []),
    ]
    return Check(
        safe(found.name)[:_LONGEST],
        _COLUMN_CHECK if found.column else _CHECK,
        found.description or "A check that a run made, reported by OpenLineage",
        column=spelled(found.column) if found.column else None,
        at=found.at // 1000,
        is_passed=found.is_passed,
        is_warning=not found.is_passed and _is_warning(found),
        text="; ".join(parts),
        actual=found.actual,
    )


def _is_warning(found: AssertionResult) -> bool:
    return (found.severity or "").lower() == "warn"


def _utc(at: int) -> str:
    return f"{datetime.fromtimestamp(at // 1_000_000, UTC):%Y-%m-%d %H:%M} UTC"
