"""Where the tables of a data contract are: its first server, as the Open Data Contract Standard has it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

#: What of a server says where its tables are.
FIELDS = (
    "type", "location", "host", "port", "account",
    "database", "catalog", "project", "schema", "dataset",
)  # fmt: skip
_PARTS = ("database", "catalog", "project", "schema", "dataset")
#: Schemes of namespaces that are not called as the standard calls the type of server.
_SCHEMES = {"postgresql": "postgres", "sqlserver": "mssql", "databricks": "unitycatalog"}


@dataclass(frozen=True, slots=True)
class Server:
    """The namespace of its datasets, empty where it does not say; {} in `template` is a table."""

    namespace: str
    template: str

    def name(self, table: str) -> str:
        """The dataset's name; a table that is named with its database or schema is whole."""
        is_whole = "." in table and "/" not in self.template
        return table if is_whole else self.template.replace("{}", table)


def server(fields: Mapping[str, str], tables: int) -> Server:
    """
    The server that has these `FIELDS`, of a contract with so many `tables`.

    >>> server({"type": "postgresql", "host": "db", "port": "5432", "database": "shop"}, 2)
    Server(namespace='postgres://db:5432', template='shop.{}')
    >>> server({"type": "s3", "location": "s3://lake/raw/{model}/*.csv"}, 2)
    Server(namespace='s3://lake', template='raw/{}/*.csv')
    """
    found = {key: fields.get(key, "") for key in FIELDS}
    kind = found["type"].lower()
    scheme = _SCHEMES.get(kind, kind)
    location = re.match(r"(\w+://[^/]+)/?(.*)", found["location"])
    if location:
        return Server(location[1], _path(location[2], tables))
    template = "".join(f"{found[key]}." for key in _PARTS if found[key]) + "{}"
    if scheme == "bigquery":
        return Server("bigquery", template)
    if scheme == "snowflake" and found["account"]:
        return Server(f"snowflake://{found['account']}", template)
    host = found["host"].split("://")[-1].rstrip("/")
    if not scheme or not host:
        return Server("", template)
    port = f":{found['port']}" if found["port"] else ""
    return Server(f"{scheme}://{host}{port}", template)


def _path(path: str, tables: int) -> str:
    """The template of names in a store of files; the one table of a contract is the whole path."""
    name = re.sub(r"\{\w+\}", "{}", path.strip("/"))
    is_template = "{}" in name or (tables == 1 and name)
    return name if is_template else f"{name}/{{}}".strip("/")
