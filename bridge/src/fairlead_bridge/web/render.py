"""Rows of the catalog as the API answers them: the parts that many answers share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import overload

from fairlead_bridge import facts, ids
from fairlead_bridge.documents import Json
from fairlead_bridge.insight.types import is_breaking
from fairlead_bridge.letters import column_key
from fairlead_bridge.queries import facets as f
from fairlead_bridge.queries.assets import Asset
from fairlead_bridge.queries.columns import WHOLE
from fairlead_bridge.queries.facets import Facets
from fairlead_bridge.queries.personal import Columns
from fairlead_bridge.queries.schema_history import FieldChange
from fairlead_bridge.queries.snapshot import Row
from fairlead_bridge.web import nouns
from fairlead_bridge.web.job_labels import label

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
#: The calendar's ends, in microseconds since the epoch.
_FIRST = (datetime.min.replace(tzinfo=UTC) - _EPOCH) // timedelta(microseconds=1)
_LAST = (datetime.max.replace(tzinfo=UTC) - _EPOCH) // timedelta(microseconds=1)


@overload
def when(at: int) -> datetime: ...
@overload
def when(at: None) -> None: ...
@overload
def when(at: int | None) -> datetime | None: ...
def when(at: int | None) -> datetime | None:
    """The moment; what was computed beyond the calendar's ends is its end."""
    return None if at is None else _EPOCH + timedelta(microseconds=min(max(at, _FIRST), _LAST))


def micros(moment: datetime) -> int:
    """Microseconds since the epoch; a time without a zone is UTC."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return (aware - _EPOCH) // timedelta(microseconds=1)


def micros_or_none(moment: datetime | None) -> int | None:
    return None if moment is None else micros(moment)


def job_node(namespace: str, name: str) -> str:
    return f"job:{namespace}:{name}"


def dataset_node(namespace: str, name: str) -> str:
    return f"dataset:{namespace}:{name}"


def run(row: Row) -> nouns.Run:
    return nouns.Run(**run_fields(row, facts.decode(row.facts)))


def run_fields(row: Row, stored: facts.StoredFacts) -> Json:
    """A run as REST answers it, by field."""
    url = stored.properties.get("url")
    return {
        "run_id": row.run_id,
        "id": ids.public(row.id),
        "kind": row.kind,
        "job": {"namespace": row.job_namespace, "name": row.job_name},
        "label": run_label(row),
        "dag_id": row.dag_id,
        "dag_run_id": row.dag_run_id,
        "task_id": row.task_id,
        "map_index": row.map_index,
        "try_number": row.try_number,
        "state": row.state,
        "queued_at": when(row.queued_at),
        "started_at": when(row.started_at),
        "ended_at": when(row.ended_at),
        "duration": row.duration,
        "nominal_start_at": when(row.nominal_start_at),
        "nominal_end_at": when(row.nominal_end_at),
        "error": row.error,
        "failed_assertions": sum(
            value.value[0]
            for name, value in stored.properties.items()
            if name.startswith(facts.CHECKS)
        ),
        "url": url.value if url is not None and isinstance(url.value, str) else None,
    }


def run_label(row: Row) -> str:
    return label(row.job_name, row.job_integration, row.dag_id, row.task_id)


def run_or_none(found: Mapping[int, Row], key: int | None) -> nouns.Run | None:
    return run(found[key]) if key is not None and key in found else None


def schema_change(change: FieldChange) -> nouns.SchemaChange:
    return nouns.SchemaChange(
        change=change.change,
        column=change.column,
        before=change.before,
        after=change.after,
        breaking=is_breaking(change.change, change.before, change.after),
    )


def job_label(row: Row) -> str:
    return label(row.name, row.integration, row.dag_id, row.task_id)


def job_ref(row: Row) -> nouns.JobRef:
    return nouns.JobRef(**job_ref_fields(row))


def job_ref_fields(row: Row) -> Json:
    """A reference to a job as REST answers it, by field."""
    return {
        "id": ids.public(row.id),
        "node": job_node(row.namespace, row.name),
        "namespace": row.namespace,
        "name": row.name,
        "label": job_label(row),
        "kind": row.kind,
        "dag_id": row.dag_id,
        "task_id": row.task_id,
    }


def job_refs(found: Mapping[int, Row], wanted: Iterable[int]) -> list[nouns.JobRef]:
    return [job_ref(found[job]) for job in dict.fromkeys(wanted) if job in found]


def dataset_ref(asset: Asset) -> nouns.DatasetRef:
    return nouns.DatasetRef(**dataset_ref_fields(asset))


def dataset_ref_fields(asset: Asset) -> Json:
    """A reference to a dataset as REST answers it, by field."""
    return {
        "id": ids.public(asset.id),
        "node": dataset_node(asset.namespace, asset.name),
        "namespace": asset.namespace,
        "name": asset.name,
        "kind": asset.kind,
        "written_at": when(asset.written_at),
    }


def dataset_refs(found: Mapping[int, Asset], wanted: Iterable[int]) -> list[nouns.DatasetRef]:
    """One for each asset, however many of its names are wanted."""
    assets = {found[id].id: found[id] for id in wanted if id in found}
    return [dataset_ref(asset) for asset in assets.values()]


def owners(facets: Facets) -> list[nouns.Owner]:
    return [nouns.Owner(name=name, type=kind) for name, kind in f.owners(facets)]


def personal(columns: Columns) -> dict[str, list[str]]:
    """The personal data of a dataset, as every list, page and drawing has it."""
    return {
        "personal": columns.tagged,
        "personal_reached": columns.reached,
        "personal_masked": columns.masked,
    }


def tags(facets: Facets) -> list[nouns.Tag]:
    """The tags of the asset itself."""
    return [nouns.Tag.model_validate(tag) for tag in f.tags(facets) if tag["field"] is None]


def column_tags(facets: Facets, asset: Asset, column: str) -> list[nouns.Tag]:
    """The tags of one of the asset's columns; of the asset itself for "*"."""
    if column == WHOLE:
        return tags(facets)
    key = column_key(asset.namespace, column)
    named = [(tag["field"], tag) for tag in f.tags(facets)]
    return [
        nouns.Tag.model_validate(tag)
        for field, tag in named
        if field is not None and column_key(asset.namespace, field) == key
    ]
