"""
When each of some steps will be done, that wait for each other and of which some run already.

Many courses of the future are drawn at once, each step's from its own distribution, what is left of
a running one on the condition that it still runs. The seed makes equal questions have equal answers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from statistics import fmean

from fairlead_bridge.insight.durations import NOTHING, Durations

#: Courses that are drawn.
COURSES = 200


@dataclass(frozen=True, slots=True)
class Retry:
    """That a try fails and is made again: with what chance, after what time, and how many may be."""

    chance: float  # a share, from 0 to 1
    delay: Durations
    more: int


@dataclass(frozen=True, slots=True)
class Step:
    """
    Something that starts when others are done and a while has passed, and then takes a while.

    Times in microseconds. A step with `ended_at` is over; one with `started_at` is running.
    """

    id: str
    text: str  # what it does, for people
    after: tuple[str, ...] = ()
    first_of: bool = False  # whether the first of `after` suffices
    ready_at: int | None = None  # not ready before; None: now
    lag: Durations = NOTHING  # from ready to started
    takes: Durations | None = None  # from started to ended; None: no time at all
    started_at: int | None = None
    ended_at: int | None = None
    chance: float = 1.0  # of taking any time, rather than being skipped
    retry: Retry | None = None
    node: int | None = None  # the job or DAG whose step it is


@dataclass(slots=True)
class Courses:
    """When each step ends, in each course; and what it then waited for."""

    #: Microseconds since the epoch.
    ends: dict[str, list[float]] = field(default_factory=dict)
    steps: dict[str, Step] = field(default_factory=dict)

    def critical(self, target: str) -> list[Step]:
        """The chain of steps that most decides when the target ends, first to last."""
        found: list[Step] = []
        here: str | None = target
        while here is not None and here not in {step.id for step in found}:
            step = self.steps[here]
            found.append(step)
            open_ones = (
                []
                if step.started_at is not None
                else [each for each in step.after if each in self.ends]
            )
            pick = min if step.first_of else max
            here = pick(open_ones, key=lambda each: (fmean(self.ends[each]), each), default=None)
        return found[::-1]


def simulate(steps: Sequence[Step], now: int, seed: int, courses: int = COURSES) -> Courses:
    """When each step ends, in microseconds, in each of so many courses."""
    found = Courses(steps={step.id: step for step in steps})
    for step in _ordered(found.steps):
        chance = Random(f"{seed}:{step.id}")  # noqa: S311
        found.ends[step.id] = _ends(step, found.ends, now, chance, courses)
    return found


def _ordered(steps: Mapping[str, Step]) -> Iterator[Step]:
    """Each step behind those it waits for; of a circle, one is not waited for."""
    done: set[str] = set()
    for root in steps.values():
        waiting = [(root, iter(root.after))]
        path = {root.id}
        while waiting:
            step, above = waiting[-1]
            following = next(
                (each for each in above if each in steps and each not in done | path), None
            )
            if following is not None:
                path.add(following)
                waiting.append((steps[following], iter(steps[following].after)))
                continue
            waiting.pop()
            path.discard(step.id)
            if step.id not in done:
                done.add(step.id)
                yield step


def _ends(
    step: Step, ends: Mapping[str, list[float]], now: int, chance: Random, courses: int
) -> list[float]:
    if step.ended_at is not None:
        return [float(step.ended_at)] * courses
    if step.started_at is not None:
        starts = [float(step.started_at)] * courses
        return _done(step, starts, now, chance)
    ready = _ready(step, ends, now, courses)
    if step.lag is NOTHING and step.takes is None:
        return [max(each, float(now)) for each in ready]
    lags = _lags(step, ready, now, chance)
    starts = [max(float(now), at + lag) for at, lag in zip(ready, lags, strict=True)]
    return _done(step, starts, now, chance)


def _ready(step: Step, ends: Mapping[str, list[float]], now: int, courses: int) -> list[float]:
    """When the step may start; one that waits for nothing that is known, now."""
    above = [ends[each] for each in step.after if each in ends]
    floor = float(step.ready_at) if step.ready_at is not None else 0.0
    if not above:
        return [floor or float(now)] * courses
    pick = min if step.first_of else max
    return [max(floor, pick(each)) for each in zip(*above, strict=True)]


def _lags(step: Step, ready: Sequence[float], now: int, chance: Random) -> list[float]:
    """The times from ready to started; longer than what has passed since, where it is ready."""
    earliest, latest = min(ready), max(ready)
    passed = now - latest if earliest == latest and latest < now else 0.0
    return _shuffled(step.lag.draw(len(ready), passed), chance)


def _done(step: Step, starts: Sequence[float], now: int, chance: Random) -> list[float]:
    if step.takes is None:
        return list(starts)
    running = step.started_at is not None
    passed = float(now - step.started_at) if step.started_at is not None else 0.0
    takes = _shuffled(step.takes.draw(len(starts), passed), chance)
    found = [start + each for start, each in zip(starts, takes, strict=True)]
    if step.retry is not None and step.retry.chance > 0:
        found = _again(step.retry, step.takes, found, chance)
    if step.chance < 1 and not running:
        runs = [chance.random() < step.chance for _ in starts]
        found = [
            end if is_run else start for end, start, is_run in zip(found, starts, runs, strict=True)
        ]
    return found


def _again(retry: Retry, takes: Durations, ends: Sequence[float], chance: Random) -> list[float]:
    """The ends where some tries fail and are made again."""
    found = list(ends)
    delays = _shuffled(retry.delay.draw(len(ends)), chance)
    again = _shuffled(takes.draw(len(ends)), chance)
    for at, (delay, take) in enumerate(zip(delays, again, strict=True)):
        for _ in range(retry.more):
            if chance.random() >= retry.chance:
                break
            found[at] += delay + take
    return found


def _shuffled(values: list[float], chance: Random) -> list[float]:
    chance.shuffle(values)
    return values
