"""Small DAGs to make trouble for: tasks that do a little, and tasks that wait until they may go on."""

from __future__ import annotations

import json
import os
import time
from datetime import timedelta
from pathlib import Path

from airflow.sdk import DAG, Asset, get_current_context, task

FOLDER = Path(os.environ["TROUBLE_FOLDER"])


@task
def work(number: int) -> None:
    time.sleep(0.3)


@task(inlets=[Asset("x-trouble://yard/raw")], outlets=[Asset("x-trouble://yard/made")])
def finish() -> None:
    pass


@task(retries=2, retry_delay=timedelta(0))
def hold(name: str) -> None:
    """Say who runs this, and in the first try wait for the word to go on."""
    attempt = get_current_context()["ti"].try_number
    held = FOLDER / f"{name}-{attempt}"
    held.with_suffix(".new").write_text(json.dumps({"task": os.getpid(), "worker": os.getppid()}))
    held.with_suffix(".new").rename(held)
    while attempt == 1 and not (FOLDER / f"{name}-goes-on").exists():
        time.sleep(0.1)


with DAG("steady", schedule=None):
    work.expand(number=[1, 2, 3]) >> finish()

for dag_id in ("crowd", "untold"):  # the second one without lineage
    with DAG(dag_id, schedule=None):
        work.expand(number=list(range(20)))

with DAG("pods", schedule=None, default_args={"executor": "pods"}):
    work.expand(number=[1, 2])

with DAG("killed", schedule=None):
    holds = [hold.override(task_id=name)(name) for name in ("task", "worker")]
    holds >> finish()

with DAG("interrupted", schedule=None):
    hold.override(task_id="scheduler")("scheduler") >> finish()
