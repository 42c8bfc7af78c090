"""What keeps DAGs from running, as the provider reports it, is the root cause that the bridge names."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import pytest
from tests.bridge.airflow_days import Days, at, moment, table, uuid
from tests.support.bridging import Bridge, running
from tests.support.company import messages
from tests.support.company.model import Airflow, Cron, Dag, Task

from fairlead_airflow import compat
from fairlead_airflow.import_errors import import_error
from fairlead_airflow.scheduling import Scheduling

#: The provider's namespace where none is set.
HERE = Airflow("default", ZoneInfo("UTC"), "postgres://h:5432", "s3://lake")
DAY = 8


def daily(dag_id: str, *hours: int) -> Dag:
    """A DAG whose task writes a table of its name."""
    task = Task("write", "python", 60, [], [table(f"shop.{dag_id}")])
    return Dag(
        HERE, dag_id, 0, "data", (dag_id,), {"write": task}, Cron(HERE.zone, 0, hours or (5,)), ()
    )


PAUSED, POOLED, BROKEN = daily("paused"), daily("pooled"), daily("broken")
OTHER = daily("other", *range(0, 24, 3))


@pytest.fixture(scope="module")
def bridge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bridge]:
    """Eight good days; on the ninth only the other DAG runs, and the provider says why."""
    days = Days()
    for day in range(DAY + 1):
        for hour in range(0, 24 if day < DAY else 10, 3):
            days.run(OTHER, at(day, hour))
        for dag in (PAUSED, POOLED, BROKEN) if day < DAY else ():
            days.run(dag, at(day, 5))
    with running(tmp_path_factory.mktemp("bridge")) as started:
        started.take(days.bodies)
        started.take(list(reported()))
        yield started


def reported() -> Iterator[dict[str, Any]]:
    """The provider's own events of that day."""
    events: list[dict[str, Any]] = []
    waiting: list[dict[str, Any]] = []
    airflow = Scheduling(events.append, lambda: {"paused"}, lambda _before, _most: waiting, dict)
    airflow.look(moment(DAY, 4))
    begin = at(DAY, 5)
    run = messages.DagRun(POOLED, f"scheduled__{begin}", "scheduled", uuid(), begin, begin)
    events.append(messages.dag_began(run, begin))
    due = moment(DAY, 5)
    row = {"dag_id": "pooled", "run_id": run.run_id, "logical_date": due, "run_after": due}
    row |= {"task_id": "write", "map_index": -1, "try_number": 1, "state": "scheduled"}
    row |= {"pool": "loads", "queue": "default", "pool_total": 8, "pool_open": 0}
    waiting.append({**row, "clear_number": 0, "queued_dttm": due})
    airflow.look(due + timedelta(minutes=6))
    file = f"{compat.conf().get('core', 'dags_folder').rstrip('/')}/{BROKEN.file}"
    trace = "Traceback (most recent call last):\nSyntaxError: invalid syntax\n"
    events.append(import_error({"file": file, "trace": trace}, moment(DAY, 3)))
    yield from (json.loads(json.dumps(event, default=str)) for event in events)


@pytest.mark.parametrize(
    ("name", "kind", "text"),
    [
        ("paused", "not_started", "paused has not started: it is paused"),
        ("pooled", "not_started", "write is waiting for pool loads: all 8 slots are taken"),
        ("broken", "import_error", "cannot be imported: SyntaxError: invalid syntax; so broken has not started"),
    ],
)  # fmt: skip
def test_what_the_provider_reports_is_named_as_the_root_cause(
    bridge: Bridge, name: str, kind: str, text: str
) -> None:
    then: datetime = moment(DAY, 10)
    asked = {"node": f"dataset:postgres://h:5432:shop.{name}", "as_of": then.isoformat()}
    found = bridge.get(f"root-cause?{urlencode(asked)}")
    assert found["standing"] == "late"
    assert found["root_cause"]["kind"] == kind
    assert text in found["root_cause"]["text"]
