"""
What a caller sees of the catalog: all of it, or what is in some namespaces.

`seeing` opens the transaction that a scope reads in, and `visible` decides what that holds of every
table. A reader needs a scope, and no statement gets around it.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

import sqlalchemy as sa

from fairlead_bridge.access.caller import ALL_NAMESPACES, Caller, Namespaces
from fairlead_bridge.access.visible import Seen, views
from fairlead_bridge.db import tables as t
from fairlead_bridge.db.bound import bounded
from fairlead_bridge.db.engine import reading
from fairlead_bridge.db.views import Views, put_before

#: Scopes whose views are remembered.
_MOST = 200


@dataclass(frozen=True, slots=True)
class Scope:
    """Shell patterns of the namespaces that are seen."""

    patterns: tuple[str, ...]
    _namespaces: Namespaces = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_namespaces", Namespaces(self.patterns))

    @property
    def sees_all(self) -> bool:
        return self._namespaces.has_all

    def sees(self, namespace: str) -> bool:
        """Whether what is in the namespace is seen."""
        return namespace in self._namespaces

    def holds(self, pattern: str) -> bool:
        """
        Whether a shell pattern of namespaces matches none that is not seen.

        >>> [Scope(("team-a", "lake-*")).holds(each) for each in ("team-a", "lake-1*", "*", "team-?")]
        [True, True, False, False]
        """
        if self.sees_all or pattern in self.patterns:
            return True
        literal = _literal(pattern)
        if literal == pattern:
            return self.sees(pattern)
        return any(
            each.endswith("*") and _literal(each) == each[:-1] and literal.startswith(each[:-1])
            for each in self.patterns
        )

    def holds_nodes(self, pattern: str) -> bool:
        """Whether a shell pattern of nodes names a namespace that is seen, before anything else."""
        literal = _literal(pattern).partition(":")[2]
        cuts = (at for at, character in enumerate(literal) if character == ":")
        return self.sees_all or any(self.sees(literal[:at]) for at in cuts)


def _literal(pattern: str) -> str:
    """A shell pattern up to its first wildcard."""
    return _WILD.split(pattern, maxsplit=1)[0]


_WILD = re.compile(r"[*?[]")

EVERYTHING = Scope(ALL_NAMESPACES.patterns)
NOTHING = Scope(())


def of(caller: Caller) -> Scope:
    """What the caller sees: nothing, without the role viewer."""
    return scope_of(caller.namespaces.patterns) if "viewer" in caller.roles else NOTHING


def scope_of(patterns: Iterable[str]) -> Scope:
    """The scope of these patterns; equal for equal sets of them."""
    given = set(patterns)
    return EVERYTHING if "*" in given else Scope(tuple(sorted(given)))


@contextmanager
def seeing(engine: sa.Engine, scope: Scope, seconds: float = 0.0) -> Iterator[sa.Connection]:
    """
    A reading transaction in which every table holds what the scope sees, and nothing else.

    `seconds` of processor time are what it may take; 0 for any number. Raises TooExpensive.
    """
    with reading(engine) as tx, bounded(tx, seconds):
        if not scope.sees_all:
            put_before(tx, _views(tx, scope))
        yield tx


def _views(tx: sa.Connection, scope: Scope) -> Views:
    jobs, datasets = tuple(_namespaces(tx, t.job, scope)), tuple(_namespaces(tx, t.dataset, scope))
    statements, windows = _statements(tx, jobs, datasets), _windows(tx, (*jobs, *datasets))
    seen = Seen(jobs, datasets, tuple(sorted(statements)), tuple(sorted(windows)))
    key = (tx.dialect.name, tx.dialect.default_schema_name, seen)
    with _lock:
        found = _known.get(key)
        if found is None:
            if len(_known) >= _MOST:
                _known.clear()
            found = _known[key] = views(tx.dialect, seen)
    return found


def _namespaces(tx: sa.Connection, table: sa.Table, scope: Scope) -> Iterator[str]:
    """The namespaces that are seen, by one step in the index each: what they hold is not read."""
    following = sa.select(sa.func.min(table.c.namespace))
    namespace = tx.scalar(following)
    while namespace is not None:
        if scope.sees(namespace):
            yield namespace
        namespace = tx.scalar(following.where(table.c.namespace > namespace))


def _statements(tx: sa.Connection, jobs: Sequence[str], datasets: Sequence[str]) -> Iterator[str]:
    """The patterns of expectations that something which is seen could match."""
    node = t.expectation.c.node
    starts = [f"job:{each}:" for each in jobs] + [f"dataset:{each}:" for each in datasets]
    for pattern in tx.scalars(sa.select(node).where(t.expectation.c.target.is_(None)).distinct()):
        literal = _literal(pattern)
        if any(literal.startswith(start) or start.startswith(literal) for start in starts):
            yield pattern


def _windows(tx: sa.Connection, namespaces: Sequence[str]) -> Iterator[str]:
    """The namespace patterns of maintenance windows that match what is seen."""
    pattern = t.maintenance.c.namespace
    for each in tx.scalars(sa.select(pattern).where(pattern.is_not(None)).distinct()):
        if any(fnmatchcase(namespace, each) for namespace in namespaces):
            yield each


_known: dict[tuple[str, str | None, Seen], Views] = {}
_lock = threading.Lock()
