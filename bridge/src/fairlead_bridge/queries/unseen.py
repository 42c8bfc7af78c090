"""Jobs of which no lineage is known, and why as far as their newest run says."""

from __future__ import annotations

from collections.abc import Mapping

import sqlalchemy as sa

from fairlead_bridge import facts
from fairlead_bridge.db import tables as t
from fairlead_bridge.queries.snapshot import Row

#: What is not asked for its data: a DAG has that of its tasks, a query counts for the task that ran it.
_OTHERS = ("dag", "dag_file", "query")
#: Operators that do nothing.
_IDLE = frozenset({"EmptyOperator", "DummyOperator", "LatestOnlyOperator"})

_inside = t.job.alias()


def without_lineage() -> sa.ColumnElement[bool]:
    """The condition on `job` that neither it nor a job inside it is known to read or write anything."""
    inside = sa.select(_inside.c.id).where(_inside.c.parent_id == t.job.c.id, _has_data(_inside))
    return sa.and_(t.job.c.kind.not_in(_OTHERS), ~_has_data(t.job), ~inside.exists())


def _has_data(job: sa.FromClause) -> sa.ColumnElement[bool]:
    return sa.or_(
        *(
            sa.select(end).where(end == job.c.id, t.edge.c.kind == "data").exists()
            for end in (t.edge.c.src, t.edge.c.dst)
        )
    )


def why(run: Row | None) -> str:
    """In a sentence; `run` is the newest one of a job without lineage."""
    if run is None:
        return "It has not run yet."
    properties = {name: note.value for name, note in facts.decode(run.facts).properties.items()}
    operator = _operator(properties)
    if operator in _IDLE:
        return f"{operator} does nothing."
    if failed := _errors(properties.get("extractionError")):
        return f"Its lineage could not be extracted: {failed}"
    if isinstance(unseen := properties.get("fairlead_unseen"), dict) and unseen.get("reason"):
        return str(unseen["reason"])
    if unknown := properties.get("unknownSourceAttribute"):
        return f"No extractor for {', '.join(unknown['operators']) or operator or 'its operator'}."
    if run.state in ("skipped", "upstream_failed"):
        return f"Its newest run is {run.state}, so there was nothing to see."
    if run.state not in ("success", "failed", "up_for_retry"):
        return (
            f"Its newest run is {run.state}; what it reads and writes is known when it has ended."
        )
    return f"{operator or 'It'} reported neither inputs nor outputs."


def _operator(properties: Mapping[str, object]) -> str | None:
    operator = properties.get("operator")
    return operator.rpartition(".")[2] if isinstance(operator, str) else None


def _errors(facet: object) -> str | None:
    """The first message of an `extractionError` facet."""
    errors = facet.get("errors") if isinstance(facet, dict) else None
    for error in errors if isinstance(errors, list) else ():
        if isinstance(error, dict) and (text := error.get("errorMessage")):
            return str(text)[:300]
    return None
