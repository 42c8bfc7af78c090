"""What paths, hooks and engines do without reporting it is seen all the same."""

# ruff: noqa: TID253 - tested against the real operators

from __future__ import annotations

import importlib
import json
import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa
from airflow.providers.openlineage.extractors import OperatorLineage
from airflow.providers.standard.operators.python import PythonOperator
from openlineage.client.event_v2 import InputDataset, OutputDataset
from tests.provider.versions import AIRFLOW_2, forget_hook_lineage

from fairlead_airflow.extractors.fresh import FreshTaskListener
from fairlead_airflow.extractors.python import PythonExtractor
from fairlead_airflow.lineage import watching
from fairlead_airflow.lineage.parts import Lineage

if AIRFLOW_2:
    from airflow.io.path import ObjectStoragePath
else:
    from airflow.sdk import ObjectStoragePath

pytestmark = pytest.mark.airflow


@pytest.fixture(autouse=True)
def started() -> Iterator[None]:
    """As at the start of a task."""
    forget_hook_lineage()
    FreshTaskListener().on_task_instance_running(None, None)
    yield
    forget_hook_lineage()


def lineage_of(function: Any) -> Any:
    operator = PythonOperator(task_id="t", python_callable=function)
    function()
    return PythonExtractor(operator).extract_on_complete(SimpleNamespace())


def names(datasets: Any) -> set[tuple[str, str]]:
    return {(each.namespace, each.name) for each in datasets}


def test_a_file_that_is_iterated_over_is_read(tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text("a\nb\n")

    def work() -> None:
        with ObjectStoragePath(f"file://{tmp_path}/in.csv").open() as lines:
            read = lines.readlines() if AIRFLOW_2 else list(lines)  # Airflow 2 cannot iterate
            assert read == ["a\n", "b\n"]

    found = lineage_of(work)
    assert names(found.inputs) == {("file", f"{tmp_path}/in.csv")}
    assert found.outputs == []


def test_files_read_and_written_in_one_call_count(tmp_path: Path) -> None:
    def work() -> None:
        ObjectStoragePath(f"file://{tmp_path}/out.txt").write_text("x")
        ObjectStoragePath(f"file://{tmp_path}/out.txt").read_bytes()
        with ObjectStoragePath(f"file://{tmp_path}/more.txt").open("a") as file:
            file.writelines(["x"])

    found = lineage_of(work)
    assert names(found.inputs) == {("file", f"{tmp_path}/out.txt")}
    assert names(found.outputs) == {("file", f"{tmp_path}/{n}.txt") for n in ("out", "more")}


def test_a_file_that_cannot_be_opened_is_not_read(tmp_path: Path) -> None:
    def work() -> None:
        with pytest.raises(FileNotFoundError):
            ObjectStoragePath(f"file://{tmp_path}/none.txt").open()

    assert lineage_of(work).inputs == []


def test_statements_of_an_engine_count_as_pandas_to_sql_makes_them(tmp_path: Path) -> None:
    database = tmp_path / "w.db"
    sqlite3.connect(database).execute("CREATE TABLE raw (id INTEGER)")

    def work() -> None:
        engine = sa.create_engine(f"sqlite:///{database}")
        table = sa.Table("sales", sa.MetaData(), sa.Column("id", sa.Integer))
        with engine.begin() as connection:
            assert not sa.inspect(connection).has_table("sales")
            table.create(connection)
            connection.execute(table.insert(), [{"id": 1}, {"id": 2}])
            connection.execute(sa.text("SELECT id FROM raw")).fetchall()

    found = lineage_of(work)
    space = f"sqlite://{database}"
    assert names(found.outputs) == {(space, "sales")}
    assert names(found.inputs) == {(space, "raw")}


def test_what_an_engine_asks_for_itself_is_no_lineage() -> None:
    for statement in (
        'PRAGMA main.table_info("sales")',
        "SELECT pg_catalog.pg_class.relname FROM pg_catalog.pg_class",
        "select current_schema()",
        "SELECT table_name FROM information_schema.tables",
    ):
        assert watching._OWN_QUESTIONS.match(statement)
    assert not watching._OWN_QUESTIONS.match("SELECT version FROM releases")


def test_a_hook_that_is_imported_later_is_watched_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As PostgresHook, which is not installed everywhere."""
    (tmp_path / "some_hooks.py").write_text(
        "class PostgresHook:\n"
        "    conn_type = 'postgres'\n"
        "    conn = __import__('types').SimpleNamespace(\n"
        "        conn_type='postgres', host='h', port=5432, schema='shop')\n"
        "    def copy_expert(self, sql, filename):\n"
        "        return 'copied'\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(watching, "_WRAPPERS", {"some_hooks": watching._postgres})
    monkeypatch.delitem(sys.modules, "some_hooks", raising=False)
    watching.watch()

    def work() -> None:
        hook = importlib.import_module("some_hooks").PostgresHook()
        assert hook.copy_expert("COPY raw.orders (id) FROM STDIN", "/x.csv") == "copied"

    assert names(lineage_of(work).outputs) == {("postgres://h:5432", "shop.raw.orders")}


@pytest.fixture
def hooks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The module of SQLite's hook, observed, with the connection `shop` to `w.db`."""
    shop = {"conn_type": "sqlite", "host": f"{tmp_path}/w.db"}
    monkeypatch.setenv("AIRFLOW_CONN_SHOP", json.dumps(shop))
    watching.watch()
    return importlib.import_module("airflow.providers.sqlite.hooks.sqlite")


def test_a_connection_that_a_task_takes_itself_is_reported_to_hide_what_it_executes(
    hooks: Any,
) -> None:
    class OwnHook(hooks.SqliteHook):  # type: ignore[name-defined,misc]
        """Defined after all is watched."""

        def get_conn(self) -> Any:
            return super().get_conn()

    def work() -> None:
        for kind in (hooks.SqliteHook, OwnHook):
            with kind("shop").get_conn() as connection:
                connection.cursor().execute("CREATE TABLE IF NOT EXISTS t (id INTEGER)")

    [first, second] = lineage_of(work).run_facets["extractionError"].errors
    assert "the connection of OwnHook executed is not seen" in first.errorMessage
    assert "the connection of SqliteHook executed is not seen" in second.errorMessage


def test_what_a_hook_executes_through_its_own_connection_is_observed(
    hooks: Any, tmp_path: Path
) -> None:
    found = lineage_of(lambda: hooks.SqliteHook("shop").run("CREATE TABLE t (id INTEGER)"))
    assert names(found.outputs) == {(f"sqlite://{tmp_path}/w.db", "t")}
    assert "extractionError" not in found.run_facets


def test_a_hook_that_prepares_the_connection_of_the_class_above_is_observed(hooks: Any) -> None:
    class OwnHook(hooks.SqliteHook):  # type: ignore[name-defined,misc]
        """Defined after all is watched, as that of a team."""

        def get_conn(self) -> Any:
            return super().get_conn()

    found = lineage_of(lambda: OwnHook("shop").run("CREATE TABLE t (id INTEGER)"))
    assert [name for _, name in names(found.outputs)] == ["t"]
    assert "extractionError" not in found.run_facets


def test_a_table_of_an_unknown_database_is_not_made_up() -> None:
    stock = OperatorLineage(
        inputs=[InputDataset("snowflake://acct", "None.broken"), InputDataset("file", "/None.csv")],
        outputs=[OutputDataset("snowflake://acct", "db.None.t")],
    )
    found = Lineage.of(stock).finished()
    assert names(found.inputs) == {("file", "/None.csv")}
    assert found.outputs == []
    messages = [error.errorMessage for error in found.run_facets["extractionError"].errors]
    assert messages == [
        "the database or schema of None.broken is not known",
        "the database or schema of db.None.t is not known",
    ]
