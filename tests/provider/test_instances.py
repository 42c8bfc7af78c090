"""What the scheduler reports of a DAG run's task instances."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from fairlead_airflow.instances import events

END = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)
FACTS = {"dag_id": "shop", "run_id": "manual__1", "state": "failed", "end_date": END}
SCHEMA = Path(__file__).parents[2] / "docs/reference/facets/FairleadInstancesRunFacet.json"


def row(**columns: Any) -> dict[str, Any]:
    return {"task_id": "t", "map_index": -1, "try_number": 1, "state": "success", **columns}


def reported(*rows: dict[str, Any]) -> list[dict[str, Any]]:
    made = list(events(FACTS, rows, "run", "shop-space"))
    return [i for e in made for i in e["run"]["facets"]["fairlead_instances"]["instances"]]


def test_an_event_names_the_dag_run_and_ends_nothing() -> None:
    [event] = events(FACTS, [row()], "run", "shop-space")
    assert (event["eventType"], event["eventTime"]) == ("OTHER", END.isoformat())
    assert event["run"]["runId"] == "run"
    assert event["job"] == {"namespace": "shop-space", "name": "shop", "facets": {}}
    facet = event["run"]["facets"]["fairlead_instances"]
    assert (facet["dagId"], facet["dagRunId"], facet["state"]) == ("shop", "manual__1", "failed")


def test_times_are_sent_in_utc_to_the_microsecond() -> None:
    at = datetime(2026, 11, 21, 9, 0, 0, 123_456, tzinfo=timezone(timedelta(hours=1)))
    assert reported(row(start_date=at))[0]["startedAt"] == "2026-11-21T08:00:00.123456+00:00"


def test_what_airflow_does_not_know_is_left_out() -> None:
    never = row(state="upstream_failed", try_number=0, start_date=None, duration=None)
    assert reported(never) == [{"taskId": "t", "tryNumber": 0, "state": "upstream_failed"}]


def test_every_try_and_every_mapped_instance_is_reported_by_itself() -> None:
    rows = [
        row(try_number=1, state="failed"),
        row(try_number=2),
        row(map_index=0),
        row(map_index=1),
    ]
    assert [(i.get("mapIndex"), i["tryNumber"]) for i in reported(*rows)] == [
        (None, 1),
        (None, 2),
        (0, 1),
        (1, 1),
    ]


def test_a_very_large_dag_run_makes_several_events() -> None:
    made = list(events(FACTS, [row(map_index=n) for n in range(2500)], "run", "shop-space"))
    sizes = [len(e["run"]["facets"]["fairlead_instances"]["instances"]) for e in made]
    assert sizes == [1000, 1000, 500]


def test_what_is_left_out_of_a_huge_dag_run_is_counted() -> None:
    [event] = events(FACTS, [row()], "run", "shop-space", left_out=30_000)
    assert event["run"]["facets"]["fairlead_instances"]["leftOut"] == 30_000


def test_the_schema_names_every_key_that_is_sent() -> None:
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))["$defs"]["FairleadInstancesRunFacet"]
    known = schema["allOf"][1]["properties"]["instances"]["items"]["properties"]
    full = row(
        map_index=0,
        max_tries=1,
        start_date=END,
        end_date=END,
        duration=0.5,
        queued_dttm=END,
        operator="o",
        pool="p",
        queue="q",
        rendered_map_index="r",
    )
    assert set(reported(full)[0]) == set(known) - {"waitsFor"}  # sent while a task waits to start


def test_the_events_name_the_airflow_that_they_come_from() -> None:
    facts = {
        "dag_id": "d",
        "run_id": "r",
        "state": "success",
        "end_date": None,
        "deployment": "airflow.db on host h",
    }
    row = {"task_id": "t", "map_index": -1, "try_number": 1, "state": "success"}
    [event] = events(facts, [row], "01939cd0-0000-7000-8000-000000000001", "default")
    facet = event["run"]["facets"]["fairlead_deployment"]
    assert facet["name"] == "airflow.db on host h"
    [without] = events({**facts, "deployment": None}, [row], event["run"]["runId"], "default")
    assert "fairlead_deployment" not in without["run"]["facets"]
