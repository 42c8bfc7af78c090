"""The catalog as one question sees it: a reading transaction and the moment it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

import sqlalchemy as sa

from fairlead_bridge import ids
from fairlead_bridge.access.scope import EVERYTHING, Scope
from fairlead_bridge.db import tables as t
from fairlead_bridge.db.bulk import chunks
from fairlead_bridge.insight.maintenance import Window
from fairlead_bridge.insight.personal import USUAL, Rules

Row = sa.Row[Any]
Select = sa.Select[Any]

#: Task runs, tries or queries that one run's page lists at most.
RELATIVES = 1000

_AIRFLOW_KINDS = ("dag", "task")
_SECOND = 1_000_000

#: Places in a statement that every execution fills. Statements with such places instead of values
#: are written once, at module level, which makes the small ones several times cheaper.
NOW = sa.bindparam("now", type_=sa.BigInteger)
LOST_BEFORE = sa.bindparam("lost_before", type_=sa.BigInteger)


def among(column: sa.ColumnElement[Any]) -> sa.ColumnElement[bool]:
    """`column` is one of the keys that `Snapshot.each` is given."""
    return column.in_(sa.bindparam("keys", expanding=True, type_=column.type))


class Version(Protocol):
    """A row, or what was made of it: a content, with its first and last time."""

    @property
    def first_at(self) -> int: ...
    @property
    def last_at(self) -> int: ...
    @property
    def digest(self) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Snapshot:
    """
    One reading transaction, at one moment.

    `now` is in microseconds; a run outside Airflow that is running, and for `lost_after` seconds
    has sent nothing, nor has a run inside it, counts as "lost". With `past`, what came after `now` is left out: runs
    that began later, edges first seen later, and the ends of runs that were still running.
    """

    tx: sa.Connection
    now: int
    lost_after: float
    past: bool = False
    #: The id of the dataset that a namespace and a name mean, however they are spelled.
    identify: Callable[[str, str], int | None] = ids.dataset_id
    #: The quantile of an ETA past which a dataset is at risk.
    risk_quantile: float = 0.5
    #: Maintenance windows of a file; those of the database come to these.
    windows: tuple[Window, ...] = ()
    #: What the one who asks sees: `tx` holds nothing else (`access.scope.seeing`).
    scope: Scope = EVERYTHING
    #: Which tags mean personal data, and where it may be.
    personal: Rules = USUAL
    #: Days without an event after which datasets and jobs are stale; 0: never.
    stale_days: float = 90.0
    #: What queries have learned at this moment, and need again for other questions.
    memo: dict[str, object] = field(default_factory=dict, compare=False, repr=False)

    def rows(self, statement: Select | sa.CompoundSelect[Any], **values: Any) -> list[sa.Row[Any]]:
        lost_before = self.now - int(self.lost_after * _SECOND)
        return list(
            self.tx.execute(
                statement, {"now": self.now, "lost_before": lost_before, **values}
            ).all()
        )

    def held(self, version: Version) -> tuple[bool, int, bytes]:
        """
        Sort key of versions that were sent in turn, each from its first to its last time: the greatest
        is the one in force.

        Of two that were sent before and after a past moment, it is the one that came later. (Where
        a sender returns to an earlier version, the return counts from the last time of the version
        between.)
        """
        spans = self.past and version.last_at >= self.now
        return spans, version.first_at if spans else version.last_at, version.digest

    def first(self, statement: Select, **values: Any) -> sa.Row[Any] | None:
        return next(iter(self.rows(statement.limit(1), **values)), None)

    def each(
        self,
        statement: Select | sa.CompoundSelect[Any],
        keys: Iterable[Any],
        **values: Any,
    ) -> Iterator[sa.Row[Any]]:
        """The rows `among` these keys: one query a thousand keys."""
        for part in chunks(sorted(set(keys))):
            yield from self.rows(statement, keys=part, **values)

    def where(self, column: sa.Column[Any], keys: Iterable[Any]) -> Iterator[sa.Row[Any]]:
        """The column's table: whole rows of which it is one of these keys."""
        return self.each(sa.select(column.table).where(among(column)), keys)


# --- the state of a run -------------------------------------------------------------------------


_inside = t.run.alias("inside")
#: An application sends nothing between its first event and its last: what runs inside it does.
_ALIVE_INSIDE = sa.exists().where(
    _inside.c.parent_id == t.run.c.id,
    sa.or_(
        _inside.c.last_at >= LOST_BEFORE,
        sa.and_(_inside.c.state == "running", _inside.c.processing.is_not(None)),
    ),
)


def is_lost() -> sa.ColumnElement[bool]:
    """Whether a running run has sent nothing for too long; the statement selects from `run`."""
    return sa.and_(
        t.run.c.state == "running",
        t.run.c.kind.not_in(_AIRFLOW_KINDS),
        t.run.c.last_at < LOST_BEFORE,
        t.run.c.processing.is_(None),  # streams and services may rightly send nothing for long
        sa.not_(_ALIVE_INSIDE),
    )


def shown_state(*, past: bool = False) -> sa.ColumnElement[str]:
    """The run's state as it is shown; the statement selects from `run`."""
    cases: list[tuple[Any, Any]] = [(is_lost(), "lost")]
    if past:
        cases.insert(0, (t.run.c.ended_at > NOW, "running"))
    return sa.case(*cases, else_=t.run.c.state).label("state")


def in_state(state: str) -> sa.ColumnElement[bool]:
    """Whether the run is shown in this state."""
    if state == "lost":  # of Airflow's tasks, the end of their DAG run may have said it
        return sa.or_(t.run.c.state == "lost", is_lost())
    if state == "running":
        return sa.and_(t.run.c.state == "running", sa.not_(is_lost()))
    return t.run.c.state == state
