"""What data is called by what an operator says of where it lies: a bucket and a key, a connection and a path.

Named as OpenLineage's own operators name them, so that both sides of a transfer meet others.
"""

from __future__ import annotations

import posixpath
from urllib.parse import urljoin

from fairlead_airflow import compat
from fairlead_sdk.datasets import Identity, of_url


def of_object(scheme: str, bucket: str | None, key: str | None) -> Identity:
    """An object, or with a prefix as its key all below it. The key may be a URL, and name the bucket."""
    if not bucket:
        bucket, _, key = str(key).removeprefix(f"{scheme}://").partition("/")
    return Identity(f"{scheme}://{bucket}", (key or "").lstrip("/") or "/")


def of_blob(conn_id: str, container: str, blob: str | None) -> Identity:
    """A blob of Azure, or with a prefix all below it."""
    connection = compat.get_connection(conn_id)
    host = (connection.host or "").removeprefix("https://").partition(".")[0]
    account = (connection.login if "." not in (connection.host or "") else host) or host
    return Identity(f"wasbs://{container}@{account}", blob or "/")


def of_remote_file(conn_id: str, path: str, port: int, host: str | None = None) -> Identity:
    """A file on a server, whose host is as the connection spells it: its address may be another one
    tomorrow, and assets name the host as well."""
    connection = compat.get_connection(conn_id)
    return Identity(f"file://{host or connection.host}:{connection.port or port}", path)


def of_share(conn_id: str, path: str) -> Identity:
    """A file in a Windows share."""
    connection = compat.get_connection(conn_id)
    full = posixpath.join("/", connection.schema or "", path.lstrip("/"))
    return Identity(f"smb://{connection.host}", full)


def of_endpoint(conn_id: str, endpoint: str | None) -> Identity | None:
    """What a HTTP server answers with."""
    connection = compat.get_connection(conn_id)
    host = connection.host or ""
    if "://" not in host:
        host = f"{connection.schema or 'http'}://{host}"
    port = f":{connection.port}" if connection.port else ""
    return of_url(urljoin(f"{host}{port}/", str(endpoint or "").lstrip("/")))


def of_collection(conn_id: str, database: str | None, collection: str) -> Identity:
    """A collection of MongoDB."""
    connection = compat.get_connection(conn_id)
    server = f"mongodb://{connection.host}:{connection.port or 27017}"
    return Identity(server, f"{database or connection.schema}.{collection}")


def of_dynamodb(conn_id: str | None, table: str, region: str | None = None) -> Identity:
    """A table of DynamoDB, in the region of the operator or its connection."""
    if not region and conn_id:
        region = compat.get_connection(conn_id).extra_dejson.get("region_name")
    return Identity(f"dynamodb://{region}" if region else "dynamodb", table)


def of_hive(conn_id: str, table: str, schema: str = "default") -> Identity:
    """A table of Hive, by the server that the connection names."""
    connection = compat.get_connection(conn_id)
    full = table if "." in table else f"{schema}.{table}"
    return Identity(f"hive://{connection.host}:{connection.port or 10000}", full)


def of_databricks(conn_id: str, *parts: str | None) -> Identity:
    """A table of Databricks."""
    connection = compat.get_connection(conn_id)
    host = (connection.host or "").removeprefix("https://")
    return Identity(f"databricks://{host}", ".".join(filter(None, parts)))


def of_salesforce(conn_id: str, name: str) -> Identity:
    """A kind of objects in Salesforce (`Account`)."""
    connection = compat.get_connection(conn_id)
    return Identity(f"salesforce://{connection.host or 'login.salesforce.com'}", name)
