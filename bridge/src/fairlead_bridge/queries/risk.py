"""
Which assets are in trouble, and why: what writes them failed, they are late, or they rest on one
that failed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

import sqlalchemy as sa

from fairlead_bridge.db import tables as t
from fairlead_bridge.insight import breaches
from fairlead_bridge.insight.eta import Eta
from fairlead_bridge.insight.expectations import Expectation, late_since
from fairlead_bridge.insight.root_cause import Explanation, Standing
from fairlead_bridge.queries import eta, expectations, history, lineage, outlook, standing
from fairlead_bridge.queries.assets import Asset, assets_by_id
from fairlead_bridge.queries.jobs import newest_run
from fairlead_bridge.queries.runs import RUNS, runs_by_id
from fairlead_bridge.queries.snapshot import NOW, Row, Select, Snapshot, among, in_state
from fairlead_bridge.queries.standing import Round

Grave = Literal["failed", "late", "at_risk"]
_GRAVE: dict[Standing, Grave] = {"failed": "failed", "late": "late", "at_risk": "at_risk"}

#: Nodes downstream of what failed that are counted, however far, and those of them that are asked
#: whether they are late, too.
COUNTED, AFFECTED, HOPS = 50_000, 600, 5_000
#: Newest failed instances of mapped tasks that are looked at.
MAPPED = 300
#: Assets that are asked whether they are late, of those that were evaluated and stood badly, and of
#: those that are to be evaluated: the first ones that became due.
ASKED = 400
#: Assets that are asked for their ETA: of those expected soon, the first ones.
FORESEEN = 60


@dataclass(frozen=True, slots=True)
class Trouble:
    asset: Asset
    standing: Grave
    cause: Row | None  # the run that failed
    level: int  # assets between it and the cause; 0 is what the cause should have written itself
    expectation: Expectation | None
    explanation: Explanation

    @property
    def late_since(self) -> int | None:
        return self.explanation.late_since


def troubles(snapshot: Snapshot, limit: int) -> tuple[list[Trouble], int]:
    """
    The gravest first, of these the nearest to the cause, then what is late longest; at most `limit`
    of them, and how many there are.

    Each is explained by what `GET /outlook` asks, so that all pages say the same.
    """
    failed = _failed(snapshot)
    reached = _downstream(snapshot, failed)
    assets = {
        id: asset
        for id, asset in assets_by_id(snapshot, {*reached, *_watched(snapshot)}).items()
        if asset.id == id and asset.dropped_at is None
    }
    near = sorted(assets, key=lambda id: (id in reached, reached.get(id, 0), id))
    expected = expectations.of(snapshot, near[: ASKED + AFFECTED])
    slow = _too_late(snapshot, assets, expected)
    order: dict[int, tuple[int, int, int, str]] = {}
    for id, asset in assets.items():
        since = late_since(expected.get(id), asset.written_at, snapshot.now)
        if id in reached or since is not None or id in slow:
            gravity = 0 if id in failed else 1 if since is not None else 2
            order[id] = (gravity, reached.get(id, 0), since or 2**63, asset.name)
    shown = [assets[id] for id in sorted(order, key=lambda id: order[id])[:limit]]
    explained = outlook.explanations(snapshot, shown, expected)
    runs = runs_by_id(snapshot, (each.run for each in explained))
    found = [
        Trouble(asset, grave, _cause(runs, each), each.level, expected.get(asset.id), each)
        for asset, each in zip(shown, explained, strict=True)
        if (grave := _GRAVE.get(each.standing)) is not None
    ]
    return found, len(order) - (len(shown) - len(found))


def _cause(runs: Mapping[int, Row], explanation: Explanation) -> Row | None:
    return runs.get(explanation.run) if explanation.run is not None else None


def _too_late(
    snapshot: Snapshot, assets: Mapping[int, Asset], expected: Mapping[int, Expectation]
) -> set[int]:
    """The assets that are expected soon, and whose ETA is later than that."""
    dues = {id: each.due(assets[id].written_at) for id, each in expected.items() if id in assets}
    soon = sorted(
        (due, id)
        for id, due in dues.items()
        if due and snapshot.now <= due < snapshot.now + outlook.SOON
    )
    coming = eta.estimates(snapshot, [id for _, id in soon[:FORESEEN]])
    return {
        id
        for due, id in soon
        if isinstance(at := coming.get(id), Eta) and _breaks(snapshot, at, due, expected[id])
    }


def _breaks(snapshot: Snapshot, at: Eta, due: int, expected: Expectation) -> bool:
    quantile, stated = snapshot.risk_quantile, expected.is_stated
    return breaches.is_late(at, due, snapshot.now, quantile, is_stated=stated)


_queued = t.watch.c
_EVALUATED = sa.select(_queued.node_id).where(_queued.standing.in_(sorted(_GRAVE)))
_DUE = sa.select(_queued.node_id).where(_queued.due_at <= NOW).order_by(_queued.due_at)
_SOON = (
    sa.select(_queued.node_id)
    .where(_queued.due_at > NOW, _queued.due_at < sa.bindparam("soon", type_=sa.BigInteger))
    .order_by(_queued.due_at)
)


def _watched(snapshot: Snapshot) -> set[int]:
    """
    What may be late or at risk, as monitoring knows it: the other nodes were well when they were
    evaluated, and nothing of theirs has changed or passed since.
    """
    bad = snapshot.rows(_EVALUATED.limit(ASKED))
    due = snapshot.rows(_DUE.limit(ASKED))
    soon = snapshot.rows(_SOON.limit(FORESEEN), soon=snapshot.now + outlook.SOON)
    return {row.node_id for row in (*bad, *due, *soon)}


# --- what failed, and what rests on it ----------------------------------------------------------

_WRITTEN_BY = sa.select(t.edge.c.src, t.edge.c.dst).where(
    t.edge.c.kind == "data", among(t.edge.c.src)
)


def _failed(snapshot: Snapshot) -> dict[int, Row]:
    """The assets that the newest round of a job should have written and did not, with its run."""
    rounds = _broken(snapshot)
    runs = runs_by_id(snapshot, (each.run for each in rounds.values()))
    written = [(row.src, row.dst) for row in snapshot.each(_WRITTEN_BY, rounds)]
    assets = assets_by_id(snapshot, (dataset for _, dataset in written))
    found: dict[int, Row] = {}
    for job, dataset in written:
        asset, run = assets.get(dataset), runs[rounds[job].run]
        if asset is None or not standing.breaks(rounds[job], asset):
            continue
        if asset.id not in found or _first(run) < _first(found[asset.id]):
            found[asset.id] = run
    return found


def _first(run: Row) -> tuple[bool, int]:
    """What failed itself comes before what was only blocked; then the newest."""
    return (run.state != "failed", -run.at)


def _newest_broken() -> Select:
    """Jobs whose newest run failed or was blocked; DAGs and queries report others."""
    return (
        sa.select(t.job.c.id)
        .join_from(t.job, t.run, t.run.c.id == newest_run())
        .where(
            t.job.c.kind.not_in(("dag", "dag_file", "query")),
            sa.or_(*(in_state(state) for state in sorted(standing.BROKEN))),
        )
    )


def _broken(snapshot: Snapshot) -> dict[int, Round]:
    """By job: its newest round, where that failed or was blocked."""
    jobs = {row.id for row in snapshot.rows(_newest_broken())}
    # Of a mapped task another instance than the newest run may have failed.
    for state in standing.BROKEN:  # one by one, so that the index on state serves
        statement = RUNS[snapshot.past].where(in_state(state), t.run.c.map_index >= 0)
        rows = snapshot.rows(statement.order_by(t.run.c.at.desc()).limit(MAPPED))
        jobs |= {row.job_id for row in rows}
    return {job: each for job, each in history.states(snapshot, jobs).items() if each.is_broken}


def _downstream(snapshot: Snapshot, causes: Iterable[int]) -> dict[int, int]:
    """The assets that failed (level 0) and those that rest on them, each with its level."""
    walk = lineage.walk(snapshot, causes, 0, HOPS, COUNTED)
    return {id: walk.depths[id] // 2 for id in walk.datasets}
