"""Received events over REST: the answers, field by field."""

from __future__ import annotations

from typing import Literal

from fairlead_bridge.web.nouns import EventSummary, JobName


class ReceivedEvent(EventSummary):
    source: str  # "http", "kafka", "import", ...
    state: Literal["waiting", "absorbed", "quarantined"]
    reason: str | None  # why it is in quarantine
    job: JobName | None  # as the event names it
    run_id: str | None  # OpenLineage's
