"""Jobs that Azure's services run: what is run, and the run's id over there."""

from __future__ import annotations

from typing import ClassVar

from fairlead_airflow.extractors.base import Extractor
from fairlead_airflow.extractors.commands import command_line
from fairlead_airflow.lineage import external
from fairlead_airflow.lineage.parts import Lineage
from fairlead_sdk.datasets import Identity


class PipelineExtractor(Extractor):
    """`AzureDataFactoryRunPipelineOperator` and `AzureSynapseRunPipelineOperator`."""

    operators: ClassVar[tuple[str, ...]] = (
        "AzureDataFactoryRunPipelineOperator",
        "AzureSynapseRunPipelineOperator",
    )

    def before(self) -> Lineage:
        task = self.operator
        names = ("resource_group_name", "factory_name", "azure_synapse_workspace_dev_endpoint")
        place = "/".join(str(value) for name in names if (value := getattr(task, name, None)))
        kind = "synapse" if "Synapse" in type(task).__name__ else "adf"
        return Lineage(
            job_facets=external.location(kind, f"{kind}:{place}/{task.pipeline_name}"),
            run_facets=external.run(self.runtime_value("run_id"), f"{kind}:{place}"),
        )


class SynapseSparkExtractor(Extractor):
    """`AzureSynapseRunSparkBatchOperator`: the application and its arguments."""

    operators: ClassVar[tuple[str, ...]] = ("AzureSynapseRunSparkBatchOperator",)

    def before(self) -> Lineage:
        task = self.operator
        payload = task.payload if isinstance(task.payload, dict) else vars(task.payload)
        words = [payload.get("file"), *(payload.get("arguments") or payload.get("args") or ())]
        code = external.code("bash", command_line(words)) if self.source_code_enabled else {}
        return Lineage(
            job_facets={**code, **external.script(payload.get("file"))},
            run_facets=external.run(self.runtime_value("job_id"), f"synapse:{task.spark_pool}"),
        )


class AzureBatchExtractor(Extractor):
    """`AzureBatchOperator`: the command of its task."""

    operators: ClassVar[tuple[str, ...]] = ("AzureBatchOperator",)

    def before(self) -> Lineage:
        task = self.operator
        line = task.batch_task_command_line if self.source_code_enabled else None
        identifier = f"{task.batch_job_id}/{task.batch_task_id}"
        return Lineage(
            job_facets=external.code("bash", line),
            run_facets=external.run(identifier, f"azure-batch:{task.batch_pool_id}"),
        )


class PowerBiExtractor(Extractor):
    """`PowerBIDatasetRefreshOperator`: the dataset that it refreshes, and the refresh."""

    operators: ClassVar[tuple[str, ...]] = ("PowerBIDatasetRefreshOperator",)

    def before(self) -> Lineage:
        task = self.operator
        written = Identity(f"powerbi://{task.group_id}", str(task.dataset_id))
        refresh = self.runtime_value("dataset_refresh_id")
        return Lineage(outputs={written: {}}, run_facets=external.run(refresh, "powerbi"))
