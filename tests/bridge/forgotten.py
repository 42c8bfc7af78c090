"""Histories of events in which jobs, datasets and namespaces are forgotten, and the catalog after."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from fairlead_bridge.catalog import forget
from fairlead_bridge.catalog.forget import Node
from fairlead_bridge.db import tables as t
from fairlead_bridge.db.engine import one_absorber, reading, writing
from fairlead_bridge.facts import Change
from fairlead_bridge.mapping import grouping
from tests.bridge import absorbing


@dataclass(frozen=True, slots=True)
class Deletion:
    """These are forgotten until `at` (microseconds)."""

    nodes: tuple[Node, ...]
    at: int


Step = Change | Deletion


def play(db: sa.Engine, steps: Sequence[Step], batch: int = 500) -> dict[str, Any]:
    """
    The catalog after these steps; events between two deletions are absorbed in batches.

    Where a deletion says that it is partial, all events so far are absorbed again, as from the log.
    """
    log: list[Change] = []
    waiting: list[Change] = []
    for step in steps:
        if isinstance(step, Change):
            waiting.append(step)
            continue
        absorbing.absorb(db, waiting, batch)
        log, waiting = log + waiting, []
        with writing(db) as tx:
            one_absorber(tx)
            found = forget.apply(tx, step.nodes, step.at, grouping.assets, log_is_whole=True)
        if found.is_partial:
            absorbing.absorb(db, log, batch)
    absorbing.absorb(db, waiting, batch)
    with reading(db) as tx:
        forgotten = sorted(map(tuple, tx.execute(sa.select(t.forgotten))))
    return {**absorbing.dump(db), "forgotten": forgotten}


def nodes_of(db: sa.Engine) -> list[Node]:
    """Every job, dataset and namespace of the catalog."""
    with reading(db) as tx:
        found = [
            Node(kind, row.namespace, row.name, row.id)
            for kind, table in (("job", t.job), ("dataset", t.dataset))
            for row in tx.execute(sa.select(table).order_by(table.c.id))
        ]
    return found + [Node("namespace", each) for each in sorted({node.namespace for node in found})]


def deletions(
    chance: random.Random, nodes: Sequence[Node], changes: Sequence[Change], number: int
) -> list[Deletion]:
    """Some deletions of a few nodes each, at times of the events or between them."""
    times = sorted({change.at for change in changes})
    return [
        Deletion(
            tuple(chance.sample(nodes, chance.randint(1, min(3, len(nodes))))),
            chance.choice(times) + chance.choice((-1, 0, 1)),
        )
        for _ in range(number)
    ]
