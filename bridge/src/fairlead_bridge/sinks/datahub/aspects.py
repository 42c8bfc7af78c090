"""What an entry comes to in DataHub: aspects to write, and patches of what people curate too. Pure."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

from fairlead_bridge.entries import (
    AnyEntry,
    DatasetEntry,
    IncidentEntry,
    JobEntry,
    Owner,
    RunEntry,
    Tag,
)
from fairlead_bridge.sinks import retracting
from fairlead_bridge.sinks.datahub.incidents import Incidents
from fairlead_bridge.sinks.datahub.quality import MADE, Quality
from fairlead_bridge.sinks.datahub.schemas import Aspects, schema
from fairlead_bridge.sinks.datahub.settings import DataHubSettings
from fairlead_bridge.sinks.datahub.urns import Urns, is_delivered

#: {"upserts" and "patches": [entity type, {"urn": ..., aspect: {"value": ...}}]}
Proposals = dict[str, list[tuple[str, Aspects]]]

_RUN_EVENT = "dataProcessInstanceRunEvent"
INFO, LINEAGE = "dataJobInfo", "dataJobInputOutput"
EDGES = ("inputDatasetEdges", "outputDatasetEdges", "inputDatajobEdges")
#: By this we know the edges again that we added; those that people draw say "UI".
DRAWN = {"source": "fairlead"}
_ACTOR = "urn:li:corpuser:airflow"
_RESULTS = {
    "success": "SUCCESS",
    "skipped": "SKIPPED",
    "removed": "SKIPPED",
    "up_for_retry": "UP_FOR_RETRY",
    "failed": "FAILURE",
    "upstream_failed": "FAILURE",
    "aborted": "FAILURE",
    "lost": "FAILURE",
}


class Words:
    """Entries in DataHub's words, as the settings have it."""

    def __init__(self, settings: DataHubSettings) -> None:
        self._settings = settings
        self._urns = Urns(settings)
        self._quality = Quality(self._urns, settings.retire_after_days)
        self._incidents = Incidents(settings, self._urns)

    def of(self, entry: AnyEntry) -> Proposals | None:
        """The aspects of the entry."""
        upserts: list[tuple[str, Aspects]] = []
        patches: list[tuple[str, Aspects]] = []
        match entry:
            case DatasetEntry():
                upserts = list(self._dataset(entry))
            case JobEntry(job=job) if is_delivered(job):
                current, stale = retracting.split(entry, self._settings.retire_after_days)
                upserts = list(self._job(current))
                patches = list(self._curated(current, stale))
            case RunEntry(job=job) if is_delivered(job):
                upserts = list(self._run(entry))
            case IncidentEntry():
                upserts = list(self._incidents.of(entry))
            case _:
                return None
        return {"upserts": upserts, "patches": patches} if upserts else None

    def _dataset(self, entry: DatasetEntry) -> Iterator[tuple[str, Aspects]]:
        urn = self._urns.dataset(entry.dataset)
        if urn is None:
            return
        platform, name, env = self._urns.parts(entry.dataset)
        key = {"platform": f"urn:li:dataPlatform:{platform}", "name": name, "origin": env}
        aspects: Aspects = {"urn": urn, "datasetKey": {"value": key}}
        if self._settings.schemas and entry.columns:
            aspects["schemaMetadata"] = {"value": schema(entry, platform)}
        yield "dataset", aspects
        if self._settings.assertions:
            yield from self._quality.of(entry, urn)

    def _job(self, entry: JobEntry) -> Iterator[tuple[str, Aspects]]:
        job, properties = entry.job, _texts(entry.facts)
        if entry.schedule:
            properties["schedule"] = entry.schedule
        if entry.operator:
            properties["operator"] = entry.operator
        info: Aspects = {
            "name": job.task_id or job.dag_id or job.name,
            "customProperties": properties,
            "env": self._settings.env,
        }
        if entry.url:
            info["externalUrl"] = entry.url
        if entry.description:
            info["description"] = entry.description
        gone = entry.gone and self._settings.retire_after_days is not None
        status = {"value": {"removed": gone}}
        if job.kind == "dag":
            flow = self._urns.flow(job)
            yield "dataFlow", {"urn": flow, "dataFlowInfo": {"value": info}, "status": status}
            if self._urns.style == "plugin":
                return
        elif job.dag_id is None:
            flow_info = {"name": job.name.split(".")[0], "env": self._settings.env}
            yield "dataFlow", {"urn": self._urns.flow(job), "dataFlowInfo": {"value": flow_info}}
        info = {**info, "type": {"string": "COMMAND"}, "flowUrn": self._urns.flow(job)}
        info["customProperties"] = properties | MADE
        aspects: Aspects = {
            "urn": self._urns.job(job),
            INFO: {"value": info},
            "status": status,
        }
        if self._settings.lineage == "replace":
            aspects[LINEAGE] = {"value": self._lineage(entry)}
        yield "dataJob", aspects

    def _edges(self, entry: JobEntry) -> dict[str, list[str]]:
        return {
            "inputDatasetEdges": self._urns.datasets(entry.inputs),
            "outputDatasetEdges": self._urns.datasets(entry.outputs),
            "inputDatajobEdges": [
                self._urns.job(job) for job in entry.upstream if is_delivered(job)
            ],
        }

    def _columns(self, entry: JobEntry) -> list[tuple[str, str, str]]:
        """(operation, downstream, upstream) of each pair of columns."""
        pairs = (
            (
                origin.transformation or "NONE",
                self._urns.column(origin.target, origin.target_column),
                self._urns.column(origin.source, origin.source_column),
            )
            for origin in entry.origins
            if origin.direct
        )
        return [(how, down, up) for how, down, up in pairs if down and up]

    def _lineage(self, entry: JobEntry) -> Aspects:
        edges = self._edges(entry)
        by_target: dict[tuple[str, str], list[str]] = defaultdict(list)
        for how, down, up in self._columns(entry):
            by_target[how, down].append(up)
        return {
            "inputDatasets": [],
            "outputDatasets": [],
            **{name: [_edge(urn) for urn in urns] for name, urns in edges.items()},
            "fineGrainedLineages": [
                {
                    "upstreamType": "FIELD_SET",
                    "upstreams": ups,
                    "downstreamType": "FIELD",
                    "downstreams": [down],
                    "transformOperation": how,
                    "confidenceScore": 1.0,
                }
                for (how, down), ups in by_target.items()
            ],
        }

    def _members(self, entry: JobEntry) -> dict[tuple[str, ...], object]:
        """What a patch adds for the edges of a job, by the path that takes it away again."""
        edges: dict[tuple[str, ...], Any] = {
            (name, other): _edge(other)
            for name, urns in self._edges(entry).items()
            for other in urns
        }
        columns = {
            ("fineGrainedLineages", how, down, "NONE", up): {"confidenceScore": 1.0}
            for how, down, up in self._columns(entry)
        }
        return edges | columns

    def _curated(self, entry: JobEntry, stale: JobEntry) -> Iterator[tuple[str, Aspects]]:
        """What is added to what is there: tags, owners, edges; and which of ours are retracted."""
        is_dag = entry.job.kind == "dag" and self._urns.style == "plugin"
        urn = self._urns.flow(entry.job) if is_dag else self._urns.job(entry.job)
        aspects: Aspects = {}
        if entry.tags:
            aspects["globalTags"] = _patch(
                [(("tags", "", urn), {"tag": urn}) for urn in sorted(set(map(_tag, entry.tags)))],
                {"tags": ["attribution␟source", "tag"]},
            )
        owners = sorted({self._owner(owner) for owner in entry.owners if owner.name != "***"})
        if owners:
            kind = self._settings.owner_type
            aspects["ownership"] = _patch(
                [
                    (("owners", owner, kind, "", ""), {"owner": owner, "type": kind})
                    for owner in owners
                ],
                {"owners": ["owner", "type", "typeUrn", "attribution␟source"]},
            )
        if not is_dag and self._settings.lineage == "merge":
            adds = self._members(entry)
            removes = [path for path in self._members(stale) if path not in adds]
            if adds or removes:
                aspects[LINEAGE] = _patch(list(adds.items()), removes=removes)
        if aspects:
            yield ("dataFlow" if is_dag else "dataJob"), {"urn": urn, **aspects}

    def _owner(self, owner: Owner) -> str:
        if owner.name.startswith("urn:li:"):
            return owner.name
        return f"urn:li:{self._settings.owners_are}:{owner.name}"

    def _run(self, run: RunEntry) -> Iterator[tuple[str, Aspects]]:
        urn = self._urns.run(run)
        events = list(_run_events(run))
        if not run.last_try:  # tries share an instance; the last one says how it stands
            for event in events:
                yield "dataProcessInstance", {"urn": urn, _RUN_EVENT: {"value": event}}
            return
        above: Aspects = {"parentTemplate": self._urns.template(run.job), "upstreamInstances": []}
        parent = self._urns.parent_run(run)
        if parent is not None:
            above["parentInstance"] = parent
        aspects: Aspects = {
            "urn": urn,
            "dataProcessInstanceProperties": {"value": self._run_properties(run)},
            "dataProcessInstanceRelationships": {"value": above},
        }
        for role, aspect, key in (
            ("input", "dataProcessInstanceInput", "inputs"),
            ("output", "dataProcessInstanceOutput", "outputs"),
        ):
            urns = self._urns.datasets([item.dataset for item in run.datasets if item.role == role])
            if urns:
                aspects[aspect] = {"value": {key: urns}}
        if events:
            aspects[_RUN_EVENT] = {"value": events[-1]}
        yield "dataProcessInstance", aspects
        for event in events[:-1]:
            yield (
                "dataProcessInstance",
                {"urn": urn, "dataProcessInstanceRunEvent": {"value": event}},
            )
        yield from self._operations(run)

    def _run_properties(self, run: RunEntry) -> Aspects:
        custom = {
            "dag_id": run.job.dag_id,
            "task_id": run.job.task_id,
            "run_id": run.dag_run_id,
            "openlineage_run_id": run.run_id,
            "map_index": None if run.map_index in (None, -1) else run.map_index,
            "state": run.state,
            "error": run.error,
        }
        properties: Aspects = {
            "name": _run_name(run),
            "type": "BATCH_AD_HOC" if run.run_type == "manual" else "BATCH_SCHEDULED",
            "created": {"time": _ms(run.started_at or run.first_at), "actor": _ACTOR},
            "customProperties": _texts(custom),
        }
        if run.url:
            properties["externalUrl"] = run.url
        return properties

    def _operations(self, run: RunEntry) -> Iterator[tuple[str, Aspects]]:
        """A successful write of each output; reading, starting and failing write nothing."""
        for item in run.datasets:
            urn = self._urns.dataset(item.dataset)
            if item.role != "output" or item.written_at is None or urn is None:
                continue
            operation = _operation(run, item.written_at)
            if item.row_count is not None:
                operation["numAffectedRows"] = item.row_count
            yield "dataset", {"urn": urn, "operation": {"value": operation}}


# --- small parts --------------------------------------------------------------------------------


def _run_name(run: RunEntry) -> str:
    job = ".".join(part for part in (run.job.dag_id, run.job.task_id) if part) or run.job.name
    name = f"{job} {run.dag_run_id or run.run_id}"
    return f"{name} [{run.map_index}]" if run.map_index not in (None, -1) else name


def _run_events(run: RunEntry) -> Iterator[Aspects]:
    """STARTED, then COMPLETE with its result; at the times of the run, so that a repetition is none."""
    attempt = {"attempt": run.try_number} if run.try_number is not None else {}
    if run.started_at is not None:
        yield {"timestampMillis": _ms(run.started_at), "status": "STARTED", **attempt}
    result = _RESULTS.get(run.state)
    if result is None:
        return
    ended = run.ended_at or run.last_at
    at = max(_ms(ended), _ms(run.started_at) + 1 if run.started_at is not None else 0)
    event: Aspects = {
        "timestampMillis": at,
        "status": "COMPLETE",
        **attempt,
        "result": {
            "type": result,
            "nativeResultType": "airflow" if run.job.dag_id else "openlineage",
        },
    }
    if run.duration is not None:
        event["durationMillis"] = round(run.duration * 1000)
    yield event


def _patch(
    adds: Sequence[tuple[Sequence[str], Any]],
    keys: dict[str, list[str]] | None = None,
    removes: Sequence[Sequence[str]] = (),
) -> Aspects:
    """A JSON Patch; `keys` say which fields identify the members of an array."""
    operations: list[Aspects] = [
        *({"op": "add", "path": pointer(path), "value": value} for path, value in adds),
        *({"op": "remove", "path": pointer(path)} for path in removes),
    ]
    return {"value": {"patch": operations, **({"arrayPrimaryKeys": keys} if keys else {})}}


def _edge(other: str) -> Aspects:
    return {"destinationUrn": other, "properties": DRAWN}


def pointer(path: Sequence[str]) -> str:
    return "/" + "/".join(part.replace("~", "~0").replace("/", "~1") for part in path)


def _tag(tag: Tag) -> str:
    name = tag.key if tag.value in (None, "", tag.key) else f"{tag.key}:{tag.value}"
    return f"urn:li:tag:{name}"


def _texts(values: Any) -> dict[str, str]:
    return {
        str(name): value if isinstance(value, str) else json.dumps(value, sort_keys=True)
        for name, value in values.items()
        if value is not None
    }


def _ms(at: int) -> int:
    return at // 1000


def _operation(run: RunEntry, written_at: int) -> Aspects:
    of_airflow = {"dagId": run.job.dag_id, "taskId": run.job.task_id, "runId": run.dag_run_id}
    return {
        "timestampMillis": _ms(written_at),
        "lastUpdatedTimestamp": _ms(written_at),
        "operationType": "INSERT",
        "actor": _ACTOR,
        "sourceType": "DATA_PROCESS",
        "messageId": run.run_id,
        "customProperties": _texts(of_airflow),
    }
