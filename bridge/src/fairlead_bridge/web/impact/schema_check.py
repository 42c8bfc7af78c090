"""What a proposed schema of a dataset would break, asked before it is deployed."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from functools import partial

from fastapi import APIRouter

from fairlead_bridge.errors import NotFound
from fairlead_bridge.insight import schema_change
from fairlead_bridge.letters import column_key
from fairlead_bridge.queries import border, impact, lineage, schema_history
from fairlead_bridge.queries import columns as c
from fairlead_bridge.queries.assets import Asset
from fairlead_bridge.queries.impact import Downstream
from fairlead_bridge.queries.names import platform
from fairlead_bridge.queries.snapshot import Snapshot
from fairlead_bridge.web import render
from fairlead_bridge.web.impact import answers as a
from fairlead_bridge.web.impact import items
from fairlead_bridge.web.needs import needs
from fairlead_bridge.web.snapshots import CurrentSnapshot

_MOST = 1000
"""Uses that are listed; all are counted."""


router = APIRouter(tags=["lineage"], dependencies=[needs("viewer")])


@router.post("/schema-check")
def check_schema(snapshot: CurrentSnapshot, body: a.ProposedSchema) -> a.SchemaCheck:
    """
    Whether a dataset may get these columns: what would change, and what is made of it.

    A change is breaking where a column goes, probably gets another name, or gets a type that holds
    less or means something else on the platform. It is `safe` if nothing uses what breaks, and
    no reader may use it for all that the catalog knows.
    """
    return _checked(snapshot, _dataset(snapshot, body.dataset), body)


def _dataset(snapshot: Snapshot, node: str) -> Asset:
    found = lineage.find(snapshot, node)
    if not isinstance(found, Asset):
        raise NotFound(f"{node!r} is a job; a dataset has columns")
    return found


def _checked(snapshot: Snapshot, asset: Asset, body: a.ProposedSchema) -> a.SchemaCheck:
    changes = schema_change.changes(
        _present(snapshot, asset),
        [schema_change.Column(column.name, column.type) for column in body.columns],
        platform(asset.namespace),
        partial(column_key, asset.namespace),
    )
    broken = _Broken()
    for change in changes:
        if change.breaking:
            broken.add(snapshot, asset, change.column, body.depth)
    certain, unknown = ([u for u in broken.uses if u.certain == sure] for sure in (True, False))
    return a.SchemaCheck(
        dataset=render.dataset_node(asset.namespace, asset.name),
        safe=not broken.uses and broken.complete,
        changes=[
            a.ProposedChange(
                change=each.change,
                column=each.column,
                before=each.before,
                after=each.after,
                breaking=each.breaking,
            )
            for each in changes
        ],
        uses=certain[:_MOST],
        unknown=unknown[:_MOST],
        truncated=max(len(certain) - _MOST, 0) + max(len(unknown) - _MOST, 0),
        owners=sorted(broken.owners, key=lambda name: (-broken.owners[name], name)),
        kinds=dict(sorted(broken.kinds.items())),
        complete=broken.complete,
    )


@dataclass
class _Broken:
    """What breaking changes affect: each use, and what is affected counted once."""

    uses: list[a.Use] = field(default_factory=list)
    kinds: Counter[str] = field(default_factory=Counter)
    owners: Counter[str] = field(default_factory=Counter)
    counted: set[int] = field(default_factory=set)
    complete: bool = True

    def add(self, snapshot: Snapshot, asset: Asset, column: str, depth: int) -> None:
        below = impact.of_column(snapshot, asset, column, depth)
        self.uses += _uses(snapshot, column, below)
        figures = impact.count(snapshot, _without(below, self.counted))
        self.counted |= below.reached.keys()
        self.kinds.update(figures.kinds)
        self.owners.update(figures.owners_of_datasets)
        self.owners.update(figures.owners_of_dags)
        self.complete &= below.complete
        self.complete &= not border.goes_on(snapshot, {asset.id, *below.reached}, "down")


def _present(snapshot: Snapshot, asset: Asset) -> list[schema_change.Column]:
    """The columns of the schema; without one, those that column lineage names."""
    fields = schema_history.fields_of(snapshot, asset)
    if fields:
        return [schema_change.Column(item.name, item.type) for item in fields]
    return [schema_change.Column(name) for name in c.named(snapshot, asset)]


def _uses(snapshot: Snapshot, column: str, below: Downstream) -> list[a.Use]:
    known = impact.count(snapshot, below)
    shown = [each for each in below.nearest() if each.node in known.datasets | known.tasks]
    return [
        a.Use(uses=column, **item.model_dump())
        for item in items.affected(snapshot, below, shown[:_MOST])
    ]


def _without(below: Downstream, counted: set[int]) -> Downstream:
    """What was not counted for another column."""
    reached = {node: each for node, each in below.reached.items() if node not in counted}
    return Downstream(
        reached, below.datasets & reached.keys(), below.members, below.columns, below.complete
    )
