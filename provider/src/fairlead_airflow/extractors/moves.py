"""Operators that move data from one place to another, and sensors that wait for it at one.

They differ in what they call their arguments, so each is a line: what is read, what is written.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from glob import has_magic
from typing import Any, ClassVar

from fairlead_airflow import compat
from fairlead_airflow.compat.objects import Task, TaskInstance
from fairlead_airflow.extractors.base import Extractor
from fairlead_airflow.extractors.transfer import rows_read, table_written
from fairlead_airflow.lineage import places
from fairlead_airflow.lineage.parts import Facets, Lineage
from fairlead_sdk.datasets import Identity, of_file

Place = Callable[[Any], Iterable[Identity]]
"""From an operator to the datasets that its arguments name."""


@dataclass(frozen=True)
class Move:
    """What one operator reads and writes; `query` and `table` are a database's connection, and what is
    read from it or written to it."""

    read: Place | None = None
    written: Place | None = None
    query: tuple[str, str] | None = None
    table: tuple[str, str] | None = None


def _object(scheme: str, bucket: str, *keys: str) -> Place:
    """The first key that is set, also as a list; a pattern names nothing."""

    def place(task: object) -> Iterable[Identity]:
        given = next(filter(None, (getattr(task, key, None) for key in keys)), None)
        for key in [given] if isinstance(given, str) or given is None else given:
            if not has_magic(key or ""):
                yield places.of_object(scheme, getattr(task, bucket, None), key)

    return place


def _blob(container: str, *names: str) -> Place:
    def place(task: Task) -> Iterable[Identity]:
        blob = next(filter(None, (getattr(task, name, None) for name in names)), None)
        yield places.of_blob(task.wasb_conn_id, getattr(task, container), blob)

    return place


def _remote(conn: str, path: str, names: str = "", host: str = "", port: int = 22) -> Place:
    """A file on a server, or those files in it that are named one by one."""

    def place(task: object) -> Iterable[Identity]:
        folder, given = getattr(task, path), getattr(task, names, None) if names else None
        if isinstance(given, str):  # a prefix, or all
            return
        for file in [posixpath.join(folder, name) for name in given] if given else [folder]:
            yield places.of_remote_file(
                getattr(task, conn), file, port, getattr(task, host, None) if host else None
            )

    return place


def _local(path: str) -> Place:
    def place(task: object) -> Iterable[Identity]:
        given = getattr(task, path, None)
        for name in [given] if isinstance(given, str) else given or ():
            if not has_magic(name):
                yield of_file(name)

    return place


def _share(path: str) -> Place:
    return lambda task: [places.of_share(task.samba_conn_id, getattr(task, path))]


def _endpoint(task: Task) -> Iterable[Identity]:
    found = places.of_endpoint(task.http_conn_id, task.endpoint)
    return [found] if found else []


def _collection(database: str, collection: str) -> Place:
    return lambda task: [
        places.of_collection(
            task.mongo_conn_id, getattr(task, database, None), getattr(task, collection)
        )
    ]


def _dynamodb(table: str, *conns: str) -> Place:
    def place(task: object) -> Iterable[Identity]:
        conn = next(filter(None, (getattr(task, name, None) for name in conns)), None)
        yield places.of_dynamodb(conn, getattr(task, table), getattr(task, "region_name", None))

    return place


def _hive(conn: str, table: str) -> Place:
    return lambda task: [
        places.of_hive(
            getattr(task, conn), getattr(task, table), getattr(task, "schema", None) or "default"
        )
    ]


def _hive_partitions(task: Task) -> Iterable[Identity]:
    for name in task.partition_names:
        yield places.of_hive(task.metastore_conn_id, name.partition("/")[0])


def _bigquery(task: Task) -> Iterable[Identity]:
    yield Identity("bigquery", f"{task.project_id}.{task.dataset_id}.{task.table_id}")


def _databricks(task: Task) -> Iterable[Identity]:
    yield places.of_databricks(task.databricks_conn_id, task.catalog, task.schema, task.table_name)


def _subscription(task: Task) -> Iterable[Identity]:
    yield Identity("pubsub", f"subscription:{task.project_id}:{task.subscription}")


_FROM = re.compile(r"\bFROM\s+(\w+)", re.IGNORECASE)


def _salesforce(query: str) -> Place:
    """The objects that a SOQL query asks for; what it asks for beside them has names of their own."""

    def place(task: Task) -> Iterable[Identity]:
        found = _FROM.findall(re.sub(r"\([^()]*\)", "", getattr(task, query)))
        return [places.of_salesforce(task.salesforce_conn_id, name) for name in found]

    return place


def _salesforce_object(task: Task) -> Iterable[Identity]:
    yield places.of_salesforce(task.salesforce_conn_id, task.object_name)


def _s3(*names: str) -> Place:
    return _object("s3", *names)


def _gcs(*names: str) -> Place:
    return _object("gs", *names)


MOVES: dict[str, Move] = {
    # Amazon
    "AzureBlobStorageToS3Operator": Move(_blob("container_name", "prefix"), _s3("", "dest_s3_key")),
    "DynamoDBToS3Operator": Move(
        _dynamodb("dynamodb_table_name", "source_aws_conn_id"),
        _s3("s3_bucket_name", "s3_key_prefix"),
    ),
    "FTPToS3Operator": Move(
        _remote("ftp_conn_id", "ftp_path", "ftp_filenames", port=21), _s3("s3_bucket", "s3_key")
    ),
    "GoogleApiToS3Operator": Move(written=_s3("", "s3_destination_key")),
    "HiveToDynamoDBOperator": Move(
        query=("hiveserver2_conn_id", "sql"), written=_dynamodb("table_name", "aws_conn_id")
    ),
    "HttpToS3Operator": Move(_endpoint, _s3("s3_bucket", "s3_key")),
    "LocalFilesystemToS3Operator": Move(_local("filename"), _s3("dest_bucket", "dest_key")),
    "MongoToS3Operator": Move(
        _collection("mongo_db", "mongo_collection"), _s3("s3_bucket", "s3_key")
    ),
    "S3KeysUnchangedSensor": Move(_s3("bucket_name", "prefix")),
    "S3ToDynamoDBOperator": Move(
        _s3("s3_bucket", "s3_key"), _dynamodb("dynamodb_table_name", "aws_conn_id")
    ),
    "S3ToFTPOperator": Move(
        _s3("s3_bucket", "s3_key"), _remote("ftp_conn_id", "ftp_path", "ftp_filenames", port=21)
    ),
    "S3ToSFTPOperator": Move(
        _s3("s3_bucket", "s3_key"),
        _remote("sftp_conn_id", "sftp_path", "sftp_filenames", "sftp_remote_host"),
    ),
    "SFTPToS3Operator": Move(
        _remote("sftp_conn_id", "sftp_path", "sftp_filenames", "sftp_remote_host"),
        _s3("s3_bucket", "s3_key"),
    ),
    "SalesforceToS3Operator": Move(
        _salesforce("salesforce_query"), _s3("s3_bucket_name", "s3_key")
    ),
    "DynamoDBValueSensor": Move(_dynamodb("table_name", "aws_conn_id")),
    # Azure
    "LocalFilesystemToWasbOperator": Move(
        _local("file_path"), _blob("container_name", "blob_name")
    ),
    "S3ToAzureBlobStorageOperator": Move(
        _s3("s3_bucket", "s3_key", "s3_prefix"),
        _blob("container_name", "blob_name", "blob_prefix"),
    ),
    "SFTPToWasbOperator": Move(
        _remote("sftp_conn_id", "sftp_source_path"), _blob("container_name", "blob_prefix")
    ),
    "WasbBlobSensor": Move(_blob("container_name", "blob_name")),
    "WasbPrefixSensor": Move(_blob("container_name", "prefix")),
    # Google
    "BigQueryTableExistenceSensor": Move(_bigquery),
    "BigQueryTablePartitionExistenceSensor": Move(_bigquery),
    "GCSObjectExistenceSensor": Move(_gcs("bucket", "object")),
    "GCSObjectUpdateSensor": Move(_gcs("bucket", "object")),
    "GCSObjectsWithPrefixExistenceSensor": Move(_gcs("bucket", "prefix")),
    "GCSUploadSessionCompleteSensor": Move(_gcs("bucket", "prefix")),
    "HttpToGCSOperator": Move(_endpoint, _gcs("bucket_name", "object_name")),
    "PubSubPullSensor": Move(_subscription),
    # databases
    "GCSToTrinoOperator": Move(
        _gcs("source_bucket", "source_object"), table=("trino_conn_id", "trino_table")
    ),
    "MsSqlToHiveOperator": Move(
        query=("mssql_conn_id", "sql"), written=_hive("hive_cli_conn_id", "hive_table")
    ),
    "OracleToAzureDataLakeOperator": Move(query=("oracle_conn_id", "sql")),
    "OracleToOracleOperator": Move(
        query=("oracle_source_conn_id", "source_sql"),
        table=("oracle_destination_conn_id", "destination_table"),
    ),
    "S3ToHiveOperator": Move(_s3("", "s3_key"), _hive("hive_cli_conn_id", "hive_table")),
    "SQLBulkLoadOperator": Move(_local("tmp_file"), table=("conn_id", "table")),
    "SalesforceBulkOperator": Move(written=_salesforce_object),
    "TeradataToTeradataOperator": Move(
        query=("source_teradata_conn_id", "sql"),
        table=("dest_teradata_conn_id", "destination_table"),
    ),
    "VerticaToHiveOperator": Move(
        query=("vertica_conn_id", "sql"), written=_hive("hive_cli_conn_id", "hive_table")
    ),
    "DatabricksPartitionSensor": Move(_databricks),
    "HivePartitionSensor": Move(_hive("metastore_conn_id", "table")),
    "MongoSensor": Move(_collection("mongo_db", "collection")),
    "NamedHivePartitionSensor": Move(_hive_partitions),
    # files
    "FTPSensor": Move(_remote("ftp_conn_id", "path", port=21)),
    "GCSToSambaOperator": Move(_gcs("source_bucket", "source_object"), _share("destination_path")),
    "HiveToSambaOperator": Move(
        query=("hiveserver2_conn_id", "hql"), written=_share("destination_filepath")
    ),
}


class MoveExtractor(Extractor):
    """The operators of `MOVES`."""

    operators: ClassVar[tuple[str, ...]] = tuple(MOVES)

    def before(self) -> Lineage:
        move, task = self._move(), self.operator
        inputs: dict[Identity, Facets] = {}
        outputs: dict[Identity, Facets] = {}
        for place, held in ((move.read, inputs), (move.written, outputs)):
            if place is not None:
                held.update({identity: {} for identity in place(task)})
        sql = getattr(task, move.query[1]) if move.query else None
        return Lineage(inputs, outputs, statements=[sql] if isinstance(sql, str) else [])

    def after(self, task_instance: TaskInstance) -> Lineage:
        move, task = self._move(), self.operator
        result = self.before()
        if move.query:
            result.add(rows_read(_hook(task, move.query[0]), getattr(task, move.query[1])))
        if move.table:
            result.add(table_written(_hook(task, move.table[0]), getattr(task, move.table[1])))
        return result

    def _move(self) -> Move:
        bases = (base.__name__ for base in type(self.operator).__mro__)
        return next(MOVES[name] for name in bases if name in MOVES)


def _hook(task: Task, conn: str) -> object:
    return compat.get_connection(getattr(task, conn)).get_hook()
