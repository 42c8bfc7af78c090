"""The run facet, from what a task instance offers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from types import SimpleNamespace
from typing import Any

import pytest

from fairlead_airflow.facets import FairleadRunFacet, task_facet

NOW = datetime(2026, 11, 21, 8, 0, 5, tzinfo=UTC)
START = datetime(2026, 11, 21, 9, 0, 0, 250_000, tzinfo=timezone(timedelta(hours=1)))


def facet(class_name: str, /, **attributes: Any) -> FairleadRunFacet:
    instance = {
        "dag_id": "shop.sales",
        "run_id": "manual__1",
        "task_id": "load.orders",
        "map_index": -1,
        "try_number": 1,
        "max_tries": 2,
        "start_date": START,
        "queue": "default",
        **attributes,
    }
    return task_facet(SimpleNamespace(**instance), class_name, NOW)


def test_a_running_task_has_a_start_in_utc_and_no_end() -> None:
    result = facet("running", end_date=None)
    assert result.startedAt == "2026-11-21T08:00:00.250000+00:00"
    assert (result.endedAt, result.duration) == (None, None)


def test_the_duration_is_in_seconds() -> None:
    result = facet("success", end_date=START + timedelta(seconds=1.5))
    assert (result.endedAt, result.duration) == ("2026-11-21T08:00:01.750000+00:00", 1.5)


def test_a_skipped_task_is_not_a_success() -> None:
    result = facet("skipped", end_date=None, state=SimpleNamespace(value="skipped"))
    assert (result.state, result.endedAt) == ("skipped", NOW.isoformat())


def test_a_failure_that_will_be_tried_again_says_so() -> None:
    assert facet("failed", state=SimpleNamespace(value="up_for_retry")).state == "up_for_retry"
    assert facet("failed", state=SimpleNamespace(value="failed")).state == "failed"


@pytest.mark.parametrize(("index", "expected"), [(-1, None), (None, None), (0, 0), (7, 7)])
def test_only_a_mapped_task_has_an_index(index: int | None, expected: int | None) -> None:
    assert facet("running", map_index=index).mapIndex == expected


def test_who_triggered_the_run_is_reported() -> None:
    run = SimpleNamespace(run_type=SimpleNamespace(value="manual"), triggering_user_name="ann")
    context = SimpleNamespace(dag_run=run)
    result = facet("running", _ti_context_from_server=context)
    assert result.trigger == {"type": "manual", "user": "ann"}


def test_what_the_process_does_not_know_is_left_out() -> None:
    result = facet("running", max_tries=None, queue=None)
    assert (result.maxTries, result.queue, result.pool, result.trigger, result.url) == (None,) * 5
