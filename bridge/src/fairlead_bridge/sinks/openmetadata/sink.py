"""
Telling an OpenMetadata: what has to be there first comes first, the rest of each step side by side.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Hashable, Iterator, Sequence
from typing import Any, ClassVar
from urllib.parse import quote

import msgspec

from fairlead_bridge.entries import AnyEntry, DatasetRef
from fairlead_bridge.errors import (
    HttpRejected,
    Misconfigured,
    MissingParent,
    NotAsked,
    Rejected,
    ServerFailed,
    Unavailable,
)
from fairlead_bridge.model import Kind
from fairlead_bridge.sinks import ENOUGH, Outcome
from fairlead_bridge.sinks.http import Bearer, Client
from fairlead_bridge.sinks.lanes import in_lanes
from fairlead_bridge.sinks.openmetadata.names import quoted, split
from fairlead_bridge.sinks.openmetadata.settings import OpenMetadataSettings
from fairlead_bridge.sinks.openmetadata.told import (
    CLASSIFICATION,
    Body,
    EdgesTold,
    PipelineTold,
    StatusTold,
    TableTold,
    Told,
    Words,
)
from fairlead_bridge.sinks.settings import SinkSettings

#: Seconds before we look again for a table or pipeline that OpenMetadata does not have.
_INGESTED_LATER, _PIPELINE_LATER = 3600.0, 30.0
#: Seconds that tables, pipelines and owners are not looked up again.
_LOOKED_UP_FOR = 300.0
#: What has to be there first comes first.
_ORDER: tuple[type, ...] = (PipelineTold, TableTold, StatusTold, EdgesTold)
#: The source of the edges that we draw; people's is "Manual".
_SOURCE = "OpenLineage"


class OpenMetadata:
    """Tells an OpenMetadata."""

    Settings: ClassVar[type[SinkSettings]] = OpenMetadataSettings
    kinds: frozenset[Kind] = frozenset({"dataset", "job", "run"})

    def __init__(self, name: str, settings: OpenMetadataSettings) -> None:
        self.name = name
        self._settings = settings
        self._words = Words(settings)
        base = settings.url.rstrip("/")
        self.client = Client(
            f"{base.removesuffix('/api')}/api/v1",
            auth=Bearer(settings.token.get_secret_value) if settings.token else None,
            timeout=(5.0, settings.timeout),
            verify=settings.verify,
            rate=settings.rate,
        )
        self._made: set[str] = set()  # prerequisites seen to by this process
        self._making = threading.Lock()
        self._known: dict[str, Body] = {}  # what is there, by path; looked up anew now and then
        self._known_until = 0.0

    def render(self, entry: AnyEntry) -> Told | None:
        """A DAG, a DAG run, what a task reads and writes, or how fresh a table is."""
        return self._words.of(entry)

    def named(self, dataset: DatasetRef) -> str | None:
        """The table's fully qualified name; None where no rule names its service."""
        return self._words.named(dataset)

    def push(self, payloads: Sequence[Told]) -> Iterator[Outcome]:
        """DAGs before their runs, tables before what flows between them."""
        self._forget()
        outcomes: dict[int, Outcome] = {}
        down: Unavailable | None = None
        until = time.monotonic() + ENOUGH
        for step in _ORDER:
            places = [n for n, payload in enumerate(payloads) if isinstance(payload, step)]
            sent = in_lanes(
                [payloads[n] for n in places],
                _touches,
                self._outcome,
                at_most=self._settings.concurrency,
                until=until,
            )
            outcomes |= {places[n]: outcome for n, outcome in sent.results.items()}
            down = sent.down
            if down is not None:
                break
        for n in range(len(payloads)):
            yield outcomes.get(n, NotAsked("others came first"))
        if down is not None:
            raise down

    def _forget(self) -> None:
        """What was not there may be by now; what was is looked up again after a while."""
        if time.monotonic() > self._known_until:
            self._known.clear()
            self._known_until = time.monotonic() + _LOOKED_UP_FOR
        self._known = {path: found for path, found in self._known.items() if found}

    def _outcome(self, told: Told) -> Outcome:
        try:
            self._tell(told)
        except (MissingParent, ServerFailed) as error:
            return error
        except Rejected as error:
            if isinstance(error, HttpRejected) and error.status == 404 and self._known:
                self._known.clear()  # something we had looked up is gone
                return MissingParent(str(error), _PIPELINE_LATER)
            return error
        return None

    def _tell(self, told: Told) -> None:
        match told:
            case PipelineTold():
                self._tell_pipeline(told)
            case StatusTold():
                self._tell_status(told)
            case EdgesTold():
                self._tell_edges(told)
            case TableTold():
                self._tell_table(told)

    def _call(self, method: str, path: str, body: Any = None, **more: Any) -> Any:
        """As `Client.json`; a right that the bot lacks rests the sink."""
        try:
            return self.client.json(method, path, body, **more)
        except HttpRejected as error:
            if error.status == 403:
                raise Misconfigured(f"{error}; give the bot a role that may do this") from error
            raise

    def _once(self, path: str, body: Body) -> None:
        """A prerequisite, put once by this process."""
        key = f"{path} {msgspec.json.encode(body, order='sorted').decode()}"
        with self._making:
            if key not in self._made:
                self._call("PUT", path, body)
                self._made.add(key)

    def _service(self) -> None:
        body: Body = {"name": self._settings.service, "serviceType": "Airflow"}
        if self._settings.airflow_url:
            config = {
                "type": "Airflow",
                "hostPort": self._settings.airflow_url,
                "connection": {"type": "Backend"},
            }
            body["connection"] = {"config": config}
        self._once("/services/pipelineServices", body)

    def _tell_pipeline(self, told: PipelineTold) -> None:
        self._service()
        if told.tags:
            said = {"name": CLASSIFICATION, "description": "Tags of Airflow's DAGs"}
            self._once("/classifications", said)
        for tag in told.tags:
            body = {
                "name": tag,
                "classification": CLASSIFICATION,
                "description": f"Airflow: {tag}",
            }
            self._once("/tags", body)
        owners = [found for name in told.owners if (found := self._who(name))]
        try:
            self._call("PUT", "/pipelines", told.body | ({"owners": owners} if owners else {}))
        except HttpRejected as error:
            if error.status != 404:
                raise
            self._made.clear()  # somebody took the service or a tag away; make it again
            raise MissingParent(str(error), _PIPELINE_LATER) from error

    def _who(self, name: str) -> Body | None:
        """A user or team of that name; nobody is invented."""
        for kind, path in (("team", "teams"), ("user", "users")):
            found = self._find(f"/{path}/name/{quote(name, safe='')}")
            if found is not None:
                return {"id": found["id"], "type": kind}
        return None

    def _find(self, path: str, fields: str = "") -> Body | None:
        """What is at the path, or None."""
        found = self._known.get(path)
        if found is None:
            params = {"fields": fields} if fields else None
            try:
                found = self._call("GET", path, params=params)
            except HttpRejected as error:
                if error.status != 404:
                    raise
                found = {}
            self._known[path] = found
        return found or None

    def _pipeline_ref(self, fqn: str) -> Body:
        found = self._find(f"/pipelines/name/{quote(fqn, safe='')}")
        if found is None:
            raise MissingParent(f"OpenMetadata has no pipeline {fqn} yet", _PIPELINE_LATER)
        return {"id": found["id"], "type": "pipeline", "fullyQualifiedName": fqn}

    def _table(self, fqn: str) -> Body | None:
        return self._find(f"/tables/name/{quote(fqn, safe='')}", "columns,lifeCycle")

    def _table_of(self, fqn: str) -> Body:
        found = self._table(fqn)
        if found is None:
            raise MissingParent(
                f"OpenMetadata has no table {fqn} yet: ingest it, or look at the naming map",
                _INGESTED_LATER,
            )
        return found

    def _tell_status(self, told: StatusTold) -> None:
        try:
            self._call("PUT", f"/pipelines/{quote(told.pipeline, safe='')}/status", told.body)
        except HttpRejected as error:
            if error.status == 404 or "Invalid task name" in error.body:
                self._known.clear()
                raise MissingParent(
                    f"{error}; the pipeline comes first", _PIPELINE_LATER
                ) from error
            raise

    def _tell_edges(self, told: EdgesTold) -> None:
        for source, target in told.stale:
            self._take_back(source, target)
        if told.own is not None:
            self._tell_pipeline(told.own)
        if not told.inputs:
            return
        pipeline = self._pipeline_ref(told.pipeline)
        missing: MissingParent | None = None
        for source in told.inputs:
            for target in told.outputs:
                if source == target:
                    continue
                try:
                    self._tell_edge(told, source, target, pipeline)
                except MissingParent as error:
                    missing = error  # the others can be told all the same
        if missing is not None:
            raise missing

    def _tell_edge(self, told: EdgesTold, source: str, target: str, pipeline: Body) -> None:
        """One edge a pair: its columns are added to, and who drew it first stays its pipeline."""
        one, other = self._table_of(source), self._table_of(target)
        held = self._edge(one["id"], other["id"])
        drawn = {
            column["toColumn"]: set(column.get("fromColumns") or ())
            for column in held.get("columnsLineage") or ()
            if column.get("toColumn")
        }
        after = {column: set(origins) for column, origins in drawn.items()}
        for from_table, from_column, to_table, to_column in told.columns:
            if (from_table, to_table) == (source, target):
                origin, column = _column_in(one, from_column), _column_in(other, to_column)
                if origin and column:
                    after.setdefault(column, set()).add(origin)
        by = held.get("pipeline")
        if by is None and held.get("source") != _SOURCE:  # else it would pass for one of ours
            by = {"id": pipeline["id"], "type": "pipeline"}
        if held and after == drawn and held.get("pipeline") == by:
            return
        if self._looks_ours(held) and held.get("updatedBy") not in (None, self._who_we_are()):
            return  # somebody wrote on it; written over, it would pass for ours again
        details: Body = {
            "source": held.get("source") or _SOURCE,
            **({"pipeline": by} if by else {}),
            "columnsLineage": [
                {"fromColumns": sorted(origins), "toColumn": column}
                for column, origins in sorted(after.items())
            ],
        }
        sql = held.get("sqlQuery") or told.sql
        if sql:
            details["sqlQuery"] = sql
        if held.get("description"):
            details["description"] = held["description"]
        edge = {
            "fromEntity": {"id": one["id"], "type": "table"},
            "toEntity": {"id": other["id"], "type": "table"},
            "lineageDetails": details,
        }
        self._call("PUT", "/lineage", {"edge": edge})

    def _take_back(self, source: str, target: str) -> None:
        """Delete the edge between two tables, if it is one that we drew."""
        one, other = self._table(source), self._table(target)
        if one is None or other is None:
            return
        held = self._edge(one["id"], other["id"])
        if not self._drew(held):
            return
        try:
            self._call("DELETE", f"/lineage/table/{one['id']}/table/{other['id']}")
        except HttpRejected as error:
            if error.status != 404:  # it is gone already
                raise

    def _drew(self, held: Body) -> bool:
        """Whether it was we who drew an edge, and nobody else has written on it since."""
        last = held.get("updatedBy")
        if not last or held.get("description") or not self._looks_ours(held):
            return False
        return bool(last == self._who_we_are())

    def _looks_ours(self, held: Body) -> bool:
        """Whether an edge is as we draw them: people's are of another source."""
        if held.get("source") != _SOURCE or not held.get("pipeline"):
            return False
        pipeline = self._find(f"/pipelines/{held['pipeline']['id']}")
        service = split(pipeline["fullyQualifiedName"])[0] if pipeline else None
        return service == self._settings.service

    def _who_we_are(self) -> str | None:
        found = self._find("/users/loggedInUser")
        return str(found["name"]) if found else None

    def _edge(self, source: str, target: str) -> Body:
        """What is known of the edge; {} where there is none."""
        try:
            found = self._call("GET", f"/lineage/getLineageEdge/{source}/{target}")
        except HttpRejected as error:
            if error.status != 404:
                raise
            return {}
        edge = (found or {}).get("edge") or {}
        held = dict(edge.get("lineageDetails") or edge)
        if held.get("pipeline"):
            held["pipeline"] = {"id": held["pipeline"]["id"], "type": "pipeline"}
        return held

    def _tell_table(self, told: TableTold) -> None:
        if told.columns:
            self._make_table(told)
        if told.written_at is None or told.pipeline is None:
            return
        table, pipeline = self._table_of(told.table), self._pipeline_ref(told.pipeline)
        body: Body = {
            "pipeline": pipeline,
            "serviceType": told.service_type,
            "endTime": told.written_at,
            "lastRunTime": told.written_at,
            "lastRunStatus": "Successful",
        }
        if told.started_at is not None:
            body["startTime"] = told.started_at
        path = f"/tables/{table['id']}/pipelineObservability/{quote(told.pipeline, safe='')}"
        self._call("PUT", path, body)
        self._freshen(table, told.written_at, pipeline)

    def _freshen(self, table: Body, written_at: int, pipeline: Body) -> None:
        if "lifeCycle" not in table:  # look again: a crawler may have written one meanwhile
            path = f"/tables/{table['id']}"
            table |= self._call("GET", path, params={"fields": "lifeCycle"}) or {}
        held = (table.get("lifeCycle") or {}).get("updated") or {}
        if (held.get("timestamp") or 0) >= written_at:
            return  # somebody knows better
        by = {"id": pipeline["id"], "type": "pipeline"}
        updated = {"timestamp": written_at, "accessedBy": by}
        whole = "lifeCycle" not in table
        patch = {
            "op": "add",
            "path": "/lifeCycle" if whole else "/lifeCycle/updated",
            "value": {"updated": updated} if whole else updated,
        }
        kind = {"Content-Type": "application/json-patch+json"}
        self._call("PATCH", f"/tables/{table['id']}", [patch], headers=kind)
        table["lifeCycle"] = {**(table.get("lifeCycle") or {}), "updated": updated}

    def _make_table(self, told: TableTold) -> None:
        """Only where it is not there: what a crawler found is its own."""
        if self._table(told.table) is not None:
            return
        parts = split(told.table)
        if len(parts) != 4:
            raise Rejected(
                f"{told.table}: a table is SERVICE.DATABASE.SCHEMA.TABLE; let the naming map's `to` "
                "write all of them"
            )
        service, database, schema, name = parts
        try:
            self._once("/databases", {"name": database, "service": quoted(service)})
        except HttpRejected as error:
            if error.status == 404:
                raise MissingParent(
                    f"OpenMetadata has no database service {service}", _INGESTED_LATER
                ) from error
            raise
        above = f"{quoted(service)}.{quoted(database)}"
        self._once("/databaseSchemas", {"name": schema, "database": above})
        body = {
            "name": name,
            "databaseSchema": f"{above}.{quoted(schema)}",
            "columns": told.columns,
        }
        path = f"/tables/name/{quote(told.table, safe='')}"
        self._known[path] = self._call("PUT", "/tables", body)

    def probe(self) -> list[str]:
        """Address, credentials, version, and whether the naming map's services are there."""
        try:
            version = self.client.json("GET", "/system/version")
            self.client.json("GET", "/pipelines", params={"limit": "1"})
        except HttpRejected as error:
            raise Misconfigured(f"{error}; is `url` that of OpenMetadata's server?") from error
        told = version.get("version", "?") if isinstance(version, dict) else "?"
        found = [f"OpenMetadata {told} at {self.client.url.removesuffix('/api/v1')}"]
        for service in sorted({rule.service for rule in self._settings.naming if rule.service}):
            path = f"/services/databaseServices/name/{quote(quoted(service), safe='')}"
            there = self._find(path) is not None
            found.append(f"database service {service} " + ("is there" if there else "IS MISSING"))
        if self._settings.retire_after_days is not None:
            who = self._who_we_are()
            found.append(
                f"edges that {who} drew are taken back when they are no longer seen"
                if who
                else "NO EDGE is taken back: OpenMetadata does not say whose the token is, so ours "
                "cannot be told from others'"
            )
        return found


# --- small parts --------------------------------------------------------------------------------


def _touches(told: Told) -> Iterator[Hashable]:
    """What telling this reads and writes again; two that share it must not do so at once."""
    match told:
        case PipelineTold(body=body):
            yield body["name"]
        case StatusTold(pipeline=pipeline):
            yield pipeline
        case TableTold(table=table):
            yield table
        case EdgesTold(outputs=outputs, stale=stale, own=own):
            yield from outputs
            yield from (target for _, target in stale)
            if own is not None:
                yield ("pipeline", own.body["name"])


def _column_in(table: Body, name: str) -> str | None:
    """The table's own spelling of a column's fully qualified name; None where it has no such."""
    for column in table.get("columns") or ():
        if column["name"].lower() == name.lower():
            fqn = column.get("fullyQualifiedName")
            return str(fqn) if fqn else f"{table['fullyQualifiedName']}.{quoted(column['name'])}"
    return None
