"""What an evaluation of a dataset comes to in its entry."""

from __future__ import annotations

from dataclasses import replace
from typing import cast

from fairlead_bridge.entries import ExpectedWrite, Outlook
from fairlead_bridge.insight.expectations import Expectation
from fairlead_bridge.insight.incidents import Assessment, Bad
from fairlead_bridge.insight.rules import Every
from fairlead_bridge.queries.assets import Asset


def of_asset(
    asset: Asset,
    assessment: Assessment,
    standing: str | None,
    expectation: Expectation | None,
    due: int | None,
    now: int,
) -> Outlook:
    """Return the outlook of the asset, not yet dated; `due` is when its next write is late."""
    known = standing not in (None, "ok") or asset.written_at is not None
    late = assessment.since if assessment.standing == "late" else None
    if assessment.standing == "failed" and due is not None and due < now:
        late = due
    expected = None
    if expectation is not None and asset.dropped_at is None:
        kind, source, text = expectation.kind, expectation.source, expectation.text
        every = expectation.rule.span if isinstance(expectation.rule, Every) else None
        expected = ExpectedWrite(kind, source, text, asset.written_at, due, every)
    return Outlook(
        cast(Bad | None, assessment.standing)  # that of an asset is never apart
        or ("ok" if known and standing == "ok" else "unknown"),
        late_since=late,
        text=assessment.cause.text if assessment.cause is not None else None,
        expectation=expected,
    )


def dated(before: Outlook | None, after: Outlook, now: int) -> Outlook:
    """Return `after` with the moment since when the asset is seen to stand so."""
    if before is None:
        return replace(after, since=now)
    since = before.since if before.standing == after.standing else now
    once = before.was_expected or before.expectation is not None
    return replace(after, since=since, was_expected=once and after.expectation is None)
