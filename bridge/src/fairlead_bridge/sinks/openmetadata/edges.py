"""Draws edges between tables, and deletes those that we drew and that are stale."""

from __future__ import annotations

from fairlead_bridge import letters
from fairlead_bridge.errors import HttpRejected, MissingParent
from fairlead_bridge.sinks.openmetadata.names import quoted, split
from fairlead_bridge.sinks.openmetadata.payloads import Body, EdgesPayload
from fairlead_bridge.sinks.openmetadata.server import Server

#: The source of the edges that we draw; people's is "Manual".
_SOURCE = "OpenLineage"


class Edges:
    """The edges between tables in one OpenMetadata; ours have a pipeline of `service`."""

    def __init__(self, server: Server, service: str) -> None:
        self._server = server
        self._service = service

    def draw_all(self, payload: EdgesPayload) -> None:
        """
        Draw an edge from each input to each output.

        Raises Missing, after all others are drawn, where a table or the pipeline is not there yet.
        """
        if not payload.inputs:
            return
        pipeline = self._server.pipeline(payload.pipeline)
        missing: MissingParent | None = None
        for source in payload.inputs:
            for target in payload.outputs:
                if source == target:
                    continue
                try:
                    self._draw(payload, source, target, pipeline)
                except MissingParent as error:
                    missing = error  # the others can be drawn all the same
        if missing is not None:
            raise missing

    def _draw(self, payload: EdgesPayload, source: str, target: str, pipeline: Body) -> None:
        """One edge a pair: its columns are added to, and its first pipeline stays."""
        one, other = self._server.required_table(source), self._server.required_table(target)
        held = self._edge(one["id"], other["id"])
        drawn = {
            column["toColumn"]: set(column.get("fromColumns") or ())
            for column in held.get("columnsLineage") or ()
            if column.get("toColumn")
        }
        after = {column: set(origins) for column, origins in drawn.items()}
        for from_table, from_column, to_table, to_column in payload.columns:
            if (from_table, to_table) == (source, target):
                origin, column = _column_in(one, from_column), _column_in(other, to_column)
                if origin and column:
                    after.setdefault(column, set()).add(origin)
        by = held.get("pipeline")
        if by is None and held.get("source") != _SOURCE:  # else it would pass for one of ours
            by = {"id": pipeline["id"], "type": "pipeline"}
        if held and after == drawn and held.get("pipeline") == by:
            return
        if self._looks_ours(held) and held.get("updatedBy") not in (None, self._server.own_user()):
            return  # a user edited it; if we wrote it again, it would pass for ours
        edge = {
            "fromEntity": {"id": one["id"], "type": "table"},
            "toEntity": {"id": other["id"], "type": "table"},
            "lineageDetails": _details(held, by, after, payload.sql),
        }
        self._server.call("PUT", "/lineage", {"edge": edge})

    def retract(self, source: str, target: str) -> None:
        """Delete the edge between two tables, if it is one that we drew."""
        one, other = self._server.table(source), self._server.table(target)
        if one is None or other is None:
            return
        if not self._is_ours(self._edge(one["id"], other["id"])):
            return
        try:
            self._server.call("DELETE", f"/lineage/table/{one['id']}/table/{other['id']}")
        except HttpRejected as error:
            if error.status != 404:  # it is gone already
                raise

    def _is_ours(self, held: Body) -> bool:
        """Whether we drew the edge, and no other user has edited it since."""
        last = held.get("updatedBy")
        if not last or held.get("description") or not self._looks_ours(held):
            return False
        return bool(last == self._server.own_user())

    def _looks_ours(self, held: Body) -> bool:
        """Whether an edge is as we draw them: people's are of another source."""
        if held.get("source") != _SOURCE or not held.get("pipeline"):
            return False
        pipeline = self._server.find(f"/pipelines/{held['pipeline']['id']}")
        service = split(pipeline["fullyQualifiedName"])[0] if pipeline else None
        return service == self._service

    def _edge(self, source: str, target: str) -> Body:
        """Return the details of an edge between two ids; {} where there is none."""
        try:
            found = self._server.call("GET", f"/lineage/getLineageEdge/{source}/{target}")
        except HttpRejected as error:
            if error.status != 404:
                raise
            return {}
        edge = (found or {}).get("edge") or {}
        held = dict(edge.get("lineageDetails") or edge)
        if held.get("pipeline"):
            held["pipeline"] = {"id": held["pipeline"]["id"], "type": "pipeline"}
        return held


def _details(held: Body, by: Body | None, columns: dict[str, set[str]], sql: str | None) -> Body:
    """The body `lineageDetails`: what is held, with our pipeline, columns and SQL."""
    details: Body = {
        "source": held.get("source") or _SOURCE,
        **({"pipeline": by} if by else {}),
        "columnsLineage": [
            {"fromColumns": sorted(origins), "toColumn": column}
            for column, origins in sorted(columns.items())
        ],
    }
    if query := held.get("sqlQuery") or sql:
        details["sqlQuery"] = query
    if held.get("description"):
        details["description"] = held["description"]
    return details


def _column_in(table: Body, name: str) -> str | None:
    """The table's own spelling of a column's fully qualified name; None where it has no such."""
    columns = {column["name"]: column for column in table.get("columns") or ()}
    own = letters.spelled(name, columns)
    if own is None:
        return None
    fqn = columns[own].get("fullyQualifiedName")
    return str(fqn) if fqn else f"{table['fullyQualifiedName']}.{quoted(own)}"
