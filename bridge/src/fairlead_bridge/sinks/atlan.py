"""
Atlan, through `/api/meta/entity/bulk`: DAGs and tasks with their last run, lineage between assets
it has, and when each of them was last written.

Atlan keeps no runs, only the last one on each DAG and task; so only the newest is told. It makes
an asset of whatever is written to; so what others own is looked up first, and never made.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any, ClassVar, Literal

import msgspec
from pydantic import Field, SecretStr, field_validator

from fairlead_bridge.entries import (
    AnyEntry,
    DatasetEntry,
    DatasetRef,
    JobEntry,
    JobRef,
    Origin,
    RunEntry,
)
from fairlead_bridge.errors import Unavailable
from fairlead_bridge.model import Kind
from fairlead_bridge.sinks import Outcome, retiring
from fairlead_bridge.sinks.batch import in_batches
from fairlead_bridge.sinks.http import Bearer, Client, Misconfigured, Refused
from fairlead_bridge.sinks.naming import Naming
from fairlead_bridge.sinks.settings import SinkSettings, Url

#: Seconds before we look again for an asset that Atlan does not have.
_CRAWLED_LATER = 3600.0
#: Qualified names in one search.
_SEARCHED = 300
#: Atlan refuses longer texts.
_TEXT = 99_000
_WORKFLOW = "fairlead"
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
_BULK = {
    "replaceTags": "false",
    "appendTags": "false",
    "replaceBusinessAttributes": "false",
    "overwriteBusinessAttributes": "false",
}


class AtlanSettings(SinkSettings):
    """An Atlan tenant."""

    type: Literal["atlan"] = "atlan"
    url: Url = Field(description="https://TENANT.atlan.com")
    token: SecretStr = Field(description="an API token that may edit the connection's assets")
    connection: str = Field(
        description="qualified name of this Airflow's connection: default/airflow/1763600000"
    )
    family: Literal["airflow", "flow"] = Field(
        default="airflow",
        description="AirflowDag and AirflowTask, or FlowControlOperation as generic OpenLineage",
    )
    entities: int = Field(default=100, ge=1, le=10_000, description="in one request, at most")
    rate: float | None = Field(default=8.0, gt=0, description="requests a second, at most")
    agent: str = Field(default="fairlead", description="x-atlan-agent-id; rate limits are its own")

    @field_validator("connection")
    @classmethod
    def _is_connection(cls, connection: str) -> str:
        if len(connection.split("/")) != 3:
            raise ValueError("is a qualified name as default/airflow/1763600000")
        return connection


class Ref(msgspec.Struct, frozen=True, order=True):
    """Another asset; of no type where it is somebody else's and must be there already."""

    name: str
    type: str = ""


class Asset(msgspec.Struct, frozen=True):
    """An asset of ours, or (without a type) what we know of somebody else's."""

    name: str  # qualified
    type: str = ""
    attributes: dict[str, Any] = {}
    refs: dict[str, list[Ref] | Ref] = {}
    #: A last run or write: the attribute that dates it, so that no newer one is overwritten.
    dated: str = ""


class Atlan:
    """Tells an Atlan."""

    Settings: ClassVar[type[SinkSettings]] = AtlanSettings
    kinds: frozenset[Kind] = frozenset({"dataset", "job", "run"})

    def __init__(self, name: str, settings: AtlanSettings) -> None:
        self.name = name
        self._settings = settings
        self._naming = Naming(settings.naming)
        self._words = _FLOW if settings.family == "flow" else _AIRFLOW
        self.client = Client(
            settings.url,
            auth=Bearer(settings.token.get_secret_value),
            headers={"x-atlan-agent-id": settings.agent},
            timeout=(5.0, settings.timeout),
            verify=settings.verify,
            rate=settings.rate,
        )

    # --- thinking -------------------------------------------------------------------------------

    def render(self, entry: AnyEntry) -> list[Asset] | None:
        """The assets that the entry comes to."""
        match entry:
            case DatasetEntry():
                return self._dataset(entry)
            case JobEntry(job=job) if _is_told(job):
                kept, _ = retiring.split(entry, self._settings.retire_after_days)
                return list(self._job(kept))
            case RunEntry(job=job) if _is_told(job):
                return self._run(entry)
        return None

    def named(self, dataset: DatasetRef) -> str | None:
        """The asset's qualified name; None where no rule names its connection."""
        named = self._naming(dataset)
        if named is None or not named.rule.connection:
            return None
        return f"{named.rule.connection}/{named.name.replace('.', '/')}"

    def _dataset(self, entry: DatasetEntry) -> list[Asset] | None:
        """How fresh it is; nothing else about an asset that a crawler owns."""
        name = self.named(entry.dataset)
        if name is None or entry.written_at is None:
            return None
        at = _ms(entry.written_at)
        attributes: dict[str, Any] = {
            "lastRowChangedAt": at,
            "sourceUpdatedAt": at,
            "lastSyncRunAt": at,
            "lastSyncWorkflowName": _WORKFLOW,
        }
        writer = entry.written_by
        if writer is not None:
            attributes["lastSyncRun"] = f"{writer.job.name} {writer.dag_run_id or writer.run_id}"
        return [Asset(name, attributes=attributes, dated="lastRowChangedAt")]

    def _own(self, job: JobRef) -> str:
        name = job.name
        if self._settings.family == "airflow" and job.dag_id:
            name = f"{job.dag_id}/{job.task_id}" if job.task_id else job.dag_id
        return f"{self._settings.connection}/{name}"

    def _asset(self, job: JobRef, attributes: dict[str, Any], **more: Any) -> Asset:
        """A DAG or task, with what Atlan needs to make it."""
        words, refs = self._words, more.pop("refs", {})
        told = {**self._common(job.task_id or job.dag_id or job.name), **attributes}
        if words is _FLOW:
            told["name"] = job.name
            told["assetUserDefinedType"] = "Task" if job.task_id else "Dag" if job.dag_id else "Job"
        above = job.parent if job.parent is not None and job.parent.kind == "dag" else None
        if above is not None:
            refs = {**refs, words["above"]: Ref(self._own(above), words["dag"])}
            if words is _AIRFLOW:
                told["airflowDagName"] = above.dag_id
                told["airflowDagQualifiedName"] = self._own(above)
        kind = words["task"] if above is not None or job.kind != "dag" else words["dag"]
        return Asset(self._own(job), kind, told, refs, **more)

    def _common(self, name: str) -> dict[str, Any]:
        return {
            "name": name,
            "connectorName": self._settings.connection.split("/")[1],
            "connectionQualifiedName": self._settings.connection,
        }

    def _job(self, entry: JobEntry) -> Iterator[Asset]:
        words, job = self._words, entry.job
        owners = ", ".join(sorted(owner.name for owner in entry.owners if owner.name != "***"))
        attributes: dict[str, Any] = {
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
            refs |= {
                name: found for name, found in (("inputs", inputs), ("outputs", outputs)) if found
            }
        if job.parent is not None and job.kind == "task":
            yield self._asset(job.parent, {})
        yield self._asset(job, attributes, refs=refs)
        if inputs and outputs:
            yield from self._lineage(entry, inputs, outputs)

    def _refs(self, datasets: Sequence[DatasetRef]) -> list[Ref]:
        return sorted({Ref(name) for ref in datasets if (name := self.named(ref))})

    def _lineage(self, entry: JobEntry, inputs: list[Ref], outputs: list[Ref]) -> Iterator[Asset]:
        """A process of our own name, so that it is one however its inputs and outputs change."""
        words, own = self._words, self._own(entry.job)
        process = f"{own}/process"
        attributes = self._common(_title(inputs, outputs))
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
                self._common(_title(sorted(sources), [target])),
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

    def _run(self, run: RunEntry) -> list[Asset] | None:
        """The last run of a DAG or task; an older one is not told."""
        state = _STATES.get(run.state)
        started = run.started_at or (run.ended_at and run.first_at)
        if not run.latest or state is None or not started:
            return None
        words = self._words
        attributes: dict[str, Any] = {
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

    # --- touching -------------------------------------------------------------------------------

    def push(self, payloads: Sequence[list[Asset]]) -> Iterator[Outcome]:
        """Many assets in one request; what they refer to is looked up in one search before."""
        for outcome in in_batches(payloads, len, self._settings.entities, self._send):
            if isinstance(outcome, Refused) and outcome.status == 404:
                yield Unavailable(str(outcome), _CRAWLED_LATER)  # went between search and write
            else:
                yield outcome

    def _send(self, payloads: Sequence[list[Asset]]) -> Sequence[Outcome]:
        found = self._find(payloads)
        outcomes: list[Outcome] = []
        assets: dict[tuple[str, str], Asset] = {}
        for payload in payloads:
            missing: set[str] = set()
            for asset in payload:
                known = _placed(asset, found, missing)
                if known is not None and _has_process(known, assets):
                    key = (known.type, known.name)
                    assets[key] = _merged(assets[key], known) if key in assets else known
            outcomes.append(_missing(missing) if missing else None)
        if assets:
            self._bulk(assets)
        return outcomes

    def _find(self, payloads: Sequence[list[Asset]]) -> dict[str, Any]:
        """What Atlan has of the assets that are somebody else's, or dated, by qualified name."""
        wanted = {
            name
            for payload in payloads
            for asset in payload
            for name in (
                *([asset.name] if asset.dated or not asset.type else []),
                *(
                    ref.name
                    for refs in asset.refs.values()
                    for ref in _listed(refs)
                    if not ref.type
                ),
            )
        }
        found: dict[str, Any] = {}
        names = sorted(wanted)
        for start in range(0, len(names), _SEARCHED):
            part = names[start : start + _SEARCHED]
            filters = [{"terms": {"qualifiedName": part}}, {"term": {"__state": "ACTIVE"}}]
            body = {
                "dsl": {"from": 0, "size": len(part), "query": {"bool": {"filter": filters}}},
                "attributes": ["qualifiedName", "name", "lastRowChangedAt", self._words["started"]],
            }
            answer = self._call("POST", "/api/meta/search/indexsearch", body) or {}
            for entity in answer.get("entities") or ():
                found[entity["attributes"]["qualifiedName"]] = entity
        return found

    def _bulk(self, assets: dict[tuple[str, str], Asset]) -> None:
        """References within the request are by temporary guids: Atlan finds nothing by name that
        is only being made."""
        guids = {key: str(-n) for n, key in enumerate(assets, 1)}
        entities = [
            {
                "typeName": kind,
                "guid": guids[kind, name],
                "attributes": {
                    "qualifiedName": name,
                    **asset.attributes,
                    **{role: _reference(refs, guids) for role, refs in asset.refs.items()},
                },
            }
            for (kind, name), asset in assets.items()
        ]
        self._call("POST", "/api/meta/entity/bulk", {"entities": entities}, params=_BULK)

    def _call(self, method: str, path: str, body: Any, **more: Any) -> Any:
        try:
            return self.client.json(method, path, body, **more)
        except Refused as error:
            if error.status == 403:
                raise Unavailable(
                    f"{error}; a new token takes minutes to become active, and needs a persona "
                    "or policy that may edit the connection's assets",
                    60.0,
                ) from error
            raise

    def probe(self) -> list[str]:
        """Address, token, and whether this Airflow's and the rules' connections are there."""
        wanted = {self._settings.connection}
        wanted |= {rule.connection for rule in self._settings.naming if rule.connection}
        filters = [
            {"term": {"__typeName.keyword": "Connection"}},
            {"terms": {"qualifiedName": sorted(wanted)}},
        ]
        body = {
            "dsl": {"from": 0, "size": len(wanted), "query": {"bool": {"filter": filters}}},
            "attributes": ["qualifiedName", "name"],
        }
        try:
            answer = self._call("POST", "/api/meta/search/indexsearch", body) or {}
        except Refused as error:
            raise Misconfigured(f"{error}; is `url` https://TENANT.atlan.com?") from error
        there = {entity["attributes"]["qualifiedName"] for entity in answer.get("entities") or ()}
        if self._settings.connection not in there:
            raise Misconfigured(
                f"Atlan has no connection {self._settings.connection}, or the token may not see "
                "it: create it, and copy its qualified name"
            )
        found = [f"Atlan at {self._settings.url}"]
        for name in sorted(wanted):
            found.append(f"connection {name} " + ("is there" if name in there else "IS MISSING"))
        return found


# --- the two families of assets -----------------------------------------------------------------

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


# --- small parts --------------------------------------------------------------------------------


def _is_told(job: JobRef) -> bool:
    """Queries that an Airflow hook reports count for the task that ran them."""
    return job.kind != "query"


def _listed(refs: list[Ref] | Ref) -> list[Ref]:
    return refs if isinstance(refs, list) else [refs]


def _placed(asset: Asset, found: dict[str, Any], missing: set[str]) -> Asset | None:
    """
    The asset as it can be told now: with the references that are there, of the type that Atlan
    knows it by. None where it cannot; what is missing is added to `missing`.
    """
    there = found.get(asset.name)
    kind = asset.type or (there["typeName"] if there else "")
    if not kind:
        missing.add(asset.name)
        return None
    attributes = dict(asset.attributes)
    if there is not None and asset.dated:
        if (there["attributes"].get(asset.dated) or 0) > attributes[asset.dated]:
            return None  # what Atlan has is newer
        attributes.setdefault("name", there["attributes"].get("name"))
    refs: dict[str, list[Ref] | Ref] = {}
    columns = asset.type == "ColumnProcess"
    for role, wanted in asset.refs.items():
        kept = []
        for ref in _listed(wanted):
            if ref.type:
                kept.append(ref)
            elif ref.name in found:
                kept.append(Ref(ref.name, found[ref.name]["typeName"]))
            elif not columns:  # a column that a crawler spells otherwise is no reason to wait
                missing.add(ref.name)
        refs[role] = kept if isinstance(wanted, list) else kept[0]
    if asset.type in ("Process", "ColumnProcess") and not (refs["inputs"] and refs["outputs"]):
        return None
    return Asset(asset.name, kind, attributes, refs, asset.dated)


def _has_process(asset: Asset, assets: dict[tuple[str, str], Asset]) -> bool:
    """Whether the process that a lineage of columns belongs to is told with it."""
    process = asset.refs.get("process")
    return not isinstance(process, Ref) or (process.type, process.name) in assets


def _merged(a: Asset, b: Asset) -> Asset:
    """Two tellings of one asset; of two runs, the newer."""
    if a.dated and b.dated and a.attributes[a.dated] > b.attributes[b.dated]:
        a, b = b, a
    attributes = {**a.attributes, **b.attributes}
    return Asset(a.name, a.type, attributes, {**a.refs, **b.refs}, b.dated or a.dated)


def _missing(names: set[str]) -> Unavailable:
    shown = ", ".join(sorted(names)[:3]) + (", …" if len(names) > 3 else "")
    return Unavailable(
        f"Atlan has no {shown} yet: crawl it, or look at the naming map", _CRAWLED_LATER
    )


def _reference(refs: list[Ref] | Ref, guids: dict[tuple[str, str], str]) -> Any:
    if isinstance(refs, list):
        return [_reference(ref, guids) for ref in refs]
    if (refs.type, refs.name) in guids:
        return {"typeName": refs.type, "guid": guids[refs.type, refs.name]}
    return {"typeName": refs.type, "uniqueAttributes": {"qualifiedName": refs.name}}


def _title(inputs: Sequence[Ref], outputs: Sequence[Ref]) -> str:
    def short(refs: Sequence[Ref]) -> str:
        return ", ".join(ref.name.rpartition("/")[2] for ref in refs)

    return f"{short(inputs)} -> {short(outputs)}"[:1000]


def _ms(at: int) -> int:
    return at // 1000
