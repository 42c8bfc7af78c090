"""`fairlead check`: whether a change of files breaks what others make of the data."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fairlead_sdk.errors import CannotCheck, FairleadError

if TYPE_CHECKING:
    from fairlead_sdk.check.changes import Changed, Repository

_FORMATS = ("text", "json", "markdown", "sarif", "gitlab")


def add_parser(commands: Any) -> None:
    parser: argparse.ArgumentParser = commands.add_parser(
        "check",
        help="whether a change of files breaks what others make of the data",
        description="Exit status: 0 nothing breaks, 1 something breaks, 2 it cannot be judged.",
    )
    parser.add_argument(
        "files",
        nargs="*",
        help="SQL, our JSON, data contracts (ODCS 3), Avro, dbt's manifest.json; with --base only these"
        " (or what is below these folders) of what changed",
    )
    parser.add_argument(
        "--base", metavar="REF", help="check the files changed since the branch left this commit"
    )
    parser.add_argument("--url", help="the bridge (default: $FAIRLEAD_URL)")
    parser.add_argument("--timeout", type=float, default=30.0, help="seconds (default 30)")
    parser.add_argument(
        "--dataset", default="", metavar="NODE", help="dataset:NAMESPACE:NAME of the one FILE"
    )
    parser.add_argument(
        "--namespace",
        default=os.environ.get("FAIRLEAD_CHECK_NAMESPACE", ""),
        help="where the tables of the SQL are, such as postgres://db:5432 (default: wherever a name is)",
    )
    parser.add_argument(
        "--dialect",
        default="",
        help="postgres, snowflake, ... (default: by the namespace, or by what most of the catalog is)",
    )
    parser.add_argument(
        "--allow-unknown",
        action="store_true",
        help="a reader counts only if the catalog knows that it uses the column",
    )
    parser.add_argument("--format", choices=_FORMATS, default="text")
    parser.add_argument("--output", metavar="FILE", help="write there instead of standard output")
    parser.set_defaults(command=run)


def run(options: argparse.Namespace) -> int:
    """Return 0 if nothing breaks, 1 if something does, 2 where that cannot be judged.

    Raises ValueError where the extra `check` is missing or the options contradict each other.
    """
    try:
        from fairlead_sdk.check import check
        from fairlead_sdk.check.catalog import Catalog
        from fairlead_sdk.check.formats import FORMATS
        from fairlead_sdk.client import Client
        from fairlead_sdk.sql import dialect_of
    except ModuleNotFoundError as error:
        raise ValueError(f"{error.name} is missing: pip install 'fairlead-sdk[check]'") from error
    if not options.base and not options.files:
        raise ValueError("what is to be checked? Give FILE, or --base REF")
    dialect = dialect_of(options.dialect or options.namespace.partition(":")[0])
    if options.dialect and not dialect:
        raise ValueError(f"no dialect {options.dialect!r} is known")
    try:
        repository, changed = _changed(options)
        with Client(options.url, timeout=options.timeout) as client:
            catalog = Catalog(client, options.namespace)
            report = check(
                catalog,
                changed,
                dialect or catalog.dialect(),
                repository=repository,
                node=options.dataset,
                allow_unknown=options.allow_unknown,
            )
    except FairleadError as error:
        print(f"fairlead check: {error}", file=sys.stderr)  # noqa: T201
        return 2
    _write(FORMATS[options.format](report), options.output)
    return 1 if report.breaking else 0


def _changed(options: argparse.Namespace) -> tuple[Repository | None, list[Changed]]:
    from fairlead_sdk.check.changes import Changed, Repository

    if options.base:
        repository = Repository(options.base)
        return repository, repository.changed(options.files)
    try:
        return None, [Changed(f, None, Path(f).read_text("utf-8")) for f in options.files]
    except (OSError, UnicodeDecodeError) as error:
        raise CannotCheck(str(error)) from error


def _write(text: str, path: str | None) -> None:
    if path:
        Path(path).write_text(text + "\n" if text else "", "utf-8")
    elif text:
        print(text)  # noqa: T201
