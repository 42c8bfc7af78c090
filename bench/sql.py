"""How exact lineage from SQL is, beside openlineage-sql.

    python -m bench sql --cases FILE...
    python -m bench sql --datahub FOLDER --openmetadata FOLDER --openlineage FOLDER

A file holds cases as JSON: `kind` table (`src`, `tgt`: names) or column (`edges`: source column, source
table, column, table), `sql`, `dialect`, and `meta`: known columns by table. What is compared after
conventions is said in docs/decisions/0012-sql-lineage-by-scopes.md; `--strict` compares without.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from bench.sql_suites import SUITES, plain_name

from fairlead_sdk.sql import Reading, Table, dialect_of, read

Edge = tuple[str, str, str, str]
_IDENTIFIER = re.compile(r"[\w$]+|\*")


@dataclass
class Answer:
    src: set[str] = field(default_factory=set)
    tgt: set[str] = field(default_factory=set)
    edges: set[Edge] = field(default_factory=set)
    rows: set[tuple[str, str, str]] = field(default_factory=set)
    """Columns that decide about the rows of a table: source column, its table, the table."""


@dataclass
class Score:
    tables: int = 0
    tables_exact: int = 0
    columns: int = 0
    columns_exact: int = 0
    found: int = 0
    expected: int = 0
    right: int = 0
    wrong: list[str] = field(default_factory=list)

    def line(self, name: str) -> str:
        return (
            f"{name:16} table exact {_share(self.tables_exact, self.tables)}"
            f"  column exact {_share(self.columns_exact, self.columns)}"
            f"  edge precision {_share(self.right, self.found)}"
            f"  recall {_share(self.right, self.expected)}"
        )


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:5.1f} % ({part}/{whole})" if whole else "    -"


def main() -> int:
    options = argparse.ArgumentParser(prog="python -m bench sql", description=__doc__)
    options.add_argument("--cases", nargs="+", default=[], type=Path)
    for suite in SUITES:
        options.add_argument(f"--{suite}", type=Path, metavar="FOLDER")
    options.add_argument("--strict", action="store_true", help="without conventions")
    options.add_argument("--wrong", action="store_true", help="print what differs")
    arguments = options.parse_args()
    parsers: dict[str, Callable[[dict[str, Any]], Answer]] = {"fairlead": ours}
    try:
        import openlineage_sql

        print(f"beside openlineage-sql {openlineage_sql.__file__ and _version()}")
        parsers["openlineage-sql"] = _theirs
    except ImportError:
        print("openlineage-sql is not installed: ours alone")
    for label, cases in _chosen(arguments):
        print(f"\n{label}: {len(cases)} cases")
        for name, parse in parsers.items():
            began = time.monotonic()
            score = scored(cases, parse, strict=arguments.strict)
            print(f"{score.line(name)}  ({time.monotonic() - began:.1f} s)")
            if arguments.wrong and name == "fairlead":
                print("\n".join(score.wrong))
    return 0


def _chosen(arguments: argparse.Namespace) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    for path in arguments.cases:
        yield path.name, json.loads(path.read_text(encoding="utf-8"))
    for suite, cases in SUITES.items():
        if folder := getattr(arguments, suite):
            yield suite, list(cases(folder))


def _version() -> str:
    from importlib.metadata import version

    return version("openlineage-sql")


def scored(
    cases: list[dict[str, Any]], parse: Callable[[dict[str, Any]], Answer], *, strict: bool
) -> Score:
    score = Score()
    for number, case in enumerate(cases):
        answer = _named(parse(case), case)
        if case["kind"] == "table":
            src, tgt = (_names(case[side], case) for side in ("src", "tgt"))
            if (
                case.get("suite") and not strict
            ):  # a table that is changed is no input for being there
                answer.src, src = answer.src - tgt, src - tgt
            is_exact = answer.src == src and answer.tgt == tgt
            score.tables += 1
            score.tables_exact += is_exact
            if not is_exact:
                score.wrong.append(
                    f"#{number} {case['dialect']}: {_short(case)}\n"
                    f"    expected {sorted(src)} -> {sorted(tgt)}, found {sorted(answer.src)} -> {sorted(answer.tgt)}"
                )
            continue
        expected = _edges((_edge(edge) for edge in case["edges"] if edge[1]), case)
        found = answer.edges
        if not strict:
            expected, found = _plain(expected), _plain(found)
        if case.get("suite") and not strict:
            expected, found = _without_rows(expected, answer), _without_rows(found, answer)
        score.columns += 1
        score.columns_exact += found == expected
        score.found += len(found)
        score.expected += len(expected)
        score.right += len(found & expected)
        if found != expected:
            score.wrong.append(
                f"#{number} {case['dialect']}: {_short(case)}\n"
                f"    missing {sorted(expected - found)}, wrong {sorted(found - expected)}"
            )
    return score


def _named(answer: Answer, case: dict[str, Any]) -> Answer:
    return Answer(
        _names(answer.src, case),
        _names(answer.tgt, case),
        _edges(answer.edges, case),
        {(a, plain_name(b, case), plain_name(c, case)) for a, b, c in answer.rows},
    )


def _names(names: Iterable[str], case: dict[str, Any]) -> set[str]:
    return {plain_name(name, case) for name in names}


def _edges(edges: Iterable[Edge], case: dict[str, Any]) -> set[Edge]:
    return {(a, plain_name(b, case), c, plain_name(d, case)) for a, b, c, d in edges}


def _plain(edges: set[Edge]) -> set[Edge]:
    """Without columns that have no name, and without single columns where `*` stands for all."""
    whole = {(source, table) for column, source, name, table in edges if column == name == "*"}
    return {
        edge
        for edge in edges
        if _IDENTIFIER.fullmatch(edge[2])
        and (edge[0] == "*" or edge[0] != edge[2] or (edge[1], edge[3]) not in whole)
    }


def _without_rows(edges: set[Edge], answer: Answer) -> set[Edge]:
    """Edges between values: without counted rows and what decides about rows, fields as their columns."""
    edges = {(a.partition(".")[0], b, c, d) for a, b, c, d in edges}
    values = answer.edges
    return {
        edge
        for edge in edges
        if (edge[0] != "*" or edge[2] == "*")
        and (edge in values or (edge[0], edge[1], edge[3]) not in answer.rows)
    }


def _short(case: dict[str, Any]) -> str:
    return " ".join(case["sql"].split())[:300]


def _lower(names: Iterable[str]) -> set[str]:
    return {name.lower() for name in names}


def _edge(edge: list[str]) -> Edge:
    source, source_table, column, table = (part.lower() for part in edge)
    return source, source_table, column, table


def ours(case: dict[str, Any]) -> Answer:
    meta = {plain_name(name, case): c for name, c in (case.get("meta") or {}).items()}

    def describe(table: Table) -> dict[str, str] | None:
        columns = meta.get(plain_name(str(table), case))
        return dict.fromkeys(columns, "") if columns else None

    reading = read(case["sql"], dialect_of(case["dialect"]), describe)
    return _by_statement(reading) if case.get("suite") else answer(reading)


def _by_statement(reading: Reading) -> Answer:
    """As suites of single statements put it: what is emptied, removed or renamed is written."""
    found = answer(replace(reading, passing=[]))
    found.src |= _lower(str(old) for old, _ in reading.renamed)
    found.tgt |= _lower(map(str, (*reading.truncated, *reading.dropped)))
    found.tgt |= _lower(str(new) for _, new in reading.renamed)
    found.rows = {
        (source.column.lower(), str(source.table).lower(), str(table).lower())
        for table, sources in reading.indirect.items()
        for source in sources
    }
    return found


def answer(reading: Reading) -> Answer:
    """A reading as the suites put it: what procedures do counts, tables in between do not."""
    readings = [reading, *reading.procedures.values()]
    reads = {str(table) for each in readings for table in (*each.reads, *each.patterns)}
    writes = {str(table) for each in readings for table in (*each.writes, *each.declared)}
    files = {file for each in readings for file in each.files_read}
    made = {file for each in readings for file in each.files_written}
    edges = {
        (source.column, str(source.table), name, str(table))
        for each in readings
        for table, columns in each.columns.items()
        for name, sources in columns.items()
        for source in sources
    }
    passing = {str(table) for table in reading.passing}
    if passing:
        edges = _folded(edges, passing)
    return Answer(
        _lower((reads - passing) | files),
        _lower((writes - passing) | made),
        {_edge(list(edge)) for edge in edges},
    )


def _folded(edges: set[Edge], passing: set[str]) -> set[Edge]:
    """Edges through tables in between, as edges from end to end."""
    result = {edge for edge in edges if edge[1] not in passing}
    left = edges - result
    while left:
        longer = {
            (one[0], one[1], other[2], other[3])
            for other in left
            for one in result
            if one[3] == other[1] and one[2] in (other[0], "*")
        } - result
        if not longer:
            break
        result |= longer
    return {edge for edge in result if edge[3] not in passing}


def _theirs(case: dict[str, Any]) -> Answer:
    from openlineage_sql import parse

    names = {"ansi": "ansi", "tsql": "mssql", "sparksql": "databricks"}
    dialect = names.get(case["dialect"], case["dialect"])
    try:
        found = parse([case["sql"]], dialect)
    except Exception:  # noqa: BLE001 - whatever it raises, it has no answer
        return Answer()
    if found is None:
        return Answer()
    tables = {str(table.qualified_name) for table in found.out_tables}
    edges = {
        _edge([source.name, str(source.origin.qualified_name), lineage.descendant.name, table])
        for lineage in found.column_lineage
        for source in lineage.lineage
        if source.origin is not None
        for table in tables
    }
    return Answer(
        _lower(str(table.qualified_name) for table in found.in_tables), _lower(tables), edges
    )


if __name__ == "__main__":
    sys.exit(main())
