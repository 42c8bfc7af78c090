"""Pages in Airflow, from the addresses of logs."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from urllib.parse import quote

import sqlalchemy as sa

from fairlead_bridge import facts
from fairlead_bridge.db import tables as t
from fairlead_bridge.queries.entry.refs import Row
from fairlead_bridge.queries.snapshot import Snapshot, among

_RUN_FACTS = sa.select(t.run.c.id, t.run.c.facts).where(among(t.run.c.id))


def airflow_base(url: object) -> str | None:
    """`https://HOST[/PREFIX]` of an address within Airflow's page; None where it is none."""
    if not isinstance(url, str) or "/dags/" not in url:
        return None
    return url.partition("/dags/")[0]


def of_jobs(snapshot: Snapshot, jobs: Collection[int]) -> dict[int, str]:
    """Each Airflow job's page, from the address of its newest run's log."""
    other = t.run.alias()
    newest = sa.select(sa.func.max(other.c.at)).where(other.c.job_id == t.job.c.id)
    statement = sa.select(t.job.c.id, t.job.c.dag_id, t.job.c.task_id, t.run.c.facts).join_from(
        t.job,
        t.run,
        sa.and_(t.run.c.job_id == t.job.c.id, t.run.c.at == newest.scalar_subquery()),
    )
    found: dict[int, str] = {}
    for row in snapshot.each(statement.where(among(t.job.c.id)), jobs):
        value = facts.decode(row.facts).properties.get("url")
        base = airflow_base(value.value) if value else None
        if base and row.dag_id:
            task = f"/tasks/{row.task_id}" if row.task_id else ""
            found[row.id] = f"{base}/dags/{row.dag_id}{task}"
    return found


def of_dag_runs(
    snapshot: Snapshot, runs: Mapping[int, Row], inside: Mapping[int, list[Row]]
) -> dict[int, str]:
    """Pages of DAG runs, from the log of one of their tasks."""
    one_of = {
        min(tasks, key=lambda row: (row.started_at is None, row.id)).id: key
        for key, tasks in inside.items()
        if tasks
    }
    found: dict[int, str] = {}
    for row in snapshot.each(_RUN_FACTS, one_of):
        run = runs[one_of[row.id]]
        value = facts.decode(row.facts).properties.get("url")
        base = airflow_base(value.value) if value else None
        if base and run.dag_id and run.dag_run_id:
            found[run.id] = f"{base}/dags/{run.dag_id}/runs/{quote(run.dag_run_id, safe='')}"
    return found


def add_dags(children: Mapping[int, Iterable[Row]], urls: dict[int, str]) -> None:
    """A DAG's runs have no log of their own; its page is found from its tasks' pages."""
    for dag, tasks in children.items():
        for row in tasks:
            base = airflow_base(urls.get(row.id))
            if base is not None and row.dag_id:
                urls.setdefault(dag, f"{base}/dags/{row.dag_id}")
