"""A DataHub metadata service: checks urns, aspects, required fields; patches; and forgets nothing."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import Any, ClassVar

from fairlead_bridge.sinks import Target, settings
from tests.support.sinks import datahub_quality
from tests.support.sinks.server import Answer, Fake, Request

#: The shop of `tests.support.sinks.entries`, as DataHub names it.
DAILY = "urn:li:dataset:(urn:li:dataPlatform:snowflake,analytics.reporting.daily_orders,PROD)"
ORDERS = "urn:li:dataset:(urn:li:dataPlatform:postgres,sales.public.orders,PROD)"
FLOW = "urn:li:dataFlow:(airflow,orders_sync,prod)"
LOAD = f"urn:li:dataJob:({FLOW},load)"
RULES = [{"namespace": "snowflake://*", "platform": "snowflake", "case": "lower"}]

_FABRICS = {"PROD", "DEV", "TEST", "QA", "UAT", "EI", "PRE", "STG", "NON_PROD", "CORP", "RVW"}
_PART = r"(?:[^(),]|%2C|%28|%29)+"
_DATASET = rf"urn:li:dataset:\(urn:li:dataPlatform:[a-z0-9_-]+,{_PART},({'|'.join(_FABRICS)})\)"
_FLOW = rf"urn:li:dataFlow:\({_PART},{_PART},{_PART}\)"
_URNS = {
    "dataset": _DATASET,
    "dataFlow": _FLOW,
    "dataJob": rf"urn:li:dataJob:\({_FLOW},{_PART}\)",
    "dataProcessInstance": r"urn:li:dataProcessInstance:[0-9a-f-]{32,36}",
    "assertion": r"urn:li:assertion:[0-9a-f]{32}",
    "incident": r"urn:li:incident:[0-9a-f]{32}",
    "dataPlatform": r"urn:li:dataPlatform:[a-z0-9_-]+",
    "schemaField": rf"urn:li:schemaField:\({_DATASET},{_PART}\)",
    "tag": r"urn:li:tag:.+",
    "corpuser": r"urn:li:corpuser:.+",
    "corpGroup": r"urn:li:corpGroup:.+",
}
#: Each aspect's required and optional fields.
_ASPECTS: dict[str, tuple[set[str], set[str]]] = {
    "datasetKey": ({"platform", "name", "origin"}, set()),
    "schemaMetadata": (
        {"schemaName", "platform", "version", "hash", "platformSchema", "fields"},
        {"created", "lastModified"},
    ),
    "operation": (
        {"timestampMillis", "operationType", "lastUpdatedTimestamp"},
        {"actor", "numAffectedRows", "sourceType", "messageId", "customProperties"},
    ),
    "status": ({"removed"}, set()),
    "dataFlowInfo": ({"name"}, {"description", "env", "externalUrl", "customProperties"}),
    "dataJobInfo": (
        {"name", "type"},
        {"flowUrn", "description", "env", "externalUrl", "customProperties"},
    ),
    "dataJobInputOutput": (
        {"inputDatasets", "outputDatasets"},
        {"inputDatasetEdges", "outputDatasetEdges", "inputDatajobEdges", "fineGrainedLineages"},
    ),
    "dataProcessInstanceProperties": (
        {"name", "created"},
        {"type", "externalUrl", "customProperties"},
    ),
    "dataProcessInstanceRelationships": (
        {"upstreamInstances"},
        {"parentTemplate", "parentInstance"},
    ),
    "dataProcessInstanceInput": ({"inputs"}, set()),
    "dataProcessInstanceOutput": ({"outputs"}, set()),
    "dataProcessInstanceRunEvent": (
        {"timestampMillis", "status"},
        {"attempt", "result", "durationMillis"},
    ),
    "assertionInfo": (
        {"type"},
        {"customAssertion", "freshnessAssertion", "source", "description", "customProperties"},
    ),
    "assertionRunEvent": (
        {"timestampMillis", "runId", "asserteeUrn", "status", "assertionUrn"},
        {"result"},
    ),
    "dataPlatformInstance": ({"platform"}, {"instance"}),
    "incidentInfo": (
        {"type", "entities", "status", "created"},
        {"customType", "title", "description", "priority", "assignees", "source", "startedAt"},
    ),
}
_OF_ENTITY = {
    "dataset": {"datasetKey", "schemaMetadata", "operation", "status"},
    "dataFlow": {"dataFlowInfo", "status"},
    "dataJob": {"dataJobInfo", "dataJobInputOutput", "status"},
    "assertion": {"assertionInfo", "assertionRunEvent", "dataPlatformInstance", "status"},
    "incident": {"incidentInfo"},  # no status: an incident is resolved, never removed
    "dataProcessInstance": {name for name in _ASPECTS if name.startswith("dataProcessInstance")},
}
_TIMESERIES = {"operation", "dataProcessInstanceRunEvent", "assertionRunEvent"}
_PATCHABLE = {"globalTags": "tags", "ownership": "owners"}


def new_target(url: str = "http://gms:8080", **more: Any) -> Target:
    """A sink for this address."""
    raw = {"type": "datahub", "url": url, "naming": RULES, **more}
    return settings.targets({"sinks": {"one": raw}}, {})[0]


class FakeDataHub(Fake):
    """What it holds is in `aspects`; time series in `series`, one value a (timestamp, message)."""

    bodies_at_most: ClassVar[int] = 16_000_000

    def __init__(self, *, generic: bool = True) -> None:
        super().__init__()
        self.generic = generic
        self.aspects: dict[str, dict[str, Any]] = defaultdict(dict)
        self.series: dict[tuple[str, str], dict[tuple[int, str], Any]] = defaultdict(dict)

    def answer(self, request: Request) -> Answer:
        if request.method == "GET" and request.path == "/config":
            versions = {"acryldata/datahub": {"version": "v1.6.0"}}
            return Answer(200, {"noCode": "true", "versions": versions})
        match = re.fullmatch(r"/openapi/v3/entity/(\w+)(/batchGet)?", request.path)
        if not match or (match[1] == "generic" and not self.generic):
            return Answer(404, {"error": "No static resource"})
        if match[2]:
            asked = request.json() if match[1] == "generic" else {match[1]: request.json()}
            found = {
                entity: [self._held(item) for item in items] for entity, items in asked.items()
            }
            return Answer(200, found if match[1] == "generic" else found[match[1]])
        if len(request.body) > self.bodies_at_most:
            return Answer(413, {"error": "too large"})
        body = request.json() if match[1] == "generic" else {match[1]: request.json()}
        try:
            for entity, items in body.items():
                for item in items:
                    self._check(entity, item, patch=request.method == "PATCH")
        except ValueError as error:  # one bad aspect refuses the whole batch
            return Answer(400, {"error": "Validation Error", "message": str(error)})
        for items in body.values():
            for item in items:
                self._store(item, patch=request.method == "PATCH")
        return Answer(200 if request.query.get("async") == "false" else 202, body)

    def _held(self, item: dict[str, Any]) -> dict[str, Any]:
        held = self.aspects.get(item["urn"], {})
        named = {name: {"value": held[name]} for name in item if name in held}
        return {"urn": item["urn"], **named}

    def _check(self, entity: str, item: dict[str, Any], *, patch: bool) -> None:
        if entity not in _OF_ENTITY:
            raise ValueError(f"Failed to find entity with name {entity}")
        if not re.fullmatch(_URNS[entity], item["urn"]):
            raise ValueError(f"Invalid urn!: {item['urn']}")
        for aspect, sent in item.items():
            if aspect == "urn":
                continue
            value = sent["value"]
            if patch:
                self._check_patch(aspect, value)
                continue
            if aspect not in _OF_ENTITY[entity]:
                raise ValueError(f"Unknown aspect {aspect} of {entity}")
            required, optional = _ASPECTS[aspect]
            if required - set(value) or set(value) - required - optional:
                raise ValueError(f"{aspect}: {sorted(value)}")
            self._check_urns(value)
            self._check_enums(aspect, value)
            datahub_quality.check(aspect, value, item["urn"])

    def _check_patch(self, aspect: str, value: dict[str, Any]) -> None:
        if aspect not in {*_PATCHABLE, "dataJobInputOutput"}:
            raise ValueError(f"{aspect} cannot be patched")
        for operation in value["patch"]:
            if operation["op"] not in ("add", "remove") or not operation["path"].startswith("/"):
                raise ValueError(f"bad patch {operation}")
            self._check_urns(operation.get("value"))

    def _check_urns(self, value: Any) -> None:
        if isinstance(value, dict):
            for item in value.values():
                self._check_urns(item)
        elif isinstance(value, list):
            for item in value:
                self._check_urns(item)
        elif isinstance(value, str) and value.startswith("urn:li:"):
            kind = value.split(":")[2]
            if kind in _URNS and not re.fullmatch(_URNS[kind], value):
                raise ValueError(f"Invalid urn!: {value}")

    def _check_enums(self, aspect: str, value: dict[str, Any]) -> None:
        if aspect == "dataProcessInstanceRunEvent":
            if value["status"] not in ("STARTED", "COMPLETE"):
                raise ValueError(f"status {value['status']}")
            if (value["status"] == "COMPLETE") != ("result" in value):
                raise ValueError("a COMPLETE has a result")
            results = ("SUCCESS", "FAILURE", "SKIPPED", "UP_FOR_RETRY")
            if "result" in value and value["result"]["type"] not in results:
                raise ValueError(f"result {value['result']}")
        if aspect == "dataJobInfo" and value["type"] != {"string": "COMMAND"}:
            raise ValueError("dataJobInfo.type is a union")
        for name in ("timestampMillis", "durationMillis", "attempt"):
            if name in value and not isinstance(value[name], int):
                raise ValueError(f"{name} is a number")

    def _store(self, item: dict[str, Any], *, patch: bool) -> None:
        urn = item["urn"]
        for aspect, sent in item.items():
            if aspect == "urn":
                continue
            if patch:
                self._patch(urn, aspect, sent["value"])
            elif aspect in _TIMESERIES:
                key = (sent["value"]["timestampMillis"], sent["value"].get("messageId", ""))
                self.series[urn, aspect][key] = sent["value"]
            else:
                before = self.aspects[urn].get(aspect)
                self.aspects[urn][aspect] = sent["value"]
                if aspect == "incidentInfo":
                    datahub_quality.summarise(self.aspects, urn, before, sent["value"])

    def _patch(self, urn: str, aspect: str, value: dict[str, Any]) -> None:
        held = self.aspects[urn].setdefault(aspect, {})
        for operation in value["patch"]:
            path = [
                part.replace("~1", "/").replace("~0", "~")
                for part in operation["path"].split("/")[1:]
            ]
            array = held.setdefault(path[0], [])
            if path[0] == "fineGrainedLineages":
                how, down, _, up = path[1:]
                member: Any = {"how": how, "down": down, "up": up}
                same = [item for item in array if item == member]
            elif path[0] in _PATCHABLE.values():
                member = operation.get("value")
                same = [item for item in array if item == member]
            else:  # one edge to each other end
                member = operation.get("value")
                same = [item for item in array if item["destinationUrn"] == path[1]]
            held[path[0]] = [item for item in array if item not in same]  # there or not
            if operation["op"] == "add":
                held[path[0]].append(member)

    def results(self, urn: str) -> list[str]:
        """Of a run: STARTED, or the result, in the order of time."""
        events = self.series[urn, "dataProcessInstanceRunEvent"]
        return [
            value["result"]["type"] if "result" in value else value["status"]
            for _, value in sorted(events.items())
        ]
