"""How assets, DAGs and tasks stand, what is expected of them, when they will be done, and why."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from fairlead_bridge.insight.eta import Eta, Unknown
from fairlead_bridge.insight.expectations import Expectation
from fairlead_bridge.insight.root_cause import Explanation
from fairlead_bridge.queries import eta, expectations, upstream
from fairlead_bridge.queries.assets import Asset
from fairlead_bridge.queries.snapshot import Row, Snapshot


@dataclass(frozen=True, slots=True)
class Outlook:
    """The outlook of one asset or job; times in microseconds."""

    explanation: Explanation
    written_at: int | None
    expectation: Expectation | None
    eta: Eta | Unknown

    @property
    def expected_by(self) -> int | None:
        return self.expectation.due(self.written_at) if self.expectation is not None else None


def of(snapshot: Snapshot, nodes: Iterable[Asset | Row]) -> list[Outlook]:
    """The outlook of each of these assets and jobs."""
    asked = list(nodes)
    expected = expectations.of(snapshot, [each.id for each in asked if isinstance(each, Asset)])
    explained = upstream.explanations(snapshot, asked, expected)
    coming = eta.foreseen(snapshot, zip(asked, explained, strict=True))
    found = []
    for each, explanation in zip(asked, explained, strict=True):
        written_at = each.written_at if isinstance(each, Asset) else None
        outlook = Outlook(explanation, written_at, expected.get(each.id), coming[each.id])
        found.append(replace(outlook, explanation=_at_risk(outlook, snapshot.now)))
    return found


def _at_risk(outlook: Outlook, now: int) -> Explanation:
    """As it was explained; at risk where the ETA is past what is expected, before that has passed."""
    due, coming = outlook.expected_by, outlook.eta
    if outlook.explanation.standing != "ok" or due is None or not isinstance(coming, Eta):
        return outlook.explanation
    if not now <= due < coming.p50:
        return outlook.explanation
    return replace(outlook.explanation, standing="at_risk")
