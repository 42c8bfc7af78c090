"""How assets, DAGs and tasks stand, what is expected of them, when they will be done, and why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from fairlead_bridge.insight import breaches
from fairlead_bridge.insight.breaches import Due
from fairlead_bridge.insight.eta import Eta, Unknown
from fairlead_bridge.insight.expectations import Expectation
from fairlead_bridge.insight.root_cause import Explanation
from fairlead_bridge.insight.spans import HOUR
from fairlead_bridge.queries import eta, expectations, promises, upstream
from fairlead_bridge.queries.assets import Asset
from fairlead_bridge.queries.snapshot import Row, Snapshot

#: How long before an asset is due its ETA may put it at risk: what is further away is guessed.
SOON = 3 * HOUR


@dataclass(frozen=True, slots=True)
class Outlook:
    """The outlook of one asset or job; times in microseconds."""

    explanation: Explanation
    written_at: int | None
    expectation: Expectation | None
    eta: Eta | Unknown
    due: Due | None = None  # of a job

    @property
    def fresh_at(self) -> int | None:
        """When it was last written, but for backfills and older partitions."""
        if self.expectation is None:
            return self.written_at
        return self.expectation.fresh_at(self.written_at)

    @property
    def expected_by(self) -> int | None:
        """When it is late."""
        if self.due is not None:
            return self.due.at
        return self.expectation.due(self.written_at) if self.expectation is not None else None


def of(snapshot: Snapshot, nodes: Iterable[Asset | Row]) -> list[Outlook]:
    """The outlook of each of these assets and jobs."""
    asked = list(nodes)
    expected = expectations.of(snapshot, [each.id for each in asked])
    due = _due(snapshot, asked, expected)
    explained = upstream.explanations(snapshot, asked, expected)
    coming = eta.foreseen(snapshot, zip(asked, explained, strict=True))
    judged = _judged(snapshot, asked, explained, expected, due, coming)
    return [
        Outlook(
            explanation,
            each.written_at if isinstance(each, Asset) else None,
            expected.get(each.id),
            coming[each.id],
            due.get(each.id),
        )
        for each, explanation in zip(asked, judged, strict=True)
    ]


def explanations(
    snapshot: Snapshot, nodes: Sequence[Asset | Row], expected: Mapping[int, Expectation]
) -> list[Explanation]:
    """
    How each of these stands and why, as its outlook says.

    The ETA, which costs as much again, is estimated only of what is well and due soon. `expected`
    are the expectations of all of them.
    """
    explained = upstream.explanations(snapshot, nodes, expected)
    well = [each for each, why in zip(nodes, explained, strict=True) if why.standing == "ok"]
    soon = [each.id for each in well if _is_soon(each, expected.get(each.id), snapshot.now)]
    coming = eta.estimates(snapshot, soon)
    due = _due(snapshot, nodes, expected)
    return _judged(snapshot, nodes, explained, expected, due, coming)


def _is_soon(each: Asset | Row, expected: Expectation | None, now: int) -> bool:
    if not isinstance(each, Asset) or expected is None or each.dropped_at is not None:
        return False
    due = expected.due(each.written_at)
    return due is not None and now <= due < now + SOON


def _due(
    snapshot: Snapshot, nodes: Iterable[Asset | Row], expected: Mapping[int, Expectation]
) -> dict[int, Due]:
    """When the jobs among these break what is expected of their runs."""
    jobs = {each.id for each in nodes if not isinstance(each, Asset)}
    return promises.due(snapshot, {id: each for id, each in expected.items() if id in jobs})


def _judged(
    snapshot: Snapshot,
    nodes: Sequence[Asset | Row],
    explained: Sequence[Explanation],
    expected: Mapping[int, Expectation],
    due: Mapping[int, Due],
    coming: Mapping[int, Eta | Unknown],
) -> list[Explanation]:
    """As they were explained, and late or at risk by what is expected and foreseen of them."""
    found = []
    for each, explanation in zip(nodes, explained, strict=True):
        if isinstance(each, Asset):
            rule = expected.get(each.id)
            by = rule.due(each.written_at) if rule is not None else None
            node, when = breaches.Node(each.id, each.name), coming.get(each.id)
            stated = rule is not None and rule.is_stated
            quantile, now = snapshot.risk_quantile, snapshot.now
            found.append(
                breaches.foreseen(explanation, node, by, when, now, quantile, is_stated=stated)
            )
        else:
            node = breaches.Node(each.id, each.task_id or each.dag_id or each.name)
            found.append(breaches.of_job(explanation, node, due.get(each.id), snapshot.now))
    return found
