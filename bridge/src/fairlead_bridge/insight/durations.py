"""
How long something takes, by how long it took: a distribution that also answers what is left.

The newest times weigh more; what lies before a lasting change of level is not counted; days of the
week, hours of the day and ends of months count for themselves where they show. Nothing is assumed
about the shape: quantiles are read between the times that were seen. Beyond the longest of them a
short tail follows, and a long one for what goes on after everything that is usual: of a task that
usually takes 10 minutes and has run for 40, more is expected than that it ends this minute.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from math import pow

from fairlead_bridge.insight.spans import MINUTE, SECOND, percentile

#: Newest times that are learned from, and after how many newer ones a time counts half.
WINDOW, HALF = 64, 16
#: Share of cases that go on beyond all that is usual, and the exponent of how long they do.
HEAVY, EXPONENT = 0.03, 1.5
#: Bounds of the relative spread by which the short tails are drawn; the spread of one lone time.
LEAST_SPREAD, MOST_SPREAD, LONE_SPREAD = 0.01, 0.6, 0.4
#: A change of level: times after it at least and before it at least, how much of the error it must
#: explain, and how far the level must move against what is left.
AFTER, BEFORE, EXPLAINS, MOVES = 3, 4, 0.35, 2.5
#: A season counts if it explains so much of the error, in buckets of at least so many times.
SEASON, FEWEST = 0.2, 3


@dataclass(frozen=True, slots=True)
class Durations:
    """A distribution of durations in microseconds: values, and the share that lies below each."""

    values: tuple[float, ...]
    shares: tuple[float, ...]
    spread: float  # relative, of the short tails

    @property
    def median(self) -> float:
        return self.quantile(0.5)

    def quantile(self, share: float) -> float:
        """The duration that `share` (between 0 and 1) of all usual cases stay below."""
        first, last = self.shares[0], self.shares[-1]
        if share <= first:
            return self.values[0] * pow(share / first, self.spread)
        if share >= last:
            return self.values[-1] * pow((1 - last) / (1 - share), self.spread)
        at = bisect_left(self.shares, share)
        low, high = self.shares[at - 1], self.shares[at]
        part = (share - low) / (high - low)
        return self.values[at - 1] + part * (self.values[at] - self.values[at - 1])

    def beyond(self, duration: float) -> float:
        """The share of usual cases that take longer than this."""
        if duration <= 0:
            return 1.0
        if duration >= self.values[-1]:
            return (1 - self.shares[-1]) * pow(self.values[-1] / duration, 1 / self.spread)
        if duration <= self.values[0]:
            return 1 - self.shares[0] * pow(duration / self.values[0], 1 / self.spread)
        at = bisect_left(self.values, duration)
        low, high = self.values[at - 1], self.values[at]
        part = (duration - low) / (high - low) if high > low else 1.0
        return 1 - (self.shares[at - 1] + part * (self.shares[at] - self.shares[at - 1]))

    def draw(self, number: int, passed: float = 0.0) -> list[float]:
        """`number` durations longer than `passed`, evenly over their distribution, the shortest first."""
        usual = self.beyond(passed)
        middle = self.median
        long = (min(1.0, middle / passed) if passed > 0 else 1.0) ** EXPONENT
        heavy = round(number * HEAVY * long / (HEAVY * long + (1 - HEAVY) * usual))
        found = self._quantiles(1 - usual, number - heavy)
        scale = max(middle, passed)
        found += [scale * pow((at + 0.5) / heavy, -1 / EXPONENT) for at in range(heavy)]
        return sorted(max(passed, each) for each in found)

    def _quantiles(self, below: float, number: int) -> list[float]:
        """`number` values, evenly over what lies above the share `below`."""
        found, at, last = [], 0, len(self.shares) - 1
        for each in range(number):
            share = below + (1 - below) * (each + 0.5) / number
            while at <= last and self.shares[at] < share:
                at += 1
            if at == 0 or at > last:
                found.append(self.quantile(share))
                continue
            low, value = self.shares[at - 1], self.values[at - 1]
            part = (share - low) / (self.shares[at] - low)
            found.append(value + part * (self.values[at] - value))
        return found


def distribution(values: Sequence[float], weights: Sequence[float] | None = None) -> Durations:
    """
    The distribution that these durations come from, as far as so few can say.

    The next of n like cases falls between two neighbours of those seen with the chance 1 / (n + 1).

    >>> distribution([10.0, 20.0, 30.0]).shares
    (0.25, 0.5, 0.75)
    """
    given = list(weights) if weights is not None else [1.0] * len(values)
    pairs = sorted(
        (max(float(value), 1.0), weight) for value, weight in zip(values, given, strict=True)
    )
    whole = sum(weight for _, weight in pairs)
    number = whole**2 / sum(weight**2 for _, weight in pairs)
    shares, before = [], 0.0
    for _, weight in pairs:
        middle = (before + weight / 2) / whole
        shares.append((middle * number + 0.5) / (number + 1))
        before += weight
    ordered = [value for value, _ in pairs]
    return Durations(tuple(ordered), tuple(shares), _spread(ordered))


#: What is assumed of something that never ran: a minute, more or less.
UNKNOWN = Durations((float(MINUTE),), (0.5,), MOST_SPREAD)
#: Of a time that was never seen to pass between two things: next to nothing.
NOTHING = Durations((float(SECOND),), (0.5,), LEAST_SPREAD)


def _spread(ordered: Sequence[float]) -> float:
    middle = percentile(ordered, 0.5)
    seen = (percentile(ordered, 0.84) - percentile(ordered, 0.16)) / (2 * middle)
    return min(MOST_SPREAD, max(LEAST_SPREAD, seen) + LONE_SPREAD / len(ordered) ** 2)


# --- learning from a history ------------------------------------------------------------------------

#: When something began, and how long it took, in microseconds.
Span = tuple[int, int]
#: The part of a season that a local time belongs to.
Season = Callable[[datetime], Hashable]


def _month_end(local: datetime) -> Hashable:
    return (local + timedelta(days=1)).day == 1 or local.day == 1


SEASONS: tuple[Season, ...] = (
    lambda local: local.weekday() >= 5,
    lambda local: local.weekday(),
    lambda local: local.hour,
    _month_end,
)


@dataclass(frozen=True, slots=True)
class History:
    """What is known of how long something takes."""

    spans: tuple[Span, ...]  # oldest first, those before the last change of level left out
    season: Season | None
    parts: tuple[Hashable, ...]  # of the season, for each span
    zone: tzinfo

    def at(self, moment: int) -> Durations:
        """The distribution for something that begins at `moment` (microseconds)."""
        chosen = self.spans
        if self.season is not None:
            part = self.season(_local(moment, self.zone))
            same = [
                span for span, other in zip(self.spans, self.parts, strict=True) if other == part
            ]
            chosen = tuple(same) if len(same) >= FEWEST else self.spans
        weights = [0.5 ** (age / HALF) for age in range(len(chosen))][::-1]
        return distribution([span[1] for span in chosen], weights)


@lru_cache(maxsize=8192)
def learn(spans: tuple[Span, ...], zone: tzinfo = UTC) -> History | None:
    """
    The history of something by its times, oldest first; None where there are none.

    >>> from fairlead_bridge.insight.spans import DAY
    >>> days = tuple((day * DAY, 600 * SECOND) for day in range(30))
    >>> round(learn(days).at(30 * DAY).median / SECOND)
    600
    """
    known = _after_last_change(spans[-WINDOW:])
    if not known:
        return None
    locals_ = [_local(at, zone) for at, _ in known]
    values = [float(value) for _, value in known]
    best, least = None, (1 - SEASON) * _error([(0, value) for value in values])
    for season in SEASONS:
        parts = [season(local) for local in locals_]
        if len(set(parts)) > 1 and len(known) >= 2 * FEWEST:
            error = _error(list(zip(parts, values, strict=True)))
            if error < least:
                best, least = season, error
    chosen = tuple(best(local) for local in locals_) if best is not None else ()
    return History(known, best, chosen, zone)


def _local(moment: int, zone: tzinfo) -> datetime:
    try:
        return datetime.fromtimestamp(moment / SECOND, zone)
    except (OverflowError, ValueError, OSError):
        return datetime.fromtimestamp(0, zone)


def _error(values: Sequence[tuple[Hashable, float]]) -> float:
    """The sum of errors, each value expected to be the median of the others of its part."""
    parts: dict[Hashable, list[float]] = {}
    for part, value in values:
        parts.setdefault(part, []).append(value)
    small = [value for each in parts.values() if len(each) <= FEWEST for value in each]
    whole = sorted(value for _, value in values)
    found = sum(abs(value - _median_without(whole, whole.index(value))) for value in small)
    for each in parts.values():
        if len(each) > FEWEST:
            ordered = sorted(each)
            found += sum(
                abs(value - _median_without(ordered, at)) for at, value in enumerate(ordered)
            )
    return found


def _median_without(ordered: Sequence[float], at: int) -> float:
    """The median of the others than the one at this place."""
    number = len(ordered) - 1
    if number == 0:
        return ordered[0]

    def other(place: int) -> float:
        return ordered[place if place < at else place + 1]

    return (other((number - 1) // 2) + other(number // 2)) / 2


def _after_last_change(spans: tuple[Span, ...]) -> tuple[Span, ...]:
    """The spans since the level changed for good, all where it did not."""
    values = [float(value) for _, value in spans]
    whole = _absolute(values)
    best, least = 0, (1 - EXPLAINS) * whole
    for cut in range(BEFORE, len(values) - AFTER + 1):
        after = _absolute(values[cut:])
        error = _absolute(values[:cut]) + after
        if error < least and _moves(values[:cut], values[cut:], after):
            best, least = cut, error
    return spans[best:]


def _moves(before: Sequence[float], after: Sequence[float], error: float) -> bool:
    step = abs(percentile(sorted(after), 0.5) - percentile(sorted(before), 0.5))
    return step > MOVES * error / len(after)


def _absolute(values: Sequence[float]) -> float:
    middle = percentile(sorted(values), 0.5) if values else 0.0
    return sum(abs(value - middle) for value in values)
