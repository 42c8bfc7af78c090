"""Durations learned from a history: what is usual, what is left, and how sure that is."""

from __future__ import annotations

import doctest
from collections.abc import Callable
from datetime import UTC, datetime
from random import Random
from statistics import fmean, median

import pytest

from fairlead_bridge.insight import durations
from fairlead_bridge.insight.durations import Durations, Span, distribution, learn
from fairlead_bridge.insight.spans import DAY, MINUTE

MONDAY = round(datetime(2026, 3, 2, 6, tzinfo=UTC).timestamp() * 1_000_000)


def days(number: int, takes: Callable[[int], float], first: int = 0) -> tuple[Span, ...]:
    """One a day, of so many minutes."""
    return tuple(
        (MONDAY + day * DAY, round(takes(day) * MINUTE)) for day in range(first, first + number)
    )


def usual(spans: tuple[Span, ...], day: int | None = None) -> float:
    """The median for the day after the last, or another day; minutes."""
    history = learn(spans)
    assert history is not None
    return history.at(spans[-1][0] + DAY if day is None else MONDAY + day * DAY).median / MINUTE


def test_its_examples_are_right() -> None:
    assert doctest.testmod(durations).failed == 0


def test_without_a_history_nothing_is_learned() -> None:
    assert learn(()) is None


def test_one_very_long_case_does_not_move_what_is_usual() -> None:
    assert usual(days(30, lambda day: 600 if day == 20 else 10)) == pytest.approx(10, abs=0.1)


def test_a_lasting_change_of_level_is_followed_after_three_cases() -> None:
    assert usual(days(43, lambda day: 10 if day < 40 else 30)) == pytest.approx(30, abs=1)


def test_newer_cases_weigh_more_than_old_ones() -> None:
    drifting = days(60, lambda day: 10 + day / 4)
    assert usual(drifting) > fmean(minutes / MINUTE for _, minutes in drifting) + 3


def test_days_of_the_week_count_for_themselves_where_they_show() -> None:
    spans = days(56, lambda day: 40 if day % 7 == 0 else 10)
    assert usual(spans, day=56) == pytest.approx(40, abs=1)  # a Monday
    assert usual(spans, day=57) == pytest.approx(10, abs=1)


def mondays(number: int, seed: int) -> tuple[Span, ...]:
    """Weeks in which Mondays take a quarter more, by chance more or less."""
    chance = Random(seed)
    return days(
        7 * number, lambda day: (12.5 if day % 7 == 0 else 10) * chance.lognormvariate(0, 0.15)
    )


def test_a_season_is_believed_the_more_the_more_often_it_showed() -> None:
    few, more = (
        fmean(usual(mondays(weeks, seed), day=7 * weeks) for seed in range(30)) for weeks in (2, 9)
    )
    assert 10.3 < few < more
    assert more == pytest.approx(12.3, abs=0.5)


def test_what_is_chance_is_taken_for_no_season() -> None:
    chance = Random(5)
    found = [
        usual(days(40, lambda day: 10 * chance.lognormvariate(0, 0.2)), day=day)
        for day in range(40, 47)
        for _ in range(20)
    ]
    assert median(abs(each - 10) for each in found) < 0.5


def test_three_long_days_at_the_end_of_a_month_are_no_change_of_level() -> None:
    chance = Random(7)
    spans = days(
        31, lambda day: (16 if day >= 28 else 10) * chance.lognormvariate(0, 0.05)
    )  # the last is the first of April
    assert usual(spans, day=31) == pytest.approx(10, abs=0.7)
    assert usual(spans, day=59) == pytest.approx(16, abs=1.5)


def test_hours_of_the_day_count_for_themselves_where_they_show() -> None:
    spans = tuple(
        (MONDAY + hour * DAY // 24, (30 if hour % 24 == 0 else 5) * MINUTE)
        for hour in range(24 * 8)
    )
    history = learn(spans[-durations.WINDOW :])
    assert history is not None
    assert history.at(MONDAY + 8 * DAY + DAY // 24).median == pytest.approx(5 * MINUTE, rel=0.05)


def test_what_has_run_longer_than_ever_is_expected_to_go_on_for_a_while() -> None:
    of_ten = distribution([10.0 * MINUTE] * 20)
    left = of_ten.draw(200, passed=40.0 * MINUTE)
    assert min(left) >= 40 * MINUTE
    assert median(left) > 55 * MINUTE


def test_what_has_just_begun_is_expected_as_ever() -> None:
    of_ten = distribution([float(minutes * MINUTE) for minutes in range(8, 13)])
    assert median(of_ten.draw(200, passed=1.0 * MINUTE)) == pytest.approx(10 * MINUTE, rel=0.02)


def test_a_condition_never_gives_less_than_what_has_passed() -> None:
    chance = Random(4)
    for _ in range(200):
        values = [chance.uniform(1, 100) for _ in range(chance.randint(1, 20))]
        passed = chance.uniform(0, 300)
        assert min(distribution(values).draw(50, passed)) >= passed


def test_quantiles_and_shares_are_each_others_inverse() -> None:
    some = distribution([3.0, 5.0, 8.0, 13.0, 21.0])
    for share in (0.01, 0.1, 0.3, 0.5, 0.77, 0.95, 0.999):
        assert 1 - some.beyond(some.quantile(share)) == pytest.approx(share, abs=1e-6)


@pytest.mark.parametrize("known", [5, 8, 20, 60])
def test_the_interval_of_80_percent_holds_about_so_many_cases_however_few_are_known(
    known: int,
) -> None:
    chance, held, cases = Random(known), 0, 400
    for _ in range(cases):
        values = [chance.lognormvariate(0, 0.3) for _ in range(known + 1)]
        history = learn(days(known, values.__getitem__))
        assert history is not None
        drawn = sorted(history.at(MONDAY + known * DAY).draw(200))
        held += drawn[20] <= values[known] * MINUTE <= drawn[179]
    assert 0.74 <= held / cases <= 0.87


def test_odd_numbers_are_no_error() -> None:
    for spans in (((0, 0),), ((0, 0), (0, 0)), ((2**62, 1), (2**62, 5)), ((-(2**62), 2**60),)):
        history = learn(spans)
        assert history is not None
        assert isinstance(history.at(0), Durations)
        assert len(history.at(2**62).draw(10, 5.0)) == 10
