"""What is a change of a dataset's schema, and what only looks like one."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest
import sqlalchemy as sa

from fairlead_bridge.db import tables as t
from fairlead_bridge.db.engine import reading
from fairlead_bridge.entries import DatasetEntry
from fairlead_bridge.model import Name
from fairlead_bridge.queries import entry
from tests.bridge.asking import Api, names, wrote
from tests.support.corpus import FOLDER, needs_corpus
from tests.support.small import dataset, run_event, schema, uuid

FILE = "/in/orders.csv"


def _reads(job: str, *columns: str, at: str, types: str | None = "text") -> list[bytes]:
    reported = {"fields": [{"name": column, "type": types} for column in columns]}
    return wrote(job, reads=(dataset(FILE, "file", schema=reported),), at=at)


def _writes(*fields: tuple[str, str | None], at: str, job: str = "load") -> list[bytes]:
    reported = {"fields": [{"name": name, "type": kind} for name, kind in fields]}
    return wrote(job, dataset("shop.orders", schema=reported), at=at)


def changed(api: Api) -> list[list[tuple[str, str]]]:
    return [
        [(change["change"], change["column"]) for change in item["version"]["changes"]]
        for item in api.pages("changes", limit=1)
    ]


def columns(api: Api, name: str = f"file:{FILE}") -> list[tuple[str, str | None]]:
    return [(each["name"], each["type"]) for each in api.get(f"datasets/{name}")["schema_fields"]]


def test_a_file_that_is_read_to_learn_its_header_has_the_columns_of_the_header(
    db: sa.Engine,
) -> None:
    api = Api(db)
    api.send(*_reads("app.collect_limit", "value", at="08:00:00"),
             *_reads("app.collect_limit", "id", "day", at="08:01:00"),
             *_reads("app.collect_limit", "value", at="08:02:00"))  # fmt: skip
    assert [name for name, _ in columns(api)] == ["id", "day"]
    assert len(api.get(f"datasets/file:{FILE}")["versions"]) == 1
    assert changed(api) == []


def test_a_reader_that_reads_a_part_changes_nothing(db: sa.Engine) -> None:
    api = Api(db)
    api.send(*_reads("all", "id", "day", "amount", at="08:00:00"),
             *_reads("some", "id", at="09:00:00"))  # fmt: skip
    assert [name for name, _ in columns(api)] == ["id", "day", "amount"]
    (item,) = api.get("datasets")["items"]
    assert item["columns"] == 3
    assert changed(api) == []


def test_what_one_reader_sees_change_is_a_change(db: sa.Engine) -> None:
    api = Api(db)
    api.send(*_reads("all", "id", "day", at="08:00:00"), *_reads("some", "id", at="08:30:00"),
             *_reads("all", "id", "total", at="09:00:00"))  # fmt: skip
    assert changed(api) == [[("added", "total"), ("removed", "day")]]
    assert [name for name, _ in columns(api)] == ["id", "total"]


def test_a_writers_schema_counts_whatever_a_reader_sees_later(db: sa.Engine) -> None:
    api = Api(db)
    api.send(*wrote("load", dataset(FILE, "file", schema=schema("id", "day")), at="08:00:00"),
             *_reads("some", "id", at="09:00:00"))  # fmt: skip
    assert [name for name, _ in columns(api)] == ["id", "day"]
    assert changed(api) == []


@pytest.mark.parametrize("first", [None, "text"])
def test_a_type_that_was_left_out_is_no_change(db: sa.Engine, first: str | None) -> None:
    api = Api(db)
    second = "text" if first is None else None
    api.send(*_writes(("id", first), ("day", "date"), at="08:00:00"),
             *_writes(("id", second), ("day", "date"), at="09:00:00"))  # fmt: skip
    assert changed(api) == []
    if first is not None:
        assert columns(api, "postgres://h:5432:shop.orders")[0] == ("id", "text")


def test_real_changes_are_listed_page_by_page_between_those_that_are_none(db: sa.Engine) -> None:
    api = Api(db)
    for hour, kinds in enumerate([("text",), (None,), ("int",), ("int", "x"), (None, "x")]):
        fields = [(f"c{at}", kind) for at, kind in enumerate(kinds)]
        api.send(*_writes(*fields, at=f"0{hour + 1}:00:00"))
    assert changed(api) == [[("added", "c1")], [("type", "c0")]]


# --- tables of failed tests ---------------------------------------------------------------------


def _dbt(job: str, word: str, **sides: Any) -> list[bytes]:
    facets = {"jobType": {"integration": "DBT", "jobType": word, "processingType": "BATCH"}}
    return wrote(job, *sides.get("writes", ()), reads=sides.get("reads", ()), facets=facets,
                 state=sides.get("state", "COMPLETE"))  # fmt: skip


@pytest.mark.parametrize(
    "table", ["shop.main_dbt_test__audit.not_null_orders_id", 'shop."dbt_test__audit"."unique"']
)
def test_the_tables_of_dbts_test_audit_are_no_datasets(db: sa.Engine, table: str) -> None:
    api = Api(db)
    api.send(*_dbt("shop.main.shop.orders.test", "TEST", reads=("shop.main.orders",),
                   writes=(table,), state="FAIL"),
             *_dbt("shop.main.shop.report", "MODEL", reads=(table,), writes=("shop.main.report",)))  # fmt: skip
    assert names(api.get("datasets")["items"]) == ["shop.main.orders", "shop.main.report"]
    assert api.get("at-risk")["items"] == []


def test_what_a_test_stores_in_a_schema_of_its_own_is_no_dataset_either(db: sa.Engine) -> None:
    api = Api(db)
    api.send(*_dbt("shop.main.shop.orders.test", "TEST", reads=("shop.main.orders",),
                   writes=("shop.failures.not_null_orders_id",), state="FAIL"))  # fmt: skip
    assert names(api.get("datasets")["items"]) == ["shop.main.orders"]
    assert api.get("at-risk")["items"] == []


@needs_corpus
@pytest.mark.parametrize("file", ["spark1", "spark4", "spark_iceberg", "dbt_pg", "dbt_run"])
def test_no_schema_changed_in_a_run_of_a_real_producer_that_changed_none(
    db: sa.Engine, file: str
) -> None:
    assert FOLDER is not None
    api = Api(db)
    lines = (FOLDER / "real-producers-2026" / f"{file}.jsonl").read_bytes().splitlines()
    api.send(*lines)
    shown = [
        (item["dataset"]["name"], item["version"]["changes"])
        for item in api.get("changes")["items"]
    ]
    altered = [] if file != "spark_iceberg" else ["/srv/lab/icewh/shop/orders"]
    assert [name for name, _ in shown if name not in altered] == [], shown


# --- runs that failed ---------------------------------------------------------------------------


def _sent(kind: str, at: str, number: int, *columns: str) -> bytes:
    output = dataset("shop.orders", schema=schema(*columns))
    return run_event(kind, at, uuid(number), "app.write", namespace="spark", outputs=[output])


FAILED_THEN_COMPLETE = [
    _sent("START", "09:00:00", 72, "id", "total"),
    _sent("FAIL", "09:00:02.408", 72, "id", "total"),
    _sent("COMPLETE", "09:00:02.420", 72, "id", "total"),
]


@pytest.mark.parametrize("order", [*permutations(range(3))])
def test_the_schema_of_a_write_that_failed_and_then_completes_is_not_the_datasets(
    db: sa.Engine, order: tuple[int, ...]
) -> None:
    api, table = Api(db), "postgres://h:5432:shop.orders"
    api.send(_sent("COMPLETE", "08:00:00", 71, "id", "day"))
    for each in order:
        api.send(FAILED_THEN_COMPLETE[each])
    assert [name for name, _ in columns(api, table)] == ["id", "day"]
    assert api.get("datasets")["items"][0]["columns"] == 2
    assert changed(api) == []
    api.send(_sent("COMPLETE", "10:00:00", 73, "id", "total"))
    assert [name for name, _ in columns(api, table)] == ["id", "total"]
    assert changed(api) == [[("added", "total"), ("removed", "day")]]


def test_sinks_receive_the_schema_that_the_catalog_shows(db: sa.Engine) -> None:
    """Of readers the widest, and of writers the one that did not fail."""
    api = Api(db)
    api.send(*_reads("all", "id", "day", "amount", at="08:00:00"),
             *_reads("some", "id", at="09:00:00"),
             _sent("COMPLETE", "08:00:00", 71, "id", "day"), *FAILED_THEN_COMPLETE)  # fmt: skip
    items = api.get("datasets")["items"]
    wanted = {item["name"]: [name for name, _ in columns(api, item["id"])] for item in items}
    with reading(db) as tx:
        every = [Name("dataset", id) for id in tx.scalars(sa.select(t.dataset.c.id))]
        found = {
            each.dataset.name: [column.name for column in each.columns]
            for each in entry.read(tx, every).values()
            if isinstance(each, DatasetEntry)
        }
    assert (
        found == wanted == {"/in/orders.csv": ["id", "day", "amount"], "shop.orders": ["id", "day"]}
    )
