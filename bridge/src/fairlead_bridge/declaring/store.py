"""What is declared now beside what was: the events that say the difference, stored in the inbox."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import msgspec
import sqlalchemy as sa

from fairlead_bridge import ids, inbox
from fairlead_bridge.db import tables as t
from fairlead_bridge.db.bulk import chunks
from fairlead_bridge.declaring import events
from fairlead_bridge.declaring.events import Stored
from fairlead_bridge.declaring.nouns import Declared, Flow, Ref
from fairlead_bridge.facts import DECLARATION

#: The source of the events in the inbox.
SOURCE = "declare"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Identify = Callable[[str, str], int | None]


@dataclass(slots=True)
class Plan:
    """What changes: nodes of datasets and jobs, and the events that say so."""

    added: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    withdrawn: list[str] = field(default_factory=list)
    unchanged: int = 0
    bodies: list[bytes] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Known:
    """A dataset or a job that is declared, and by what."""

    ref: Ref
    stored: Stored
    at: int  # microseconds


def plan(
    tx: sa.Connection,
    declared: Iterable[Declared],
    source: str,
    identify: Identify,
    now: int,
    prune: bool,
    sees: Callable[[str], bool] = lambda _: True,
) -> Plan:
    """
    Compare what is declared with what `source` declared before. `now` is in microseconds.

    With `prune`, what it declared before and does not any more is withdrawn, in the namespaces that
    the one who declares sees.
    """
    at = _EPOCH + timedelta(microseconds=now)
    before = {
        id: known
        for id, known in _known(tx)
        if known.stored.source == source and sees(known.ref.namespace)
    }
    found = Plan()
    seen: set[int] = set()
    for each in _without_what_events_report(tx, list(declared), identify):
        id = _id(each.ref, identify)
        seen.add(id)
        known = before.get(id)
        if known is not None and known.stored.digest == events.digest(each):
            found.unchanged += 1
            continue
        (found.added if known is None else found.changed).append(each.ref.node)
        found.bodies.append(events.event(each, source, known.stored if known else None, at))
    for id, known in sorted(before.items()) if prune else ():
        if id not in seen:
            found.withdrawn.append(known.ref.node)
            found.bodies.append(events.withdrawal(known.ref, known.stored, at))
    return found


def apply(tx: sa.Connection, found: Plan, now: int) -> None:
    """Store the events of the plan. `now` is in microseconds."""
    inbox.put(tx, found.bodies, SOURCE, now)


def listed(tx: sa.Connection) -> list[Known]:
    """Everything that is declared, by namespace and name."""
    return sorted((known for _, known in _known(tx)), key=lambda known: known.ref)


_OF_FACET = (
    sa.select(t.facet.c.owner_id, t.facet.c.at, t.content.c.body)
    .join_from(t.facet, t.content, t.content.c.digest == t.facet.c.digest)
    .where(t.facet.c.name == DECLARATION)
)


def _known(tx: sa.Connection) -> Iterable[tuple[int, Known]]:
    """What is declared and was not withdrawn, by the id of the dataset or the job."""
    stored = {row.owner_id: (row.at, _stored(row.body)) for row in tx.execute(_OF_FACET)}
    for kind, table in (("dataset", t.dataset), ("job", t.job)):
        for some in chunks(list(stored)):
            names = sa.select(table.c.id, table.c.namespace, table.c.name)
            for row in tx.execute(names.where(table.c.id.in_(some))):
                at, marked = stored[row.id]
                if marked is not None and marked.digest:
                    ref = Ref("dataset" if kind == "dataset" else "job", row.namespace, row.name)
                    yield row.id, Known(ref, marked, at)


def _stored(body: bytes) -> Stored | None:
    """None where another program sent a facet of this name that says something else."""
    try:
        return msgspec.json.decode(body, type=Stored)
    except msgspec.ValidationError:
        return None


def _id(ref: Ref, identify: Identify) -> int:
    if ref.kind == "job":
        return ids.job_id(ref.namespace, ref.name)
    return identify(ref.namespace, ref.name) or ids.dataset_id(ref.namespace, ref.name)


def _without_what_events_report(
    tx: sa.Connection, declared: list[Declared], identify: Identify
) -> list[Declared]:
    """
    The declarations; of those that are for want of events, without columns where a run showed
    a schema, and without what they are made of where a job is known to write them.
    """
    targets = {each.ref: _id(each.ref, identify) for each in declared if each.is_fallback}
    members = _members(tx, targets.values())
    everyone = {member for some in members.values() for member in some}
    shown = _some_of(
        tx, t.schema_version.c.dataset_id, everyone, t.schema_version.c.first_run.is_not(None)
    )
    written = _some_of(
        tx, t.edge.c.dst, everyone, t.edge.c.kind == "data", t.edge.c.is_derived == 0
    )
    found = []
    for each in declared:
        own = members.get(targets.get(each.ref, 0), set())
        if each.is_fallback and own & shown:
            each = msgspec.structs.replace(each, columns=())
        if each.is_fallback and own & written:
            each = msgspec.structs.replace(each, flow=Flow())
        found.append(each)
    return found


def _members(tx: sa.Connection, datasets: Collection[int]) -> Mapping[int, set[int]]:
    """The datasets of the same asset, by each of these."""
    found: dict[int, set[int]] = {id: {id} for id in datasets}
    other = t.dataset.alias()
    for some in chunks(list(datasets)):
        pairs = sa.select(t.dataset.c.id, other.c.id.label("member")).join_from(
            t.dataset, other, other.c.asset_id == t.dataset.c.asset_id
        )
        for row in tx.execute(pairs.where(t.dataset.c.id.in_(some))):
            found[row.id].add(row.member)
    return found


def _some_of(
    tx: sa.Connection,
    column: sa.Column[int],
    datasets: Collection[int],
    *where: sa.ColumnElement[bool],
) -> set[int]:
    """Those of the datasets that have such a row."""
    found: set[int] = set()
    for some in chunks(sorted(datasets)):
        found.update(tx.scalars(sa.select(column).where(column.in_(some), *where).distinct()))
    return found
