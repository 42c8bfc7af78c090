"""
An OpenMetadata server: unknown fields are refused, and what is referred to must be there; there is
one edge a pair of tables, and the last writer is noted on it.
"""

from __future__ import annotations

import re
import uuid
from typing import Any

from tests.support.sinks.openmetadata_quality import Quality
from tests.support.sinks.server import Answer, Fake, Request

_FIELDS: dict[str, tuple[set[str], set[str]]] = {
    "/services/pipelineServices": ({"name", "serviceType"}, {"connection"}),
    "/databases": ({"name", "service"}, set()),
    "/databaseSchemas": ({"name", "database"}, set()),
    "/tables": ({"name", "databaseSchema", "columns"}, set()),
    "/classifications": ({"name", "description"}, set()),
    "/tags": ({"name", "classification", "description"}, set()),
    "/pipelines": (
        {"name", "service"},
        {"displayName", "description", "sourceUrl", "scheduleInterval", "state", "startDate"}
        | {"tasks", "tags", "owners"},
    ),
    "task": ({"name"}, {"downstreamTasks", "sourceUrl", "taskType", "taskSQL"}),
    "status": ({"timestamp", "executionStatus", "taskStatus"}, {"executionId", "endTime"}),
    "taskStatus": ({"name", "executionStatus"}, {"startTime", "endTime", "logLink"}),
    "details": ({"source"}, {"pipeline", "columnsLineage", "sqlQuery", "description"}),
    "observability": (
        {"pipeline"},
        {"serviceType", "scheduleInterval", "startTime", "endTime", "lastRunTime", "lastRunStatus"},
    ),
}
_STATUSES = {"Successful", "Failed", "Pending", "Skipped"}


class _Refuse(Exception):
    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.answer = Answer(status, {"code": status, "message": message})


class FakeOpenMetadata(Fake):
    """What it holds: `entities` by collection and name, `statuses`, `edges`, `observed`."""

    def __init__(self) -> None:
        super().__init__()
        self.entities: dict[str, dict[str, dict[str, Any]]] = {}
        self.statuses: dict[str, dict[int, dict[str, Any]]] = {}
        self.edges: dict[tuple[str, str], dict[str, Any]] = {}
        self.observed: dict[tuple[str, str], dict[str, Any]] = {}
        self.bot = "fairlead-bot"  # whose token is used
        self.quality = Quality(lambda: self.entities.get("/tables", {}), _Refuse)
        self.denied: set[tuple[str, str]] = set()  # (resource, operation) that the bot may not do

    def add(self, collection: str, fqn: str, **body: Any) -> dict[str, Any]:
        entity = {"id": str(uuid.uuid5(uuid.NAMESPACE_URL, f"{collection} {fqn}"))}
        entity |= {"name": fqn.rpartition(".")[2], "fullyQualifiedName": fqn, **body}
        return self.entities.setdefault(collection, {}).setdefault(fqn, entity)

    def table(self, fqn: str, *columns: str) -> dict[str, Any]:
        described = [{"name": name, "fullyQualifiedName": f"{fqn}.{name}"} for name in columns]
        return self.add("/tables", fqn, columns=described)

    def between(self, source: str, target: str) -> dict[str, Any] | None:
        """The edge between two tables."""
        tables = self.entities["/tables"]
        return self.edges.get((tables[source]["id"], tables[target]["id"]))

    def draw(self, one: str, other: str, who: str, **details: Any) -> dict[str, Any]:
        """A person draws an edge, or writes on the one that is there."""
        tables = self.entities["/tables"]
        key = (tables[one]["id"], tables[other]["id"])
        held = {"source": "Manual", **self.edges.get(key, {}), **details}
        self.edges[key] = held | {"createdBy": who, "updatedBy": who}
        return self.edges[key]

    def writes(self, request: Request) -> object:
        if request.method == "GET":
            return None
        body = request.json() if request.body else {}
        if request.path.endswith("/lineage"):
            ends = (body["edge"][end]["id"] for end in ("fromEntity", "toEntity"))
            return ("/lineage", *ends)
        return (request.path, body.get("name") if isinstance(body, dict) else None)

    def answer(self, request: Request) -> Answer:
        if not request.path.startswith("/api/v1/"):
            return Answer(404, {"code": 404, "message": "HTTP 404 Not Found"})
        try:
            return self._route(request, request.path.removeprefix("/api/v1"))
        except _Refuse as refusal:
            return refusal.answer

    def _route(self, request: Request, path: str) -> Answer:
        method = request.method
        if (method, path) == ("GET", "/system/version"):
            return Answer(200, {"version": "2.0.7"})
        if (method, path) == ("GET", "/pipelines"):
            return Answer(200, {"data": []})
        if (method, path) == ("GET", "/users/loggedInUser"):
            return Answer(200, {"id": "1", "name": self.bot})
        if path.startswith("/dataQuality/"):
            return self._quality(request, path.removeprefix("/dataQuality"))
        if method == "GET" and (match := re.fullmatch(r"/permissions/(\w+)", path)):
            return Answer(200, self._permissions(match[1]))
        if method == "GET" and (match := re.fullmatch(r"(/pipelines|/tables)/([^/]+)", path)):
            return Answer(200, self._by_id(match[1], match[2]))
        if method == "DELETE" and (
            match := re.fullmatch(r"/lineage/table/([^/]+)/table/([^/]+)", path)
        ):
            for table in match.groups():
                self._by_id("/tables", table)
            if self.edges.pop((match[1], match[2]), None) is None:
                raise _Refuse(404, "Lineage edge not found")
            return Answer(200)
        if method == "GET" and (match := re.fullmatch(r"(/[\w/]+?)/name/(.+)", path)):
            return Answer(200, self._named(match[1], match[2]))
        if method == "GET" and (
            match := re.fullmatch(r"/lineage/getLineageEdge/([^/]+)/([^/]+)", path)
        ):
            edge = self.edges.get((match[1], match[2]))
            if edge is None:
                raise _Refuse(404, "Lineage edge not found")
            return Answer(200, {"edge": edge})
        if method == "PUT" and (match := re.fullmatch(r"/pipelines/(.+)/status", path)):
            return self._status(match[1], request.json())
        if (method, path) == ("PUT", "/lineage"):
            return self._edge(request.json())
        if method == "PUT" and (
            match := re.fullmatch(r"/tables/([^/]+)/pipelineObservability/(.+)", path)
        ):
            return self._observe(match[1], match[2], request.json())
        if method == "PATCH" and (match := re.fullmatch(r"/tables/([^/]+)", path)):
            return self._patch(match[1], request)
        if method == "PUT" and path in _FIELDS:
            return self._put(path, request.json())
        raise _Refuse(405 if path in _FIELDS else 404, "HTTP 404 Not Found")

    def _quality(self, request: Request, path: str) -> Answer:
        quality, method, query = self.quality, request.method, request.query
        if ("table", "EditTests") in self.denied and method != "GET":
            raise _Refuse(403, f"Principal: {self.bot} operations [EditTests] not allowed")
        match method, *path.split("/")[1:]:
            case "PUT", "testDefinitions":
                return Answer(200, quality.put_definition(request.json()))
            case "PUT", "testCases":
                return Answer(200, quality.put_case(request.json(), self.bot))
            case "GET", "testCases":
                return Answer(200, quality.list_cases(query))
            case "GET", "testCases", "name", fqn:
                return Answer(200, quality.case(fqn, query))
            case "DELETE", "testCases", key:
                quality.delete_case(key, query)
            case "POST", "testCases", "testCaseResults", fqn:
                quality.add_result(fqn, request.json(), self.bot)
            case "PATCH", "testCases", "testCaseResults", fqn, at:
                quality.patch_result(fqn, int(at), request.json())
            case "POST", "testCases", "testCaseIncidentStatus":
                quality.move(request.json(), self.bot)
            case "GET", "testCases", "testCaseIncidentStatus", "stateId", key:
                return Answer(200, quality.states_of(key))
            case _:
                raise _Refuse(404, "HTTP 404 Not Found")
        return Answer(200)

    def _permissions(self, resource: str) -> dict[str, Any]:
        operations = ("ViewTests", "EditTests", "Create", "Delete")
        permissions = [
            {"operation": it, "access": "notAllow" if (resource, it) in self.denied else "allow"}
            for it in operations
        ]
        return {"resource": resource, "permissions": permissions}

    def _named(self, collection: str, fqn: str) -> dict[str, Any]:
        try:
            return self.entities[collection][fqn]
        except KeyError:
            raise _Refuse(404, f"{collection[1:]} instance for {fqn} not found") from None

    def _by_id(self, collection: str, key: str) -> dict[str, Any]:
        for entity in self.entities.get(collection, {}).values():
            if entity["id"] == key:
                return entity
        raise _Refuse(404, f"{collection[1:]} instance for {key} not found")

    def _only(self, kind: str, body: dict[str, Any]) -> None:
        required, optional = _FIELDS[kind]
        if required - set(body):
            raise _Refuse(400, f"{sorted(required - set(body))} must not be null")
        if set(body) - required - optional:
            raise _Refuse(400, f"Unrecognized field {sorted(set(body) - required - optional)}")

    def _put(self, path: str, body: dict[str, Any]) -> Answer:
        self._only(path, body)
        name = body["name"]
        if not name or "::" in name or len(name) > 256:
            raise _Refuse(400, f'name must match "^((?!::).)*$": {name}')
        above = {
            "/databases": ("/services/databaseServices", "service"),
            "/databaseSchemas": ("/databases", "database"),
            "/tables": ("/databaseSchemas", "databaseSchema"),
            "/tags": ("/classifications", "classification"),
            "/pipelines": ("/services/pipelineServices", "service"),
        }.get(path)
        fqn = f'"{name}"' if "." in name else name
        if above:
            parent = self._named(above[0], body[above[1]])
            fqn = f"{parent['fullyQualifiedName']}.{fqn}"
        if path == "/pipelines":
            self._pipeline(body)
        if path == "/tables":
            for column in body["columns"]:
                if column["dataType"] in ("VARCHAR", "CHAR") and "dataLength" not in column:
                    raise _Refuse(400, "dataLength must not be null")
        held = self.entities.get(path, {}).get(fqn)
        if held is None:
            held = self.add(path, fqn, **body)
        else:
            held.update(_beside_people(held, body))
        held["fullyQualifiedName"] = fqn
        for column in held.get("columns", ()):
            column["fullyQualifiedName"] = f"{fqn}.{column['name']}"
        return Answer(200, held)

    def _pipeline(self, body: dict[str, Any]) -> None:
        names = [task["name"] for task in body.get("tasks", ())]
        for task in body.get("tasks", ()):
            self._only("task", task)
            if set(task.get("downstreamTasks", ())) - set(names):
                raise _Refuse(400, "downstream task is no task")
        for tag in body.get("tags", ()):
            self._named("/tags", tag["tagFQN"])
        for owner in body.get("owners", ()):
            self._by_id(f"/{owner['type']}s", owner["id"])

    def _status(self, fqn: str, body: dict[str, Any]) -> Answer:
        pipeline = self._named("/pipelines", fqn)
        self._only("status", body)
        tasks = {task["name"] for task in pipeline.get("tasks", ())}
        for status in (body, *body["taskStatus"]):
            if status["executionStatus"] not in _STATUSES:
                raise _Refuse(400, f"executionStatus {status['executionStatus']}")
        for status in body["taskStatus"]:
            self._only("taskStatus", status)
            if status["name"] not in tasks:
                raise _Refuse(400, f"Invalid task name {status['name']}")
        self.statuses.setdefault(fqn, {})[body["timestamp"]] = body
        return Answer(200, pipeline)

    def _edge(self, body: dict[str, Any]) -> Answer:
        edge = body["edge"]
        details = edge["lineageDetails"]
        self._only("details", details)
        source = self._by_id("/tables", edge["fromEntity"]["id"])
        target = self._by_id("/tables", edge["toEntity"]["id"])
        if "pipeline" in details:
            self._by_id("/pipelines", details["pipeline"]["id"])
        columns = {column["fullyQualifiedName"] for column in source["columns"]}
        own = {column["fullyQualifiedName"] for column in target["columns"]}
        for line in details.get("columnsLineage", ()):
            if set(line["fromColumns"]) - columns or line["toColumn"] not in own:
                raise _Refuse(400, f"Invalid fully qualified column name {line}")
        self.edges[source["id"], target["id"]] = details | {
            "createdAt": 1,
            "createdBy": self.bot,
            "updatedBy": self.bot,
        }
        return Answer(200)

    def _observe(self, table: str, pipeline: str, body: dict[str, Any]) -> Answer:
        self._only("observability", body)
        held = self._by_id("/tables", table)
        self._named("/pipelines", pipeline)
        self.observed[held["fullyQualifiedName"], pipeline] = body
        return Answer(200, held)

    def _patch(self, table: str, request: Request) -> Answer:
        if request.headers.get("content-type") != "application/json-patch+json":
            raise _Refuse(415, "HTTP 415 Unsupported Media Type")
        held = self._by_id("/tables", table)
        for operation in request.json():
            life = held.get("lifeCycle", {})
            # again is fine; the real one would drop what a crawler wrote, and say nothing
            if operation["path"] == "/lifeCycle" and life.keys() <= operation["value"].keys():
                held["lifeCycle"] = operation["value"]
            elif operation["path"] == "/lifeCycle/updated" and "lifeCycle" in held:
                held["lifeCycle"]["updated"] = operation["value"]
            else:
                raise _Refuse(400, f"cannot patch {operation['path']}")
        return Answer(200, held)


def _beside_people(held: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
    """What a bot puts: people's owners and texts stay, on tasks too, and tags are added to."""
    had = held.get("tags", [])
    kept = {key: held[key] for key in ("owners", "description", "displayName") if held.get(key)}
    merged = {**body, "tags": had + [tag for tag in body.get("tags", []) if tag not in had], **kept}
    if "tasks" in body:
        before = {task["name"]: task for task in held.get("tasks", ())}
        merged["tasks"] = [
            _beside_people(before.get(task["name"], {}), task) for task in body["tasks"]
        ]
    return merged
