"""SQL that was run, as lineage: tables, schemas, columns, rows written."""

from __future__ import annotations

from collections.abc import Sequence
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
from fairlead_airflow.lineage.sql import Columns, Reading, Table, read


@dataclass(frozen=True)
class Executed:
    """A script that a hook ran; `rows` is how many rows it changed, if the driver told."""

    sql: str
    rows: int | None = None


def lineage_of(executed: Sequence[Executed], database: Database) -> Lineage:
    """What scripts, run one after the other on one database, read and wrote."""
    result = Lineage(statements=[script.sql.strip() for script in executed])
    whole = read(
        # A statement may end in a comment, which must not take the semicolon with it.
        "\n;\n".join(_without_end(s.sql) for s in executed),
        database.dialect,
        database.describe,
    )
    for table in whole.reads:
        result.inputs[database.identity(table)] = _schema(table, database)
    for table in whole.writes:
        facets = _schema(table, database)
        if columns := whole.columns.get(table):
            facets["columnLineage"] = _column_lineage(columns, database)
        result.outputs[database.identity(table)] = facets
    for table in whole.dropped:
        result.outputs[database.identity(table)] = dropped()
    for identity, rows in _rows(executed, whole, database).items():
        facet = output_statistics_output_dataset.OutputStatisticsOutputDatasetFacet(rowCount=rows)
        result.output_facets[identity] = {"outputStatistics": facet}
    result.errors = whole.errors
    return result


def _without_end(sql: str) -> str:
    return sql.strip().rstrip(";")


def _schema(table: Table, database: Database) -> dict[str, Any]:
    columns = database.describe(table)
    if not columns:
        return {}
    fields = [
        schema_dataset.SchemaDatasetFacetFields(name=n, type=t or None) for n, t in columns.items()
    ]
    return {"schema": schema_dataset.SchemaDatasetFacet(fields=fields)}


def _column_lineage(columns: Columns, database: Database) -> Any:
    fields = {}
    for name, sources in columns.items():
        inputs = []
        for source in sorted(sources):
            identity = database.identity(source.table)
            how = column_lineage_dataset.Transformation(type="DIRECT", subtype=source.how)
            inputs.append(
                column_lineage_dataset.InputField(
                    namespace=identity.namespace,
                    name=identity.name,
                    field=_spelled(source.column, source.table, database),
                    transformations=[how],
                )
            )
        fields[name] = column_lineage_dataset.Fields(inputFields=inputs)
    return column_lineage_dataset.ColumnLineageDatasetFacet(fields=fields)


def _spelled(column: str, table: Table, database: Database) -> str:
    """The column as the database spells it; scripts may spell it in another case."""
    known = database.describe(table) or ()
    return next((name for name in known if name.lower() == column.lower()), column)


def dropped() -> dict[str, Any]:
    change = lifecycle_state_change_dataset.LifecycleStateChange.DROP
    facet = lifecycle_state_change_dataset.LifecycleStateChangeDatasetFacet(change)
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
