"""Checks and freshness of a dataset as DataHub's assertions, each with its newest result. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from fairlead_bridge.entries import AssertionResult, DatasetEntry, ExpectedWrite, Outlook
from fairlead_bridge.sinks.datahub.schemas import Aspects
from fairlead_bridge.sinks.datahub.urns import Urns

#: By this property we know the jobs and assertions again that we made.
MADE = {"made_by": "fairlead"}
_PLATFORM = "urn:li:dataPlatform:airflow"
_DAY = 86_400_000_000
#: The name of the assertion that a dataset is written when it is expected to be.
_FRESHNESS = "freshness"


class Quality:
    """Assertions in DataHub's words."""

    def __init__(self, urns: Urns, retire_after_days: float | None) -> None:
        self._urns = urns
        self._retire_after = None if retire_after_days is None else retire_after_days * _DAY

    def of(self, entry: DatasetEntry, dataset: str) -> Iterator[tuple[str, Aspects]]:
        """The assertions of the dataset that has this urn."""
        dropped = is_dropped(entry)
        newest = max((check.at for check in entry.assertions), default=0)
        for check in entry.assertions:
            gone = self._retire_after is not None and newest - check.at > self._retire_after
            yield "assertion", self._check(entry, check, dataset, removed=dropped or gone)
        outlook = entry.outlook
        if outlook is not None and outlook.expectation is not None:
            yield (
                "assertion",
                self._freshness(outlook, outlook.expectation, dataset, removed=dropped),
            )
        elif outlook is not None and outlook.was_expected:
            urn = self._urns.assertion(dataset, _FRESHNESS)
            yield "assertion", {"urn": urn, "status": {"value": {"removed": True}}}

    def _check(
        self, entry: DatasetEntry, check: AssertionResult, dataset: str, *, removed: bool
    ) -> Aspects:
        urn = self._urns.assertion(dataset, "check", check.name, check.column or "")
        custom: Aspects = {"type": check.kind or "check", "entity": dataset}
        if check.column:
            custom["field"] = self._urns.column(entry.dataset, check.column)
        of = f" of {check.column}" if check.column else ""
        info = {
            "type": "CUSTOM",
            "customAssertion": custom,
            "description": check.description or f"{check.name}{of}",
            "customProperties": {**MADE, "name": check.name},
        }
        result = "SUCCESS" if check.is_passed else "FAILURE"
        native = {
            "severity": check.severity,
            "expected": check.expected,
            "actual": check.actual,
        }
        event = _event(urn, dataset, check.at, check.run_id, result, native)
        return _aspects(urn, info, event, removed=removed)

    def _freshness(
        self, outlook: Outlook, expected: ExpectedWrite, dataset: str, *, removed: bool
    ) -> Aspects:
        urn = self._urns.assertion(dataset, _FRESHNESS)
        info = {
            "type": "FRESHNESS",
            "freshnessAssertion": {
                "type": "DATASET_CHANGE",
                "entity": dataset,
                "schedule": _schedule(expected),
            },
            "description": expected.text,
            "customProperties": {**MADE, "expected_by_source": expected.source},
        }
        return _aspects(
            urn, info, _freshness_result(urn, dataset, outlook, expected), removed=removed
        )


def is_dropped(entry: DatasetEntry) -> bool:
    """Whether the dataset was dropped and not written since."""
    return entry.dropped_at is not None and entry.dropped_at > (entry.written_at or 0)


def _schedule(expected: ExpectedWrite) -> Aspects:
    """An interval where the expectation is one; else the description says when."""
    if expected.every is None:
        return {"type": "SINCE_THE_LAST_CHECK"}
    minutes = max(1, expected.every // 60_000_000)
    return {"type": "FIXED_INTERVAL", "fixedInterval": {"unit": "MINUTE", "multiple": minutes}}


def _freshness_result(
    urn: str, dataset: str, outlook: Outlook, expected: ExpectedWrite
) -> Aspects | None:
    """The newest result: a write that came, or, where none did, the moment since when it is late."""
    due = None if expected.expected_by is None else _iso(expected.expected_by)
    if outlook.late_since is not None:
        native = {"expected_by": _iso(outlook.late_since), "cause": outlook.text}
        return _event(urn, dataset, outlook.late_since, None, "FAILURE", native)
    if expected.written_at is None:
        return None
    return _event(urn, dataset, expected.written_at, None, "SUCCESS", {"expected_by": due})


def _event(
    urn: str, dataset: str, at: int, run: str | None, result: str, native: dict[str, str | None]
) -> Aspects:
    """One result; at the time of what it is about, so that a repetition overwrites it."""
    ms = at // 1000
    results = {name: text for name, text in native.items() if text}
    return {
        "timestampMillis": ms,
        "runId": run or f"{ms}",
        "asserteeUrn": dataset,
        "assertionUrn": urn,
        "status": "COMPLETE",
        "result": {"type": result, **({"nativeResults": results} if results else {})},
    }


def _aspects(urn: str, info: Aspects, event: Aspects | None, *, removed: bool) -> Aspects:
    aspects: Aspects = {
        "urn": urn,
        "assertionInfo": {"value": {**info, "source": {"type": "EXTERNAL"}}},
        "dataPlatformInstance": {"value": {"platform": _PLATFORM}},
        "status": {"value": {"removed": removed}},
    }
    if event is not None:
        aspects["assertionRunEvent"] = {"value": event}
    return aspects


def _iso(at: int) -> str:
    return datetime.fromtimestamp(at // 1_000_000, UTC).isoformat()
