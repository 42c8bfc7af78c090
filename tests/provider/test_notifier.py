"""Who is affected by a failure, as a notifier reports it."""

# ruff: noqa: TID253 - tested against the real operators

from __future__ import annotations

from contextlib import nullcontext
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import (
    DAG,
    BaseNotifier,
)
from tests.provider.authoring import at, written
from tests.provider.versions import AIRFLOW
from tests.support.bridging import Bridge

from fairlead_airflow import (
    FairleadNotifier,
)

pytestmark = pytest.mark.airflow


class Notified(BaseNotifier):  # type: ignore[misc]
    template_fields = ("text",)

    def __init__(self) -> None:
        super().__init__()
        self.text = "{{ fairlead }}"

    def notify(self, context: Any) -> None:
        self.sent_text = self.text


def failed_task() -> dict[str, Any]:
    dag = DAG("shop", start_date=at(1), schedule=None)
    return {"ti": SimpleNamespace(dag_id="shop", task_id="load_orders"), "dag": dag}


@pytest.mark.usefixtures("connection")
def test_a_notifier_says_others_who_is_affected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__OPENLINEAGE__NAMESPACE", "prod")
    notified = Notified()
    got: list[Any] = []
    FairleadNotifier(then=[notified, got.append])(failed_task())
    assert got[0]["fairlead"].datasets == ("shop.public.orders", "shop.public.daily_revenue")
    assert got[0]["fairlead"].jobs == ("shop.daily_revenue",)
    assert "owners: sales" in notified.sent_text


@pytest.mark.usefixtures("connection")
def test_the_callback_of_a_dag_is_about_the_whole_dag(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__OPENLINEAGE__NAMESPACE", "prod")
    got: list[Any] = []
    ended_last = SimpleNamespace(dag_id="shop", task_id="daily_revenue")
    dag = DAG("shop", start_date=at(1), schedule=None)
    FairleadNotifier(then=got.append)({"ti": ended_last, "dag": dag, "reason": "task_failure"})
    assert "shop.public.orders" in got[0]["fairlead"].datasets


def affected(dag_id: str, task_id: str) -> Any:
    got: list[Any] = []
    dag = DAG(dag_id, start_date=at(1), schedule=None)
    instance = SimpleNamespace(dag_id=dag_id, task_id=task_id)
    FairleadNotifier(then=got.append)({"ti": instance, "dag": dag})
    return got[0]["fairlead"]


def _run(job: str, run: int, state: str, outputs: list[tuple[str, str]]) -> dict[str, Any]:
    event = written(("s3://lake", "unused"), f"2026-11-04T09:00:{run:02}Z")
    event["eventType"] = state
    event["run"]["runId"] = f"01939cd0-0000-7000-8000-0000000ab{run:03}"
    event["job"] = {"namespace": "default", "name": job}
    event["outputs"] = [{"namespace": space, "name": name} for space, name in outputs]
    return event


@pytest.mark.usefixtures("connection")
def test_who_is_affected_by_a_task_that_has_never_succeeded_is_not_known(bridge: Bridge) -> None:
    found = affected("nightly", "unheard_of")
    assert not found.known
    assert "the catalog has not seen nightly.unheard_of" in str(found)
    bridge.take([_run("nightly.first", 1, "START", []), _run("nightly.first", 1, "FAIL", [])])
    found = affected("nightly", "first")
    assert not found.known
    assert "no run of nightly.first has succeeded yet" in str(found)
    assert "Nothing" not in str(found)


@pytest.mark.usefixtures("connection")
def test_what_earlier_runs_wrote_is_affected_when_a_later_one_fails(bridge: Bridge) -> None:
    bridge.take(
        [
            _run("nightly.load", 2, "COMPLETE", [("s3://lake", "loaded")]),
            _run("nightly.load", 3, "FAIL", []),
        ]
    )
    assert str(affected("nightly", "load")).startswith(
        "1 dataset and 0 jobs downstream are affected"
    )


@pytest.mark.usefixtures("connection")
def test_a_task_that_succeeds_and_writes_nothing_has_nothing_downstream(bridge: Bridge) -> None:
    bridge.take([_run("nightly.mail", 4, "COMPLETE", [])])
    found = affected("nightly", "mail")
    assert found.known
    assert str(found) == "The catalog knows of nothing downstream."


@pytest.mark.usefixtures("no_bridge")
def test_without_a_bridge_everybody_is_notified_all_the_same() -> None:
    notified = Notified()
    FairleadNotifier(then=notified)(failed_task())
    assert "not known" in notified.sent_text


@pytest.mark.usefixtures("no_bridge")
def test_one_notifier_that_fails_stops_no_other_from_being_called() -> None:
    got: list[Any] = []

    def broken(_: Any) -> None:
        raise RuntimeError("no network")

    # Airflow before 3.1 catches what a notifier raises, and logs it.
    with nullcontext() if AIRFLOW < (3, 1) else pytest.raises(RuntimeError, match="no network"):
        FairleadNotifier(then=[broken, got.append])(failed_task())
    assert len(got) == 1
