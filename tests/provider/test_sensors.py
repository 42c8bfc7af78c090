"""Sensors and triggers that wait for datasets, against a real bridge."""

# ruff: noqa: TID253 - tested against the real operators

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import (
    AirflowFailException,
    TaskDeferred,
)
from tests.provider.authoring import ORDERS, REVENUE, at, context, lineage, names, written
from tests.support.bridging import Bridge

from fairlead_airflow import (
    DatasetFreshSensor,
)
from fairlead_airflow.triggers import DatasetFreshTrigger

pytestmark = pytest.mark.airflow


@pytest.mark.usefixtures("connection")
@pytest.mark.parametrize(
    ("since", "fresh"), [("2026-11-03T06:00:00+00:00", True), ("2026-11-03T07:00:00", False)]
)
def test_a_dataset_is_fresh_once_it_was_written_since_then(since: str, fresh: bool) -> None:
    sensor = DatasetFreshSensor(task_id="t", dataset=ORDERS, since=since)
    assert sensor.poke(context()) is fresh


@pytest.mark.usefixtures("connection")
def test_without_a_moment_it_waits_for_what_came_after_the_data_interval() -> None:
    sensor = DatasetFreshSensor(task_id="t", dataset=ORDERS)
    assert sensor.poke(context(at(3)))
    assert not sensor.poke(context(at(4)))
    assert sensor.poke(context(None)), "a run without an interval: since it was due"


@pytest.mark.usefixtures("connection")
def test_a_failed_write_makes_nothing_fresh() -> None:
    sensor = DatasetFreshSensor(task_id="t", dataset=REVENUE, since=at(3))
    assert not sensor.poke(context())


@pytest.mark.usefixtures("connection")
def test_data_may_be_asked_to_be_only_so_old() -> None:
    old = DatasetFreshSensor(task_id="t", dataset=ORDERS, within=timedelta(seconds=1))
    young = DatasetFreshSensor(task_id="u", dataset=ORDERS, within=timedelta(days=36_500))
    assert not old.poke(context(at(3)))
    assert young.poke(context(at(3)))


@pytest.mark.usefixtures("connection")
def test_an_unknown_dataset_is_waited_for() -> None:
    assert not DatasetFreshSensor(task_id="t", dataset="s3://no/where").poke(context(at(1)))


@pytest.mark.usefixtures("no_bridge")
def test_a_sensor_waits_on_while_the_bridge_is_away() -> None:
    assert not DatasetFreshSensor(task_id="t", dataset=ORDERS).poke(context(at(1)))


@pytest.mark.usefixtures("connection")
def test_what_is_fresh_already_is_not_waited_for_in_the_triggerer() -> None:
    sensor = DatasetFreshSensor(task_id="t", dataset=ORDERS, deferrable=True)
    assert sensor.execute(context(at(3))) == "2026-11-03T06:01:13+00:00"


async def fired(trigger: DatasetFreshTrigger) -> Any:
    async for event in trigger.run():
        return event.payload
    return None


@pytest.mark.usefixtures("connection")
def test_a_trigger_fires_when_another_airflow_has_written_the_dataset(bridge: Bridge) -> None:
    dataset = ("s3://lake", "exchange/rates.csv")
    sensor = DatasetFreshSensor(
        task_id="t", dataset=dataset, deferrable=True, poke_interval=0.1, timeout=5
    )
    with pytest.raises(TaskDeferred) as deferred:
        sensor.execute(context(at(3)))
    assert deferred.value.timeout == timedelta(seconds=5)
    _, arguments = deferred.value.trigger.serialize()

    async def wait() -> Any:
        waiting = asyncio.create_task(fired(DatasetFreshTrigger(**arguments)))
        await asyncio.sleep(0.3)
        assert not waiting.done()
        await asyncio.to_thread(bridge.take, [written(dataset, "2026-11-04T08:00:00Z")])
        return await asyncio.wait_for(waiting, 10)

    payload = asyncio.run(wait())
    assert sensor.execute_complete(context(), payload) == "2026-11-04T08:00:00+00:00"


def test_a_bridge_that_refuses_ends_the_waiting() -> None:
    sensor = DatasetFreshSensor(task_id="t", dataset=ORDERS)
    with pytest.raises(AirflowFailException, match="HTTP 401"):
        sensor.execute_complete(context(), {"error": "the bridge answers HTTP 401"})


def test_what_a_sensor_waits_for_is_its_input() -> None:
    assert names(lineage(DatasetFreshSensor(task_id="t", dataset=ORDERS)).inputs) == [ORDERS]
