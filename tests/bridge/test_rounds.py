"""What a job did at one go: its tries and instances, as one round."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fairlead_bridge.insight.rounds import (
    Try,
    chance_of_running,
    delays_of_retries,
    rounds,
    spans_of_tries,
)

FIRST = Try(1, 100, 11, 1, "success", 10, 20, 9)


def test_a_try_that_succeeded_is_a_round_that_is_done() -> None:
    (only,) = rounds([FIRST], 0)
    assert (only.state, only.started_at, only.ended_at, only.was_cleared) == ("done", 10, 20, False)


@pytest.mark.parametrize(
    ("state", "retries", "found"),
    [
        ("success", 0, "done"),
        ("skipped", 0, "skipped"),
        ("running", 0, "running"),
        ("deferred", 0, "running"),
        ("queued", 0, "waiting"),
        ("up_for_retry", 0, "retrying"),
        ("failed", 1, "retrying"),
        ("failed", 0, "failed"),
        ("upstream_failed", 3, "failed"),
        ("lost", 3, "failed"),
    ],
)
def test_a_round_is_as_its_last_try_is(state: str, retries: int, found: str) -> None:
    one = replace(FIRST, state=state)
    before = replace(FIRST, run=2, number=0, state="failed", started_at=1, ended_at=5)
    assert rounds([one], retries)[0].state == found
    assert rounds([one, before], retries)[0].state == found


def test_one_instance_that_failed_makes_the_round_fail() -> None:
    other = replace(FIRST, run=2, instance=12, state="failed")
    (whole,) = rounds([FIRST, other], 0)
    assert whole.state == "failed"


def test_a_round_lasts_from_the_first_instance_to_the_last() -> None:
    other = replace(FIRST, run=2, instance=12, started_at=5, ended_at=40)
    (whole,) = rounds([FIRST, other], 0)
    assert (whole.started_at, whole.ended_at) == (5, 40)
    assert spans_of_tries([whole]) == ((5, 35),)


def test_of_several_tries_the_last_says_how_long_it_takes() -> None:
    again = replace(FIRST, run=2, number=2, started_at=30, ended_at=37)
    (whole,) = rounds([replace(FIRST, state="failed"), again], 1)
    assert whole.state == "done"
    assert spans_of_tries([whole]) == ((30, 7),)
    assert delays_of_retries([whole]) == [10]


def test_a_try_beyond_the_retries_was_made_by_hand_and_teaches_no_delay() -> None:
    again = replace(FIRST, run=2, number=2, started_at=9_000, ended_at=9_007)
    (whole,) = rounds([replace(FIRST, state="failed"), again], 0)
    assert whole.was_cleared
    assert delays_of_retries([whole]) == []


def test_rounds_come_in_order_of_time() -> None:
    later = replace(FIRST, run=2, whole=101, instance=13, started_at=50, ended_at=60)
    assert [each.whole for each in rounds([later, FIRST], 0)] == [100, 101]


def test_what_is_mostly_skipped_seldom_runs() -> None:
    many = [replace(FIRST, whole=at, instance=at, state="skipped") for at in range(200, 209)]
    assert chance_of_running(rounds([FIRST, *many], 0)) == pytest.approx(2 / 11)
    assert chance_of_running(()) == 1.0
