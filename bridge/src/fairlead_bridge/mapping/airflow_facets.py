"""The run facets that Airflow and our provider send, as they are read."""

from __future__ import annotations

import ast
from functools import lru_cache
from typing import Annotated, Any

import msgspec

from fairlead_bridge.errors import Malformed
from fairlead_bridge.mapping import times

#: What columns of the catalog hold; a facet with other numbers is not Airflow's.
Number = Annotated[int, msgspec.Meta(ge=-1, lt=2**31)]
Seconds = Annotated[float, msgspec.Meta(gt=-1e9, lt=1e9)]


class DagFacts(msgspec.Struct):
    dag_id: str | None = None
    description: Any = None
    fileloc: Any = None
    owner: Any = None
    schedule_interval: Any = None  # Airflow 2
    start_date: Any = None
    tags: Any = None
    timetable: Any = None
    timetable_summary: Any = None


class DagRunFacts(msgspec.Struct):
    run_id: str | None = None
    clear_number: Number | None = None
    conf: Any = None
    data_interval_end: Any = None
    data_interval_start: Any = None
    deadlines: Any = None
    duration: Seconds | None = None
    end_date: Any = None
    logical_date: Any = None
    partition_date: Any = None
    partition_key: Any = None
    run_after: Any = None
    run_type: Any = None
    start_date: Any = None
    triggered_by: Any = None
    triggering_user_name: Any = None


class TaskFacts(msgspec.Struct):
    task_id: str | None = None
    downstream_task_ids: Any = None
    inlets: Any = None
    mapped: Any = None
    operator_class: Any = None
    operator_class_path: Any = None
    outlets: Any = None
    owner: Any = None
    pool: Any = None
    queue: Any = None
    retries: Any = None
    task_group: Any = None
    trigger_rule: Any = None
    upstream_task_ids: Any = None


class InstanceFacts(msgspec.Struct):
    try_number: Number | None = None
    duration: Seconds | None = None
    log_url: str | None = None
    map_index: Number | None = None
    pool: Any = None
    queue: Any = None
    queued_dttm: Any = None
    rendered_map_index: Any = None


class TaskFacet(msgspec.Struct):
    dag: DagFacts | None = None
    dagRun: DagRunFacts | None = None  # noqa: N815
    task: TaskFacts | None = None
    taskInstance: InstanceFacts | None = None  # noqa: N815


class StateFacts(msgspec.Struct):
    tasksState: dict[str, str | None] | None = None  # noqa: N815
    tasksDuration: dict[str, Seconds | None] | None = None  # noqa: N815


class FairleadFacet(msgspec.Struct):
    """The run facet `fairlead`, which our provider adds."""

    dagId: str | None = None  # noqa: N815
    dagRunId: str | None = None  # noqa: N815
    taskId: str | None = None  # noqa: N815
    mapIndex: Number | None = None  # noqa: N815
    tryNumber: Number | None = None  # noqa: N815
    maxTries: Number | None = None  # noqa: N815
    state: str | None = None
    startedAt: Any = None  # noqa: N815
    endedAt: Any = None  # noqa: N815
    queuedAt: Any = None  # noqa: N815
    duration: Seconds | None = None
    operator: Any = None
    pool: Any = None
    queue: Any = None
    trigger: dict[str, Any] | None = None
    url: Any = None


def as_list(value: Any) -> list[Any]:
    """A list that Airflow sends as JSON or as the repr of a Python list."""
    if isinstance(value, str):
        return list(_literal(value))
    return list(value) if isinstance(value, list | tuple) else []


@lru_cache(maxsize=4096)
def _literal(text: str) -> tuple[Any, ...]:
    if text == "[]":
        return ()
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return ()
    return tuple(value) if isinstance(value, list | tuple | set) else ()


def asset_uris(value: Any) -> tuple[str, ...]:
    if value in (None, "[]", []):
        return ()
    found = (item.get("uri") for item in as_list(value) if isinstance(item, dict))
    return tuple(sorted({uri for uri in found if isinstance(uri, str) and uri}))


def time(value: Any) -> int | None:
    if value is None or value == "":
        return None
    try:
        return times.parse(value)
    except Malformed:
        return None
