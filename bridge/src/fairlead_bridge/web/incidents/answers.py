"""Incidents and maintenance windows over REST: the answers, field by field."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from fairlead_bridge.web.base import Answer

IncidentState = Literal["open", "acknowledged", "muted", "resolved"]
#: "active" are those that people have yet to see to the end of: open and acknowledged ones.
AskedState = Literal["open", "acknowledged", "muted", "resolved", "active"]
IncidentOrder = Literal["newest", "worst"]
Severity = Literal["critical", "warning"]


class AffectedNode(Answer):
    """A dataset or job that an incident affects."""

    node: str
    label: str
    standing: Literal["late", "failed", "at_risk", "broken_contract", "personal_data"]
    owners: list[str]
    expected_by: datetime | None
    eta: datetime | None  # null: unknown


class Incident(Answer):
    """One root cause with all that it affects; of a resolved one, what it affected last."""

    id: int
    state: IncidentState
    severity: Severity
    kind: str  # of the cause, as root causes have it; or broken_contract, personal_data
    node: str
    run_id: str | None
    at: datetime  # when the cause happened
    text: str
    path: list[str]
    opened_at: datetime  # first evidence
    detected_at: datetime
    changed_at: datetime
    resolved_at: datetime | None
    resolved_by: str | None  # null where it resolved by itself
    acknowledged_by: str | None
    assigned_to: str | None
    reopened: int
    running_again: bool  # the job that is the cause runs again; it stays open until that succeeds
    affected: list[AffectedNode]
    affected_left_out: int  # more of them than are shown; one incident shows more than a list


class TimelineEntry(Answer):
    """What happened to an incident."""

    at: datetime
    what: str
    by: str | None  # null where the bridge did it
    text: str | None


class IncidentDetail(Incident):
    timeline: list[TimelineEntry]


Name = Annotated[str, Field(min_length=1, max_length=200)]


class IncidentAction(Answer):
    """Who does something to an incident; `text` is the note, or to whom it is assigned."""

    by: Name = "unnamed"
    text: Annotated[str, Field(min_length=1, max_length=4000)] | None = None


class MaintenanceWindow(Answer):
    """A time in which what matches opens no incident; patterns as in a shell, null matches all."""

    namespace: Name | None = None
    dag: Name | None = None
    dataset: Name | None = None
    starts_at: datetime
    ends_at: datetime
    reason: Annotated[str, Field(max_length=1000)] | None = None
    created_by: Name | None = None


class StoredWindow(MaintenanceWindow):
    id: int | None  # null: it stands in the file, where it is changed


class MaintenanceWindows(Answer):
    items: list[StoredWindow]
