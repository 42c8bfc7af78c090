"""Lineage by column against the truth, on the queries of TPC-H and TPC-DS: what changes with a source column.

    pip install duckdb duckdb-extensions duckdb-extension-tpch duckdb-extension-tpcds
    python -m bench sql_tpc [--rounds 4] [--seconds 1] [--suite tpch|tpcds] [--query N ...]

DuckDB brings schemas and queries. Each query gets small tables, whose values are those that the query compares
columns with and whose keys meet, so that its conditions are met. One source column at a time gets other values,
or none; an output column whose values are then others depends on it. Every dependency that is seen must be among
the direct and indirect inputs that `fairlead_sdk.sql` names (recall). What it names should be seen to matter
(precision); what is not gets more rounds of its own, and then rounds with the query without its LIMIT, its
conditions with constants and so on: the first that shows the input is the reason why it was not seen.
"""

from __future__ import annotations

import argparse
import importlib
import random
import sys
import threading
import time
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Any

import sqlglot
from bench.sql_tpc_data import Types, pools, put, rows_of, with_other_values
from bench.sql_tpc_reasons import variants
from sqlglot import exp

from fairlead_sdk.sql import Describe, Reading, Table, read

_ATTEMPTS = 24
"""Data that are tried until a query has a result."""
_BATCH = 4
"""Rounds with the same data, and another change of each column."""
_MORE = 24
"""Rounds for what was not seen until then, with the query and with each variant of it."""
_SECONDS = 1.0
"""For one execution of a query; one that takes longer is left out."""
_LARGEST = 20_000
"""Rows of a result that is left out for being too large."""
_SORTED = "(order)"
"""Stands for an output: the order of rows."""

Pair = tuple[str, str]
"""An output and a source column."""


@dataclass
class Comparison:
    """What is named, and what is seen to matter."""

    direct: set[Pair] = field(default_factory=set)
    indirect: set[Pair] = field(default_factory=set)
    """What decides about the value of one output: conditions, windows."""
    rows: set[str] = field(default_factory=set)
    """What decides about all outputs: filters, joins, groups, order."""
    seen: set[Pair] = field(default_factory=set)
    sorting: set[str] = field(default_factory=set)
    """What is seen to change the order of rows."""
    reasons: dict[str, set[Pair]] = field(default_factory=dict)
    empty: bool = True
    same_by_view: bool = True
    """Whether the query is read alike where it is that of a view."""

    @property
    def missed(self) -> set[Pair]:
        named = self.direct | self.indirect
        return {(o, s) for o, s in self.seen - named if s not in self.rows}

    def unseen(self) -> set[Pair]:
        """What is named and neither seen nor explained; all outputs are `*`."""
        explained = {pair for pairs in self.reasons.values() for pair in pairs}
        return (self.idle(self.direct) | self.idle(self.indirect) | self.idle_rows()) - explained

    def idle(self, named: set[Pair]) -> set[Pair]:
        return named - self.seen

    def idle_rows(self) -> set[Pair]:
        moving = {source for _, source in self.seen} | self.sorting
        return {("*", source) for source in self.rows - moving}


def main() -> int:
    options = argparse.ArgumentParser(prog="python -m bench sql_tpc", description=__doc__)
    options.add_argument("--rounds", type=int, default=4)
    options.add_argument("--suite", choices=("tpch", "tpcds"))
    options.add_argument(
        "--seconds", type=float, default=1, help="of processor time, for each look at a query"
    )
    options.add_argument("--query", type=int, nargs="*")
    arguments = options.parse_args()
    try:
        duckdb = importlib.import_module("duckdb")
        extensions = importlib.import_module("duckdb_extensions")
    except ImportError as error:
        print(f"{error}: pip install duckdb duckdb-extensions and its extensions tpch and tpcds")
        return 2
    failed = 0
    for suite in [arguments.suite] if arguments.suite else ["tpch", "tpcds"]:
        extensions.import_extension(suite)
        connection = duckdb.connect(config={"threads": 1})
        connection.execute(f"LOAD {suite}")
        connection.execute("SET memory_limit = '1GB'")
        connection.execute("SET scalar_subquery_error_on_multiple_rows = false")
        connection.execute("CALL dbgen(sf=0)" if suite == "tpch" else "CALL dsdgen(sf=0)")
        failed += _suite(suite, connection, arguments)
    return 1 if failed else 0


def _suite(suite: str, connection: Any, arguments: argparse.Namespace) -> int:
    types: Types = {}
    for table, column, kind in connection.execute(
        "SELECT table_name, column_name, data_type FROM duckdb_columns() WHERE NOT internal ORDER BY table_oid, column_index"
    ).fetchall():
        types.setdefault(table, {})[column] = kind
    for table in types:  # without constraints, so that any value may be NULL
        connection.execute(f"CREATE OR REPLACE TABLE {table} AS FROM {table}")
    found: list[Comparison] = []
    for number, query in connection.execute(f"FROM {suite}_queries()").fetchall():
        if arguments.query and number not in arguments.query:
            continue
        text = query.strip().rstrip(";")
        compared = examined(connection, text, types, arguments.rounds, arguments.seconds)
        found.append(compared)
        _print(f"{suite} {number}", compared)
    return _summary(suite, found)


def _print(name: str, compared: Comparison) -> None:
    if compared.missed:
        print(f"{name}: missed {sorted(compared.missed)}")
    for reason, pairs in compared.reasons.items():
        print(f"{name}: {reason}: {', '.join(f'{o} <- {s}' for o, s in sorted(pairs))}")
    if unexplained := compared.unseen():
        print(f"{name}: not seen, without a reason {sorted(unexplained)}")
    sys.stdout.flush()


def _summary(suite: str, found: list[Comparison]) -> int:
    seen, missed = sum(len(t.seen) for t in found), sum(len(t.missed) for t in found)
    print(f"{suite}: {len(found)} queries, {sum(t.empty for t in found)} never with a result")
    print(f"  read alike through a view: {sum(t.same_by_view for t in found)} of {len(found)}")
    print(f"  recall {_share(seen - missed, seen)}")
    direct = [(len(t.direct), len(t.idle(t.direct))) for t in found]
    indirect = [(len(t.indirect), len(t.idle(t.indirect))) for t in found]
    rows = [(len(t.rows), len(t.idle_rows())) for t in found]
    _print_precision("direct inputs of a column", direct)
    _print_precision("indirect inputs of a column", indirect)
    _print_precision("inputs of all columns", rows)
    for reason in dict.fromkeys(r for t in found for r in t.reasons):
        print(f"  not seen, {reason}: {sum(len(t.reasons.get(reason, ())) for t in found)}")
    unexplained = sum(len(t.unseen()) for t in found)
    print(f"  not seen, unexplained: {unexplained}")
    return missed


def _print_precision(label: str, counts: list[tuple[int, int]]) -> None:
    """Of inputs that are named in each query, and those of them that are not seen."""
    named, idle = sum(n for n, _ in counts), sum(i for _, i in counts)
    print(f"  precision of {label} {_share(named - idle, named)}")


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} % ({part}/{whole})" if whole else "-"


# -- one query ---------------------------------------------------------------------------------------


def examined(connection: Any, query: str, types: Types, rounds: int, seconds: float) -> Comparison:
    def describe(table: Table) -> dict[str, str] | None:
        return types.get(table.name.lower())

    reading = read(f"CREATE TABLE result AS {query}", "duckdb", describe)
    compared = _named(reading)
    compared.same_by_view = _named(_through_view(query, describe)) == compared
    trial = _Trial(
        connection, query, types, [table.name.lower() for table in reading.reads], seconds
    )
    known = {n for n, _ in compared.direct | compared.indirect} | _names(query) | {_SORTED}
    for source, changed in trial.rounds(query, None, rounds):
        _see(compared, source, changed & known)
    _look_again(compared, compared, trial, query, known)
    was_cut = trial.is_over  # before rounds of other queries begin anew
    for reason, changed_query in variants(query):
        if not (left := compared.unseen()):
            break
        relaxed = Comparison(compared.direct, compared.indirect, compared.rows)
        _look_again(relaxed, compared, trial, changed_query, known)
        moving = {source for _, source in relaxed.seen} | relaxed.sorting
        shown = {(o, s) for o, s in left if (o, s) in relaxed.seen or (o == "*" and s in moving)}
        if shown:
            compared.reasons[reason] = shown
    if left := compared.unseen():
        if compared.empty:
            compared.reasons["no data met all conditions of the query"] = left
        elif was_cut:
            compared.reasons["the time for the query was over"] = left
    return compared


def _through_view(query: str, describe: Describe) -> Reading:
    script = f"CREATE TEMPORARY VIEW asked AS {query}; CREATE TABLE result AS SELECT * FROM asked"
    return read(script, "duckdb", describe)


def _look_again(
    found: Comparison, compared: Comparison, trial: _Trial, query: str, known: set[str]
) -> None:
    """Rounds for what is named and was not seen, until it is."""
    wanted = {source for _, source in compared.unseen()}
    if not wanted:
        return
    for source, changed in trial.rounds(query, wanted, _MORE):
        _see(found, source, changed & known)
        if source not in {s for _, s in found.unseen()}:
            wanted.discard(source)
        if not wanted:
            return


def _see(compared: Comparison, source: str, changed: set[str]) -> None:
    compared.empty = False
    if _SORTED in changed:
        compared.sorting.add(source)
    compared.seen |= {(name, source) for name in changed if name != _SORTED}


def _named(reading: Reading) -> Comparison:
    compared = Comparison()
    for columns in reading.columns.values():
        for name, sources in columns.items():
            for source in sources:
                if source.column != "*":
                    held = compared.direct if source.is_direct else compared.indirect
                    held.add((name.lower(), source.column.lower()))
    compared.indirect -= compared.direct
    compared.rows = {s.column.lower() for each in reading.indirect.values() for s in each}
    compared.rows.discard("*")
    return compared


def _names(query: str) -> set[str]:
    """Output columns that have a name, also those that are made of nothing."""
    parsed = sqlglot.parse_one(query, read="duckdb")
    assert isinstance(parsed, exp.Query)
    return {name.lower() for name in parsed.named_selects if name and name != "*"}


class _Trial:
    """Tables with changing data, of which one column at a time gets other values."""

    def __init__(
        self, connection: Any, query: str, types: Types, tables: list[str], seconds: float
    ) -> None:
        self._connection = connection
        self._runs = 0
        self._rows: dict[str, list[list[Any]]] = {}
        self._seconds = seconds
        self._end = 0.0
        self._error: type[Exception] = importlib.import_module("duckdb").Error
        self._pools = pools(query, {t: types[t] for t in tables})
        tree = sqlglot.parse_one(query, read="duckdb")
        mentioned = {node.name.lower() for node in tree.find_all(exp.Identifier)}
        self._columns = [(t, c) for t in tables for c in types[t] if c in mentioned]
        self._mentioned = {t: [c for c in types[t] if c in mentioned] for t in tables}

    def rounds(
        self, query: str, wanted: Collection[str] | None, rounds: int
    ) -> Iterator[tuple[str, set[str]]]:
        """A source column that got other values, and the outputs that changed with it; "" for a result."""
        self._runs += 1
        self._end = time.process_time() + self._seconds
        for batch in range(-(-rounds // _BATCH)):
            chance, before = self._data(query, batch)
            if before is None:
                break
            yield "", set()
            for _ in range(_BATCH):
                for table, column in self._columns:
                    if self.is_over:
                        return
                    if wanted is None or column in wanted:
                        yield column, self._changed(query, table, column, before, chance)

    @property
    def is_over(self) -> bool:
        return time.process_time() > self._end

    def _data(self, query: str, batch: int) -> tuple[random.Random, dict[str, Any] | None]:
        chance = random.Random()
        for attempt in range(_ATTEMPTS):  # until the query has a result
            if self.is_over:
                break
            chance = random.Random(f"{self._runs} {batch} {attempt}")
            self._rows = rows_of(self._mentioned, self._pools, chance)
            for table, rows in self._rows.items():
                put(self._connection, table, self._mentioned[table], rows)
            before = self._outputs(query)
            if before and before[_SORTED]:
                return chance, before
        return chance, None

    def _changed(
        self, query: str, table: str, column: str, before: dict[str, Any], chance: random.Random
    ) -> set[str]:
        columns, rows = self._mentioned[table], self._rows[table]
        index = columns.index(column)
        put(
            self._connection,
            table,
            columns,
            with_other_values(rows, index, self._pools[column], chance),
        )
        after = self._outputs(query)
        put(self._connection, table, columns, rows)
        return {name for name, value in before.items() if after and after[name] != value}

    def _outputs(self, query: str) -> dict[str, Any] | None:
        """The values of each output, and the order of rows; None for more than can be compared."""
        timer = threading.Timer(_SECONDS, self._connection.interrupt)
        timer.start()
        try:
            result = self._connection.execute(query)
            names = [each[0].lower() for each in result.description]
            found_rows = result.fetchmany(_LARGEST)
        except self._error:
            return None
        finally:
            timer.cancel()
        if len(found_rows) == _LARGEST:
            return None
        rows = [tuple(map(_rounded, row)) for row in found_rows]
        found: dict[str, Any] = {n: Counter(r[i] for r in rows) for i, n in enumerate(names)}
        return found | {_SORTED: rows}


def _rounded(value: Any) -> Any:
    return f"{value:.6g}" if isinstance(value, float) else value  # also what is no number


if __name__ == "__main__":
    sys.exit(main())
