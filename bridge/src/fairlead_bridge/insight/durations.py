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
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from math import exp, log, pow, sqrt
from statistics import median

from fairlead_bridge.insight.spans import MINUTE, SECOND, percentile

#: Newest times that are learned from, and after how many newer ones a time counts half.
WINDOW, HALF = 64, 16
#: Share of cases, at most, that go on beyond all that is usual, and the exponent of how long they do.
HEAVY, EXPONENT = 0.03, 1.5
#: Bounds of the relative spread by which the short tails are drawn; the spread of one lone time.
LEAST_SPREAD, MOST_SPREAD, LONE_SPREAD = 0.01, 0.6, 0.4
#: A change of level: times after it at least and before it at least, how much of the error it must
#: explain, and how far the level must move against what is left.
AFTER, BEFORE, EXPLAINS, MOVES = 3, 4, 0.35, 2.5
#: How far a part of a season usually differs from the others where it does (a logarithm), from how
#: many times on its spread counts for itself, and how many seasons may count together.
SHIFT, FEWEST, TOGETHER = 0.3, 4, 2
#: By how much durations are spread farther at most, for seasons having been learned from them.
MOST_WIDER = 1.5
#: A factor of which less than this share is more than chance counts for nothing.
LEAST_SURE = 0.1


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
        more = min(HEAVY, (1 - self.shares[-1]) / 2)  # what was never seen is rare
        heavy = round(number * more * long / (more * long + (1 - more) * usual))
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


@dataclass(frozen=True, slots=True)
class Season:
    """The part of a season that a local time belongs to, and how probably one part differs."""

    part: Callable[[datetime], Hashable]
    probable: float  # a share, from 0 to 1


def _month_end(local: datetime) -> Hashable:
    return local.day == 1 or (local + timedelta(days=2)).day <= 2


SEASONS = (
    Season(lambda local: local.weekday() >= 5, 0.1),
    Season(lambda local: local.weekday(), 0.1),
    Season(lambda local: local.hour, 0.01),
    Season(_month_end, 0.3),
)


@dataclass(frozen=True, slots=True)
class History:
    """What is known of how long something takes."""

    spans: tuple[Span, ...]  # oldest first, those before the last change of level left out
    factors: tuple[Factor, ...]  # of the seasons that show
    zone: tzinfo

    def at(self, moment: int) -> Durations:
        """The distribution for something that begins at `moment` (microseconds)."""
        local = _local(moment, self.zone)
        now = 1.0
        values = [max(1.0, float(length)) for _, length in self.spans]
        for factor in self.factors:
            now *= factor.of.get(factor.season.part(local), 1.0)
            values = [
                value / factor.of.get(part, 1.0)
                for value, part in zip(values, factor.parts, strict=True)
            ]
        weights = [0.5 ** (age / HALF) for age in range(len(values))][::-1]
        return distribution(self._widened([value * now for value in values], weights), weights)

    def _widened(self, values: list[float], weights: Sequence[float]) -> list[float]:
        """The values farther apart by what learning the seasons from them made them seem alike."""
        learned = 1 + sum(len(factor.of) for factor in self.factors)
        number = sum(weights) ** 2 / sum(weight**2 for weight in weights)
        if number <= learned:
            return values
        wider = min(MOST_WIDER, sqrt((number + learned) / (number - learned)))
        middle = median(values)
        return [middle * pow(value / middle, wider) for value in values]


@dataclass(frozen=True, slots=True)
class Factor:
    """How much longer something takes in each part of a season than it usually does."""

    season: Season
    of: dict[Hashable, float]  # ratio to the usual, by part
    parts: tuple[Hashable, ...]  # of the season, for each span


@lru_cache(maxsize=8192)
def learn(spans: tuple[Span, ...], zone: tzinfo = UTC) -> History | None:
    """
    The history of something by its times, oldest first; None where there are none.

    >>> from fairlead_bridge.insight.spans import DAY
    >>> days = tuple((day * DAY, 600 * SECOND) for day in range(30))
    >>> round(learn(days).at(30 * DAY).median / SECOND)
    600
    """
    known = spans[-WINDOW:]
    if not known:
        return None
    # Three long days at the end of a month are no change of level.
    _, plain = _seasons(known, zone)
    since = _last_change(plain)
    factors, _ = _seasons(known[since:], zone)
    return History(known[since:], factors, zone)


def _seasons(spans: Sequence[Span], zone: tzinfo) -> tuple[tuple[Factor, ...], list[float]]:
    """The seasons that show, and the durations as they were without them."""
    locals_ = [_local(at, zone) for at, _ in spans]
    values = [max(1.0, float(value)) for _, value in spans]
    factors: list[Factor] = []
    for _ in range(TOGETHER):
        left = [season for season in SEASONS if all(each.season != season for each in factors)]
        tried = [factor for season in left if (factor := _factor(season, locals_, values))]
        best = max(tried, key=lambda each: each[1], default=None)
        if best is None:
            break
        factors.append(best[0])
        values = [
            value / best[0].of.get(part, 1.0)
            for value, part in zip(values, best[0].parts, strict=True)
        ]
    return tuple(factors), values


def _factor(
    season: Season, locals_: Sequence[datetime], values: Sequence[float]
) -> tuple[Factor, float] | None:
    """The factors of a season and how much they explain; None where nothing shows."""
    parts = tuple(season.part(local) for local in locals_)
    logs: dict[Hashable, list[float]] = {}
    for part, value in zip(parts, values, strict=True):
        logs.setdefault(part, []).append(log(value))
    if len(logs) < 2:
        return None
    every = [each for some in logs.values() for each in some]
    spread = _spread_of(every, logs)
    of: dict[Hashable, float] = {}
    explained = 0.0
    for part, some in logs.items():
        if 2 * len(some) > len(every):
            continue  # what most of them are is the usual
        others = [each for other, rest in logs.items() if other != part for each in rest]
        shift = median(some) - median(others)
        error = spread / sqrt(len(some))
        sure = _sure(shift, error, season.probable)
        if sure > LEAST_SURE:
            of[part] = exp(shift * sure)
            explained += len(some) * (shift * sure) ** 2
    return (Factor(season, of, parts), explained) if of else None


def _sure(shift: float, error: float, probable: float) -> float:
    """
    The share of a shift that is to be believed, of a part that differs with this probability: what
    is left of it on average, where one that differs does so by about `SHIFT`.
    """
    wide = error**2 + SHIFT**2
    favours = log(error) - log(wide) / 2 + shift**2 * (1 / error**2 - 1 / wide) / 2
    odds = probable / (1 - probable) * exp(min(favours, 50.0))
    return odds / (1 + odds) * SHIFT**2 / wide


def _spread_of(every: Sequence[float], logs: Mapping[Hashable, Sequence[float]]) -> float:
    """How far values lie from what they should be: about a standard deviation."""
    whole = median(every)
    found = [abs(each - whole) for each in every]
    within = [
        abs(each - median(some)) for some in logs.values() if len(some) >= FEWEST for each in some
    ]
    spread = median(found) if 2 * len(within) < len(every) else min(median(found), median(within))
    return max(LEAST_SPREAD, 1.48 * spread * (1 + 2 / len(every)))


def _local(moment: int, zone: tzinfo) -> datetime:
    try:
        return datetime.fromtimestamp(moment / SECOND, zone)
    except (OverflowError, ValueError, OSError):
        return datetime.fromtimestamp(0, zone)


def _last_change(values: Sequence[float]) -> int:
    """The place of the first value after the level changed for good, 0 where it did not."""
    whole = _absolute(values)
    best, least = 0, (1 - EXPLAINS) * whole
    for cut in range(BEFORE, len(values) - AFTER + 1):
        after = _absolute(values[cut:])
        error = _absolute(values[:cut]) + after
        if error < least and _moves(values[:cut], values[cut:], after):
            best, least = cut, error
    return best


def _moves(before: Sequence[float], after: Sequence[float], error: float) -> bool:
    step = abs(percentile(sorted(after), 0.5) - percentile(sorted(before), 0.5))
    return step > MOVES * error / len(after)


def _absolute(values: Sequence[float]) -> float:
    middle = percentile(sorted(values), 0.5) if values else 0.0
    return sum(abs(value - middle) for value in values)
