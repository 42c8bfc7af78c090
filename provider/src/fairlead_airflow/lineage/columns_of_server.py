"""The columns of a server's tables, asked of the server itself, as OpenLineage's SQL operators do.

One query for all tables, only where a statement cannot be read without them, with a short timeout.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from threading import Thread
from types import SimpleNamespace
from typing import Any

from fairlead_airflow.compat.objects import Hook
from fairlead_sdk.sql import Table

log = logging.getLogger(__name__)

Columns = dict[str, dict[str, str]]
"""Names and types of columns, in their order, by the name of the dataset in lower case."""

_PATIENCE = 3.0
"""Seconds to wait for a server: lineage of columns is not worth more of a task's time."""


def ask(
    hook: object, info: object, namespace: str, schema: str, tables: Sequence[Table]
) -> Columns:
    """The columns of those tables that the server knows; nothing if it does not answer in time."""
    found: Columns = {}

    def asking() -> None:
        try:
            found.update(_asked(hook, info, namespace, schema, tables))
        except Exception:  # servers and hooks are of any make; their tables stay as they are
            log.debug("The columns of %s are unknown", [*map(str, tables)], exc_info=True)

    thread = Thread(target=asking, daemon=True, name="fairlead-columns")
    thread.start()
    thread.join(_PATIENCE)
    return dict(found)


def _asked(hook: Hook, info: Any, namespace: str, schema: str, tables: Sequence[Table]) -> Columns:
    from airflow.providers.openlineage.sqlparser import SQLParser
    from airflow.providers.openlineage.utils.utils import should_use_external_connection

    if not should_use_external_connection(hook):
        return {}
    wanted: list[Any] = [
        SimpleNamespace(name=t.name, schema=t.schema or None, database=t.catalog or None)
        for t in tables
    ]
    datasets, _ = SQLParser(default_schema=schema or None).parse_table_schemas(
        hook=hook,
        inputs=wanted,
        outputs=[],
        database_info=info,
        namespace=namespace,
        sqlalchemy_engine=_engine(hook),
    )
    return {d.name.lower(): of_facets(d.facets or {}) for d in datasets}


def _engine(hook: Hook) -> Any:
    """What spells the query; without one it is spelled as in general."""
    try:
        return hook.get_sqlalchemy_engine()
    except Exception:  # not every hook has one
        log.debug("%r has no engine of SQLAlchemy", hook, exc_info=True)
        return None


def of_facets(facets: Mapping[str, Any]) -> dict[str, str]:
    """The columns in a dataset's schema facet."""
    schema = facets.get("schema")
    return {field.name: field.type or "" for field in schema.fields or ()} if schema else {}
