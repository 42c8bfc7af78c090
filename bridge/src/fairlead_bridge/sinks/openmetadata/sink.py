"""Delivers to OpenMetadata: prerequisites first, then the entries of each step concurrently."""

from __future__ import annotations

import time
from collections.abc import Hashable, Iterator, Sequence
from typing import ClassVar
from urllib.parse import quote

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
from fairlead_bridge.sinks.concurrency import keyed_concurrently
from fairlead_bridge.sinks.http import Client
from fairlead_bridge.sinks.openmetadata.cases import Cases
from fairlead_bridge.sinks.openmetadata.edges import Edges
from fairlead_bridge.sinks.openmetadata.names import quoted, split
from fairlead_bridge.sinks.openmetadata.payloads import (
    CLASSIFICATION,
    AcknowledgedPayload,
    Body,
    EdgesPayload,
    Payload,
    PipelinePayload,
    Renderer,
    StatusPayload,
    TablePayload,
)
from fairlead_bridge.sinks.openmetadata.server import INGESTED_LATER, PIPELINE_LATER, Server
from fairlead_bridge.sinks.openmetadata.settings import OpenMetadataSettings
from fairlead_bridge.sinks.settings import SinkSettings

#: The steps of a push: each needs what those before it made.
_ORDER: tuple[type, ...] = (
    PipelinePayload,
    TablePayload,
    StatusPayload,
    EdgesPayload,
    AcknowledgedPayload,
)


class OpenMetadata:
    """Delivers entries to an OpenMetadata."""

    Settings: ClassVar[type[SinkSettings]] = OpenMetadataSettings
    kinds: frozenset[Kind] = frozenset({"dataset", "job", "run", "incident"})

    def __init__(self, name: str, settings: OpenMetadataSettings) -> None:
        self.name = name
        self._settings = settings
        self._renderer = Renderer(settings)
        self._server = Server(settings)
        self._edges = Edges(self._server, settings.service)
        self._cases = Cases(self._server)

    @property
    def client(self) -> Client:
        """The HTTP client to OpenMetadata's REST API."""
        return self._server.client

    def render(self, entry: AnyEntry) -> Payload | None:
        """A DAG, a DAG run, what a task reads and writes, or how fresh a table is."""
        return self._renderer.of(entry)

    def named(self, dataset: DatasetRef) -> str | None:
        """The table's fully qualified name; None where no rule names its service."""
        return self._renderer.named(dataset)

    def push(self, payloads: Sequence[Payload]) -> Iterator[Outcome]:
        """DAGs before their runs, tables before what flows between them."""
        self._server.refresh()
        outcomes: dict[int, Outcome] = {}
        down: Unavailable | None = None
        until = time.monotonic() + ENOUGH
        for step in _ORDER:
            places = [n for n, payload in enumerate(payloads) if isinstance(payload, step)]
            sent = keyed_concurrently(
                [payloads[n] for n in places],
                _conflict_keys,
                self._outcome,
                at_most=self._settings.concurrency,
                until=until,
            )
            outcomes |= {places[n]: outcome for n, outcome in sent.results.items()}
            down = sent.down
            if down is not None:
                break
        for n in range(len(payloads)):
            yield outcomes.get(n, NotAsked("not sent yet"))
        if down is not None:
            raise down

    def _outcome(self, payload: Payload) -> Outcome:
        try:
            self._deliver(payload)
        except (MissingParent, ServerFailed) as error:
            return error
        except Rejected as error:
            is_gone = isinstance(error, HttpRejected) and error.status == 404
            if is_gone and self._server.forget():  # something we had looked up is gone
                return MissingParent(str(error), PIPELINE_LATER)
            return error
        return None

    def _deliver(self, payload: Payload) -> None:
        match payload:
            case PipelinePayload():
                self._put_pipeline(payload)
            case StatusPayload():
                self._put_status(payload)
            case EdgesPayload():
                self._draw_edges(payload)
            case TablePayload():
                self._update_table(payload)
            case AcknowledgedPayload(tables=tables):
                for table in tables:
                    self._cases.acknowledge(table)

    def _service(self) -> None:
        body: Body = {"name": self._settings.service, "serviceType": "Airflow"}
        if self._settings.airflow_url:
            config = {
                "type": "Airflow",
                "hostPort": self._settings.airflow_url,
                "connection": {"type": "Backend"},
            }
            body["connection"] = {"config": config}
        self._server.once("/services/pipelineServices", body)

    def _put_pipeline(self, payload: PipelinePayload) -> None:
        self._service()
        if payload.tags:
            classification = {"name": CLASSIFICATION, "description": "Tags of Airflow's DAGs"}
            self._server.once("/classifications", classification)
        for tag in payload.tags:
            body = {
                "name": tag,
                "classification": CLASSIFICATION,
                "description": f"Airflow: {tag}",
            }
            self._server.once("/tags", body)
        owners = [found for name in payload.owners if (found := self._server.owner(name))]
        try:
            self._server.call(
                "PUT", "/pipelines", payload.body | ({"owners": owners} if owners else {})
            )
        except HttpRejected as error:
            if error.status != 404:
                raise
            self._server.forget_made()  # the service or a tag was deleted; make it again
            raise MissingParent(str(error), PIPELINE_LATER) from error

    def _put_status(self, payload: StatusPayload) -> None:
        try:
            self._server.call(
                "PUT", f"/pipelines/{quote(payload.pipeline, safe='')}/status", payload.body
            )
        except HttpRejected as error:
            if error.status == 404 or "Invalid task name" in error.body:
                self._server.forget()
                raise MissingParent(f"{error}; the pipeline comes first", PIPELINE_LATER) from error
            raise

    def _draw_edges(self, payload: EdgesPayload) -> None:
        for source, target in payload.stale:
            self._edges.retract(source, target)
        if payload.own is not None:
            self._put_pipeline(payload.own)
        self._edges.draw_all(payload)

    def _update_table(self, payload: TablePayload) -> None:
        if payload.columns:
            self._make_table(payload)
        if payload.written_at is not None and payload.pipeline is not None:
            self._update_freshness(payload, payload.written_at, payload.pipeline)
        if payload.checks is not None:
            required = self._server.required_table if payload.checks else self._server.table
            table = required(payload.table)
            if table is not None:
                self._cases.deliver(table, payload.checks)

    def _update_freshness(self, payload: TablePayload, written_at: int, pipeline_fqn: str) -> None:
        table, pipeline = (
            self._server.required_table(payload.table),
            self._server.pipeline(pipeline_fqn),
        )
        body: Body = {
            "pipeline": pipeline,
            "serviceType": payload.service_type,
            "endTime": written_at,
            "lastRunTime": written_at,
            "lastRunStatus": "Successful",
        }
        if payload.started_at is not None:
            body["startTime"] = payload.started_at
        path = f"/tables/{table['id']}/pipelineObservability/{quote(pipeline_fqn, safe='')}"
        self._server.call("PUT", path, body)
        self._freshen(table, written_at, pipeline)

    def _freshen(self, table: Body, written_at: int, pipeline: Body) -> None:
        if "lifeCycle" not in table:  # look again: a crawler may have written one meanwhile
            path = f"/tables/{table['id']}"
            table |= self._server.call("GET", path, params={"fields": "lifeCycle"}) or {}
        held = (table.get("lifeCycle") or {}).get("updated") or {}
        if (held.get("timestamp") or 0) >= written_at:
            return  # what it has is newer
        by = {"id": pipeline["id"], "type": "pipeline"}
        updated = {"timestamp": written_at, "accessedBy": by}
        whole = "lifeCycle" not in table
        patch = {
            "op": "add",
            "path": "/lifeCycle" if whole else "/lifeCycle/updated",
            "value": {"updated": updated} if whole else updated,
        }
        kind = {"Content-Type": "application/json-patch+json"}
        self._server.call("PATCH", f"/tables/{table['id']}", [patch], headers=kind)
        table["lifeCycle"] = {**(table.get("lifeCycle") or {}), "updated": updated}

    def _make_table(self, payload: TablePayload) -> None:
        """Only where it is not there: what a crawler found is its own."""
        if self._server.table(payload.table) is not None:
            return
        parts = split(payload.table)
        if len(parts) != 4:
            raise Rejected(
                f"{payload.table}: a table is SERVICE.DATABASE.SCHEMA.TABLE; let the naming map's `to` "
                "write all of them"
            )
        service, database, schema, name = parts
        try:
            self._server.once("/databases", {"name": database, "service": quoted(service)})
        except HttpRejected as error:
            if error.status == 404:
                raise MissingParent(
                    f"OpenMetadata has no database service {service}", INGESTED_LATER
                ) from error
            raise
        above = f"{quoted(service)}.{quoted(database)}"
        self._server.once("/databaseSchemas", {"name": schema, "database": above})
        body = {
            "name": name,
            "databaseSchema": f"{above}.{quoted(schema)}",
            "columns": payload.columns,
        }
        path = f"/tables/name/{quote(payload.table, safe='')}"
        self._server.remember(path, self._server.call("PUT", "/tables", body))

    def probe(self) -> list[str]:
        """
        Address, credentials, version, and whether the naming map's services are there.

        Raises Misconfigured where a setting has to change, Unavailable where it cannot be asked now.
        """
        try:
            version = self.client.json("GET", "/system/version")
            self.client.json("GET", "/pipelines", params={"limit": "1"})
        except HttpRejected as error:
            raise Misconfigured(f"{error}; is `url` that of OpenMetadata's server?") from error
        number = version.get("version", "?") if isinstance(version, dict) else "?"
        found = [f"OpenMetadata {number} at {self.client.url.removesuffix('/api/v1')}"]
        for service in sorted({rule.service for rule in self._settings.naming if rule.service}):
            path = f"/services/databaseServices/name/{quote(quoted(service), safe='')}"
            there = self._server.find(path) is not None
            found.append(f"database service {service} " + ("is there" if there else "IS MISSING"))
        if self._settings.checks:
            found.append(self._cases.probe())
        if self._settings.retire_after_days is not None:
            who = self._server.own_user()
            found.append(
                f"edges that {who} drew are removed when they are no longer seen"
                if who
                else "NO EDGE is removed: OpenMetadata does not say whose the token is, so ours "
                "cannot be distinguished from others'"
            )
        return found


# --- small parts --------------------------------------------------------------------------------


def _conflict_keys(payload: Payload) -> Iterator[Hashable]:
    """What the delivery reads and writes again; payloads that share a key must not run at once."""
    match payload:
        case PipelinePayload(body=body):
            yield body["name"]
        case StatusPayload(pipeline=pipeline):
            yield pipeline
        case TablePayload(table=table):
            yield table
        case TablePayload(table=table):
            yield table
        case AcknowledgedPayload(tables=tables):
            yield from tables
        case EdgesPayload(outputs=outputs, stale=stale, own=own):
            yield from outputs
            yield from (target for _, target in stale)
            if own is not None:
                yield ("pipeline", own.body["name"])
