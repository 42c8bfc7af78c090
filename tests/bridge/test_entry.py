"""Entries as sinks receive them, from real Airflow's events."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from fairlead_bridge.db import tables as t
from fairlead_bridge.db.engine import reading
from fairlead_bridge.delivery.naming import unresolved_names
from fairlead_bridge.entries import DatasetEntry, JobEntry, RunEntry
from fairlead_bridge.model import Name
from fairlead_bridge.queries import entry
from fairlead_bridge.sinks import settings
from tests.bridge import absorbing
from tests.support import corpus

pytestmark = corpus.needs_corpus


@pytest.fixture
def shop(db: sa.Engine) -> sa.Engine:
    absorbing.absorb(db, absorbing.understand(corpus.airflow_events()), batch=50)
    return db


def read(db: sa.Engine, kind: str, where: sa.ColumnElement[bool]) -> list[entry.AnyEntry]:
    table = t.metadata.tables[kind]
    with reading(db) as tx:
        names = [Name(kind, key) for key in tx.scalars(sa.select(table.c.id).where(where))]  # type: ignore[arg-type]
        return list(entry.read(tx, names).values())


def test_a_dag_has_its_tasks_in_order_of_who_follows_whom(shop: sa.Engine) -> None:
    (dag,) = read(shop, "job", t.job.c.name == "shop_warehouse_pg")
    assert isinstance(dag, JobEntry)
    tasks = {task.job.task_id: task for task in dag.tasks}
    assert "mart.fct_orders" in tasks["mart.dim_customer"].downstream
    assert tasks["mart.fct_orders"].operator == "SQLExecuteQueryOperator"
    assert tasks["mart.fct_orders"].sql is not None
    assert dag.url is not None
    assert dag.url.endswith("/dags/shop_warehouse_pg")
    assert [owner.name for owner in dag.owners] == ["warehouse-team"]
    assert "shop" in [tag.key for tag in dag.tags]


def test_a_task_has_what_it_reads_and_writes_and_its_columns(shop: sa.Engine) -> None:
    (task,) = read(shop, "job", t.job.c.name == "shop_warehouse_pg.mart.fct_orders")
    assert isinstance(task, JobEntry)
    assert [ref.name for ref in task.inputs] == [
        "shopdb.mart.dim_customer",
        "shopdb.staging.orders",
    ]
    assert [ref.name for ref in task.outputs] == ["shopdb.mart.fct_orders"]
    pairs = {(one.source.name, one.source_column, one.target_column) for one in task.origins}
    assert ("shopdb.mart.dim_customer", "country", "country") in pairs
    assert [job.task_id for job in task.upstream] == ["mart.dim_customer"]
    assert task.job.parent is not None


def test_a_dag_run_has_the_last_tries_of_its_tasks(shop: sa.Engine) -> None:
    runs = read(shop, "run", sa.and_(t.run.c.kind == "dag", t.run.c.state == "failed"))
    assert runs
    for run in runs:
        assert isinstance(run, RunEntry)
        instances = [(task.job.task_id, task.map_index) for task in run.tasks]
        assert len(instances) == len(set(instances)) > 0


def test_the_newest_run_of_each_job_is_the_latest(shop: sa.Engine) -> None:
    runs = [run for run in read(shop, "run", sa.true()) if isinstance(run, RunEntry)]
    latest = {run.job.id for run in runs if run.latest}
    assert latest == {run.job.id for run in runs}


def test_a_table_knows_its_columns_and_who_wrote_it_last(shop: sa.Engine) -> None:
    (table,) = read(shop, "dataset", t.dataset.c.name == "shopdb.mart.dim_customer")
    assert isinstance(table, DatasetEntry)
    assert [column.name for column in table.columns][:2] == ["customer_id", "name"]
    assert table.written_by is not None
    assert table.written_by.ended_at == table.written_at
    assert table.written_by.job.task_id == "mart.dim_customer"


def test_a_changed_task_changes_the_entry_of_its_dag(shop: sa.Engine) -> None:
    with reading(shop) as tx:
        rows = tx.execute(sa.select(t.job.c.id, t.job.c.parent_id).where(t.job.c.kind == "task"))
        task, dag = next((row.id, row.parent_id) for row in rows if row.parent_id)
        assert entry.shown_in(tx, [Name("job", task), Name("run", 1)]) == {Name("job", dag)}


def test_a_rehearsal_finds_what_the_naming_map_leaves_open(shop: sa.Engine) -> None:
    raw = {"type": "datahub", "url": "http://gms:8080"}
    (target,) = settings.targets({"sinks": {"one": raw}}, {})
    found = unresolved_names(shop, target)
    assert found
    assert all("no rule of the naming map" in sentence for sentence in found)
    rule = {"namespace": "*", "platform": "x", "name": ".*", "to": "same"}
    (target,) = settings.targets({"sinks": {"one": {**raw, "naming": [rule]}}}, {})
    assert any("becomes urn:li:dataset" in sentence for sentence in unresolved_names(shop, target))
    forwarder = {"type": "openlineage", "url": "http://marquez:5000"}
    assert unresolved_names(shop, settings.targets({"sinks": {"f": forwarder}}, {})[0]) == []
