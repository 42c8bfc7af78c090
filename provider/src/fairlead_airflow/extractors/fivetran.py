"""Tables that Fivetran copies."""

from __future__ import annotations

from importlib import import_module
from typing import ClassVar

from fairlead_airflow.compat.objects import TaskInstance
from fairlead_airflow.extractors.base import Extractor
from fairlead_airflow.lineage import external
from fairlead_airflow.lineage.parts import Lineage
from fairlead_sdk.datasets import Identity
from fairlead_sdk.documents import Json


class FivetranExtractor(Extractor):
    """`FivetranOperator`. Its own methods report only the last schema, and query Fivetran six times before
    the task may start; here all are reported, after it has ended."""

    operators: ClassVar[tuple[str, ...]] = ("FivetranOperator",)

    def before(self) -> Lineage:
        connector = self.operator.connector_id or self.operator.connector_name
        page = f"https://fivetran.com/dashboard/connectors/{connector}" if connector else None
        return Lineage(job_facets=external.location("fivetran", page))

    def after(self, task_instance: TaskInstance) -> Lineage:
        hook, connector_id = self.operator.hook, self.operator._connector_id
        connector = hook.get_connector(connector_id)
        destination = hook.get_destinations(connector["group_id"])
        common = {
            "table_response": hook.get_metadata(connector_id, "tables"),
            "column_response": hook.get_metadata(connector_id, "columns"),
            "connector_id": connector_id,
        }
        datasets = import_module("fivetran_provider_async.utils.operator_utils").datasets
        result = self.before()
        for schema in hook.get_connector_schemas(connector_id)["schemas"].values():
            for end, loc, held in (
                (connector, "source", result.inputs),
                (destination, "destination", result.outputs),
            ):
                found = datasets(
                    config=end["config"],
                    service=end["service"],
                    schema=_enabled(schema),
                    loc=loc,
                    **common,
                )
                for node in found:
                    held[Identity(node.namespace, node.name)] = dict(node.facets or {})
        return result


def _enabled(schema: Json) -> dict[str, object]:
    """Without what is switched off at Fivetran."""
    on = schema.get("enabled", True)
    tables = {
        name: table for name, table in schema["tables"].items() if on and table.get("enabled", True)
    }
    return {**schema, "tables": tables}
