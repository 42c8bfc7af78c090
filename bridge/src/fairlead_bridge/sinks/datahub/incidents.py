"""Incidents as DataHub's, and what of theirs people changed there, which stays. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from fairlead_bridge.entries import DatasetRef, IncidentEntry, JobRef
from fairlead_bridge.sinks.datahub.schemas import Aspects
from fairlead_bridge.sinks.datahub.settings import DataHubSettings
from fairlead_bridge.sinks.datahub.urns import Urns, is_delivered

INCIDENT = "incidentInfo"
#: By this actor we know again what we wrote last.
ACTOR = "urn:li:corpuser:fairlead"
_PRIORITIES = {"critical": 0, "warning": 2}
_STAGES = {"acknowledged": "INVESTIGATION", "muted": "NO_ACTION_REQUIRED"}
#: Everything else is OPERATIONAL.
_TYPES = {
    "source_not_updated": "FRESHNESS",
    "schema_change": "DATA_SCHEMA",
    "row_count": "VOLUME",
}
_LONGEST_TITLE = 200


class Incidents:
    """Incidents in DataHub's words."""

    def __init__(self, settings: DataHubSettings, urns: Urns) -> None:
        self._owners_are, self._urns = settings.owners_are, urns

    def of(self, incident: IncidentEntry) -> Iterator[tuple[str, Aspects]]:
        """The incident, on all of its assets that have a urn; nothing where none has."""
        entities = self._entities(incident)
        if not entities:
            return
        info: Aspects = {
            "title": incident.text[:_LONGEST_TITLE],
            "description": _description(incident),
            "entities": entities,
            "priority": _PRIORITIES[incident.severity],
            "status": _status(incident),
            "source": {"type": "MANUAL"},
            "startedAt": _ms(incident.opened_at),
            "created": {"time": _ms(incident.detected_at), "actor": ACTOR},
            **_type(incident.kind),
        }
        if incident.assigned_to:
            info["assignees"] = [self._assignee(incident, incident.assigned_to)]
        yield "incident", {"urn": self._urns.incident(incident), INCIDENT: {"value": info}}

    def _entities(self, incident: IncidentEntry) -> list[str]:
        """The cause first, then what is affected."""
        nodes = [(incident.dataset, incident.job)]
        nodes += [(item.dataset, item.job) for item in incident.affected]
        found = [urn for node in nodes if (urn := self._node(*node)) is not None]
        return [*found[:1], *sorted(set(found[1:]) - {*found[:1]})]

    def _node(self, dataset: DatasetRef | None, job: JobRef | None) -> str | None:
        if dataset is not None:
            return self._urns.dataset(dataset)
        return self._urns.template(job) if job is not None and is_delivered(job) else None

    def _assignee(self, incident: IncidentEntry, name: str) -> Aspects:
        actor = name if name.startswith("urn:li:") else f"urn:li:{self._owners_are}:{name}"
        stamp = {"time": _ms(incident.detected_at), "actor": ACTOR}
        return {"actor": actor, "assignedAt": stamp}


def with_their_changes(aspects: Aspects, held: Aspects | None) -> Aspects:
    """
    Return the incident with what people changed of it in DataHub.

    Who is assigned to it and a priority that is none of ours stay; so does its status, where people
    changed that after it last changed here.
    """
    there = ((held or {}).get(INCIDENT) or {}).get("value")
    if INCIDENT not in aspects or not there:
        return aspects
    info = dict(aspects[INCIDENT]["value"])
    assigned = there.get("assignees") or []
    if any(_actor(each.get("assignedAt")) != ACTOR for each in assigned):
        info["assignees"] = assigned
    if there.get("priority") not in (None, *_PRIORITIES.values()):
        info["priority"] = there["priority"]
    status = there.get("status") or {}
    stamp = status.get("lastUpdated") or {}
    if _actor(stamp) != ACTOR and stamp.get("time", 0) >= info["status"]["lastUpdated"]["time"]:
        info["status"] = status
    return {**aspects, INCIDENT: {"value": info}}


def _actor(stamp: Aspects | None) -> str:
    return str((stamp or {}).get("actor", ACTOR))


def _type(kind: str) -> Aspects:
    if kind == "failed_check":
        return {"type": "CUSTOM", "customType": "Failed check"}
    return {"type": _TYPES.get(kind, "OPERATIONAL")}


def _status(incident: IncidentEntry) -> Aspects:
    stamp = {"time": _ms(incident.resolved_at or incident.changed_at), "actor": ACTOR}
    if incident.state == "resolved":
        return {"state": "RESOLVED", "lastUpdated": stamp}
    stage = _STAGES.get(incident.state)
    return {"state": "ACTIVE", "lastUpdated": stamp, **({"stage": stage} if stage else {})}


def _description(incident: IncidentEntry) -> str:
    lines = [incident.text]
    if len(incident.path) > 1:
        lines.append(f"From {' to '.join(incident.path)}")
    if incident.run_url:
        lines.append(f"Run: {incident.run_url}")
    if incident.log_url:
        lines.append(f"Log: {incident.log_url}")
    return "\n\n".join(lines)


def _ms(at: int) -> int:
    return at // 1000
