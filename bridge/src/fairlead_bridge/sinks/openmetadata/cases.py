"""
Test cases of tables in one OpenMetadata: their results, and the incidents that it opens for those
that fail.

A test case is ours by its test definition, and removed only where this bot made it. One that has
the name of ours and another definition is left alone, with its results.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from fairlead_bridge import letters
from fairlead_bridge.errors import HttpRejected, Rejected
from fairlead_bridge.sinks.openmetadata.checks import DEFINITIONS, FRESHNESS, Check, at_table
from fairlead_bridge.sinks.openmetadata.names import quoted
from fairlead_bridge.sinks.openmetadata.payloads import Body
from fairlead_bridge.sinks.openmetadata.server import Server

_CASES = "/dataQuality/testCases"
_RESULTS, _INCIDENTS = f"{_CASES}/testCaseResults", f"{_CASES}/testCaseIncidentStatus"
_FIELDS = "testDefinition,testCaseResult,incidentId"
_PAGE = 1_000
#: What the bot must be allowed to do: resource, operation.
_RIGHTS = (
    ("table", "ViewTests"),
    ("table", "EditTests"),
    ("testDefinition", "Create"),
    ("testCase", "Create"),
    ("testCase", "Delete"),
)
_PATCH = {"Content-Type": "application/json-patch+json"}


class Cases:
    """The test cases of one OpenMetadata."""

    def __init__(self, server: Server) -> None:
        self._server = server

    def deliver(self, table: Body, checks: list[Check]) -> None:
        """
        Make the table's test cases as they are in `checks`, with their newest results.

        One request to look, and for each that changed at most four. Raises Rejected where this
        OpenMetadata, or this bot's role, does not allow it.
        """
        if checks or table.get("testSuite"):
            fqn = table["fullyQualifiedName"]
            self._allowed(fqn, lambda: self._deliver(table, checks))

    def acknowledge(self, fqn: str) -> None:
        """Acknowledge the incident of a table's freshness, if it is new: in at most three requests."""
        self._allowed(fqn, lambda: self._acknowledge(f"{fqn}.{FRESHNESS}"))

    def probe(self) -> str:
        """Whether this OpenMetadata takes test results, and the bot may deliver them."""
        try:
            self._call("GET", _CASES, params={"limit": "1"})
            denied = [f"{what} of {of}" for of, what in _RIGHTS if not self._may(of, what)]
        except HttpRejected as error:
            return f"NO TEST RESULTS: {error}; a server older than 1.6 needs `checks = false`"
        if denied:
            return (
                f"NO TEST RESULTS: the bot lacks {', '.join(denied)}; give it a role that may do "
                "this, or write `checks = false`"
            )
        return "checks and freshness are delivered as test results"

    def _may(self, resource: str, operation: str) -> bool:
        asked = self._server.find(f"/permissions/{resource}") or {}
        return any(
            each["operation"] == operation and each["access"] in ("allow", "conditionalAllow")
            for each in asked.get("permissions") or ()
        )

    def _allowed(self, fqn: str, deliver: Callable[[], None]) -> None:
        try:
            deliver()
        except HttpRejected as error:
            if error.status == 404 and "instance for" in error.body:
                raise  # what was there a moment ago is gone
            version = self._server.find("/system/version") or {}
            raise Rejected(
                f"OpenMetadata {version.get('version', '?')} takes no test results of {fqn}: {error}. "
                "`fairlead-bridge sinks check` names the rights that are missing; a server older "
                "than 1.6 needs `checks = false`. What else there is of the table was delivered"
            ) from error

    def _deliver(self, table: Body, checks: list[Check]) -> None:
        there = self._of_table(table)
        wanted = set()
        for check in checks:
            link = _link(table, check)
            if link is None:
                check = at_table(check)
                link = _entity(table)
            wanted.add((link, check.name))
            case = there.get((link, check.name)) or self._make(check, link)
            if _is_ours(case):
                self._report(case, check)
        if checks:  # OpenMetadata made one with the first test case
            table["testSuite"] = table.get("testSuite") or {"type": "testSuite"}
        for key, case in there.items():
            if key not in wanted and _is_ours(case):
                self._retract(case)

    def _of_table(self, table: Body) -> dict[tuple[str, str], Body]:
        """The table's test cases and those of its columns, by what they are of and their names."""
        found: dict[tuple[str, str], Body] = {}
        params = {
            "entityLink": _entity(table),
            "includeAllTests": "true",
            "fields": _FIELDS,
            "limit": str(_PAGE),
        }
        while True:
            page = self._call("GET", _CASES, params=params) or {}
            found |= {(case["entityLink"], case["name"]): case for case in page.get("data") or ()}
            after = (page.get("paging") or {}).get("after")
            if not after:
                return found
            params = {**params, "after": after}

    def _make(self, check: Check, link: str) -> Body:
        self._server.once("/dataQuality/testDefinitions", DEFINITIONS[check.definition])
        body = {
            "name": check.name,
            "description": check.description,
            "testDefinition": check.definition,
            "entityLink": link,
        }
        made: Body = self._call("PUT", _CASES, body)
        return {**made, "testDefinition": {"name": check.definition}}

    def _report(self, case: Body, check: Check) -> None:
        """Add a result where it differs from the newest; times of results only go up."""
        if check.at is None:
            return
        status = check.status
        last = case.get("testCaseResult") or {}
        at, same = check.at, last.get("testCaseStatus") == status
        if last and last["timestamp"] >= at:
            at = last["timestamp"] if same else last["timestamp"] + 1
        fqn = quote(case["fullyQualifiedName"], safe="")
        if same and at == last["timestamp"]:
            if last.get("result") != check.text:
                patch = [{"op": "add", "path": "/result", "value": check.text}]
                self._call("PATCH", f"{_RESULTS}/{fqn}/{at}", patch, headers=_PATCH)
        else:
            values = [{"name": "actual", "value": check.actual}] if check.actual else []
            body = {
                "timestamp": at,
                "testCaseStatus": status,
                "result": check.text,
                "testResultValue": values,
            }
            try:
                self._call("POST", f"{_RESULTS}/{fqn}", body)
            except HttpRejected as error:
                if error.status != 409:  # it is there already
                    raise
        if status != "Failed" and case.get("incidentId"):
            self._resolve(case, check.text)

    def _resolve(self, case: Body, why: str) -> None:
        details = {"testCaseFailureReason": "Other", "testCaseFailureComment": why}
        self._move(case, "Resolved", details)

    def _move(self, case: Body, status: str, details: Body | None = None) -> None:
        body: Body = {
            "testCaseReference": case["fullyQualifiedName"],
            "testCaseResolutionStatusType": status,
        }
        if details is not None:
            body["testCaseResolutionStatusDetails"] = details
        self._call("POST", _INCIDENTS, body)

    def _retract(self, case: Body) -> None:
        """Remove a test case that this bot made and that nothing stands for any more."""
        own = self._server.own_user()
        if own is None or case.get("createdBy", case.get("updatedBy")) != own:
            return
        if case.get("incidentId"):
            self._resolve(case, "This is no longer checked")
        params = {"recursive": "true", "hardDelete": "false"}  # its results come with it
        try:
            self._call("DELETE", f"{_CASES}/{case['id']}", params=params)
        except HttpRejected as error:
            if error.status != 404:  # it is gone already
                raise

    def _acknowledge(self, fqn: str) -> None:
        try:
            params = {"fields": _FIELDS}
            case = self._call("GET", f"{_CASES}/name/{quote(fqn, safe='')}", params=params)
        except HttpRejected as error:
            if error.status != 404:
                raise
            return
        if not _is_ours(case) or not case.get("incidentId"):
            return
        states = self._call("GET", f"{_INCIDENTS}/stateId/{case['incidentId']}") or {}
        newest: Body = max(
            states.get("data") or (), key=lambda it: it.get("timestamp") or 0, default={}
        )
        if newest.get("testCaseResolutionStatusType") == "New":
            self._move(case, "Ack")

    def _call(self, method: str, path: str, body: Any = None, **more: Any) -> Any:
        """As `Server.call`, but a right that is missing here does not pause the whole sink."""
        return self._server.client.json(method, path, body, **more)


def _is_ours(case: Body) -> bool:
    return (case.get("testDefinition") or {}).get("name") in DEFINITIONS


def _entity(table: Body) -> str:
    return f"<#E::table::{table['fullyQualifiedName']}>"


def _link(table: Body, check: Check) -> str | None:
    """What the check is of, as OpenMetadata refers to it; None where the table lacks the column."""
    if check.column is None:
        return _entity(table)
    own = letters.spelled(check.column, [each["name"] for each in table.get("columns") or ()])
    return own and f"<#E::table::{table['fullyQualifiedName']}::columns::{quoted(own)}>"
