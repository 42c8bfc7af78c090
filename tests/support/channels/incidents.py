"""Incidents as the catalog would hand them to channels."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from fairlead_bridge.channels.message import Message, Writer
from fairlead_bridge.channels.notice import Received, notice
from fairlead_bridge.channels.schedule import micros
from fairlead_bridge.entries import AffectedAsset, IncidentEntry
from fairlead_bridge.model import Name

MINUTE, HOUR = 60_000_000, 3_600_000_000
BERLIN = ZoneInfo("Europe/Berlin")


def at(text: str, zone: ZoneInfo = BERLIN) -> int:
    """Microseconds of a local time such as `2026-11-29 06:42`."""
    return micros(datetime.fromisoformat(text).replace(tzinfo=zone))


BEGAN = at("2026-11-29 06:42")


def affected(count: int) -> tuple[AffectedAsset, ...]:
    return tuple(
        AffectedAsset(
            f"dataset:postgres://dwh:5432:mart.table_{number}",
            f"mart.table_{number}",
            "late" if number % 2 else "at_risk",
            (f"team-{number % 3}",),
            BEGAN + HOUR + number * MINUTE,
            (BEGAN + 2 * HOUR, BEGAN + HOUR, BEGAN + 3 * HOUR),
        )
        for number in range(count)
    )


def incident(number: int = 7, /, **changes: Any) -> IncidentEntry:
    """A task that failed, with three datasets downstream, unless the changes say otherwise."""
    given: dict[str, Any] = {
        "state": "open",
        "severity": "critical",
        "kind": "failed_run",
        "node": "job:prod:orders.load",
        "label": "orders.load",
        "text": "orders.load failed: <connection> refused & closed",
        "at": BEGAN,
        "opened_at": BEGAN + 10_000_000,
        "detected_at": BEGAN + 20_000_000,
        "changed_at": BEGAN + 20_000_000,
        "run_id": "0198b2f0-0000-7000-8000-000000000001",
        "dag_id": "orders",
        "path": ("orders.load", "staging.orders", "mart.table_0"),
        "affected": affected(3),
        "tags": ("pii", "finance"),
        "owners": ("data-team",),
        "run_url": "https://airflow.example.com/dags/orders/runs/manual",
        "log_url": "https://airflow.example.com/dags/orders/runs/manual/tasks/load",
    }
    return IncidentEntry(Name("incident", number), **given | changes)


def message(
    about: IncidentEntry | None = None, received: Received | None = None, **given: Any
) -> Message:
    """The message that a channel receives of an incident, after what it received before."""
    found = notice("test", about or incident(), received or Received(), has_own_incidents=True)
    assert found is not None
    return Writer(BERLIN, "https://lineage.example.com/", **given).message(found)


def huge(**changes: Any) -> IncidentEntry:
    """An incident of which everything is as long as it may get."""
    many = tuple(
        AffectedAsset(
            f"dataset:s3://bucket:{'d' * 1_800}{number}",
            f"{'d_*' * 600}{number}",
            "failed",
            tuple(f"owner-{'o' * 100}-{place}" for place in range(20)),
            BEGAN,
            (BEGAN, BEGAN, BEGAN),
        )
        for number in range(1_000)
    )
    return incident(
        label="x" * 1_800,
        node=f"job:{'n' * 600}:{'x' * 1_800}",
        text="failed & " * 1_000,
        path=tuple("p" * 1_800 for _ in range(30)),
        affected=many,
        run_url=f"https://airflow.example.com/{'u' * 4_000}",
        **changes,
    )
