"""Outlook and root cause over REST: the answers, field by field."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from fairlead_bridge.model import State
from fairlead_bridge.web.base import Answer

Standing = Literal["ok", "late", "failed", "at_risk", "unknown"]


RootCauseKind = Literal[
    "failed_run",
    "not_started",
    "slow_run",
    "source_not_updated",
    "schema_change",
    "import_error",
    "silent_source",
    "failed_check",
    "row_count",
]


class Step(Answer):
    """A node between the root cause and what is asked for."""

    node: str
    label: str
    kind: Literal["dataset", "job"]
    state: (
        State | Literal["late"] | None
    )  # of a job: of its newest run; of a dataset: "late" and "failed" too


class OtherCause(Answer):
    """What also explains it, less probably."""

    kind: RootCauseKind
    node: str
    run_id: str | None
    at: datetime
    text: str


class Evidence(Answer):
    """One observation that supports a root cause."""

    at: datetime
    text: str
    run_id: str | None  # of the run that shows it


class RootCause(OtherCause):
    """Where the trouble with a dataset or a job began."""

    path: list[str]  # nodes from the cause down to what is asked for
    steps: list[Step]  # the same, each with its name and state
    error: str | None  # of the run that failed
    failures: int  # rounds of the job that failed in a row, this one included
    evidence: list[Evidence]
    others: list[OtherCause]


class Expectation(Answer):
    """When a dataset should be fresh, and its source."""

    kind: Literal["by", "every", "within", "rows"]
    source: Literal["person", "file", "contract", "dbt", "airflow", "schedule", "learned"]
    text: str
    expected_by: datetime


class Eta(Answer):
    """
    When a dataset is written next, or a DAG, task or job is done: the median; `low` and `high`
    bound 80 %. `basis` is what decides it.
    """

    p50: datetime
    low: datetime
    high: datetime
    basis: str


class RootCauseAnswer(Answer):
    """Why a dataset or a job is late, failed or at risk."""

    node: str
    as_of: datetime
    standing: Standing
    late_since: datetime | None
    root_cause: RootCause | None  # null where nothing upstream explains it


class Outlook(RootCauseAnswer):
    """How a dataset or a job stands, until when it is expected, and why it is not as it should be."""

    written_at: datetime | None
    fresh_at: datetime | None  # the newest write that is not of an older partition or of a backfill
    expectation: Expectation | None  # null where none is known
    eta: Eta | None  # null: unknown
    eta_unknown: str | None  # why it is not known
