"""
What is expected of assets and jobs, as of a moment: of all that is expected of one, the strongest
source wins.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from fairlead_bridge.insight.expectations import Expectation, learned
from fairlead_bridge.queries import freshness, stated
from fairlead_bridge.queries.snapshot import Snapshot
from fairlead_bridge.queries.stated import Entry


def of(snapshot: Snapshot, ids: Iterable[int]) -> dict[int, Expectation]:
    """
    When each of these assets should be fresh, and how long each of these jobs may take.

    Those of which nothing is expected are left out; `rows` has row counts.
    """
    return {id: found[0] for id, found in all_of(snapshot, ids).items()}


def all_of(snapshot: Snapshot, ids: Iterable[int]) -> dict[int, list[Expectation]]:
    """As `of`, with what weaker sources say too, the strongest first."""
    asked = list(ids)
    rhythms = freshness.rhythms(snapshot, asked)
    found: dict[int, list[Expectation]] = {}
    for id, entries in stated.of(snapshot, asked).items():
        rhythm = rhythms.get(id)
        first = _first_of_each_source(entries)
        found[id] = [replace(each, rhythm=rhythm) for each in first if each.kind != "rows"]
    for id, rhythm in rhythms.items():
        found.setdefault(id, []).append(learned(rhythm))
    return {id: each for id, each in found.items() if each}


def rows(snapshot: Snapshot, asset_ids: Iterable[int]) -> dict[int, Expectation]:
    """How many rows a write of each of these assets should have, where that is stated."""
    return {
        id: of_rows[0]
        for id, entries in stated.of(snapshot, asset_ids).items()
        if (of_rows := [each.expectation for each in entries if each.expectation.kind == "rows"])
    }


def _first_of_each_source(entries: Sequence[Entry]) -> list[Expectation]:
    """Each source's expectations of each kind, without those that a closer one replaces."""
    found: dict[tuple[str, str], Expectation] = {}
    for entry in entries:
        found.setdefault((entry.expectation.source, entry.expectation.kind), entry.expectation)
    return list(found.values())
