"""
OpenMetadata, through its REST API: a pipeline for each DAG with all its tasks, a status for each DAG
run, lineage between tables it knows, and when each of them was last written.

It keeps one status for each moment a DAG run is for, one edge for each pair of tables, and nothing
that is not there yet: a table that has not been ingested is waited for, not invented, unless asked.
"""

from __future__ import annotations

import re
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any, ClassVar, Literal
from urllib.parse import quote

import msgspec
from pydantic import Field, SecretStr

from fairlead_bridge.entries import (
    AnyEntry,
    DatasetEntry,
    DatasetRef,
    JobEntry,
    JobRef,
    RunEntry,
    Tag,
    Task,
)
from fairlead_bridge.errors import Rejected, Unavailable
from fairlead_bridge.model import Kind
from fairlead_bridge.sinks import ENOUGH, Outcome, Waits, retiring
from fairlead_bridge.sinks.http import Bearer, Broken, Client, Misconfigured, Refused
from fairlead_bridge.sinks.naming import Naming
from fairlead_bridge.sinks.settings import SinkSettings, Url

Body = dict[str, Any]

#: Seconds before we look again for a table or pipeline that OpenMetadata does not have.
_INGESTED_LATER, _PIPELINE_LATER = 3600.0, 30.0
#: Seconds that tables, pipelines and owners are not looked up again.
_LOOKED_UP_FOR = 300.0
_CLASSIFICATION = "AirflowTags"
_STATES = {
    "success": "Successful",
    "failed": "Failed",
    "upstream_failed": "Failed",
    "aborted": "Failed",
    "lost": "Failed",
    "skipped": "Skipped",
    "removed": "Skipped",
}
#: Of a task's mapped instances, the worst decides.
_WORST = ("Failed", "Pending", "Successful", "Skipped")
#: OpenMetadata's data types, and what begins like them elsewhere.
_TYPES = (
    ("BIGINT", ("bigint", "int8", "long")),
    ("INT", ("int",)),
    ("BOOLEAN", ("bool",)),
    ("DOUBLE", ("double", "float8", "real")),
    ("FLOAT", ("float",)),
    ("NUMERIC", ("numeric", "number", "decimal")),
    ("TIMESTAMP", ("timestamp", "datetime")),
    ("DATE", ("date",)),
    ("TIME", ("time",)),
    ("JSON", ("json", "variant", "object")),
    ("TEXT", ("text", "string", "varchar", "char", "character")),
)


class OpenMetadataSettings(SinkSettings):
    """An OpenMetadata."""

    type: Literal["openmetadata"] = "openmetadata"
    url: Url = Field(description="http://HOST:8585, with or without /api")
    token: SecretStr | None = Field(default=None, description="a bot's JWT")
    service: str = Field(default="airflow", description="the pipeline service; made if not there")
    airflow_url: str | None = Field(default=None, description="shown as the service's address")
    create_tables: bool = Field(
        default=False, description="make tables that were not ingested; a crawler does it better"
    )


class PipelineTold(msgspec.Struct, frozen=True, tag="pipeline"):
    """A DAG: the body of `PUT /pipelines`, and who should own it."""

    body: Body
    tags: list[str]
    owners: list[str]


class StatusTold(msgspec.Struct, frozen=True, tag="status"):
    """A DAG run: the body of `PUT /pipelines/{pipeline}/status`."""

    pipeline: str
    body: Body


class EdgesTold(msgspec.Struct, frozen=True, tag="edges"):
    """What a task reads and writes: tables, and {(source, target): columns}."""

    pipeline: str
    sql: str | None
    inputs: list[str]
    outputs: list[str]
    columns: list[list[str]]  # source table, column, target table, column
    own: PipelineTold | None = None  # of a job outside Airflow, which is a pipeline by itself


class TableTold(msgspec.Struct, frozen=True, tag="table"):
    """A table: its columns where it is to be made, and its last successful write."""

    table: str
    columns: list[Body] | None = None
    pipeline: str | None = None
    service_type: str = "Airflow"
    written_at: int | None = None  # milliseconds
    started_at: int | None = None


Told = PipelineTold | StatusTold | EdgesTold | TableTold
#: What has to be there first comes first.
_ORDER: tuple[type, ...] = (PipelineTold, TableTold, StatusTold, EdgesTold)


class Missing(Unavailable):
    """Something that OpenMetadata may well have later."""


class OpenMetadata:
    """Tells an OpenMetadata."""

    Settings: ClassVar[type[SinkSettings]] = OpenMetadataSettings
    kinds: frozenset[Kind] = frozenset({"dataset", "job", "run"})

    def __init__(self, name: str, settings: OpenMetadataSettings) -> None:
        self.name = name
        self._settings = settings
        self._naming = Naming(settings.naming)
        base = settings.url.rstrip("/")
        self.client = Client(
            f"{base.removesuffix('/api')}/api/v1",
            auth=Bearer(settings.token.get_secret_value) if settings.token else None,
            timeout=(5.0, settings.timeout),
            verify=settings.verify,
            rate=settings.rate,
        )
        self._made: set[str] = set()  # prerequisites seen to by this process
        self._known: dict[str, Body] = {}  # what is there, by path; looked up anew now and then
        self._known_until = 0.0

    # --- thinking -------------------------------------------------------------------------------

    def render(self, entry: AnyEntry) -> Told | None:
        """A DAG, a DAG run, what a task reads and writes, or how fresh a table is."""
        match entry:
            case DatasetEntry():
                return self._table(entry)
            case JobEntry(job=job) if job.kind == "task" and job.task_id:
                return self._edges(entry)
            case JobEntry(job=job) if job.kind != "query":
                own, edges = self._pipeline(entry), self._edges(entry)
                return own if edges is None else msgspec.structs.replace(edges, own=own)
            case RunEntry(job=job) if job.kind not in ("task", "query"):
                return self._status(entry)
        return None

    def named(self, dataset: DatasetRef) -> str | None:
        """The table's fully qualified name; None where no rule names its service."""
        named = self._naming(dataset)
        if named is None or not named.rule.service:
            return None
        return ".".join([quoted(named.rule.service), *map(quoted, named.name.split("."))])

    def _fqn(self, job: JobRef) -> str:
        name = job.dag_id or job.name
        return f"{quoted(self._settings.service)}.{quoted(_safe(name))}"

    def _pipeline(self, entry: JobEntry) -> PipelineTold:
        tags = sorted({_tag(tag) for tag in entry.tags if tag.column is None})
        name = entry.job.dag_id or entry.job.name
        body: Body = {
            "name": _safe(name),
            "displayName": name,
            "service": self._settings.service,
            "state": "Active",
            "tasks": [_task(task, self._owned(task)) for task in entry.tasks],
            "tags": [
                {
                    "tagFQN": f"{_CLASSIFICATION}.{quoted(tag)}",
                    "source": "Classification",
                    "labelType": "Automated",
                    "state": "Confirmed",
                }
                for tag in tags
            ],
        }
        optional = {
            "description": entry.description,
            "sourceUrl": entry.url,
            "scheduleInterval": entry.schedule,
            "startDate": entry.facts.get("start_date"),
        }
        body |= {key: value for key, value in optional.items() if value}
        owners = sorted({owner.name for owner in entry.owners if owner.name != "***"})
        return PipelineTold(body, tags, owners)

    def _owned(self, task: Task) -> str:
        return str(task.job.task_id or task.job.name)

    def _status(self, run: RunEntry) -> StatusTold:
        by_task: dict[str, list[RunEntry]] = defaultdict(list)
        for task in run.tasks:
            if task.job.task_id:
                by_task[task.job.task_id].append(task)
        body: Body = {
            # The moment the run is for; OpenMetadata has one row for each.
            "timestamp": _ms(run.nominal_start_at or run.started_at or run.first_at),
            "executionStatus": _STATES.get(run.state, "Pending"),
            "executionId": run.dag_run_id or run.run_id,
            "taskStatus": [_task_status(name, tries) for name, tries in sorted(by_task.items())],
        }
        if run.ended_at is not None:
            body["endTime"] = _ms(run.ended_at)
        return StatusTold(self._fqn(run.job), body)

    def _edges(self, entry: JobEntry) -> EdgesTold | None:
        entry, _ = retiring.split(entry, self._settings.retire_after_days)
        inputs = sorted({name for ref in entry.inputs if (name := self.named(ref))})
        outputs = sorted({name for ref in entry.outputs if (name := self.named(ref))})
        if not any(source != target for source in inputs for target in outputs):
            return None
        columns = {
            (
                source,
                self._column(origin.source, origin.source_column),
                target,
                self._column(origin.target, origin.target_column),
            )
            for origin in entry.origins
            if origin.direct
            and (source := self.named(origin.source))
            and (target := self.named(origin.target))
        }
        return EdgesTold(
            self._fqn(entry.job),
            entry.sql,
            inputs,
            outputs,
            [list(item) for item in sorted(columns)],
        )

    def _column(self, dataset: DatasetRef, column: str) -> str:
        named = self._naming(dataset)
        case = named.rule.case if named else "as_is"
        return column if case == "as_is" else column.lower() if case == "lower" else column.upper()

    def _table(self, entry: DatasetEntry) -> TableTold | None:
        table = self.named(entry.dataset)
        if table is None:
            return None
        columns = None
        if self._settings.create_tables and entry.columns:
            columns = [
                _new_column(self._column(entry.dataset, column.name), column.type)
                for column in entry.columns
                if "." not in column.name
            ]
        writer = entry.written_by
        if entry.written_at is None or writer is None:
            return TableTold(table, columns) if columns else None
        return TableTold(
            table,
            columns,
            pipeline=self._fqn(writer.job),
            written_at=_ms(entry.written_at),
            started_at=_ms(writer.started_at) if writer.started_at is not None else None,
        )

    # --- touching -------------------------------------------------------------------------------

    def push(self, payloads: Sequence[Told]) -> Iterator[Outcome]:
        """DAGs before their runs, tables before what flows between them."""
        self._forget()
        outcomes: dict[int, Outcome] = {}
        down: Unavailable | None = None
        until = time.monotonic() + ENOUGH
        for n in sorted(range(len(payloads)), key=lambda n: _ORDER.index(type(payloads[n]))):
            try:
                outcomes[n] = self._outcome(payloads[n])
            except Unavailable as error:
                down = error
                break
            if time.monotonic() > until:
                break
        for n in range(len(payloads)):
            yield outcomes.get(n, Waits("others came first"))
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
        except (Missing, Broken) as error:
            return error
        except Rejected as error:
            if isinstance(error, Refused) and error.status == 404 and self._known:
                self._known.clear()  # something we had looked up is gone
                return Missing(str(error), _PIPELINE_LATER)
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
        except Refused as error:
            if error.status == 403:
                raise Misconfigured(f"{error}; give the bot a role that may do this") from error
            raise

    def _once(self, path: str, body: Body) -> None:
        """A prerequisite, put once by this process."""
        key = f"{path} {msgspec.json.encode(body, order='sorted').decode()}"
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
            said = {"name": _CLASSIFICATION, "description": "Tags of Airflow's DAGs"}
            self._once("/classifications", said)
        for tag in told.tags:
            body = {
                "name": tag,
                "classification": _CLASSIFICATION,
                "description": f"Airflow: {tag}",
            }
            self._once("/tags", body)
        owners = [found for name in told.owners if (found := self._who(name))]
        try:
            self._call("PUT", "/pipelines", told.body | ({"owners": owners} if owners else {}))
        except Refused as error:
            if error.status != 404:
                raise
            self._made.clear()  # somebody took the service or a tag away; make it again
            raise Missing(str(error), _PIPELINE_LATER) from error

    def _who(self, name: str) -> Body | None:
        """A user or team of that name; nobody is invented."""
        for kind, path in (("team", "teams"), ("user", "users")):
            found = self._find(f"/{path}/name/{quote(name, safe='')}")
            if found is not None:
                return {"id": found["id"], "type": kind}
        return None

    def _find(self, path: str, fields: str = "") -> Body | None:
        """What is at the path, or None."""
        if path not in self._known:
            params = {"fields": fields} if fields else None
            try:
                self._known[path] = self._call("GET", path, params=params)
            except Refused as error:
                if error.status != 404:
                    raise
                self._known[path] = {}
        return self._known[path] or None

    def _pipeline_ref(self, fqn: str) -> Body:
        found = self._find(f"/pipelines/name/{quote(fqn, safe='')}")
        if found is None:
            raise Missing(f"OpenMetadata has no pipeline {fqn} yet", _PIPELINE_LATER)
        return {"id": found["id"], "type": "pipeline", "fullyQualifiedName": fqn}

    def _table_of(self, fqn: str) -> Body:
        found = self._find(f"/tables/name/{quote(fqn, safe='')}", "columns,lifeCycle")
        if found is None:
            raise Missing(
                f"OpenMetadata has no table {fqn} yet: ingest it, or look at the naming map",
                _INGESTED_LATER,
            )
        return found

    def _tell_status(self, told: StatusTold) -> None:
        try:
            self._call("PUT", f"/pipelines/{quote(told.pipeline, safe='')}/status", told.body)
        except Refused as error:
            if error.status == 404 or "Invalid task name" in error.body:
                self._known.clear()
                raise Missing(f"{error}; the pipeline comes first", _PIPELINE_LATER) from error
            raise

    def _tell_edges(self, told: EdgesTold) -> None:
        if told.own is not None:
            self._tell_pipeline(told.own)
        pipeline = self._pipeline_ref(told.pipeline)
        missing: Missing | None = None
        for source in told.inputs:
            for target in told.outputs:
                if source == target:
                    continue
                try:
                    self._tell_edge(told, source, target, pipeline)
                except Missing as error:
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
        if held and after == drawn and held.get("pipeline"):
            return
        details: Body = {
            "source": held.get("source") or "OpenLineage",
            "pipeline": held.get("pipeline") or {"id": pipeline["id"], "type": "pipeline"},
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

    def _edge(self, source: str, target: str) -> Body:
        """What is known of the edge, without who changed it when; {} where there is none."""
        try:
            found = self._call("GET", f"/lineage/getLineageEdge/{source}/{target}")
        except Refused as error:
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
        path = f"/tables/name/{quote(told.table, safe='')}"
        if self._find(path, "columns,lifeCycle") is not None:
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
        except Refused as error:
            if error.status == 404:
                raise Missing(
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
        self._known[path] = self._call("PUT", "/tables", body)

    def probe(self) -> list[str]:
        """Address, credentials, version, and whether the naming map's services are there."""
        try:
            version = self.client.json("GET", "/system/version")
            self.client.json("GET", "/pipelines", params={"limit": "1"})
        except Refused as error:
            raise Misconfigured(f"{error}; is `url` that of OpenMetadata's server?") from error
        told = version.get("version", "?") if isinstance(version, dict) else "?"
        found = [f"OpenMetadata {told} at {self._settings.url}"]
        for service in sorted({rule.service for rule in self._settings.naming if rule.service}):
            path = f"/services/databaseServices/name/{quote(quoted(service), safe='')}"
            there = self._find(path) is not None
            found.append(f"database service {service} " + ("is there" if there else "IS MISSING"))
        return found


# --- names --------------------------------------------------------------------------------------


def quoted(part: str) -> str:
    """A part of a fully qualified name; one with dots in it is quoted."""
    if re.search(r'[."]', part):
        return '"' + part.replace('"', '\\"') + '"'
    return part


def split(fqn: str) -> list[str]:
    """The parts of a fully qualified name, plain."""
    found = re.findall(r'"((?:[^"\\]|\\.)*)"|([^."]+)', fqn)
    return [a.replace('\\"', '"') if a else b for a, b in found]


def _safe(name: str) -> str:
    """OpenMetadata keeps `::` and angle brackets for itself."""
    return re.sub(r"::|[<>]", "_", name)


def _tag(tag: Tag) -> str:
    name = tag.key if tag.value in (None, "", tag.key) else f"{tag.key}-{tag.value}"
    return _safe(name)


# --- small parts --------------------------------------------------------------------------------


def _task(task: Task, name: str) -> Body:
    body: Body = {"name": name, "downstreamTasks": list(task.downstream)}
    optional = {"sourceUrl": task.url, "taskType": task.operator, "taskSQL": task.sql}
    return body | {key: value for key, value in optional.items() if value}


def _task_status(name: str, instances: Sequence[RunEntry]) -> Body:
    """A task's last tries, its mapped instances as one."""
    states = {_STATES.get(run.state, "Pending") for run in instances}
    body: Body = {
        "name": name,
        "executionStatus": next(state for state in _WORST if state in states),
    }
    starts = [run.started_at for run in instances if run.started_at is not None]
    ends = [run.ended_at for run in instances if run.ended_at is not None]
    if starts:
        body["startTime"] = _ms(min(starts))
    if ends and "Pending" not in states:
        body["endTime"] = _ms(max(ends))
    url = next((run.url for run in instances if run.url), None)
    if url:
        body["logLink"] = url
    return body


def _column_in(table: Body, name: str) -> str | None:
    """The table's own spelling of a column's fully qualified name; None where it has no such."""
    for column in table.get("columns") or ():
        if column["name"].lower() == name.lower():
            fqn = column.get("fullyQualifiedName")
            return str(fqn) if fqn else f"{table['fullyQualifiedName']}.{quoted(column['name'])}"
    return None


def _new_column(name: str, native: str | None) -> Body:
    text = (native or "").lower()
    kind = next((kind for kind, starts in _TYPES if text.startswith(starts)), "UNKNOWN")
    return {"name": name, "dataType": kind, **({"dataTypeDisplay": native} if native else {})}


def _ms(at: int) -> int:
    return at // 1000
