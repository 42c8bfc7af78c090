"""What a SQL script reads and writes, by table and by column. Texts in, facts out.

script -> pieces (cut) -> statements (parse) -> changes -> session -> Reading
"""

from __future__ import annotations

import time
from collections.abc import Sequence

from sqlglot import exp

from fairlead_sdk.sql.dialects import dialect_of
from fairlead_sdk.sql.parse import parse
from fairlead_sdk.sql.queries import Describe, Evaluator, names_of
from fairlead_sdk.sql.reader import Reader
from fairlead_sdk.sql.result import Reading, nothing_known

_PATIENCE = 10.0
"""Seconds for a script, after which its columns are left out."""


def read(
    script: str | Sequence[str],
    dialect: str = "",
    describe: Describe = nothing_known,
    *,
    patience: float = _PATIENCE,
) -> Reading:
    """Read a script, or several of one session. Never raises for what it finds in them.

    After `patience` seconds, columns are left out, and then tables.
    """
    scripts = [script] if isinstance(script, str) else script
    dialect = dialect_of(dialect)
    return Reader(dialect, describe, time.monotonic() + patience, patience).read(scripts)


def selected(query: str, dialect: str, describe: Describe = nothing_known) -> list[str] | None:
    """The names of a query's columns; None where a `*` stands for some that are not known."""
    parsed = parse(query, dialect).statements
    if len(parsed) != 1 or not isinstance(parsed[0], exp.Query):
        return None
    evaluator = Evaluator(dialect, describe, lambda _: None)
    try:
        return names_of(evaluator.evaluate(parsed[0], evaluator.scope()).columns)
    except Exception:  # noqa: BLE001 - trees take any form
        return None
