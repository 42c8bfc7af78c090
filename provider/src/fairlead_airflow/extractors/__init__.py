"""One file an operator family. `EXTRACTORS` is the list; `register` hands it to OpenLineage."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from functools import partial
from importlib import import_module
from typing import Any

from fairlead_airflow.compat.objects import Task, TaskInstance

log = logging.getLogger(__name__)

EXTRACTORS = (
    "fairlead_airflow.extractors.python.PythonExtractor",
    "fairlead_airflow.extractors.bash.BashExtractor",
    "fairlead_airflow.extractors.sql.SqlExtractor",
    "fairlead_airflow.extractors.sql.ClickHouseExtractor",
    "fairlead_airflow.extractors.http.HttpExtractor",
    "fairlead_airflow.extractors.files.FileTransferExtractor",
    "fairlead_airflow.extractors.waiting.FileSensorExtractor",
    "fairlead_airflow.extractors.waiting.ExternalTaskExtractor",
    "fairlead_airflow.extractors.waiting.TriggerExtractor",
    "fairlead_airflow.extractors.transfer.GenericTransferExtractor",
    "fairlead_airflow.extractors.transfer.SqlToS3Extractor",
    "fairlead_airflow.extractors.transfer.S3ToSqlExtractor",
    "fairlead_airflow.extractors.transfer.SftpExtractor",
    "fairlead_airflow.extractors.transfer.SftpSensorExtractor",
    "fairlead_airflow.extractors.transfer.S3KeySensorExtractor",
    "fairlead_airflow.extractors.moves.MoveExtractor",
    "fairlead_airflow.extractors.kafka.ProduceExtractor",
    "fairlead_airflow.extractors.kafka.ConsumeExtractor",
    "fairlead_airflow.extractors.commands.PodExtractor",
    "fairlead_airflow.extractors.commands.DockerExtractor",
    "fairlead_airflow.extractors.commands.ContainerInstancesExtractor",
    "fairlead_airflow.extractors.commands.SshExtractor",
    "fairlead_airflow.extractors.aws.GlueExtractor",
    "fairlead_airflow.extractors.aws.EmrStepsExtractor",
    "fairlead_airflow.extractors.aws.EmrClusterExtractor",
    "fairlead_airflow.extractors.aws.EmrJobExtractor",
    "fairlead_airflow.extractors.aws.EcsExtractor",
    "fairlead_airflow.extractors.aws.BatchExtractor",
    "fairlead_airflow.extractors.aws.LambdaExtractor",
    "fairlead_airflow.extractors.aws.StepFunctionExtractor",
    "fairlead_airflow.extractors.aws.AppflowExtractor",
    "fairlead_airflow.extractors.aws.DmsExtractor",
    "fairlead_airflow.extractors.remote.DatabricksExtractor",
    "fairlead_airflow.extractors.google.DataprocExtractor",
    "fairlead_airflow.extractors.google.DataflowExtractor",
    "fairlead_airflow.extractors.google.CloudRunExtractor",
    "fairlead_airflow.extractors.azure.PipelineExtractor",
    "fairlead_airflow.extractors.azure.SynapseSparkExtractor",
    "fairlead_airflow.extractors.azure.AzureBatchExtractor",
    "fairlead_airflow.extractors.azure.PowerBiExtractor",
    "fairlead_airflow.extractors.remote.SparkSubmitExtractor",
    "fairlead_airflow.extractors.remote.SparkSqlExtractor",
    "fairlead_airflow.extractors.remote.LivyExtractor",
    "fairlead_airflow.extractors.remote.PapermillExtractor",
    "fairlead_airflow.extractors.remote.DbtCloudExtractor",
    "fairlead_airflow.extractors.remote.AirbyteExtractor",
    "fairlead_airflow.extractors.fivetran.FivetranExtractor",
)
_STOCK = "airflow.providers.openlineage.extractors."


def register(manager: Any) -> list[str]:
    """Give OpenLineage's extractor manager ours. What a user registered for an operator stays.

    Not by way of `[openlineage] extractors`: that option is a set, so which of two extractors for one
    operator wins is left to chance, and each one that replaces a stock extractor is warned of in
    every task's log. Returns the class names of operators whose extractor was left alone.
    """
    left = []
    for path in EXTRACTORS:
        module, _, name = path.rpartition(".")
        extractor = getattr(import_module(module), name)
        for operator in extractor.get_operator_classnames():
            present = manager.extractors.get(operator)
            if present is None or present.__module__.startswith(_STOCK):
                manager.add_extractor(operator, extractor)
            elif present is not extractor:
                left.append(operator)
    manager.extract_metadata = partial(_extract, manager)
    return left


def _extract(
    manager: Any,
    dagrun: object,
    task: Task,
    task_instance_state: object,
    task_instance: object,
    controls: object = None,
) -> object:
    """In the place of the manager's method of that name, which finds an operator by its name alone, and
    lets what an operator says suppress what its hooks reported and its author declared."""
    from fairlead_airflow.extractors.base import Extractor

    kind = extractor_of(task, manager.extractors)
    if not issubclass(kind, Extractor):  # a user's own, of another make
        return type(manager).extract_metadata(
            manager, dagrun, task, task_instance_state, task_instance, controls
        )
    try:
        return _asked(kind(task), task_instance_state, task_instance, controls)
    except Exception as error:  # a task without lineage is better than none
        from airflow.providers.openlineage.extractors import OperatorLineage

        log.warning("The lineage of %s is missing: %s", task.task_id, error)
        log.debug("Details:", exc_info=True)
        return OperatorLineage()


def _asked(extractor: Any, state: object, task_instance: TaskInstance, controls: Any) -> object:
    if controls is not None:
        extractor.source_code_enabled = controls.include_source_code
        extractor.hook_lineage_enabled = controls.hook_lineage
    state = str(getattr(state, "value", state))
    if state == "running":
        return extractor.extract()
    if state == "failed":
        return extractor.extract_on_failure(task_instance)
    return extractor.extract_on_complete(task_instance)


def extractor_of(task: Task, extractors: Mapping[str, type[Any]]) -> type[object]:
    """The extractor that is registered for the task's class, or else for the nearest of its bases,
    unless OpenLineage's methods are nearer."""
    from fairlead_airflow.extractors.base import Extractor
    from fairlead_airflow.extractors.others import METHODS, EmptyExtractor, SpeakingExtractor

    if found := extractors.get(task.task_type):
        return found
    for base in type(task).__mro__:
        found = extractors.get(base.__name__)
        if found is not None and issubclass(found, Extractor):
            return found
        if any(method in vars(base) for method in METHODS):
            return SpeakingExtractor
    return EmptyExtractor
