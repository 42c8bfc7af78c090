"""How datasets stood when they were evaluated last, as monitoring stores it."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
import sqlalchemy as sa

from fairlead_bridge.db import tables as t
from fairlead_bridge.entries import Outlook
from fairlead_bridge.queries.snapshot import Snapshot, among

_decode = msgspec.json.Decoder(Outlook).decode
_STORED = sa.select(t.watch.c.node_id, t.watch.c.outlook).where(
    among(t.watch.c.node_id), t.watch.c.outlook.is_not(None)
)


def write(outlook: Outlook | None) -> bytes | None:
    """Return the bytes that `read` reads."""
    return None if outlook is None else msgspec.json.encode(outlook)


def read(stored: bytes | None) -> Outlook | None:
    """Return the outlook that a row of the table `watch` has."""
    return None if stored is None else _decode(stored)


def of_assets(snapshot: Snapshot, asset_ids: Iterable[int]) -> dict[int, Outlook]:
    """The outlook of each of these assets that was evaluated."""
    return {row.node_id: _decode(row.outlook) for row in snapshot.each(_STORED, asset_ids)}
