"""How the work in the background goes: what the worker process reports to the web process."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Loop:
    """A step that is repeated. Times in microseconds since the epoch."""

    name: str  # "absorb", "deliver", "kafka", ...
    error: str | None = None  # why the newest round failed; None where it succeeded
    failing_since: int | None = None
    ended_at: int | None = None  # when a round last succeeded


@dataclass(frozen=True, slots=True)
class Report:
    """What the worker process says of itself, about once a second."""

    at: int  # microseconds since the epoch
    metrics: bytes = b""  # Prometheus text
    loops: tuple[Loop, ...] = ()
    kafka_lag: int | None = None  # messages that are in the topics and not yet read


@dataclass(frozen=True, slots=True)
class Condition:
    """How the worker process stands, seen from the web process."""

    report: Report | None = None  # the newest; none before the first
    died: str | None = None  # how the process ended, until the next one reports
