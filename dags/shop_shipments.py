"""
### Where the parcels are

The carrier tells over HTTP what was delivered. **It is not reliable**, and this DAG is here to show
what that looks like in a catalog. Counting the days from 0001-01-01, in every four days

* on the second, the carrier turns the first request of a DAG run away: the task is tried again and
  then succeeds;
* on the third, it is out of order: every try fails, the DAG run fails, and what follows is not run.

So `mart_late_deliveries` grows old, and the report that reads it shows old figures.
"""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from airflow.providers.common.sql.operators.sql import SQLCheckOperator, SQLExecuteQueryOperator
from airflow.providers.http.hooks.http import HttpHook
from airflow.providers.sqlite.hooks.sqlite import SqliteHook
from airflow.sdk import dag, task

import shop


@dag(
    dag_id="shop_shipments",
    schedule="0 23 * * *",
    tags=["shop", "ingest", "logistics", "unreliable"],
    doc_md=__doc__,
    default_args={"owner": "logistics", "retries": 2, "retry_delay": timedelta(seconds=2)},
    **shop.DEFAULTS,
)
def shop_shipments() -> None:
    @task(inlets=[shop.service("shipments")])
    def fetch_shipments(dag_run: Any = None) -> None:
        # The carrier knows a repeated request by its id, as payment services do.
        answer = HttpHook("GET", shop.PARTNERS).run(
            "shipments",
            data={"day": shop.day(dag_run)},
            headers={"X-Request-Id": dag_run.run_id},
        )
        with shop.file("landing/shipments.json").open("w") as landing:
            landing.write(answer.text)

    @task
    def load_shipments() -> int:
        with shop.file("landing/shipments.json").open() as landing:
            answer = json.loads(landing.read())
        columns = ["shipment_id", "order_id", "sent_on", "promised_on", "delivered_on"]
        rows = [[one[name] for name in columns] for one in answer["shipments"]]
        warehouse = SqliteHook(shop.WAREHOUSE)
        warehouse.run("DELETE FROM raw_shipments WHERE sent_on = ?", parameters=(answer["day"],))
        warehouse.insert_rows("raw_shipments", rows, target_fields=columns)
        return len(rows)

    check_dates = SQLCheckOperator(
        task_id="check_dates",
        conn_id=shop.WAREHOUSE,
        sql="SELECT count(*) = 0 FROM raw_shipments WHERE delivered_on < sent_on",
    )
    fct_deliveries = SQLExecuteQueryOperator(
        task_id="fct_deliveries",
        conn_id=shop.WAREHOUSE,
        sql="sql/fct_deliveries.sql",
        split_statements=True,
    )
    mart_late_deliveries = SQLExecuteQueryOperator(
        task_id="mart_late_deliveries",
        conn_id=shop.WAREHOUSE,
        sql="sql/mart_late_deliveries.sql",
        split_statements=True,
        outlets=[shop.table("mart_late_deliveries")],
    )

    fetch_shipments() >> load_shipments() >> check_dates >> fct_deliveries >> mart_late_deliveries


shop_shipments()
