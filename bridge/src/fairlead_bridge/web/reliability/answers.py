"""Reliability over REST: the answers, field by field."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from fairlead_bridge.web.base import Answer

ReliabilityBy = Literal["dataset", "dag", "owner"]


class ReliabilityItem(Answer):
    """How reliable one dataset, DAG or owner was; shares are null where there is nothing to count."""

    name: str  # a node, or the owner's name
    label: str
    promises: int  # times by which a write was expected
    kept: int
    kept_share: float | None
    runs: int  # of the jobs that write it, or of the DAG; tries of one are one
    succeeded: int
    success_share: float | None
    incidents: int
    time_to_detect: float | None  # mean, in seconds, from the first evidence
    time_to_resolve: float | None  # mean, in seconds
    datasets: int  # whose promises are counted
    datasets_left_out: int  # of an owner that has more


class Reliability(Answer):
    since: datetime
    until: datetime
    by: ReliabilityBy
    items: list[ReliabilityItem]
    next: str | None = None
