"""Rows and files that are moved from one system to another."""

from __future__ import annotations

from typing import Any, ClassVar

from fairlead_airflow.compat.objects import TaskInstance
from fairlead_airflow.extractors.base import Extractor
from fairlead_airflow.lineage import places
from fairlead_airflow.lineage.parts import Facets, Lineage
from fairlead_sdk.datasets import Identity, of_file


def rows_read(hook: object, sql: Any) -> Lineage:
    """What a query, or several, read from the database behind a hook."""
    from fairlead_airflow.lineage import databases
    from fairlead_airflow.lineage.statements import Executed, lineage_of

    queries = [sql] if isinstance(sql, str) else list(sql)
    database = databases.behind(hook)
    if database is None:
        return Lineage(statements=queries)
    return lineage_of([Executed(query) for query in queries], database)


def table_written(hook: object, name: str, schema: str | None = None) -> Lineage:
    """The table that rows were inserted into, in the database behind a hook."""
    from fairlead_airflow.lineage import databases
    from fairlead_airflow.lineage.statements import Executed, lineage_of

    database = databases.behind(hook)
    if database is None:
        return Lineage()
    full = f"{schema}.{name}" if schema else name
    insert = f"INSERT INTO {full} VALUES (1)"  # noqa: S608 - it is read, never run
    result = lineage_of([Executed(insert)], database)
    return Lineage(outputs=result.outputs)


class GenericTransferExtractor(Extractor):
    """`GenericTransfer`. When it defers, its query runs elsewhere, where no hook reports to us."""

    operators: ClassVar[tuple[str, ...]] = ("GenericTransfer",)

    def before(self) -> Lineage:
        sql = self.operator.sql
        return Lineage(statements=[sql] if isinstance(sql, str) else list(sql))

    def after(self, task_instance: TaskInstance) -> Lineage:
        task = self.operator
        result = rows_read(task.source_hook, task.sql)
        return result.add(table_written(task.destination_hook, task.destination_table))


class SqlToS3Extractor(Extractor):
    """`SqlToS3Operator`. Where it makes several files, the hook that writes them names them."""

    operators: ClassVar[tuple[str, ...]] = ("SqlToS3Operator",)

    def before(self) -> Lineage:
        return Lineage(statements=[self.operator.query], outputs=self._outputs())

    def after(self, task_instance: TaskInstance) -> Lineage:
        result = rows_read(self.operator._get_hook(), self.operator.query)
        return result.add(Lineage(outputs=self._outputs()))

    def _outputs(self) -> dict[Identity, Facets]:
        task = self.operator
        if getattr(task, "groupby_kwargs", None) or getattr(task, "max_rows_per_file", None):
            return {}
        # As the operator puts the key together.
        kind = task.file_format.name.lower()
        key = f"{task._strip_suffixes(task.s3_key)}.{kind}"
        if kind != "parquet" and task.df_kwargs.get("compression") == "gzip":
            key += ".gz"
        return {Identity(f"s3://{task.s3_bucket}", key): {}}


class S3ToSqlExtractor(Extractor):
    """`S3ToSqlOperator`."""

    operators: ClassVar[tuple[str, ...]] = ("S3ToSqlOperator",)

    def before(self) -> Lineage:
        return Lineage(
            inputs={Identity(f"s3://{self.operator.s3_bucket}", self.operator.s3_key): {}}
        )

    def after(self, task_instance: TaskInstance) -> Lineage:
        task = self.operator
        return self.before().add(table_written(task.db_hook, task.table, task.schema))


class SftpExtractor(Extractor):
    """`SFTPOperator`."""

    operators: ClassVar[tuple[str, ...]] = ("SFTPOperator",)

    def before(self) -> Lineage:
        task = self.operator
        conn_id = task.ssh_conn_id or task.sftp_hook.ssh_conn_id
        here: dict[Identity, Facets] = {of_file(path): {} for path in _paths(task.local_filepath)}
        there: dict[Identity, Facets] = {
            places.of_remote_file(conn_id, path, 22, task.remote_host): {}
            for path in _paths(task.remote_filepath)
        }
        operation = str(getattr(task.operation, "value", task.operation)).lower()
        if operation == "get":
            return Lineage(inputs=there, outputs=here)
        if operation == "put":
            return Lineage(inputs=here, outputs=there)
        from fairlead_airflow.lineage.statements import dropped

        return Lineage(outputs={identity: dropped() for identity in there})


def _paths(paths: Any) -> list[str]:
    return [paths] if isinstance(paths, str) else [str(path) for path in paths or ()]


class SftpSensorExtractor(Extractor):
    """`SFTPSensor`. With a pattern it waits for files whose names are not known yet."""

    operators: ClassVar[tuple[str, ...]] = ("SFTPSensor",)

    def before(self) -> Lineage:
        task = self.operator
        if task.file_pattern:
            return Lineage()
        return Lineage(inputs={places.of_remote_file(task.sftp_conn_id, task.path, 22): {}})


class S3KeySensorExtractor(Extractor):
    """`S3KeySensor`. A pattern is not the name of an object."""

    operators: ClassVar[tuple[str, ...]] = ("S3KeySensor",)

    def before(self) -> Lineage:
        task = self.operator
        if task.wildcard_match or task.use_regex:
            return Lineage()
        keys = [task.bucket_key] if isinstance(task.bucket_key, str) else task.bucket_key
        return Lineage(inputs={places.of_object("s3", task.bucket_name, key): {} for key in keys})
