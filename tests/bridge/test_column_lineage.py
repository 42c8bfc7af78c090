"""Lineage of columns, and lineage as of a moment."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from tests.bridge.asking import Api, wrote
from tests.bridge.columns import DB, columns
from tests.support.small import dataset


@pytest.fixture
def api(db: sa.Engine) -> Api:
    """raw -> load -> orders -> sum -> daily -> send -> report; sum also reads rates."""
    api = Api(db)
    api.send(
        *wrote("load", "s.orders", reads=("s.raw",), at="01:00:00"),
        *wrote("sum", "s.daily", reads=("s.orders", "s.rates"), at="02:00:00"),
        *wrote("send", "s.report", reads=("s.daily",), at="03:00:00"),
    )
    return api


@pytest.fixture
def with_columns(db: sa.Engine) -> Api:
    api = Api(db)
    first = dataset("s.b", columnLineage=columns(total=("s.a", "amount"), who=("s.a", "name")))
    second = dataset("s.c", columnLineage=columns(sum=("s.b", "total")))
    api.send(*wrote("one", first, reads=("s.a",)), *wrote("two", second, reads=("s.b",)))
    return api


def column_depths(answer: Any) -> dict[tuple[str, str], int]:
    return {(node["name"], node["column"]): node["depth"] for node in answer["nodes"]}


def test_a_column_is_followed_to_where_it_comes_from(with_columns: Api) -> None:
    answer = with_columns.get("lineage/columns", dataset=f"{DB}:s.c", column="sum", direction="up")
    assert column_depths(answer) == {
        ("s.c", "sum"): 0, ("s.b", "total"): -1, ("s.a", "amount"): -2,
    }  # fmt: skip
    assert {edge["job"]["name"] for edge in answer["edges"]} == {"one", "two"}
    assert not any(edge["masked"] for edge in answer["edges"])


def test_a_column_is_followed_to_where_it_goes(with_columns: Api) -> None:
    answer = with_columns.get("lineage/columns", dataset=f"dataset:{DB}:s.a", column="amount")
    assert column_depths(answer) == {
        ("s.a", "amount"): 0, ("s.b", "total"): 1, ("s.c", "sum"): 2,
    }  # fmt: skip


def test_columns_come_from_what_they_came_from_then(db: sa.Engine) -> None:
    """What a job reports of a column changes, and changes back."""
    api = Api(db)
    for day, source in enumerate(("net", "gross", "gross", "net"), start=1):
        reported = dataset("s.b", columnLineage=columns(total=("s.a", source)))
        api.send(*wrote("one", reported, reads=("s.a",), at=f"0{day}:00:00"))

    def origin(**asked: str) -> list[str]:
        answer = api.get("lineage/columns", dataset=f"{DB}:s.b", column="total", **asked)
        return [node["column"] for node in answer["nodes"] if node["name"] == "s.a"]

    then = [origin(as_of=f"2026-11-01T0{hour}:30:00Z") for hour in (0, 1, 2, 4)]
    assert then == [[], ["net"], ["gross"], ["net"]]
    assert origin() == ["net"]
    page = api.get(f"datasets/{DB}:s.b", as_of="2026-11-01T02:30:00Z")
    assert [each["origins"][0]["column"] for each in page["schema_fields"]] == ["gross"]


def test_columns_show_their_tags(db: sa.Engine) -> None:
    api = Api(db)
    tags = {"tags": [{"key": "pii", "value": "true", "field": "name"}]}
    reported = dataset("s.b", columnLineage=columns(who=("s.a", "name")))
    api.send(*wrote("sign_up", dataset("s.a", tags=tags)), *wrote("one", reported, reads=("s.a",)))
    answer = api.get("lineage/columns", dataset=f"{DB}:s.b", column="who")
    found = {node["column"]: node for node in answer["nodes"]}
    assert (found["name"]["personal"], found["who"]["personal"]) == (True, False)
    assert [tag["key"] for tag in found["name"]["tags"]] == ["pii"]


def test_a_datasets_page_shows_the_origin_of_each_column(with_columns: Api) -> None:
    detail = with_columns.get(f"datasets/{DB}:s.b")
    origins = {
        column["name"]: [(each["dataset"]["name"], each["column"]) for each in column["origins"]]
        for column in detail["schema_fields"]
    }
    assert origins == {"total": [("s.a", "amount")], "who": [("s.a", "name")]}
