"""
Whether runs were regular: started by a schedule or an event, rather than by hand or by a backfill.

A run is as regular as the outermost run that it is part of. A DAG run that another's task triggered
is as regular as that task's; one that an asset triggered as the runs that updated the asset, by the
facet `jobDependencies`, or where that is missing, as the runs that last wrote what it reads.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import sqlalchemy as sa

from fairlead_bridge import facts, ids
from fairlead_bridge.db import tables as t
from fairlead_bridge.queries.outermost import around
from fairlead_bridge.queries.snapshot import Row, Select, Snapshot, among

#: DAG runs triggered by one another that are followed.
LEVELS = 8
#: Types of DAG runs that were started by hand, and by assets.
_BY_HAND = frozenset({"manual", "backfill", "backfill_job"})
_TRIGGERED = frozenset({"asset_triggered", "dataset_triggered"})


@dataclass(frozen=True, slots=True)
class Origin:
    run: int  # the outermost run; its row may be unknown
    is_regular: bool


#: What a row must have for its origin to be found.
COLUMNS = (t.run.c.id, t.run.c.dag_run, t.run.c.dag_run_id)


def of(snapshot: Snapshot, rows: Iterable[Row]) -> dict[int, Origin]:
    """The origin of each of these runs. Those of scheduled DAG runs are known by themselves."""
    found: dict[int, Origin] = {}
    scheduled: dict[int, Origin] = {}
    wanted: set[int] = set()
    for row in rows:
        run, dag_run, dag_run_id = row.id, row.dag_run, row.dag_run_id
        if dag_run is None or dag_run_id is None or not dag_run_id.startswith("scheduled__"):
            wanted.add(run)
            continue
        if dag_run not in scheduled:
            scheduled[dag_run] = Origin(dag_run, is_regular=True)
        found[run] = scheduled[dag_run]
    known = _known(snapshot)
    front = wanted - known.outermost.keys()
    for _ in range(LEVELS):
        if not front:
            break
        front = known.learn(snapshot, front)
    for run in wanted:
        found[run] = Origin(known.outermost[run], known.is_regular(run, set()))
    return found


#: Runs whose origin a snapshot remembers, at most: of one answer, not of thousands.
REMEMBERED = 20_000


def _known(snapshot: Snapshot) -> _Known:
    """What is known of runs in this snapshot: one answer asks for the same ones several times."""
    known = snapshot.memo.get("origins")
    if not isinstance(known, _Known) or len(known.outermost) > REMEMBERED:
        known = snapshot.memo["origins"] = _Known()
    return known


_RUNS = sa.select(t.run.c.id, t.run.c.kind, t.run.c.dag_run_id).where(among(t.run.c.id))
_FACTS = sa.select(t.run.c.id, t.run.c.parent_id, t.run.c.facts).where(among(t.run.c.id))
_ALIASES = sa.select(t.run_alias.c.alias, t.run_alias.c.id).where(among(t.run_alias.c.alias))


@dataclass(slots=True)
class _Known:
    """Runs with the outermost run of each, and types and triggers of those."""

    outermost: dict[int, int] = field(default_factory=dict)
    type_of: dict[int, str] = field(default_factory=dict)  # by outermost run
    triggers: dict[int, list[int]] = field(default_factory=dict)  # by outermost run

    def learn(self, snapshot: Snapshot, run_ids: Iterable[int]) -> set[int]:
        """Reads the origins of these runs; returns the runs that triggered them and are new."""
        chains = around(snapshot, run_ids)
        rows = {
            row.id: row
            for row in snapshot.each(
                _RUNS, {each for run in chains for each in (run, *chains[run])}
            )
        }
        unclear: set[int] = set()
        for run, chain in chains.items():
            whole = chain[-1] if chain else run
            self.outermost[run] = whole
            # The outermost run may never have sent an event: then a run inside it shows it.
            row = next((rows[each] for each in (*reversed(chain), run) if each in rows), None)
            if row is not None and whole not in self.type_of:
                self.type_of[whole] = (row.dag_run_id or "").partition("__")[0]
                if row.kind == "dag" and self.type_of[whole] != "scheduled":
                    unclear.add(row.id)
        self._read_types(snapshot, unclear)
        self._read_triggers(snapshot, unclear)
        return {run for whole in unclear for run in self.triggers[whole]} - self.outermost.keys()

    def _read_types(self, snapshot: Snapshot, dag_runs: Iterable[int]) -> None:
        for row in snapshot.each(_FACTS, dag_runs):
            properties = facts.decode(row.facts).properties
            run_type, dependencies = properties.get("run_type"), properties.get("jobDependencies")
            if run_type is not None and isinstance(run_type.value, str):
                self.type_of[row.id] = run_type.value
            self.triggers[row.id] = [row.parent_id] if row.parent_id not in (None, row.id) else []
            if dependencies is not None and self.type_of[row.id] in _TRIGGERED:
                self.triggers[row.id] = list(_upstream(dependencies.value))

    def _read_triggers(self, snapshot: Snapshot, dag_runs: Iterable[int]) -> None:
        named = {alias for run in dag_runs for alias in self.triggers[run]}
        run_of = {row.alias: row.id for row in snapshot.each(_ALIASES, named)}
        for run in dag_runs:
            self.triggers[run] = [run_of.get(alias, alias) for alias in self.triggers[run]]
        unlisted = [
            run for run in dag_runs if self.type_of[run] in _TRIGGERED and not self.triggers[run]
        ]
        for row in snapshot.each(_READ_FROM, unlisted):
            if row.writer is not None:
                self.triggers[row.id].append(row.writer)

    def is_regular(self, run: int, seen: set[int]) -> bool:
        whole = self.outermost.get(run, run)
        if whole in seen:
            return True
        seen.add(whole)
        triggers = self.triggers.get(whole, ())
        if not triggers and self.type_of.get(whole) in _BY_HAND:
            return False
        return all(self.is_regular(trigger, seen) for trigger in triggers)


def _upstream(dependencies: object) -> Iterator[int]:
    """Aliases of the runs that the facet `jobDependencies` names as upstream."""
    listed = dependencies.get("upstream") if isinstance(dependencies, Mapping) else None
    for each in listed if isinstance(listed, list) else ():
        run = each.get("run") if isinstance(each, Mapping) else None
        run_id = run.get("runId") if isinstance(run, Mapping) else None
        if isinstance(run_id, str):
            yield ids.run_id(run_id)


def _read_from() -> Select:
    """For each DAG run, the runs that last wrote what its tasks read, before it began."""
    inputs, tasks = t.run_dataset.alias("inputs"), t.run.alias("tasks")
    writer = (
        sa.select(t.run_dataset.c.run_id)
        .where(
            t.run_dataset.c.dataset_id == inputs.c.dataset_id,
            t.run_dataset.c.written_at <= t.run.c.at,
        )
        .order_by(t.run_dataset.c.written_at.desc())
        .limit(1)
        .correlate(inputs, t.run)
        .scalar_subquery()
    )
    return (
        sa.select(t.run.c.id, writer.label("writer"))
        .join_from(t.run, tasks, tasks.c.dag_run == t.run.c.id)
        .join(inputs, sa.and_(inputs.c.run_id == tasks.c.id, inputs.c.role == "input"))
        .where(among(t.run.c.id))
        .distinct()
    )


_READ_FROM = _read_from()
