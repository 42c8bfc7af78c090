"""Jobs on Databricks, Spark, dbt Cloud and Airbyte: their code, and the run's id over there."""

from __future__ import annotations

from typing import Any, ClassVar

from fairlead_airflow.extractors.base import Extractor
from fairlead_airflow.extractors.commands import command_line
from fairlead_airflow.lineage import external
from fairlead_airflow.lineage.parts import Facets, Lineage


class DatabricksExtractor(Extractor):
    """`DatabricksSubmitRunOperator` and `DatabricksRunNowOperator`."""

    operators: ClassVar[tuple[str, ...]] = (
        "DatabricksSubmitRunOperator",
        "DatabricksRunNowOperator",
    )

    def before(self) -> Lineage:
        task = self.operator
        workspace = external.page(task.databricks_conn_id)
        return Lineage(
            job_facets=self._script(workspace),
            run_facets=external.run(getattr(task, "run_id", None), workspace),
        )

    def _script(self, workspace: str) -> Facets:
        told = self._told()
        if path := (told.get("notebook_task") or {}).get("notebook_path"):
            return external.location("databricks", f"{workspace}/#workspace{path}")
        python = (told.get("spark_python_task") or {}).get("python_file")
        if python:
            return external.script(python)
        if url := (told.get("git_source") or {}).get("git_url"):
            return external.location("git", url)
        return {}

    def _told(self) -> dict[str, Any]:
        """What is submitted: in `json`, or in arguments of its own until the task has run."""
        names = ("notebook_task", "spark_python_task", "git_source")
        arguments = {name: getattr(self.operator, name, None) for name in names}
        told = self.operator.json if isinstance(self.operator.json, dict) else {}
        return {**told, **{name: value for name, value in arguments.items() if value}}


class SparkSubmitExtractor(Extractor):
    """`SparkSubmitOperator`: the application and its arguments. Its configuration holds secrets."""

    operators: ClassVar[tuple[str, ...]] = ("SparkSubmitOperator",)

    def before(self) -> Lineage:
        task = self.operator
        words = [task.application, *(task.application_args or ())]
        code = external.code("bash", command_line(words)) if self.source_code_enabled else {}
        return Lineage(
            job_facets={**code, **external.script(task.application)},
            run_facets=external.run(self._submitted(), "spark"),
        )

    def _submitted(self) -> Any:
        """The id in YARN, in Spark's own cluster, or in Kubernetes; the hook learns it as it runs."""
        hook = getattr(self.operator, "_hook", None)
        names = ("_yarn_application_id", "_driver_id", "_kubernetes_driver_pod")
        return next((found for name in names if (found := getattr(hook, name, None))), None)


class DbtCloudExtractor(Extractor):
    """`DbtCloudRunJobOperator`: what its own methods say, and the run's page."""

    operators: ClassVar[tuple[str, ...]] = ("DbtCloudRunJobOperator",)

    def before(self) -> Lineage:
        task = self.operator
        place = external.page(task.dbt_cloud_conn_id, "cloud.getdbt.com")
        return Lineage(run_facets=external.run(getattr(task, "run_id", None), place))

    def after(self, task_instance: Any) -> Lineage:
        result = self.before()
        method = getattr(self.operator, "get_openlineage_facets_on_complete", None)
        return result.add(Lineage.of(method(task_instance))) if method else result


class AirbyteExtractor(Extractor):
    """`AirbyteTriggerSyncOperator`: the job, and where the connection that it syncs is kept."""

    operators: ClassVar[tuple[str, ...]] = ("AirbyteTriggerSyncOperator",)

    def before(self) -> Lineage:
        task = self.operator
        place = external.page(task.airbyte_conn_id)
        return Lineage(
            job_facets=external.location("airbyte", f"{place}/connections/{task.connection_id}"),
            run_facets=external.run(getattr(task, "job_id", None), place),
        )
