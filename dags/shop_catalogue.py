"""
### What the shop sells, and to whom

The head office keeps the products in a spreadsheet (CSV) and the customers in a loyalty system
(JSON). Both are exported every evening, loaded as they are, and tidied into two dimensions.

A product or a customer that disappears from its export disappears from the warehouse: the files
are whole every time, so the tables are written whole.
"""

from __future__ import annotations

import json
from datetime import timedelta

from airflow.providers.common.sql.operators.sql import (
    SQLColumnCheckOperator,
    SQLExecuteQueryOperator,
)
from airflow.providers.sqlite.hooks.sqlite import SqliteHook
from airflow.sdk import dag, task, task_group

import shop


@dag(
    dag_id="shop_catalogue",
    schedule="30 21 * * *",
    tags=["shop", "ingest", "master-data"],
    doc_md=__doc__,
    default_args={"owner": "merchandising", "retries": 1, "retry_delay": timedelta(seconds=10)},
    **shop.DEFAULTS,
)
def shop_catalogue() -> None:
    @task(doc_md="The spreadsheet of products, row by row.")
    def load_products() -> int:
        columns = ["sku", "name", "category", "unit_cost"]
        rows = [[row[name] for name in columns] for row in shop.read_csv("exports/products.csv")]
        warehouse = SqliteHook(shop.WAREHOUSE)
        warehouse.run("DELETE FROM raw_products")
        warehouse.insert_rows("raw_products", rows, target_fields=columns)
        return len(rows)

    @task(
        doc_md="The loyalty system's customers; addresses stay behind, only the city comes along."
    )
    def load_customers() -> int:
        with shop.file("exports/customers.json").open() as export:
            customers = json.loads(export.read())
        columns = ["customer_id", "name", "email", "city", "joined_on"]
        rows = [
            [one["id"], one["name"], one["email"], one["address"]["city"], one["joined"]]
            for one in customers
        ]
        warehouse = SqliteHook(shop.WAREHOUSE)
        warehouse.run("DELETE FROM raw_customers")
        warehouse.insert_rows("raw_customers", rows, target_fields=columns)
        return len(rows)

    @task_group(tooltip="One dimension a table")
    def dimensions() -> dict[str, SQLExecuteQueryOperator]:
        return {
            name: SQLExecuteQueryOperator(
                task_id=name,
                conn_id=shop.WAREHOUSE,
                sql=f"sql/{name}.sql",
                split_statements=True,
                outlets=[shop.table(name)],
            )
            for name in ("dim_product", "dim_customer")
        }

    check = SQLColumnCheckOperator(
        task_id="check_products",
        conn_id=shop.WAREHOUSE,
        table="dim_product",
        column_mapping={
            "sku": {"unique_check": {"equal_to": 0}, "null_check": {"equal_to": 0}},
            "unit_cost": {"min": {"greater_than": 0}},
        },
    )

    dimension = dimensions()
    load_products() >> dimension["dim_product"] >> check
    load_customers() >> dimension["dim_customer"]


shop_catalogue()
