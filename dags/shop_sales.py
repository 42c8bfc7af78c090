"""
### What was sold, to whom, and what it earned

Started by data, not by the clock: when orders, products, customers and rates have all come anew.
Sales are priced in euros, checked, and summed up into three marts; the marts start `shop_report`.
"""

from __future__ import annotations

from datetime import timedelta

from airflow.providers.common.sql.operators.sql import SQLCheckOperator, SQLExecuteQueryOperator
from airflow.sdk import dag, task_group

import shop


@dag(
    dag_id="shop_sales",
    schedule=(
        shop.table("stg_orders")
        & shop.table("dim_product")
        & shop.table("dim_customer")
        & shop.table("dim_rate")
    ),
    tags=["shop", "sales", "marts"],
    doc_md=__doc__,
    default_args={"owner": "sales-data", "retries": 1, "retry_delay": timedelta(seconds=10)},
    **shop.DEFAULTS,
)
def shop_sales() -> None:
    fct_sales = SQLExecuteQueryOperator(
        task_id="fct_sales",
        conn_id=shop.WAREHOUSE,
        sql="sql/fct_sales.sql",
        split_statements=True,
        doc_md="A line a sale, in euros of its day.",
    )
    check_sales = SQLCheckOperator(
        task_id="check_sales",
        conn_id=shop.WAREHOUSE,
        sql="SELECT count(*) > 0, min(revenue_eur) > 0 FROM fct_sales",
    )

    @task_group(tooltip="One question a mart")
    def marts() -> None:
        for name in ("mart_daily_sales", "mart_product_margin", "mart_customer_value"):
            SQLExecuteQueryOperator(
                task_id=name,
                conn_id=shop.WAREHOUSE,
                sql=f"sql/{name}.sql",
                split_statements=True,
                outlets=[shop.table(name)],
            )

    fct_sales >> check_sales >> marts()


shop_sales()
