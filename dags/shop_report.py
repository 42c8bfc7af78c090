"""
### What the manager reads in the morning

Started by the marts. Each mart becomes a CSV file (one mapped task each), all of them together one
HTML page, a copy of which is kept. If parcels came late, the logistics people get a list of their
own; otherwise that branch is skipped.
"""

from __future__ import annotations

from datetime import timedelta
from html import escape

from airflow.providers.common.io.operators.file_transfer import FileTransferOperator
from airflow.providers.sqlite.hooks.sqlite import SqliteHook
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import TriggerRule, dag, task

import shop

MARTS = ["mart_daily_sales", "mart_product_margin", "mart_customer_value"]


@dag(
    dag_id="shop_report",
    schedule=[shop.table(mart) for mart in MARTS],
    tags=["shop", "report"],
    doc_md=__doc__,
    default_args={"owner": "management", "retries": 1, "retry_delay": timedelta(seconds=10)},
    **shop.DEFAULTS,
)
def shop_report() -> None:
    @task(map_index_template="{{ mart }}")
    def write_csv(mart: str) -> None:
        header, rows = SqliteHook(shop.WAREHOUSE).run(
            f"SELECT * FROM {mart}",  # noqa: S608 - one of MARTS
            handler=lambda cursor: (
                [column[0] for column in cursor.description],
                cursor.fetchall(),
            ),
        )
        shop.write_csv(f"reports/{mart.removeprefix('mart_')}.csv", header, rows)

    @task
    def write_page() -> None:
        """The report: a table a mart."""
        parts = ["<!doctype html><title>The shop</title><h1>The shop</h1>"]
        for mart in MARTS:
            name = mart.removeprefix("mart_")
            rows = shop.read_csv(f"reports/{name}.csv")
            head = "".join(f"<th>{escape(column)}</th>" for column in (rows[0] if rows else ()))
            body = "".join(
                "<tr>" + "".join(f"<td>{escape(value)}</td>" for value in row.values()) + "</tr>"
                for row in rows
            )
            parts.append(f"<h2>{name}</h2><table><tr>{head}</tr>{body}</table>")
        with shop.file("reports/sales.html").open("w") as page:
            page.write("\n".join(parts))

    @task.branch
    def look_for_late_parcels() -> str:
        late = SqliteHook(shop.WAREHOUSE).get_first("SELECT sum(late) FROM mart_late_deliveries")
        return "list_late_parcels" if late and late[0] else "nothing_is_late"

    @task
    def list_late_parcels() -> None:
        rows = SqliteHook(shop.WAREHOUSE).get_records(
            "SELECT shipment_id, channel, days_late FROM fct_deliveries WHERE days_late > 0"
        )
        shop.write_csv("reports/late_parcels.csv", ["shipment_id", "channel", "days_late"], rows)

    nothing_is_late = EmptyOperator(task_id="nothing_is_late")

    keep_a_copy = FileTransferOperator(
        task_id="keep_a_copy",
        src=f"file://{shop.DATA}/reports/sales.html",
        dst=f"file://{shop.DATA}/reports/archive/sales.html",
        overwrite=True,
        trigger_rule=TriggerRule.NONE_FAILED,
    )

    late = look_for_late_parcels()
    late >> [list_late_parcels(), nothing_is_late] >> keep_a_copy
    write_csv.expand(mart=MARTS) >> write_page() >> keep_a_copy


shop_report()
