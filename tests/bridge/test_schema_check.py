"""`POST /api/v1/schema-check`: what a proposed schema changes, and whom that breaks."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from fairlead_bridge.insight.schema_change import Change, Column, changes
from tests.bridge.asking import Api, wrote
from tests.bridge.impacts import DB, made
from tests.support.small import dataset

A, B, C, D = (f"s.{letter}" for letter in "abcd")


def columns(**types: str | None) -> list[Column]:
    return [Column(name, kind) for name, kind in types.items()]


def changed(
    before: list[Column], after: list[Column], platform: str = "postgres", *, folds: bool = True
) -> list[tuple[str, str, bool]]:
    return [
        (c.change, c.column, c.breaking)
        for c in changes(before, after, platform, str.lower if folds else str)
    ]


@pytest.mark.parametrize(
    ("platform", "before", "after", "breaking"),
    [
        ("snowflake", "VARCHAR(255)", "VARCHAR(16777216)", False),
        ("snowflake", "VARCHAR", "VARCHAR(255)", True),
        ("snowflake", "NUMBER(10,0)", "INT", False),
        ("snowflake", "FLOAT", "REAL", None),
        ("postgres", "int", "bigint", False),
        ("postgres", "bigint", "int", True),
        ("postgres", "real", "float", False),
        ("spark", "double", "float", True),
        ("redshift", "varchar(300)", "text", True),
        ("postgres", "varchar(300)", "text", False),
        ("bigquery", "INTEGER", "INT64", None),
        ("bigquery", "NUMERIC", "BIGNUMERIC", False),
        ("oracle", "NUMBER(10)", "NUMBER", False),
        ("mssql", "decimal", "decimal(10,2)", True),
        ("mysql", "text", "varchar(100)", True),
        ("postgres", "int", "text", True),
        ("postgres", "numeric(10,2)", "NUMERIC(10, 2)", None),
    ],
)
def test_a_type_is_judged_by_what_it_holds_on_its_platform(
    platform: str, before: str, after: str, breaking: bool | None
) -> None:
    expected = [] if breaking is None else [("type", "x", breaking)]
    assert changed(columns(x=before), columns(x=after), platform) == expected


def test_a_rename_is_recognised_by_place_or_name_and_is_never_safe() -> None:
    before = columns(id="int", customer_country="text", note="text")
    after = columns(id="int", land="text", note="text")
    [change] = changes(before, after, "postgres", str.lower)
    assert change == Change("renamed", "customer_country", "customer_country", "land", True)
    moved = columns(note="text", id="int", customer_country_code="text", zzz="text")
    assert [(c.change, c.after) for c in changes(before, moved, "postgres", str.lower)] == [
        ("renamed", "customer_country_code"),
        ("added", "text"),
    ]


def test_a_column_of_another_type_or_elsewhere_is_no_rename() -> None:
    assert changed(columns(id="int", a="text"), columns(id="int", b="date")) == [
        ("removed", "a", True),
        ("added", "b", False),
    ]
    assert changed(columns(a="text", id="int"), columns(id="int", zzz="text")) == [
        ("removed", "a", True),
        ("added", "zzz", False),
    ]


def test_letters_count_where_the_platform_counts_them() -> None:
    assert changed(columns(Id="int"), columns(ID="int")) == []
    assert changed(columns(Id="int"), columns(ID="int"), folds=False) == [("renamed", "Id", True)]


def test_letters_and_spaces_do_not_make_another_column_or_type() -> None:
    present = [Column("Id", "DECIMAL(10, 2)")]
    assert changed(present, columns(id="decimal(10,2)")) == []


def test_fields_inside_a_column_that_is_proposed_as_a_whole_are_not_compared() -> None:
    before = [Column("a", "struct"), Column("a.x", "int"), Column("a.y", "int")]
    assert changed(before, columns(a=None)) == []
    assert changed(before, [Column("a", "struct"), Column("a.x", "int")]) == [
        ("removed", "a.y", True)
    ]


@pytest.fixture
def api(db: sa.Engine) -> Api:
    api = Api(db)
    fields = {"x": "text", "y": "int", "z": "date"}
    schema = {"fields": [{"name": n, "type": t} for n, t in fields.items()]}
    api.send(
        *wrote("load", dataset(A, schema=schema)),
        *wrote("known", made(B, v=[(A, "x")], w=[(A, "y")]), reads=(A,)),
        *wrote("below", made(C, q=[(B, "v")]), reads=(B,)),
    )
    return api


def check(api: Api, status: int = 200, /, **types: str | None) -> Any:
    proposed = [{"name": name, "type": kind} for name, kind in types.items()]
    body = {"dataset": f"dataset:{DB}:{A}", "columns": proposed}
    answer = api.http.post("/api/v1/schema-check", json=body)
    assert answer.status_code == status, answer.text
    return answer.json()


def test_what_is_made_of_a_column_that_goes_is_listed(api: Api) -> None:
    found = check(api, y="int", z="date")
    assert found["safe"] is False
    assert [(c["change"], c["column"]) for c in found["changes"]] == [("removed", "x")]
    used = [(u["uses"], u["kind"], u["name"], u["columns"]) for u in found["uses"]]
    assert sorted(used) == [
        ("x", "dataset", B, ["v"]),
        ("x", "dataset", C, ["q"]),
        ("x", "job", "below", []),
        ("x", "job", "known", []),
    ]
    assert (found["unknown"], found["truncated"], found["complete"]) == ([], 0, True)


def test_what_nothing_uses_may_go_and_what_widens_breaks_none(api: Api) -> None:
    found = check(api, x="text", y="bigint", more="int")
    assert found["safe"] is True
    assert [(c["column"], c["breaking"]) for c in found["changes"]] == [
        ("z", True),
        ("y", False),
        ("more", False),
    ]
    assert (found["uses"], found["unknown"]) == ([], [])


def test_a_reader_of_unknown_columns_makes_a_breaking_change_unsafe(api: Api) -> None:
    api.send(*wrote("unknown", D, reads=(A,)))
    assert check(api, x="text", y="int", z="date", more="int")["safe"] is True
    found = check(api, x="text", y="int")
    assert found["safe"] is False
    assert {u["name"] for u in found["unknown"]} == {"unknown", D}
    assert found["uses"] == []


def test_what_does_not_exist_is_not_safe_but_not_found(api: Api) -> None:
    body = {"dataset": f"dataset:{DB}:none", "columns": [{"name": "x"}]}
    assert api.http.post("/api/v1/schema-check", json=body).status_code == 404
    body["dataset"] = "job:prod:known"
    assert api.http.post("/api/v1/schema-check", json=body).status_code == 404
    assert api.http.post("/api/v1/schema-check", json={"dataset": "x"}).status_code == 422
    check(api, 422)
