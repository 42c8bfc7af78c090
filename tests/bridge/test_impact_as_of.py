"""Impact as of a past moment: nothing that came later counts."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from tests.bridge.asking import Api, wrote
from tests.bridge.impacts import A, B, C, D, impact, levels, made, view
from tests.support.small import dataset, run_event, uuid

THEN = "2026-11-01T12:00:00Z"
MIDNIGHT = datetime(2026, 11, 2, tzinfo=UTC)


def asked(api: Api, **more: Any) -> list[Any]:
    """Impact of the table, of a column and of the job that writes it, at noon."""
    return [
        impact(api, as_of=THEN, **more),
        impact(api, "x", as_of=THEN, **more),
        api.get("impact", node="job:prod:make", as_of=THEN, **more),
    ]


def test_the_impact_of_a_past_moment_is_equal_before_and_after_later_events(
    db: sa.Engine,
) -> None:
    api = Api(db, now=MIDNIGHT)
    api.send(
        *wrote("make", A, at="09:00:00"),
        *wrote("reads", made(B, y=[(A, "x")]), reads=(A,), at="10:00:00"),
        *wrote("ends", made(C, z=[(B, "y")]), reads=(B,), at="11:00:00"),
    )
    before = asked(api)
    assert levels(before[1])[C] == (2, True)
    api.send(
        *wrote("reads", made(B, y=[(A, "other")]), reads=(A,), at="13:00:00"),
        *wrote("ends", made(C, z=[(B, "q")]), reads=(B,), at="13:00:00", state="FAIL"),
        *wrote("new reader", made(D, w=[(A, "x")]), reads=(A,), at="14:00:00"),
        *wrote("of unknown columns", dataset("s.e"), reads=(B,), at="14:00:00"),
        run_event("START", "15:00:00", uuid(77), "reads", inputs=[dataset(A)]),
    )
    assert asked(api) == before
    assert {D, "new reader"} <= levels(impact(api, "x")).keys()
    assert C not in levels(impact(api, "x"))


def test_column_lineage_that_no_job_sent_is_that_of_the_moment_too(db: sa.Engine) -> None:
    api = Api(db, now=MIDNIGHT)
    api.send(*wrote("make", A, at="09:00:00"), view(B, A, "10:00:00"))
    before = asked(api)
    assert levels(before[1]) == {B: (1, True)}
    api.send(view(C, B, "13:00:00"))
    assert asked(api) == before
    assert levels(impact(api, "x")).keys() == {B, C}


def test_the_tasks_that_a_dag_got_later_are_not_affected_by_it(db: sa.Engine) -> None:
    api = Api(db, now=MIDNIGHT)

    def task(name: str, at: str, id: int) -> bytes:
        parent = {"run": {"runId": uuid(500)}, "job": {"namespace": "prod", "name": "dag"}}
        return run_event("COMPLETE", at, uuid(id), name, run={"parent": parent})

    def tasks() -> set[str]:
        items = api.get("impact", node="job:prod:dag", as_of=THEN)["items"]
        return {item["name"] for item in items}

    api.send(run_event("START", "09:00:00", uuid(500), "dag"), task("dag.first", "10:00:00", 501))
    before = tasks()
    api.send(task("dag.second", "13:00:00", 502))
    assert tasks() == before
