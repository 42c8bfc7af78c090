"""SQL operators, on every database: what OpenLineage's own parser says, and what it loses.

SQLite and others that OpenLineage does not know are read by us alone. For the rest OpenLineage's
answer comes first, because it asks the server for schemas; tables inside a WITH, inserts with
placeholders and columns are added to it.
"""

from __future__ import annotations

from typing import Any, ClassVar

from fairlead_airflow.extractors.base import Extractor
from fairlead_airflow.lineage.parts import Lineage


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

    def after(self, task_instance: Any) -> Lineage:
        method = getattr(self.operator, "get_openlineage_facets_on_complete", None)
        return Lineage.of(method(task_instance)) if method else Lineage()
