"""
DataHub, through `/openapi/v3/entity/generic`: DAGs, tasks, their runs and try by try how they went,
lineage by columns, and when each dataset was last written.

What humans curate (tags, owners, lineage drawn by hand) is added to, never replaced.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from typing import Any, ClassVar, Literal

from pydantic import Field, SecretStr

from fairlead_bridge.entries import (
    AnyEntry,
    DatasetEntry,
    DatasetRef,
    JobEntry,
    JobRef,
    Owner,
    RunEntry,
    Tag,
)
from fairlead_bridge.model import Kind
from fairlead_bridge.sinks import Outcome, retiring
from fairlead_bridge.sinks.batch import in_batches
from fairlead_bridge.sinks.http import Bearer, Broken, Client, Misconfigured, Refused
from fairlead_bridge.sinks.naming import Naming
from fairlead_bridge.sinks.settings import SinkSettings, Url

Aspects = dict[str, Any]
#: {"upserts" and "patches": [entity type, {"urn": ..., aspect: {"value": ...}}]}
Proposals = dict[str, list[tuple[str, Aspects]]]

#: Aspects and bytes that DataHub's own client puts into one request.
_ASPECTS, _BYTES = 200, 12_000_000
_RUN_EVENT = "dataProcessInstanceRunEvent"
_INFO, _LINEAGE = "dataJobInfo", "dataJobInputOutput"
_EDGES = ("inputDatasetEdges", "outputDatasetEdges", "inputDatajobEdges")
#: By this we know the edges again that we added; those that people draw say "UI".
_MARK = {"source": "fairlead"}
#: By this property we know the jobs again that we made.
_MADE = {"made_by": "fairlead"}
_ACTOR = "urn:li:corpuser:airflow"
#: OpenLineage's schemes that DataHub calls otherwise.
_PLATFORMS = {
    "postgresql": "postgres",
    "sqlserver": "mssql",
    "awsathena": "athena",
    "gs": "gcs",
    "s3a": "s3",
    "s3n": "s3",
    "abfs": "abs",
    "abfss": "abs",
    "wasb": "abs",
    "wasbs": "abs",
    "unitycatalog": "databricks",
}
#: Platforms whose datasets are named by bucket and key.
_BUCKETS = {"s3", "gcs", "abs"}
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


class DataHubSettings(SinkSettings):
    """A DataHub."""

    type: Literal["datahub"] = "datahub"
    url: Url = Field(description="of the metadata service: http://gms:8080, https://HOST/api/gms")
    token: SecretStr | None = Field(default=None, description="a personal access token")
    urn_style: Literal["plugin", "openlineage"] = Field(
        default="plugin",
        description="name things as DataHub's Airflow plugin does, or its OpenLineage endpoint",
    )
    cluster: str = Field(default="prod", description="the last part of a DAG's urn")
    platform_instance: str | None = Field(default=None, description="of this Airflow")
    env: str = Field(default="PROD", description="of datasets without a rule; PROD, DEV, ...")
    lineage: Literal["merge", "replace"] = Field(
        default="merge",
        description="add to a task's edges, or replace them by those it has now",
    )
    batch: int = Field(default=400, ge=1, le=10_000, description="entries in one go")
    schemas: bool = Field(default=False, description="send columns; a crawler does it better")
    owners_are: Literal["corpuser", "corpGroup"] = "corpuser"
    owner_type: str = "TECHNICAL_OWNER"
    wait: bool = Field(
        default=True, description="for DataHub to have stored it; else it answers 202 and may drop"
    )


class DataHub:
    """Tells a DataHub."""

    Settings: ClassVar[type[SinkSettings]] = DataHubSettings
    kinds: frozenset[Kind] = frozenset({"dataset", "job", "run"})

    def __init__(self, name: str, settings: DataHubSettings) -> None:
        self.name = name
        self._settings = settings
        self._urns = Urns(settings)
        self._generic = True
        self.client = Client(
            settings.url,
            auth=Bearer(settings.token.get_secret_value) if settings.token else None,
            timeout=(5.0, settings.timeout),
            verify=settings.verify,
            rate=settings.rate,
        )

    # --- thinking -------------------------------------------------------------------------------

    def render(self, entry: AnyEntry) -> Proposals | None:
        """The aspects of the entry."""
        upserts: list[tuple[str, Aspects]] = []
        patches: list[tuple[str, Aspects]] = []
        match entry:
            case DatasetEntry():
                upserts = list(self._dataset(entry))
            case JobEntry(job=job) if _is_told(job):
                kept, retired = retiring.split(entry, self._settings.retire_after_days)
                upserts = list(self._job(kept))
                patches = list(self._curated(kept, retired))
            case RunEntry(job=job) if _is_told(job):
                upserts = list(self._run(entry))
            case _:
                return None
        return {"upserts": upserts, "patches": patches} if upserts else None

    def named(self, dataset: DatasetRef) -> str | None:
        """The urn of a dataset; None where nothing says which platform it is on."""
        return self._urns.dataset(dataset)

    def _dataset(self, entry: DatasetEntry) -> Iterator[tuple[str, Aspects]]:
        urn = self._urns.dataset(entry.dataset)
        if urn is None:
            return
        platform, name, env = self._urns.parts(entry.dataset)
        key = {"platform": f"urn:li:dataPlatform:{platform}", "name": name, "origin": env}
        aspects: Aspects = {"urn": urn, "datasetKey": {"value": key}}
        if self._settings.schemas and entry.columns:
            aspects["schemaMetadata"] = {"value": _schema(entry, platform)}
        yield "dataset", aspects

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
        info["customProperties"] = properties | _MADE
        told: Aspects = {
            "urn": self._urns.job(job),
            _INFO: {"value": info},
            "status": status,
        }
        if self._settings.lineage == "replace":
            told[_LINEAGE] = {"value": self._lineage(entry)}
        yield "dataJob", told

    def _edges(self, entry: JobEntry) -> dict[str, list[str]]:
        return {
            "inputDatasetEdges": self._urns.datasets(entry.inputs),
            "outputDatasetEdges": self._urns.datasets(entry.outputs),
            "inputDatajobEdges": [self._urns.job(job) for job in entry.upstream if _is_told(job)],
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

    def _members(self, entry: JobEntry) -> dict[tuple[str, ...], Any]:
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

    def _curated(self, entry: JobEntry, retired: JobEntry) -> Iterator[tuple[str, Aspects]]:
        """What is added to what is there: tags, owners, edges; and what we added is taken back."""
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
            removes = [path for path in self._members(retired) if path not in adds]
            if adds or removes:
                aspects[_LINEAGE] = _patch(list(adds.items()), removes=removes)
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
        told = {
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
            "customProperties": _texts(told),
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
            operation: Aspects = {
                "timestampMillis": _ms(item.written_at),
                "lastUpdatedTimestamp": _ms(item.written_at),
                "operationType": "INSERT",
                "actor": _ACTOR,
                "sourceType": "DATA_PROCESS",
                "messageId": run.run_id,
                "customProperties": _texts(
                    {"dagId": run.job.dag_id, "taskId": run.job.task_id, "runId": run.dag_run_id}
                ),
            }
            if item.row_count is not None:
                operation["numAffectedRows"] = item.row_count
            yield "dataset", {"urn": urn, "operation": {"value": operation}}

    # --- touching -------------------------------------------------------------------------------

    def push(self, payloads: Sequence[Proposals]) -> Iterator[Outcome]:
        """Upserts of many entries in one request, their patches in a second."""
        share = _BYTES // _ASPECTS
        return in_batches(
            payloads,
            lambda payload: max(_aspects(payload), len(json.dumps(payload)) // share),
            _ASPECTS,
            self._send,
            at_most=self._settings.concurrency,
        )

    def _send(self, payloads: Sequence[Proposals]) -> None:
        upserts = [item for payload in payloads for item in payload["upserts"]]
        patches = [item for payload in payloads for item in payload["patches"]]
        held = self._held({aspects["urn"] for entity, aspects in upserts if entity == "dataJob"})
        steps = (
            ("POST", [(kind, _unclaimed(item, held.get(item["urn"]))) for kind, item in upserts]),
            ("PATCH", [(kind, _spared(item, held.get(item["urn"]))) for kind, item in patches]),
        )
        for method, items in steps:
            body: dict[str, list[Aspects]] = defaultdict(list)
            for entity, aspects in items:
                if len(aspects) > 1:
                    body[entity].append(aspects)
            if body:
                self._call(method, body, {"async": "false" if self._settings.wait else "true"})

    def _held(self, jobs: Collection[str]) -> dict[str, Aspects]:
        """What DataHub has of these jobs, so far as others may have written it."""
        if not jobs:
            return {}
        wanted: Aspects = {name: {"headers": {}} for name in (_INFO, _LINEAGE)}
        asked = {"dataJob": [{"urn": urn, **wanted} for urn in sorted(jobs)]}
        answers = self._call("POST", asked, {"systemMetadata": "false"}, "/batchGet")
        return {item["urn"]: item for answer in answers for item in answer}

    def _call(
        self, method: str, body: dict[str, list[Aspects]], params: dict[str, str], path: str = ""
    ) -> list[list[Aspects]]:
        """The answers of one request, or of one for each type of entity where the server is old."""
        if self._generic:
            try:
                answer = self._ask(method, f"/openapi/v3/entity/generic{path}", body, params)
            except Refused as error:
                if error.status not in (404, 405):
                    raise
                self._generic = False  # a server older than 1.2: one call for each entity type
            else:
                return list((answer or {}).values())
        answers = []
        for entity, items in body.items():
            try:
                answer = self._ask(method, f"/openapi/v3/entity/{entity}{path}", items, params)
            except Refused as error:
                if error.status in (404, 405):
                    raise Misconfigured(
                        f"{error}; is `url` that of DataHub's metadata service, version 0.14 or "
                        "newer?"
                    ) from error
                raise
            answers.append(answer or [])
        return answers

    def _ask(self, method: str, path: str, body: Any, params: dict[str, str]) -> Any:
        try:
            return self.client.json(method, path, body, params=params)
        except Refused as error:
            if error.status == 403:
                raise Misconfigured(
                    f"{error}; the token's owner needs the privileges to edit entities"
                ) from error
            raise

    def probe(self) -> list[str]:
        """Address, credentials, version."""
        try:
            config = self.client.json("GET", "/config")
        except Refused as error:
            raise Misconfigured(
                f"{error}; is `url` that of DataHub's metadata service (…:8080, …/api/gms)?"
            ) from error
        if not isinstance(config, dict) or config.get("noCode") != "true":
            raise Misconfigured(f"{self._settings.url} answers, but is no DataHub metadata service")
        versions = config.get("versions") or {}
        version = next(
            (item.get("version") for item in versions.values() if isinstance(item, dict)), "?"
        )
        found = [f"DataHub {version} at {self._settings.url}"]
        try:
            self.client.json("POST", "/openapi/v3/entity/generic/batchGet", {})
        except Broken:
            pass
        except Refused as error:
            if error.status == 403:
                raise Misconfigured(f"{error}; the token may not read entities") from error
            if error.status in (404, 405):
                found.append("no /openapi/v3/entity/generic: one call for each type of entity")
        found.append(
            "writes are waited for"
            if self._settings.wait
            else "wait = false: DataHub answers 202 before it has checked anything; what it drops "
            "later shows only in its own logs"
        )
        return found


# --- names --------------------------------------------------------------------------------------


class Urns:
    """What DataHub calls things, in the manner of its Airflow plugin or its OpenLineage endpoint."""

    def __init__(self, settings: DataHubSettings) -> None:
        self._settings = settings
        self._naming = Naming(settings.naming)
        self.style = settings.urn_style

    def parts(self, dataset: DatasetRef) -> tuple[str, str, str]:
        """Platform, name and environment of a dataset that has a urn."""
        named = self._naming(dataset)
        assert named is not None  # noqa: S101  (`dataset` answered)
        scheme, _, rest = dataset.namespace.partition("://")
        platform = named.rule.platform or _PLATFORMS.get(scheme.lower(), scheme.lower())
        name = named.name
        if platform in _BUCKETS and rest:
            name = f"{rest.partition('@')[0]}/{name.lstrip('/')}"
        if named.rule.instance:
            name = f"{named.rule.instance}.{name}"
        return platform, _escaped(name), named.rule.env or self._settings.env

    def dataset(self, dataset: DatasetRef) -> str | None:
        named = self._naming(dataset)
        if named is None or (not named.rule.platform and not _has_scheme(dataset.namespace)):
            return None
        platform, name, env = self.parts(dataset)
        return f"urn:li:dataset:(urn:li:dataPlatform:{platform},{name},{env})"

    def datasets(self, datasets: Sequence[DatasetRef]) -> list[str]:
        found = {self.dataset(dataset) for dataset in datasets}
        return sorted(urn for urn in found if urn is not None)

    def column(self, dataset: DatasetRef, column: str) -> str | None:
        urn = self.dataset(dataset)
        return f"urn:li:schemaField:({urn},{_escaped(column)})" if urn else None

    def orchestrator(self, job: JobRef) -> str:
        return (job.integration or ("airflow" if job.dag_id else "openlineage")).lower()

    def flow(self, job: JobRef) -> str:
        name = job.dag_id or job.name.split(".")[0]
        if self._settings.platform_instance and self.style == "plugin":
            name = f"{self._settings.platform_instance}.{name}"
        return (
            f"urn:li:dataFlow:({self.orchestrator(job)},{_escaped(name)},{self._settings.cluster})"
        )

    def job(self, job: JobRef) -> str:
        name = job.task_id if job.task_id and self.style == "plugin" else job.name
        return f"urn:li:dataJob:({self.flow(job)},{_escaped(name)})"

    def template(self, job: JobRef) -> str:
        """What a run is a run of."""
        return self.flow(job) if job.kind == "dag" and self.style == "plugin" else self.job(job)

    def run(self, run: RunEntry) -> str:
        if self.style == "openlineage" or run.dag_run_id is None:
            return f"urn:li:dataProcessInstance:{run.run_id}"
        parts = [run.job.dag_id, run.job.task_id, run.dag_run_id]
        if run.map_index is not None and run.map_index >= 0:
            parts.append(str(run.map_index))
        return self._instance(run.job, "_".join(part for part in parts if part))

    def parent_run(self, run: RunEntry) -> str | None:
        """The DAG run's instance, of a task's run."""
        if run.dag_run is None or run.job.task_id is None:
            return None
        if self.style == "openlineage":
            parent = run.dag_run_openlineage_id
            return f"urn:li:dataProcessInstance:{parent}" if parent else None
        return self._instance(run.job, f"{run.job.dag_id}_{run.dag_run_id}")

    def _instance(self, job: JobRef, identity: str) -> str:
        """A guid as the plugin computes it; with the DAG's id, so that DAGs share no instance."""
        key = {
            "cluster": self._settings.cluster,
            "id": identity,
            "orchestrator": self.orchestrator(job),
        }
        text = json.dumps(key, sort_keys=True, separators=(",", ":"))
        guid = hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
        return f"urn:li:dataProcessInstance:{guid}"


def _has_scheme(namespace: str) -> bool:
    return "://" in namespace or namespace in ("file", "bigquery", "pubsub")


def _escaped(name: str) -> str:
    """Urns are tuples: commas and brackets within a part are percent-encoded, and the sign itself."""
    for sign in "%,()␟":
        name = name.replace(sign, "".join(f"%{byte:02X}" for byte in sign.encode()))
    return name


# --- small parts --------------------------------------------------------------------------------


def _is_told(job: JobRef) -> bool:
    """Queries that an Airflow hook reports count for the task that ran them."""
    return not (job.kind == "query" and (job.integration or "AIRFLOW") == "AIRFLOW")


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
    """A JSON Patch; `keys` say by what the members of an array are told apart."""
    operations: list[Aspects] = [
        *({"op": "add", "path": _pointer(path), "value": value} for path, value in adds),
        *({"op": "remove", "path": _pointer(path)} for path in removes),
    ]
    return {"value": {"patch": operations, **({"arrayPrimaryKeys": keys} if keys else {})}}


def _edge(other: str) -> Aspects:
    return {"destinationUrn": other, "properties": _MARK}


def _value(held: Aspects | None, aspect: str) -> Aspects:
    return ((held or {}).get(aspect) or {}).get("value") or {}


def _unclaimed(aspects: Aspects, held: Aspects | None) -> Aspects:
    """A job that somebody else made is not called ours, and not taken away."""
    info = _value(held, _INFO)
    if (
        _INFO not in aspects
        or not info
        or _MADE.items() <= info.get("customProperties", {}).items()
    ):
        return aspects
    told = aspects[_INFO]["value"]
    properties = {key: text for key, text in told["customProperties"].items() if key not in _MADE}
    kept = {
        name: value
        for name, value in aspects.items()
        if name != "status" or not value["value"]["removed"]
    }
    return {**kept, _INFO: {"value": {**told, "customProperties": properties}}}


def _spared(aspects: Aspects, held: Aspects | None) -> Aspects:
    """A patch that leaves alone the edges of a job that others drew, and the columns with them."""
    lineage = _value(held, _LINEAGE)
    theirs = {
        (field, edge["destinationUrn"])
        for field in _EDGES
        for edge in lineage.get(field) or ()
        if edge.get("properties") != _MARK
    }
    if _LINEAGE not in aspects or not theirs:
        return aspects
    edges = {_pointer(edge) for edge in theirs}
    ends = {f"({_pointer([other])[1:]}," for _, other in theirs}
    kept = [
        one
        for one in aspects[_LINEAGE]["value"]["patch"]
        if one["path"] not in edges
        and not (one["op"] == "remove" and any(end in one["path"] for end in ends))
    ]
    rest = {name: told for name, told in aspects.items() if name != _LINEAGE}
    return {**rest, _LINEAGE: {"value": {"patch": kept}}} if kept else rest


def _pointer(path: Sequence[str]) -> str:
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


def _aspects(payload: Proposals) -> int:
    return sum(len(aspects) - 1 for part in payload.values() for _, aspects in part)


_TYPES = (
    (("bool",), "BooleanType"),
    (("int", "num", "dec", "float", "double", "real", "serial", "money"), "NumberType"),
    (("timestamp", "datetime", "time"), "TimeType"),
    (("date",), "DateType"),
    (("char", "text", "string", "uuid", "enum"), "StringType"),
    (("byte", "blob", "binary"), "BytesType"),
    (("array", "list"), "ArrayType"),
    (("map",), "MapType"),
    (("struct", "record", "row", "json", "variant", "object"), "RecordType"),
)


def _type(native: str | None) -> Aspects:
    text = (native or "").lower()
    for parts, name in _TYPES:
        if any(part in text for part in parts):
            return {"type": {f"com.linkedin.schema.{name}": {}}}
    return {"type": {"com.linkedin.schema.NullType": {}}}


def _schema(entry: DatasetEntry, platform: str) -> Aspects:
    never = {"time": 0, "actor": "urn:li:corpuser:unknown"}
    return {
        "schemaName": entry.dataset.name,
        "platform": f"urn:li:dataPlatform:{platform}",
        "version": 0,
        "hash": "",
        "created": never,
        "lastModified": never,
        "platformSchema": {"com.linkedin.schema.OtherSchema": {"rawSchema": ""}},
        "fields": [
            {
                "fieldPath": column.name,
                "nullable": True,
                "type": _type(column.type),
                "nativeDataType": column.type or "unknown",
                "recursive": False,
                "isPartOfKey": False,
                **({"description": column.description} if column.description else {}),
            }
            for column in entry.columns
        ],
    }
