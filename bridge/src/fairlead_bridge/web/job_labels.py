"""What a job is called where there is little room: its task, its table or its model. Pure."""

from __future__ import annotations

import re

#: Steps that dbt appends to a model's name, in the order in which they may stand.
_DBT_STEPS = ("build", "run", "snapshot", "seed", "test")
_SQL = re.compile(r"^(?P<model>.+)\.sql\.(?P<number>\d+)$")
_VERSION = re.compile(r"^v\d+$")


def label(
    name: str, integration: str | None, dag_id: str | None = None, task_id: str | None = None
) -> str:
    """
    The part of a job's name that distinguishes it from the others beside it.

    >>> label("nightly_orders.execute_insert_into_hadoop_fs_relation_command.orders_clean", "SPARK")
    'orders_clean'
    >>> label("nightly_orders.collect_limit", "SPARK"), label("nightly_orders", "SPARK")
    ('collect_limit', 'nightly_orders')
    >>> label("shop.main.shop.stg_orders.build.run", "DBT"), label("test.shop.assert_rev", "DBT")
    ('stg_orders', 'assert_rev test')
    >>> label("model.shop.orders.sql.3", "DBT"), label("model.shop.dim.v2", "DBT")
    ('orders SQL 3', 'dim.v2')
    >>> label("d.load", "AIRFLOW", "d", "load"), label("d", "AIRFLOW", "d"), label("a.b", None)
    ('load', 'd', 'a.b')
    """
    if task_id is not None or dag_id is not None:
        return task_id or dag_id or name
    if integration == "SPARK":
        return name.rpartition(".")[2] or name
    if integration == "DBT":
        return _of_dbt(name)
    return name


def _of_dbt(name: str) -> str:
    statement = _SQL.match(name)
    if statement is not None:
        return f"{_of_dbt(statement['model'])} SQL {statement['number']}"
    parts = name.split(".")
    steps = []
    while len(parts) > 3 and parts[-1] in _DBT_STEPS:
        steps.append(parts.pop())
    # A test without a model of its own is "test.PROJECT.NAME"; else three or four names stand above.
    is_test = "test" in steps or (parts[0] == "test" and len(parts) > 2)
    versioned = len(parts) > 3 and _VERSION.match(parts[-1])
    short = ".".join(parts[-2:] if versioned else parts[-1:])
    return f"{short} test" if is_test else short
