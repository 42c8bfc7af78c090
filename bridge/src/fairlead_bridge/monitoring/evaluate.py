"""
One step of monitoring: what changed or came due is evaluated, and incidents follow.

Read in one snapshot, without a lock; written in one transaction, with the entries of the outbox. A
crash in between changes nothing; what changed meanwhile is evaluated again.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import sqlalchemy as sa

from fairlead_bridge import ids, outbox, telemetry
from fairlead_bridge.db import tables as t
from fairlead_bridge.db.engine import may_pass, one_monitor, reading, writing
from fairlead_bridge.insight.incidents import Apart, Assessment, plan, waits
from fairlead_bridge.insight.maintenance import Window
from fairlead_bridge.insight.personal import USUAL
from fairlead_bridge.insight.personal import Rules as PersonalRules
from fairlead_bridge.model import Name, is_channel
from fairlead_bridge.monitoring import (
    apart,
    assessments,
    maintenance,
    outlooks,
    queue,
    reach,
    store,
)
from fairlead_bridge.monitoring.assessments import Evaluation
from fairlead_bridge.monitoring.queue import Evaluated, Seen
from fairlead_bridge.monitoring.reach import Nodes
from fairlead_bridge.monitoring.screen import BAD
from fairlead_bridge.queries import again, starts
from fairlead_bridge.queries.snapshot import Snapshot
from fairlead_bridge.telemetry import Line

_SECOND = 1_000_000
#: While events have waited for so long to be absorbed, what the catalog says is of the past, and
#: nothing is called late (microseconds).
BEHIND = 10 * _SECOND
#: When a node is tried again that could not be evaluated (microseconds).
PUT_OFF = 600 * _SECOND
#: How long after an asset was written a DAG is looked at that it may start (microseconds).
READY = 3_600 * _SECOND
#: When what waits for a job that runs again is looked at again, if nothing comes of it (microseconds).
WAITING = 300 * _SECOND
#: Nodes that one step evaluates; those beyond are due at once.
MOST = 2_000


@dataclass(frozen=True, slots=True)
class Rules:
    """How incidents are made. Times in seconds."""

    lost_after: float = 86_400.0
    reopen_within: float = 3_600.0
    windows: tuple[Window, ...] = ()  # of a file; those of the database come to these
    identify: Callable[[str, str], int | None] = ids.dataset_id
    risk_quantile: float = 0.5  # of ETAs
    personal: PersonalRules = USUAL


def evaluate(
    db: sa.Engine, interests: outbox.Interests, rules: Rules, now: int, limit: int = 100
) -> int:
    """
    Evaluate at most `limit` nodes that are due, and what rests on them; returns how many were due.

    `now` is in microseconds since the epoch; `interests` says which sink or channel wants incidents.
    """
    with reading(db) as tx:
        due = [] if _is_behind(tx, now) else queue.due(tx, now, limit)
    if due:
        _each(db, due, interests, rules, now)
    return len(due)


def _each(
    db: sa.Engine, due: Sequence[int], interests: outbox.Interests, rules: Rules, now: int
) -> None:
    """Evaluate these together; where that fails each alone, and put off the one that fails."""
    try:
        _evaluate(db, due, interests, rules, now)
    except Exception as error:
        if isinstance(error, sa.exc.DBAPIError) and may_pass(error):
            raise  # again later, all of it
        if len(due) > 1:
            for node in due:
                _each(db, [node], interests, rules, now)
            return
        telemetry.say(Line.MONITOR_FAILED, logging.ERROR, exc_info=True, node=due[0], reason=error)
        with writing(db) as tx:
            queue.put_off(tx, due[0], now + PUT_OFF)


def _evaluate(
    db: sa.Engine, due: Sequence[int], interests: outbox.Interests, rules: Rules, now: int
) -> None:
    with reading(db) as tx:
        snapshot = Snapshot(
            tx,
            now,
            rules.lost_after,
            identify=rules.identify,
            risk_quantile=rules.risk_quantile,
            windows=rules.windows,
            personal=rules.personal,
        )
        found = _look(snapshot, due, (*rules.windows, *maintenance.open_at(tx, now)))
    with writing(db) as tx:
        one_monitor(tx)
        _write(tx, found, interests, rules, now)


def _is_behind(tx: sa.Connection, now: int) -> bool:
    oldest = sa.select(sa.func.min(t.waiting.c.event_id)).scalar_subquery()
    received_at = tx.scalar(sa.select(t.event.c.received_at).where(t.event.c.id == oldest))
    return received_at is not None and received_at < now - BEHIND


@dataclass(slots=True)
class _Found:
    seen: dict[int, Seen] = field(default_factory=dict)  # the queue as it was read
    evaluations: dict[int, Evaluation] = field(default_factory=dict)
    dropped: set[int] = field(default_factory=set)  # due, and not watched
    later: set[int] = field(default_factory=set)  # nodes for which there was no time
    ready: dict[int, int] = field(default_factory=dict)  # DAGs, and when they should have started
    running: set[int] = field(default_factory=set)  # causes of incidents that run again
    apart: apart.Assessments = field(default_factory=dict)  # of the assets among them


def _look(snapshot: Snapshot, due: Sequence[int], windows: Sequence[Window]) -> _Found:
    """Evaluates what is due, then level by level what it may concern."""
    found = _Found(seen=queue.seen(snapshot.tx, due))
    front = reach.watched(snapshot, due)
    found.dropped = set(due) - front.ids
    found.ready = _ready(snapshot, front)
    explained: set[int] = set()
    while front.ids:
        found.seen |= queue.seen(snapshot.tx, front.ids - found.seen.keys())
        judged = assessments.evaluate(snapshot, front, windows, screened=not found.evaluations)
        explained |= front.ids if found.evaluations else _bad(judged)
        found.evaluations |= judged
        for kind, each in apart.evaluate(snapshot, front.assets, windows).items():
            found.apart.setdefault(kind, []).extend(each)
        front = _next(snapshot, front, judged, found.seen).without(explained)
        if len(explained) >= MOST:
            found.later = front.ids
            break
    found.running = _running(snapshot, found.evaluations)
    return found


def _running(snapshot: Snapshot, nodes: Iterable[int]) -> set[int]:
    """The jobs that run again, of those that are the causes of what is wrong with these nodes."""
    known = store.of_nodes(snapshot.tx, nodes, ())
    return again.of_incidents(snapshot, ((each.cause.node_id, each.cause.at) for each in known))


def _ready(snapshot: Snapshot, nodes: Nodes) -> dict[int, int]:
    """When the DAGs that may start because these assets were just written should have started."""
    fresh = {
        id: asset.written_at
        for id, asset in nodes.assets.items()
        if asset.written_at is not None and asset.written_at > snapshot.now - READY
    }
    if not fresh:
        return {}
    readers = reach.below(snapshot, Nodes({id: nodes.assets[id] for id in fresh}))
    at = max(snapshot.now, max(fresh.values()) + starts.GRACE) + 1
    return {id: at for id, row in readers.jobs.items() if row.kind == "dag"}


def _bad(judged: Mapping[int, Evaluation]) -> set[int]:
    return {id for id, each in judged.items() if each.assessment.standing is not None}


def _next(
    snapshot: Snapshot, front: Nodes, judged: Mapping[int, Evaluation], seen: Mapping[int, Seen]
) -> Nodes:
    """What is right below the nodes that stand otherwise than before, and beside the others."""
    same = {id for id, each in judged.items() if _is_same(seen.get(id, Seen()), each)}
    below = reach.below(snapshot, front.without(same))
    waiting = store.affected_by(snapshot.tx, front.jobs)  # for a job that runs again, or ended
    beside = reach.watched(snapshot, _beside(snapshot.tx, judged) | waiting)
    return Nodes({**below.assets, **beside.assets}, {**below.jobs, **beside.jobs})


def _is_same(seen: Seen, each: Evaluation) -> bool:
    before = seen.standing if seen.standing in BAD else None
    return before == each.assessment.standing


def _beside(tx: sa.Connection, judged: Mapping[int, Evaluation]) -> set[int]:
    """The other nodes of incidents of which one node has another cause now."""
    causes = {
        id: each.assessment.cause.key
        for id, each in judged.items()
        if each.assessment.cause is not None
    }
    known = store.of_nodes(tx, causes, ())
    moved = [
        incident
        for incident in known
        if any(
            causes.get(node, incident.cause.key) != incident.cause.key for node in incident.affected
        )
    ]
    return {node for incident in moved for node in incident.affected}


def _write(
    tx: sa.Connection, found: _Found, interests: outbox.Interests, rules: Rules, now: int
) -> None:
    current = queue.seen(tx, found.seen)
    fresh = {
        id: each
        for id, each in found.evaluations.items()
        if current.get(id, Seen()).version == found.seen.get(id, Seen()).version
    }
    gone = [Assessment(id, "", "") for id in found.dropped]  # nothing is wrong with what is no node
    judged = [*gone, *(each.assessment for each in fresh.values())]
    changed, waiting = _incidents(tx, judged, found.running, rules, now)
    for kind, every in found.apart.items():
        seen = [
            each for each in every if each.node_id in fresh or each.node_id not in found.evaluations
        ]
        changed = changed.with_others(_incidents(tx, [*gone, *seen], (), rules, now, kind)[0])
    # Which channels an incident goes to depends on what it affects: it may have reached others.
    reaching = (*changed.differing, *changed.joined)
    outbox.put(tx, (Name("incident", id) for id in reaching), interests, now)
    others = {sink: kinds for sink, kinds in interests.items() if not is_channel(sink)}
    outbox.put(tx, (Name("incident", id) for id in changed.others), others, now)
    dropped = {id for id in found.dropped if current.get(id) == found.seen.get(id)}
    done = {id: _dated(current.get(id, Seen()), each.next, now) for id, each in fresh.items()}
    moved = {id for id, each in done.items() if each.outlook != current.get(id, Seen()).outlook}
    moved |= {id for id in dropped if current.get(id, Seen()).outlook is not None}
    outbox.put(tx, (Name("dataset", id) for id in moved), interests, now)
    queue.finish(tx, done, dropped, found.seen)
    queue.touch(tx, found.later, now)
    queue.touch(tx, waiting, now + WAITING)
    for at in set(found.ready.values()):
        queue.touch(tx, (id for id, each in found.ready.items() if each == at), at)


def _dated(before: Seen, after: Evaluated, now: int) -> Evaluated:
    if after.outlook is None:
        return after
    return replace(after, outlook=outlooks.dated(before.outlook, after.outlook, now))


def _incidents(
    tx: sa.Connection,
    judged: Sequence[Assessment],
    running: Collection[int],
    rules: Rules,
    now: int,
    apart: Apart | None = None,
) -> tuple[store.Changed, set[int]]:
    """Write what happens to incidents; return those that changed, and the nodes that wait for a job."""
    causes = {assessment.cause.key for assessment in judged if assessment.cause is not None}
    known = store.of_nodes(tx, (assessment.node_id for assessment in judged), causes, apart)
    past = store.resolved(tx, causes, now)
    window = int(rules.reopen_within * _SECOND)
    changed = store.apply(tx, plan(judged, known, past, now, window, running), now)
    by_node = {each.node_id: each for each in judged}
    return changed, {node for each in known for node in waits(each, by_node, running)}
