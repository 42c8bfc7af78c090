"""Datasets and columns whose impact is asked, and the answers by name."""

from __future__ import annotations

import json
from typing import Any

from tests.bridge.asking import Api
from tests.support.small import dataset

DB = "postgres://h:5432"


A, B, C, D = (f"s.{letter}" for letter in "abcd")


def made(name: str, rows: tuple[tuple[str, str], ...] = (), /, **columns: Any) -> dict[str, Any]:
    """A dataset whose columns come from (dataset, column); `rows` are what its rows depend on."""
    filtered = {"transformations": [{"type": "INDIRECT", "subtype": "FILTER"}]}
    fields = {
        column: {"inputFields": [origin(*source) for source in sources]}
        for column, sources in columns.items()
    }
    reported = {"fields": fields, "dataset": [origin(*source) | filtered for source in rows]}
    return dataset(name, columnLineage=reported)


def origin(name: str, field: str) -> dict[str, Any]:
    return {"namespace": DB, "name": name, "field": field}


def impact(api: Api, column: str | None = None, name: str = A, **more: Any) -> Any:
    asked = {} if column is None else {"column": column}
    return api.get("impact", node=f"dataset:{DB}:{name}", **asked, **more)


def levels(found: Any) -> dict[str, tuple[int, bool]]:
    return {item["name"]: (item["level"], item["certain"]) for item in found["items"]}


def view(name: str, source: str, at: str = "12:00:00") -> bytes:
    """A view that the catalog of a database reports, without a job."""
    reported = {"fields": {"x": {"inputFields": [origin(source, "x")]}}}
    return json.dumps(
        {"eventTime": f"2026-11-01T{at}Z", "dataset": dataset(name, columnLineage=reported)}
    ).encode()
