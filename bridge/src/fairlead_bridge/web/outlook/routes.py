"""How a dataset or a job stands, until when it is expected, and why: `/outlook` and `/root-cause`."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import APIRouter

from fairlead_bridge.documents import Json
from fairlead_bridge.insight.eta import Eta, Unknown
from fairlead_bridge.insight.expectations import Expectation
from fairlead_bridge.insight.root_cause import Cause, Explanation
from fairlead_bridge.insight.symptoms import Evidence
from fairlead_bridge.queries import history, lineage, standing
from fairlead_bridge.queries import outlook as outlooks
from fairlead_bridge.queries.assets import Asset, assets_by_id
from fairlead_bridge.queries.jobs import jobs_by_id
from fairlead_bridge.queries.runs import runs_by_id
from fairlead_bridge.queries.snapshot import Row, Snapshot
from fairlead_bridge.web import render
from fairlead_bridge.web.lineage.routes import NodeName
from fairlead_bridge.web.needs import needs
from fairlead_bridge.web.outlook import answers as a
from fairlead_bridge.web.snapshots import SnapshotAsOf

#: Other causes that an answer names.
OTHERS = 20


router = APIRouter(tags=["insight"], dependencies=[needs("viewer")])


@router.get("/root-cause")
def get_root_cause(snapshot: SnapshotAsOf, node: NodeName) -> a.RootCauseAnswer:
    """
    Why a dataset or a job is late, failed or at risk: from it up the lineage, however far, to
    where the trouble began.
    """
    found = lineage.find(snapshot, node)
    explanation = outlooks.of(snapshot, [found])[0].explanation
    (cause,) = root_causes(snapshot, [explanation])
    return a.RootCauseAnswer(**_answer(snapshot, found, explanation, cause))


@router.get("/outlook")
def get_outlook(snapshot: SnapshotAsOf, node: NodeName) -> a.Outlook:
    """How a dataset or a job stands, until when it is expected, and why it is not as it should be."""
    return outlook(snapshot, node)


def outlook(snapshot: Snapshot, node: str) -> a.Outlook:
    """The outlook of one node. Raises NotFound where nothing is known by that name."""
    found = lineage.find(snapshot, node)
    (known,) = outlooks.of(snapshot, [found])
    (cause,) = root_causes(snapshot, [known.explanation])
    return a.Outlook(
        **_answer(snapshot, found, known.explanation, cause),
        written_at=render.when(known.written_at),
        fresh_at=render.when(known.fresh_at),
        expectation=expectation(known.expectation, known.expected_by),
        eta=eta(known.eta),
        eta_unknown=known.eta.reason if isinstance(known.eta, Unknown) else None,
    )


def eta(coming: Eta | Unknown) -> a.Eta | None:
    if isinstance(coming, Unknown):
        return None
    return a.Eta(
        p50=render.when(coming.p50),
        low=render.when(coming.low),
        high=render.when(coming.high),
        basis=coming.basis,
    )


def _answer(
    snapshot: Snapshot, found: Asset | Row, explanation: Explanation, cause: a.RootCause | None
) -> Json:
    node = render.dataset_node if isinstance(found, Asset) else render.job_node
    return {
        "node": node(found.namespace, found.name),
        "as_of": render.when(snapshot.now),
        "standing": explanation.standing,
        "late_since": render.when(explanation.late_since),
        "root_cause": cause,
    }


def expectation(expected: Expectation | None, due: int | None) -> a.Expectation | None:
    """What is expected, and by when; None where that is not known."""
    if expected is None or due is None:
        return None
    return a.Expectation(
        kind=expected.kind,
        source=expected.source,
        text=expected.text,
        expected_by=render.when(due),
    )


def root_causes(
    snapshot: Snapshot, explanations: Sequence[Explanation]
) -> list[a.RootCause | None]:
    """The root cause of each, with names instead of numbers."""
    firsts = [each.causes[0] for each in explanations if each.causes]
    others = [cause for each in explanations for cause in each.causes[1 : 1 + OTHERS]]
    nodes = {node for cause in firsts for node in cause.path} | {cause.node for cause in others}
    assets = assets_by_id(snapshot, nodes)
    jobs = jobs_by_id(snapshot, nodes - assets.keys())
    writers = lineage.writers_of(snapshot, assets.values())
    newest = history.states(snapshot, {*jobs, *(job for each in writers.values() for job in each)})
    proofs = [proof.run for cause in firsts for proof in cause.evidence]
    runs = runs_by_id(snapshot, [*(cause.run for cause in (*firsts, *others)), *proofs])
    recent = history.recent(snapshot, (cause.node for cause in firsts if cause.node in jobs))

    def name(node: int) -> str:
        if node in assets:
            return render.dataset_node(assets[node].namespace, assets[node].name)
        return render.job_node(jobs[node].namespace, jobs[node].name)

    def step(node: int, target: int, explanation: Explanation) -> a.Step:
        if node in assets:
            state = standing.state_of(assets[node], writers.get(node, ()), newest)
            late = node == target and explanation.standing == "late"
            return a.Step(
                node=name(node),
                label=assets[node].name,
                kind="dataset",
                state="late" if late else state,
            )
        row = jobs[node]
        state = newest[node].state if node in newest else None
        return a.Step(node=name(node), label=render.job_label(row), kind="job", state=state)

    def evidence(proof: Evidence) -> a.Evidence:
        run = runs.get(proof.run) if proof.run is not None else None
        run_id = run.run_id if run is not None else None
        return a.Evidence(at=render.when(proof.at), text=proof.text, run_id=run_id)

    def fields(cause: Cause) -> Json:
        run = runs.get(cause.run) if cause.run is not None else None
        return {
            "kind": cause.kind,
            "node": name(cause.node),
            "run_id": run.run_id if run is not None else None,
            "at": render.when(cause.at),
            "text": cause.text,
        }

    def whole(each: Explanation) -> a.RootCause:
        cause = each.causes[0]
        run = runs.get(cause.run) if cause.run is not None else None
        known = recent.get(cause.node)
        return a.RootCause(
            **fields(cause),
            path=[name(node) for node in cause.path],
            steps=[step(node, cause.path[-1], each) for node in cause.path],
            error=run.error if run is not None else None,
            evidence=[evidence(proof) for proof in cause.evidence],
            failures=history.failures(snapshot, cause.node, known) if known is not None else 0,
            others=[a.OtherCause(**fields(other)) for other in each.causes[1 : 1 + OTHERS]],
        )

    return [whole(each) if each.causes else None for each in explanations]
