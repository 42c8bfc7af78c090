"""Everything that depends on the version of Airflow. No other file asks which one it is.

Imports are inside the functions: this module is loaded while Airflow itself is still loading.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import Any


def conf() -> Any:
    """Airflow's configuration, the one that the scheduler, the api-server and workers share."""
    from airflow.configuration import conf as parser

    return parser


def home() -> str:
    """AIRFLOW_HOME."""
    from airflow.configuration import AIRFLOW_HOME

    return str(AIRFLOW_HOME)


def get_connection(conn_id: str) -> Any:
    """The connection, wherever Airflow keeps it; through the supervisor in a task.

    Raises Airflow's own AirflowNotFoundException where there is none.
    """
    return base_hook().get_connection(conn_id)


def base_hook() -> Any:
    """The class to derive hooks from."""
    from airflow.providers.common.compat.sdk import BaseHook

    return BaseHook


def sdk(name: str) -> Any:
    """A class or function of Airflow's authoring API, wherever this version has it."""
    return getattr(import_module("airflow.providers.common.compat.sdk"), name)


def trigger_classes() -> tuple[Any, Any]:
    """The class to derive triggers from, and that of the events that they fire."""
    from airflow.triggers.base import BaseTrigger, TriggerEvent

    return BaseTrigger, TriggerEvent


def plugin_class() -> Any:
    """The class to derive plugins from. Airflow accepts either in every process."""
    from airflow.plugins_manager import AirflowPlugin

    return AirflowPlugin


def mask_value(text: str) -> str:
    """`text` without what Airflow knows to be secret at this moment.

    Airflow 3 has two maskers, one of the task SDK and one of the server; a process may have taught
    either, so both are asked.
    """
    for masker in _maskers():
        text = masker.redact(text)
    return text


def hides_key(name: str) -> bool:
    """True where Airflow hides the value because of its key (`password`, `api_key`, ...)."""
    return any(masker.should_hide_value_for_key(name) for masker in _maskers())


@cache
def _maskers() -> list[Any]:
    """The maskers themselves, which learn; not copies of what they know."""
    found = [
        "airflow.sdk._shared.secrets_masker",  # Airflow 3.2 and newer, tasks
        "airflow._shared.secrets_masker",  # Airflow 3.2 and newer, server
    ]
    older = [
        "airflow.sdk.execution_time.secrets_masker",  # Airflow 3.0 and 3.1
        "airflow.utils.log.secrets_masker",  # Airflow 2
    ]
    maskers = [m for m in map(_masker, found) if m is not None]
    if not maskers:  # the older names still exist later on, but are deprecated
        maskers = [m for m in map(_masker, older) if m is not None]
    if not maskers:
        raise RuntimeError(
            "This version of Airflow keeps its secrets masker where Fairlead cannot find it"
        )
    return maskers


def _masker(module: str) -> Any:
    try:
        return import_module(module)._secrets_masker()
    except (ImportError, AttributeError):
        return None


def count(metric: str, value: int = 1) -> None:
    """Add to a counter in Airflow's own metrics; never raises."""
    try:
        from airflow.providers.common.compat.sdk import Stats

        Stats.incr(metric, value)
    except Exception:  # noqa: BLE001, S110 - a metric must not cost an event
        pass


def dag_run(task_instance: Any) -> Any:
    """The DAG run as far as the process knows it, or None."""
    context = getattr(task_instance, "_ti_context_from_server", None)  # Airflow 3, in the task
    if context is not None:
        return context.dag_run
    return getattr(task_instance, "dag_run", None)


def hookimpl(function: Any) -> Any:
    """Marks a method of a listener."""
    from airflow.listeners import hookimpl as mark

    return mark(function)


def is_scheduler(component: Any) -> bool:
    """True for what a listener's `on_starting` is called with in the scheduler."""
    runner = getattr(component, "job_runner", None) or component
    kind = getattr(component, "job_type", None) or getattr(runner, "job_type", None)
    return kind == "SchedulerJob"


def dag_run_facts(dag_run: Any) -> dict[str, Any]:
    """The columns of a DAG run that tell which one it is and how it ended; for other processes."""
    names = ("dag_id", "run_id", "logical_date", "run_after", "clear_number", "end_date")
    facts = {name: getattr(dag_run, name, None) for name in names}
    facts["clear_number"] = facts["clear_number"] or 0
    return facts | {"state": str(getattr(dag_run.state, "value", dag_run.state))}


def instance_rows(dag_run: Any) -> list[dict[str, Any]]:
    """Every try of every task instance of a DAG run, from Airflow's database.

    Asked in the session that the DAG run came with, without writing anything: a session of our own
    could wait for a lock that this one holds.
    """
    from airflow.models.taskinstance import TaskInstance
    from airflow.models.taskinstancehistory import TaskInstanceHistory
    from sqlalchemy import select
    from sqlalchemy.orm import object_session

    session = object_session(dag_run)
    if session is None:
        return []
    rows: dict[tuple[Any, ...], dict[str, Any]] = {}
    with session.no_autoflush:
        for model in (TaskInstanceHistory, TaskInstance):  # the present comes last and wins
            columns = [getattr(model, name) for name in _INSTANCE_COLUMNS]
            query = select(*columns).where(
                model.dag_id == dag_run.dag_id, model.run_id == dag_run.run_id
            )
            for row in session.execute(query):
                values = dict(zip(_INSTANCE_COLUMNS, row, strict=True))
                values["state"] = str(getattr(values["state"], "value", values["state"] or "none"))
                rows[values["task_id"], values["map_index"], values["try_number"]] = values
    return list(rows.values())


_INSTANCE_COLUMNS = (
    "task_id",
    "map_index",
    "try_number",
    "max_tries",
    "state",
    "start_date",
    "end_date",
    "duration",
    "queued_dttm",
    "operator",
    "pool",
    "queue",
    "rendered_map_index",
)
