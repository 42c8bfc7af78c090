"""
### The day's orders

Two shops and the web shop each export their orders as a CSV file. One mapped task a file loads the
day's lines; a file without orders that day (the shops are closed on Sundays) is skipped. Lines that
cannot be sold are put aside with a reason; the others are checked and staged.

`stg_orders` starts `shop_sales` once the catalogue and the rates of the day are there as well.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from airflow.providers.common.sql.operators.sql import (
    SQLColumnCheckOperator,
    SQLExecuteQueryOperator,
    SQLTableCheckOperator,
)
from airflow.providers.sqlite.hooks.sqlite import SqliteHook
from airflow.sdk import TriggerRule, dag, task, task_group
from airflow.sdk.exceptions import AirflowSkipException

import shop


@dag(
    dag_id="shop_orders",
    schedule="0 22 * * *",
    tags=["shop", "ingest", "sales"],
    doc_md=__doc__,
    default_args={"owner": "sales-data", "retries": 1, "retry_delay": timedelta(seconds=10)},
    **shop.DEFAULTS,
)
def shop_orders() -> None:
    @task
    def list_channels() -> list[str]:
        """Whoever puts an export into the folder takes part."""
        files = (shop.DATA / "exports").glob("orders_*.csv")
        return sorted(path.stem.removeprefix("orders_") for path in files)

    @task(map_index_template="{{ channel }}")
    def load_orders(channel: str, dag_run: Any = None) -> int:
        today = shop.day(dag_run)
        columns = [
            "order_id",
            "ordered_at",
            "customer_id",
            "sku",
            "quantity",
            "unit_price",
            "currency",
        ]
        rows = [
            [channel, *(row[name] or None for name in columns)]
            for row in shop.read_csv(f"exports/orders_{channel}.csv")
            if row["ordered_at"].startswith(today)
        ]
        if not rows:
            raise AirflowSkipException(f"{channel} had no orders on {today}")
        warehouse = SqliteHook(shop.WAREHOUSE)
        warehouse.run(
            "DELETE FROM raw_orders WHERE channel = ? AND date(ordered_at) = ?",
            parameters=(channel, today),
        )
        warehouse.insert_rows("raw_orders", rows, target_fields=["channel", *columns])
        return len(rows)

    stage_orders = SQLExecuteQueryOperator(
        task_id="stage_orders",
        conn_id=shop.WAREHOUSE,
        sql="sql/stage_orders.sql",
        split_statements=True,
        outlets=[shop.table("stg_orders")],
        trigger_rule=TriggerRule.NONE_FAILED_MIN_ONE_SUCCESS,
    )
    reject_orders = SQLExecuteQueryOperator(
        task_id="reject_orders",
        conn_id=shop.WAREHOUSE,
        sql="sql/reject_orders.sql",
        split_statements=True,
        trigger_rule=TriggerRule.NONE_FAILED_MIN_ONE_SUCCESS,
    )

    @task_group
    def quality() -> None:
        SQLColumnCheckOperator(
            task_id="columns",
            conn_id=shop.WAREHOUSE,
            table="stg_orders",
            partition_clause="ordered_on = '{{ day(dag_run) }}'",
            column_mapping={
                "order_id": {"unique_check": {"equal_to": 0}, "null_check": {"equal_to": 0}},
                "quantity": {"min": {"geq_to": 1}},
                "unit_price": {"min": {"greater_than": 0}},
            },
        )
        SQLTableCheckOperator(
            task_id="table",
            conn_id=shop.WAREHOUSE,
            table="stg_orders",
            partition_clause="ordered_on = '{{ day(dag_run) }}'",
            checks={
                "some_orders": {"check_statement": "count(*) > 0"},
                "known_currencies": {
                    "check_statement": "sum(currency NOT IN ('EUR', 'GBP', 'SEK')) = 0"
                },
            },
        )

    load_orders.expand(channel=list_channels()) >> [stage_orders, reject_orders]
    stage_orders >> quality()


shop_orders()
