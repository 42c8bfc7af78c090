"""What is read from Airflow's own database, in the processes that have it.

Imports are inside the functions: this module is loaded while Airflow itself is still loading.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from fairlead_sdk.documents import Json


def broken_files() -> set[str]:
    """The DAG files that Airflow cannot read at this moment: paths within their bundles.

    Asks the database, which the dag-processor has.
    """
    from airflow.models.errors import ParseImportError
    from airflow.utils.session import create_session
    from sqlalchemy import select

    with create_session() as session:
        return {name for name in session.scalars(select(ParseImportError.filename)) if name}


def paused_dags() -> set[str]:
    """The ids of all DAGs that are paused. Asks the database, which the dag-processor has."""
    from airflow.models.dag import DagModel
    from airflow.utils.session import create_session
    from sqlalchemy import select

    current: Any = DagModel.is_stale.is_(False)
    with create_session() as session:
        found = select(DagModel.dag_id).where(DagModel.is_paused.is_(True), current)
        return set(session.scalars(found))


def gone_dags() -> dict[str, datetime | None]:
    """
    The ids of all DAGs that no file has any more, each with when one had it last. Those of a file
    that Airflow cannot read at this moment are not among them, though it calls them stale as well.
    """
    from airflow.models.dag import DagModel
    from airflow.utils.session import create_session
    from sqlalchemy import select

    dag: Any = DagModel
    wanted = select(dag.dag_id, dag.last_parsed_time, dag.relative_fileloc)
    broken = broken_files()
    with create_session() as session:
        found = session.execute(wanted.where(dag.is_stale.is_(True)))
        return {
            row.dag_id: row.last_parsed_time for row in found if row.relative_fileloc not in broken
        }


def waiting_tasks(before: datetime, most: int) -> list[dict[str, object]]:
    """
    The task instances that have been ready since `before` and do not run, the longest waiting first.

    Each with its DAG run's identity, and the slots of its pool: how many there are and are free.
    """
    from airflow.models.dagrun import DagRun
    from airflow.models.pool import Pool
    from airflow.models.taskinstance import TaskInstance
    from airflow.utils.session import create_session
    from sqlalchemy import func, select

    instance: Any = TaskInstance
    ready = func.coalesce(instance.queued_dttm, instance.scheduled_dttm)
    columns = [getattr(instance, name) for name in _WAITING_COLUMNS]
    statement = (
        select(*columns, ready, DagRun.logical_date, DagRun.run_after, DagRun.clear_number)
        .join(DagRun, (DagRun.dag_id == instance.dag_id) & (DagRun.run_id == instance.run_id))
        .where(instance.state.in_(("scheduled", "queued")), ready <= before)
        .order_by(ready)
        .limit(most)
    )
    names = (*_WAITING_COLUMNS, "queued_dttm", "logical_date", "run_after", "clear_number")
    with create_session() as session:
        rows = [dict(zip(names, row, strict=True)) for row in session.execute(statement)]
        pools: Any = Pool.slots_stats(session=session) if rows else {}
    for row in rows:
        row["state"] = str(getattr(row["state"], "value", row["state"]))
        stats = pools.get(row["pool"], {})
        row["pool_total"], row["pool_open"] = stats.get("total"), stats.get("open")
    return rows


_WAITING_COLUMNS = (
    *("dag_id", "run_id", "task_id", "map_index", "try_number"),
    *("max_tries", "state", "operator", "pool", "queue"),
)


def dag_run_facts(dag_run: Any) -> Json:
    """The columns of a DAG run that identify it and its end; for other processes."""
    names = ("dag_id", "run_id", "logical_date", "run_after", "clear_number", "end_date")
    facts = {name: getattr(dag_run, name, None) for name in names}
    facts["clear_number"] = facts["clear_number"] or 0
    return facts | {"state": str(getattr(dag_run.state, "value", dag_run.state))}


def instance_rows(dag_run: Any, most: int) -> tuple[list[Json], int]:
    """Every try of every task instance of a DAG run, from Airflow's database, the present ones first;
    no more than `most` of them, and how many were left out.

    Asked in the session that the DAG run came with, without writing anything: a session of our own
    could wait for a lock that this one holds. In a savepoint, because a statement that fails (a
    timeout, say) would otherwise take the scheduler's whole transaction with it on PostgreSQL.
    """
    from airflow.models.taskinstance import TaskInstance
    from airflow.models.taskinstancehistory import TaskInstanceHistory
    from sqlalchemy import func, select
    from sqlalchemy.orm import object_session

    session = object_session(dag_run)
    if session is None:
        return [], 0
    rows: dict[tuple[Any, ...], Json] = {}
    left_out = 0
    with session.no_autoflush, session.connection().begin_nested():
        for model in (TaskInstance, TaskInstanceHistory):
            columns = [getattr(model, name) for name in _INSTANCE_COLUMNS]
            of_run = (model.dag_id == dag_run.dag_id, model.run_id == dag_run.run_id)
            limit = most - len(rows)
            found = session.execute(select(*columns).where(*of_run).limit(limit + 1)).all()
            if len(found) > limit:
                count = select(func.count()).select_from(model).where(*of_run)
                left_out += (session.scalar(count) or 0) - limit
            for row in found[:limit]:
                values = dict(zip(_INSTANCE_COLUMNS, row, strict=True))
                values["state"] = str(getattr(values["state"], "value", values["state"] or "none"))
                key = (values["task_id"], values["map_index"], values["try_number"])
                rows.setdefault(key, values)  # the present wins
    return list(rows.values()), left_out


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
