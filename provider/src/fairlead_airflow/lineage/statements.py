"""SQL that was run, as lineage: tables, schemas, columns, rows written."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from openlineage.client.facet_v2 import (
    column_lineage_dataset,
    lifecycle_state_change_dataset,
    output_statistics_output_dataset,
    schema_dataset,
)

from fairlead_airflow.lineage.databases import Database
from fairlead_airflow.lineage.parts import Lineage
from fairlead_sdk.datasets import Identity
from fairlead_sdk.datasets import identity_of as identity_of_file
from fairlead_sdk.sql import Reading, Source, Table, alike, read

_Change = lifecycle_state_change_dataset.LifecycleStateChange


_COPY = re.compile(r"\A\s*COPY\b.*\b(FROM|TO)\s+STD(?:IN|OUT)\b", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True)
class Executed:
    """A script that a hook ran; `rows` is how many rows it changed, if the driver reports it.

    `file`: what `COPY ... FROM STDIN` read or `COPY ... TO STDOUT` wrote, where the hook names it.
    """

    sql: str
    rows: int | None = None
    file: str | None = None


def lineage_of(executed: Sequence[Executed], database: Database) -> Lineage:
    """What scripts, run one after the other on one database, read and wrote."""
    result = Lineage(statements=[script.sql.strip() for script in executed])
    scripts = [script.sql for script in executed]
    whole = read(scripts, database.dialect, database.describe)
    if whole.lacks_columns and database.ask([*whole.reads, *whole.writes]):
        whole = read(scripts, database.dialect, database.describe)
    for table in whole.reads:
        result.inputs[database.identity(table)] = _schema(table, database)
    for table in whole.writes:
        facets = _schema(table, database)
        if columns := _column_lineage(table, whole, database):
            facets["columnLineage"] = columns
        result.outputs[database.identity(table)] = facets
    for table in whole.truncated:
        facets = _schema(table, database) | _changed(_Change.TRUNCATE)
        result.outputs[database.identity(table)] = facets
    for table in whole.altered:
        facets = _schema(table, database) | _changed(_Change.ALTER)
        result.outputs.setdefault(database.identity(table), facets)
    for table in whole.dropped:
        result.outputs[database.identity(table)] = dropped()
    for old, new in whole.renamed:
        former = database.identity(old)
        before = lifecycle_state_change_dataset.PreviousIdentifier(former.name, former.namespace)
        result.outputs[database.identity(new)] = _changed(_Change.RENAME, before)
    for held, addresses in (
        (result.inputs, whole.files_read),
        (result.outputs, whole.files_written),
    ):
        for address in addresses:
            if identity := identity_of_file(address):
                held.setdefault(identity, {})
    for script in executed:
        side = _COPY.search(script.sql)
        if script.file and side and (identity := of_local_file(script.file)):
            held = result.inputs if side[1].upper() == "FROM" else result.outputs
            held.setdefault(identity, {})
    for identity, rows in _rows(executed, whole, database).items():
        facet = output_statistics_output_dataset.OutputStatisticsOutputDatasetFacet(rowCount=rows)
        result.output_facets[identity] = {"outputStatistics": facet}
    result.errors, result.unknown = whole.errors, whole.unknown
    return result


def _schema(table: Table, database: Database) -> dict[str, object]:
    columns = database.observed(table)
    if not columns:
        return {}
    fields = [
        schema_dataset.SchemaDatasetFacetFields(name=n, type=t or None) for n, t in columns.items()
    ]
    return {"schema": schema_dataset.SchemaDatasetFacet(fields=fields)}


def of_local_file(path: str) -> Identity | None:
    """A file as tasks name it; links stay links, as people know them."""
    return identity_of_file(os.path.abspath(path))  # noqa: PTH100


def _column_lineage(table: Table, whole: Reading, database: Database) -> Any:
    """The certain columns of a table; the others are listed as unknown."""
    columns = whole.columns.get(table, {})
    if table in whole.assumed:
        whole.unknown.append(
            f"the columns of {table} are not known, and INSERT does not name them: by table only"
        )
        return None
    if "*" in columns:
        whole.unknown.append(f"some columns of {table} come from a `*` whose columns are not known")
    fields = {}
    for name, sources in columns.items():
        if name != "*" and (inputs := _inputs(sources, database)):
            spelled = _spelled(name, table, database)
            fields[spelled] = column_lineage_dataset.Fields(inputFields=inputs)
    if not fields:
        return None
    return column_lineage_dataset.ColumnLineageDatasetFacet(
        fields=fields, dataset=_inputs(whole.indirect.get(table, ()), database)
    )


def _inputs(sources: Iterable[Source], database: Database) -> list[Any]:
    """Each column once, with all the ways in which it goes in."""
    found: dict[tuple[Identity, str], list[Any]] = {}
    for source in sorted(sources):
        if source.column == "*":
            continue
        identity = database.identity(source.table)
        how = column_lineage_dataset.Transformation(
            type="DIRECT" if source.is_direct else "INDIRECT",
            subtype=source.how,
            masking=source.masking,
        )
        column = _spelled(source.column, source.table, database)
        found.setdefault((identity, column), []).append(how)
    return [
        column_lineage_dataset.InputField(
            namespace=identity.namespace, name=identity.name, field=column, transformations=how
        )
        for (identity, column), how in found.items()
    ]


def _spelled(column: str, table: Table, database: Database) -> str:
    """The column as the database spells it; scripts may spell it in another case."""
    return min(alike(column, database.describe(table) or ()), default=column)


def dropped() -> dict[str, object]:
    """The facet `lifecycleStateChange` of a table that was dropped."""
    return _changed(_Change.DROP)


def _changed(how: Any, before: Any = None) -> dict[str, object]:
    facet = lifecycle_state_change_dataset.LifecycleStateChangeDatasetFacet(how, before)
    return {"lifecycleStateChange": facet}


def _rows(executed: Sequence[Executed], whole: Reading, database: Database) -> dict[Any, int]:
    """Rows written by table, from those scripts that wrote to one table and know how many.

    Rows that were deleted are not counted: they are not what the table got.
    """
    rows: dict[Any, int] = {}
    for script in executed:
        if script.rows is None or script.sql.lstrip()[:6].upper() == "DELETE":
            continue
        written = read(script.sql, database.dialect).writes
        if len(written) == 1 and written[0] in whole.writes:
            identity = database.identity(written[0])
            rows[identity] = rows.get(identity, 0) + script.rows
    return rows
