"""`fairlead sql FILE`: what a SQL script reads and writes, by table and by column."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fairlead_sdk.sql import Reading, Source, Table


def add_parser(commands: Any) -> None:
    parser: argparse.ArgumentParser = commands.add_parser(
        "sql", help="what a SQL script reads and writes, by table and by column"
    )
    parser.add_argument("file", help="the script; - for standard input")
    parser.add_argument(
        "--dialect", default="", help="postgres, snowflake, bigquery, tsql, spark, ..."
    )
    parser.add_argument(
        "--columns",
        metavar="FILE",
        help='JSON of known columns: {"schema.table": ["a", "b"]}',
    )
    parser.add_argument("--json", action="store_true")
    parser.set_defaults(command=run)


def run(options: argparse.Namespace) -> int:
    """Return 0 if everything is known, 1 if something is unknown or cannot be read.

    Raises ValueError where the extra `sql` is missing or the dialect is unknown.
    """
    try:
        from fairlead_sdk.sql import dialect_of, read
    except ModuleNotFoundError as error:
        raise ValueError(f"{error.name} is missing: pip install 'fairlead-sdk[sql]'") from error
    dialect = dialect_of(options.dialect)
    if options.dialect and not dialect:
        raise ValueError(f"no dialect {options.dialect!r} is known")
    text = sys.stdin.read() if options.file == "-" else Path(options.file).read_text("utf-8")
    known = _known(options.columns)
    reading = read(text, dialect, lambda table: known.get(str(table).lower()))
    if options.json:
        print(json.dumps(as_json(reading), indent=1))  # noqa: T201
    else:
        print("\n".join(_lines(reading)))  # noqa: T201
    return 1 if reading.errors or reading.unknown else 0


def _known(path: str | None) -> dict[str, dict[str, str]]:
    found = json.loads(Path(path).read_text("utf-8")) if path else {}
    return {
        name.lower(): dict(columns) if isinstance(columns, Mapping) else dict.fromkeys(columns, "")
        for name, columns in found.items()
    }


def as_json(reading: Reading) -> dict[str, object]:
    """A reading as JSON."""
    return {
        "reads": [*map(str, reading.reads), *reading.files_read],
        "writes": [*map(str, reading.writes), *reading.files_written],
        "truncated": [*map(str, reading.truncated)],
        "dropped": [*map(str, reading.dropped)],
        "swapped": [[str(one), str(other)] for one, other in reading.swapped],
        "altered": [*map(str, reading.altered)],
        "stages": reading.stages,
        "renamed": [[str(old), str(new)] for old, new in reading.renamed],
        "columns": {
            str(table): {
                "assumed": table in reading.assumed,
                "fields": {
                    name: [_source(s) for s in sorted(sources)]
                    for name, sources in reading.columns.get(table, {}).items()
                },
                "dataset": [_source(s) for s in sorted(reading.indirect.get(table, ()))],
            }
            for table in _tables(reading)
        },
        "procedures": {name: as_json(inner) for name, inner in reading.procedures.items()},
        "unknown": reading.unknown,
        "errors": reading.errors,
    }


def _tables(reading: Reading) -> Iterator[Table]:
    yield from dict.fromkeys([*reading.columns, *reading.indirect])


def _source(source: Source) -> dict[str, object]:
    return {
        "table": str(source.table),
        "column": source.column,
        "type": "DIRECT" if source.is_direct else "INDIRECT",
        "subtype": source.how,
        "masking": source.masking,
    }


def _lines(reading: Reading, indent: str = "") -> Iterator[str]:
    for word, names in (
        ("reads", [*map(str, reading.reads), *reading.files_read]),
        ("writes", [*map(str, reading.writes), *reading.files_written]),
        ("truncates", [*map(str, reading.truncated)]),
        ("drops", [*map(str, reading.dropped)]),
        ("alters", [*map(str, reading.altered)]),
        ("swaps", [f"{one} with {other}" for one, other in reading.swapped]),
        ("renames", [f"{old} to {new}" for old, new in reading.renamed]),
    ):
        yield from (f"{indent}{word:10}{name}" for name in names)
    for table in _tables(reading):
        note = " (columns named as the query names them)" if table in reading.assumed else ""
        yield f"{indent}{table}{note}"
        for name, sources in reading.columns.get(table, {}).items():
            made = ", ".join(f"{s.table}.{s.column} {s.how}" for s in sorted(sources))
            yield f"{indent}  {name} <- {made}"
        rows = ", ".join(
            f"{s.table}.{s.column} {s.how}" for s in sorted(reading.indirect.get(table, ()))
        )
        if rows:
            yield f"{indent}  rows <- {rows}"
    for name, inner in reading.procedures.items():
        yield f"{indent}procedure {name}"
        yield from _lines(inner, indent + "  ")
    yield from (f"{indent}unknown: {note}" for note in reading.unknown)
    yield from (f"{indent}not read: {error}" for error in reading.errors)
