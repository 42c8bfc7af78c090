"""Maintenance windows: while one is open, what it matches opens no incident."""

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
    return max(
        (
            window.ends_at
            for window in windows
            if window.starts_at <= now < window.ends_at
            and any(_matches(window, subject) for subject in subjects)
        ),
        default=None,
    )


def _matches(window: Window, subject: Subject) -> bool:
    return (
        _fits(window.namespace, (subject.namespace,))
        and _fits(window.dag, subject.dags)
        and _fits(window.dataset, () if subject.dataset is None else (subject.dataset,))
    )


def _fits(pattern: str | None, names: Iterable[str]) -> bool:
    return pattern is None or any(fnmatchcase(name, pattern) for name in names)
