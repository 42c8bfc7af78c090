"""Quarantine and deliveries over REST: the answers, field by field."""

from __future__ import annotations

from datetime import datetime

from fairlead_bridge.web.base import Answer


class QuarantineItem(Answer):
    event_id: int
    received_at: datetime
    reason: str
    size: int
    excerpt: str  # first 2,000 characters of the event


class DeliveryItem(Answer):
    sink: str
    kind: str
    key: str
    name: str | None
    state: str
    attempts: int
    news_at: datetime
    due_at: datetime
    reason: str | None


class Replayed(Answer):
    waiting: int  # events that now wait to be absorbed


class Retried(Answer):
    retried: int
