"""Which letters count in names, by platform."""

from __future__ import annotations

import doctest

from fairlead_bridge import letters


def test_its_examples_are_right() -> None:
    assert doctest.testmod(letters).failed == 0
