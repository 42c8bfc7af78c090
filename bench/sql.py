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
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tests.support.sql.scores import Answer, as_edge, lower, ours, scored
from tests.support.sql.suites import SUITES


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
        as_edge([source.name, str(source.origin.qualified_name), lineage.descendant.name, table])
        for lineage in found.column_lineage
        for source in lineage.lineage
        if source.origin is not None
        for table in tables
    }
    return Answer(
        lower(str(table.qualified_name) for table in found.in_tables), lower(tables), edges
    )


if __name__ == "__main__":
    sys.exit(main())
