"""
The queue of what is evaluated next, ordered by when it is due.

What absorbing changed is due at once; an asset is due again when its expectation passes. A row's
version counts changes, so that an evaluation that did not see the newest one leaves the node due.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from fairlead_bridge.db import tables as t
from fairlead_bridge.db.bulk import chunks, delete_rows, excluded, upsert
from fairlead_bridge.entries import Outlook
from fairlead_bridge.model import Name
from fairlead_bridge.queries import outlooks

#: When a node is due of which nothing is expected.
NEVER = 2**62

_w = t.watch.c
_came = excluded(t.watch)
_CHANGED = {
    "due_at": sa.case((_w.due_at < _came.due_at, _w.due_at), else_=_came.due_at),
    "version": _w.version + sa.literal_column("1"),
}
_EVALUATED = {
    "due_at": _came.due_at,
    "version": _came.version,
    "standing": _came.standing,
    "outlook": _came.outlook,
}
#: Nothing has changed since the evaluation read it.
_IS_AS_SEEN = _w.version == _came.version - sa.literal_column("1")


@dataclass(frozen=True, slots=True)
class Evaluated:
    """A node that was evaluated: when it is due next (microseconds), and how it stands."""

    due_at: int
    standing: str | None
    outlook: Outlook | None = None  # of a dataset


def changed(tx: sa.Connection, names: Iterable[Name], now: int) -> None:
    """Make the datasets, jobs and runs of these names due now; of a run, its job."""
    by_kind: dict[str, set[int]] = {}
    for name in names:
        by_kind.setdefault(name.kind, set()).add(name.id)
    nodes = by_kind.get("dataset", set()) | by_kind.get("job", set())
    touch(tx, nodes | _jobs(tx, by_kind.get("run", ())), now)


def touch(tx: sa.Connection, nodes: Iterable[int], now: int) -> None:
    """Make these datasets and jobs due at `now`, or earlier where they were due earlier."""
    upsert(
        tx, t.watch, [{"node_id": id, "due_at": now, "version": 1} for id in set(nodes)], _CHANGED
    )


def _jobs(tx: sa.Connection, run_ids: Iterable[int]) -> set[int]:
    found: set[int] = set()
    for part in chunks(sorted(run_ids)):
        statement = sa.select(t.run.c.job_id).where(t.run.c.id.in_(part)).distinct()
        found.update(tx.scalars(statement))
    return found


def due(tx: sa.Connection, now: int, limit: int) -> list[int]:
    """The nodes that are due, the earliest first."""
    statement = sa.select(_w.node_id).where(_w.due_at <= now).order_by(_w.due_at, _w.node_id)
    return list(tx.scalars(statement.limit(limit)))


def put_off(tx: sa.Connection, node: int, until: int) -> None:
    """Make a node due at `until`, unless it changes before."""
    tx.execute(sa.update(t.watch).where(_w.node_id == node).values(due_at=until))


@dataclass(frozen=True, slots=True)
class Seen:
    """A row of the queue as it was read."""

    version: int = 0
    standing: str | None = None
    outlook: Outlook | None = None


def seen(tx: sa.Connection, nodes: Iterable[int]) -> dict[int, Seen]:
    """The rows of these nodes, without those that have none."""
    found = {}
    for part in chunks(sorted(set(nodes))):
        columns = sa.select(_w.node_id, _w.version, _w.standing, _w.outlook)
        for row in tx.execute(columns.where(_w.node_id.in_(part))):
            found[row.node_id] = Seen(row.version, row.standing, outlooks.read(row.outlook))
    return found


def finish(
    tx: sa.Connection,
    done: Mapping[int, Evaluated],
    dropped: Iterable[int],
    read: Mapping[int, Seen],
) -> None:
    """
    Write when the nodes that were evaluated are due next, and drop those that are not watched.

    What has changed since it was `read` stays due.
    """
    rows = [
        {
            "node_id": id,
            "due_at": each.due_at,
            "version": read.get(id, Seen()).version + 1,
            "standing": each.standing,
            "outlook": outlooks.write(each.outlook),
        }
        for id, each in done.items()
    ]
    upsert(tx, t.watch, rows, _EVALUATED, _IS_AS_SEEN)
    delete_rows(tx, t.watch, "node_id", sorted(dropped))
