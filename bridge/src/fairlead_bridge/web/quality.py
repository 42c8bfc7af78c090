"""Checks of data as the API answers them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from fairlead_bridge import facts
from fairlead_bridge.mapping import quality
from fairlead_bridge.queries.assets import Asset, assets_by_id
from fairlead_bridge.queries.runs import datasets_of_run, runs_by_alias
from fairlead_bridge.queries.snapshot import Row, Snapshot
from fairlead_bridge.web import nouns, render

_details = msgspec.json.Decoder(dict[str, str])
_facets = msgspec.json.Decoder(dict[str, tuple[int, Any]])


def answers(snapshot: Snapshot, rows: Sequence[Row]) -> list[nouns.Assertion]:
    """Checks as they went last, each with its dataset and the run that made it."""
    assets = assets_by_id(snapshot, (row.dataset_id for row in rows))
    runs = runs_by_alias(snapshot, (row.run for row in rows))
    return [
        _answer(
            {**_details.decode(row.body), "severity": row.severity, "column": row.column_name},
            row.name,
            bool(row.success),
            row.at,
            assets.get(row.dataset_id),
            render.run_or_none(runs, row.run),
        )
        for row in rows
    ]


def of_run(
    snapshot: Snapshot, run: int, properties: Mapping[str, facts.LatestValue]
) -> list[nouns.Assertion]:
    """The checks that one run made, failed ones first."""
    rows = datasets_of_run(snapshot, run)
    assets = assets_by_id(snapshot, (row.dataset_id for row in rows))
    found: dict[tuple[str, str], nouns.Assertion] = {}
    for row in rows:
        at, facet = _facets.decode(row.facets).get("dataQualityAssertions", (0, {}))
        for check in facet.get("assertions") or ():
            if isinstance(check, dict) and isinstance(check.get("success"), bool):
                key = (quality.check_name(check), str(check.get("column") or ""))
                asset = assets.get(row.dataset_id)
                found[key] = _answer(check, key[0], check["success"], at, asset, None)
    value = properties.get("test")
    if value is not None:
        only = next(iter(assets.values())) if len(assets) == 1 else None
        for check, success in quality.tests(value.value):
            name = quality.check_name(check)
            found.setdefault((name, ""), _answer(check, name, success, value.at, only, None))
    return sorted(found.values(), key=lambda each: (each.success is not False, each.name))


def _answer(
    check: Mapping[str, Any],
    name: str,
    success: bool | None,
    at: int,
    asset: Asset | None,
    run: nouns.Run | None,
) -> nouns.Assertion:
    def text(key: str) -> str | None:
        return str(check[key]) if check.get(key) not in (None, "") else None

    return nouns.Assertion(
        name=name,
        assertion=text("assertion") or text("type"),
        column=text("column"),
        success=success,
        severity=(text("severity") or "").lower() or None,
        expected=text("expected"),
        actual=text("actual"),
        description=text("description"),
        at=render.when(at),
        dataset=render.dataset_ref(asset) if asset is not None else None,
        run=run,
    )
