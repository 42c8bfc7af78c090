"""
What the bridge says about itself: the names of its log lines and of its metrics.

The web process and the worker process each have a registry; `/metrics` shows both.
"""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime
from enum import StrEnum

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
)

from fairlead_bridge import masking
from fairlead_bridge.documents import Json

# --- log lines ------------------------------------------------------------------------------


class Line(StrEnum):
    """Every line the bridge logs on purpose."""

    STARTED = "bridge.started"
    STOPPED = "bridge.stopped"
    DATABASE_AWAITED = "bridge.database_awaited"
    OPEN = "bridge.open"
    SHOWN_TO_OTHERS = "bridge.password_shown"
    COMMIT_FAILED = "intake.commit_failed"
    KAFKA_FAILED = "intake.kafka_failed"
    ABSORB_FAILED = "absorb.failed"
    QUARANTINED = "absorb.quarantined"
    DELIVER_FAILED = "deliver.failed"
    MONITOR_FAILED = "monitor.failed"
    CHORE_FAILED = "chore.failed"
    QUERY_FAILED = "web.query_failed"
    AUDIT_FAILED = "audit.failed"
    FORGOT = "retention.forgot"
    WORKER_STARTED = "worker.started"
    WORKER_DIED = "worker.died"


_logger = logging.getLogger("fairlead_bridge")


def say(line: Line, level: int = logging.INFO, exc_info: bool = False, **fields: object) -> None:
    """Log one line with its fields."""
    _logger.log(level, line.value, exc_info=exc_info, extra={"fields": fields})


def configure_logging(level: str, form: str) -> None:
    """Send every log line of this process to standard error, as `text` or `json`."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Json() if form == "json" else _Text())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for name in ("uvicorn", "uvicorn.error", "alembic"):  # they log every ordinary start
        logging.getLogger(name).setLevel(logging.WARNING)


class _Text(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        fields: Json = getattr(record, "fields", {})
        extra = "".join(f" {name}={_short(value)}" for name, value in fields.items())
        line = f"{_time(record)} {record.levelname.lower()} {record.getMessage()}{extra}"
        whole = f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line
        return masking.text(whole)


class _Json(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = {
            "at": _time(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "line": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps({name: _plain(value) for name, value in line.items()}, ensure_ascii=False)


def _plain(value: object) -> object:
    return value if value is None or isinstance(value, int | float) else masking.text(str(value))


def _time(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")


def _short(value: object) -> str:
    text = str(value)
    return json.dumps(text, ensure_ascii=False) if not text or set(text) & set(' "=\n') else text


# --- metrics --------------------------------------------------------------------------------

disable_created_metrics()  # type: ignore[no-untyped-call]  # twice the series, of no use here

WEB = CollectorRegistry()
WORK = CollectorRegistry()

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_EVENTS = (1, 5, 10, 50, 100, 250, 500, 1000, 5000)

RECEIVED = Counter(
    "fairlead_events_received", "Events made durable, doubles included", ["source"], registry=WEB
)
REFUSED = Counter(
    "fairlead_requests_refused", "Requests with events refused, by status", ["status"], registry=WEB
)
QUEUED = Gauge("fairlead_intake_queued", "Events that wait for their commit", registry=WEB)
COMMIT_SECONDS = Histogram(
    "fairlead_intake_commit_seconds", "Time to make a batch durable", buckets=_SECONDS, registry=WEB
)
COMMIT_EVENTS = Histogram(
    "fairlead_intake_commit_events", "Events in a commit", buckets=_EVENTS, registry=WEB
)

KAFKA_MESSAGES = Counter(
    "fairlead_kafka_messages", "Messages read from Kafka and made durable", registry=WORK
)
KAFKA_LAG = Gauge(
    "fairlead_kafka_lag", "Messages in the topics that are not yet read", registry=WORK
)
ABSORBED = Counter(
    "fairlead_events_absorbed", "Events acknowledged, those in quarantine included", registry=WORK
)
ABSORB_SECONDS = Histogram(
    "fairlead_absorb_seconds", "Time to absorb a batch", buckets=_SECONDS, registry=WORK
)
ABSORB_EVENTS = Histogram(
    "fairlead_absorb_events", "Events in an absorbed batch", buckets=_EVENTS, registry=WORK
)
DELIVERED = Counter(
    "fairlead_deliveries", "Deliveries tried, whatever their outcome", ["sink"], registry=WORK
)
DELIVER_SECONDS = Histogram(
    "fairlead_deliver_seconds", "Time of a round of deliveries", ["sink"], registry=WORK
)
EVALUATED = Counter(
    "fairlead_nodes_evaluated",
    "Datasets and jobs evaluated that changed or came due",
    registry=WORK,
)
EVALUATE_SECONDS = Histogram(
    "fairlead_evaluate_seconds", "Time of a round of evaluation", buckets=_SECONDS, registry=WORK
)
FAILURES = Counter(
    "fairlead_failures", "Rounds of work that failed and are tried again", ["work"], registry=WORK
)


def exposition(registry: CollectorRegistry) -> bytes:
    """The metrics as Prometheus reads them."""
    return generate_latest(registry)
