"""Test suites of other catalogs as cases of `python -m bench sql`, read from a copy of their repository.

    DataHub       metadata-ingestion/tests/unit/sql_parsing     (calls in Python, results in `goldens/`)
    OpenMetadata  ingestion/tests/unit/lineage                  (calls in Python)
    OpenLineage   integration/sql/impl/tests                    (calls in Rust)

Nothing of them is part of this repository. A query that writes nothing is compared as what a table
made of it would hold, a temporary table that one statement makes as if it were none.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from fairlead_sdk.sql import dialect_of, read

Case = dict[str, Any]

RESULT = "fairlead_result"
_URN = re.compile(r"urn:li:dataset:\(urn:li:dataPlatform:\w+,(.*),\w+\)")
_SHARD = re.compile(r"_(?:\d{8}|\d{6}|\d*\*)$")
_GENERATED = re.compile(r"_(?:col_?)?\d+")
_TEMPORARY = re.compile(r"(CREATE TABLE )#")


def datahub(path: Path) -> Iterator[Case]:
    goldens = next(path.rglob("goldens"))
    for file in sorted(goldens.parent.glob("test_*.py")):
        for call in _calls(file, "assert_sql_result"):
            golden = call.get("expected_file")
            if golden and (found := goldens / golden).exists() and isinstance(call.get(0), str):
                yield from _datahub_cases(call, json.loads(found.read_text("utf-8")))


def _datahub_cases(call: dict[Any, Any], golden: dict[str, Any]) -> Iterator[Case]:
    defaults = [call.get("platform_instance"), call.get("default_db"), call.get("default_schema")]
    case = {
        "suite": True,
        "sql": _TEMPORARY.sub(r"\1", call[0]),
        "dialect": call.get("override_dialect") or call["dialect"],
        "prefixes": [name.lower() for name in defaults if name],
        "meta": {_of_urn(urn): list(columns) for urn, columns in call.get("schemas", {}).items()},
        "shards": call["dialect"] == "bigquery",
    }
    tables = {side: [_of_urn(urn) for urn in golden[side]] for side in ("in_tables", "out_tables")}
    yield {**case, "kind": "table", "src": tables["in_tables"], "tgt": tables["out_tables"]}
    whole, results = _as_table(case)
    edges = [
        [up["column"], _of_urn(up["table"]), down["downstream"]["column"], result or one]
        for down in golden.get("column_lineage") or ()
        for up in down["upstreams"]
        if not _GENERATED.fullmatch(down["downstream"]["column"])
        for result in [_of_urn(down["downstream"]["table"])]
        for one in ([result] if result else results)
    ]
    if edges:
        yield {**whole, "kind": "column", "edges": edges}


def _of_urn(urn: str | None) -> str:
    found = _URN.fullmatch(urn or "")
    return found[1] if found else ""


def openmetadata(path: Path) -> Iterator[Case]:
    for file in sorted(path.rglob("test_*.py")):
        for call in _calls(file, "assert_table_lineage_equal"):
            if isinstance(call.get(0), str):
                src, tgt = (
                    call.get(key) or call.get(index) or ()
                    for index, key in ((1, "source_tables"), (2, "target_tables"))
                )
                yield {**_of_call(call), "kind": "table", "src": _known(src), "tgt": _known(tgt)}
        for call in _calls(file, "assert_column_lineage_equal"):
            pairs = call.get("column_lineages") or call.get(1) or ()
            edges = [_ends(*pair) for pair in pairs if pair and all(pair)]
            if isinstance(call.get(0), str) and edges:
                yield {**_of_call(call), "kind": "column", "edges": edges}


def _of_call(call: dict[Any, Any]) -> Case:
    return {"sql": call[0], "dialect": (call.get("dialect") or "ansi").lower(), "meta": {}}


def _known(names: Iterable[Any]) -> list[str]:
    return [str(name).removeprefix("<default>.") for name in names]


def _ends(source: tuple[str, str], target: tuple[str, str]) -> list[str]:
    return [
        str(part or "").removeprefix("<default>.")
        for part in (source[0], source[1], target[0], target[1])
    ]


# -- calls in Python ---------------------------------------------------------------------------------


def _calls(file: Path, function: str) -> Iterator[dict[Any, Any]]:
    """Arguments of each call, positional ones by their number; what is not constant is left out."""
    module = ast.parse(file.read_text("utf-8"))
    constants = _constants(module)
    for scope in ast.walk(module):
        if not isinstance(scope, ast.FunctionDef):
            continue
        known = constants | _constants(scope)
        for node in ast.walk(scope):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == function:
                given = {index: _value(one, known) for index, one in enumerate(node.args)}
                given |= {one.arg: _value(one.value, known) for one in node.keywords if one.arg}
                yield {key: value for key, value in given.items() if value is not None}


def _constants(scope: ast.AST) -> dict[str, Any]:
    return {
        target.id: value
        for node in ast.walk(scope)
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name) and (value := _value(node.value, {})) is not None
    }


def _value(node: ast.expr, known: dict[str, Any]) -> Any:
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, ast.Name):
        return known.get(node.id)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):  # a folder and a file in it
        return _value(node.right, known)
    if isinstance(node, ast.Attribute):  # Dialect.MYSQL.value
        inner = node.value
        return inner.attr if isinstance(inner, ast.Attribute) else None
    if isinstance(node, ast.Dict):
        pairs = zip(node.keys, node.values, strict=True)
        return {_value(k, known): _value(v, known) for k, v in pairs if k is not None}
    if isinstance(node, ast.List | ast.Set | ast.Tuple):
        return tuple(_value(one, known) for one in node.elts)
    if isinstance(node, ast.Call) and node.args:  # a tuple that names a column
        return tuple(_value(one, known) for one in node.args)
    return None


# -- calls in Rust -----------------------------------------------------------------------------------

_TEST = re.compile(r"#\[test\]\s*fn \w+\(\) \{(.*?)\n\}", re.DOTALL)
_STRING = r'"(?:[^"\\]|\\.)*"'
_RAW = r'r#"(?:.*?)"#'
_CALL = re.compile(
    rf"(?:test_sql|test_sql_dialect|test_multiple_sql|test_multiple_sql_dialect|parse_sql)\(\s*"
    rf"(?:vec!\[(?P<many>(?:\s*(?:{_STRING}|{_RAW})\s*,?|\s*//[^\n]*)*)\]|(?P<one>{_STRING}|{_RAW}))\s*,?\s*"
    rf"(?:&?\"?(?P<dialect>\w+)\"?)?",
    re.DOTALL,
)
_LINEAGE = re.compile(r"in_tables: (.*?),\s*out_tables: ([^}]*)\}", re.DOTALL)
_PARTS = re.compile(r"_tbl\(((?:[^()]|\([^()]*\))*)\)")
_COLUMN = re.compile(
    r"descendant: ColumnMeta \{\s*origin: (?:None|Some\(table\((\".*?\")\)\)),\s*name: (\".*?\")\.to_string\(\)\s*\},"
    r"\s*lineage: vec!\[(.*?)\]",
    re.DOTALL,
)
_ORIGIN = re.compile(
    r"origin: (?:None|Some\(table\((\".*?\")\)\)),\s*name: (\".*?\")\.to_string\(\)", re.DOTALL
)
_STRINGS = re.compile(rf"{_RAW}|{_STRING}", re.DOTALL)


def openlineage(path: Path) -> Iterator[Case]:
    for file in sorted(path.rglob("*.rs")):
        for test in _TEST.finditer(file.read_text("utf-8")):
            yield from _of_test(test[1])


def _of_test(body: str) -> Iterator[Case]:
    calls = list(_CALL.finditer(body))
    ends = [call.start() for call in calls[1:]] + [len(body)]
    for call, end in zip(calls, ends, strict=True) if calls else ():
        rest = body[call.end() : end]
        texts = [_text(t) for t in _STRINGS.findall(call["many"] or call["one"])]
        dialect = (call["dialect"] or "postgres").removesuffix("Dialect").lower()
        sql = ";\n".join(t.rstrip("; \n") for t in texts)
        case: Case = {"suite": True, "sql": sql, "dialect": dialect, "meta": {}}
        if found := _LINEAGE.search(rest):
            src, tgt = (_tables(side) for side in found.groups())
            yield {**case, "kind": "table", "src": src, "tgt": tgt}
        whole, results = _as_table(case)
        edges = [
            [_text(name), _plain(_text(origin)), _text(column), result]
            for table, column, inner in _COLUMN.findall(rest)
            for origin, name in _ORIGIN.findall(inner)
            if origin and not _GENERATED.fullmatch(_text(column))
            for result in ([_plain(_text(table))] if table else results)
        ]
        if edges:
            yield {**whole, "kind": "column", "edges": edges}


def _tables(side: str) -> list[str]:
    """Names in a list of tables, those of `_tbl(Some("a"), None, "b")` in one."""
    parts = [".".join(_text(t) for t in _STRINGS.findall(each)) for each in _PARTS.findall(side)]
    plain = [_text(t) for t in _STRINGS.findall(_PARTS.sub("", side))]
    return [_plain(name) for name in (*parts, *plain)]


def _text(literal: str) -> str:
    if literal.startswith("r#"):
        return literal[3:-2]
    continued = re.sub(r"\\\n\s*", "", literal)
    return str(json.loads(continued.replace("\n", "\\n").replace("\t", "\\t").replace("\\'", "'")))


def _plain(name: str) -> str:
    return re.sub(r'["`\[\]]', "", name)


# -- what is compared --------------------------------------------------------------------------------


def _as_table(case: Case) -> tuple[Case, list[str]]:
    """A query as the table that it would make, so that its columns have a place; and what is written."""
    reading = read(case["sql"], dialect_of(case["dialect"]))
    if written := [str(table) for table in reading.writes]:
        return case, written
    return {**case, "sql": f"CREATE TABLE {RESULT} AS {case['sql'].strip().rstrip(';')}"}, [RESULT]


def plain_name(name: str, case: Case) -> str:
    """A table's name as a case has it: without defaults, and shards of BigQuery as one."""
    name = name.lower()
    for prefix in case.get("prefixes", ()):
        name = name.removeprefix(f"{prefix}.")
    name = name.removeprefix("#") if case.get("suite") else name
    return _SHARD.sub("_yyyymmdd", name) if case.get("shards") else name


SUITES = {"datahub": datahub, "openmetadata": openmetadata, "openlineage": openlineage}
