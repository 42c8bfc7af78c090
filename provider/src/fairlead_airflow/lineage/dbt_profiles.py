"""Where a dbt project writes: its profile, with what the environment fills in, and the names of its tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from jinja2.sandbox import SandboxedEnvironment

from fairlead_sdk.datasets import Identity
from fairlead_sdk.documents import Json
from fairlead_sdk.sql import Table

PORTS = {"postgres": 5432, "redshift": 5439, "trino": 8080, "clickhouse": 8123, "sqlserver": 1433}
_FILTERS = ("as_number", "as_native", "as_bool", "as_text")


def project_of(folder: Path) -> Json:
    """The content of the folder's `dbt_project.yml`. Raises OSError where it cannot be read."""
    return read_yaml(folder / "dbt_project.yml")


def read_yaml(path: Path) -> Json:
    """The mapping that a YAML file holds; empty where the file is. Raises OSError, YAMLError."""
    return yaml.safe_load(path.read_text(encoding="utf-8")) or {}


def filler(environ: Mapping[str, str]) -> Any:
    """Fills `{{ env_var('X') }}` in; what cannot be filled in stays as it is."""

    def env_var(name: str, default: str | None = None) -> str:
        if name in environ:
            return environ[name]
        if default is None:
            raise KeyError(name)
        return default

    jinja = SandboxedEnvironment(autoescape=False)
    jinja.globals["env_var"] = env_var
    jinja.filters.update({name: lambda value: value for name in _FILTERS})

    def fill(value: Any) -> Any:
        if not isinstance(value, str) or "{" not in value:
            return value
        try:
            return jinja.from_string(value).render()
        except Exception:  # noqa: BLE001 - templates are of any make, and most are not needed here
            return value

    return fill


def node_name(node: Mapping[str, Any]) -> str:
    table = node.get("identifier") or node.get("alias") or node["name"]
    return ".".join(filter(None, (node.get("database"), node.get("schema"), table)))


class Warehouse:
    """The database that dbt ran on: its names are the manifest's, its columns those that are known."""

    def __init__(self, namespace: str, dialect: str, columns: dict[str, dict[str, str]]) -> None:
        self.dialect = dialect
        self.namespace = namespace
        self._columns = columns
        self._spelled: dict[str, str] = {}

    def of_node(self, node: Mapping[str, object]) -> Identity:
        name = node_name(node)
        self._spelled[name.lower()] = name
        return Identity(self.namespace, name)

    def learn(self, identity: Identity, columns: list[str]) -> None:
        """Columns of a table that was just made; the catalog, where there is one, knows their types."""
        if columns:
            self._columns.setdefault(identity.name.lower(), dict.fromkeys(columns, ""))

    def identity(self, table: Table) -> Identity:
        name = _dotted(table)
        return Identity(self.namespace, self._spelled.get(name.lower(), name))

    def describe(self, table: Table) -> Mapping[str, str] | None:
        return self._columns.get(_dotted(table).lower())

    observed = describe

    def ask(self, tables: Sequence[Table]) -> bool:
        return False  # what dbt wrote down is all that is known


def _dotted(table: Table) -> str:
    return ".".join(filter(None, (table.catalog, table.schema, table.name)))
