"""Health of the bridge: the answers, field by field."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from fairlead_bridge.web.base import Answer


class InboxHealth(Answer):
    waiting: int
    quarantined: int
    received: int | None  # the number of the newest; unknown to who does not see every namespace
    last_received_at: datetime | None = None
    oldest_waiting_at: datetime | None = None


class KafkaHealth(Answer):
    lag: int | None  # messages not yet read; unknown before a broker answered
    error: str | None = None  # why it cannot be read now


class SinkHealth(Answer):
    name: str
    kind: str
    waiting: int
    rejected: int
    in_sync: int
    oldest_waiting_at: datetime | None = None
    last_error: str | None = None


class Health(Answer):
    status: Literal["ok", "degraded"]
    ready: bool  # whether this process can do its part
    version: str
    inbox: InboxHealth
    kafka: KafkaHealth | None = None  # where this process reads from Kafka
    sinks: list[SinkHealth]
    problems: list[str]  # sentences; empty when status is "ok"
    warnings: list[str]  # sentences about what is sent here, which the bridge itself cannot mend
