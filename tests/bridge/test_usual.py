"""One answer to one question: usual durations, when an edge was last shown, what can break readers."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from fairlead_bridge.insight.types import is_breaking, widens
from tests.bridge.asking import Api, wrote
from tests.support.small import dataset, run_event, uuid

PLACE = "dataset:postgres://h:5432:"


def test_the_usual_duration_is_the_same_wherever_it_is_shown(db: sa.Engine) -> None:
    api = Api(db)
    for number in range(40):  # it has become much faster
        minute, second = divmod(60 - number, 60)
        end = f"{number // 2:02}:{30 * (number % 2) + minute:02}:{second:02}"
        start = f"{number // 2:02}:{30 * (number % 2):02}:00"
        api.send(run_event("START", start, uuid(number), "j"))
        api.send(run_event("COMPLETE", end, uuid(number), "j"))
    (item,) = api.get("jobs")["items"]
    for limit in (4, 20, 60):
        answer = api.get("jobs/prod:j/durations", limit=limit)
        assert (answer["p50"], answer["p95"]) == (item["p50"], item["p95"])
        assert len(answer["runs"]) == min(limit, 40)


@pytest.mark.parametrize("state", ["FAIL", "ABORT"])
def test_a_failed_run_does_not_show_an_edge_anew(db: sa.Engine, state: str) -> None:
    api = Api(db)
    good, bad = uuid(1), uuid(2)
    api.send(*wrote("j", "s.b", reads=("s.a",), at="08:00:00", run_id=good))
    inputs, outputs = [dataset("s.a")], [dataset("s.b")]
    for kind, at in (("START", "09:00:00"), (state, "09:01:00")):
        api.send(run_event(kind, at, bad, "j", inputs=inputs, outputs=outputs))
    for edge in edges(api, "s.b"):
        assert (edge["last_at"], edge["run_id"]) == ("2026-11-01T08:01:00Z", good)
    api.send(*wrote("j", "s.b", reads=("s.a",), at="10:00:00", run_id=uuid(3)))
    for edge in edges(api, "s.b"):
        assert (edge["last_at"], edge["run_id"]) == ("2026-11-01T10:01:00Z", uuid(3))


def test_an_edge_that_only_failures_showed_is_still_there(db: sa.Engine) -> None:
    api = Api(db)
    api.send(*wrote("j", "s.b", reads=("s.a",), at="08:00:00", state="FAIL"))
    api.send(*wrote("j", "s.b", reads=("s.a",), at="09:00:00", state="FAIL"))
    shown = edges(api, "s.b")
    assert len(shown) == 4
    assert {(edge["first_at"], edge["last_at"], edge["run_id"]) for edge in shown} == {
        ("2026-11-01T08:01:00Z", "2026-11-01T08:01:00Z", None)
    }


def edges(api: Api, name: str) -> list[Any]:
    """Those of the plain graph and of the drawn one."""
    node = PLACE + name
    return [*api.get("lineage", node=node)["edges"], *api.get("graph", node=node)["edges"]]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("int", "bigint"),
        ("INTEGER", "int8"),
        ("smallint", "numeric(5,0)"),
        ("int", "decimal(12,2)"),
        ("real", "double precision"),
        ("int", "float8"),
        ("varchar(10)", "varchar(20)"),
        ("character varying(10)", "text"),
        ("char(3)", "varchar(3)"),
        ("varchar(10)", "varchar"),
        ("nvarchar(10)", "nvarchar(max)"),
        ("decimal(10, 2)", "decimal(12, 2)"),
        ("numeric(10,2)", "numeric"),
        ("timestamp(3)", "timestamp(6)"),
        ("STRING", "string"),
        ("struct<a:int>", "struct<a:int>"),
    ],
)
def test_a_type_that_widens_breaks_no_reader_and_the_way_back_may(before: str, after: str) -> None:
    assert widens(before, after)
    assert not is_breaking("type", before, after)
    if before.lower() not in (after.lower(), "integer"):
        assert is_breaking("type", after, before) or widens(after, before)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("bigint", "int"),
        ("varchar(20)", "varchar(10)"),
        ("text", "varchar(10)"),
        ("decimal(10,2)", "decimal(11,4)"),
        ("bigint", "double"),
        ("bigint", "decimal(18,0)"),
        ("int", "text"),
        ("date", "timestamp"),
        ("timestamp", "timestamp with time zone"),
        ("struct<a:int>", "struct<a:bigint>"),
        ("varchar(10)", "char(20)"),
    ],
)
def test_a_type_that_holds_less_or_means_something_else_can_break_readers(
    before: str, after: str
) -> None:
    assert is_breaking("type", before, after)


def test_the_list_of_changes_says_of_each_whether_it_breaks(db: sa.Engine) -> None:
    api = Api(db)
    for number, kinds in enumerate(
        [
            {"id": "int", "day": "text"},
            {"id": "bigint", "day": "text", "new": "text"},
            {"id": "bigint"},
        ]
    ):
        fields = {"fields": [{"name": name, "type": kind} for name, kind in kinds.items()]}
        api.send(*wrote("j", dataset("s.a", schema=fields), at=f"0{number}:00:00"))
    newest, older = api.get("changes")["items"]
    assert {change["column"]: change["breaking"] for change in newest["version"]["changes"]} == {
        "day": True,
        "new": True,
    }
    assert {change["column"]: change["breaking"] for change in older["version"]["changes"]} == {
        "id": False,
        "new": False,
    }
