"""Incidents in the database: what is known of some nodes, and the steps of a plan written."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from fairlead_bridge.db import tables as t
from fairlead_bridge.db.bulk import chunks, upsert
from fairlead_bridge.documents import Json
from fairlead_bridge.insight.incidents import (
    APART,
    OLDEST,
    Apart,
    Assessment,
    Cause,
    Known,
    Step,
)

_i, _a = t.incident.c, t.incident_affected.c
#: Labels that a line of the timeline names.
_NAMED = 5


def of_nodes(
    tx: sa.Connection, nodes: Iterable[int], causes: Iterable[str], apart: Apart | None = None
) -> list[Known]:
    """
    The open incidents that affect one of the nodes or have one of the causes.

    Those of the kind that is `apart`, or without one all that are not apart.
    """
    ids: set[int] = set()
    for some in chunks(sorted(set(nodes))):
        affecting = sa.select(_a.incident_id).where(_a.until_at.is_(None), _a.node_id.in_(some))
        ids.update(tx.scalars(affecting))
    for keys in chunks(sorted(set(causes))):
        ids.update(tx.scalars(sa.select(_i.id).where(_i.state != "resolved", _i.cause.in_(keys))))
    rows: list[Any] = []
    affected: dict[int, dict[int, str]] = {}
    for part in chunks(sorted(ids)):
        rows += tx.execute(sa.select(t.incident).where(_i.id.in_(part))).all()
        members = sa.select(_a.incident_id, _a.node_id, _a.standing)
        for row in tx.execute(members.where(_a.incident_id.in_(part), _a.until_at.is_(None))):
            affected.setdefault(row.incident_id, {})[row.node_id] = row.standing
    return [
        _known(row, affected.get(row.id, {}))
        for row in rows
        if row.state != "resolved" and (row.kind == apart if apart else row.kind not in APART)
    ]


def affected_by(tx: sa.Connection, jobs: Iterable[int]) -> set[int]:
    """The nodes that open incidents affect whose cause is one of these jobs, or a task of one."""
    found: set[int] = set()
    for some in chunks(sorted(set(jobs))):
        of_jobs = (
            sa.select(_a.node_id)
            .join(t.incident, _i.id == _a.incident_id)
            .join(t.job, t.job.c.id == _i.node_id)
            .where(_i.state != "resolved", _a.until_at.is_(None))
            .where(sa.or_(t.job.c.id.in_(some), t.job.c.parent_id.in_(some)))
        )
        found.update(tx.scalars(of_jobs))
    return found


def resolved(tx: sa.Connection, causes: Iterable[str], now: int) -> list[Known]:
    """The newest resolved incident of each of these causes."""
    newest: Json = {}
    for keys in chunks(sorted(set(causes))):
        recent = sa.and_(_i.cause.in_(keys), _i.resolved_at >= now - OLDEST)
        statement = sa.select(t.incident).where(_i.state == "resolved", recent)
        for row in tx.execute(statement.order_by(_i.resolved_at, _i.id)):
            newest[row.cause] = row
    return [_known(row, {}) for row in newest.values()]


def _known(row: Any, affected: Mapping[int, str]) -> Known:
    return Known(
        row.id,
        row.state,
        row.severity,
        Cause(
            row.cause,
            row.kind,
            row.node_id,
            row.node,
            row.run_id,
            row.at,
            row.text,
            tuple(json.loads(row.path)),
        ),
        affected,
        row.resolved_at,
        row.resolved_by,
    )


# --- writing --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Changed:
    """Ids of incidents whose state, severity or cause changed, and of those that changed otherwise."""

    differing: list[int] = field(default_factory=list)
    joined: list[int] = field(default_factory=list)  # affect more than before
    others: list[int] = field(default_factory=list)  # affect less, or differ in their newest run

    def with_others(self, more: Changed) -> Changed:
        """These and more of them."""
        return Changed(
            [*self.differing, *more.differing],
            [*self.joined, *more.joined],
            [*self.others, *more.others],
        )


def apply(tx: sa.Connection, steps: Sequence[Step], now: int) -> Changed:
    """Write the steps; returns which incidents changed."""
    changed = Changed()
    for step in sorted(steps, key=_resolving_first):
        id, differs = _open(tx, step, now) if step.incident is None else _change(tx, step, now)
        _write_affected(tx, id, step, now)
        kind = changed.joined if step.joined else changed.others
        (changed.differing if differs else kind).append(id)
    return changed


def _resolving_first(step: Step) -> tuple[bool, int]:
    """An incident leaves its cause before another one takes it."""
    return not step.is_resolved, step.incident.id if step.incident is not None else 2**63


def _open(tx: sa.Connection, step: Step, now: int) -> tuple[int, bool]:
    since = [assessment.since for assessment in step.joined if assessment.since is not None]
    row = {
        **_cause_columns(step.cause),
        "cause": step.cause.key,
        "state": "open",
        "severity": step.severity,
        "opened_at": min([*since, step.cause.at, now]),
        "detected_at": now,
        "changed_at": now,
        "reopened": 0,
        "assigned_to": _owner(step),
    }
    id = int(tx.execute(sa.insert(t.incident).returning(_i.id), row).scalar_one())
    write_entry(
        tx, id, now, "opened", "open", step.severity, text=step.cause.text, cause=step.cause
    )
    if row["assigned_to"]:
        write_entry(tx, id, now, "assigned", "open", step.severity, text=str(row["assigned_to"]))
    _say_members(tx, id, step, "open", now)
    return id, True


#: What Airflow calls the owner of a DAG that names none.
_NO_OWNER = "airflow"


def _owner(step: Step) -> str | None:
    """Who owns what the cause kept from being written, where one name owns what is nearest."""
    nearest = sorted(step.joined, key=lambda v: (len(v.cause.path) if v.cause else 0, v.node))
    names = [name for assessment in nearest for name in assessment.owners if name != _NO_OWNER]
    return names[0] if names else None


def _change(tx: sa.Connection, step: Step, now: int) -> tuple[int, bool]:
    incident = step.incident
    assert incident is not None  # noqa: S101  (the caller looked)
    row = tx.execute(sa.select(t.incident).where(_i.id == incident.id)).one()
    state = "resolved" if step.is_resolved else _active(row) if step.is_reopened else row.state
    values: Json = {"state": state, "severity": step.severity}
    whats = []
    if step.cause != incident.cause:
        values |= {**_cause_columns(step.cause), "cause": step.cause.key}
        whats.append("cause" if step.moves else "occurrence")
    if step.severity != incident.severity:
        whats.append("severity")
    if step.is_reopened:
        values |= {"resolved_at": None, "resolved_by": None, "reopened": row.reopened + 1}
        whats.insert(0, "reopened")
    if step.is_resolved:
        values["resolved_at"] = now
        whats.append("resolved")
    differs = bool({"cause", "severity", "reopened", "resolved"} & set(whats))
    if differs:
        values["changed_at"] = now
    tx.execute(sa.update(t.incident).where(_i.id == incident.id).values(values))
    _say_members(tx, incident.id, step, state, now)
    for what in whats:
        cause = step.cause if what in ("cause", "occurrence") else None
        text = _text(what, step)
        write_entry(tx, incident.id, now, what, state, step.severity, text=text, cause=cause)
    return incident.id, differs


def _text(what: str, step: Step) -> str | None:
    if what == "resolved":
        return None
    return step.severity if what == "severity" else step.cause.text


def _active(row: Any) -> str:
    """The state of an incident that comes again: what a person said of it still holds."""
    return "muted" if row.muted_by else "acknowledged" if row.acknowledged_by else "open"


def _cause_columns(cause: Cause) -> dict[str, object]:
    return {
        "kind": cause.kind,
        "node_id": cause.node_id,
        "node": cause.node,
        "run_id": cause.run_id,
        "at": cause.at,
        "text": cause.text,
        "path": json.dumps(cause.path),
    }


def write_entry(
    tx: sa.Connection,
    id: int,
    now: int,
    what: str,
    state: str,
    severity: str,
    *,
    by: str | None = None,
    text: str | None = None,
    cause: Cause | None = None,
) -> None:
    """Add a line to the incident's timeline."""
    row = {
        "incident_id": id,
        "at": now,
        "what": what,
        "by": by,
        "text": text,
        "state": state,
        "severity": severity,
        "cause": None if cause is None else json.dumps(_cause_columns(cause)),
    }
    tx.execute(sa.insert(t.incident_entry), row)


def _say_members(tx: sa.Connection, id: int, step: Step, state: str, now: int) -> None:
    joined = [
        f"{assessment.label} is {_WORDS[str(assessment.standing)]}" for assessment in step.joined
    ]
    changed = [
        f"{assessment.label} is {_WORDS[str(assessment.standing)]}" for assessment in step.changed
    ]
    for what, labels in (("joined", joined), ("standing", changed)):
        if labels:
            write_entry(tx, id, now, what, state, step.severity, text=_few(labels))
    if step.left and not step.is_resolved:
        text = f"{len(step.left)} no longer affected"
        write_entry(tx, id, now, "left", state, step.severity, text=text)


_WORDS = {
    "late": "late",
    "failed": "failed",
    "at_risk": "at risk",
    "broken_contract": "not as its data contract promises",
    "personal_data": "where personal data must not be",
}


def _few(labels: Sequence[str]) -> str:
    more = len(labels) - _NAMED
    return "; ".join([*labels[:_NAMED], *([f"and {more} more"] if more > 0 else [])])


def _write_affected(tx: sa.Connection, id: int, step: Step, now: int) -> None:
    gone = [*step.left, *(assessment.node_id for assessment in step.changed)]
    for part in chunks(sorted(gone)):
        ends = sa.update(t.incident_affected).where(
            _a.incident_id == id, _a.until_at.is_(None), _a.node_id.in_(part)
        )
        tx.execute(ends.values(until_at=now))
    rows = [_affected(id, assessment, now) for assessment in (*step.joined, *step.changed)]
    upsert(tx, t.incident_affected, rows)


def _affected(id: int, assessment: Assessment, now: int) -> dict[str, object]:
    return {
        "incident_id": id,
        "node_id": assessment.node_id,
        "since_at": now,
        "until_at": None,
        "node": assessment.node,
        "label": assessment.label,
        "standing": str(assessment.standing),
        "owners": json.dumps(assessment.owners),
        "expected_by": assessment.expected_by,
    }
