"""Datasets with column lineage."""

from __future__ import annotations

from tests.support.browser import shop


def origin(table: str, column: str, subtype: str, **more: object) -> shop.Json:
    way = {"type": "DIRECT", "subtype": subtype, "description": "", "masking": False, **more}
    return {
        "namespace": shop.WAREHOUSE,
        "name": table,
        "field": column,
        "transformations": [way],
    }


def computed(table: shop.Json, fields: dict[str, list[shop.Json]]) -> shop.Json:
    facet_fields = {column: {"inputFields": inputs} for column, inputs in fields.items()}
    return {
        **table,
        "facets": {**table["facets"], "columnLineage": shop.facet(fields=facet_fields)},
    }
