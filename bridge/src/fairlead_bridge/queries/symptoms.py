"""What is wrong with jobs by themselves: failures in a row, runs that go on too long, tasks that wait."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from fairlead_bridge import facts
from fairlead_bridge.db import tables as t
from fairlead_bridge.insight import types
from fairlead_bridge.insight.rules import Within
from fairlead_bridge.insight.spans import DAY, MINUTE, SECOND, lasting
from fairlead_bridge.insight.symptoms import Again, Changed, Slow, Waiting
from fairlead_bridge.queries import history, schema_history, stated
from fairlead_bridge.queries.assets import Asset
from fairlead_bridge.queries.runs import runs_by_id
from fairlead_bridge.queries.snapshot import NOW, Row, Snapshot, among
from fairlead_bridge.queries.standing import Round

#: A run is slow beyond this share of its usual longest duration, and beyond so many seconds more.
SLOW, SLOW_LEAST = 1.5, 300.0
#: A run that took so many times the median, and so many seconds more, is none that is usual.
OUTLIER, OUTLIER_LEAST = 6.0, 1800.0
#: How long a task that is ready waits before that is worth a word, and how old waiting may be.
PATIENCE, FORGOTTEN = 5 * MINUTE, 14 * DAY
_BROKEN = ("failed", "upstream_failed")
#: States of runs that go on.
GOING_ON = ("running", "deferred", "queued", "up_for_retry")


@dataclass(frozen=True, slots=True)
class Streak:
    """The failures of a job in a row, up to its newest round."""

    first_at: int
    first_run: int
    failures: int  # as many as were looked at, at most
    good_at: int | None  # when the last round before that did not fail began


def streaks(snapshot: Snapshot, broken: Mapping[int, Round]) -> dict[int, Streak]:
    """How long each of these jobs, by its newest round, has failed."""
    found = {}
    for job, rounds in history.rounds(snapshot, broken).items():
        first, failures, good_at = broken[job], 0, None
        for each in reversed(rounds):
            if not each.is_broken:
                good_at = each.at
                break
            first, failures = each, failures + 1
        found[job] = Streak(first.over_at, first.run, max(1, failures), good_at)
    return found


def again(snapshot: Snapshot, newest: Mapping[int, Round]) -> dict[int, Again]:
    """The jobs that go on, and that have failed or were blocked since they last succeeded."""
    going_on = [job for job, each in newest.items() if each.state in GOING_ON]
    failed = {}
    for job, rows in history.runs_since_success(snapshot, going_on).items():
        broken = [row for row in rows if row.state in _BROKEN and row.ended_at is not None]
        if broken:
            failed[job] = broken[-1]
    runs = runs_by_id(snapshot, (row.id for row in failed.values()))
    return {
        job: Again(row.ended_at, runs[row.id].error, row.id, row.state)
        for job, row in failed.items()
    }


def slow(
    snapshot: Snapshot,
    newest: Mapping[int, Round],
    runs: Mapping[int, Row],
    sensors: Iterable[int],
) -> dict[int, Slow]:
    """The runs that go on for longer than their job ever takes, by job."""
    waiting = set(sensors)
    going_on = {
        job: runs[each.run]
        for job, each in newest.items()
        if each.state in GOING_ON and each.run in runs and runs[each.run].kind != "dag"
    }
    found = {}
    for job, end in ends(snapshot, going_on).items():
        run = going_on[job]
        if end.due < snapshot.now:
            found[job] = Slow(
                end.due,
                lasting(end.longest),
                job in waiting and not end.is_stated,
                run.id,
                run.started_at,
                end.is_stated,
            )
    return found


@dataclass(frozen=True, slots=True)
class End:
    """When a run should be over, and how long it takes at most, as is usual or was stated."""

    due: int
    longest: float  # microseconds
    is_stated: bool = False


def ends(snapshot: Snapshot, going_on: Mapping[int, Row]) -> dict[int, End]:
    """When the run of each job that goes on should be over."""
    found = {}
    stated_limits = _limits(snapshot, going_on)
    for job, recent in history.recent(snapshot, going_on).items():
        run = going_on[job]
        if recent.p95 is not None and run.started_at is not None and run.processing is None:
            longest = _usual(recent)
            seconds = max(longest * SLOW, longest + SLOW_LEAST)
            found[job] = End(run.started_at + int(seconds * SECOND), longest * SECOND)
    for job, longest in stated_limits.items():
        if going_on[job].started_at is not None:
            found[job] = End(going_on[job].started_at + longest, longest, is_stated=True)
    return found


def limited(snapshot: Snapshot, job_ids: Iterable[int]) -> dict[int, int]:
    """When the newest run of each of these tasks that goes on will have taken longer than was stated."""
    return running_out(snapshot, _limits(snapshot, job_ids))


def _limits(snapshot: Snapshot, jobs: Iterable[int]) -> dict[int, int]:
    """How long runs of each of these jobs may take, where that is stated; microseconds."""
    found: dict[int, int] = {}
    for job, entries in stated.of(snapshot, jobs).items():
        rules = (entry.expectation.rule for entry in entries)
        longest = [rule.longest for rule in rules if isinstance(rule, Within) and rule.longest]
        if longest:
            found[job] = longest[0]
    return found


def running_out(snapshot: Snapshot, job_ids: Iterable[int]) -> dict[int, int]:
    """When the newest run of each of these tasks that goes on will have taken longer than ever."""
    newest = history.states(snapshot, job_ids)
    going_on = {job: each.run for job, each in newest.items() if each.state in GOING_ON}
    runs = runs_by_id(snapshot, going_on.values())
    tasks = {job: runs[run] for job, run in going_on.items() if run in runs and runs[run].kind != "dag"}  # fmt: skip
    return {job: end.due for job, end in ends(snapshot, tasks).items()}


def _usual(recent: history.Recent) -> float:
    """How long the job usually takes at most, in seconds; a few runs that hung do not count."""
    p50, p95 = recent.p50 or 0.0, recent.p95 or 0.0
    return min(p95, max(OUTLIER * p50, p50 + OUTLIER_LEAST))


_QUEUED = (
    sa.select(*t.run.c["job_id", "id", "queued_at", "facts"])
    .where(
        among(t.run.c.job_id),
        t.run.c.at >= NOW - FORGOTTEN,
        sa.or_(t.run.c.started_at.is_(None), t.run.c.started_at > NOW),
        sa.or_(t.run.c.ended_at.is_(None), t.run.c.ended_at > NOW),
        t.run.c.state.not_in(("upstream_failed", "skipped", "removed")),
    )
    .order_by(t.run.c.queued_at, t.run.c.id)
)
_WAITING = _QUEUED.where(t.run.c.queued_at <= NOW - PATIENCE)
_NEWLY_QUEUED = _QUEUED.where(t.run.c.queued_at > NOW - PATIENCE, t.run.c.queued_at <= NOW)


def queued(snapshot: Snapshot, jobs: Iterable[int]) -> dict[int, int]:
    """When each of these tasks that are queued will have waited for too long; microseconds."""
    rows = snapshot.each(_NEWLY_QUEUED, jobs)
    return {row.job_id: row.queued_at + PATIENCE for row in rows}


def waiting(snapshot: Snapshot, jobs: Iterable[int]) -> dict[int, Waiting]:
    """The tasks that are ready to run and wait, by job; of several instances the first."""
    found: dict[int, Waiting] = {}
    for row in snapshot.each(_WAITING, jobs):
        if row.job_id not in found:
            value = facts.decode(row.facts).properties.get("waits_for")
            reason = value.value if value is not None and isinstance(value.value, str) else None
            found[row.job_id] = Waiting(row.queued_at, reason, row.id)
    return found


# --- schemas --------------------------------------------------------------------------------------

_FIRST_SEEN = sa.select(*t.schema_version.c["dataset_id", "first_at"]).where(
    among(t.schema_version.c.dataset_id), t.schema_version.c.first_at <= NOW
)
_RUNS_OF_ALIASES = sa.select(*t.run_alias.c["alias", "id"]).where(among(t.run_alias.c.alias))


def changes(
    snapshot: Snapshot,
    failed: Mapping[int, Streak],
    errors: Mapping[int, str | None],
    reads: Mapping[int, Iterable[Asset]],
) -> dict[int, Changed]:
    """
    For each job that failed: what changed in the columns of what it reads since it last succeeded.

    Only what can break readers counts; of several changes one that the error names comes first,
    then the newest.
    """
    assets = {asset.id: asset for job in failed for asset in reads.get(job, ())}
    members = {member: asset.id for asset in assets.values() for member in asset.members}
    since = min((_window(each)[0] for each in failed.values()), default=0)
    seen = {
        members[r.dataset_id] for r in snapshot.each(_FIRST_SEEN, members) if r.first_at > since
    }
    known = schema_history.versions(
        snapshot, {m: asset for m, asset in members.items() if asset in seen}
    )
    found: dict[int, tuple[tuple[bool, int], Asset, schema_history.Version]] = {}
    for job, streak in failed.items():
        begin, end = _window(streak)
        for asset in reads.get(job, ()):
            for version in known.get(asset.id, ()):
                if begin < version.first_at <= end and _breaking(version):
                    order = (_names(errors.get(job), version), version.first_at)
                    if job not in found or order > found[job][0]:
                        found[job] = (order, asset, version)
    aliases = {version.first_run for _, _, version in found.values()} - {None}
    run_of = {row.alias: row.id for row in snapshot.each(_RUNS_OF_ALIASES, aliases)}
    return {
        job: Changed(
            asset.id, asset.name, version.first_at, _words(version), run_of.get(version.first_run)
        )
        for job, (_, asset, version) in found.items()
    }


def _window(streak: Streak) -> tuple[int, int]:
    begin = streak.good_at if streak.good_at is not None else streak.first_at - DAY
    return begin, streak.first_at


def _breaking(version: schema_history.Version) -> list[schema_history.FieldChange]:
    if not version.is_change:
        return []
    return [
        each for each in version.changes if types.is_breaking(each.change, each.before, each.after)
    ]


def _names(error: str | None, version: schema_history.Version) -> bool:
    text = (error or "").lower()
    return any(each.column.lower() in text for each in _breaking(version))


def _words(version: schema_history.Version) -> str:
    """What changed, breaking changes first; a few of them."""
    breaking = _breaking(version)
    ordered = [*breaking, *(each for each in version.changes if each not in breaking)]
    listed = ", ".join(map(_change, ordered[:3]))
    return listed + (f" and {len(ordered) - 3} more" if len(ordered) > 3 else "")


def _change(change: Any) -> str:
    if change.change == "type":
        return f"{change.column} from {change.before} to {change.after}"
    return f"{change.column} {change.change}"
