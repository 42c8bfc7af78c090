"""How assets, DAGs and tasks stand, what is expected of them, when they will be done, and why."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from fairlead_bridge.insight.eta import Eta, Unknown
from fairlead_bridge.insight.expectations import Expectation
from fairlead_bridge.insight.root_cause import Explanation
from fairlead_bridge.queries import eta, expectations, promises, upstream
from fairlead_bridge.queries.assets import Asset
from fairlead_bridge.queries.snapshot import Row, Snapshot


@dataclass(frozen=True, slots=True)
class Outlook:
    """The outlook of one asset or job; times in microseconds."""

    explanation: Explanation
    written_at: int | None
    expectation: Expectation | None
    eta: Eta | Unknown
    due: int | None = None  # of a job: when it breaks what is expected of its runs

    @property
    def expected_by(self) -> int | None:
        """When it is late."""
        if self.due is not None:
            return self.due
        return self.expectation.due(self.written_at) if self.expectation is not None else None


def of(snapshot: Snapshot, nodes: Iterable[Asset | Row]) -> list[Outlook]:
    """The outlook of each of these assets and jobs."""
    asked = list(nodes)
    expected = expectations.of(snapshot, [each.id for each in asked])
    jobs = {each.id for each in asked if not isinstance(each, Asset)}
    due = promises.due(snapshot, {id: each for id, each in expected.items() if id in jobs})
    explained = upstream.explanations(snapshot, asked, expected)
    coming = eta.foreseen(snapshot, zip(asked, explained, strict=True))
    found = []
    for each, explanation in zip(asked, explained, strict=True):
        written_at = each.written_at if isinstance(each, Asset) else None
        outlook = Outlook(
            explanation, written_at, expected.get(each.id), coming[each.id], due.get(each.id)
        )
        found.append(replace(outlook, explanation=_standing(outlook, snapshot.now)))
    return found


def _standing(outlook: Outlook, now: int) -> Explanation:
    """As it was explained; a job is late where its runs break what is expected of them."""
    found = outlook.explanation
    if outlook.due is not None and outlook.due < now and found.standing in ("ok", "at_risk"):
        return replace(found, standing="late", late_since=outlook.due)
    return _at_risk(outlook, now)


def _at_risk(outlook: Outlook, now: int) -> Explanation:
    """As it was explained; at risk where the ETA is past what is expected, before that has passed."""
    due, coming = outlook.expected_by, outlook.eta
    if outlook.explanation.standing != "ok" or due is None or not isinstance(coming, Eta):
        return outlook.explanation
    if not now <= due < coming.p50:
        return outlook.explanation
    return replace(outlook.explanation, standing="at_risk")
