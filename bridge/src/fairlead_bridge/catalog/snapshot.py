"""The catalog as one question sees it: a reading transaction and the moment it is asked for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from fairlead_bridge.db import tables as t
from fairlead_bridge.db.engine import chunks

#: States that a run can still leave.
OPEN_STATES = ("queued", "running", "deferred", "up_for_retry")
_AIRFLOW_KINDS = ("dag", "task")
_SECOND = 1_000_000


@dataclass(frozen=True, slots=True)
class Snapshot:
    """
    One reading transaction, at one moment.

    `now` is in microseconds; a run outside Airflow that is running and has said nothing for
    `lost_after` seconds counts as "lost". With `past`, what came after `now` is left out: runs
    that began later, edges first seen later, and the ends of runs that were still running.
    """

    tx: sa.Connection
    now: int
    lost_after: float
    past: bool = False

    def rows(self, statement: sa.Select[Any]) -> list[sa.Row[Any]]:
        return list(self.tx.execute(statement))

    def first(self, statement: sa.Select[Any]) -> sa.Row[Any] | None:
        return self.tx.execute(statement.limit(1)).first()

    def each(
        self, statement: sa.Select[Any], column: sa.ColumnElement[Any], keys: Iterable[Any]
    ) -> Iterator[sa.Row[Any]]:
        """The rows whose `column` is one of `keys`: one query a thousand keys."""
        for part in chunks(sorted(set(keys))):
            yield from self.tx.execute(statement.where(column.in_(part)))

    # --- the state of a run ---------------------------------------------------------------------

    def is_lost(self) -> sa.ColumnElement[bool]:
        """Whether the run is lost; the statement joins `run` and `job`."""
        return sa.and_(
            t.run.c.state == "running",
            t.run.c.kind.not_in(_AIRFLOW_KINDS),
            t.run.c.last_at < self.now - int(self.lost_after * _SECOND),
            # streams and services may rightly be silent for long
            sa.func.coalesce(t.job.c.processing, "BATCH") == "BATCH",
        )

    def state(self) -> sa.ColumnElement[str]:
        """The run's state as it is shown; the statement joins `run` and `job`."""
        cases = [(self.is_lost(), "lost")]
        if self.past:
            cases.insert(0, (t.run.c.ended_at > self.now, "running"))
        return sa.case(*cases, else_=t.run.c.state).label("state")

    def in_state(self, state: str) -> sa.ColumnElement[bool]:
        if state == "lost":
            return self.is_lost()
        if state == "running":
            return sa.and_(t.run.c.state == "running", sa.not_(self.is_lost()))
        return t.run.c.state == state
