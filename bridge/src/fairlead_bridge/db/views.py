"""
Reading transactions that see a part of some tables instead of the whole.

A common table expression hides the table of its name from the whole statement it stands before, so
every statement of such a transaction has them put before it, from any module: none can read past
them. The tables that they read themselves are named with their schema.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa

from fairlead_bridge.db.engine import reading
from fairlead_bridge.errors import UnscopedStatement

_WORD = re.compile(r"\w+")
_START = re.compile(r"\s*\(*\s*(SELECT|WITH RECURSIVE|WITH)\b")


class Views:
    """What stands instead of tables: a SELECT for each name. For any thread."""

    def __init__(
        self,
        dialect: sa.Dialect,
        selects: Mapping[str, sa.Select[Any] | sa.CompoundSelect[Any]],
    ) -> None:
        self._texts = {name: _text(dialect, name, select) for name, select in selects.items()}
        self._over: dict[str, str] = {}

    def over(self, statement: str) -> str:
        """
        The statement with what it reads put before it.

        Raises UnscopedStatement for one that is no query.
        """
        found = self._over.get(statement)
        if found is None:
            found = self._over[statement] = self._written(statement)
            if len(self._over) > _MOST:
                self._over.clear()
        return found

    def _written(self, statement: str) -> str:
        begins = _START.match(statement)
        if begins is None:
            raise UnscopedStatement(f"only queries can be scoped: {statement[:80]!r}")
        words = set(_WORD.findall(statement))
        read = ", ".join(text for name, text in self._texts.items() if name in words)
        if not read:
            return statement
        first = begins[1]
        if first == "SELECT":
            return f"WITH {read} {statement}"
        return f"{first} {read}, {statement[begins.end() :]}"


#: Statements whose scoped form is remembered.
_MOST = 2_000


def _text(dialect: sa.Dialect, name: str, select: sa.Select[Any] | sa.CompoundSelect[Any]) -> str:
    compiled = select.compile(dialect=dialect, compile_kwargs={"literal_binds": True})
    return f"{name} AS NOT MATERIALIZED ({compiled})"


def whole(dialect: sa.Dialect, table: sa.Table) -> sa.Table:
    """The table by a name that no view hides."""
    schema = "main" if dialect.name == "sqlite" else dialect.default_schema_name
    return table.to_metadata(sa.MetaData(), schema=str(schema))


@contextmanager
def seeing(engine: sa.Engine, views: Views | None) -> Iterator[sa.Connection]:
    """A reading transaction over these views; over the tables where there are none."""
    with reading(engine) as tx:
        if views is not None:
            put_before(tx, views)
        yield tx


def put_before(tx: sa.Connection, views: Views) -> None:
    """Let every statement of the transaction read the views from now on."""

    def scoped(
        _connection: sa.Connection, _cursor: object, statement: str, parameters: object, *_: object
    ) -> tuple[str, object]:
        return views.over(statement), parameters

    sa.event.listen(tx, "before_cursor_execute", scoped, retval=True)
