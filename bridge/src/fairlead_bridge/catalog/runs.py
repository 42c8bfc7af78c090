"""
Merges facts about runs into the catalog.

A run's row is computed anew from all its facts whenever one comes, so a fact that comes late
counts as much as one that came in time.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

import msgspec
import sqlalchemy as sa

from fairlead_bridge import ids
from fairlead_bridge.catalog import inferred, inside, merge, rows, run_data
from fairlead_bridge.catalog.aliases import Aliases, merge_stubs
from fairlead_bridge.catalog.merge import Row
from fairlead_bridge.catalog.run_rows import facts_of, row_of, stored
from fairlead_bridge.db import tables as t
from fairlead_bridge.db.bulk import upsert
from fairlead_bridge.facts import (
    Change,
    ObservedState,
    RunDatasetFacts,
    RunFacts,
    TaskStateAtRunEnd,
)


class RunChanges(NamedTuple):
    """What a batch changed."""

    changed: set[int]  # ids of runs that changed, contain one that did, or were removed
    written: dict[int, tuple[int | None, int | None]]  # dataset id -> (written_at, written_by)


def apply(tx: sa.Connection, changes: Sequence[Change], named: Sequence[Change]) -> RunChanges:
    """
    Merge the runs, what they did to datasets, and what closing events say of them.

    `named` are the changes with what was forgotten: which run a runId names holds all the same.
    """
    received = [item for change in changes for item in change.runs]
    accesses = [item for change in changes for item in change.run_datasets]
    aliases = Aliases(
        tx,
        [item for change in named for item in change.runs],
        [item for change in named for item in change.run_datasets],
    )
    came = _came(received, aliases)
    stubs = merge_stubs(tx, aliases.moved, came)
    closing = _fold_task_states(tx, changes)
    moved_data = [run_data.facts_of_row(row, aliases.resolve(row["run_id"])) for row in stubs.data]
    data = [*moved_data, *(_run_dataset(item, aliases) for item in accesses)]
    found = _merge(tx, came, closing, data, stubs.data)
    return RunChanges(found.changed | stubs.runs, found.written)


def again(tx: sa.Connection, facts: Iterable[RunFacts]) -> RunChanges:
    """Compute these runs anew from what the catalog holds around them now."""
    return _merge(tx, {run.id: run for run in facts}, {}, [], [])


def _merge(
    tx: sa.Connection,
    came: dict[int, RunFacts],
    closing: Mapping[tuple[int, str], int],
    data: Sequence[RunDatasetFacts],
    left: Sequence[Row],
) -> RunChanges:
    before, after, gone = _resolve_all(tx, came, closing)
    changed = {key for key, row in after.items() if stored(row) != before.get(key)}
    upsert(tx, t.run, [stored(after[key]) for key in changed])
    written = run_data.apply(tx, data, left, after, changed)
    containing = {after[key]["dag_run"] for key in changed} - {None}
    return RunChanges(changed | containing | gone, written)


def remember(tx: sa.Connection, changes: Iterable[tuple[int, Change]]) -> list[tuple[int, int]]:
    """(run id, event id) of each event about a run; its aliases are stored by now."""
    pairs = [
        (ids.run_id(run_id), event_id)
        for event_id, change in changes
        for run in change.runs
        for run_id in run.attempts
    ]
    known = rows.load(tx, t.run_alias, {alias for alias, _ in pairs})
    return [(known[alias]["id"], event_id) for alias, event_id in pairs]


def _came(received: Iterable[RunFacts], aliases: Aliases) -> dict[int, RunFacts]:
    """The batch's facts by run."""
    came: dict[int, RunFacts] = {}
    for item in received:
        parent = None if item.parent_id is None else aliases.resolve(item.parent_id)
        own = aliases.resolve(item.id)
        resolved = msgspec.structs.replace(
            item, id=own, parent_id=None if parent == own else parent
        )
        came[own] = merge.run(came[own], resolved) if own in came else resolved
    return came


# --- closing events -----------------------------------------------------------------------------


def _fold_task_states(tx: sa.Connection, changes: Sequence[Change]) -> dict[tuple[int, str], int]:
    """{(DAG run, task): job} of the task states that changed."""
    received = [item for change in changes for item in change.task_states]
    came = rows.gather(
        (((v.dag_run, v.task_id), _task_state_row(v)) for v in received), merge.task_state
    )
    jobs = {(v.dag_run, v.task_id): v.job_id for v in received}
    return {
        key: jobs[key] for key in rows.fold(tx, t.task_state_at_run_end, came, merge.task_state)
    }


def _task_state_row(item: TaskStateAtRunEnd) -> Row:
    return {
        "dag_run": item.dag_run,
        "task_id": item.task_id,
        "at": item.at,
        "state": item.state,
        "duration": item.duration,
    }


# --- states -------------------------------------------------------------------------------------


def _resolve_all(
    tx: sa.Connection, came: dict[int, RunFacts], closing: Mapping[tuple[int, str], int]
) -> tuple[dict[int, Row], dict[int, Row], set[int]]:
    """
    Return the rows of every run that may have changed, before and after, and the ids of removed
    runs.

    A run's state depends on its facts, on whether a later try of its instance is known, and on
    the task states of its DAG run's closing event.
    """
    before = rows.load(tx, t.run, came)
    # An event that gives nothing but a runId does not give the instance; the row it names does.
    instances = {run.instance for run in came.values()} | {r["instance"] for r in before.values()}
    for row in rows.where_in(tx, t.run.c.instance, instances - {None}):
        before.setdefault(row["id"], row)
    closed = {dag_run for dag_run, _ in closing}
    for row in rows.where_in(tx, t.run.c.dag_run, closed):
        if row["task_id"] is not None:
            before.setdefault(row["id"], row)
    known = {key: facts_of(row) for key, row in before.items()}
    for key, run in came.items():
        known[key] = merge.run(known[key], run) if key in known else run
    gone = inferred.infer_missing_runs(tx, before, known, closing)
    task_states = _task_states_of(tx, known.values())
    tries = _last_tries(known.values())
    after = {
        key: row_of(run, task_states.get((run.dag_run, run.task_id)), tries)
        for key, run in known.items()
    }
    inside.end_inner_runs(tx, before, known, after)
    return before, after, gone


def _task_states_of(
    tx: sa.Connection, runs: Collection[RunFacts]
) -> dict[tuple[int | None, str | None], ObservedState]:
    keys = {
        (run.dag_run, run.task_id)
        for run in runs
        if run.dag_run is not None and run.task_id is not None
    }
    return {
        key: ObservedState(row["at"], row["state"], duration=row["duration"])
        for key, row in rows.load(tx, t.task_state_at_run_end, keys).items()
    }


def _last_tries(runs: Collection[RunFacts]) -> dict[int | None, int]:
    last: dict[int | None, int] = defaultdict(int)
    for run in runs:
        last[run.instance] = max(last[run.instance], run.try_number or 0)
    return last


def _run_dataset(item: RunDatasetFacts, aliases: Aliases) -> RunDatasetFacts:
    return msgspec.structs.replace(item, run_id=aliases.resolve(item.run_id))
