"""The shop's figures, its statements and its lineage, without Airflow."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import ProxyHandler, Request, build_opener

import jinja2
import pytest

from demo import shop
from tests.system import drawing

SQL = Path(shop.SCHEMA).parent
SUNDAY = date(2026, 3, 1)
FRIDAY = date(2026, 3, 6)
IN_ORDER = [
    *("stage_orders", "reject_orders", "dim_product", "dim_customer", "dim_rate", "fct_sales"),
    *("mart_daily_sales", "mart_product_margin", "mart_customer_value"),
    *("fct_deliveries", "mart_late_deliveries"),
]


@pytest.fixture
def warehouse(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """The shop's warehouse with a Friday's raw data in it."""
    shop.make_folder(tmp_path, FRIDAY)
    connection = sqlite3.connect(tmp_path / "warehouse.db")
    for channel in shop.CHANNELS:
        _insert(
            connection,
            "raw_orders(channel, order_id, ordered_at, customer_id, sku, quantity, unit_price, currency)",
            [
                [channel, *(value if value != "" else None for value in line)]
                for line in shop.orders_of(channel, FRIDAY)
            ],
        )
    _insert(connection, "raw_products", [list(product[:4]) for product in shop.PRODUCTS])
    customers = json.loads((tmp_path / "exports" / "customers.json").read_text())
    _insert(
        connection,
        "raw_customers",
        [[c["id"], c["name"], c["email"], c["address"]["city"], c["joined"]] for c in customers],
    )
    rates = shop.rates(FRIDAY)
    _insert(connection, "raw_rates", [[rates["day"], *pair] for pair in rates["eur"].items()])
    sent = shop.shipments(FRIDAY)["shipments"]
    _insert(connection, "raw_shipments", [list(one.values()) for one in sent])
    yield connection
    connection.close()


def _insert(connection: sqlite3.Connection, table: str, rows: list[list[Any]]) -> None:
    marks = ", ".join("?" * len(rows[0]))
    connection.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)  # noqa: S608 - ours
    connection.commit()


def _run_all(connection: sqlite3.Connection) -> None:
    for name in IN_ORDER:
        template = jinja2.Template((SQL / f"{name}.sql").read_text())
        connection.executescript(template.render(day=lambda _: str(FRIDAY), dag_run=None))


def _tables(connection: sqlite3.Connection) -> dict[str, list[Any]]:
    names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    return {
        name: sorted(connection.execute(f"SELECT * FROM {name}").fetchall(), key=repr)  # noqa: S608
        for (name,) in names
    }


def test_every_statement_of_the_shop_is_run_here() -> None:
    assert {path.stem for path in SQL.glob("*.sql")} == {*IN_ORDER, "schema"}


def test_every_table_has_rows_in_the_end(warehouse: sqlite3.Connection) -> None:
    _run_all(warehouse)
    assert [name for name, rows in _tables(warehouse).items() if not rows] == []


def test_a_day_that_is_loaded_twice_is_there_once(warehouse: sqlite3.Connection) -> None:
    _run_all(warehouse)
    once = _tables(warehouse)
    _run_all(warehouse)
    assert _tables(warehouse) == once


def test_every_order_is_staged_or_rejected(warehouse: sqlite3.Connection) -> None:
    _run_all(warehouse)
    tables = _tables(warehouse)
    assert len(tables["raw_orders"]) == len(tables["stg_orders"]) + len(tables["rejected_orders"])


def test_the_daily_revenue_is_that_of_the_sales(warehouse: sqlite3.Connection) -> None:
    _run_all(warehouse)
    (sales,) = warehouse.execute("SELECT sum(revenue_eur) FROM fct_sales").fetchone()
    (daily,) = warehouse.execute("SELECT sum(revenue_eur) FROM mart_daily_sales").fetchone()
    assert daily == pytest.approx(sales, abs=0.01)


def test_an_export_says_the_same_every_time(tmp_path: Path) -> None:
    shop.write_exports(tmp_path / "one", FRIDAY)
    shop.write_exports(tmp_path / "two", FRIDAY)
    for path in (tmp_path / "one").iterdir():
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes()


def test_the_shops_are_closed_on_sundays_and_the_web_is_not() -> None:
    sold = {channel: len(shop.orders_of(channel, SUNDAY)) for channel in shop.CHANNELS}
    assert [channel for channel, lines in sold.items() if lines] == ["online"]


def test_in_any_four_days_the_carrier_is_busy_once_and_out_of_order_once() -> None:
    days = [FRIDAY + timedelta(days=n) for n in range(4)]
    assert [sum(map(shop.is_busy, days)), sum(map(shop.is_out_of_order, days))] == [1, 1]


def test_a_busy_carrier_answers_a_request_when_it_is_repeated() -> None:
    busy = next(d for d in (FRIDAY + timedelta(days=n) for n in range(4)) if shop.is_busy(d))
    server = shop.PartnersServer("127.0.0.1", 0)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        answers = [_status(server.server_port, busy, run) for run in ("a", "a", "b", "b")]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    assert answers == [503, 200, 503, 200]


def _status(port: int, day: date, run: str) -> int:
    address = f"http://127.0.0.1:{port}/shipments?day={day}"
    request = Request(address, headers={"X-Request-Id": run})
    try:
        with build_opener(ProxyHandler({})).open(request, timeout=10) as answer:
            return int(answer.status)
    except HTTPError as refusal:
        refusal.close()
        return refusal.code


def test_the_example_dags_make_one_graph_of_six_dags_and_thirty_one_datasets() -> None:
    edges = drawing.edges()
    reached: set[str] = set()
    new = {next(iter(edges)).source}
    while new:
        reached |= new
        new = {end for edge in edges if reached & set(edge) for end in edge} - reached
    assert reached == drawing.tasks() | drawing.datasets()
    assert len({task.split(".")[0] for task in drawing.tasks()}) == 6
    assert len(drawing.datasets()) == 31


def test_every_table_of_the_warehouse_is_in_the_drawing(warehouse: sqlite3.Connection) -> None:
    assert set(_tables(warehouse)) <= drawing.datasets()
