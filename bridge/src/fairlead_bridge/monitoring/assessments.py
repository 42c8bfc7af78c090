"""How nodes stand, and when each is to be evaluated next: what `queries.upstream` says, with names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import cast

from fairlead_bridge.insight import root_cause
from fairlead_bridge.insight.expectations import Expectation
from fairlead_bridge.insight.incidents import Assessment, Bad, Cause
from fairlead_bridge.insight.maintenance import Subject, Window, quiet_until
from fairlead_bridge.insight.root_cause import Explanation
from fairlead_bridge.insight.symptoms import FORESEEN, MISSING, SENSOR
from fairlead_bridge.monitoring import imported, outlooks, reach, screen
from fairlead_bridge.monitoring.imported import Evidence
from fairlead_bridge.monitoring.nodes import label_of, name_of, owners_of, subject_of, writers_of
from fairlead_bridge.monitoring.queue import NEVER, Evaluated
from fairlead_bridge.monitoring.reach import Nodes
from fairlead_bridge.monitoring.screen import BAD
from fairlead_bridge.queries import (
    expectations,
    history,
    promises,
    starts,
    symptoms,
)
from fairlead_bridge.queries.assets import Asset, assets_by_id
from fairlead_bridge.queries.jobs import jobs_by_id
from fairlead_bridge.queries.outlook import explanations
from fairlead_bridge.queries.runs import runs_by_id
from fairlead_bridge.queries.snapshot import Row, Snapshot
from fairlead_bridge.queries.starts import Starts

#: Nodes that are explained at once.
AT_ONCE = 50
#: What stands badly is evaluated again after a share of the time since when it does, at least and
#: at most so many microseconds later: its cause may change though nothing comes of it.
AGAIN_SHARE, AGAIN_LEAST, AGAIN_MOST = 4, 60_000_000, 3_600_000_000


@dataclass(frozen=True, slots=True)
class Evaluation:
    assessment: Assessment
    next: Evaluated


def evaluate(
    snapshot: Snapshot, nodes: Nodes, windows: Sequence[Window], *, screened: bool
) -> dict[int, Evaluation]:
    """
    An assessment of each node.

    `screened`: what the screen finds to be well gets no explanation, which is the dearer part.
    """
    expected = expectations.of(snapshot, nodes.ids)
    begins = starts.of(snapshot, (id for id, row in nodes.jobs.items() if row.kind == "dag"))
    every: dict[int, Asset | Row] = {**nodes.assets, **nodes.jobs}
    due = _due(snapshot, nodes, expected)
    again = _look_again(snapshot, nodes, due, begins)
    asked = screen.suspects(snapshot, nodes, due, begins) if screened else nodes.ids
    found = {id: _well(every[id], due.get(id), again.get(id)) for id in every.keys() - asked}
    explained = sorted(asked)
    for start in range(0, len(explained), AT_ONCE):
        some = [every[id] for id in explained[start : start + AT_ONCE]]
        found |= _explained(snapshot, some, windows, expected, due, again)
    for id, asset in nodes.assets.items():
        each = found[id]
        stands = (asset, each.assessment, each.next.standing)
        outlook = outlooks.of_asset(*stands, expected.get(id), due.get(id), snapshot.now)
        found[id] = replace(each, next=Evaluated(each.next.due_at, outlook.standing, outlook))
    return found


def _explained(
    snapshot: Snapshot,
    some: Sequence[Asset | Row],
    windows: Sequence[Window],
    expected: Mapping[int, Expectation],
    due: Mapping[int, int],
    again: Mapping[int, int],
) -> dict[int, Evaluation]:
    judged = explanations(snapshot, some, expected)
    explained = {each.id: found for each, found in zip(some, judged, strict=True)}
    bad = [each for each in some if explained[each.id].standing in BAD]
    causes = _causes(snapshot, bad, explained)
    owners = owners_of(snapshot, bad)
    subjects = _subjects(snapshot, bad, causes) if windows else {}
    evidence = _evidence(snapshot, bad, explained)
    arriving = imported.until(snapshot, evidence)
    found = {
        each.id: _well(each, due.get(each.id), again.get(each.id), explained[each.id].standing)
        for each in some
        if each.id not in causes
    }
    for each in bad:
        closes = quiet_until(windows, subjects.get(each.id, ()), snapshot.now)
        quiet = max((at for at in (closes, arriving.get(each.id)) if at is not None), default=None)
        assessment = replace(
            _assessment(each, explained[each.id], causes[each.id]),
            owners=owners.get(each.id, ()),
            expected_by=due.get(each.id),
            evidence_at=evidence[each.id].at,
            is_quiet=quiet is not None,
        )
        found[each.id] = Evaluation(assessment, _next(assessment, quiet, snapshot.now))
    return found


def _evidence(
    snapshot: Snapshot, bad: Iterable[Asset | Row], explained: Mapping[int, Explanation]
) -> dict[int, Evidence]:
    """The newest sign of what is wrong with each node, and the runs that showed it."""
    shown = {
        each.id: [explained[each.id].run, each.written_by if isinstance(each, Asset) else None]
        for each in bad
    }
    runs = runs_by_id(snapshot, (run for each in shown.values() for run in each))
    found = {}
    for id, known in shown.items():
        explanation, failed = explained[id], runs.get(known[0] or 0)
        times = [explanation.late_since, *(cause.at for cause in explanation.causes[:1])]
        times.append((failed.ended_at or failed.at) if failed is not None else None)
        at = max((at for at in times if at is not None), default=snapshot.now)
        found[id] = Evidence(at, tuple(run for run in known if run is not None))
    return found


def _well(
    each: Asset | Row, expected_by: int | None, again: int | None, standing: str = "ok"
) -> Evaluation:
    written_at = each.written_at if isinstance(each, Asset) else None
    assessment = Assessment(
        each.id, name_of(each), label_of(each), expected_by=expected_by, written_at=written_at
    )
    return Evaluation(assessment, Evaluated(NEVER if again is None else again, standing))


def _assessment(each: Asset | Row, explanation: Explanation, cause: Cause) -> Assessment:
    since = explanation.late_since if explanation.late_since is not None else cause.at
    standing = cast(Bad, explanation.standing)
    return Assessment(each.id, name_of(each), label_of(each), standing, cause, since)


def _next(assessment: Assessment, quiet_until: int | None, now: int) -> Evaluated:
    age = now - (assessment.since if assessment.since is not None else now)
    again = now + _again(age)
    if assessment.expected_by is not None and assessment.expected_by >= now:
        again = min(again, assessment.expected_by + 1)  # when it turns late
    return Evaluated(again if quiet_until is None else min(again, quiet_until), assessment.standing)


def _look_again(
    snapshot: Snapshot, nodes: Nodes, due: Mapping[int, int], begins: Mapping[int, Starts]
) -> dict[int, int]:
    """When each node that is well may not be, though nothing comes."""
    now = snapshot.now
    looks = {
        id: _look(nodes.assets[id].written_at, at, now) if id in nodes.assets else at + 1
        for id, at in due.items()
        if at >= now
    }
    lost = _lost_at(snapshot, nodes.jobs.values())
    late = {id: each.due + starts.GRACE for id, each in begins.items() if each.due is not None}
    own = reach.outermost_of(snapshot, nodes.jobs)
    limited = symptoms.limited(snapshot, own.keys() - nodes.jobs.keys())
    slow, idle = symptoms.running_out(snapshot, own), symptoms.queued(snapshot, own)
    parts = [(own[job], at) for each in (limited, slow, idle) for job, at in each.items()]
    times = (*late.items(), *lost.items(), *parts)
    for id, at in times:
        if at >= now:
            looks[id] = min(looks.get(id, at + 1), at + 1)
    return looks


def _look(written_at: int | None, due: int, now: int) -> int:
    """Some time before it is due, then again and again, and right after: when it is late."""
    early = due - screen.lead(written_at, due)
    if now < early:
        return early
    return min(due + 1, now + max((due - now) // AGAIN_SHARE, AGAIN_LEAST))


def _again(age: int) -> int:
    return min(max(age // AGAIN_SHARE, AGAIN_LEAST), AGAIN_MOST)


def _due(snapshot: Snapshot, nodes: Nodes, expected: Mapping[int, Expectation]) -> dict[int, int]:
    """When the next write of each asset is expected, and when each job is late."""
    due = {
        asset.id: expected[asset.id].due(asset.written_at)
        for asset in nodes.assets.values()
        if asset.id in expected and asset.dropped_at is None
    }
    rules = {id: each for id, each in expected.items() if id in nodes.jobs}
    late = {id: each.at for id, each in promises.due(snapshot, rules).items()}
    return {id: at for id, at in due.items() if at is not None} | late


def _lost_at(snapshot: Snapshot, rows: Iterable[Row]) -> dict[int, int]:
    """When the runs that go on outside Airflow count as lost, if nothing comes of them."""
    jobs = [row.id for row in rows if row.kind != "dag"]
    newest = {
        job: each.run
        for job, each in history.states(snapshot, jobs).items()
        if each.state == "running"
    }
    runs = runs_by_id(snapshot, newest.values())
    silence = int(snapshot.lost_after * 1_000_000)
    return {job: runs[run].last_at + silence for job, run in newest.items() if run in runs}


# --- names ----------------------------------------------------------------------------------------


def _causes(
    snapshot: Snapshot, bad: Iterable[Asset | Row], explained: Mapping[int, Explanation]
) -> dict[int, Cause]:
    """The first cause of each, with names instead of numbers."""
    firsts = {each.id: _first(each, explained[each.id], snapshot.now) for each in bad}
    nodes = {node for cause in firsts.values() for node in (cause.node, *cause.path)}
    assets = assets_by_id(snapshot, nodes)
    jobs = jobs_by_id(snapshot, nodes - assets.keys())
    runs = runs_by_id(snapshot, (cause.run for cause in firsts.values()))
    ends: dict[int, Asset | Row] = {**jobs, **assets}
    names = {id: name_of(each) for id, each in ends.items()}
    found = {}
    for id, cause in firsts.items():
        source = jobs[cause.node].namespace if cause.kind == "silent_source" else None
        run = runs.get(cause.run) if cause.run is not None else None
        found[id] = Cause(
            key=f"source:{source}" if source is not None else f"node:{cause.node}",
            kind=cause.kind,
            node_id=cause.node,
            node=names[cause.node],
            run_id=run.run_id if run is not None else None,
            at=cause.at,
            text=cause.text,
            path=tuple(names[node] for node in cause.path if node in names),
            is_weak=cause.rank in (SENSOR, MISSING, FORESEEN),
        )
    return found


def _first(node: Asset | Row, explanation: Explanation, now: int) -> root_cause.Cause:
    if explanation.causes:
        return explanation.causes[0]
    at = explanation.late_since if explanation.late_since is not None else now
    text = f"{label_of(node)} is {explanation.standing}, and nothing upstream explains it"
    return root_cause.Cause("source_not_updated", node.id, None, at, text, (node.id,), 0)


def _subjects(
    snapshot: Snapshot, bad: Iterable[Asset | Row], causes: Mapping[int, Cause]
) -> dict[int, list[Subject]]:
    """What maintenance windows are compared with: each node, its writers, and its cause."""
    nodes = {each.id: each for each in bad}
    assets = assets_by_id(snapshot, (cause.node_id for cause in causes.values()))
    jobs = jobs_by_id(snapshot, (cause.node_id for cause in causes.values()))
    ends: dict[int, Asset | Row] = {**jobs, **assets}
    writers = writers_of(snapshot, (*nodes.values(), *assets.values()))
    found: dict[int, list[Subject]] = {}
    for id, node in nodes.items():
        both = [node, ends[causes[id].node_id]] if causes[id].node_id in ends else [node]
        found[id] = [subject_of(each, writers.get(each.id, ())) for each in both]
    return found
