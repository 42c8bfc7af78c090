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
    fileloc: object = None
    owner: Any = None
    schedule_interval: Any = None  # Airflow 2
    start_date: Any = None
    tags: Any = None
    timetable: object = None
    timetable_summary: Any = None


class DagRunFacts(msgspec.Struct):
    run_id: str | None = None
    clear_number: Number | None = None
    conf: Any = None
    data_interval_end: object = None
    data_interval_start: object = None
    deadlines: object = None
    duration: Seconds | None = None
    end_date: Any = None
    logical_date: Any = None
    partition_date: object = None
    partition_key: object = None
    run_after: Any = None
    run_type: object = None
    start_date: Any = None
    triggered_by: object = None
    triggering_user_name: object = None


class TaskFacts(msgspec.Struct):
    task_id: str | None = None
    downstream_task_ids: object = None
    inlets: object = None
    mapped: Any = None
    operator_class: object = None
    operator_class_path: object = None
    outlets: object = None
    owner: Any = None
    pool: object = None
    queue: object = None
    retries: Any = None
    task_group: object = None
    trigger_rule: Any = None
    upstream_task_ids: object = None


class InstanceFacts(msgspec.Struct):
    try_number: Number | None = None
    duration: Seconds | None = None
    log_url: str | None = None
    map_index: Number | None = None
    pool: object = None
    queue: object = None
    queued_dttm: object = None
    rendered_map_index: object = None


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
    startedAt: object = None  # noqa: N815
    endedAt: object = None  # noqa: N815
    queuedAt: object = None  # noqa: N815
    duration: Seconds | None = None
    operator: Any = None
    pool: object = None
    queue: object = None
    trigger: dict[str, object] | None = None
    url: Any = None


def as_list(value: Any) -> list[Any]:
    """A list that Airflow sends as JSON or as the repr of a Python list."""
    if isinstance(value, str):
        return list(_literal(value))
    return list(value) if isinstance(value, list | tuple) else []


@lru_cache(maxsize=4096)
def _literal(text: str) -> tuple[object, ...]:
    if text == "[]":
        return ()
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return ()
    return tuple(value) if isinstance(value, list | tuple | set) else ()


def asset_uris(value: object) -> tuple[str, ...]:
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
