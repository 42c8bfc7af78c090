"""The name of a table in its catalog, which engines share though each has another path to it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from fairlead_bridge.mapping.identity.normaliser import Identity

_TABLE = re.compile(r"[\w$]+(\.[\w$]+)+")


def name_in_catalog(
    facet: dict[str, object], names: Iterable[str], normalise: Callable[[str, str], Identity]
) -> tuple[str, str] | None:
    """
    (namespace, name) for the `catalog` facet of a dataset that is known under `names`: its own
    and those of its TABLE symlinks.

    A catalog is its type and where it is: what a session calls it says nothing, as every Spark
    has a `spark_catalog`. None where the facet does not give the place, or no name is a table's.
    """
    kind = facet.get("type") or facet.get("framework")
    places = [facet.get("metadataUri"), facet.get("warehouseUri")]
    table = next((name for name in names if _TABLE.fullmatch(name)), None)
    if table is None or not isinstance(kind, str) or not kind.strip():
        return None
    locations = [
        normalise(place, table).namespace for place in places if place and isinstance(place, str)
    ]
    if not locations:
        return None
    return f"catalog:{kind.strip().lower()}:{' '.join(locations)}", table
