"""What is delivered side by side, and what is not."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from typing import Any

import pytest

from fairlead_bridge.entries import AnyEntry
from fairlead_bridge.errors import BadSettings, Unavailable
from fairlead_bridge.sinks import settings
from fairlead_bridge.sinks.concurrency import Sent, keyed_concurrently
from tests.support.sinks import entries as shop
from tests.support.sinks.delivering import deliver
from tests.support.sinks.openmetadata import FakeOpenMetadata
from tests.support.sinks.server import serving

ORDERS, DAILY = "pg.sales.public.orders", "snow.ANALYTICS.REPORTING.DAILY_ORDERS"
NAMING = [
    {"namespace": "postgres://*", "service": "pg"},
    {"namespace": "snowflake://*", "service": "snow"},
]


def drive(payloads: list[str], at_most: int = 4, **more: Any) -> tuple[Sent[str], list[str], int]:
    """Each letter is a thing; payloads that share one may not be under way together."""
    lock, under_way, order, most = threading.Lock(), list[str](), list[str](), 0

    def send(payload: str) -> str:
        nonlocal most
        with lock:
            assert not any(set(payload) & set(other) for other in under_way)
            under_way.append(payload)
            order.append(payload)
            most = max(most, len(under_way))
        time.sleep(0.01)
        with lock:
            under_way.remove(payload)
        if "!" in payload:
            raise Unavailable("down")
        return payload.upper()

    until = more.pop("until", time.monotonic() + 60)
    sent = keyed_concurrently(payloads, lambda one: one, send, at_most=at_most, until=until, **more)
    return sent, order, most


def test_what_touches_nothing_in_common_goes_side_by_side_but_not_more_than_asked() -> None:
    payloads = [chr(ord("a") + n) for n in range(20)]
    sent, _, most = drive(payloads, at_most=3)
    assert most == 3
    assert sent.results == {n: payload.upper() for n, payload in enumerate(payloads)}


def test_what_touches_a_thing_in_common_goes_in_order_through_others_too() -> None:
    """`ab` and `cd` have nothing in common, but `bc` must come after one and before the other."""
    _, order, _ = drive(["ab", "x", "bc", "y", "cd", "z", "da"])
    assert [one for one in order if one not in "xyz"] == ["ab", "bc", "cd", "da"]


def test_one_at_a_time_is_in_the_order_given_within_each_lane() -> None:
    sent, order, most = drive(["a", "b", "a", "b"], at_most=1)
    assert (most, len(sent.results)) == (1, 4)
    assert order == ["a", "a", "b", "b"]


def test_nothing_more_is_sent_to_a_catalog_that_is_down() -> None:
    sent, order, _ = drive([*"abc", "!", *"defghijklmnop"], at_most=2)
    assert isinstance(sent.down, Unavailable)
    assert len(order) < 10
    assert set(sent.results) == {place for place in sent.results if place != 3}


def test_a_lane_may_end_while_the_others_go_on() -> None:
    sent, order, _ = drive(["a1", "b", "a2", "b"], stops_group=lambda result: result == "A1")
    assert sorted(order) == ["a1", "b", "b"]
    assert 2 not in sent.results


def test_nothing_is_sent_when_time_is_over() -> None:
    sent, order, _ = drive(["a", "b"], until=0.0)
    assert (sent.results, order, sent.down) == ({}, [], None)


def moving(task: int, *columns: int) -> AnyEntry:
    """One of many tasks that move data between the same two tables, each some of the columns."""
    dag = shop.of_dag(shop.DAG, f"dag_{task % 4}")
    job = replace(shop.of_dag(shop.LOAD, str(dag.dag_id), f"task_{task}"), parent=dag)
    origins = tuple(
        replace(shop.LOAD_ENTRY.origins[0], source_column=f"c{n}", target_column=f"d{n}")
        for n in columns
    )
    return replace(shop.LOAD_ENTRY, job=job, origins=origins)


def test_openmetadata_receives_entries_side_by_side_and_nothing_is_undone() -> None:
    """An edge is read and written again; so is a table; two at once would lose what one says."""
    shown, busiest = [], 0
    for concurrency in (1, 8):
        fake = FakeOpenMetadata()
        fake.table(ORDERS, *(f"c{n}" for n in range(24)))
        fake.table(DAILY, *(f"d{n}" for n in range(24)))
        fake.delay = 0.005
        days = [shop.dag_run(day) for day in range(10)]
        dags = [replace(shop.DAG_ENTRY, job=shop.of_dag(shop.DAG, f"dag_{n}")) for n in range(4)]
        fresh = replace(shop.DAILY_ENTRY, written_at=shop.START, written_by=shop.LOAD_WROTE)
        tasks = [moving(n, n, (n + 1) % 24) for n in range(24)]
        with serving(fake) as url:
            raw = {"type": "openmetadata", "url": url, "naming": NAMING, "concurrency": concurrency}
            target = settings.targets({"sinks": {"one": raw}}, {})[0]
            assert set(deliver(target, *tasks, *days, fresh, *dags, shop.DAG_ENTRY)) == {None}
        assert fake.clashes == []
        assert fake.at_once <= concurrency
        held = fake.between(ORDERS, DAILY)
        assert held is not None
        assert {line["toColumn"]: len(line["fromColumns"]) for line in held["columnsLineage"]} == {
            f"{DAILY}.d{n}": 1 for n in range(24)
        }
        shown.append((fake.statuses, sorted(fake.entities["/pipelines"]), held["columnsLineage"]))
        busiest = fake.at_once
    assert shown[0] == shown[1]
    assert busiest > 2


def test_atlan_receives_one_request_at_a_time() -> None:
    raw = {
        "type": "atlan",
        "url": "https://x.atlan.com",
        "connection": "default/airflow/1",
        "token_env": "T",
        "concurrency": 2,
    }
    with pytest.raises(BadSettings, match=r"sinks\.one\.concurrency"):
        settings.targets({"sinks": {"one": raw}}, {"T": "x"})
