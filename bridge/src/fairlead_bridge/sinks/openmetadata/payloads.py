"""Renders entries as bodies of OpenMetadata's requests and the names they go to. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from itertools import product

import msgspec

from fairlead_bridge.documents import Json
from fairlead_bridge.entries import (
    AnyEntry,
    DatasetEntry,
    DatasetRef,
    IncidentEntry,
    JobEntry,
    JobRef,
    RunEntry,
    Tag,
    Task,
)
from fairlead_bridge.sinks import retracting
from fairlead_bridge.sinks.naming import Naming
from fairlead_bridge.sinks.openmetadata.checks import Check, of_table
from fairlead_bridge.sinks.openmetadata.names import quoted, safe
from fairlead_bridge.sinks.openmetadata.settings import OpenMetadataSettings

Body = Json

CLASSIFICATION = "AirflowTags"
#: Of the tables that an incident affects, so many are acknowledged.
_MOST = 50
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


class PipelinePayload(msgspec.Struct, frozen=True, tag="pipeline"):
    """A DAG: the body of `PUT /pipelines`, and who should own it."""

    body: Body
    tags: list[str]
    owners: list[str]


class StatusPayload(msgspec.Struct, frozen=True, tag="status"):
    """A DAG run: the body of `PUT /pipelines/{pipeline}/status`."""

    pipeline: str
    body: Body


class EdgesPayload(msgspec.Struct, frozen=True, tag="edges"):
    """What a task reads and writes: tables, and {(source, target): columns}."""

    pipeline: str
    sql: str | None
    inputs: list[str]
    outputs: list[str]
    columns: list[list[str]]  # source table, column, target table, column
    stale: list[list[str]]  # source, target: edges that are removed if we drew them
    own: PipelinePayload | None = None  # of a job outside Airflow, which is a pipeline by itself


class TablePayload(msgspec.Struct, frozen=True, tag="table"):
    """A table: its columns where it is to be made, its last successful write, and its checks."""

    table: str
    columns: list[Body] | None = None
    pipeline: str | None = None
    service_type: str = "Airflow"
    written_at: int | None = None  # milliseconds
    started_at: int | None = None
    checks: list[Check] | None = None  # None: nothing is said of them


class AcknowledgedPayload(msgspec.Struct, frozen=True, tag="acknowledged"):
    """An incident that people know of: the tables that it affects."""

    tables: list[str]
    at: int = 0  # when it was acknowledged; after a new failure it may be so again


Payload = PipelinePayload | StatusPayload | EdgesPayload | TablePayload | AcknowledgedPayload


class Renderer:
    """Renders entries as payloads, by the settings."""

    def __init__(self, settings: OpenMetadataSettings) -> None:
        self._settings = settings
        self._naming = Naming(settings.naming)

    def of(self, entry: AnyEntry) -> Payload | None:
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
            case IncidentEntry(state="acknowledged" | "muted"):
                return self._acknowledged(entry)
        return None

    def named(self, dataset: DatasetRef) -> str | None:
        """The table's fully qualified name; None where no rule names its service."""
        named = self._naming(dataset)
        if named is None or not named.rule.service:
            return None
        return ".".join([quoted(named.rule.service), *map(quoted, named.name.split("."))])

    def _fqn(self, job: JobRef) -> str:
        name = job.dag_id or job.name
        return f"{quoted(self._settings.service)}.{quoted(safe(name))}"

    def _pipeline(self, entry: JobEntry) -> PipelinePayload:
        tags = sorted({_tag(tag) for tag in entry.tags if tag.column is None})
        name = entry.job.dag_id or entry.job.name
        body: Body = {
            "name": safe(name),
            "displayName": name,
            "service": self._settings.service,
            "state": "Active",
            "tasks": [_task(task, self._owned(task)) for task in entry.tasks],
            "tags": [
                {
                    "tagFQN": f"{CLASSIFICATION}.{quoted(tag)}",
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
        return PipelinePayload(body, tags, owners)

    def _owned(self, task: Task) -> str:
        return str(task.job.task_id or task.job.name)

    def _status(self, run: RunEntry) -> StatusPayload:
        by_task: dict[str, list[RunEntry]] = defaultdict(list)
        for task in run.tasks:
            if (
                task.job.task_id and not task.gone
            ):  # a status of a task that is not there is refused
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
        return StatusPayload(self._fqn(run.job), body)

    def _edges(self, entry: JobEntry) -> EdgesPayload | None:
        days = self._settings.retire_after_days
        current, _ = retracting.split(entry, days)
        is_gone = days is not None and entry.gone
        inputs = [] if is_gone else self._tables(current.inputs)
        outputs = [] if is_gone else self._tables(current.outputs)
        drawn = {pair for pair in product(inputs, outputs) if pair[0] != pair[1]}
        left = {
            (source, target)
            for one, other in retracting.left(entry, days)
            if (source := self.named(one)) and (target := self.named(other))
        }
        stale = sorted(pair for pair in left - drawn if pair[0] != pair[1])
        if not drawn and not stale:
            return None
        columns = {
            (
                source,
                self._column(origin.source, origin.source_column),
                target,
                self._column(origin.target, origin.target_column),
            )
            for origin in current.origins
            if origin.direct
            and (source := self.named(origin.source))
            and (target := self.named(origin.target))
        }
        return EdgesPayload(
            self._fqn(entry.job),
            entry.sql,
            inputs,
            outputs,
            [list(item) for item in sorted(columns)] if drawn else [],
            [list(pair) for pair in stale],
        )

    def _tables(self, datasets: Sequence[DatasetRef]) -> list[str]:
        return sorted({name for ref in datasets if (name := self.named(ref))})

    def _column(self, dataset: DatasetRef, column: str) -> str:
        named = self._naming(dataset)
        case = named.rule.case if named else "as_is"
        return column if case == "as_is" else column.lower() if case == "lower" else column.upper()

    def _table(self, entry: DatasetEntry) -> TablePayload | None:
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
        checks = None
        if self._settings.checks and (entry.assertions or entry.outlook is not None):
            checks = of_table(entry, lambda column: self._column(entry.dataset, column))
        writer = entry.written_by
        if entry.written_at is None or writer is None:
            says = columns or checks is not None
            return TablePayload(table, columns, checks=checks) if says else None
        return TablePayload(
            table,
            columns,
            checks=checks,
            pipeline=self._fqn(writer.job),
            written_at=_ms(entry.written_at),
            started_at=_ms(writer.started_at) if writer.started_at is not None else None,
        )

    def _acknowledged(self, entry: IncidentEntry) -> AcknowledgedPayload | None:
        bad = (it.dataset for it in entry.affected if it.standing in ("late", "failed"))
        datasets = [ref for ref in (entry.dataset, *bad) if ref is not None]
        tables = self._tables(datasets)[:_MOST] if self._settings.checks else []
        return AcknowledgedPayload(tables, _ms(entry.changed_at)) if tables else None


# --- small parts --------------------------------------------------------------------------------


def _tag(tag: Tag) -> str:
    name = tag.key if tag.value in (None, "", tag.key) else f"{tag.key}-{tag.value}"
    return safe(name)


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


def _new_column(name: str, native: str | None) -> Body:
    text = (native or "").lower()
    kind = next((kind for kind, starts in _TYPES if text.startswith(starts)), "UNKNOWN")
    return {"name": name, "dataType": kind, **({"dataTypeDisplay": native} if native else {})}


def _ms(at: int) -> int:
    return at // 1000
