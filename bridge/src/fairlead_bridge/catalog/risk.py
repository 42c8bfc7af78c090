"""
Which assets are in trouble, and why: what writes them failed, they are late, or they rest on one
that failed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

import sqlalchemy as sa

from fairlead_bridge.catalog import freshness, history, lineage, read, standing
from fairlead_bridge.catalog.read import Asset, Row
from fairlead_bridge.catalog.snapshot import Snapshot, among, in_state
from fairlead_bridge.catalog.standing import Round
from fairlead_bridge.db import tables as t
from fairlead_bridge.insight.rhythm import Rhythm

Standing = Literal["failed", "late", "at_risk"]
_GRAVITY: dict[Standing, int] = {"failed": 0, "late": 1, "at_risk": 2}

#: Newest failed runs that are looked at, and assets downstream of them.
FAILURES, AFFECTED, HOPS = 300, 300, 8
#: Assets that are asked whether they are late: those written longest ago within a month, for what
#: is older is no longer written rather than late.
ASKED, MONTH = 400, 31 * 86_400 * 1_000_000


@dataclass(frozen=True, slots=True)
class Trouble:
    asset: Asset
    standing: Standing
    cause: Row | None  # the run that failed
    level: int  # assets between it and what failed; 0 is what failed itself
    rhythm: Rhythm | None
    late_since: int | None

    @property
    def order(self) -> tuple[int, int, int, str]:
        """The gravest first; of these the nearest to the cause, then what is late longest."""
        return (_GRAVITY[self.standing], self.level, self.late_since or 2**63, self.asset.name)


def troubles(snapshot: Snapshot, limit: int) -> list[Trouble]:
    """The worst first."""
    causes = _failed(snapshot)
    reached = _downstream(snapshot, causes)
    candidates = _longest_unwritten(snapshot)
    assets = read.assets(snapshot, {*reached, *candidates})
    rhythms = freshness.rhythms(snapshot, assets)
    found = []
    for id, asset in assets.items():
        if asset.id != id or asset.dropped_at is not None:
            continue
        rhythm = rhythms.get(id)
        late_since = freshness.late_since(rhythm, asset.written_at, snapshot.now)
        level, cause = reached.get(id, (0, None))
        standing: Standing | None = "late" if late_since is not None else None
        if cause is not None and level == 0:
            standing = "failed"
        elif cause is not None and standing is None:
            standing = "at_risk"
        if standing is not None:
            found.append(Trouble(asset, standing, cause, level, rhythm, late_since))
    return sorted(found, key=lambda trouble: trouble.order)[:limit]


def _longest_unwritten(snapshot: Snapshot) -> list[int]:
    written = t.dataset.c.written_at
    statement = (
        sa.select(t.dataset.c.asset_id)
        .where(written >= snapshot.now - MONTH)
        .order_by(written, t.dataset.c.id)
        .limit(ASKED)
    )
    return [row.asset_id for row in snapshot.rows(statement)]


# --- what failed, and what rests on it ----------------------------------------------------------

_WRITTEN_BY = sa.select(t.edge.c.src, t.edge.c.dst).where(
    t.edge.c.kind == "data", among(t.edge.c.src)
)


def _failed(snapshot: Snapshot) -> dict[int, Row]:
    """The assets that the newest round of a job should have written and did not, with its run."""
    rounds = _broken(snapshot)
    runs = read.runs_by_id(snapshot, (each.run for each in rounds.values()))
    written = [(row.src, row.dst) for row in snapshot.each(_WRITTEN_BY, rounds)]
    assets = read.assets(snapshot, (dataset for _, dataset in written))
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


def _broken(snapshot: Snapshot) -> dict[int, Round]:
    """By job: its newest round, where that failed or was blocked."""
    jobs: set[int] = set()
    for state in standing.BROKEN:  # one by one, so that the index on state serves
        statement = read.RUNS[snapshot.past].where(
            in_state(state), t.run.c.kind.not_in(("dag", "dag_file", "query"))
        )
        rows = snapshot.rows(statement.order_by(t.run.c.at.desc()).limit(FAILURES))
        jobs |= {row.job_id for row in rows}
    return {job: each for job, each in history.states(snapshot, jobs).items() if each.is_broken}


def _downstream(snapshot: Snapshot, causes: Mapping[int, Row]) -> dict[int, tuple[int, Row]]:
    """The assets that failed (level 0) and those that rest on them, each with its cause."""
    walk = lineage.walk(snapshot, causes, 0, 2 * HOPS, AFFECTED)
    cause = dict(causes)
    following: dict[int, list[int]] = {}
    for source, target, _ in walk.hops:
        following.setdefault(source, []).append(target)
    level: Iterable[int] = list(causes)
    while level:
        reached: list[int] = []
        for source in level:
            for target in following.get(source, ()):
                if target not in cause:
                    cause[target] = cause[source]
                    reached.append(target)
        level = reached
    return {id: (walk.depths[id] // 2, cause[id]) for id in walk.datasets if id in cause}
