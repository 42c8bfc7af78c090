"""What DataHub calls things."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence

from fairlead_bridge.entries import DatasetRef, IncidentEntry, JobRef, RunEntry
from fairlead_bridge.sinks.datahub.settings import DataHubSettings
from fairlead_bridge.sinks.naming import Naming

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

    def assertion(self, dataset: str, *identity: str) -> str:
        """One that no other program has: a guid of the dataset's urn and what is checked."""
        return f"urn:li:assertion:{_guid({'by': 'fairlead', 'of': dataset, 'id': list(identity)})}"

    def incident(self, incident: IncidentEntry) -> str:
        """One that the incident keeps for life, and that no other bridge's has."""
        moments = [incident.opened_at, incident.detected_at]
        key = {"by": "fairlead", "id": incident.name.id, "at": moments}
        return f"urn:li:incident:{_guid(key)}"

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
        return f"urn:li:dataProcessInstance:{_guid(key)}"


def is_delivered(job: JobRef) -> bool:
    """Whether it is a job there; queries that an Airflow hook reports count for their task."""
    return not (job.kind == "query" and (job.integration or "AIRFLOW") == "AIRFLOW")


def _guid(key: Mapping[str, object]) -> str:
    """A guid as DataHub's own programs compute it."""
    text = json.dumps(key, sort_keys=True, separators=(",", ":"))
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def _has_scheme(namespace: str) -> bool:
    return "://" in namespace or namespace in ("file", "bigquery", "pubsub")


def _escaped(name: str) -> str:
    """Urns are tuples: commas and brackets within a part are percent-encoded, and the sign itself."""
    for sign in "%,()␟":
        name = name.replace(sign, "".join(f"%{byte:02X}" for byte in sign.encode()))
    return name
