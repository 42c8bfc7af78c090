"""What is known, as of a moment, of the jobs and DAGs that lie before a write. Times in microseconds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, tzinfo

from fairlead_bridge.insight.rounds import Round
from fairlead_bridge.insight.schedules import Schedule

#: Rules by which a task runs although one before it failed.
TOLERANT = frozenset(
    {
        *("all_done", "all_done_min_one_success", "one_done", "one_failed", "all_failed", "always"),
        *("all_done_setup_success", "none_skipped", "one_success"),
    }
)


@dataclass(frozen=True, slots=True)
class Job:
    """A task of a DAG, a job inside of one, or a job that runs by itself."""

    id: int
    label: str
    dag: int | None = None
    inside: int | None = None  # the task whose run it is a part of
    after: tuple[int, ...] = ()  # tasks of the same DAG
    rounds: tuple[Round, ...] = ()  # oldest first
    retries: int = 0
    rule: str | None = None  # trigger rule
    is_sensor: bool = False

    def round_in(self, whole: int) -> Round | None:
        return next((each for each in reversed(self.rounds) if each.whole == whole), None)

    def done(self) -> Iterator[Round]:
        """The rounds that teach how long it takes."""
        return (each for each in self.rounds if each.state == "done" and not each.was_cleared)


@dataclass(frozen=True, slots=True)
class DagRun:
    id: int
    started_at: int
    ended_at: int | None
    due_at: int | None = None  # by its schedule
    by_hand: bool = False
    triggered_by: int | None = None  # the task that started it


@dataclass(frozen=True, slots=True)
class Assets:
    """Assets that a DAG waits for: all of them or the first; each a dataset's id, or several again."""

    needs_all: bool
    parts: tuple[Assets | int, ...]

    def leaves(self) -> Iterator[int]:
        for part in self.parts:
            if isinstance(part, Assets):
                yield from part.leaves()
            else:
                yield part


@dataclass(frozen=True, slots=True)
class Dag:
    id: int
    label: str
    runs: tuple[DagRun, ...] = ()  # oldest first
    tasks: tuple[int, ...] = ()
    schedule: Schedule | None = None
    assets: Assets | None = None
    zone: tzinfo = UTC
    paused_at: int | None = None  # None: it is not paused

    def open_runs(self) -> list[DagRun]:
        """The runs that go on, oldest first; one that a later one has overtaken counts as lost."""
        over = max((each.started_at for each in self.runs if each.ended_at is not None), default=0)
        return [each for each in self.runs if each.ended_at is None and each.started_at >= over]


@dataclass(slots=True)
class Facts:
    """Everything that is known before some writes, as of `now`."""

    now: int
    jobs: dict[int, Job] = field(default_factory=dict)
    dags: dict[int, Dag] = field(default_factory=dict)
    writers: dict[int, tuple[int, ...]] = field(default_factory=dict)  # of assets
    names: dict[int, str] = field(default_factory=dict)  # of assets
    wanted: set[int] = field(default_factory=set)  # assets and tasks that are to be read as well

    def before(self, jobs: Iterator[int] | tuple[int, ...]) -> list[int]:
        """These tasks and all that they run after, in their DAG."""
        found = dict.fromkeys(jobs)
        waiting = list(found)
        while waiting:
            for above in self.jobs[waiting.pop()].after:
                if above in self.jobs and above not in found:
                    found[above] = None
                    waiting.append(above)
        return list(found)
