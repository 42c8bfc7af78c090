"""Where column lineage leads personal data. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from fairlead_bridge.letters import column_key
from fairlead_bridge.queries.columns import WHOLE, Origin, Place, structs_of


def concerns(namespace: str, personal: Iterable[str], column: str) -> bool:
    """Whether a column is among those that are personal: by itself, its struct or its dataset."""
    known = {column_key(namespace, each) for each in personal}
    key = column_key(namespace, column)
    return WHOLE in known or not known.isdisjoint((key, *structs_of(key)))


@dataclass(slots=True)
class Flow:
    """Where personal data comes to, beyond the columns that are tagged."""

    reached: dict[int, set[str]] = field(default_factory=dict)  # asset -> columns with its values
    masked: dict[int, set[str]] = field(default_factory=dict)  # asset -> columns, values hidden
    carried: set[tuple[int, int, int]] = field(default_factory=set)  # source, job, target
    #: What each reached column was reached from, and by which job.
    came: dict[Place, tuple[Place, int]] = field(default_factory=dict)

    def way(self, place: Place) -> list[tuple[Place, int]]:
        """The columns from a tagged one to this one, each with the job that wrote it (0: none)."""
        found = [(place, self.came[place][1])] if place in self.came else [(place, 0)]
        while place in self.came:
            place = self.came[place][0]
            found.append((place, self.came[place][1] if place in self.came else 0))
        return found[::-1]


def flow(
    tagged: Mapping[int, Collection[str]],
    origins: Iterable[tuple[Place, Origin]],
    namespaces: Mapping[int, str],
) -> Flow:
    """
    Follows the tagged columns of some assets along column lineage, (source, origin) each.

    Filters, joins and sorting carry no values; what is masked is listed apart and not followed farther.
    """
    leading: dict[int, list[tuple[str, Origin]]] = {}
    for (asset_id, column), origin in origins:
        if origin.column != WHOLE and _carries(origin):
            leading.setdefault(asset_id, []).append((column, origin))
    found = Flow()
    waiting = [(asset_id, column) for asset_id, columns in tagged.items() for column in columns]
    seen = set(waiting)
    while waiting:
        asset_id, column = waiting.pop()
        for source_column, origin in leading.get(asset_id, ()):
            place = namespaces.get(asset_id, "")
            if not concerns(place, (column,), source_column) and not concerns(
                place, (source_column,), column
            ):
                continue
            target = (origin.asset_id, origin.column)
            if origin.masked:
                found.masked.setdefault(origin.asset_id, set()).add(origin.column)
                continue
            found.carried.add((asset_id, origin.job_id, origin.asset_id))
            if target not in seen and (origin.asset_id, WHOLE) not in seen:
                seen.add(target)
                waiting.append(target)
                found.came[target] = (asset_id, column), origin.job_id
                found.reached.setdefault(origin.asset_id, set()).add(origin.column)
    return found


def _carries(origin: Origin) -> bool:
    """Whether values come through: not where the source is only looked at, as by a filter."""
    kinds = {str(each.get("type", "")).upper() for each in origin.transformations}
    return kinds != {"INDIRECT"}
