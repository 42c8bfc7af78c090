"""
Taking what was said of runs into the catalog.

A run's row is computed anew from all its facts whenever one comes, so a fact that comes late
counts as much as one that came in time. OpenLineage's runIds are aliases: an event that gives
nothing but a runId is kept under it until some event tells which run it names.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec
import sqlalchemy as sa

from fairlead_bridge import facts, ids
from fairlead_bridge.catalog import merge, rows
from fairlead_bridge.catalog.merge import Row
from fairlead_bridge.catalog.settle import settle, wrote_at
from fairlead_bridge.db import tables as t
from fairlead_bridge.db.engine import insert_new, upsert
from fairlead_bridge.facts import Change, RunDatasetFacts, RunFacts, Truth, Verdict

_SILENT = 0  # the try number of a task instance that sent no event
_SCHEMA = "schema"  # the note of a run_dataset that holds the schema's digest
#: Where a run tells how much it read or wrote; the first that is there counts.
_STATISTICS = ("outputStatistics", "inputStatistics", "dataQualityMetrics")
#: What can happen to a dataset without its data being written.
_NO_WRITE = ("ALTER", "DROP", "RENAME")
_FACT_COLUMNS = (
    "id",
    "job_id",
    "kind",
    "dag_id",
    "dag_run_id",
    "task_id",
    "map_index",
    "try_number",
    "dag_run",
    "instance",
    "parent_id",
    "root_id",
)
_json = msgspec.json.Encoder(order="deterministic")
_notes = msgspec.json.Decoder(dict[str, facts.Note])


class Told(NamedTuple):
    """What came of it."""

    changed: set[int]  # ids of runs that stand otherwise, contain one that does, or are no more
    written: dict[int, tuple[int | None, int | None]]  # dataset id -> (written_at, written_by)


def apply(tx: sa.Connection, changes: Sequence[Change]) -> Told:
    """Take in the runs, what they did to datasets, and what closing events say of them."""
    said = [item for change in changes for item in change.runs]
    touched = [item for change in changes for item in change.run_datasets]
    aliases = _Aliases(tx, said, touched)
    came = _came(said, aliases)
    stubs = _move_stubs(tx, aliases.moved, came)
    closing = _fold_verdicts(tx, changes)
    before, after, silent = _settle_all(tx, came, closing)
    changed = {key for key, row in after.items() if row != before.get(key)}
    upsert(tx, t.run, [_stored(after[key]) for key in changed])
    moved_data = [_data_facts(row, aliases.resolve(row["run_id"])) for row in stubs.data]
    data = [*moved_data, *(_run_dataset(item, aliases) for item in touched)]
    written = _data(tx, data, stubs.data, after, changed)
    containing = {after[key]["dag_run"] for key in changed} - {None}
    return Told(changed | containing | stubs.runs | silent, written)


def remember(tx: sa.Connection, changes: Iterable[tuple[int, Change]]) -> list[tuple[int, int]]:
    """(run id, event id) of each event that tells of a run, the aliases being known by now."""
    pairs = [
        (ids.run_id(run_id), event_id)
        for event_id, change in changes
        for run in change.runs
        for run_id in run.attempts
    ]
    known = rows.load(tx, t.run_alias, {alias for alias, _ in pairs})
    return [(known[alias]["id"], event_id) for alias, event_id in pairs]


# --- which run a runId names --------------------------------------------------------------------


class _Aliases:
    """runIds in this batch, resolved; `moved` are those that were kept under themselves so far."""

    def __init__(
        self, tx: sa.Connection, said: Sequence[RunFacts], touched: Sequence[RunDatasetFacts]
    ) -> None:
        names = {ids.run_id(run_id): run_id for run in said for run_id in run.attempts}
        named = {
            ids.run_id(run_id): run.id
            for run in sorted(said, key=lambda run: run.id)
            for run_id in run.attempts
            if run.id != ids.run_id(run_id)
        }
        asked = names.keys() | {run.parent_id for run in said if run.parent_id is not None}
        asked |= {item.run_id for item in touched}
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


def _came(said: Iterable[RunFacts], aliases: _Aliases) -> dict[int, RunFacts]:
    """The batch's facts by run."""
    came: dict[int, RunFacts] = {}
    for item in said:
        parent = None if item.parent_id is None else aliases.resolve(item.parent_id)
        own = aliases.resolve(item.id)
        resolved = msgspec.structs.replace(
            item, id=own, parent_id=None if parent == own else parent
        )
        came[own] = merge.run(came[own], resolved) if own in came else resolved
    return came


class _Stubs(NamedTuple):
    """What was kept under a bare runId, and is no more."""

    runs: set[int]  # ids
    data: list[Row]  # of run_dataset


def _move_stubs(tx: sa.Connection, moved: Mapping[int, int], came: dict[int, RunFacts]) -> _Stubs:
    """
    What was kept under a bare runId goes to the run it turned out to name; its children follow.

    What those stubs did to datasets is taken away here, and left to the caller to give back.
    """
    if not moved:
        return _Stubs(set(), [])
    stubs = rows.load(tx, t.run, moved)
    for alias, row in stubs.items():
        target = moved[alias]
        stub = msgspec.structs.replace(_facts(row), id=target)
        came[target] = merge.run(came[target], stub)
    rows.delete(tx, t.run.c.id, stubs)
    for row in rows.where_in(tx, t.run.c.parent_id, moved):
        child = _facts(row)
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
    return _Stubs(set(stubs), data)


# --- closing events -----------------------------------------------------------------------------


def _fold_verdicts(tx: sa.Connection, changes: Sequence[Change]) -> dict[tuple[int, str], int]:
    """The (DAG run, task) of each verdict that came and changed what was known; the task's job."""
    said = [item for change in changes for item in change.verdicts]
    came = rows.gather((((v.dag_run, v.task_id), _verdict_row(v)) for v in said), merge.verdict)
    jobs = {(v.dag_run, v.task_id): v.job_id for v in said}
    return {key: jobs[key] for key in rows.fold(tx, t.verdict, came, merge.verdict)}


def _verdict_row(item: Verdict) -> Row:
    return {
        "dag_run": item.dag_run,
        "task_id": item.task_id,
        "at": item.at,
        "state": item.state,
        "duration": item.duration,
    }


# --- states -------------------------------------------------------------------------------------


def _settle_all(
    tx: sa.Connection, came: dict[int, RunFacts], closing: Mapping[tuple[int, str], int]
) -> tuple[dict[int, Row], dict[int, Row], set[int]]:
    """
    The rows of every run that may stand otherwise now, before and after; and the ids of runs that
    are no more.

    A run's state hangs on its facts, on whether a later try of its instance is known, and on the
    verdict of its DAG run's closing event.
    """
    before = rows.load(tx, t.run, came)
    # An event that gives nothing but a runId does not tell the instance; the row it names does.
    instances = {run.instance for run in came.values()} | {r["instance"] for r in before.values()}
    for row in rows.where_in(tx, t.run.c.instance, instances - {None}):
        before.setdefault(row["id"], row)
    closed = {dag_run for dag_run, _ in closing}
    for row in rows.where_in(tx, t.run.c.dag_run, closed):
        if row["task_id"] is not None:
            before.setdefault(row["id"], row)
    known = {key: _facts(row) for key, row in before.items()}
    for key, run in came.items():
        known[key] = merge.run(known[key], run) if key in known else run
    gone = _speak_for_silent(tx, before, known, closing)
    verdicts = _verdicts_on(tx, known.values())
    tries = _last_tries(known.values())
    after = {
        key: _row(run, verdicts.get((run.dag_run, run.task_id)), tries)
        for key, run in known.items()
    }
    return before, after, gone


def _speak_for_silent(
    tx: sa.Connection,
    before: dict[int, Row],
    known: dict[int, RunFacts],
    closing: Mapping[tuple[int, str], int],
) -> set[int]:
    """
    Task instances that only the verdict names get a run of their own, until they speak.

    Returns the ids of those that go since they do.
    """
    speaking = {
        (run.dag_run, run.task_id)
        for run in known.values()
        if run.task_id is not None and _speaks(run)
    }
    silent = {
        _silent_id(dag_run, task_id): (dag_run, task_id)
        for dag_run, task_id in speaking
        if dag_run is not None and task_id is not None
    }
    stored = rows.load(tx, t.run, silent)
    gone = {key for key, row in stored.items() if not _speaks(known.get(key) or _facts(row))}
    rows.delete(tx, t.run.c.id, gone)
    for key in gone:
        known.pop(key, None)
        before.pop(key, None)
    for (dag_run, task_id), job_id in closing.items():
        if (dag_run, task_id) not in speaking:
            # The closing event itself tells of the DAG run.
            run = _silent(known[dag_run], dag_run, task_id, job_id)
            known[run.id] = run
    return gone


def _speaks(run: RunFacts) -> bool:
    """Whether anything but a verdict on its task tells of the run."""
    return bool(run.attempts) or run.told is not None


def _silent_id(dag_run: int, task_id: str) -> int:
    return ids.try_id(ids.instance_id(dag_run, task_id, -1), _SILENT)


def _silent(dag: RunFacts, dag_run: int, task_id: str, job_id: int) -> RunFacts:
    return RunFacts(
        id=_silent_id(dag_run, task_id),
        job_id=job_id,
        kind="task",
        dag_id=dag.dag_id,
        dag_run_id=dag.dag_run_id,
        task_id=task_id,
        map_index=-1,
        try_number=_SILENT,
        dag_run=dag_run,
        instance=ids.instance_id(dag_run, task_id, -1),
        parent_id=dag_run,
    )


def _verdicts_on(
    tx: sa.Connection, runs: Collection[RunFacts]
) -> dict[tuple[int | None, str | None], Truth]:
    keys = {
        (run.dag_run, run.task_id)
        for run in runs
        if run.dag_run is not None and run.task_id is not None
    }
    return {
        key: Truth(row["at"], row["state"], duration=row["duration"])
        for key, row in rows.load(tx, t.verdict, keys).items()
    }


def _last_tries(runs: Collection[RunFacts]) -> dict[int | None, int]:
    last: dict[int | None, int] = defaultdict(int)
    for run in runs:
        last[run.instance] = max(last[run.instance], run.try_number or 0)
    return last


# --- rows ---------------------------------------------------------------------------------------


def _row(run: RunFacts, verdict: Truth | None, tries: Mapping[int | None, int]) -> Row:
    last_try = run.instance is None or (run.try_number or 0) >= tries[run.instance]
    settled = settle(run, verdict, last_try=last_try)
    row: Row = {name: getattr(run, name) for name in _FACT_COLUMNS}
    row |= msgspec.structs.asdict(settled)
    row["kind"] = run.kind or "job"
    if not _speaks(run):  # Airflow counts a try for what it let succeed without running it
        row["try_number"] = int(settled.state in ("success", "failed"))
    row["facts"] = facts.encode(run)
    return row


def _stored(row: Row) -> Row:
    return {column.name: row[column.name] for column in t.run.columns}


def _facts(row: Row) -> RunFacts:
    said = facts.decode(row["facts"])
    told = {name: row[name] for name in _FACT_COLUMNS}
    if not said.attempts and said.told is None:
        told["try_number"] = _SILENT
    return RunFacts(**told, attempts=said.attempts, notes=said.notes, told=said.told)


# --- what runs did to datasets ------------------------------------------------------------------


def _run_dataset(item: RunDatasetFacts, aliases: _Aliases) -> RunDatasetFacts:
    return msgspec.structs.replace(item, run_id=aliases.resolve(item.run_id))


def _data(
    tx: sa.Connection,
    data: Sequence[RunDatasetFacts],
    left: Sequence[Row],
    current: Mapping[int, Row],
    changed: Collection[int],
) -> dict[int, tuple[int | None, int | None]]:
    """
    Merge what runs read and wrote; returns the new freshness of the datasets for which it changed.
    `left` are the rows that were taken away from runs that are no more.

    A dataset is as fresh as the end of the last successful run that wrote it.
    """
    came = rows.gather(
        (((i.run_id, i.dataset_id, i.role), _data_row(i)) for i in data), _merge_data
    )
    there = rows.load(tx, t.run_dataset, came)
    for row in rows.where_in(tx, t.run_dataset.c.run_id, changed):
        there.setdefault((row["run_id"], row["dataset_id"], row["role"]), row)
    wrote = _wrote(tx, current, {key[0] for key in came.keys() | there.keys()})
    fresh: list[Row] = []
    moved: dict[int, list[tuple[Row | None, Row]]] = defaultdict(list)
    for row in left:
        if row["written_at"] is not None:
            moved[row["dataset_id"]].append((row, row | {"written_at": None}))
    for key, merged in _merged(there, came).items():
        before = there.get(key)
        after = merged | {"written_at": wrote.get(key[0]) if _is_write(merged) else None}
        if after != before:
            fresh.append(after)
            if (before["written_at"] if before else None) != after["written_at"]:
                moved[key[1]].append((before, after))
    upsert(tx, t.run_dataset, fresh)
    return _freshness(tx, moved)


def _merged(there: Mapping[Any, Row], came: Mapping[Any, Row]) -> dict[Any, Row]:
    merged = dict(there)
    for key, row in came.items():
        merged[key] = _merge_data(there[key], row) if key in there else row
    return merged


def _wrote(
    tx: sa.Connection, current: Mapping[int, Row], wanted: Collection[int]
) -> dict[int, int | None]:
    """When these runs had written their outputs."""
    wrote = {key: row["wrote_at"] for key, row in current.items() if key in wanted}
    for key, row in rows.load(tx, t.run, set(wanted) - wrote.keys()).items():
        wrote[key] = wrote_at(_facts(row), row["state"], row["ended_at"], row["last_at"])
    return wrote


def _is_write(row: Row) -> bool:
    if row["role"] != "output":
        return False
    if b'"lifecycleStateChange"' not in row["facets"]:
        return True
    told = _notes.decode(row["facets"])["lifecycleStateChange"].value
    return told.get("lifecycleStateChange") not in _NO_WRITE


def _freshness(
    tx: sa.Connection, moved: Mapping[int, Sequence[tuple[Row | None, Row]]]
) -> dict[int, tuple[int | None, int | None]]:
    there = rows.load(tx, t.dataset, moved)
    fresh: dict[int, tuple[int | None, int | None]] = {}
    for dataset, pairs in moved.items():
        row = there.get(dataset)
        held = (row["written_at"], row["written_by"] or 0) if row else (None, None)
        if any(_was_the_last(before, held) for before, _ in pairs):
            fresh[dataset] = _newest_write(tx, dataset)
            continue
        writes = [
            (after["written_at"], after["run_id"]) for _, after in pairs if after["written_at"]
        ]
        known = [held] if held[0] is not None else []
        best = max([*known, *writes], default=(None, None))
        if best != held:
            fresh[dataset] = best
    return fresh


def _was_the_last(before: Row | None, held: tuple[int | None, int | None]) -> bool:
    return (
        before is not None
        and before["written_at"] is not None
        and ((before["written_at"], before["run_id"]) == held)
    )


def _newest_write(tx: sa.Connection, dataset: int) -> tuple[int | None, int | None]:
    columns = t.run_dataset.c
    found = tx.execute(
        sa.select(columns.written_at, columns.run_id)
        .where(columns.dataset_id == dataset, columns.written_at.is_not(None))
        .order_by(columns.written_at.desc(), columns.run_id.desc())
        .limit(1)
    ).first()
    return (found[0], found[1]) if found else (None, None)


def _data_row(item: RunDatasetFacts) -> Row:
    notes = item.facets
    if item.schema_digest is not None:
        notes = notes | {_SCHEMA: facts.Note(item.at, item.schema_digest.hex())}
    row_count, byte_count, file_count = _statistics(notes)
    return {
        "run_id": item.run_id,
        "dataset_id": item.dataset_id,
        "role": item.role,
        "at": item.at,
        "written_at": None,
        "row_count": row_count,
        "byte_count": byte_count,
        "file_count": file_count,
        "schema_digest": item.schema_digest,
        "facets": _json.encode(notes),
    }


def _data_facts(row: Row, run_id: int) -> RunDatasetFacts:
    return RunDatasetFacts(
        run_id=run_id,
        dataset_id=row["dataset_id"],
        role=row["role"],
        at=row["at"],
        schema_digest=row["schema_digest"],
        facets=_notes.decode(row["facets"]),
    )


def _merge_data(a: Row, b: Row) -> Row:
    notes = _merge_notes(a["facets"], b["facets"])
    row_count, byte_count, file_count = _statistics(notes)
    return a | {
        "at": max(a["at"], b["at"]),
        "row_count": row_count,
        "byte_count": byte_count,
        "file_count": file_count,
        "schema_digest": _schema_digest(notes),
        "facets": _json.encode(notes),
    }


def _merge_notes(a: bytes, b: bytes) -> dict[str, facts.Note]:
    return merge.notes(_notes.decode(a), _notes.decode(b))


def _schema_digest(notes: Mapping[str, facts.Note]) -> bytes | None:
    return bytes.fromhex(notes[_SCHEMA].value) if _SCHEMA in notes else None


def _statistics(notes: Mapping[str, facts.Note]) -> tuple[int | None, int | None, int | None]:
    """Rows, bytes and files that the newest statistics tell."""
    for name in _STATISTICS:
        if name in notes:
            told = notes[name].value
            size = told.get("size", told.get("bytes"))
            return _number(told.get("rowCount")), _number(size), _number(told.get("fileCount"))
    return None, None, None


def _number(value: object) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return int(value) if -(2**63) <= value < 2**63 else None
