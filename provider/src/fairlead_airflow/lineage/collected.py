"""What the hooks reported while the task ran, rolled up to the task itself.

OpenLineage's provider makes a run of its own of every statement that a hook ran, and leaves the task
without inputs and outputs. Here the task has them.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from fairlead_airflow.compat.objects import Hook
from fairlead_airflow.lineage.naming import identity_of
from fairlead_airflow.lineage.parts import Lineage
from fairlead_airflow.lineage.watching import CONNECTION, SQL

log = logging.getLogger(__name__)

_SQL = ("sql_job", SQL)
_PHANTOM = "SELECT CURRENT_SCHEMA"
"""What PostgreSQL's hook asks when OpenLineage asks it for its schema; no statement of the task's."""


Columns = Mapping[str, dict[str, str]]


def collected(columns: Columns | None = None) -> Lineage:
    """The lineage that this process' hooks reported so far.

    `columns`: of tables that are known already, by the names of datasets in lower case.
    """
    lineage = _reported()
    result = Lineage()
    if lineage is None:
        return result
    for side, held in ((lineage.inputs, result.inputs), (lineage.outputs, result.outputs)):
        for info in side:
            if identity := identity_of(info.asset, info.context):
                held.setdefault(identity, {})
    return result.add(_sql(lineage.extra, columns or {})).add(_connections(lineage.extra))


def _reported() -> Any:
    from airflow.providers.common.compat.lineage.hook import get_hook_lineage_collector

    collector: Any = get_hook_lineage_collector()  # type: ignore[no-untyped-call]
    if not getattr(collector, "has_collected", False):
        return None
    return collector.collected_assets


def _sql(extras: list[Any], columns: Columns) -> Lineage:
    """The statements, those of one hook and one default database together, in their order."""
    groups: dict[tuple[Any, ...], list[Any]] = {}
    for extra in extras:
        if extra.key not in _SQL:
            continue
        sql = str(extra.value.get("sql") or "").strip()
        if sql and not sql.upper().startswith(_PHANTOM):
            defaults = (extra.value.get("default_db"), extra.value.get("default_schema"))
            groups.setdefault((id(extra.context), *defaults), []).append(extra)
    result = Lineage()
    for ran in groups.values():
        try:
            result.add(_of_hook(ran[0].context, ran, columns))
        except Exception as error:  # one hook's SQL must not cost what the others reported
            log.debug("The SQL of %r could not be read", ran[0].context, exc_info=True)
            texts = [str(extra.value["sql"]) for extra in ran]
            lost = f"{type(error).__name__}: {error}, in: {texts[0][:200]}"
            result.add(Lineage(statements=texts, errors=[lost]))
    return result


def _connections(extras: list[Any]) -> Lineage:
    """What no hook saw, for the task's code executed it through the hook's connection."""
    hooks = sorted({str(each.value["hook"]) for each in extras if each.key == CONNECTION})
    return Lineage(
        errors=[
            f"what the connection of {hook} executed is not seen: its code called get_conn() itself"
            for hook in hooks
        ]
    )


def _of_hook(hook: Hook, ran: list[Any], columns: Columns) -> Lineage:
    # Only where there is SQL: the parser takes a moment to import.
    from fairlead_airflow.lineage import databases, external
    from fairlead_airflow.lineage.statements import Executed, lineage_of

    scripts = [
        # The collector counts repetitions instead of keeping them.
        Executed(
            extra.value["sql"],
            _times(extra.value.get("row_count"), extra.count),
            _file(extra.value.get("sql_parameters")),
        )
        for extra in ran
    ]
    database = databases.behind(hook, ran[0].value)
    if database is None:
        return Lineage(statements=[script.sql for script in scripts])
    if isinstance(database, databases.ServerDatabase):
        database.remember(dict(columns))
    result = lineage_of(scripts, database)
    jobs = {job for extra in ran if (job := extra.value.get("job_id"))}
    if len(jobs) == 1:  # of several no one stands for the task
        result.run_facets = external.run(jobs.pop(), database.namespace)
    return result


def _file(parameters: Any) -> str | None:
    """The file that `copy_expert` was given, which hooks report in the place of parameters."""
    is_one = isinstance(parameters, list | tuple) and len(parameters) == 1
    return parameters[0] if is_one and isinstance(parameters[0], str) else None


def _times(rows: int | None, count: int) -> int | None:
    return None if rows is None else rows * count
