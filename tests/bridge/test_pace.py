"""Batches are small while the absorber keeps up, and as large as a replay's while it is behind."""

from __future__ import annotations

from fairlead_bridge.workers.pace import FEWEST, Pace

#: Seconds of processor time: of each batch, and of each event in it.
FIXED, EACH = 0.010, 0.001


def cost(count: int, each: float = EACH) -> float:
    return FIXED + count * each


def after_a_burst(pace: Pace, batches: int, each: float = EACH) -> None:
    for _ in range(batches):
        pace.after(pace.limit, cost(pace.limit, each))


def test_a_burst_is_absorbed_in_batches_whose_fixed_cost_is_small() -> None:
    pace = Pace(most=500, within=0.03)
    after_a_burst(pace, 10)
    assert FIXED / cost(pace.limit) < 0.05


def test_a_burst_of_costly_events_does_not_end_in_the_smallest_batches() -> None:
    pace = Pace(most=500, within=0.03)
    after_a_burst(pace, 10, each=0.0027)
    assert pace.limit > 4 * FEWEST


def test_a_batch_takes_no_longer_than_what_intake_may_wait() -> None:
    pace = Pace(most=500, within=0.03, behind=0.25)
    after_a_burst(pace, 20, each=0.0027)
    assert cost(pace.limit, 0.0027) <= 0.26


def test_batches_are_short_again_once_nothing_waits() -> None:
    pace = Pace(most=500, within=0.03)
    after_a_burst(pace, 10)
    pace.after(100, cost(100))
    assert cost(pace.limit) <= 0.04


def test_a_few_events_between_do_not_hold_a_burst_back_from_large_batches() -> None:
    pace = Pace(most=500, within=0.03)
    pace.after(1, cost(1))
    assert pace.limit == FEWEST
    after_a_burst(pace, 8)
    assert FIXED / cost(pace.limit) < 0.05


def test_events_that_take_seconds_each_are_absorbed_one_by_one_and_others_together_again() -> None:
    pace = Pace(most=500, within=0.03)
    after_a_burst(pace, 3, each=2.0)
    assert pace.limit == 1
    after_a_burst(pace, 3, each=0.1)
    assert pace.limit == 9
    after_a_burst(pace, 10)
    assert pace.limit > 10 * FEWEST


def test_a_batch_is_never_larger_than_the_largest() -> None:
    pace = Pace(most=500, within=0.03)
    after_a_burst(pace, 10, each=0.0)
    assert pace.limit == 500


def test_without_a_bound_every_batch_may_be_the_largest() -> None:
    pace = Pace(most=500)
    after_a_burst(pace, 3)
    assert pace.limit == 500
