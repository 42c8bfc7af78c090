"""What DataHub demands of assertions and incidents, and what it makes of them itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_SCHEDULES = {"CRON": "cron", "FIXED_INTERVAL": "fixedInterval", "SINCE_THE_LAST_CHECK": None}
_UNITS = {"SECOND", "MINUTE", "HOUR", "DAY", "WEEK", "MONTH", "QUARTER", "YEAR"}
_STAGES = {"TRIAGE", "INVESTIGATION", "WORK_IN_PROGRESS", "FIXED", "NO_ACTION_REQUIRED"}
_TYPES = {"FRESHNESS", "VOLUME", "FIELD", "SQL", "DATA_SCHEMA", "OPERATIONAL", "CUSTOM"}
_MAY_HAVE_INCIDENTS = {"dataset", "chart", "dashboard", "dataFlow", "dataJob"}


def check(aspect: str, value: Mapping[str, Any], urn: str) -> None:
    """Raise ValueError with what DataHub would refuse of the aspect."""
    rule = {
        "assertionInfo": _assertion,
        "assertionRunEvent": _result,
        "incidentInfo": _incident,
    }.get(aspect)
    if rule is not None:
        rule(value, urn)


def _demand(holds: bool, what: object) -> None:
    if not holds:
        raise ValueError(str(what))


def _assertion(value: Mapping[str, Any], _urn: str) -> None:
    definitions = {"CUSTOM": "customAssertion", "FRESHNESS": "freshnessAssertion"}
    _demand(value["type"] in definitions, value["type"])
    for kind, name in definitions.items():
        _demand((name in value) == (kind == value["type"]), f"{value['type']} with {name}")
    _demand(value["source"]["type"] in ("NATIVE", "EXTERNAL", "INFERRED"), value["source"])
    _texts(value["customProperties"])
    if value["type"] == "CUSTOM":
        custom = value["customAssertion"]
        _demand({"type", "entity"} <= set(custom) <= {"type", "entity", "field"}, custom)
        field = custom.get("field")
        _demand(field is None or field.startswith("urn:li:schemaField:"), field)
        return
    freshness = value["freshnessAssertion"]
    _demand(set(freshness) == {"type", "entity", "schedule"}, freshness)
    _demand(freshness["type"] in ("DATASET_CHANGE", "DATA_JOB_RUN"), freshness)
    schedule = freshness["schedule"]
    needed = _SCHEDULES[schedule["type"]]
    _demand(set(schedule) == {"type", *([needed] if needed else [])}, schedule)
    if needed == "fixedInterval":
        interval = schedule[needed]
        _demand(interval["unit"] in _UNITS and interval["multiple"] > 0, interval)


def _result(value: Mapping[str, Any], urn: str) -> None:
    _demand(value["assertionUrn"] == urn, "a result is one of its own assertion")
    _demand(value["asserteeUrn"].startswith("urn:li:dataset:"), value["asserteeUrn"])
    _demand(value["status"] == "COMPLETE" and "result" in value, "a COMPLETE has a result")
    result = value["result"]
    _demand(set(result) <= {"type", "nativeResults"}, result)
    _demand(result["type"] in ("INIT", "SUCCESS", "FAILURE", "ERROR"), result)
    _texts(result.get("nativeResults", {}))


def _texts(values: Mapping[str, Any]) -> None:
    _demand(all(isinstance(text, str) for text in values.values()), values)


def _incident(value: Mapping[str, Any], _urn: str) -> None:
    _demand(value["type"] in _TYPES, value["type"])
    _demand(("customType" in value) == (value["type"] == "CUSTOM"), value["type"])
    entities = value["entities"]
    kinds = {urn.split(":")[2] for urn in entities}
    _demand(bool(entities) and kinds <= _MAY_HAVE_INCIDENTS, entities)
    _demand(len(entities) == len(set(entities)), entities)
    _demand(value.get("priority") in (None, 0, 1, 2, 3), value.get("priority"))
    status = value["status"]
    _demand(status["state"] in ("ACTIVE", "RESOLVED"), status)
    _demand(status.get("stage") in (None, *_STAGES), status)
    assigned = [each["assignedAt"] for each in value.get("assignees", ())]
    for stamp in (status["lastUpdated"], value["created"], *assigned):
        _demand(set(stamp) == {"time", "actor"} and isinstance(stamp["time"], int), stamp)
    source = value.get("source", {"type": "MANUAL"})
    _demand((source["type"] == "ASSERTION_FAILURE") == ("sourceUrn" in source), source)


def summarise(
    aspects: Mapping[str, dict[str, Any]],
    urn: str,
    before: Mapping[str, Any] | None,
    after: Mapping[str, Any],
) -> None:
    """Write `incidentsSummary` of each asset of an incident, as DataHub does itself."""
    for entity in {*(before or {}).get("entities", ()), *after["entities"]}:
        summary = aspects[entity].setdefault("incidentsSummary", {"active": [], "resolved": []})
        for urns in summary.values():
            if urn in urns:
                urns.remove(urn)
        if entity in after["entities"]:
            state = "active" if after["status"]["state"] == "ACTIVE" else "resolved"
            summary[state].append(urn)
