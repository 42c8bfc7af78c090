"""Small tables in which the conditions of a query are met, and other values for one of their columns."""

from __future__ import annotations

import datetime
import random
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlglot
from sqlglot import exp

Types = dict[str, dict[str, str]]
"""Tables, their columns and the types of these."""
Rows = list[list[Any]]

_FACTS = ("_sales", "_returns", "inventory", "lineitem", "partsupp")
"""Tables whose rows have no key of one column."""
_STRAY = 0.25
"""Share of values that are not those of the row's world."""
_NULLS = 0.04
_DAYS = (-40, -3, 0, 1, 7, 25, 70)


@dataclass
class Pool:
    """Values of one column: those that the query compares it with, and a few others."""

    compared: list[Any] = field(default_factory=list)
    others: list[Any] = field(default_factory=list)
    is_key: bool = False
    may_be_null: bool = False

    def value(self, world: int, usual: Any, chance: random.Random) -> Any:
        if chance.random() < (0.4 if self.may_be_null else _NULLS):
            return None
        if chance.random() < _STRAY:
            return chance.choice(self.others)
        if usual is not None:
            return usual
        if self.compared:
            return chance.choice(self.compared)
        return self.others[(world - 1) % len(self.others)]

    @property
    def everything(self) -> list[Any]:
        return self.compared * 2 + self.others


Pools = dict[str, Pool]


def pools(query: str, types: Types) -> Pools:
    """For each column of the tables, the values that it takes."""
    tree = sqlglot.parse_one(query, read="duckdb")
    literals = _literals(tree)
    nullable = {
        column.name.lower()
        for node in tree.find_all(exp.Is)
        if isinstance(node.expression, exp.Null)
        for column in node.find_all(exp.Column)
    }
    made = {}
    for columns in types.values():
        for column, kind in columns.items():
            pool = _pool(column, kind, list(dict.fromkeys(literals.get(column, ()))))
            pool.may_be_null = column in nullable
            made[column] = pool
    return made


def _literals(tree: exp.Expr) -> dict[str, list[str]]:
    """Constants that columns are compared with, also by the names that they have outside a subquery."""
    found: dict[str, list[str]] = {}
    together: list[set[str]] = []
    for node in tree.walk():
        is_compared = isinstance(node, exp.Binary | exp.In | exp.Between | exp.Case)
        if not is_compared or isinstance(node, exp.Connector | exp.Dot):
            continue
        texts = [each.name for each in node.find_all(exp.Literal)]
        for column in node.find_all(exp.Column):
            found.setdefault(column.name.lower(), []).extend(texts)
        if isinstance(node, exp.Predicate):
            together.append({column.name.lower() for column in node.find_all(exp.Column)})
    for _ in range(2):
        for names in together:
            shared = list(dict.fromkeys(text for name in sorted(names) for text in found[name]))
            found |= {name: list(shared) for name in names}
        for alias in tree.find_all(exp.Alias):
            for column in alias.this.find_all(exp.Column):
                found.setdefault(column.name.lower(), []).extend(found.get(alias.alias.lower(), ()))
    return found


def _pool(column: str, kind: str, literals: list[str]) -> Pool:
    if kind == "DATE":
        starts = [t for t in literals if t[:2] in ("19", "20") and t.count("-") == 2]
        compared = [
            datetime.date.fromisoformat(t) + datetime.timedelta(days)
            for t in starts
            for days in _DAYS
        ]
        first = min(compared, default=datetime.date(1996, 1, 1))
        return Pool(compared, [first + datetime.timedelta(days=60 * n) for n in range(8)])
    if kind == "VARCHAR":
        texts = [t.replace("%", " ").strip() or t for t in literals if t]
        return Pool(texts, ["AAA", "BBB", "81792", "N", "Y", "CCC"])
    if is_key(column):
        return Pool(others=[1, 2, 3, 4, 5, 6, 7, 8], is_key=True)
    size = re.match(r"DECIMAL\((\d+),(\d+)\)", kind)
    largest = 10 ** (int(size[1]) - int(size[2])) if size else 2**31
    fitting = [t for t in literals if len(t) < 20 and t.replace(".", "", 1).isdigit()]
    return _numbers(
        [t for t in fitting if float(t) + 1 < largest], is_whole=not (size or kind == "DOUBLE")
    )


def _numbers(literals: list[str], *, is_whole: bool) -> Pool:
    numbers = [float(text) for text in literals]
    near = [number + step for number in numbers for step in (0, 0, 0, 1, -1, 0.5)]
    if numbers:
        near.append(sum(numbers) / len(numbers))
    others = [0, 1, 2, 3, 7, 20] if is_whole else [0.0, 0.5, 1.25, 3.0, 40.0, 90.5]
    return Pool([int(n) for n in near] if is_whole else near, others)


def is_key(column: str) -> bool:
    return column.endswith(("_sk", "key", "_ticket_number", "_order_number"))


def rows_of(
    tables: Mapping[str, Sequence[str]], values: Pools, chance: random.Random
) -> dict[str, Rows]:
    """
    Rows of some worlds for the columns of each table.

    Rows of one world have one key, so that joins find them; a table with a key of its own has each once.
    Columns may have one usual value, so that several conditions are met at once.
    """
    worlds = chance.choice((2, 3, 5))
    share = chance.choice((0, 0.6, 1))
    usual = {
        column: chance.choice(pool.compared)
        for column, pool in values.items()
        if pool.compared and chance.random() < share
    }
    made: dict[str, Rows] = {}
    for table, columns in tables.items():
        is_fact = any(word in table for word in _FACTS)
        made[table] = []
        for number in range(1, (16 if is_fact else worlds + 3) + 1):
            world = 1 + (number - 1) % worlds
            row = [values[column].value(world, usual.get(column), chance) for column in columns]
            if not is_fact and values[columns[0]].is_key:
                row[0] = number
            made[table].append(row)
    return made


def put(connection: Any, table: str, columns: Sequence[str], rows: Rows) -> None:
    """Give a table these rows, and no others."""
    connection.execute(f"DELETE FROM {table}")
    texts = (f"({', '.join(map(_literal, row))})" for row in rows)
    connection.execute(f"INSERT INTO {table} ({', '.join(columns)}) VALUES {', '.join(texts)}")


def with_other_values(rows: Rows, index: int, pool: Pool, chance: random.Random) -> Rows:
    """Other values in one column, of one row, of some or of all: from the pool, of other rows, or none."""
    old = [row[index] for row in rows]
    pairs = zip(rows, _replacements(old, pool, chance), _chosen(len(rows), chance), strict=False)
    return [[*r[:index], new, *r[index + 1 :]] if is_new else r for r, new, is_new in pairs]


def _chosen(count: int, chance: random.Random) -> list[bool]:
    share = chance.choice((1 / count, 0.3, 0.6, 1.0))
    found = [chance.random() < share for _ in range(count)]
    found[chance.randrange(count)] = True
    return found


def _replacements(old: list[Any], pool: Pool, chance: random.Random) -> Iterator[Any]:
    kind = chance.random()
    same = None if kind < 0.15 else chance.choice(pool.everything)
    choices = old if kind > 0.85 else pool.everything
    while True:
        yield same if kind < 0.35 else chance.choice(choices)


def _literal(value: Any) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, datetime.date):
        return f"DATE '{value.isoformat()}'"
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    return str(value)
