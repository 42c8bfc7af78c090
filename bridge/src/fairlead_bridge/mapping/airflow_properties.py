"""Properties of DAG runs and tasks, from the facets of Airflow and of our provider."""

from __future__ import annotations

from typing import Any

from fairlead_bridge import masking
from fairlead_bridge.documents import Json
from fairlead_bridge.mapping.airflow_facets import (
    DagFacts,
    DagRunFacts,
    FairleadFacet,
    InstanceFacts,
    TaskFacts,
    as_list,
    time,
)


def dag_run_properties(run: DagRunFacts) -> dict[str, object]:
    """What is shown of a DAG run, by name; without what its event does not say."""
    properties: Json = {}
    if run.run_type:
        properties["run_type"] = run.run_type
    if run.triggered_by or run.triggering_user_name:
        properties["triggered_by"] = run.triggering_user_name or run.triggered_by
    start, end = time(run.data_interval_start), time(run.data_interval_end)
    if start is not None:
        properties["data_interval"] = [start, end]
    if deadlines := _deadlines(run.deadlines):
        properties["deadlines"] = deadlines
    if run.conf:
        properties["conf"] = masking.strictly(run.conf)
    return properties


def _deadlines(listed: Any) -> list[list[Any]]:
    """Airflow's deadlines of a DAG run, the first to pass first: each its time and its name."""
    alerts = listed.get("alerts") if isinstance(listed, dict) else None
    found = []
    for alert in as_list(alerts):
        at = time(alert.get("deadline_time")) if isinstance(alert, dict) else None
        if at is not None:
            name = alert.get("name")
            found.append([at, name if isinstance(name, str) else ""])
    return sorted(found)


def task_properties(task: TaskFacts, instance: InstanceFacts) -> dict[str, object]:
    """What is shown of a try of a task, by name; without what its event does not say."""
    values = {
        "operator": task.operator_class,
        "retries": task.retries,
        "pool": instance.pool or task.pool,
        "queue": instance.queue or task.queue,
        "url": instance.log_url,
        "rendered_map_index": instance.rendered_map_index,
        "trigger_rule": task.trigger_rule,
        "queued_at": time(instance.queued_dttm),
    }
    return {name: value for name, value in values.items() if value is not None}


def observed_properties(observed: FairleadFacet | None) -> dict[str, object]:
    """What the provider read in Airflow's database of a try, by name."""
    if observed is None:
        return {}
    values = {
        "retries": observed.maxTries,
        "pool": observed.pool,
        "queue": observed.queue,
        "url": observed.url,
    }
    return {name: value for name, value in values.items() if value is not None}


def dag_body(dag: DagFacts) -> dict[str, object]:
    """The body of the facet `fairlead_dag` of the DAG's job."""
    schedule = dag.timetable_summary if dag.timetable_summary is not None else dag.schedule_interval
    return {
        "schedule": None if schedule in (None, "None", "null") else str(schedule),
        "timetable": dag.timetable or {},
        "owner": dag.owner,
        "tags": sorted(str(tag) for tag in as_list(dag.tags)),
        "fileloc": dag.fileloc,
        "start_date": dag.start_date,
        "description": dag.description,
    }


def task_body(task: TaskFacts) -> dict[str, object]:
    """The body of the facet `fairlead_task` of the task's job."""
    group = task.task_group.get("group_id") if isinstance(task.task_group, dict) else None
    return {
        "operator": task.operator_class_path or task.operator_class,
        "operator_class": task.operator_class,
        "trigger_rule": task.trigger_rule,
        "retries": task.retries,
        "pool": task.pool,
        "queue": task.queue,
        "group": group,
        "owner": task.owner,
        "upstream": sorted(map(str, as_list(task.upstream_task_ids))),
        "downstream": sorted(map(str, as_list(task.downstream_task_ids))),
        "mapped": bool(task.mapped),
    }
