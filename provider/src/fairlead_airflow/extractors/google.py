"""Jobs that Google's services run: their code, and the run's id over there."""

from __future__ import annotations

from typing import ClassVar

from fairlead_airflow.extractors.base import Extractor
from fairlead_airflow.extractors.commands import command_line
from fairlead_airflow.lineage import external
from fairlead_airflow.lineage.parts import Facets, Lineage
from fairlead_sdk.documents import Json

_SCRIPTS = ("main_python_file_uri", "main_r_file_uri", "main_jar_file_uri", "query_file_uri")


class DataprocExtractor(Extractor):
    """`DataprocSubmitJobOperator` and `DataprocCreateBatchOperator`: the script with its arguments, or
    the queries."""

    operators: ClassVar[tuple[str, ...]] = (
        "DataprocSubmitJobOperator",
        "DataprocCreateBatchOperator",
    )

    def before(self) -> Lineage:
        task = self.operator
        job = getattr(task, "job", None) or getattr(task, "batch", None)
        identifier = self.runtime_value("job_id", "batch_id")
        result = Lineage(run_facets=external.run(identifier, f"dataproc:{task.region}"))
        for kind, work in (job if isinstance(job, dict) else {}).items():
            # `pyspark_job`, `hive_job`, ... of a cluster's job, `pyspark_batch`, ... of a batch
            if kind.endswith(("_job", "_batch")) and isinstance(work, dict):
                result.add(self._of_work(work))
        return result

    def _of_work(self, work: Json) -> Lineage:
        script = next(filter(None, (work.get(name) for name in _SCRIPTS)), None)
        queries = (work.get("query_list") or {}).get("queries") or ()
        facets: Facets = external.script(script)
        if self.source_code_enabled and (start := script or work.get("main_class")):
            facets |= external.code("bash", command_line([start, *(work.get("args") or ())]))
        return Lineage(job_facets=facets, statements=[q for q in queries if isinstance(q, str)])


class DataflowExtractor(Extractor):
    """The operators that start a job of Dataflow: its template or pipeline, and the job."""

    operators: ClassVar[tuple[str, ...]] = (
        "DataflowTemplatedJobStartOperator",
        "DataflowStartFlexTemplateOperator",
        "DataflowStartYamlJobOperator",
    )

    def before(self) -> Lineage:
        task = self.operator
        job = getattr(task, "job", None) or {}
        where = getattr(task, "location", None) or getattr(task, "region", "")
        return Lineage(
            job_facets=external.script(self._script()),
            run_facets=external.run(
                job.get("id") or self.runtime_value("job_id"), f"dataflow:{where}"
            ),
        )

    def _script(self) -> object:
        task = self.operator
        launched = (getattr(task, "body", None) or {}).get("launchParameter") or {}
        plain = getattr(task, "template", None) or getattr(task, "yaml_pipeline_file", None)
        return plain or launched.get("containerSpecGcsPath")


class CloudRunExtractor(Extractor):
    """`CloudRunExecuteJobOperator`: the job, and the arguments of its containers."""

    operators: ClassVar[tuple[str, ...]] = ("CloudRunExecuteJobOperator",)

    def before(self) -> Lineage:
        task = self.operator
        name = f"projects/{task.project_id}/locations/{task.region}/jobs/{task.job_name}"
        overrides = (task.overrides or {}).get("container_overrides") or ()
        lines = [command_line(item["args"]) for item in overrides if item.get("args")]
        code = external.code("bash", "\n".join(lines)) if self.source_code_enabled else {}
        return Lineage(
            job_facets={**code, **external.location("cloudrun", f"run.googleapis.com/{name}")},
            run_facets=external.run(self.runtime_value("execution_name"), "cloudrun"),
        )
