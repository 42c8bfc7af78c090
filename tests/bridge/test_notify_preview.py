"""Rules tried on past days: the messages that they would have sent, without sending any."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from fairlead_bridge.channels.target import ChannelTarget
from fairlead_bridge.cli import main
from fairlead_bridge.delivery.preview import Change, Sent, preview, simulate
from tests.bridge.monitored import DAY, Bridge, micros, morning
from tests.support.channels.incidents import HOUR, MINUTE, at, incident
from tests.support.channels.targets import NIGHT, target

FIRST = at("2026-11-27 23:00")


def changes(*given: tuple[int, dict[str, Any]]) -> list[Change]:
    return [Change(moment, incident(**about)) for moment, about in given]


def test_quiet_hours_and_changes_in_them_are_one_message() -> None:
    warning = {"severity": "warning"}
    resolved = warning | {"state": "resolved", "resolved_at": FIRST + 9 * HOUR}
    found = list(
        simulate(
            target(NIGHT),
            changes((FIRST, warning), (FIRST + MINUTE, warning), (FIRST + 9 * HOUR, resolved)),
            FIRST + 24 * HOUR,
        )
    )
    assert [it.at for it in found] == [at("2026-11-28 07:00"), FIRST + 9 * HOUR]
    assert found[1].title.startswith("Resolved: ")


def test_what_is_collected_is_one_message_of_all() -> None:
    many = [Change(FIRST + n, incident(n, severity="warning")) for n in range(1, 5)]
    (sent,) = simulate(target(NIGHT), many, FIRST + 24 * HOUR)
    assert sent.incidents == (1, 2, 3, 4)
    assert sent.title == "4 incidents: 4 open"


def test_what_is_due_after_the_end_is_not_sent() -> None:
    found = simulate(target(NIGHT), changes((FIRST, {"severity": "warning"})), FIRST + HOUR)
    assert list(found) == []


@pytest.fixture
def bridge(db: sa.Engine) -> Bridge:
    """A fortnight of good mornings, then one on which a job fails, and is mended at nine."""
    bridge = Bridge(db)
    for day in range(14):
        bridge.receive(morning(day), DAY + timedelta(days=day, hours=6))
    bridge.evaluate(DAY + timedelta(days=13, hours=6))
    bridge.take(morning(14, fails="load"), broke())
    later = [event for job in ("load", "clean", "sum") for event in morning(14, jobs=[job])]
    bridge.take([event.replace(b"T05:", b"T09:") for event in later], repaired())
    return bridge


def broke() -> datetime:
    return DAY + timedelta(days=14, hours=5.05)


def repaired() -> datetime:
    return DAY + timedelta(days=14, hours=9.5)


def tried(bridge: Bridge, since: datetime, *targets: ChannelTarget) -> list[Sent]:
    return preview(bridge.db, targets, micros(since), micros(repaired()) + HOUR, 86_400.0)


def test_stored_incidents_are_seen_as_they_were_then(bridge: Bridge) -> None:
    found = tried(bridge, broke() - timedelta(days=1), target())
    assert [(it.at, it.title) for it in found] == [
        (micros(broke()), "Critical: load failed: load broke"),
        (micros(repaired()), "Resolved: load failed: load broke"),
    ]


def test_what_was_announced_before_the_days_asked_for_counts_as_announced(bridge: Bridge) -> None:
    (sent,) = tried(bridge, repaired() - timedelta(hours=1), target())
    assert sent.title.startswith("Resolved")


def test_the_command_prints_each_message_and_how_many_there_are_a_week(
    bridge: Bridge, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLACK", "https://hooks.slack.com/services/T/B/x")
    monkeypatch.setenv(
        "FAIRLEAD_NOTIFICATIONS",
        '{"channel": [{"name": "a", "type": "slack", "url_env": "SLACK"}]}',
    )
    url = bridge.db.url.render_as_string(hide_password=False)
    until = (repaired() + timedelta(hours=1)).isoformat()
    preview_of = ["notify", "preview", "--days", "2", "--until", until]
    assert main([*preview_of, "--database-url", url]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "2026-11-16T05:03+00:00  a  Critical: load failed: load broke"
    assert lines[-1] == "a: 2 messages in 2 days, 7.0 a week"
