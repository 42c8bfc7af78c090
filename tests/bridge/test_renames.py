"""Tables that are renamed while their former name goes on: each keeps what wrote it."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from fairlead_bridge.db.engine import open_database
from fairlead_bridge.db.migrate import migrate
from tests.bridge import absorbing
from tests.bridge.asking import Api, wrote
from tests.support.small import dataset, run_event, schema, uuid

PLACE = "postgres://h:5432"
_numbers = itertools.count(5_000)

Delivering = Callable[[Api, list[bytes]], None]


def in_order(api: Api, events: list[bytes]) -> None:
    for event in events:
        api.send(event)


def backwards(api: Api, events: list[bytes]) -> None:
    in_order(api, events[::-1])


def at_once(api: Api, events: list[bytes]) -> None:
    api.send(*events)


orders = pytest.mark.parametrize("deliver", [in_order, backwards, at_once])


@pytest.fixture
def api(db: sa.Engine) -> Api:
    return Api(db, datetime(2026, 11, 5, tzinfo=UTC))


def rename(at: str, *pairs: tuple[str, str]) -> list[bytes]:
    """A run that gives tables of schema `d.s` other names: (before, after)."""
    outputs = [
        dataset(
            f"d.s.{after}",
            lifecycleStateChange={
                "lifecycleStateChange": "RENAME",
                "previousIdentifier": {"namespace": PLACE, "name": f"d.s.{before}"},
            },
        )
        for before, after in pairs
    ]
    return [run_event("COMPLETE", at, uuid(next(_numbers)), "swap", outputs=outputs)]


def write(job: str, table: str, at: str, **facets: Any) -> list[bytes]:
    return wrote(job, dataset(f"d.s.{table}", **facets), at=at)


def writers(api: Api, table: str) -> list[str]:
    return sorted(job["name"] for job in api.get(f"datasets/{PLACE}:d.s.{table}")["writers"])


def upstream(api: Api, table: str) -> set[str]:
    node = f"dataset:{PLACE}:d.s.{table}"
    nodes = api.get("lineage", node=node, direction="up")["nodes"]
    return {each["name"] for each in nodes if each["kind"] == "job"}


def night(day: int) -> list[bytes]:
    """A new table is made under another name and takes the place of the old one, which is kept."""
    date = f"2026-11-{day:02}T"
    return [
        *write("load", "t_new", f"{date}01:00:00Z"),
        *rename(f"{date}01:10:00Z", ("t", "t_old")),
        *rename(f"{date}01:11:00Z", ("t_new", "t")),
    ]


@orders
def test_a_table_that_made_way_shows_what_wrote_it(api: Api, deliver: Delivering) -> None:
    deliver(api, [*write("first_load", "t", "2026-11-01T00:10:00Z"), *night(1)])
    assert writers(api, "t") == ["load"]
    assert writers(api, "t_old") == ["first_load"]
    assert upstream(api, "t") == {"load"}
    assert upstream(api, "t_old") == {"first_load"}


@orders
def test_night_after_night_the_table_is_what_took_its_name_last(
    api: Api, deliver: Delivering
) -> None:
    events = [*write("first_load", "t", "2026-11-01T00:10:00Z"), *night(1), *night(2), *night(3)]
    deliver(api, events)
    assert writers(api, "t") == ["load"]
    assert writers(api, "t_old") == ["first_load", "load"]
    table = api.get(f"datasets/{PLACE}:d.s.t")
    assert table["id"] == api.get(f"datasets/{PLACE}:d.s.t_new")["id"]
    assert table["written_at"] == "2026-11-03T01:01:00Z"


@orders
def test_a_name_under_which_a_table_is_made_every_night_is_the_table(
    api: Api, deliver: Delivering
) -> None:
    events = []
    for day in (1, 2, 3):
        events += write("load", "made", f"2026-11-0{day}T01:00:00Z", schema=schema("a"))
        events += rename(f"2026-11-0{day}T01:10:00Z", ("made", "t"))
    deliver(api, events)
    assert writers(api, "t") == ["load"]
    table = api.get(f"datasets/{PLACE}:d.s.t")
    assert [column["name"] for column in table["schema_fields"]] == ["a"]
    assert table["written_at"] == "2026-11-03T01:01:00Z"


@orders
def test_two_tables_that_are_swapped_in_one_statement_swap_what_wrote_them(
    api: Api, deliver: Delivering
) -> None:
    events = [
        *write("blue", "a", "2026-11-01T01:00:00Z"),
        *write("green", "b", "2026-11-01T02:00:00Z"),
        *rename("2026-11-01T03:00:00Z", ("a", "b"), ("b", "a")),
    ]
    deliver(api, events)
    assert (writers(api, "a"), writers(api, "b")) == (["green"], ["blue"])


@orders
def test_a_rename_chain_in_one_statement_gives_each_table_its_own_lineage(
    api: Api, deliver: Delivering
) -> None:
    events = [
        *write("old", "t", "2026-11-01T01:00:00Z"),
        *write("new", "t_new", "2026-11-01T02:00:00Z"),
        *rename("2026-11-01T03:00:00Z", ("t", "t_old"), ("t_new", "t")),
    ]
    deliver(api, events)
    assert (writers(api, "t"), writers(api, "t_old")) == (["new"], ["old"])


@orders
def test_a_rotated_table_shows_what_wrote_it_and_the_name_goes_on(
    api: Api, deliver: Delivering
) -> None:
    events = [
        *write("once", "log", "2026-11-01T01:00:00Z"),
        *write("app", "log", "2026-11-01T02:00:00Z"),
        *rename("2026-11-01T03:00:00Z", ("log", "log_october")),
        *write("app", "log", "2026-11-01T04:00:00Z"),
    ]
    deliver(api, events)
    assert (writers(api, "log"), writers(api, "log_october")) == (["app"], ["app", "once"])


@orders
def test_a_rename_that_is_taken_back_leaves_one_table(api: Api, deliver: Delivering) -> None:
    events = [
        *write("load", "t", "2026-11-01T01:00:00Z"),
        *rename("2026-11-01T02:00:00Z", ("t", "mistake")),
        *rename("2026-11-01T03:00:00Z", ("mistake", "t")),
    ]
    deliver(api, events)
    assert writers(api, "t") == writers(api, "mistake") == ["load"]


def test_the_order_of_renames_and_writes_makes_no_difference(tmp_path: Path) -> None:
    events = [
        *write("first_load", "t", "2026-11-01T00:10:00Z"),
        *night(1),
        *write("first_load", "t", "2026-11-01T12:00:00Z"),
        *night(2),
        *rename("2026-11-02T03:00:00Z", ("t", "u"), ("u", "t")),
        *rename("2026-11-02T05:00:00Z", ("t_old", "t_older")),
    ]
    chance = random.Random(5)
    found = []
    for number in range(25):
        db = open_database(f"sqlite:///{tmp_path}/{number}.db")
        migrate(db)
        api, unsent = Api(db), list(events)
        while unsent:
            some = unsent[: chance.randint(1, 4)]
            unsent = unsent[len(some) :]
            api.send(*some)
        found.append(absorbing.dump(db))
        chance.shuffle(events)
        db.dispose()
    assert all(each == found[0] for each in found)
