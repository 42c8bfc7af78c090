"""Durations of jobs and schemas of datasets, as they went."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from fairlead_bridge.queries.history import percentile
from fairlead_bridge.queries.schema_history import Field, diff, flat
from tests.bridge.asking import Api, wrote
from tests.support.small import dataset, run_event, schema, uuid


def test_durations_come_oldest_first_with_the_usual_ones(db: sa.Engine) -> None:
    api = Api(db)
    begin = datetime(2026, 11, 1, tzinfo=UTC)
    for n in range(5):
        at = begin + timedelta(hours=n)
        end = at + timedelta(seconds=(n + 1) * 10)
        state = "FAIL" if n == 4 else "COMPLETE"
        api.send(
            run_event("START", at.isoformat(), uuid(n), "j"),
            run_event(state, end.isoformat(), uuid(n), "j"),
        )
    answer = api.get("jobs/prod:j/durations", limit=4)
    assert [run["duration"] for run in answer["runs"]] == [20.0, 30.0, 40.0, 50.0]
    assert answer["p50"] == 25.0  # however many are asked for; the failed one does not count
    assert answer["p95"] == pytest.approx(38.5)
    (item,) = api.get("jobs")["items"]
    assert item["recent"] == ["success"] * 4 + ["failed"]
    assert (item["p50"], item["p95"]) == (answer["p50"], answer["p95"])
    assert item["last_run"]["run_id"] == uuid(4)


def test_a_job_that_never_ran_has_no_figures(db: sa.Engine) -> None:
    api = Api(db)
    api.send(
        *wrote(
            "child",
            run={
                "parent": {
                    "run": {"runId": uuid(5)},
                    "job": {"namespace": "prod", "name": "only_named"},
                }
            },
        )
    )
    (item,) = api.get("jobs", name="only_named")["items"]
    assert (item["last_run"], item["recent"], item["p50"]) == (None, [], None)


def test_a_percentile_lies_between_its_neighbours() -> None:
    assert percentile([], 0.5) is None
    assert percentile([7.0], 0.95) == 7.0
    assert percentile([1.0, 2.0], 0.5) == 1.5


# --- schemas --------------------------------------------------------------------------------------


def test_each_schema_is_a_version_with_what_it_changed(db: sa.Engine) -> None:
    api = Api(db)
    typed = {"fields": [{"name": "a", "type": "int"}, {"name": "c", "type": "text"}]}
    api.send(
        *wrote("j", dataset("s.t", schema=schema("a", "b")), at="01:00:00", run_id=uuid(1)),
        *wrote("j", dataset("s.t", schema=typed), at="02:00:00", run_id=uuid(2)),
    )
    (item,) = api.get("datasets")["items"]
    detail = api.get(f"datasets/{item['id']}")
    new, old = detail["versions"]
    assert (new["version"], old["version"]) == (2, 1)
    assert old["changes"] == []
    assert {
        (each["change"], each["column"], each["before"], each["after"]) for each in new["changes"]
    } == {
        ("type", "a", "text", "int"),
        ("added", "c", None, "text"),
        ("removed", "b", "text", None),
    }
    assert new["run"]["run_id"] == uuid(2)
    assert [column["name"] for column in detail["schema_fields"]] == ["a", "c"]
    assert item["columns"] == 2

    (change,) = api.get("changes")["items"]
    assert change["dataset"]["name"] == "s.t"
    assert change["version"] == new


def test_a_schema_that_comes_again_is_no_change(db: sa.Engine) -> None:
    api = Api(db)
    for hour in range(1, 5):
        api.send(*wrote("j", dataset("s.t", schema=schema("a")), at=f"0{hour}:00:00"))
    assert api.get("changes")["items"] == []
    (version,) = api.get("datasets/postgres://h:5432:s.t")["versions"]
    assert version["first_at"] < version["last_at"]


def test_a_reader_that_sees_a_part_changes_nothing(db: sa.Engine) -> None:
    api = Api(db)
    part = dataset("s.t", schema=schema("a"))
    api.send(
        *wrote("w", dataset("s.t", schema=schema("a", "b")), at="01:00:00"),
        *wrote("r", reads=(part,), at="02:00:00"),
    )
    assert api.get("changes")["items"] == []
    assert api.get("datasets", name="s.t")["items"][0]["columns"] == 2


def test_what_a_reader_saw_counts_where_no_writer_reported_it(db: sa.Engine) -> None:
    api = Api(db)
    api.send(*wrote("r", reads=(dataset("s.t", schema=schema("a")),)))
    assert api.get("datasets", name="s.t")["items"][0]["columns"] == 1


def test_changes_come_newest_first_page_by_page(db: sa.Engine) -> None:
    api = Api(db)
    for n in range(1, 7):
        for table in ("s.a", "s.b"):
            columns = [f"c{i}" for i in range(n)]
            api.send(
                *wrote(f"j_{table}", dataset(table, schema=schema(*columns)), at=f"0{n}:00:00")
            )
    changes = api.pages("changes", limit=3)
    assert len(changes) == 10
    times = [change["version"]["first_at"] for change in changes]
    assert times == sorted(times, reverse=True)


def test_nested_columns_have_paths() -> None:
    inner = Field("street", "text")
    assert [item.name for item in flat([Field("a", "struct", None, [inner]), Field("b")])] == [
        "a",
        "a.street",
        "b",
    ]


def test_a_tag_of_a_column_is_the_columns(db: sa.Engine) -> None:
    api = Api(db)
    tags = {"tags": [{"key": "pii", "value": "yes", "field": "email"}, {"key": "gold"}]}
    api.send(*wrote("j", dataset("s.t", schema=schema("id", "email"), tags=tags)))
    detail = api.get("datasets/postgres://h:5432:s.t")
    assert [tag["key"] for tag in detail["tags"]] == ["gold"]
    by_column = {column["name"]: column["tags"] for column in detail["schema_fields"]}
    assert [tag["key"] for tag in by_column["email"]] == ["pii"]
    assert by_column["id"] == []


def test_a_job_says_what_changed_in_the_columns_that_it_reads(db: sa.Engine) -> None:
    api = Api(db)
    for hour, kind in (("01", "int"), ("02", "text")):
        fields = {"fields": [{"name": "amount", "type": kind}]}
        api.send(*wrote("load", dataset("s.raw", schema=fields), at=f"{hour}:00:00"))
    api.send(*wrote("sum", "s.total", reads=("s.raw", "s.other"), at="03:00:00"))
    (change,) = api.get("jobs/prod:sum")["input_changes"]
    assert change["dataset"]["name"] == "s.raw"
    assert (change["version"]["version"], change["version"]["changes"][0]["after"]) == (2, "text")
    before = api.get("jobs/prod:sum", as_of="2026-11-01T01:30:00Z")
    assert before["input_changes"] == []


def test_nothing_changed_is_an_empty_difference() -> None:
    fields = [Field("a", "int"), Field("b")]
    assert diff(fields, fields) == ()
