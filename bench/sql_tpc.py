"""Lineage by column against the truth, on the queries of TPC-H and TPC-DS: what changes with a source column.

    pip install duckdb duckdb-extensions duckdb-extension-tpch duckdb-extension-tpcds
    python -m bench sql_tpc [--rounds 12] [--suite tpch|tpcds] [--query N ...]

DuckDB brings schemas and queries. Each query gets tables of a few rows, of which the values are those that
the query compares columns with, so that its conditions are met. One source column at a time gets other values;
an output column whose values are then others depends on it. Every dependency that is seen must be among the
direct and indirect inputs that `fairlead_sdk.sql` names (recall). What it names as a direct input should be seen
to matter in some round (precision); so should what it names as deciding about rows.
"""

from __future__ import annotations

import argparse
import datetime
import importlib
import random
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import sqlglot
from sqlglot import exp

from fairlead_sdk.sql import Reading, Table, read

_ROWS = 16
_KEYS = (3, 4, 8)
"""How many there are: few, so that rows find each other; or some more, so that some do not."""
_OFTEN = 18
"""How many of a column's values are those that the query compares it with; a few are others."""
_ATTEMPTS = 25
"""Data that are tried until a query has a result."""
_BATCH = 4
"""Rounds with the same data, and another change of each column."""


@dataclass
class Comparison:
    """What is named, and what is seen to matter: pairs of output and source column."""

    direct: set[tuple[str, str]] = field(default_factory=set)
    rows: set[str] = field(default_factory=set)
    seen: set[tuple[str, str]] = field(default_factory=set)
    unnamed: int = 0
    empty: bool = True

    @property
    def missed(self) -> set[tuple[str, str]]:
        return {(o, s) for o, s in self.seen - self.direct if s not in self.rows}

    @property
    def idle(self) -> set[tuple[str, str]]:
        return self.direct - self.seen

    @property
    def idle_rows(self) -> set[str]:
        return self.rows - {source for _, source in self.seen}


def main() -> int:
    options = argparse.ArgumentParser(prog="python -m bench sql_tpc", description=__doc__)
    options.add_argument("--rounds", type=int, default=12)
    options.add_argument("--suite", choices=("tpch", "tpcds"))
    options.add_argument("--query", type=int, nargs="*")
    arguments = options.parse_args()
    try:
        duckdb = importlib.import_module("duckdb")
        extensions = importlib.import_module("duckdb_extensions")
    except ImportError as error:
        print(f"{error}: pip install duckdb duckdb-extensions and its extensions tpch and tpcds")
        return 2
    missed = 0
    for suite in [arguments.suite] if arguments.suite else ["tpch", "tpcds"]:
        extensions.import_extension(suite)
        connection = duckdb.connect(config={"threads": 1})
        connection.execute(f"LOAD {suite}")
        connection.execute("SET scalar_subquery_error_on_multiple_rows = false")
        connection.execute("CALL dbgen(sf=0)" if suite == "tpch" else "CALL dsdgen(sf=0)")
        missed += _suite(suite, connection, arguments)
    return 1 if missed else 0


def _suite(suite: str, connection: Any, arguments: argparse.Namespace) -> int:
    types: dict[str, dict[str, str]] = {}
    for table, column, kind in connection.execute(
        "SELECT table_name, column_name, data_type FROM duckdb_columns() ORDER BY table_oid, column_index"
    ).fetchall():
        types.setdefault(table, {})[column] = kind
    found: list[Comparison] = []
    for number, query in connection.execute(f"FROM {suite}_queries()").fetchall():
        if arguments.query and number not in arguments.query:
            continue
        compared = examined(connection, query.strip().rstrip(";"), types, arguments.rounds)
        found.append(compared)
        _print(f"{suite} {number}", compared)
    seen = sum(len(t.seen) for t in found)
    missed = sum(len(t.missed) for t in found)
    full = [t for t in found if not t.empty]  # where nothing is seen, nothing can be
    direct, rows = sum(len(t.direct) for t in full), sum(len(t.rows) for t in full)
    idle, idle_rows = sum(len(t.idle) for t in full), sum(len(t.idle_rows) for t in full)
    print(
        f"{suite}: {len(found)} queries, {sum(t.empty for t in found)} of them never with a result;\n"
        f"  recall {_share(seen - missed, seen)}, precision of inputs of a column "
        f"{_share(direct - idle, direct)}, of inputs of all {_share(rows - idle_rows, rows)}"
    )
    return missed


def _print(name: str, compared: Comparison) -> None:
    if compared.empty:
        print(f"{name}: no result in any round")
    if compared.missed:
        print(f"{name}: missed {sorted(compared.missed)}")
    if compared.idle or compared.idle_rows:
        print(f"{name}: not seen {sorted(compared.idle)}, of rows {sorted(compared.idle_rows)}")
    sys.stdout.flush()


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} % ({part}/{whole})" if whole else "-"


# -- one query ---------------------------------------------------------------------------------------


def examined(
    connection: Any, query: str, types: dict[str, dict[str, str]], rounds: int
) -> Comparison:
    def describe(table: Table) -> dict[str, str] | None:
        return types.get(table.name.lower())

    reading = read(f"CREATE TABLE result AS {query}", "duckdb", describe)
    tables = [table.name.lower() for table in reading.reads]
    compared = _named(reading)
    everything = _pools(query, {t: types[t] for t in tables})
    mentioned = {word.lower() for word in _identifiers(query)}
    columns = [(t, c) for t in tables for c in types[t] if c in mentioned]
    for batch in range(-(-rounds // _BATCH)):
        keys = _KEYS[batch % len(_KEYS)]
        pools = {c: p[:keys] if _is_key(c) else p for c, p in everything.items()}
        connection.execute("BEGIN")
        for attempt in range(_ATTEMPTS):  # until the query has a result
            chance = random.Random(f"{batch} {attempt}")
            for table in tables:
                _fill(connection, table, types[table], pools, chance)
            names, before = _outputs(connection, query)
            if any(sum(counter.values()) > counter[None] for counter in before):
                compared.empty = False
                break
        for _ in range(min(_BATCH, rounds - batch * _BATCH)):
            for table, column in columns:
                old = connection.execute(f"SELECT rowid, {column} FROM {table} ORDER BY rowid")
                values = old.fetchall()
                _set(connection, table, column, _others(values, pools[column], chance))
                _, after = _outputs(connection, query)
                _set(connection, table, column, values)
                for name, one, other in zip(names, before, after, strict=True):
                    if one != other:
                        compared.seen.add((name, column))
        connection.execute("ROLLBACK")
    known = {name for name, _ in compared.direct} | _without_sources(reading, query)
    compared.unnamed = len({name for name, _ in compared.seen} - known)
    compared.seen = {(name, source) for name, source in compared.seen if name in known}
    return compared


def _named(reading: Reading) -> Comparison:
    named = [item for columns in reading.columns.values() for item in columns.items()]
    return Comparison(
        {(n.lower(), s.column.lower()) for n, each in named for s in each if s.column != "*"},
        {s.column.lower() for each in reading.indirect.values() for s in each},
    )


def _without_sources(reading: Reading, query: str) -> set[str]:
    """Output columns that have a name, also those that are made of nothing."""
    parsed = sqlglot.parse_one(query, read="duckdb")
    return {name.lower() for name in parsed.named_selects if name and name != "*"}


def _identifiers(query: str) -> Iterator[str]:
    for node in sqlglot.parse_one(query, read="duckdb").find_all(exp.Identifier):
        yield node.name


def _outputs(connection: Any, query: str) -> tuple[list[str], list[Counter[Any]]]:
    result = connection.execute(query)
    names = [each[0].lower() for each in result.description]
    rows = result.fetchall()
    return names, [Counter(_rounded(row[i]) for row in rows) for i in range(len(names))]


def _rounded(value: Any) -> Any:
    return f"{value:.6g}" if isinstance(value, float) else value  # also what is no number


# -- data --------------------------------------------------------------------------------------------

Pools = dict[str, list[Any]]


def _pools(query: str, types: dict[str, dict[str, str]]) -> Pools:
    """For each column, values that the query compares it with, values near them, and a few others."""
    kinds = {column: kind for columns in types.values() for column, kind in columns.items()}
    literals: dict[str, list[str]] = {}
    for node in sqlglot.parse_one(query, read="duckdb").walk():
        if isinstance(node, exp.Binary | exp.In | exp.Between) and not isinstance(
            node, exp.Connector
        ):
            names = [c.name.lower() for c in node.find_all(exp.Column)]
            for name in names:
                literals.setdefault(name, []).extend(
                    each.name for each in node.find_all(exp.Literal)
                )
    return {
        column: list(_values(column, kind, literals.get(column, ())))
        for column, kind in kinds.items()
    }


def _values(column: str, kind: str, literals: Iterable[str]) -> Iterator[Any]:
    if kind == "DATE":
        for text in {t for t in literals if t[:2] in ("19", "20") and t.count("-") == 2}:
            start = datetime.date.fromisoformat(text)
            yield from (start + datetime.timedelta(days) for days in (-40, -3, 0, 1, 7, 25, 70))
        yield from (datetime.date(1996, 1, 1) + datetime.timedelta(days=170 * n) for n in range(8))
    elif kind == "VARCHAR":
        texts = list(dict.fromkeys(t.strip("%").replace("%", " ") for t in literals if t))
        yield from texts * -(-_OFTEN // len(texts)) if texts else ()
        yield from ("A", "B", "81792", "N", "Y")
    elif _is_key(column):
        yield from range(1, max(_KEYS) + 1)
    else:
        numbers = [float(t) for t in literals if t.replace(".", "", 1).isdigit()]
        whole = not kind.startswith(("DECIMAL", "DOUBLE"))
        for number in dict.fromkeys(numbers):
            often = [number] * -(-_OFTEN // len(numbers))
            for near in (*often, number - 1, number + 1, number + 0.5):
                yield int(near) if whole else near
        yield from (0, 1, 2, 3, 7, 20) if whole else (0.0, 0.5, 1.25, 3.0, 40.0, 90.5)


def _is_key(column: str) -> bool:
    return column.endswith(("_sk", "key", "_ticket_number", "_order_number"))


def _fill(
    connection: Any, table: str, columns: dict[str, str], pools: Pools, chance: random.Random
) -> None:
    connection.execute(f"DELETE FROM {table}")
    first = next(iter(columns))
    for number in range(1, _ROWS + 1):
        row = [
            number if column == first and number <= max(_KEYS) else chance.choice(pools[column])
            for column in columns
        ]
        marks = ", ".join(map(_literal, row))
        connection.execute(f"INSERT INTO {table} VALUES ({marks})")


def _others(
    old: list[tuple[int, Any]], pool: list[Any], chance: random.Random
) -> list[tuple[int, Any]]:
    """Other values for some rows, or for all."""
    share = chance.choice((0.3, 0.6, 1.0))
    return [(id, chance.choice(pool) if chance.random() < share else value) for id, value in old]


def _set(connection: Any, table: str, column: str, values: list[tuple[int, Any]]) -> None:
    cases = " ".join(f"WHEN {id} THEN {_literal(value)}" for id, value in values)
    connection.execute(f"UPDATE {table} SET {column} = CASE rowid {cases} END")


def _literal(value: Any) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, datetime.date):
        return f"DATE '{value.isoformat()}'"
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    return str(value)


if __name__ == "__main__":
    sys.exit(main())
