"""One file an operator family. `EXTRACTORS` is the list; `register` hands it to OpenLineage."""

from __future__ import annotations

import logging
from importlib import import_module
from typing import Any

log = logging.getLogger(__name__)

EXTRACTORS = (
    "fairlead_airflow.extractors.python.PythonExtractor",
    "fairlead_airflow.extractors.bash.BashExtractor",
    "fairlead_airflow.extractors.sql.SqlExtractor",
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
    "fairlead_airflow.extractors.kafka.ProduceExtractor",
    "fairlead_airflow.extractors.kafka.ConsumeExtractor",
    "fairlead_airflow.extractors.commands.PodExtractor",
    "fairlead_airflow.extractors.commands.DockerExtractor",
    "fairlead_airflow.extractors.commands.SshExtractor",
    "fairlead_airflow.extractors.aws.GlueExtractor",
    "fairlead_airflow.extractors.aws.EmrStepsExtractor",
    "fairlead_airflow.extractors.aws.EmrJobExtractor",
    "fairlead_airflow.extractors.aws.EcsExtractor",
    "fairlead_airflow.extractors.aws.BatchExtractor",
    "fairlead_airflow.extractors.aws.LambdaExtractor",
    "fairlead_airflow.extractors.remote.DatabricksExtractor",
    "fairlead_airflow.extractors.remote.SparkSubmitExtractor",
    "fairlead_airflow.extractors.remote.DbtCloudExtractor",
    "fairlead_airflow.extractors.remote.AirbyteExtractor",
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
    return left
