"""Sentences that carry counts."""

from __future__ import annotations

import doctest

import pytest

from fairlead_bridge import wording
from fairlead_bridge.insight import starts
from fairlead_bridge.insight.spans import DAY


def test_its_examples_are_right() -> None:
    assert doctest.testmod(wording).failed == 0


@pytest.mark.parametrize(
    ("runs", "words"), [(1, "has run 1 time only"), (2, "has run 2 times only")]
)
def test_what_has_run_once_has_not_run_1_times(runs: int, words: str) -> None:
    begun = [day * DAY for day in range(runs)]
    assert words in str(starts.by_rhythm("load", begun, starts.UTC, 9 * DAY))
