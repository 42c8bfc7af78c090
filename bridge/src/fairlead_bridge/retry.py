"""When to try again. Pure arithmetic; all times in microseconds since the epoch."""

from __future__ import annotations

import random

_SECOND = 1_000_000
FIRST_WAIT = 2.0
LONGEST_WAIT = 600.0


def next_due(
    now: int, attempts: int, retry_after: float | None = None, chance: random.Random | None = None
) -> int:
    """
    Twice as long after each attempt, up to ten minutes, and never sooner than was asked for.

    The wait is spread over its upper half, so that what failed together does not come back
    together. `retry_after` is in seconds.
    """
    wait = min(FIRST_WAIT * 2.0 ** min(max(attempts - 1, 0), 30), LONGEST_WAIT)
    spread = (chance or random).uniform(0.5, 1.0)
    return now + round(max(wait * spread, retry_after or 0.0) * _SECOND)
