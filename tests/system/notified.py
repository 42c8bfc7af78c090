"""A DAG fails and is mended, and what a receiver of webhooks gets of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, time
from typing import Any

from demo.clients import FINAL
from demo.stack import Stack

from tests.support.channels.senders import SECRET
from tests.support.channels.vendors import Receiver

DAG, TASK = "shop_catalogue", "load_customers"
CAUSE = f"job:default:{DAG}.{TASK}"


def bridge_settings(receiver: Receiver) -> dict[str, str]:
    """A bridge that sends everything to the receiver."""
    hook = {"name": "hook", "type": "webhook", "url": receiver.url, "secret_env": "HOOK_SECRET"}
    return {
        "HOOK_SECRET": SECRET,
        "FAIRLEAD_NOTIFICATIONS": json.dumps({"channel": [hook]}),
        "FAIRLEAD_PUBLIC_URL": "https://lineage.example.com",
    }


def messages(receiver: Receiver) -> list[dict[str, Any]]:
    """The states of incidents that began in the DAG, in order; their cause may move on to others."""
    events = list(receiver.events.values())
    ours = {event["subject"] for event in events if DAG in event["data"]["cause"]["node"]}
    return [event for event in events if event["subject"] in ours]


def types(receiver: Receiver) -> list[str]:
    return [event["type"].rpartition(".")[2] for event in messages(receiver)]


def fails_and_recovers(stack: Stack, receiver: Receiver, day: date) -> None:
    """An export is missing, then it is there again and the DAG run is cleared."""
    export = stack.folder / "shop" / "exports" / "customers.json"
    aside = export.rename(export.with_suffix(".aside"))
    moment = datetime.combine(day, time(22), UTC)
    run_id = stack.insist("the DAG starts", lambda: stack.airflow.trigger(DAG, moment))
    stack.wait("the DAG run has failed", lambda: state(stack, run_id) == "failed", 300)
    stack.wait("it is announced", lambda: "opened" in types(receiver), 60)
    aside.rename(export)
    body = {"dry_run": False, "dag_run_id": run_id, "only_failed": True, "reset_dag_runs": True}
    clear: Callable[[], Any] = lambda: stack.airflow.ask(  # noqa: E731
        "POST", f"/api/v2/dags/{DAG}/clearTaskInstances", body
    )
    stack.insist("the DAG run is cleared", clear)
    stack.wait("the DAG run has succeeded", lambda: state(stack, run_id) == "success", 300)
    stack.wait("its end is announced", lambda: "resolved" in types(receiver), 180)


def state(stack: Stack, run_id: str) -> str | None:
    """The state of the DAG run, once it has ended."""
    runs = (run for run in stack.airflow.runs(DAG) if run["dag_run_id"] == run_id)
    return next((str(run["state"]) for run in runs if run["state"] in FINAL), None)
