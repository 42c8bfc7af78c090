"""Digests and quiet hours, on the clocks of their zone."""

from __future__ import annotations

from datetime import time

import pytest

from fairlead_bridge.channels.schedule import Daily, Every, Plan, Quiet, Schedule
from tests.support.channels.incidents import BERLIN, MINUTE, at

NIGHT = Quiet(time(22), time(7), BERLIN)
WEEKEND = Quiet(time(0), time(0), BERLIN, frozenset({5, 6}))


@pytest.mark.parametrize(
    ("moment", "until"),
    [
        ("2026-11-27 21:59", None),
        ("2026-11-27 22:00", "2026-11-28 07:00"),
        ("2026-11-28 06:59", "2026-11-28 07:00"),
        ("2026-11-28 07:00", None),
        ("2026-10-25 02:30", "2026-10-25 07:00"),  # the night that has an hour more
        ("2026-03-29 03:30", "2026-03-29 07:00"),  # the night that has an hour less
    ],
)
def test_quiet_hours_last_over_midnight_in_local_time(moment: str, until: str | None) -> None:
    assert NIGHT.until(at(moment)) == (at(until) if until else None)


def test_quiet_hours_that_follow_each_other_are_one() -> None:
    friday_night = at("2026-11-27 23:00")
    schedule = Schedule(quiet=(NIGHT, WEEKEND))
    assert schedule.quiet_until(friday_night) == at("2026-11-30 07:00")


def test_hours_that_never_end_do_not_delay_messages_for_ever() -> None:
    always = Quiet(time(0), time(0), BERLIN)
    assert Schedule(quiet=(always,)).quiet_until(at("2026-11-27 12:00")) > at("2026-11-28 00:00")


def test_only_what_is_critical_passes_in_quiet_hours_and_the_rest_comes_together() -> None:
    schedule = Schedule(quiet=(NIGHT,))
    moment = at("2026-11-28 03:00")
    assert schedule.plan(moment, critical=True) == Plan(moment, collected=False)
    assert schedule.plan(moment, critical=False) == Plan(at("2026-11-28 07:00"), collected=True)
    noon = at("2026-11-28 12:00")
    assert schedule.plan(noon, critical=False) == Plan(noon, collected=False)


def test_a_digest_comes_at_the_end_of_its_period() -> None:
    every = Every(15 * MINUTE)
    assert every.after(at("2026-11-28 12:01")) == at("2026-11-28 12:15")
    assert every.after(at("2026-11-28 12:15")) == at("2026-11-28 12:30")


def test_a_daily_digest_comes_at_its_time_on_its_days_whatever_the_offset() -> None:
    daily = Daily(time(8), BERLIN, frozenset(range(5)))
    assert daily.after(at("2026-10-23 07:59")) == at("2026-10-23 08:00")
    assert daily.after(at("2026-10-23 08:00")) == at(
        "2026-10-26 08:00"
    )  # over the change of clocks
    assert at("2026-10-26 08:00") - at("2026-10-23 08:00") == (3 * 24 + 1) * 60 * MINUTE


def test_a_digest_in_quiet_hours_waits_for_their_end() -> None:
    schedule = Schedule(Every(60 * MINUTE), (NIGHT,))
    late = at("2026-11-27 21:30")
    assert schedule.plan(late, critical=False) == Plan(at("2026-11-28 07:00"), collected=True)
    assert schedule.plan(late, critical=True) == Plan(at("2026-11-27 22:00"), collected=True)
