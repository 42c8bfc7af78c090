"""The repository of a shop's data: DAG SQL, dbt models, a contract; and what its runs reported."""

from __future__ import annotations

from typing import Any

from tests.support.small import dataset, run_event, uuid

DB = "postgres://dwh:5432"

FILES = {
    "dags/staging.py": '''"""Copies the CRM into the warehouse."""
import pendulum
from airflow.sdk import DAG
from airflow.providers.common.sql.operators.sql import SQLExecuteQueryOperator

SCHEMA = "staging"

CUSTOMERS = f"""
CREATE TABLE {SCHEMA}.customers AS
SELECT c.id, c.name, lower(c.email) AS email, c.country, CAST(c.created_at AS date) AS since
FROM crm.customers AS c
"""

with DAG("staging", start_date=pendulum.datetime(2026, 1, 1), schedule="@daily"):
    SQLExecuteQueryOperator(task_id="drop", conn_id="dwh", sql=f"DROP TABLE IF EXISTS {SCHEMA}.customers")
    SQLExecuteQueryOperator(task_id="customers", conn_id="dwh", sql=CUSTOMERS)
    SQLExecuteQueryOperator(
        task_id="orders",
        conn_id="dwh",
        sql="""
        INSERT INTO staging.orders (id, customer_id, amount, ordered_at)
        SELECT id, customer_id, amount, ordered_at
        FROM crm.orders
        WHERE status <> 'cancelled' AND ordered_at >= '{{ ds }}'
        """,
    )
''',
    "dags/revenue.py": '''"""Revenue by day and country."""
import pendulum
from airflow.sdk import DAG
from airflow.providers.common.sql.operators.sql import SQLExecuteQueryOperator

with DAG("revenue", start_date=pendulum.datetime(2026, 1, 1), schedule="@daily"):
    SQLExecuteQueryOperator(task_id="daily", conn_id="dwh", sql="sql/daily_revenue.sql")
    SQLExecuteQueryOperator(task_id="vips", conn_id="dwh", sql="sql/vips.sql")
''',
    "dags/sql/daily_revenue.sql": """-- one row a day and country
INSERT INTO mart.daily_revenue
SELECT CAST(o.ordered_at AS date) AS day,
       c.country,
       SUM(o.amount) AS revenue,
       COUNT(*) AS orders
FROM staging.orders o
JOIN staging.customers c ON c.id = o.customer_id
GROUP BY 1, 2;
""",
    "dags/sql/vips.sql": """CREATE OR REPLACE VIEW mart.vips AS
WITH spent AS (
    SELECT customer_id, SUM(amount) AS total FROM staging.orders GROUP BY customer_id
)
SELECT c.id AS customer_id, c.name, c.email, CAST(s.total AS numeric(14, 2)) AS total
FROM spent s
JOIN staging.customers c ON c.id = s.customer_id
WHERE s.total > 1000;
""",
    "ddl/tables.sql": """CREATE TABLE mart.targets (
    country varchar(2),
    month date,
    target numeric(14, 2),
    comment text
);
""",
    "dbt/dbt_project.yml": "name: shop\nversion: '1.0'\nprofile: shop\nmodel-paths: [models]\n",
    "dbt/models/staging/stg_orders.sql": """{{ config(materialized='table') }}
select id as order_id, customer_id, amount, ordered_at
from {{ source('staging', 'orders') }}
""",
    "dbt/models/staging/stg_customers.sql": """{{ config(materialized='view') }}
select * from {{ source('staging', 'customers') }}
""",
    "dbt/models/marts/customer_value.sql": """{{ config(materialized='table') }}
with orders as (
    select * from {{ ref('stg_orders') }}
),
customers as (
    select * from {{ ref('stg_customers') }}
)
select
    customers.id as customer_id,
    customers.country,
    sum(orders.amount) as lifetime_value,
    max(orders.ordered_at) as last_order_at
from customers
left join orders on orders.customer_id = customers.id
group by 1, 2
""",
    "dbt/models/marts/country_report.sql": """select country, count(*) as customers, sum(lifetime_value) as value
from {{ ref('customer_value') }}
group by country
""",
    "dbt/models/marts/scratch.sql": """{{ config(materialized='ephemeral') }}
select 1 as one
""",
    "dbt/seeds/regions.csv": "country,region\nAT,Europe\nJP,Asia\n",
    "contracts/customers.odcs.yaml": """apiVersion: v3.0.2
kind: DataContract
id: customers
version: 1.0.0
status: active
servers:
  - server: dwh
    type: postgres
    host: dwh
    port: 5432
    database: shop
    schema: staging
schema:
  - name: customers
    properties:
      - {name: id, physicalType: bigint}
      - {name: name, physicalType: varchar(100)}
      - {name: email, physicalType: text}
      - {name: country, physicalType: varchar(2)}
      - {name: since, physicalType: date}
""",
    "README.md": "# The shop's data\n",
}

_TABLES: dict[str, dict[str, str]] = {
    "crm.customers": {
        "id": "bigint",
        "name": "varchar(100)",
        "email": "varchar(200)",
        "country": "varchar(2)",
        "created_at": "timestamp",
    },
    "crm.orders": {
        "id": "bigint",
        "customer_id": "bigint",
        "amount": "numeric(12,2)",
        "currency": "varchar(3)",
        "ordered_at": "timestamp",
        "status": "varchar(20)",
    },
    "staging.customers": {
        "id": "bigint",
        "name": "varchar(100)",
        "email": "text",
        "country": "varchar(2)",
        "since": "date",
    },
    "staging.orders": {
        "id": "bigint",
        "customer_id": "bigint",
        "amount": "numeric(12,2)",
        "ordered_at": "timestamp",
    },
    "mart.daily_revenue": {
        "day": "date",
        "country": "varchar(2)",
        "revenue": "numeric(14,2)",
        "orders": "bigint",
    },
    "mart.vips": {
        "customer_id": "bigint",
        "name": "varchar(100)",
        "email": "text",
        "total": "numeric(14,2)",
    },
    "mart.targets": {
        "country": "varchar(2)",
        "month": "date",
        "target": "numeric(14,2)",
        "comment": "text",
    },
    "dbt.stg_orders": {
        "order_id": "bigint",
        "customer_id": "bigint",
        "amount": "numeric(12,2)",
        "ordered_at": "timestamp",
    },
    "dbt.stg_customers": {
        "id": "bigint",
        "name": "varchar(100)",
        "email": "text",
        "country": "varchar(2)",
        "since": "date",
    },
    "dbt.customer_value": {
        "customer_id": "bigint",
        "country": "varchar(2)",
        "lifetime_value": "numeric(14,2)",
        "last_order_at": "timestamp",
    },
    "dbt.regions": {"country": "varchar(2)", "region": "text"},
    "bi.regions": {"region": "text"},
    "dbt.country_report": {
        "country": "varchar(2)",
        "customers": "bigint",
        "value": "numeric(14,2)",
    },
    "bi.revenue_board": {"day": "date", "revenue": "numeric(14,2)", "share": "numeric(14,2)"},
    "bi.vip_mails": {"email": "text", "name": "varchar(100)", "total": "numeric(14,2)"},
    "bi.value_board": {"value": "numeric(14,2)", "last": "timestamp"},
    "bi.map": {"country": "varchar(2)", "customers": "bigint"},
}

_MADE: dict[str, dict[str, str]] = {
    "staging.customers": {
        "id": "crm.customers.id",
        "name": "crm.customers.name",
        "email": "crm.customers.email",
        "country": "crm.customers.country",
        "since": "crm.customers.created_at",
    },
    "staging.orders": {c: f"crm.orders.{c}" for c in ("id", "customer_id", "amount", "ordered_at")},
    "mart.daily_revenue": {
        "day": "staging.orders.ordered_at",
        "country": "staging.customers.country",
        "revenue": "staging.orders.amount",
    },
    "mart.vips": {
        "customer_id": "staging.customers.id",
        "name": "staging.customers.name",
        "email": "staging.customers.email",
        "total": "staging.orders.amount",
    },
    "dbt.stg_orders": {
        "order_id": "staging.orders.id",
        "customer_id": "staging.orders.customer_id",
        "amount": "staging.orders.amount",
        "ordered_at": "staging.orders.ordered_at",
    },
    "dbt.stg_customers": {
        c: f"staging.customers.{c}" for c in ("id", "name", "email", "country", "since")
    },
    "dbt.customer_value": {
        "customer_id": "dbt.stg_customers.id",
        "country": "dbt.stg_customers.country",
        "lifetime_value": "dbt.stg_orders.amount",
        "last_order_at": "dbt.stg_orders.ordered_at",
    },
    "dbt.country_report": {
        "country": "dbt.customer_value.country",
        "value": "dbt.customer_value.lifetime_value",
    },
    "bi.revenue_board": {
        "day": "mart.daily_revenue.day",
        "revenue": "mart.daily_revenue.revenue",
        "share": "mart.targets.target",
    },
    "bi.regions": {"region": "dbt.regions.region"},
    "bi.vip_mails": {
        "email": "mart.vips.email",
        "name": "mart.vips.name",
        "total": "mart.vips.total",
    },
    "bi.value_board": {
        "value": "dbt.customer_value.lifetime_value",
        "last": "dbt.customer_value.last_order_at",
    },
    "bi.map": {"country": "dbt.country_report.country", "customers": "dbt.country_report.value"},
}
"""Columns of what is made, and the one that each comes from."""


def events() -> list[bytes]:
    """What the repository's runs reported, and those of dashboards that others made of its tables."""
    found = []
    for number, (name, columns) in enumerate(_MADE.items(), 1):
        sources = {source.rpartition(".")[0] for source in columns.values()}
        found.append(
            run_event(
                "COMPLETE",
                f"{number:02d}:00",
                uuid(number),
                f"makes.{name}",
                inputs=[_dataset(source) for source in sorted(sources)],
                outputs=[_dataset(name, columnLineage={"fields": _fields(columns)})],
            )
        )
    found.append(
        run_event(
            "COMPLETE", "20:00", uuid(90), "makes.mart.targets", outputs=[_dataset("mart.targets")]
        )
    )
    return found


def _fields(columns: dict[str, str]) -> dict[str, Any]:
    return {
        column: {
            "inputFields": [
                {"namespace": DB, "name": f"shop.{table}", "field": field}
                for table, _, field in [source.rpartition(".")]
            ]
        }
        for column, source in columns.items()
    }


def _dataset(name: str, **facets: Any) -> dict[str, Any]:
    fields = [{"name": n, "type": t} for n, t in _TABLES[name].items()]
    return dataset(f"shop.{name}", DB, schema={"fields": fields}, **facets)
