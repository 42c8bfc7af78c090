"""A run's row: its facts, and what is computed from them."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from fairlead_bridge import facts
from fairlead_bridge.catalog.merge import Row
from fairlead_bridge.catalog.resolve import Around, end_with_application, resolve
from fairlead_bridge.db import tables as t
from fairlead_bridge.facts import ObservedState, RunFacts

#: The try number of a task instance that sent no event.
NO_EVENTS = 0
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
    at_run_end: ObservedState | None,
    tries: Mapping[int | None, int],
    around: Around | None = None,
) -> Row:
    """
    The run's current row; `tries` are the last try numbers known, by instance, and `around` is the
    end of the run that it ran inside.
    """
    last_try = run.instance is None or (run.try_number or 0) >= tries[run.instance]
    resolved = resolve(run, at_run_end, last_try=last_try)
    if around is not None:
        resolved = end_with_application(resolved, around)
    row: Row = {name: getattr(run, name) for name in _FACT_COLUMNS}
    row |= msgspec.structs.asdict(resolved)
    row["kind"] = run.kind or "job"
    row["processing"] = (
        run.properties["processing"].value if "processing" in run.properties else None
    )
    if not has_own_facts(
        run
    ):  # Airflow counts a try for a task that it marked successful without running it
        row["try_number"] = int(resolved.state in ("success", "failed"))
    row["facts"] = facts.encode(run)
    return row


def stored(row: Row) -> Row:
    """Only what the table has a column for."""
    return {column.name: row[column.name] for column in t.run.columns}


def facts_of(row: Row) -> RunFacts:
    """The facts that the row was computed from."""
    stored_facts = facts.decode(row["facts"])
    columns = {name: row[name] for name in _FACT_COLUMNS}
    if not stored_facts.attempts and stored_facts.observed is None:
        columns["try_number"] = NO_EVENTS
    return RunFacts(
        **columns,
        attempts=stored_facts.attempts,
        properties=stored_facts.properties,
        observed=stored_facts.observed,
    )


def has_own_facts(run: RunFacts) -> bool:
    """Whether the run has facts besides the state of its task at the end of the DAG run."""
    return bool(run.attempts) or run.observed is not None
