"""
### What the day's money is worth

The bank tells over HTTP what a pound and a crown cost in euros. Its answer is kept as it came, so
that a load can be repeated without asking again.
"""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from airflow.providers.common.sql.operators.sql import SQLExecuteQueryOperator
from airflow.providers.http.hooks.http import HttpHook
from airflow.providers.sqlite.hooks.sqlite import SqliteHook
from airflow.sdk import dag, task

import shop


@dag(
    dag_id="shop_rates",
    schedule="0 21 * * *",
    tags=["shop", "ingest", "finance"],
    doc_md=__doc__,
    default_args={"owner": "finance-data", "retries": 2, "retry_delay": timedelta(seconds=5)},
    **shop.DEFAULTS,
)
def shop_rates() -> None:
    @task(inlets=[shop.service("rates")])
    def fetch_rates(dag_run: Any = None) -> None:
        answer = HttpHook("GET", shop.PARTNERS).run("rates", data={"day": shop.day(dag_run)})
        with shop.file("landing/rates.json").open("w") as landing:
            landing.write(answer.text)

    @task
    def load_rates() -> int:
        with shop.file("landing/rates.json").open() as landing:
            answer = json.loads(landing.read())
        rows = [[answer["day"], currency, eur] for currency, eur in answer["eur"].items()]
        warehouse = SqliteHook(shop.WAREHOUSE)
        warehouse.run("DELETE FROM raw_rates WHERE rated_on = ?", parameters=(answer["day"],))
        warehouse.insert_rows("raw_rates", rows, target_fields=["rated_on", "currency", "eur"])
        return len(rows)

    dim_rate = SQLExecuteQueryOperator(
        task_id="dim_rate",
        conn_id=shop.WAREHOUSE,
        sql="sql/dim_rate.sql",
        split_statements=True,
        outlets=[shop.table("dim_rate")],
    )

    fetch_rates() >> load_rates() >> dim_rate


shop_rates()
