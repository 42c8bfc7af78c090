"""SQL operators, on every database: what OpenLineage's own parser says, and what it loses.

SQLite and others that OpenLineage does not know are read by us alone. For the rest OpenLineage asks
the server for schemas, and says what checks found: that stays. Which tables and columns a statement
reads and writes is what we read in it; OpenLineage's own parser makes up names of columns, takes
named queries for tables and loses tables inside a WITH.
"""

from __future__ import annotations

from collections.abc import Container
from typing import ClassVar

from fairlead_airflow import compat
from fairlead_airflow.compat.objects import TaskInstance
from fairlead_airflow.extractors.base import Extractor
from fairlead_airflow.lineage.parts import Facets, Lineage
from fairlead_sdk.datasets import Identity

_OF_TABLE = frozenset({"schema", "columnLineage", "dataSource"})


class SqlExtractor(Extractor):
    """The operators of the common SQL provider. What they ran, their hook reported."""

    operators: ClassVar[tuple[str, ...]] = (
        "SQLExecuteQueryOperator",
        "SQLInsertRowsOperator",
        "SQLColumnCheckOperator",
        "SQLTableCheckOperator",
        "SQLCheckOperator",
        "SQLValueCheckOperator",
        "SQLIntervalCheckOperator",
        "SQLThresholdCheckOperator",
        "BranchSQLOperator",
        "SqlSensor",
    )

    def before(self) -> Lineage:
        # No SQL is read here: the task waits for this, and after it has run everything is known.
        sql = getattr(self.operator, "sql", None)
        texts = [sql] if isinstance(sql, str) else sql
        if not isinstance(texts, list | tuple):
            return Lineage()
        return Lineage(statements=[text.strip() for text in texts if isinstance(text, str)])

    def after(self, task_instance: TaskInstance) -> Lineage:
        method = getattr(self.operator, "get_openlineage_facets_on_complete", None)
        if method is None or self._is_jdbc():
            return Lineage()
        return Lineage.of(method(task_instance))

    def reported(self, own: Lineage) -> Lineage:
        from fairlead_airflow.lineage.collected import collected
        from fairlead_airflow.lineage.columns_of_server import of_facets

        datasets = {**own.inputs, **own.outputs}
        found = collected({i.name.lower(): c for i, f in datasets.items() if (c := of_facets(f))})
        if found.statements:
            own.run_facets.pop("extractionError", None)
            for facets in own.outputs.values():
                facets.pop("columnLineage", None)
        if not found.errors and (found.inputs or found.outputs):
            _leave_out(own.inputs, found.inputs, own.input_facets)
            _leave_out(own.outputs, found.outputs, own.output_facets)
        return found

    def _is_jdbc(self) -> bool:
        """Where OpenLineage knows the tables, but not by the name that they have elsewhere."""
        conn_id = getattr(self.operator, "conn_id", None) or ""
        return conn_id != "" and compat.get_connection(conn_id).conn_type == "jdbc"


def _leave_out(
    own: dict[Identity, Facets], found: Container[Identity], more: Container[Identity]
) -> None:
    """Tables that OpenLineage's parser alone has found, of which it says no more than their columns."""
    for identity in [
        i for i, facets in own.items() if i not in found and not set(facets) - _OF_TABLE
    ]:
        if identity not in more:
            del own[identity]


class ClickHouseExtractor(Extractor):
    """`ClickHouseOperator` and `ClickHouseSensor`, which talk to the server without a hook that reports."""

    operators: ClassVar[tuple[str, ...]] = ("ClickHouseOperator", "ClickHouseSensor")

    def before(self) -> Lineage:
        return Lineage(statements=[text.strip() for text in self._texts()])

    def after(self, task_instance: TaskInstance) -> Lineage:
        from fairlead_airflow.lineage.addresses import of_server
        from fairlead_airflow.lineage.databases import ServerDatabase
        from fairlead_airflow.lineage.statements import Executed, lineage_of

        task = self.operator
        connection = compat.get_connection(task._clickhouse_conn_id)
        database = task._database or connection.schema or "default"
        address = of_server("clickhouse", connection.host, connection.port or 9000, database)
        return lineage_of([Executed(text) for text in self._texts()], ServerDatabase(address))

    def _texts(self) -> list[str]:
        sql = self.operator._sql
        return [sql] if isinstance(sql, str) else list(sql)
