"""Freshness of dbt's sources, from the manifest that dbt writes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from fairlead_bridge.errors import Wrong
from fairlead_bridge.insight.statements import Statement
from fairlead_bridge.monitoring.stated.entry import Stated

_UNITS = {"minute": "m", "hour": "h", "day": "d"}


def stated(path: Path, namespace: str) -> Iterator[Stated]:
    """
    The freshness of each source of a manifest; `namespace` is that of its datasets.

    Where a source has both, `error_after` counts, else `warn_after`. Raises Wrong where the file is
    no manifest.
    """
    for source in _sources(path):
        freshness = source.get("freshness") or (source.get("config") or {}).get("freshness")
        if not isinstance(freshness, Mapping):
            continue
        every = _span(freshness.get("error_after")) or _span(freshness.get("warn_after"))
        names = [source.get("database"), source.get("schema"), source.get("identifier")]
        if every is not None and names[-1]:
            name = ".".join(str(each) for each in names if each)
            yield Stated("dbt", f"dataset:{namespace}:{name}", Statement(every=every), path.name)


def _sources(path: Path) -> list[Mapping[str, Any]]:
    try:
        manifest = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise Wrong(
            "manifest", f"{path} is no JSON that can be read: {error}; `dbt parse` writes it"
        ) from error
    sources = manifest.get("sources") if isinstance(manifest, dict) else None
    if not isinstance(sources, dict):
        raise Wrong("manifest", f"{path} is no manifest of dbt; write the path of manifest.json")
    return [each for each in sources.values() if isinstance(each, dict)]


def _span(given: object) -> str | None:
    if not isinstance(given, Mapping):
        return None
    count, unit = given.get("count"), _UNITS.get(str(given.get("period")))
    return f"{count}{unit}" if isinstance(count, int) and count > 0 and unit else None
