"""The run facet `fairlead`: what Airflow knows about a task instance and OpenLineage does not say.

OpenLineage has COMPLETE for a task that was skipped and FAIL for one that will be tried again. This
facet has the state that Airflow's own page shows.
"""

# ruff: noqa: N815 - the attributes are the facet's keys, and OpenLineage writes those in camel case

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import attrs
from openlineage.client.facet_v2 import RunFacet

from fairlead_airflow import compat, known_secrets
from fairlead_airflow.compat.objects import TaskInstance
from fairlead_sdk.documents import Json


@attrs.define
class FairleadRunFacet(RunFacet):
    """`docs/reference/facets/FairleadRunFacet.json` is its schema. Times are ISO 8601 in UTC."""

    dagId: str
    dagRunId: str
    taskId: str
    state: str
    mapIndex: int | None = None
    tryNumber: int | None = None
    maxTries: int | None = None
    startedAt: str | None = None
    endedAt: str | None = None
    queuedAt: str | None = None
    duration: float | None = None
    """Seconds from `startedAt` to `endedAt`; only when the task has ended."""
    operator: str | None = None
    pool: str | None = None
    queue: str | None = None
    taskGroup: str | None = None
    trigger: dict[str, object] | None = None
    url: str | None = None

    @staticmethod
    def _get_schema() -> str:
        return "urn:fairlead:facets:1-0-0:FairleadRunFacet"


def run_facets(task_instance: TaskInstance, ti_state: Any) -> dict[str, RunFacet]:
    """What `[openlineage] custom_run_facets` calls for each event of a task.

    Before the first one is written, in the process that writes it, the masker learns the task's
    secrets.
    """
    if _text(ti_state) == "running":
        known_secrets.learn(task_instance)
    return {"fairlead": task_facet(task_instance, ti_state, datetime.now(UTC))}


def task_facet(task_instance: TaskInstance, ti_state: Any, now: datetime) -> FairleadRunFacet:
    """The facet, as far as this process knows the facts."""
    ti = task_instance
    state = _shown_state(ti, ti_state)
    started = getattr(ti, "start_date", None)
    # Airflow sets no end in the process for a skipped task; it ended a moment ago.
    ended = None if state == "running" else getattr(ti, "end_date", None) or now
    map_index = getattr(ti, "map_index", None)
    run = compat.dag_run(ti)
    task = getattr(ti, "task", None)
    return FairleadRunFacet(
        dagId=ti.dag_id,
        dagRunId=ti.run_id,
        taskId=ti.task_id,
        state=state,
        mapIndex=map_index if map_index is not None and map_index >= 0 else None,
        tryNumber=getattr(ti, "try_number", None),
        maxTries=getattr(ti, "max_tries", None),
        startedAt=_iso(started),
        endedAt=_iso(ended),
        queuedAt=_iso(getattr(ti, "queued_dttm", None)),
        duration=(ended - started).total_seconds() if started and ended else None,
        operator=getattr(task, "task_type", None),
        pool=getattr(task, "pool", None),
        queue=getattr(ti, "queue", None),
        taskGroup=_task_group(task),
        trigger=_trigger(run),
        url=getattr(ti, "log_url", None),
    )


def _shown_state(ti: object, reported: object) -> str:
    """Return Airflow's state; OpenLineage gets FAILED also for a task that will be retried."""
    known = _text(getattr(ti, "state", None))
    reported_text = _text(reported) or "running"
    if reported_text == "failed" and known == "up_for_retry":
        return known
    return reported_text


def _text(state: Any) -> str | None:
    return str(getattr(state, "value", state)) if state is not None else None


def _iso(at: datetime | None) -> str | None:
    return at.astimezone(UTC).isoformat() if at else None


def _task_group(task: object) -> str | None:
    group = getattr(task, "task_group", None)
    group_id = getattr(group, "group_id", None)
    return str(group_id) if group_id else None


def _trigger(run: Any) -> Json | None:
    if run is None:
        return None
    trigger = {"type": _text(getattr(run, "run_type", None))}
    if user := getattr(run, "triggering_user_name", None):
        trigger["user"] = str(user)
    return trigger
