"""The nouns: frozen values that the packages exchange."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

Kind = Literal["dataset", "job", "run", "event", "incident"]

#: What the name of each notification channel begins with in the outbox.
CHANNELS = "notify:"

#: Run states, as `GET /api/v1/runs` names them.
State = Literal[
    "queued",
    "running",
    "deferred",
    "up_for_retry",
    "success",
    "failed",
    "skipped",
    "upstream_failed",
    "aborted",
    "removed",
    "lost",
]
STATES: frozenset[str] = frozenset(get_args(State))


def is_channel(name: str) -> bool:
    """Whether a sink of the outbox is a notification channel."""
    return name.startswith(CHANNELS)


@dataclass(frozen=True, slots=True)
class Arrival:
    """An event as it came in, not yet read."""

    id: int
    body: bytes


@dataclass(frozen=True, slots=True, order=True)
class Name:
    """The name of a catalog entry: what the outbox holds and sinks deliver."""

    kind: Kind
    id: int


@dataclass(frozen=True, slots=True)
class Delivery:
    """A changed entry that one sink has yet to receive."""

    sink: str
    name: Name
    version: int
    attempts: int
    sent: bytes | None = None
    news_at: int = 0  # when the oldest change that it has yet to receive came
