"""Steps that wait for each other, and when each will be done."""

from __future__ import annotations

from statistics import median

import pytest

from fairlead_bridge.insight.durations import distribution
from fairlead_bridge.insight.simulation import Retry, Step, simulate
from fairlead_bridge.insight.spans import MINUTE

TEN = distribution([float(9 * MINUTE), float(10 * MINUTE), float(11 * MINUTE)])
NOW = 1_000 * MINUTE


def ends(*steps: Step, now: int = NOW, seed: int = 1) -> dict[str, float]:
    """The median end of each step, in minutes from now."""
    found = simulate(steps, now, seed)
    return {name: (median(times) - now) / MINUTE for name, times in found.ends.items()}


def running(name: str, since: float) -> Step:
    return Step(name, name, takes=TEN, started_at=NOW - round(since * MINUTE))


def test_a_step_that_runs_ends_when_what_is_left_has_passed() -> None:
    assert ends(running("a", 4))["a"] == pytest.approx(6, abs=0.2)


def test_a_step_that_waits_begins_when_all_before_it_are_done() -> None:
    found = ends(running("a", 4), running("b", 1), Step("c", "c", ("a", "b"), takes=TEN))
    assert found["c"] == pytest.approx(19.2, abs=0.5)


def test_the_first_of_several_suffices_where_that_is_declared() -> None:
    found = ends(running("a", 9.5), running("b", 1), Step("c", "c", ("a", "b"), first_of=True))
    assert found["c"] == pytest.approx(found["a"])


def test_a_step_that_is_ready_and_has_not_begun_waits_longer_than_it_did() -> None:
    lag = distribution([1.0 * MINUTE] * 10)
    assert ends(Step("a", "a", ready_at=NOW - 30 * MINUTE, lag=lag))["a"] > 5


def test_a_step_that_is_mostly_skipped_takes_no_time_in_most_courses() -> None:
    assert ends(Step("a", "a", takes=TEN, chance=0.2))["a"] == pytest.approx(0, abs=0.1)


def test_a_step_that_often_fails_takes_longer_by_its_retries() -> None:
    often = Retry(0.5, distribution([5.0 * MINUTE] * 10), 1)
    found = simulate([Step("a", "a", takes=TEN, retry=often)], NOW, 1).ends["a"]
    retried = sum(end - NOW > 20 * MINUTE for end in found)
    assert 0.35 < retried / len(found) < 0.65


def test_no_step_ends_before_now() -> None:
    found = simulate([Step("a", "a", ready_at=0), Step("b", "b", ("a",), takes=TEN)], NOW, 1)
    assert min(found.ends["a"]) >= NOW
    assert min(found.ends["b"]) >= NOW


def test_a_circle_of_steps_comes_to_an_end() -> None:
    found = ends(Step("a", "a", ("b",), takes=TEN), Step("b", "b", ("a",), takes=TEN))
    assert set(found) == {"a", "b"}


def test_a_long_chain_of_steps_is_followed_to_its_end() -> None:
    chain = [Step(str(at), "", (str(at - 1),) if at else (), takes=TEN) for at in range(1500)]
    assert simulate(chain, NOW, 1, courses=4).ends["1499"][0] > NOW + 13_000 * MINUTE


def test_equal_seeds_give_equal_courses_in_any_order_of_the_steps() -> None:
    steps = [running("a", 4), Step("b", "b", ("a",), takes=TEN)]
    assert simulate(steps, NOW, 5).ends == simulate(steps[::-1], NOW, 5).ends
    assert simulate(steps, NOW, 5).ends != simulate(steps, NOW, 6).ends


def test_the_critical_path_leads_back_from_the_end_over_what_is_done_last() -> None:
    steps = [running("a", 9), running("b", 1), Step("c", "c", ("a", "b"), takes=TEN)]
    found = simulate(steps, NOW, 1)
    assert [step.id for step in found.critical("c")] == ["b", "c"]
