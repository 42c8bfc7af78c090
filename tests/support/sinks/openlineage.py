"""Receivers of OpenLineage events, as strict as the real ones."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import Any

from tests.support.sinks.server import Answer, Fake, Request

_ZONED = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-]\d\d:\d\d)$")


class FakeMarquez(Fake):
    """201 for what it understands; an event it took twice is one more row of the same run."""

    def __init__(self) -> None:
        super().__init__()
        self.events: list[dict[str, Any]] = []

    def answer(self, request: Request) -> Answer:
        if request.path != "/api/v1/lineage":
            return Answer(404, {"code": 404, "message": "HTTP 404 Not Found"})
        if request.method != "POST":
            return Answer(405, {"code": 405, "message": "HTTP 405 Method Not Allowed"})
        event = request.json()
        if not event.get("eventTime") or not event.get("producer"):
            return Answer(422, {"errors": ["must not be null"]})
        self.events.append(event)
        return Answer(201)

    def by_run(self) -> dict[str, list[str]]:
        """eventTypes by run, in the order they came."""
        runs: dict[str, list[str]] = defaultdict(list)
        for event in self.events:
            runs[event["run"]["runId"]].append(event["eventType"])
        return runs


class FakeAtlanEvents(Fake):
    """Takes events on the paths that were set up, of jobs in the connection's namespace."""

    def __init__(self, connector: str, connection: str) -> None:
        super().__init__()
        self.path = f"/events/openlineage/{connector}/api/v1/lineage"
        self.connection = connection
        self.events: list[dict[str, Any]] = []

    def answer(self, request: Request) -> Answer:
        if request.path != self.path:
            message = (
                f"Unauthorized: url path not configured to receive data, urlPath: {request.path}"
            )
            return Answer(401, message)
        if request.method != "POST":
            return Answer(405, "Method Not Allowed")
        event = request.json()
        parent = event["run"].get("facets", {}).get("parent")
        namespaces = {event["job"]["namespace"]}
        namespaces |= {parent["job"]["namespace"]} if parent else set()
        if namespaces == {self.connection}:  # what it cannot place it drops, and says nothing
            self.events.append(event)
        return Answer(202, "Event received")


class FakeOpenMetadataEvents(Fake):
    """Answers 200 whatever it stored, and makes edges only between tables it has."""

    TOP = frozenset(
        {"eventTime", "producer", "schemaURL", "eventType", "run", "job", "inputs", "outputs"}
    )

    def __init__(self, tables: set[str]) -> None:
        super().__init__()
        self.tables = tables
        self.edges: set[tuple[str, str]] = set()

    def answer(self, request: Request) -> Answer:
        if request.path == "/api/v1/openlineage/lineage/batch":
            events = request.json()["events"]
            if not events:
                return Answer(400, {"code": 400, "message": "events must have 1 item"})
        elif request.path == "/api/v1/openlineage/lineage":
            events = [request.json()]
        else:
            return Answer(404, {"code": 404, "message": "HTTP 404 Not Found"})
        if request.method != "POST":
            return Answer(405, {"code": 405})
        made = 0
        for event in events:
            if set(event) - self.TOP or {"eventTime", "producer", "schemaURL"} - set(event):
                return Answer(400, {"code": 400, "message": "Unrecognized field"})
            if not _ZONED.match(event["eventTime"]):
                return Answer(400, {"code": 400, "message": "eventTime"})
            made += self._absorb(event)
        message = "Event processed" if made else "Event processed, no lineage edges created"
        return Answer(200, {"status": "success", "message": message, "lineageEdgesCreated": made})

    def _absorb(self, event: dict[str, Any]) -> int:
        if event["eventType"] != "COMPLETE":
            return 0
        inputs = [item["name"] for item in event["inputs"] if item["name"] in self.tables]
        outputs = [item["name"] for item in event["outputs"] if item["name"] in self.tables]
        edges = {(source, target) for source in inputs for target in outputs}
        self.edges |= edges
        return len(edges)


class FakeDataplex(Fake):
    """RunEvents only, 5 MB, and idempotent by requestId alone."""

    def __init__(self, project: str) -> None:
        super().__init__()
        self.path = f"/v1/{project}:processOpenLineageRunEvent"
        self.taken: dict[str, dict[str, Any]] = {}

    def answer(self, request: Request) -> Answer:
        if request.path != self.path:
            return Answer(404, {"error": {"code": 404}})
        if request.method != "POST":
            return Answer(405, {"error": {"code": 405}})
        key = request.query.get("requestId", "")
        if not re.fullmatch(r"[\x20-\x7e]{36}", key):
            return Answer(400, {"error": {"code": 400, "message": "requestId"}})
        event = request.json()
        if len(request.body) > 5_000_000 or "run" not in event:
            return Answer(400, {"error": {"code": 400, "message": "RunEvent of at most 5 MB"}})
        self.taken[key] = event
        return Answer(200, {"process": "p", "run": "r", "lineageEvents": []})


class FakeDataZone(Fake):
    """Signed requests only, 300,000 bytes, and idempotent by Client-Token."""

    def __init__(self, domain: str) -> None:
        super().__init__()
        self.path = f"/v2/domains/{domain}/lineage/events"
        self.taken: dict[str, dict[str, Any]] = {}

    def answer(self, request: Request) -> Answer:
        signature = request.headers.get("authorization", "")
        if not re.match(
            r"AWS4-HMAC-SHA256 Credential=AKID/\d{8}/eu-west-1/datazone/aws4_request, "
            r"SignedHeaders=client-token;content-type;host;x-amz-date, Signature=[0-9a-f]{64}$",
            signature,
        ):
            return Answer(403, {"message": "The request signature does not match"})
        if request.path != self.path:
            return Answer(404, {"message": "ResourceNotFoundException"})
        if len(request.body) > 300_000:
            return Answer(400, {"message": "ValidationException: event"})
        self.taken[request.headers["client-token"]] = request.json()
        return Answer(200, {"domainId": "d", "id": "i"})
