"""How exact a parser of SQL is: its tables and columns of each case beside those that the case names."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from fairlead_sdk.sql import Reading, Table, dialect_of, read
from tests.support.sql.suites import plain_name

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
        expected = _edges((as_edge(edge) for edge in case["edges"] if edge[1]), case)
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


def lower(names: Iterable[str]) -> set[str]:
    return {name.lower() for name in names}


def as_edge(edge: list[str]) -> Edge:
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
    """As suites of single statements put it: what is emptied, removed, renamed or altered is written."""
    found = answer(replace(reading, passing=[]))
    found.src |= lower(str(old) for old, _ in reading.renamed)
    found.tgt |= lower(map(str, (*reading.truncated, *reading.dropped, *reading.altered)))
    found.tgt |= lower(str(table) for pair in reading.swapped for table in pair)
    found.src |= lower(reading.stages.values())
    found.tgt |= lower(reading.stages)
    found.tgt |= lower(str(new) for _, new in reading.renamed)
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
        lower((reads - passing) | files),
        lower((writes - passing) | made),
        {as_edge(list(edge)) for edge in edges},
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
