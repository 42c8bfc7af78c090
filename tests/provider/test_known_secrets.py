"""A task's secrets are masked in its first event, before the task has asked for them."""

# ruff: noqa: TID253 - tested with the real operators

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.providers.common.sql.operators.sql import SQLExecuteQueryOperator
from airflow.providers.standard.operators.bash import BashOperator
from tests.provider.spools import spooled

from fairlead_airflow import compat
from fairlead_airflow.facets import run_facets
from fairlead_airflow.known_secrets import connection_ids, learn
from fairlead_airflow.transport import FairleadTransport

pytestmark = pytest.mark.airflow


def instance(task: Any, conf: dict[str, Any] | None = None) -> Any:
    return SimpleNamespace(
        task=task,
        dag_run=SimpleNamespace(conf=conf, run_type=None),
        dag_id="d",
        run_id="r",
        task_id=getattr(task, "task_id", "t"),
    )


def test_the_start_event_does_not_hold_the_password_of_a_connection(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW__FAIRLEAD__SPOOL", str(tmp_path))
    monkeypatch.setenv("AIRFLOW__FAIRLEAD__DELIVER", "outside")
    monkeypatch.setenv(
        "AIRFLOW_CONN_SHOP_DB",
        json.dumps(
            {
                "conn_type": "postgres",
                "password": "conn-pw-4711",
                "extra": {"api_key": "extra-key-4712", "sslmode": "require-4713"},
            }
        ),
    )
    task = SQLExecuteQueryOperator(
        task_id="t",
        conn_id="shop_db",
        sql="select dblink('conn-pw-4711', 'extra-key-4712', 'require-4713')",
    )
    facets = {
        name: {"state": facet.state}  # type: ignore[attr-defined]
        for name, facet in run_facets(instance(task), "running").items()
    }
    FairleadTransport().emit(
        {
            "eventType": "START",
            "run": {"runId": "r", "facets": facets},
            "job": {"namespace": "n", "name": "j", "facets": {"sql": {"query": task.sql}}},
        }
    )
    [kept] = spooled(tmp_path)
    assert kept["run"]["facets"]["fairlead"] == {"state": "running"}
    assert kept["job"]["facets"]["sql"]["query"] == "select dblink('***', '***', 'require-4713')"


def test_what_conf_params_and_env_call_secret_is_masked_where_it_was_rendered() -> None:
    task = BashOperator(
        task_id="t",
        bash_command="load conf-key-4714 param-token-4715 env-pw-4716 plain-4717",
        params={"api_token": "param-token-4715", "day": "plain-4717"},
        env={"DB_PASSWORD": "env-pw-4716"},
    )
    learn(instance(task, {"api_key": "conf-key-4714", "nested": {"password": "deep-4718"}}))
    assert compat.mask_value(task.bash_command) == "load *** *** *** plain-4717"
    assert compat.mask_value("deep-4718") == "***"


def test_the_connections_of_an_operator_are_those_that_its_attributes_name() -> None:
    task = SimpleNamespace(
        conn_id="a", source_conn_id="b", postgres_conn_id="a", other_conn_id="{{ var.x }}",
        aws_conn_id=None, conn_ids=["c"],
    )  # fmt: skip
    assert list(connection_ids(task)) == ["a", "b"]


@pytest.mark.parametrize("task", [None, object(), SimpleNamespace(conn_id="not_there", params=7)])
def test_a_task_starts_whatever_its_connections_are(task: Any) -> None:
    learn(instance(task, conf=7))  # type: ignore[arg-type]
