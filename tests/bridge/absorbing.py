"""Absorbing events in tests: what `absorb_waiting` does, without an inbox, and a look at the result."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from fairlead_bridge.catalog import write
from fairlead_bridge.db import tables as t
from fairlead_bridge.db.engine import one_absorber, reading, writing
from fairlead_bridge.errors import Malformed
from fairlead_bridge.facts import Change
from fairlead_bridge.mapping import grouping
from fairlead_bridge.mapping.identity import Normaliser
from fairlead_bridge.mapping.translate import Translator
from fairlead_bridge.monitoring import queue

CATALOG = (
    t.job,
    t.dataset,
    t.dataset_name,
    t.symlink,
    t.facet,
    t.schema_version,
    t.column_lineage,
    t.column_lineage_version,
    t.code_version,
    t.dag_version,
    t.assertion,
    t.edge,
    t.run,
    t.run_alias,
    t.run_dataset,
    t.task_state_at_run_end,
    t.deployment,
    t.observation,
)


def understand(bodies: Sequence[bytes]) -> list[Change]:
    """The changes of those events that can be understood."""
    translate = Translator(Normaliser())
    changes = []
    for body in bodies:
        try:
            changes.append(translate(body))
        except Malformed:
            continue
    return changes


def absorb(db: sa.Engine, changes: Sequence[Change], batch: int = 500) -> None:
    for start in range(0, len(changes), batch):
        with writing(db) as tx:
            one_absorber(tx)
            changed = write.apply(tx, changes[start : start + batch], grouping.assets)
            queue.changed(tx, changed, 0)


def dump(db: sa.Engine) -> dict[str, list[dict[str, Any]]]:
    """The whole catalog, row by row, in the order of its keys."""
    with reading(db) as tx:
        return {
            table.name: sorted(
                (dict(row) for row in tx.execute(sa.select(table)).mappings()),
                key=lambda row: [row[column.name] for column in table.primary_key],
            )
            for table in CATALOG
        }
