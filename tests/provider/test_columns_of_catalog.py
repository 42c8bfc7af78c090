"""Columns that neither a statement nor its server says are asked of the bridge: once, and not for long."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from tests.support.bridging import Bridge, running

from fairlead_airflow.lineage import databases
from fairlead_airflow.lineage.addresses import of_server
from fairlead_airflow.lineage.columns_of_catalog import Catalog
from fairlead_airflow.lineage.statements import Executed, lineage_of
from fairlead_sdk.datasets import Identity

NAMESPACE = "postgres://pg.example:5432"
TARGET = Identity(NAMESPACE, "shop.public.report")


def event(name: str, columns: list[str], *, written: bool = True) -> dict[str, Any]:
    fields = [{"name": column, "type": "int"} for column in columns]
    producer = "https://example.com/producer"
    schema = {"_producer": producer, "_schemaURL": f"{producer}/schema.json", "fields": fields}
    dataset = {"namespace": NAMESPACE, "name": name, "facets": {"schema": schema}}
    return {
        "eventType": "COMPLETE",
        "eventTime": "2026-11-02T06:00:00Z",
        "run": {"runId": str(uuid4())},
        "job": {"namespace": "elsewhere", "name": f"makes {name}"},
        "producer": producer,
        "schemaURL": "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent",
        "inputs": [] if written else [dataset],
        "outputs": [dataset] if written else [],
    }


@pytest.fixture(scope="module")
def bridge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bridge]:
    with running(tmp_path_factory.mktemp("bridge")) as bridge:
        bridge.take(
            [
                event("shop.public.orders", ["id", "amount"]),
                event("shop.public.report", ["k", "n"]),
                event("shop.public.seen", ["id"], written=False),
            ]
        )
        yield bridge


def columns_of(sql: str, catalog: Catalog | None = None) -> Any:
    address = of_server("postgres", "pg.example", 5432, "shop")
    assert address is not None
    lineage = lineage_of(
        [Executed(sql)], databases.ServerDatabase(address, catalog=catalog or Catalog())
    )
    facet = lineage.outputs[TARGET].get("columnLineage")
    fields = facet.fields if facet else {}
    found = {name: [i.field for i in each.inputFields] for name, each in fields.items()}
    return found, lineage


def test_a_star_is_resolved_with_the_columns_that_the_bridge_knows(
    bridge: Bridge, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW__FAIRLEAD__URL", bridge.url)
    found, lineage = columns_of("INSERT INTO report SELECT * FROM orders")
    assert found == {"k": ["id"], "n": ["amount"]}
    assert lineage.unknown == []
    assert lineage.outputs[TARGET].keys() == {"columnLineage"}, "the catalog's schema is no news"


def test_what_only_readers_saw_may_be_a_part_and_is_not_used(
    bridge: Bridge, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW__FAIRLEAD__URL", bridge.url)
    found, lineage = columns_of("INSERT INTO report SELECT * FROM seen")
    assert (found, len(lineage.unknown)) == ({}, 1)


def test_a_table_is_asked_for_once(bridge: Bridge, monkeypatch: pytest.MonkeyPatch) -> None:
    catalog = Catalog()
    monkeypatch.setenv("AIRFLOW__FAIRLEAD__URL", bridge.url)
    orders, none = (Identity(NAMESPACE, f"shop.public.{n}") for n in ("orders", "none"))
    first = catalog.columns([orders, none])
    assert list(first) == ["shop.public.orders"]
    monkeypatch.setenv("AIRFLOW__FAIRLEAD__URL", "http://127.0.0.1:9")
    assert catalog.columns([orders, none]) == first


def test_it_can_be_turned_off(bridge: Bridge, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__FAIRLEAD__URL", bridge.url)
    monkeypatch.setenv("AIRFLOW__FAIRLEAD__COLUMNS_FROM_BRIDGE", "False")
    assert columns_of("INSERT INTO report SELECT * FROM orders")[0] == {}


def test_a_bridge_that_does_not_answer_costs_nothing_but_columns(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    catalog = Catalog()
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
        monkeypatch.setenv("AIRFLOW__FAIRLEAD__URL", url)
        found, lineage = columns_of("INSERT INTO report SELECT * FROM orders", catalog)
        assert (found, list(lineage.outputs)) == ({}, [TARGET])
        server.settimeout(0)
        server.accept()[0].close()  # it was asked
        assert catalog.columns([Identity(NAMESPACE, "shop.public.other")]) == {}
        with pytest.raises(BlockingIOError):
            server.accept()  # and is not asked again
