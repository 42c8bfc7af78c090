"""The facet columnLineage."""

from __future__ import annotations

from typing import Any

DB = "postgres://h:5432"


def columns(**origins: tuple[str, str]) -> dict[str, Any]:
    """A columnLineage: each column comes from (table, column)."""
    return {
        "fields": {
            column: {
                "inputFields": [
                    {
                        "namespace": DB,
                        "name": table,
                        "field": field,
                        "transformations": [{"type": "DIRECT", "subtype": "IDENTITY"}],
                    }
                ]
            }
            for column, (table, field) in origins.items()
        }
    }
