"""A mill: what it grinds, and what the market sells of it. Everything a task can come to is here."""

# ruff: noqa: TID253 - a DAG needs its operators

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.exceptions import AirflowFailException, AirflowSkipException
from airflow.providers.common.compat.sdk import DAG, Asset, ObjectStoragePath, TriggerRule, task
from airflow.providers.common.sql.operators.sql import SQLExecuteQueryOperator
from airflow.providers.sqlite.hooks.sqlite import SqliteHook
from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.empty import EmptyOperator

from fairlead_airflow import DatasetFreshSensor

FOLDER = os.environ["MILL_FOLDER"]
SACKS = Asset(f"sqlite://{FOLDER}/mill.db/sacks")
RECEIPTS = Asset(f"file://{FOLDER}/receipts.csv")
WEATHER = Asset("x-weather://station/rain")


@task(retries=1, retry_delay=timedelta(0))
def weigh(ti: Any = None) -> None:
    """The scales stick the first time."""
    if ti.try_number == 1:
        raise RuntimeError("the scales stick")
    SqliteHook("mill").insert_rows("harvest", [(1, 40.0), (2, 60.0)], ["id", "kilos"])


@task
def grind(sack: int) -> int:
    if sack == 2:
        raise AirflowSkipException("empty")
    return sack


@task.branch
def choose() -> str:
    return "bake"


@task
def bake() -> None:
    with ObjectStoragePath(f"file://{FOLDER}/bread.txt").open("w") as file:
        file.write("bread")


@task
def store() -> None:
    """Never comes to it."""


@task
def sweep() -> None:
    raise AirflowFailException("no broom")


with DAG("mill", start_date=datetime(2026, 1, 1, tzinfo=UTC), schedule=None, tags=["flour"]):
    fill = SQLExecuteQueryOperator(
        task_id="fill",
        conn_id="mill",
        sql="INSERT INTO sacks SELECT id, kilos / 2 FROM harvest",
        outlets=[SACKS],
    )
    lock = BashOperator(task_id="lock", bash_command="echo {{ conn.mill_key.password }}; exit 0")
    wait = DatasetFreshSensor(task_id="wait", dataset=SACKS, deferrable=True, poke_interval=1)
    done = EmptyOperator(task_id="done", trigger_rule=TriggerRule.ALL_DONE)

    weigh() >> fill >> wait >> done
    lock >> grind.expand(sack=[1, 2, 3]) >> done
    choose() >> [bake(), store()] >> done
    sweep() >> EmptyOperator(task_id="dust")


@task(outlets=[RECEIPTS])
def sell(outlet_events: Any = None) -> None:
    rows = SqliteHook("mill").get_records("SELECT id, kilos FROM sacks")
    with ObjectStoragePath(RECEIPTS.uri).open("w") as file:
        file.write(str(rows))
    outlet_events[RECEIPTS].extra = {"row_count": len(rows)}


with DAG("market", start_date=datetime(2026, 1, 1, tzinfo=UTC), schedule=[SACKS]):
    sell()

# No task makes the weather: it is reported to Airflow from outside.
with DAG("calendar", start_date=datetime(2026, 1, 1, tzinfo=UTC), schedule=[WEATHER]):
    EmptyOperator(task_id="note")
