"""How exact lineage from SQL is, beside openlineage-sql.

    python -m bench sql --cases FILE...

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
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fairlead_sdk.sql import Reading, Table, dialect_of, read

Edge = tuple[str, str, str, str]
_IDENTIFIER = re.compile(r"[\w$]+|\*")


@dataclass
class Answer:
    src: set[str] = field(default_factory=set)
    tgt: set[str] = field(default_factory=set)
    edges: set[Edge] = field(default_factory=set)


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
    options.add_argument("--cases", nargs="+", required=True, type=Path)
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
    for path in arguments.cases:
        cases = json.loads(path.read_text(encoding="utf-8"))
        print(f"\n{path.name}: {len(cases)} cases")
        for name, parse in parsers.items():
            began = time.monotonic()
            score = scored(cases, parse, strict=arguments.strict)
            print(f"{score.line(name)}  ({time.monotonic() - began:.1f} s)")
            if arguments.wrong and name == "fairlead":
                print("\n".join(score.wrong))
    return 0


def _version() -> str:
    from importlib.metadata import version

    return version("openlineage-sql")


def scored(
    cases: list[dict[str, Any]], parse: Callable[[dict[str, Any]], Answer], *, strict: bool
) -> Score:
    score = Score()
    for number, case in enumerate(cases):
        answer = parse(case)
        if case["kind"] == "table":
            src, tgt = _lower(case["src"]), _lower(case["tgt"])
            is_exact = answer.src == src and answer.tgt == tgt
            score.tables += 1
            score.tables_exact += is_exact
            if not is_exact:
                score.wrong.append(
                    f"#{number} {case['dialect']}: {_short(case)}\n"
                    f"    expected {sorted(src)} -> {sorted(tgt)}, found {sorted(answer.src)} -> {sorted(answer.tgt)}"
                )
            continue
        expected = {_edge(edge) for edge in case["edges"] if edge[1]}
        found = answer.edges
        if not strict:
            expected, found = _plain(expected), _plain(found)
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


def _plain(edges: set[Edge]) -> set[Edge]:
    """Without columns that have no name, and without single columns where `*` stands for all."""
    whole = {(source, table) for column, source, name, table in edges if column == name == "*"}
    return {
        edge
        for edge in edges
        if _IDENTIFIER.fullmatch(edge[2])
        and (edge[0] == "*" or edge[0] != edge[2] or (edge[1], edge[3]) not in whole)
    }


def _short(case: dict[str, Any]) -> str:
    return " ".join(case["sql"].split())[:300]


def _lower(names: Iterable[str]) -> set[str]:
    return {name.lower() for name in names}


def _edge(edge: list[str]) -> Edge:
    source, source_table, column, table = (part.lower() for part in edge)
    return source, source_table, column, table


def ours(case: dict[str, Any]) -> Answer:
    meta = {name.lower(): columns for name, columns in (case.get("meta") or {}).items()}

    def describe(table: Table) -> dict[str, str] | None:
        columns = meta.get(str(table).lower())
        return dict.fromkeys(columns, "") if columns else None

    return answer(read(case["sql"], dialect_of(case["dialect"]), describe))


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
