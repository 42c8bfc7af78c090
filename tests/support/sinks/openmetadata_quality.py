"""
OpenMetadata's data quality: a test case is of a table or of a column that is there, and has one
result for a moment; a failed one opens an incident, which only its resolution ends.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from typing import Any

_NAME = r"((?!::).)+"
_LINK = re.compile(r"<#E::table::((?:[^:<>|]|:[^:<>|])+?)(?:::columns::((?:[^:<>|]|:[^:<>|])+))?>")
_DETAILS = {
    "New": None,
    "Ack": None,
    "Resolved": {"testCaseFailureReason", "testCaseFailureComment"},
}
_REASONS = {"FalsePositive", "MissingData", "Duplicates", "OutOfBounds", "Other"}

Refuse = Callable[[int, str], Exception]


class Quality:
    """Definitions, test cases by their names, results by their moments, states of incidents."""

    def __init__(self, tables: Callable[[], dict[str, Any]], refuse: Refuse) -> None:
        self.definitions: dict[str, dict[str, Any]] = {}
        self.cases: dict[str, dict[str, Any]] = {}
        self.results: dict[str, dict[int, dict[str, Any]]] = {}
        self.states: dict[str, list[dict[str, Any]]] = {}  # of a test case, oldest first
        self._tables, self._refuse = tables, refuse

    def by_person(self, table: str, name: str, who: str = "ann") -> dict[str, Any]:
        """A test case that a person made."""
        self.definitions["columnValuesToBeUnique"] = {"entityType": "TABLE"}
        body = {
            "name": name,
            "testDefinition": "columnValuesToBeUnique",
            "entityLink": f"<#E::table::{table}>",
        }
        return self.put_case(body, who)

    def newest(self, fqn: str) -> dict[str, Any]:
        """The newest result of a test case."""
        results = self.results.get(fqn) or {0: {}}
        return results[max(results)]

    def state(self, fqn: str) -> str | None:
        """How the last incident of a test case stands."""
        states = self.states.get(fqn)
        return states[-1]["testCaseResolutionStatusType"] if states else None

    def put_definition(self, body: dict[str, Any]) -> dict[str, Any]:
        self._only(body, {"name", "entityType", "testPlatforms"}, {"displayName", "description"})
        if body["entityType"] not in ("TABLE", "COLUMN"):
            raise self._refuse(400, f"entityType {body['entityType']}")
        if not set(body["testPlatforms"]) <= {"OpenMetadata", "dbt", "Other"}:
            raise self._refuse(400, f"testPlatforms {body['testPlatforms']}")
        self.definitions[body["name"]] = body
        return body

    def put_case(self, body: dict[str, Any], who: str) -> dict[str, Any]:
        self._only(body, {"name", "testDefinition", "entityLink"}, {"description", "displayName"})
        link = _LINK.fullmatch(body["entityLink"])
        if link is None or not re.fullmatch(_NAME, body["name"]):
            raise self._refuse(400, f"invalid name or entityLink {body}")
        definition = self.definitions.get(body["testDefinition"])
        if definition is None:
            raise self._refuse(
                404, f"testDefinition instance for {body['testDefinition']} not found"
            )
        table = self._tables().get(link[1])
        if table is None:
            raise self._refuse(404, f"table instance for {link[1]} not found")
        if (definition["entityType"] == "COLUMN") != (link[2] is not None):
            raise self._refuse(400, "Column test case must have a field name")
        if link[2] and link[2] not in {column["name"] for column in table["columns"]}:
            raise self._refuse(400, f"Column {link[2]} does not exist")
        table["testSuite"] = {"type": "testSuite", "name": f"{link[1]}.testSuite"}
        name = f'"{body["name"]}"' if "." in body["name"] else body["name"]
        fqn = ".".join([part for part in (link[1], link[2]) if part] + [name])
        held = self.cases.setdefault(
            fqn, {"id": str(uuid.uuid5(uuid.NAMESPACE_URL, fqn)), "createdBy": who}
        )
        if held.get("description") and who.endswith("-bot"):
            body = {key: value for key, value in body.items() if key != "description"}
        held |= body | {"fullyQualifiedName": fqn, "updatedBy": who, "deleted": False}
        return self._shown(held, ())

    def list_cases(self, query: dict[str, str]) -> dict[str, Any]:
        link = query.get("entityLink")
        if link is not None and not _LINK.fullmatch(link):
            raise self._refuse(400, f"Entity link was not found: {link}")
        fields = self._fields(query)
        start, limit = int(query.get("after", 0)), int(query.get("limit", 10))
        found = [
            self._shown(case, fields)
            for case in self.cases.values()
            if not case["deleted"]
            and (
                link in (None, case["entityLink"])
                or (
                    query.get("includeAllTests") == "true"
                    and case["entityLink"].startswith(f"{str(link)[:-1]}::")
                )
            )
        ]
        more = {"after": str(start + limit)} if start + limit < len(found) else {}
        return {"data": found[start : start + limit], "paging": {"total": len(found), **more}}

    def case(self, fqn: str, query: dict[str, str]) -> dict[str, Any]:
        return self._shown(self._case(fqn), self._fields(query))

    def delete_case(self, key: str, query: dict[str, str]) -> None:
        case = next((it for it in self.cases.values() if it["id"] == key), None)
        if case is None:
            raise self._refuse(404, f"testCase instance for {key} not found")
        if self.states.get(case["fullyQualifiedName"]) and query.get("recursive") != "true":
            raise self._refuse(400, "testCase is not empty")
        if query.get("hardDelete") != "false":
            raise self._refuse(403, "this bot may not delete for good")
        case["deleted"] = True

    def add_result(self, fqn: str, body: dict[str, Any], who: str) -> None:
        case = self._case(fqn)
        self._only(body, {"timestamp", "testCaseStatus", "testResultValue"}, {"result"})
        if body["testCaseStatus"] not in ("Success", "Failed", "Aborted", "Queued"):
            raise self._refuse(400, f"testCaseStatus {body['testCaseStatus']}")
        for value in body["testResultValue"]:
            self._only(value, set(), {"name", "value"})
        results = self.results.setdefault(fqn, {})
        if body["timestamp"] in results:
            raise self._refuse(409, "Entity already exists")
        results[body["timestamp"]] = body
        if body["testCaseStatus"] == "Failed" and self._incident(fqn) is None:
            self._open(
                case, "New", who, str(uuid.uuid5(uuid.NAMESPACE_URL, f"{fqn} {len(results)}"))
            )

    def patch_result(self, fqn: str, at: int, operations: list[dict[str, Any]]) -> None:
        self._case(fqn)
        if at not in self.results.get(fqn, {}):
            raise self._refuse(404, f"testCaseResult instance for {at} not found")
        for operation in operations:
            if operation["path"] != "/result" or operation["op"] not in ("add", "replace"):
                raise self._refuse(400, f"cannot patch {operation}")
            self.results[fqn][at]["result"] = operation["value"]

    def move(self, body: dict[str, Any], who: str) -> None:
        """A new state of an incident; one that is over is opened again by Ack and Assigned."""
        self._only(
            body,
            {"testCaseReference", "testCaseResolutionStatusType"},
            {"testCaseResolutionStatusDetails", "severity"},
        )
        case, status = self._case(body["testCaseReference"]), body["testCaseResolutionStatusType"]
        if status not in _DETAILS:
            raise self._refuse(400, f"testCaseResolutionStatusType {status}")
        details, wanted = body.get("testCaseResolutionStatusDetails"), _DETAILS[status]
        if wanted and (set(details or {}) != wanted):
            raise self._refuse(400, f"{status} needs {sorted(wanted)}")
        if details and details["testCaseFailureReason"] not in _REASONS:
            raise self._refuse(400, f"testCaseFailureReason {details['testCaseFailureReason']}")
        fqn = case["fullyQualifiedName"]
        states = self.states.get(fqn)
        self._open(case, status, who, states[-1]["stateId"] if states else "first", details)

    def states_of(self, key: str) -> dict[str, Any]:
        found = [it for states in self.states.values() for it in states if it["stateId"] == key]
        return {"data": found[::-1], "paging": {"total": len(found)}}

    def _open(
        self, case: dict[str, Any], status: str, who: str, key: str, details: Any = None
    ) -> None:
        states = self.states.setdefault(case["fullyQualifiedName"], [])
        states.append(
            {
                "stateId": key,
                "timestamp": len(states) + 1,
                "testCaseResolutionStatusType": status,
                "testCaseResolutionStatusDetails": details,
                "updatedBy": {"name": who},
            }
        )

    def _incident(self, fqn: str) -> str | None:
        states = self.states.get(fqn)
        if not states or states[-1]["testCaseResolutionStatusType"] == "Resolved":
            return None
        return str(states[-1]["stateId"])

    def _case(self, fqn: str) -> dict[str, Any]:
        case = self.cases.get(fqn)
        if case is None or case["deleted"]:
            raise self._refuse(404, f"testCase instance for {fqn} not found")
        return case

    def _fields(self, query: dict[str, str]) -> tuple[str, ...]:
        fields = tuple(filter(None, query.get("fields", "").split(",")))
        if not set(fields) <= {"testDefinition", "testCaseResult", "incidentId"}:
            raise self._refuse(400, f"Invalid field name {fields}")
        return fields

    def _shown(self, case: dict[str, Any], fields: tuple[str, ...]) -> dict[str, Any]:
        fqn = case["fullyQualifiedName"]
        more = {
            "testDefinition": {"type": "testDefinition", "name": case["testDefinition"]},
            "testCaseResult": self.newest(fqn) or None,
            "incidentId": self._incident(fqn),
        }
        plain = {key: value for key, value in case.items() if key not in more}
        return plain | {key: more[key] for key in fields if more[key] is not None}

    def _only(self, body: dict[str, Any], required: set[str], optional: set[str]) -> None:
        if required - set(body):
            raise self._refuse(400, f"{sorted(required - set(body))} must not be null")
        if set(body) - required - optional:
            raise self._refuse(400, f"Unrecognized field {sorted(set(body) - required - optional)}")
