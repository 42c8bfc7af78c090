"""How soon and how rightly a rule calls a series of updates late, each update dropped in turn; and made series."""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

from fairlead_bridge.insight import rhythm
from fairlead_bridge.insight.calendars import Calendar
from fairlead_bridge.insight.spans import DAY, HOUR, MINUTE, SECOND, percentile

#: When the write after the last of these is late.
Rule = Callable[[Sequence[int]], int | None]


def read(path: Path) -> list[int]:
    return sorted(round(float(line) * SECOND) for line in path.read_text().split())


def measure(times: Sequence[int], due: Rule, first: int = 26) -> dict[str, float | int | None]:
    """What the rule makes of this series; shares of the updates that were dropped."""
    writes = rhythm.without_bursts(times)
    dropped, caught, false, unknown = 0, 0, 0, 0
    delays: list[float] = []
    began = time.process_time()
    for at in range(first, len(writes) - 1):
        dropped += 1
        late = due(writes[:at])
        if late is None:
            unknown += 1
            continue
        false += late < writes[at]
        if late < writes[at + 1]:
            caught += 1
            delays.append((late - writes[at]) / HOUR)
    spent = time.process_time() - began
    share = lambda number: round(number / dropped, 4) if dropped else None  # noqa: E731
    return {
        "updates": len(times),
        "false_rate": share(false),
        "caught": share(caught),
        "median_delay_hours": round(statistics.median(delays), 2) if delays else None,
        "dropped": dropped,
        "without_expectation": share(unknown),
        "milliseconds": round(1000 * spent / dropped, 2) if dropped else None,
    }


def learned(times: Sequence[int], calendar: Calendar | None = None) -> int | None:
    """When the bridge calls this series late."""
    found = rhythm.learn(tuple(times), calendar=calendar)
    return found.due(times[-1]) if found is not None else None


def of_0_1(times: Sequence[int]) -> int | None:
    gaps = sorted(after - before for before, after in pairwise(times[-24:]))
    return times[-1] + max(MINUTE, int(percentile(gaps, 0.9) * 1.2)) if len(gaps) >= 3 else None


# --- made series --------------------------------------------------------------------------------

_MONDAY = int(datetime(2025, 1, 6, tzinfo=UTC).timestamp()) * SECOND


def made() -> dict[str, list[int]]:
    """Series whose rhythm is known, from a seed."""
    chance = random.Random(7)

    def days(number: int, wanted: Callable[[int], bool], *hours: int, jitter: int) -> list[int]:
        return [
            _MONDAY + day * DAY + hour * HOUR + chance.randint(0, jitter)
            for day in range(number)
            if wanted(day)
            for hour in hours
        ]

    def workday(day: int) -> bool:
        return day % 7 < 5

    def every(day: int) -> bool:
        return True

    poisson = [_MONDAY]
    for _ in range(400):
        poisson.append(poisson[-1] + int(chance.expovariate(1 / (6 * HOUR))))
    early = days(200, workday, 6, jitter=10 * MINUTE)
    moved = [at + 3 * HOUR if at > _MONDAY + 100 * DAY else at for at in early]
    return {
        "weekdays 06:00": days(400, workday, 6, jitter=0),
        "weekdays about 06:00": days(400, workday, 6, jitter=40 * MINUTE),
        "three times a weekday": days(200, workday, 6, 12, 18, jitter=10 * MINUTE),
        "daily": days(400, every, 2, jitter=20 * MINUTE),
        "hourly, 8 to 20, on weekdays": days(100, workday, *range(8, 20), jitter=2 * MINUTE),
        "weekly": days(600, lambda day: day % 7 == 1, 5, jitter=HOUR),
        "from 06:00 to 09:00": moved,
        "daily, later on weekdays": days(
            400, lambda day: day < 200 or workday(day), 6, jitter=MINUTE
        ),
        "by chance": poisson,
    }
