"""Renders how assets stand as Atlan's announcements and custom metadata. Pure."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Literal

import msgspec

from fairlead_bridge.documents import Json
from fairlead_bridge.entries import DatasetEntry, IncidentEntry, Outlook

#: What the title of each of our announcements begins with.
PREFIX = "Fairlead: "
_TITLES = {
    "late": "late",
    "failed": "not written, a run failed",
    "at_risk": "at risk of being late",
}
_LONGEST = 5_000
#: The attributes of our custom metadata, as people see them, with their types.
ATTRIBUTES = {
    "Standing": "string",
    "Expected by": "date",
    "Last written": "date",
    "Last duration": "float",
    "Quality": "string",
}


class Announcement(msgspec.Struct, frozen=True):
    """An announcement of ours; without a title, that there should be none."""

    title: str = ""
    kind: Literal["warning", "issue", ""] = ""
    message: str = ""


class Standing(msgspec.Struct, frozen=True):
    """How an asset that another program made stands; a value of None removes what was there."""

    name: str  # qualified
    announcement: Announcement | None = None  # None: nothing is said of it
    metadata: Json | None = None  # by `ATTRIBUTES`

    @property
    def says_something(self) -> bool:
        """Whether there is anything to say, rather than to remove."""
        announces = self.announcement is not None and bool(self.announcement.title)
        known = (value not in (None, "unknown") for value in (self.metadata or {}).values())
        return announces or any(known)


class Announced(msgspec.Struct, frozen=True):
    """The assets that show the announcement of an incident; no others do."""

    announcement: Announcement
    names: list[str]  # qualified


def of_dataset(
    entry: DatasetEntry, name: str, *, announced: bool, described: bool
) -> Standing | None:
    """How a dataset stands; None where that was not evaluated."""
    outlook = entry.outlook
    if outlook is None or not (announced or described):
        return None
    return Standing(
        name,
        _announcement(entry, outlook) if announced else None,
        _metadata(entry, outlook) if described else None,
    )


def of_incident(entry: IncidentEntry) -> Announcement:
    """The announcement of an incident on DAGs and tasks; its title is the incident's own."""
    title = f"{PREFIX}incident {entry.name.id}"
    if entry.state in ("resolved", "muted"):
        return Announcement(title)
    kind: Literal["warning", "issue"] = "issue" if entry.severity == "critical" else "warning"
    lines = [f"{entry.text}.", f"Since {_utc(entry.opened_at)}."]
    if entry.affected:
        lines.append(f"Affects {len(entry.affected)}: {_names(entry)}.")
    if entry.acknowledged_by:
        lines.append(f"Acknowledged by {entry.acknowledged_by}.")
    return Announcement(title, kind, _safe(" ".join(lines)))


def _announcement(entry: DatasetEntry, outlook: Outlook) -> Announcement:
    title = _TITLES.get(outlook.standing)
    if title is None or entry.dropped_at is not None:
        return Announcement()
    lines = [f"{outlook.text}."] if outlook.text else []
    if outlook.late_since:
        lines.append(f"Late since {_utc(outlook.late_since)}.")
    if outlook.expectation is not None:
        lines.append(f"Expected: {outlook.expectation.text}.")
    kind: Literal["warning", "issue"] = "warning" if outlook.standing == "at_risk" else "issue"
    return Announcement(f"{PREFIX}{title}", kind, _safe(" ".join(lines)))


def _metadata(entry: DatasetEntry, outlook: Outlook) -> dict[str, object]:
    due = outlook.expectation.expected_by if outlook.expectation is not None else None
    checks = entry.assertions
    passed = sum(check.is_passed for check in checks)
    return {
        "Standing": outlook.standing.replace("_", " "),
        "Expected by": due // 1000 if due is not None else None,
        "Last written": entry.written_at // 1000 if entry.written_at is not None else None,
        "Last duration": entry.written_by.duration if entry.written_by is not None else None,
        "Quality": f"{passed} of {len(checks)} checks passed" if checks else None,
    }


def _names(entry: IncidentEntry) -> str:
    shown = [item.label for item in entry.affected[:5]]
    return ", ".join(shown) + (", …" if len(entry.affected) > 5 else "")


def _safe(text: str) -> str:
    """Atlan refuses what could be a server-side include."""
    return text.replace("<!--", "< !--")[:_LONGEST]


def _utc(at: int) -> str:
    return f"{datetime.fromtimestamp(at // 1_000_000, UTC):%Y-%m-%d %H:%M} UTC"
