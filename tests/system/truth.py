"""What Airflow itself says of its runs: its metadata database, read and never written."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg


@dataclass(frozen=True)
class Instance:
    """A try of a task instance. Times are aware, the duration is in seconds."""

    dag_id: str
    run_id: str
    task_id: str
    map_index: int
    try_number: int
    state: str
    started_at: datetime | None
    ended_at: datetime | None
    duration: float | None
    operator: str
    rendered_map_index: str | None
    is_last_try: bool

    @property
    def job(self) -> str:
        return f"{self.dag_id}.{self.task_id}"


@dataclass(frozen=True)
class DagRun:
    dag_id: str
    run_id: str
    state: str
    started_at: datetime | None
    ended_at: datetime | None


@dataclass(frozen=True)
class Dag:
    dag_id: str
    owners: set[str]
    tags: set[str]
    schedule: str


class Metadata:
    """Airflow's SQLite database."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def instances(self) -> list[Instance]:
        """Every try of every task instance, those that were tried again included."""
        columns = (
            "dag_id, run_id, task_id, map_index, try_number, state, start_date, end_date, duration,"
            " operator, rendered_map_index"
        )
        return [
            Instance(
                *which,
                started_at=_moment(started),
                ended_at=_moment(ended),
                duration=duration,
                operator=operator,
                rendered_map_index=rendered,
                is_last_try=table == "task_instance",
            )
            for table in ("task_instance", "task_instance_history")
            for *which, started, ended, duration, operator, rendered in self._rows(
                f"SELECT {columns} FROM {table}"  # noqa: S608 - ours
            )
        ]

    def dag_runs(self) -> list[DagRun]:
        rows = self._rows("SELECT dag_id, run_id, state, start_date, end_date FROM dag_run")
        return [
            DagRun(dag_id, run_id, state, _moment(started), _moment(ended))
            for dag_id, run_id, state, started, ended in rows
        ]

    def dags(self) -> list[Dag]:
        tags: dict[str, set[str]] = {}
        for dag_id, tag in self._rows("SELECT dag_id, name FROM dag_tag"):
            tags.setdefault(dag_id, set()).add(tag)
        rows = self._rows("SELECT dag_id, owners, timetable_summary FROM dag")
        return [
            Dag(dag_id, {owner.strip() for owner in owners.split(",")}, tags[dag_id], schedule)
            for dag_id, owners, schedule in rows
        ]

    def _rows(self, sql: str) -> Iterator[tuple[Any, ...]]:
        with closing(sqlite3.connect(f"file:{self._path}?mode=ro", uri=True)) as connection:
            yield from connection.execute(sql).fetchall()


class OnPostgres(Metadata):
    """Airflow's PostgreSQL database."""

    def __init__(self, url: str) -> None:
        self._url = url

    def _rows(self, sql: str) -> Iterator[tuple[Any, ...]]:
        with psycopg.connect(self._url) as connection:
            yield from connection.execute(sql).fetchall()


def _moment(at: str | datetime | None) -> datetime | None:
    """SQLite has the time as text, in UTC."""
    return datetime.fromisoformat(at).replace(tzinfo=UTC) if isinstance(at, str) else at
