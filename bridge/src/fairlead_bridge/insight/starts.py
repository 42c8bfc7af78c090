"""When the next run of a DAG or a job starts: by its schedule, after assets, or by its rhythm."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from itertools import pairwise

from fairlead_bridge.insight.durations import Durations, distribution, learn
from fairlead_bridge.insight.spans import DAY, HOUR, MINUTE, SECOND, words
from fairlead_bridge.insight.work import Dag
from fairlead_bridge.wording import counted

#: Runs that may be missing, after which a schedule is not followed any more: the DAG is paused, or
#: its Airflow stands still.
MISSED = 3
#: What passes between the time that a run is due and its start, where nothing is known.
FEW_SECONDS = distribution([5.0 * SECOND])
#: A run that started so long after its time was made up for, and says nothing of the usual delay.
MADE_UP = DAY
#: Newest runs that show which task triggers a DAG.
NEWEST = 10
#: Starts that are needed for a rhythm, and how far its gaps may spread against their median.
FEWEST, IRREGULAR = 4, 1.5
#: Newest gaps that must be alike.
RECENT = 16
#: By day: weeks that count, starts a day at most, and how far the times of day may spread.
WEEKS, ONCE, SPREAD = 4, 1.5, 8 * HOUR


@dataclass(frozen=True, slots=True)
class Start:
    """From when the next run waits to start, and how long it usually does; microseconds."""

    ready_at: int
    lag: Durations
    text: str


def by_schedule(dag: Dag, now: int) -> Start | str:
    """The next start by the schedule; why it is not known, where that is not followed."""
    assert dag.schedule is not None  # noqa: S101
    last = max((each.due_at for each in dag.runs if each.due_at is not None), default=now)
    dues = list(dag.schedule.due(last, now))
    if not dues:
        return f"the schedule of {dag.label} has no further time"
    late = [each for each in dues if each <= now]
    if len(late) >= MISSED and not dag.open_runs():
        return f"{dag.label} has not started since {clock(last, now)}, though {len(late)} runs were due"
    ready = dues[0]
    lag = _lag(dag)
    word = "was due" if ready <= now else "starts"
    return Start(ready, lag, f"{dag.label} {word} at {clock(ready, now)} by its schedule")


def _lag(dag: Dag) -> Durations:
    """The time from when a run is due to its start."""
    spans = tuple(
        (each.due_at, each.started_at - each.due_at)
        for each in dag.runs
        if each.due_at is not None and 0 <= each.started_at - each.due_at < MADE_UP
    )
    history = learn(spans, dag.zone)
    return history.at(spans[-1][0]) if history is not None else FEW_SECONDS


def lag_of_assets(dag: Dag, written: Sequence[Sequence[int]]) -> Durations:
    """The time from the last write that a DAG waited for to its start."""
    spans = []
    for run in dag.runs:
        before = [
            times[place - 1] for times in written if (place := bisect_right(times, run.started_at))
        ]
        if before and not run.by_hand:
            spans.append((max(before), run.started_at - max(before)))
    history = learn(tuple(spans), dag.zone)
    return history.at(spans[-1][0]) if history is not None else FEW_SECONDS


def trigger_of(dag: Dag) -> int | None:
    """The task that triggers most of the newest runs."""
    triggers = Counter(each.triggered_by for each in dag.runs[-NEWEST:] if not each.by_hand)
    usual = triggers.most_common(1)
    return usual[0][0] if usual else None


def by_rhythm(label: str, begun: Sequence[int], zone: tzinfo, now: int) -> Start | str:
    """The next start, by the last ones; why it is not known, where those are too few or too odd."""
    known = sorted(begun)
    if len(known) < FEWEST:
        return (
            f"{label} has no schedule that is known, and has run {counted(len(known), 'time')} only"
        )
    return _by_day(label, known, zone, now) or _by_gap(label, known, zone, now)


def _by_day(label: str, begun: Sequence[int], zone: tzinfo, now: int) -> Start | None:
    """By the days of the week and the time of day; None where that is not how it runs."""
    dates = [datetime.fromtimestamp(at / SECOND, zone) for at in begun]
    days = {at.date() for at in dates}
    if len(days) < FEWEST or len(begun) > ONCE * len(days):
        return None
    spans = tuple(
        (at, at - _midnight(local.date(), zone)) for at, local in zip(begun, dates, strict=True)
    )
    history = learn(spans, zone)
    usual = _usual_weekdays(days)
    if history is None or not usual:
        return None
    clock_ = history.at(begun[-1])
    if clock_.quantile(0.9) - clock_.quantile(0.1) > SPREAD:
        return None
    day = next(each for each in _days_after(dates[-1].date()) if each.weekday() in usual)
    ready = _midnight(day, zone)
    if now - ready > MISSED * DAY:
        return None
    about = clock(round(ready + clock_.median), now)
    return Start(ready, clock_, f"{label} usually starts about {about}")


def _usual_weekdays(days: Collection[date]) -> set[int]:
    """The days of the week on which it ran in at least half of the newest weeks."""
    last = max(days)
    first = max(min(days), last - timedelta(days=7 * WEEKS - 1))
    span = [first + timedelta(days=each) for each in range((last - first).days + 1)]
    asked, ran = (
        Counter(day.weekday() for day in span),
        Counter(day.weekday() for day in span if day in days),
    )
    return {weekday for weekday, number in asked.items() if 2 * ran[weekday] >= number}


def _days_after(day: date) -> Iterator[date]:
    return (day + timedelta(days=each) for each in range(1, 9))


def _midnight(day: date, zone: tzinfo) -> int:
    return round(datetime(day.year, day.month, day.day, tzinfo=zone).timestamp() * SECOND)


def _by_gap(label: str, begun: Sequence[int], zone: tzinfo, now: int) -> Start | str:
    spans = tuple((before, after - before) for before, after in pairwise(begun))
    history, whole = learn(spans, zone), distribution([gap for _, gap in spans[-RECENT:]])
    if history is None or whole.quantile(0.9) - whole.quantile(0.1) > IRREGULAR * whole.median:
        return f"{label} has no schedule that is known, and runs at no regular times"
    last = begun[-1]
    gap = history.at(last)
    if now - last > max(MISSED * gap.median, gap.quantile(0.9) + 2 * MINUTE):
        return (
            f"{label} usually runs every {words(gap.median)}, and has not since {clock(last, now)}"
        )
    text = f"{label} usually starts about {clock(round(last + gap.median), now)}"
    return Start(last, gap, text)


def clock(moment: int, now: int) -> str:
    """A moment for people, in UTC: the time of day, with the date where it is another day."""
    at, today = (datetime.fromtimestamp(each / SECOND, UTC) for each in (moment, now))
    return f"{at:%H:%M}" if at.date() == today.date() else f"{at:%Y-%m-%d %H:%M}"
