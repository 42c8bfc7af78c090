"""An operator as users write it, what is true of it, and what OpenLineage gets of it."""

from __future__ import annotations

import importlib
import os
import sqlite3
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

CONNECTIONS = {
    "API": "http://user:pw@127.0.0.1:7079",
    "BOX": "ssh://user:pw@box.example:2222",
    "BROKER": '{"conn_type": "kafka", "extra": {"bootstrap.servers": "b1:9092"}}',
    "BRICKS": "databricks://token:dapi@adb-1.example",
    "DBT": "dbt-cloud://1:token@",
    "BYTE": "airbyte://user:pw@http%3A%2F%2Fairbyte.example:8001",
    "FILES": "fs:///",
    "AWS": "aws://AKIA:hidden@/?region_name=eu-west-1",
    "BLOBS": "wasb://shopfiles:hidden@",
    "DROP": "ftp://user:pw@drop.example",
    "SHARE": "samba://user:pw@share.example/public",
    "DOCS": "mongo://user:pw@docs.example/shop",
    "CRM": "salesforce://user:pw@crm.example",
    "HIVE": "hive-cli://user:pw@hive.example:10000/shop",
    "HIVE2": "hiveserver2://user:pw@hive.example:10000/shop",
    "METASTORE": "hive-metastore://hive.example:9083",
    "MSSQL": "mssql://user:pw@mssql.example:1433/shop",
    "ORACLE": "oracle://user:pw@oracle.example:1521/shop",
    "TERADATA": "teradata://user:pw@teradata.example/shop",
    "TRINO": "trino://user:pw@trino.example:8080/lake?catalog=lake",
    "VERTICA": "vertica://user:pw@vertica.example:5433/shop",
    "LIVY": "livy://user:pw@livy.example:8998",
    "GREEN": "clickhouse://user:pw@house.example:9000/shop",
    "FAST": '{"conn_type": "duckdb", "host": "{folder}/fast.duckdb"}',
    "JDBC": '{"conn_type": "jdbc", "host": "jdbc:postgresql://pg.example:5432/shop"}',
    "ODBC": '{"conn_type": "odbc", "host": "ms.example", "schema": "shop", "extra": {"driver": "ODBC Driver 18 for SQL Server"}}',
    "FIVE": "fivetran://key:hidden@",
}
"""By id; `SHOP` and `MART` are SQLite files as well, in the folder of the test."""

FACETS = {
    "sql": ("job", "SQL"),
    "sourceCode": ("job", "source"),
    "sourceCodeLocation": ("job", "place of the source"),
    "externalQuery": ("run", "id of the run over there"),
    "jobDependencies": ("run", "edges to other jobs"),
}

Names = set[tuple[str, str]]


@dataclass(frozen=True)
class Example:
    """An operator with its arguments, and what is true of it."""

    path: str
    package: str
    arguments: dict[str, Any]
    inputs: Names = field(default_factory=set)
    outputs: Names = field(default_factory=set)
    says: dict[str, Any] = field(default_factory=dict)
    """Facets of job and run, as `found` spells them."""
    runtime: dict[str, Any] = field(default_factory=dict)
    """What the operator notes on itself while it runs, where it cannot run here."""
    trigger_event: dict[str, Any] = field(default_factory=dict)
    """What its trigger says, where it can be deferred; replaces `runtime` then."""
    needs: str = ""
    """A module of its hook, where that lies in another package than the operator."""
    runs: bool = False
    columns: bool = False

    @property
    def name(self) -> str:
        return self.path.rpartition(".")[2]

    def operator(self, folder: Path, *, knowing: bool = True) -> Any:
        """ImportError where its package is not installed."""
        module, _, name = self.path.rpartition(".")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what other people's libraries say of themselves
            if self.needs:
                importlib.import_module(self.needs)
            kind = getattr(importlib.import_module(module), name)
        operator = kind(task_id="t", **filled(self.arguments, folder))
        for attribute, value in self.runtime.items() if knowing else ():
            target = operator
            *way, last = attribute.split(".")
            for step in way:
                target = getattr(target, step)
            setattr(target, last, value)
        return operator


def filled(value: Any, folder: Path) -> Any:
    """`{folder}` replaced, in all texts within."""
    if isinstance(value, str):
        return value.replace("{folder}", str(folder))
    if isinstance(value, dict):
        return {key: filled(item, folder) for key, item in value.items()}
    if isinstance(value, list | set | tuple):
        return type(value)(filled(item, folder) for item in value)
    return value


@contextmanager
def shop() -> Iterator[Path]:
    """A folder with a warehouse, a mart and a file, and connections to everything in the examples."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for database in ("shop", "mart"):
            with closing(sqlite3.connect(folder / f"{database}.db")) as connection:
                connection.executescript("""
                    CREATE TABLE raw (id INTEGER, amount REAL, day TEXT);
                    CREATE TABLE sales (order_id INTEGER, eur REAL);
                    CREATE TABLE copied (id INTEGER, amount REAL);
                    INSERT INTO raw VALUES (1, 10.0, date()), (2, 20.0, date());
                """)
        (folder / "a.csv").write_text("1,2\n")
        connections = {
            f"AIRFLOW_CONN_{key}": filled(value, folder) for key, value in CONNECTIONS.items()
        }
        connections |= {
            f"AIRFLOW_CONN_{key.upper()}": f"sqlite://{folder}/{key}.db" for key in ("shop", "mart")
        }
        before = {key: os.environ.get(key) for key in connections}
        os.environ.update(connections)
        try:
            yield folder
        finally:
            for key, value in before.items():
                os.environ.pop(key) if value is None else os.environ.update({key: value})


def deferred_by(event: dict[str, Any]) -> Any:
    """A task instance that comes back from its trigger, as the server hands it to its process."""
    from airflow.sdk.serde import serialize

    return SimpleNamespace(
        start_date=None,
        _ti_context_from_server=SimpleNamespace(next_kwargs=serialize({"event": event})),
    )


def extracted(example: Example, folder: Path, *, ours: bool, trigger_event: bool = False) -> Any:
    """What OpenLineage gets of a task that succeeded; ImportError without the operator's package."""
    from tests.provider.versions import forget_hook_lineage

    operator = example.operator(folder, knowing=not trigger_event)
    forget_hook_lineage()
    if example.runs:
        instance = SimpleNamespace(task=operator, map_index=-1)
        operator.skip_all_except = lambda *_: None  # which tasks a branch skips is the server's
        operator.execute({"ti": instance, "task_instance": instance})
    try:
        return lineage_of(
            operator, deferred_by(example.trigger_event) if trigger_event else None, ours=ours
        )
    finally:
        forget_hook_lineage()


def lineage_of(operator: Any, instance: Any, *, ours: bool = True) -> Any:
    """What OpenLineage's manager gets for an operator that has run, with our extractors or without."""
    from airflow.providers.openlineage.extractors.manager import ExtractorManager
    from airflow.providers.openlineage.utils.emission_policy import EmissionPolicy
    from airflow.utils.state import TaskInstanceState

    from fairlead_airflow import extractors

    manager = ExtractorManager()
    if ours:
        extractors.register(manager)
    return manager.extract_metadata(
        dagrun=SimpleNamespace(run_id="r"),
        task=operator,
        task_instance_state=TaskInstanceState.SUCCESS,
        task_instance=instance,
        controls=EmissionPolicy.defaults(),
    )


def found(lineage: Any) -> dict[str, Any]:
    """The facets of FACETS that a lineage has, in short."""
    result: dict[str, Any] = {}
    for name, (side, _) in FACETS.items():
        facet = getattr(lineage, f"{side}_facets").get(name)
        if facet is not None:
            result[name] = _SHORT[name](facet)
    return result


def _edges(facet: Any) -> list[tuple[str, str]]:
    return [
        (way, item.job.name) for way in ("upstream", "downstream") for item in getattr(facet, way)
    ]


_SHORT: dict[str, Callable[[Any], Any]] = {
    "sql": lambda facet: facet.query,
    "sourceCode": lambda facet: facet.sourceCode,
    "sourceCodeLocation": lambda facet: facet.url,
    "externalQuery": lambda facet: (facet.externalQueryId, facet.source),
    "jobDependencies": _edges,
}
