"""
Maintenance windows: while one is open, what it matches opens no incident, and what is written then
teaches nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase


@dataclass(frozen=True, slots=True)
class Window:
    """From when until when (microseconds), and shell patterns; None matches everything."""

    starts_at: int
    ends_at: int
    namespace: str | None = None
    dag: str | None = None
    dataset: str | None = None


@dataclass(frozen=True, slots=True)
class Subject:
    """A dataset with the DAGs that write it, or a job with its DAG."""

    namespace: str
    dags: frozenset[str]
    dataset: str | None


def quiet_until(windows: Iterable[Window], subjects: Sequence[Subject], now: int) -> int | None:
    """When the last of the windows closes that are open for one of the subjects; None: none is."""
    matching = (window for window in windows if matches(window, subjects))
    open_now = (each.ends_at for each in matching if each.starts_at <= now < each.ends_at)
    return max(open_now, default=None)


def matches(window: Window, subjects: Iterable[Subject]) -> bool:
    """Whether the window is for one of the subjects."""
    return any(_matches(window, subject) for subject in subjects)


def _matches(window: Window, subject: Subject) -> bool:
    return (
        _fits(window.namespace, (subject.namespace,))
        and _fits(window.dag, subject.dags)
        and _fits(window.dataset, () if subject.dataset is None else (subject.dataset,))
    )


def _fits(pattern: str | None, names: Iterable[str]) -> bool:
    return pattern is None or any(fnmatchcase(name, pattern) for name in names)
