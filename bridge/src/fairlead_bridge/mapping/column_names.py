"""The names of a dataset's columns, for finding out whether two datasets can be one."""

from __future__ import annotations

from collections.abc import Iterable

from fairlead_bridge.letters import column_key, folds_columns


class ColumnNames:
    """
    Names of columns from one or more stores, each compared as its store does.

    Where one of two stores ignores the case of letters, so does a comparison between them: a table
    in a metastore and its files are one dataset although the files write `userId`.
    """

    def __init__(self, namespace: str, columns: Iterable[str]) -> None:
        self._folded: set[str] = set()
        self._exact: set[str] = set()
        own = self._folded if folds_columns(namespace) else self._exact
        own.update(column_key(namespace, column) for column in columns)

    def update(self, other: ColumnNames) -> None:
        """Add the other's names."""
        self._folded |= other._folded
        self._exact |= other._exact

    def is_disjoint(self, other: ColumnNames) -> bool:
        """Whether the two cannot be one table's: both are known and share none."""
        if not (self and other):
            return False
        return (
            self._exact.isdisjoint(other._exact)
            and self._folded.isdisjoint(other._folded)
            and self._folded.isdisjoint(map(str.lower, other._exact))
            and other._folded.isdisjoint(map(str.lower, self._exact))
        )

    def __bool__(self) -> bool:
        return bool(self._folded or self._exact)
