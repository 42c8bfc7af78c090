"""Datasets and columns are found and compared as their engine does, in whatever letters."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest
import sqlalchemy as sa

from tests.bridge import absorbing
from tests.bridge.asking import Api, wrote
from tests.support.small import dataset, run_event, uuid

SNOWFLAKE, POSTGRES, KAFKA = "snowflake://acc", "postgres://h:5432", "kafka://b:9092"
GLUE = "arn:aws:glue:eu-west-1:123456789012"


def columns(**types: str) -> dict[str, Any]:
    return {"fields": [{"name": name, "type": kind} for name, kind in types.items()]}


def lineage(target: str, source: str, namespace: str = POSTGRES, of: str = "s.a") -> dict[str, Any]:
    origin = {"namespace": namespace, "name": of, "field": source}
    return {"fields": {target: {"inputFields": [origin]}}}


# --- datasets -----------------------------------------------------------------------------------


@pytest.mark.parametrize("order", list(permutations(("DB.S.ORDERS", "db.s.orders", "Db.S.Orders"))))
def test_every_spelling_of_a_table_is_stored_and_finds_it(
    db: sa.Engine, order: tuple[str, ...]
) -> None:
    api = Api(db)
    for number, name in enumerate(order):
        api.send(*wrote(f"j{number}", dataset(name, SNOWFLAKE)))
    (item,) = api.get("datasets")["items"]
    known = api.get(f"datasets/{item['id']}")
    assert known["name"] == "DB.S.ORDERS"
    names = {each["name"] for each in known["names"]}
    assert {"DB.S.ORDERS", "db.s.orders", "Db.S.Orders"} <= names
    for name in (*order, "dB.s.oRDERS"):
        assert api.get(f"datasets/{SNOWFLAKE}:{name}")["id"] == item["id"]
        assert api.get("datasets", namespace=SNOWFLAKE, name=name)["items"][0]["id"] == item["id"]
        assert api.get("datasets", name=name)["items"][0]["id"] == item["id"]


@pytest.mark.parametrize(
    "spelled",
    [
        "postgresql://DB52:Shop.public.T1",
        "postgres://db52:5432:SHOP.PUBLIC.T1",
        'postgres://db52:5432:"shop"."public"."t1"',
        "postgres://someone:secret@db52/shop:public.t1",
        "jdbc:postgresql://db52:5432/shop:public.t1",
    ],
)
def test_a_dataset_is_found_by_any_address_that_means_it(db: sa.Engine, spelled: str) -> None:
    api = Api(db)
    api.send(*wrote("j", dataset("shop.public.t1", "postgres://db52:5432")))
    assert api.get(f"datasets/{spelled}")["name"] == "shop.public.t1"
    assert api.get("lineage", node=f"dataset:{spelled}")["nodes"]


def test_letters_matter_where_the_store_says_them_apart(db: sa.Engine) -> None:
    api = Api(db)
    api.send(*wrote("j", dataset("Clicks", KAFKA)))
    api.problem(404, f"datasets/{KAFKA}:clicks")


def test_names_longer_than_what_is_stored_are_found_by_the_name_that_was_sent(
    db: sa.Engine,
) -> None:
    namespace, name, job = f"s3://{'b' * 700}", "t" * 2500, "j" * 2500
    api = Api(db)
    api.send(*wrote(job, dataset(name, namespace), namespace="n" * 700))
    (item,) = api.get("datasets", namespace=namespace, name=name)["items"]
    assert api.get(f"datasets/{namespace}:{name}")["id"] == item["id"]
    assert api.get(f"jobs/{'n' * 700}:{job}")["outputs"]
    assert len(api.get("runs", namespace="n" * 700, job=job)["items"]) == 1
    assert len(api.get("jobs", namespace="n" * 700, name=job)["items"]) == 1


def test_thousands_of_partitions_are_one_dataset_of_few_names(db: sa.Engine) -> None:
    parts = [
        dataset(f"t/dt=2026-{n // 28 % 12 + 1:02}-{n % 28 + 1:02}/h={n}", "s3://lake")
        for n in range(5_000)
    ]
    api = Api(db)
    api.send(*wrote("j", reads=tuple(parts)), *wrote("k", dataset("t/2026/11/01", "s3a://lake")))
    (item,) = api.get("datasets")["items"]
    assert item["name"] == "t"
    assert len(absorbing.dump(db)["dataset_name"]) == 1
    assert api.get("datasets/s3://lake:t/dt=2031-01-01/h=7")["id"] == item["id"]


@pytest.mark.parametrize(
    ("namespace", "quoted", "plain"),
    [
        (GLUE, "table/`my-db`/`orders`", "table/my-db/orders"),
        (GLUE, 'table/"db"/"Orders"', "table/db/orders"),
        ("arn:aws:s3tables:eu-west-1:1:bucket/b", '"ns"."t"', "ns.t"),
        ("arn:aws:s3tables:eu-west-1:1:bucket/b", "table/`ns`/`t`", "table/ns/t"),
        ("iceberg://rest:8181", "`db`.`t`", "db.t"),
        (SNOWFLAKE, 'DB.S."orders"', "db.s.orders"),
    ],
)
def test_quotes_are_no_part_of_a_tables_name(
    db: sa.Engine, namespace: str, quoted: str, plain: str
) -> None:
    api = Api(db)
    api.send(*wrote("w", dataset(quoted, namespace)))
    api.send(*wrote("r", reads=(dataset(plain, namespace),)))
    assert len(api.get("datasets")["items"]) == 1


# --- columns ------------------------------------------------------------------------------------


def test_quotes_are_no_part_of_a_columns_name(db: sa.Engine) -> None:
    quoted = {"fields": [{"name": '"amount"', "type": "int"}, {"name": "`day`", "type": "date"}]}
    target = dataset(
        "DB.S.OUT",
        SNOWFLAKE,
        schema=columns(A="int"),
        columnLineage=lineage('"A"', '"amount"', SNOWFLAKE, 'DB.S."orders"'),
    )
    api = Api(db)
    api.send(*wrote("w", dataset('DB.S."orders"', SNOWFLAKE, schema=quoted)))
    api.send(*wrote("r", target, reads=(dataset("db.s.orders", SNOWFLAKE),)))
    found = api.get(f"datasets/{SNOWFLAKE}:DB.S.ORDERS")
    assert [field["name"] for field in found["schema_fields"]] == ["amount", "day"]
    items = api.get("impact", node=f"dataset:{SNOWFLAKE}:db.s.orders", column="AMOUNT")["items"]
    assert [item["columns"] for item in items if item["kind"] == "dataset"] == [["A"]]


def test_quotes_in_the_header_of_a_file_are_its_columns(db: sa.Engine) -> None:
    api = Api(db)
    quoted = {"fields": [{"name": '"a"', "type": "int"}]}
    api.send(*wrote("w", dataset("x.csv", "s3://lake", schema=quoted)))
    api.send(*wrote("w", dataset("s.x", POSTGRES, schema=quoted)))
    shown = {
        d: api.get(f"datasets/{d}")["schema_fields"] for d in ("s3://lake:x.csv", f"{POSTGRES}:s.x")
    }
    assert [field[0]["name"] for field in shown.values()] == ['"a"', "a"]


@pytest.mark.parametrize(
    ("namespace", "name"),
    [(SNOWFLAKE, "DB.S.A"), (POSTGRES, "s.a"), ("mysql://h:3306", "s.a"), ("bigquery", "p.d.a")],
)
def test_a_column_or_a_type_in_other_letters_is_no_change(
    db: sa.Engine, namespace: str, name: str
) -> None:
    api = Api(db)
    for day, schema in enumerate(
        (columns(id="int", AMOUNT="int"), columns(ID="INT", amount="Int"))
    ):
        api.send(
            *wrote("w", dataset(name, namespace, schema=schema), at=f"2026-11-0{day + 1}T08:00:00Z")
        )
    assert api.get("changes")["items"] == []
    api.send(
        *wrote("w", dataset(name, namespace, schema=columns(id="int")), at="2026-11-01T20:00:00Z")
    )
    assert [each["column"] for c in api.get("changes")["items"] for each in c["version"]["changes"]]


def test_a_column_in_other_letters_is_a_change_where_letters_matter(db: sa.Engine) -> None:
    api = Api(db)
    for hour, schema in enumerate((columns(id="int"), columns(Id="INT"))):
        api.send(*wrote("w", dataset("t", KAFKA, schema=schema), at=f"0{hour}:00:00"))
    (change,) = api.get("changes")["items"]
    assert [each["change"] for each in change["version"]["changes"]] == ["added", "removed"]


def test_columns_compare_in_lineage_impact_tags_and_lookups_as_they_do_in_schemas(
    db: sa.Engine,
) -> None:
    """`id` and `ID` are two columns of a topic, and one of a table."""
    api = Api(db)
    tags = {"tags": [{"key": "pii", "field": "id"}]}
    both = columns(id="int", ID="int")
    for place, name in ((KAFKA, "topic"), (POSTGRES, "s.table")):
        api.send(
            *wrote(f"w {name}", dataset(name, place, schema=both, tags=tags)),
            *wrote(
                f"r {name}",
                dataset(f"out.{name}", columnLineage=lineage("x", "id", place, name)),
                reads=(dataset(name, place),),
            ),
        )

    def used(node: str, column: str) -> set[str]:
        items = api.get("impact", node=f"dataset:{node}", column=column)["items"]
        return {each["name"] for each in items if each["kind"] == "dataset"}

    topic, table = f"{KAFKA}:topic", f"{POSTGRES}:s.table"
    assert (used(topic, "id"), used(topic, "ID")) == ({"out.topic"}, set())
    assert used(table, "id") == used(table, "ID") == {"out.s.table"}
    api.problem(404, "lineage/columns", dataset=topic, column="Id")
    walked = api.get("lineage/columns", dataset=topic, column="ID")
    assert [node["column"] for node in walked["nodes"]] == ["ID"]
    kinds = {
        each["name"]: (each["personal_kind"], [tag["key"] for tag in each["tags"]])
        for each in api.get(f"datasets/{topic}")["schema_fields"]
    }
    assert kinds == {"id": ("tagged", ["pii"]), "ID": (None, [])}


def test_pages_of_changes_are_whole_though_some_versions_change_nothing(db: sa.Engine) -> None:
    api = Api(db)
    kinds = ("int", "INT", "text", "TEXT", "Text", "date", "DATE", "int4")
    for hour, kind in enumerate(kinds):
        api.send(*wrote("w", dataset("s.a", schema=columns(x=kind)), at=f"{hour:02}:00:00"))
    found = api.pages("changes", limit=1)
    assert [c["version"]["changes"][0]["after"] for c in found] == ["int4", "date", "text"]


# --- whose schema counts ------------------------------------------------------------------------


@pytest.mark.parametrize("end", ["FAIL", "ABORT"])
def test_the_schema_of_a_run_that_failed_is_not_the_datasets(db: sa.Engine, end: str) -> None:
    broken = dataset("s.a", schema=columns(id="int"))
    api = Api(db)
    api.send(*wrote("w", dataset("s.a", schema=columns(id="int", day="date"))))
    for number, hour in enumerate(("11", "12")):
        for kind, minute in (("START", "00"), ("RUNNING", "10"), (end, "20")):
            run = uuid(number + 1)
            api.send(run_event(kind, f"{hour}:{minute}:00", run, "w", outputs=[broken]))
    found = api.get(f"datasets/{POSTGRES}:s.a")
    assert [field["name"] for field in found["schema_fields"]] == ["id", "day"]
    assert api.get("changes")["items"] == []
