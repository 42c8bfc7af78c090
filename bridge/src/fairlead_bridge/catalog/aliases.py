"""
Which run a runId names.

OpenLineage's runIds are aliases: an event that gives nothing but a runId is stored under it, as a
stub, until another event says which run it names.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec
import sqlalchemy as sa

from fairlead_bridge import ids
from fairlead_bridge.catalog import merge, rows
from fairlead_bridge.catalog.merge import Row
from fairlead_bridge.catalog.run_rows import facts_of
from fairlead_bridge.db import tables as t
from fairlead_bridge.db.bulk import insert_new, upsert
from fairlead_bridge.facts import RunDatasetFacts, RunFacts


class Aliases:
    """runIds in this batch, resolved; `moved` are those that were stubs so far."""

    def __init__(
        self, tx: sa.Connection, facts: Sequence[RunFacts], accesses: Sequence[RunDatasetFacts]
    ) -> None:
        names = {ids.run_id(run_id): run_id for run in facts for run_id in run.attempts}
        named = {
            ids.run_id(run_id): run.id
            for run in sorted(facts, key=lambda run: run.id)
            for run_id in run.attempts
            if run.id != ids.run_id(run_id)
        }
        asked = names.keys() | {run.parent_id for run in facts if run.parent_id is not None}
        asked |= {item.run_id for item in accesses}
        stored = {key: row["id"] for key, row in rows.load(tx, t.run_alias, asked).items()}
        self._known: dict[int, int] = {
            key: value for key, value in stored.items() if key != value
        } | named
        self.moved = {key: value for key, value in named.items() if stored.get(key) != value}
        fresh = {
            alias: self.resolve(alias)
            for alias in names
            if stored.get(alias) != self.resolve(alias)
        }
        upsert(
            tx,
            t.run_alias,
            [
                {"alias": alias, "run_id": names[alias], "id": target}
                for alias, target in fresh.items()
            ],
        )

    def resolve(self, number: int) -> int:
        return self._known.get(number, number)


class Stubs(NamedTuple):
    """Stubs that were removed because their run is known now."""

    runs: set[int]  # ids
    data: list[Row]  # of run_dataset


def merge_stubs(tx: sa.Connection, moved: Mapping[int, int], came: dict[int, RunFacts]) -> Stubs:
    """
    Merge stubs into the runs that their runIds turned out to name, and move their children.

    The stubs' rows of run_dataset are deleted here, and returned for the caller to merge.
    """
    if not moved:
        return Stubs(set(), [])
    stubs = rows.load(tx, t.run, moved)
    for alias, row in stubs.items():
        target = moved[alias]
        stub = msgspec.structs.replace(facts_of(row), id=target)
        # What named the run may be of before it was forgotten, and the stub of after.
        came[target] = merge.run(came[target], stub) if target in came else stub
    rows.delete(tx, t.run.c.id, stubs)
    for row in rows.where_in(tx, t.run.c.parent_id, moved):
        child = facts_of(row)
        followed = msgspec.structs.replace(child, parent_id=moved[row["parent_id"]])
        held = came.get(child.id)
        came[child.id] = followed if held is None else merge.run(held, followed)
        # The row itself must not vote for the parent it had.
        tx.execute(
            sa.update(t.run).where(t.run.c.id == child.id).values(parent_id=followed.parent_id)
        )
    data = rows.where_in(tx, t.run_dataset.c.run_id, moved)
    rows.delete(tx, t.run_dataset.c.run_id, {row["run_id"] for row in data})
    events = rows.where_in(tx, t.run_event.c.run_id, moved)
    rows.delete(tx, t.run_event.c.run_id, {row["run_id"] for row in events})
    insert_new(
        tx,
        t.run_event,
        [{"run_id": moved[row["run_id"]], "event_id": row["event_id"]} for row in events],
    )
    return Stubs(set(stubs), data)
