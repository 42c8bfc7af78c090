"""Renders entries as Atlan's assets, and says what is to be archived. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from fairlead_bridge.documents import Json
from fairlead_bridge.entries import (
    AnyEntry,
    DatasetEntry,
    DatasetRef,
    IncidentEntry,
    JobEntry,
    JobRef,
    Origin,
    RunEntry,
)
from fairlead_bridge.sinks import retracting
from fairlead_bridge.sinks.atlan.settings import AtlanSettings
from fairlead_bridge.sinks.atlan.standing import Announced, Standing, of_dataset, of_incident
from fairlead_bridge.sinks.naming import Naming

#: DAGs and tasks on which one incident is announced, at most.
_MOST = 50
#: Atlan refuses longer texts.
_TEXT = 99_000
#: These two attributes identify what we made: who made it, and for which job (its qualified name).
MADE_BY, MADE_FOR = "lastSyncWorkflowName", "lastSyncRun"
WORKFLOW = "fairlead"
_STATES = {
    "running": "RUNNING",
    "deferred": "RUNNING",
    "success": "COMPLETE",
    "failed": "FAIL",
    "up_for_retry": "FAIL",
    "upstream_failed": "ABORT",
    "aborted": "ABORT",
    "lost": "ABORT",
    "skipped": "OTHER",
    "removed": "OTHER",
}
#: The two families of assets.
_AIRFLOW = {
    "dag": "AirflowDag",
    "task": "AirflowTask",
    "above": "airflowDag",
    "process": "airflowTasks",
    "schedule": "airflowDagSchedule",
    "run": "airflowRunName",
    "started": "airflowRunStartTime",
    "ended": "airflowRunEndTime",
    "state": "airflowRunOpenLineageState",
    "error": "airflowRunErrorMessage",
}
_FLOW = {
    "dag": "FlowControlOperation",
    "task": "FlowControlOperation",
    "above": "flowControlledBy",
    "process": "flowOrchestratedBy",
    "schedule": "flowSchedule",
    "run": "flowRunId",
    "started": "flowStartedAt",
    "ended": "flowFinishedAt",
    "state": "flowStatus",
    "error": "flowErrorMessage",
}


class Ref(msgspec.Struct, frozen=True, order=True):
    """Another asset; without a type where another program makes it and it must exist already."""

    name: str
    type: str = ""


class Asset(msgspec.Struct, frozen=True):
    """An asset of ours, or (without a type) what we add to another program's."""

    name: str  # qualified
    type: str = ""
    attributes: Json = {}
    refs: dict[str, list[Ref] | Ref] = {}
    #: A last run or write: the attribute that dates it, so that no newer one is overwritten.
    dated: str = ""


class Sweep(msgspec.Struct, frozen=True):
    """Archives what we made for a job, but for what is delivered with this."""

    job: str


Item = Asset | Sweep | Standing | Announced
Payload = list[Item]


class Assets:
    """Renders entries as assets, by the settings."""

    def __init__(self, settings: AtlanSettings) -> None:
        self._settings = settings
        self._naming = Naming(settings.naming)
        self.words = _FLOW if settings.family == "flow" else _AIRFLOW

    def of(self, entry: AnyEntry) -> Payload | None:
        """Return the assets of the entry; None where there is nothing to deliver."""
        retracts = self._settings.retire_after_days is not None
        match entry:
            case DatasetEntry():
                return self._dataset(entry)
            case JobEntry(job=job) if _is_delivered(job):
                return list(self._job_payload(entry))
            case RunEntry(job=job) if _is_delivered(job) and not (retracts and entry.gone):
                return self._run(entry)
            case IncidentEntry() if self._settings.announcements:
                return [self._announced(entry)]
        return None

    def named(self, dataset: DatasetRef) -> str | None:
        """The asset's qualified name; None where no rule names its connection."""
        named = self._naming(dataset)
        if named is None or not named.rule.connection:
            return None
        return f"{named.rule.connection}/{named.name.replace('.', '/')}"

    def _dataset(self, entry: DatasetEntry) -> Payload | None:
        """How fresh it is and how it stands; nothing else about an asset that a crawler owns."""
        name = self.named(entry.dataset)
        if name is None:
            return None
        standing = of_dataset(
            entry,
            name,
            announced=self._settings.announcements,
            described=bool(self._settings.custom_metadata),
        )
        found: Payload = [*self._fresh(entry, name)]
        if standing is not None:
            found.append(standing)
        return found or None

    def _fresh(self, entry: DatasetEntry, name: str) -> Iterator[Asset]:
        if entry.written_at is None:
            return
        at = _ms(entry.written_at)
        attributes: Json = {
            "lastRowChangedAt": at,
            "sourceUpdatedAt": at,
            "lastSyncRunAt": at,
            MADE_BY: WORKFLOW,
        }
        writer = entry.written_by
        if writer is not None:
            attributes[MADE_FOR] = f"{writer.job.name} {writer.dag_run_id or writer.run_id}"
        yield Asset(name, attributes=attributes, dated="lastRowChangedAt")

    def _announced(self, entry: IncidentEntry) -> Announced:
        """The incident on the DAGs and tasks that it is of; datasets show how they stand."""
        announcement = of_incident(entry)
        bad = (item.job for item in entry.affected if item.standing in ("late", "failed"))
        jobs = [job for job in (entry.job, *bad) if job is not None and _is_delivered(job)]
        names = list(dict.fromkeys(map(self._own, jobs)))[:_MOST]
        return Announced(announcement, names if announcement.kind else [])

    def _own(self, job: JobRef) -> str:
        name = job.name
        if self._settings.family == "airflow" and job.dag_id:
            name = f"{job.dag_id}/{job.task_id}" if job.task_id else job.dag_id
        return f"{self._settings.connection}/{name}"

    def _asset(self, job: JobRef, attributes: Json, **more: Any) -> Asset:
        """A DAG or task, with what Atlan needs to make it."""
        words, refs = self.words, more.pop("refs", {})
        own = self._own(job)
        attributes_of_job = {
            **self._common(job.task_id or job.dag_id or job.name, own),
            **attributes,
        }
        if words is _FLOW:
            attributes_of_job["name"] = job.name
            attributes_of_job["assetUserDefinedType"] = (
                "Task" if job.task_id else "Dag" if job.dag_id else "Job"
            )
        above = job.parent if job.parent is not None and job.parent.kind == "dag" else None
        if above is not None:
            refs = {**refs, words["above"]: Ref(self._own(above), words["dag"])}
            if words is _AIRFLOW:
                attributes_of_job["airflowDagName"] = above.dag_id
                attributes_of_job["airflowDagQualifiedName"] = self._own(above)
        kind = words["task"] if above is not None or job.kind != "dag" else words["dag"]
        return Asset(own, kind, attributes_of_job, refs, **more)

    def _common(self, name: str, job: str) -> dict[str, object]:
        """Of everything that we make; `job` is the qualified name of the one it is made for."""
        return {
            "name": name,
            "connectorName": self._settings.connection.split("/")[1],
            "connectionQualifiedName": self._settings.connection,
            MADE_BY: WORKFLOW,
            MADE_FOR: job,
        }

    def _job_payload(self, entry: JobEntry) -> Iterator[Asset | Sweep]:
        days = self._settings.retire_after_days
        if days is None:
            yield from self._job(entry)
            return
        if not entry.gone:
            current, _ = retracting.split(entry, days)
            yield from self._job(current)
        yield Sweep(self._own(entry.job))

    def _job(self, entry: JobEntry) -> Iterator[Asset]:
        words, job = self.words, entry.job
        owners = ", ".join(sorted(owner.name for owner in entry.owners if owner.name != "***"))
        attributes: Json = {
            "sourceURL": entry.url,
            "description": entry.description,
            "sourceOwners": owners,
            words["schedule"]: entry.schedule,
        }
        if words is _AIRFLOW:
            attributes["airflowTags"] = sorted({tag.key for tag in entry.tags if not tag.column})
        if words is _AIRFLOW and job.task_id:
            attributes |= {
                "airflowTaskOperatorClass": entry.operator,
                "airflowTaskSql": entry.sql,
                "airflowTaskPool": entry.facts.get("pool"),
                "airflowTaskQueue": entry.facts.get("queue"),
                "airflowTaskTriggerRule": entry.facts.get("trigger_rule"),
                "airflowTaskGroupName": entry.facts.get("group"),
            }
        attributes = {
            name: value[:_TEXT] if isinstance(value, str) else value
            for name, value in attributes.items()
            if value not in (None, "", [])
        }
        inputs, outputs = self._refs(entry.inputs), self._refs(entry.outputs)
        refs: dict[str, list[Ref] | Ref] = {}
        if words is _AIRFLOW and job.kind != "dag":
            retracts = self._settings.retire_after_days is not None
            both = (("inputs", inputs), ("outputs", outputs))
            refs |= {name: found for name, found in both if found or retracts}
        if job.parent is not None and job.kind == "task":
            yield self._asset(job.parent, {})
        yield self._asset(job, attributes, refs=refs)
        if inputs and outputs:
            yield from self._lineage(entry, inputs, outputs)

    def _refs(self, datasets: Sequence[DatasetRef]) -> list[Ref]:
        return sorted({Ref(name) for ref in datasets if (name := self.named(ref))})

    def _lineage(self, entry: JobEntry, inputs: list[Ref], outputs: list[Ref]) -> Iterator[Asset]:
        """A process of our own name, so that it is one however its inputs and outputs change."""
        words, own = self.words, self._own(entry.job)
        process = f"{own}/process"
        attributes = self._common(_title(inputs, outputs), own)
        if entry.sql:
            attributes["sql"] = entry.sql[:_TEXT]
        done_by: dict[str, list[Ref] | Ref] = {
            words["process"]: (
                [Ref(own, words["task"])] if words is _AIRFLOW else Ref(own, words["task"])
            )
        }
        refs = {"inputs": inputs, "outputs": outputs, **done_by}
        yield Asset(process, "Process", attributes, refs)
        by_target: dict[Ref, set[Ref]] = defaultdict(set)
        for origin in entry.origins:
            ends = self._columns(origin)
            if origin.direct and ends is not None:
                by_target[ends[1]].add(ends[0])
        for target, sources in sorted(by_target.items()):
            tail = "/".join(target.name.split("/")[3:])
            yield Asset(
                f"{process}/{tail}",
                "ColumnProcess",
                self._common(_title(sorted(sources), [target]), own),
                {
                    "inputs": sorted(sources),
                    "outputs": [target],
                    "process": Ref(process, "Process"),
                },
            )

    def _columns(self, origin: Origin) -> tuple[Ref, Ref] | None:
        ends = (
            self._column(origin.source, origin.source_column),
            self._column(origin.target, origin.target_column),
        )
        return (ends[0], ends[1]) if ends[0] and ends[1] else None

    def _column(self, dataset: DatasetRef, column: str) -> Ref | None:
        table, named = self.named(dataset), self._naming(dataset)
        if table is None or named is None:
            return None
        case = named.rule.case
        name = column if case == "as_is" else column.lower() if case == "lower" else column.upper()
        return Ref(f"{table}/{name}")

    def _run(self, run: RunEntry) -> Payload | None:
        """The last run of a DAG or task; an older one is not delivered."""
        state = _STATES.get(run.state)
        started = run.started_at or (run.ended_at and run.first_at)
        if not run.latest or state is None or not started:
            return None
        words = self.words
        attributes: Json = {
            words["run"]: run.dag_run_id or run.run_id,
            words["started"]: _ms(started),
            words["state"]: state,
        }
        if run.ended_at is not None:
            attributes[words["ended"]] = _ms(run.ended_at)
        # A run that is well clears what was wrong with the one before.
        attributes[words["error"]] = (run.error or "")[:_TEXT]
        if words is _AIRFLOW:
            if run.run_type:
                attributes["airflowRunType"] = run.run_type
            if run.try_number is not None:
                attributes["airflowTaskRetryNumber"] = run.try_number - 1
        above = [self._asset(run.job.parent, {})] if run.job.parent and run.job.task_id else []
        return [*above, self._asset(run.job, attributes, dated=words["started"])]


def _is_delivered(job: JobRef) -> bool:
    """Queries that an Airflow hook reports count for the task that ran them."""
    return job.kind != "query"


def _title(inputs: Sequence[Ref], outputs: Sequence[Ref]) -> str:
    def short(refs: Sequence[Ref]) -> str:
        return ", ".join(ref.name.rpartition("/")[2] for ref in refs)

    return f"{short(inputs)} -> {short(outputs)}"[:1000]


def _ms(at: int) -> int:
    return at // 1000
