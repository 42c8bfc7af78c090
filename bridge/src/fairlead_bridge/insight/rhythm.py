"""
The learned rhythm of a dataset: when the next write is expected after the last one.

Three models are learned from the newest writes, and each is tested on the newest gaps between them,
knowing only what came before each gap. The one that was right often enough and would have noticed a
missed write soonest counts; where neither was right, nothing is expected.

* By day (`days`): the days of the week that are usually written, and the latest usual time of day,
  in local time. It knows weekends, datasets written several times a day, and daylight saving.
* By month (`months`): the day of the month, from its beginning or its end.
* By gap: the longest usual time between two writes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, tzinfo
from functools import lru_cache
from typing import Literal, Protocol

from fairlead_bridge.insight.calendars import Calendar
from fairlead_bridge.insight.days import ByDay
from fairlead_bridge.insight.months import ByMonth
from fairlead_bridge.insight.spans import DAY, HOUR, MINUTE, gaps_of, percentile, words

#: Newest writes that are learned from, and how few are too few.
WINDOW, FEWEST = 128, 5
#: A gap longer than this, and than so many usual ones, is a pause.
PAUSE, PAUSE_GAPS = 50 * DAY, 8
#: Writes closer together than this, or than this share of the longest usual gap, are one write.
BURST, BURST_SHARE = HOUR, 0.05
#: Newest gaps that a model is tested on, and the share of them that it may have called late: less
#: while there are fewer gaps.
TESTED, MISTAKES, FEW_MISTAKES = 20, 0.2, 0.15

#: By gap: gaps that are looked at, and how many times the median the longest usual one may be.
GAPS, STRETCH, ALIKE = 26, 2.0, 0.8
#: By gap: one of so many gaps, the longest ones, is not counted; one at least.
LEFT_OUT = 12
#: By gap: what is added to the longest usual gap: at least, of the median, and of their difference.
SLACK, SLACK_SHARE, SLACK_MOST, SPREAD_SHARE = 5 * MINUTE, 0.1, 12 * HOUR, 1.5
#: By gap: what comes more often than this may pause every night.
OFTEN = 6 * HOUR
#: By gap: gaps that show how punctual it is, what is then added at most, or of all their difference.
MANY, PUNCTUAL, PUNCTUAL_SHARE = 8, 45 * MINUTE, 3.0


#: "by" a time of day, or "every" so often.
Kind = Literal["by", "every"]


class Model(Protocol):
    def due(self, known: int, at: int) -> int | None:
        """When the next write is late after one at `at`, as the first `known` writes have it."""
        ...

    @property
    def text(self) -> str: ...

    @property
    def kind(self) -> Kind: ...


@dataclass(frozen=True, slots=True)
class Rhythm:
    """What is expected of a dataset, learned from its writes."""

    usual: int  # the median gap between two writes, in microseconds
    writes: int  # from which this was learned
    text: str  # for people
    model: Model

    @property
    def kind(self) -> Kind:
        return self.model.kind

    def due(self, at: int) -> int | None:
        """When the next write is late after one at `at`; None where nothing can be expected."""
        try:
            return self.model.due(self.writes, at)
        except (OverflowError, ValueError):  # beyond the calendar
            return None


@lru_cache(maxsize=4096)
def learn(
    times: tuple[int, ...], zone: tzinfo = UTC, calendar: Calendar | None = None
) -> Rhythm | None:
    """
    The rhythm of regular writes at these times (microseconds, oldest first); None if there is none.

    On days off of `calendar` nothing is expected; where none is given, one is looked for that
    explains on which days nothing was written.

    >>> hours = tuple(hour * HOUR for hour in range(12))
    >>> learn(hours).text
    'usually written every hour'
    >>> learn(hours).due(hours[-1]) / HOUR
    12.1
    >>> learn(hours[:3]) is None
    True
    """
    writes = _since_pause(without_bursts(times[-WINDOW:]))
    if len(writes) < FEWEST:
        return None
    try:
        models: list[Model] = [
            ByGap(writes),
            ByDay(writes, zone, calendar),
            ByMonth(writes, zone, calendar),
        ]
        tested = {model: _test(writes, model) for model in models}
    except (OverflowError, ValueError):
        return None
    usual = int(percentile(sorted(gaps_of(writes)), 0.5))
    # A model that notices a missed write only after the next one is of no use.
    usable = {
        model: test for model, test in tested.items() if test is not None and test[1] <= usual
    }
    if not usable:
        return None
    best = min(usable, key=lambda model: usable[model])
    return Rhythm(usual, len(writes), best.text, best)


def _since_pause(writes: list[int]) -> list[int]:
    """The writes after the last pause, after which a rhythm is another one."""
    gaps = gaps_of(writes)
    if not gaps:
        return writes
    pause = max(PAUSE, PAUSE_GAPS * percentile(sorted(gaps), 0.5))
    begin = max((place + 1 for place, gap in enumerate(gaps) if gap > pause), default=0)
    return writes[begin:]


def without_bursts(times: Sequence[int]) -> list[int]:
    """The first write of each burst: what comes right after it is the same write."""
    gaps = sorted(gap for gap in gaps_of(times) if gap > 0)
    span = min(BURST, percentile(gaps, 0.9) * BURST_SHARE) if gaps else 0
    found: list[int] = []
    for at in times:
        if not found or at - found[-1] > span:
            found.append(at)
    return found


def _test(writes: Sequence[int], model: Model) -> tuple[int, float] | None:
    """
    How often the model errs, and how soon it usually notices a missed write; None if it errs too
    often, or cannot say.
    """
    if model.due(len(writes), writes[-1]) is None:
        return None
    waits, wrong = [], 0
    for known in range(max(FEWEST - 1, len(writes) - TESTED), len(writes)):
        due = model.due(known, writes[known - 1])
        if due is not None:
            # A model by day knows better when it goes on after a night.
            rests = isinstance(model, ByGap) and model.rests(known, writes[known - 1]) > 0
            wrong += rests or due < writes[known]
            waits.append(max(0, due - writes[known]))
    share = MISTAKES if len(waits) == TESTED else FEW_MISTAKES
    if not waits or wrong > max(1.0, share * len(waits)):
        return None
    return wrong, percentile(sorted(waits), 0.5)


class ByGap:
    """The longest usual gap, where gaps are much alike."""

    kind: Kind = "every"

    def __init__(self, writes: Sequence[int]) -> None:
        self._writes, self._gaps = writes, gaps_of(writes)

    def due(self, known: int, at: int) -> int | None:
        first = max(0, known - 1 - GAPS)
        gaps = sorted(self._gaps[first : known - 1])
        usual, longest = percentile(gaps, 0.5), gaps[-1 - max(1, len(gaps) // LEFT_OUT)]
        spread = percentile(gaps, 0.9) - percentile(gaps, 0.1)
        if longest > STRETCH * usual or spread > ALIKE * usual:
            return None
        most = (
            max(PUNCTUAL, PUNCTUAL_SHARE * (gaps[-1] - gaps[0]))
            if len(gaps) >= MANY
            else SLACK_MOST
        )
        share = min(SLACK_SHARE * usual, SLACK_MOST, most)
        slack = max(SLACK, share, SPREAD_SHARE * (longest - usual))
        longest = max(longest, self.rests(known, at))
        return at + round(longest + slack)

    def rests(self, known: int, at: int) -> int:
        """How long a pause is that began at this time of day before, as the night does; 0: none."""
        places = range(max(0, known - 1 - GAPS), known - 1)
        usual = percentile(sorted(self._gaps[place] for place in places), 0.5)
        if usual > OFTEN:
            return 0
        pauses = ((self._writes[place], self._gaps[place]) for place in places)
        same = (
            gap
            for begin, gap in pauses
            if gap > STRETCH * usual
            and abs((at - begin + DAY // 2) % DAY - DAY // 2) <= usual < at - begin
        )
        return max(same, default=0)

    @property
    def text(self) -> str:
        return f"usually written every {words(percentile(sorted(self._gaps[-GAPS:]), 0.5))}"
