"""Checks, freshness and an incident of the small shop, as the catalog would have them."""

from __future__ import annotations

from dataclasses import replace

from fairlead_bridge.entries import (
    AffectedAsset,
    AssertionResult,
    ExpectedWrite,
    IncidentEntry,
    Outlook,
)
from fairlead_bridge.model import Name
from tests.support.sinks import entries as shop

WRITTEN_AT = shop.START + 175 * shop.SECOND
CHECKED_AT = WRITTEN_AT + 60 * shop.SECOND
DUE = WRITTEN_AT + 90_000 * shop.SECOND
CHECKS = (
    AssertionResult(
        "id_is_there",
        False,
        CHECKED_AT,
        column="ORDER_ID",
        severity="error",
        kind="not_null",
        expected="0",
        actual="3",
        run_id=shop.run_id(7),
    ),
    AssertionResult("row_count", True, CHECKED_AT, description="at least one row"),
)
OUTLOOK = Outlook(
    "ok",
    since=shop.START,
    expectation=ExpectedWrite("every", "learned", "usually written every day", WRITTEN_AT, DUE),
)
CHECKED = replace(
    shop.DAILY_ENTRY,
    written_at=WRITTEN_AT,
    written_by=shop.LOAD_WROTE,
    assertions=CHECKS,
    outlook=OUTLOOK,
)
LATE = replace(
    CHECKED,
    outlook=replace(
        OUTLOOK,
        standing="late",
        since=DUE + shop.SECOND,
        late_since=DUE,
        text="load failed: deadlock detected",
    ),
)
INCIDENT = IncidentEntry(
    Name("incident", 7),
    state="open",
    severity="critical",
    kind="failed_run",
    node="job:airflow:orders_sync.load",
    label="orders_sync.load",
    text="load failed: deadlock detected",
    at=shop.START + 100 * shop.SECOND,
    opened_at=shop.START + 100 * shop.SECOND,
    detected_at=shop.START + 101 * shop.SECOND,
    changed_at=shop.START + 101 * shop.SECOND,
    run_id=shop.run_id(7),
    dag_id="orders_sync",
    path=("orders_sync.load", "ANALYTICS.REPORTING.DAILY_ORDERS"),
    affected=(
        AffectedAsset(
            "dataset:snowflake://acme-prod:ANALYTICS.REPORTING.DAILY_ORDERS",
            "ANALYTICS.REPORTING.DAILY_ORDERS",
            "late",
            owners=("data-eng",),
            expected_by=DUE,
            dataset=shop.DAILY,
        ),
    ),
    owners=("data-eng",),
    run_url=f"{shop.AIRFLOW}/dags/orders_sync/runs/scheduled__2026-11-20T05:00:00+00:00",
    job=shop.LOAD,
)
RESOLVED = replace(
    INCIDENT,
    state="resolved",
    changed_at=shop.START + 7200 * shop.SECOND,
    resolved_at=shop.START + 7200 * shop.SECOND,
)
