"""A run's row: its facts, and what is computed of them."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from fairlead_bridge import facts
from fairlead_bridge.catalog.merge import Row
from fairlead_bridge.catalog.resolve import Around, settle, settle_inside
from fairlead_bridge.db import tables as t
from fairlead_bridge.facts import RunFacts, Truth

#: The try number of a task instance that sent no event.
SILENT = 0
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


def row_of(
    run: RunFacts,
    verdict: Truth | None,
    tries: Mapping[int | None, int],
    around: Around | None = None,
) -> Row:
    """
    The row as it stands; `tries` are the last try numbers known, by instance, and `around` is the
    end of the run that it ran inside.
    """
    last_try = run.instance is None or (run.try_number or 0) >= tries[run.instance]
    settled = settle(run, verdict, last_try=last_try)
    if around is not None:
        settled = settle_inside(settled, around)
    row: Row = {name: getattr(run, name) for name in _FACT_COLUMNS}
    row |= msgspec.structs.asdict(settled)
    row["kind"] = run.kind or "job"
    row["processing"] = run.notes["processing"].value if "processing" in run.notes else None
    if not speaks(run):  # Airflow counts a try for what it let succeed without running it
        row["try_number"] = int(settled.state in ("success", "failed"))
    row["facts"] = facts.encode(run)
    return row


def stored(row: Row) -> Row:
    """Only what the table has a column for."""
    return {column.name: row[column.name] for column in t.run.columns}


def facts_of(row: Row) -> RunFacts:
    """What the row was computed of."""
    said = facts.decode(row["facts"])
    told = {name: row[name] for name in _FACT_COLUMNS}
    if not said.attempts and said.told is None:
        told["try_number"] = SILENT
    return RunFacts(**told, attempts=said.attempts, notes=said.notes, told=said.told)


def speaks(run: RunFacts) -> bool:
    """Whether anything but a verdict on its task tells of the run."""
    return bool(run.attempts) or run.told is not None
