"""
What each table holds for a caller who sees some namespaces.

A job, a dataset or a run is seen by its namespace; all else by what it is about. An edge is seen where
both of its ends are. Where only one is, `BORDER` says so, and nothing of the other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from fairlead_bridge.db import tables as t
from fairlead_bridge.db.views import Views, whole
from fairlead_bridge.documents import Json

#: What stands for the name of something that the caller does not see.
RESTRICTED = "restricted"

#: Where the lineage of what is seen goes on beyond it, in a transaction of a scope: a node, the way
#: that leads out of sight, and since when.
BORDER = sa.table(
    "border",
    sa.column("node_id", sa.BigInteger),
    sa.column("way", sa.Text),  # "up" or "down"
    sa.column("kind", sa.Text),
    sa.column("first_at", sa.BigInteger),
    sa.column("last_at", sa.BigInteger),
)

Condition = sa.ColumnElement[bool]
Columns = sa.ColumnCollection[str, Any]


@dataclass(frozen=True, slots=True)
class Seen:
    """
    The namespaces of jobs and of datasets that are seen, and the patterns of expectations and of
    maintenance windows that may concern them.
    """

    jobs: tuple[str, ...]
    datasets: tuple[str, ...]
    statements: tuple[str, ...] = ()
    windows: tuple[str, ...] = ()


def views(dialect: sa.Dialect, seen: Seen) -> Views:
    """What stands instead of every table. Raises KeyError for a table that `_Rules` forgets."""
    rules = _Rules(dialect, seen)
    selects: dict[str, sa.Select[Any] | sa.CompoundSelect[Any]] = {}
    for name, table in t.metadata.tables.items():
        if table is not t.content:  # a body is found by the digest of something that is seen
            selects[name] = rules.select(table)
    selects[BORDER.name] = rules.border()
    return Views(dialect, selects)


class _Rules:
    def __init__(self, dialect: sa.Dialect, seen: Seen) -> None:
        self._seen = seen
        self._whole = {table: whole(dialect, table) for table in t.metadata.tables.values()}

    def select(self, table: sa.Table) -> sa.Select[Any]:
        rows = self._whole[table]
        condition = _CONDITIONS[table.name](self, rows.c)
        hide = _HIDDEN.get(table.name)
        hidden = hide(self, rows.c) if hide else {}
        columns = [hidden.get(column.name, column).label(column.name) for column in rows.c]
        return sa.select(*columns).where(condition)

    def border(self) -> sa.CompoundSelect[Any]:
        edge = self._whole[t.edge].c
        return sa.union_all(
            *(
                sa.select(
                    near.label("node_id"),
                    sa.literal(way).label("way"),
                    edge.kind,
                    edge.first_at,
                    edge.last_at,
                ).where(self.node(near), ~self.node(far))
                for way, near, far in (("down", edge.src, edge.dst), ("up", edge.dst, edge.src))
            )
        )

    def table(self, table: sa.Table) -> sa.Table:
        """The table with all of its rows."""
        return self._whole[table]

    # --- whether a row's thing is seen --------------------------------------------------------

    def job(self, id: sa.ColumnElement[Any]) -> Condition:
        job = self._whole[t.job].alias("a_job").c
        return sa.exists().where(job.id == id, job.namespace.in_(self._seen.jobs))

    def dataset(self, id: sa.ColumnElement[Any]) -> Condition:
        name = self._whole[t.dataset].alias("a_name").c
        return sa.exists().where(name.id == id, self.of_dataset(name))

    def of_dataset(self, name: Any) -> Condition:
        """Of a name: it is in sight, and the asset that it belongs to."""
        asset = self._whole[t.dataset].alias("an_asset").c
        belongs = sa.exists().where(
            asset.id == name.asset_id, asset.namespace.in_(self._seen.datasets)
        )
        return sa.and_(
            name.namespace.in_(self._seen.datasets), sa.or_(name.asset_id == name.id, belongs)
        )

    def node(self, id: sa.ColumnElement[Any]) -> Condition:
        return sa.or_(self.job(id), self.dataset(id))

    def run(self, id: sa.ColumnElement[Any]) -> Condition:
        run = self._whole[t.run].alias("a_run").c
        return sa.exists().where(run.id == id, self.job(run.job_id))

    def event(self, id: sa.ColumnElement[Any]) -> Condition:
        of_run = self._whole[t.run_event].alias("of_run").c
        of_job = self._whole[t.job_event].alias("of_job").c
        return sa.or_(
            sa.exists().where(of_run.event_id == id, self.run(of_run.run_id)),
            sa.exists().where(of_job.event_id == id, self.job(of_job.job_id)),
        )

    def incident(self, id: sa.ColumnElement[Any]) -> Condition:
        incident = self._whole[t.incident].alias("an_incident").c
        affected = self._whole[t.incident_affected].alias("affected").c
        return sa.or_(
            sa.exists().where(incident.id == id, self.node(incident.node_id)),
            sa.exists().where(affected.incident_id == id, self.node(affected.node_id)),
        )

    def cause_of(self, id: sa.ColumnElement[object]) -> Condition:
        incident = self._whole[t.incident].alias("an_incident").c
        return sa.exists().where(incident.id == id, self.node(incident.node_id))

    def all_affected(self, id: sa.ColumnElement[object]) -> Condition:
        """Whether everything that the incident ever affected is seen."""
        affected = self._whole[t.incident_affected].alias("affected").c
        return ~sa.exists().where(affected.incident_id == id, ~self.node(affected.node_id))

    def assigned_by_hand(self, id: sa.ColumnElement[object], owner: object) -> Condition:
        entry = self._whole[t.incident_entry].alias("an_entry").c
        of_it = sa.and_(entry.incident_id == id, entry.what == "assigned")
        return sa.exists().where(of_it, entry.by.is_not(None), entry.text == owner)

    def entry(self, kind: sa.ColumnElement[Any], key: sa.ColumnElement[Any]) -> Condition:
        seen: Mapping[str, Callable[[sa.ColumnElement[Any]], Condition]] = {
            "job": self.job,
            "dataset": self.dataset,
            "run": self.run,
            "event": self.event,
            "incident": self.incident,
        }
        return sa.or_(*(sa.and_(kind == name, of(key)) for name, of in seen.items()))

    def statement(self, c: Any) -> Condition:
        applies = sa.and_(c.target.is_(None), c.node.in_(self._seen.statements))
        return sa.or_(self.node(c.target), applies)


def _only_if(
    condition: Condition, column: sa.ColumnElement[object], instead: object
) -> sa.Case[Any]:
    return sa.case((condition, column), else_=instead)


def _nothing(_rules: _Rules, _c: object) -> Condition:
    return sa.false()


#: Of each table: whether a row is seen.
_CONDITIONS: Mapping[str, Callable[[_Rules, Any], Condition]] = {
    "event": lambda see, c: see.event(c.id),
    "waiting": _nothing,  # it is not known yet whose they are
    "quarantine": lambda see, c: see.event(c.event_id),
    "refused": lambda see, c: see.event(c.event_id),
    "pulse": _nothing,
    "run_event": lambda see, c: see.run(c.run_id),
    "job_event": lambda see, c: see.job(c.job_id),
    "job": lambda see, c: c.namespace.in_(see._seen.jobs),
    "deployment": lambda see, c: c.namespace.in_(see._seen.jobs),
    "dataset": lambda see, c: see.of_dataset(c),
    "dataset_name": lambda see, c: see.dataset(c.dataset_id),
    "symlink": lambda see, c: sa.and_(see.dataset(c.dataset_id), see.dataset(c.other_id)),
    "facet": lambda see, c: see.node(c.owner_id),
    "schema_version": lambda see, c: see.dataset(c.dataset_id),
    "column_lineage": lambda see, c: sa.and_(see.dataset(c.dataset_id), see.job(c.job_id)),
    "column_lineage_version": lambda see, c: sa.and_(see.dataset(c.dataset_id), see.job(c.job_id)),
    "code_version": lambda see, c: see.job(c.job_id),
    "dag_version": lambda see, c: see.job(c.job_id),
    "assertion": lambda see, c: see.dataset(c.dataset_id),
    "observation": lambda see, c: see.node(c.owner_id),
    "forgotten": _nothing,
    "edge": lambda see, c: sa.and_(see.node(c.src), see.node(c.dst)),
    "run": lambda see, c: see.job(c.job_id),
    "run_alias": lambda see, c: see.run(c.id),
    "run_dataset": lambda see, c: sa.and_(see.run(c.run_id), see.dataset(c.dataset_id)),
    "verdict": lambda see, c: see.run(c.dag_run),
    "expectation": lambda see, c: see.statement(c),
    "delivery": lambda see, c: see.entry(c.kind, c.key),
    "sink": lambda _see, _c: sa.true(),
    "watch": lambda see, c: see.node(c.node_id),
    "incident": lambda see, c: see.incident(c.id),
    "incident_affected": lambda see, c: see.node(c.node_id),
    "incident_entry": lambda see, c: see.incident(c.incident_id),
    "maintenance": lambda see, c: sa.or_(c.namespace.is_(None), c.namespace.in_(see._seen.windows)),
    "access_key": _nothing,
    "signing_secret": _nothing,
    "ended_session": _nothing,
    "audit": _nothing,
    "audit_retention": _nothing,
}


def _of_incident(see: _Rules, c: Any) -> dict[str, sa.ColumnElement[object]]:
    """An incident whose cause is out of sight is seen where it affects something that is not."""
    seen = see.node(c.node_id)
    instead: Json = {
        **dict.fromkeys(("cause", "node", "text"), RESTRICTED),
        **dict.fromkeys(("run_id", "resolved_by", "acknowledged_by", "muted_by")),
        "path": "[]",
    }
    owner = sa.or_(see.all_affected(c.id), see.assigned_by_hand(c.id, c.assigned_to))
    return {
        **{name: _only_if(seen, c[name], other) for name, other in instead.items()},
        "assigned_to": _only_if(sa.and_(seen, owner), c.assigned_to, None),
    }


#: Entries whose text names what an incident affects, who owns that, or another cause.
_NAMING = ("joined", "standing", "assigned", "cause")


def _of_incident_entry(see: _Rules, c: Any) -> dict[str, sa.ColumnElement[object]]:
    seen = see.cause_of(c.incident_id)
    of_it = sa.or_(c.what.not_in(_NAMING), c.by.is_not(None), see.all_affected(c.incident_id))
    return {
        **{name: _only_if(seen, c[name], None) for name in ("by", "cause")},
        "text": _only_if(sa.and_(seen, of_it), c.text, None),
    }


def _of_dataset(see: _Rules, c: Any) -> dict[str, sa.ColumnElement[object]]:
    """
    When it was named first and last is what those said who are seen, where others named it too: who
    may not see a reader must not see when it reads.
    """
    edge = see.table(t.edge).alias("an_edge").c
    sides = [(edge.src, edge.dst), (edge.dst, edge.src)]
    others = sa.or_(*(sa.exists().where(near == c.id, ~see.node(far)) for near, far in sides))
    found: dict[str, sa.ColumnElement[Any]] = {}
    for name, newest, above in (("first_at", sa.func.min, False), ("last_at", sa.func.max, True)):
        read, written = (
            sa.select(newest(edge[name])).where(near == c.id, see.node(far)).scalar_subquery()
            for near, far in sides
        )
        first = sa.case((read > written if above else read < written, read), else_=written)
        found[name] = sa.case((others, sa.func.coalesce(first, read, c[name])), else_=c[name])
    return {"written_by": _only_if(see.run(c.written_by), c.written_by, None), **found}


#: Of some tables: what stands in columns that speak of something else.
_HIDDEN: Mapping[str, Callable[[_Rules, Any], dict[str, sa.ColumnElement[Any]]]] = {
    "dataset": _of_dataset,
    "sink": lambda _see, c: {
        "error": sa.cast(sa.null(), c.error.type),  # it may name entries
        "error_at": sa.cast(sa.null(), c.error_at.type),
    },
    "incident": _of_incident,
    "incident_entry": _of_incident_entry,
}
