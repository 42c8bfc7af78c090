"""What data contracts promise of datasets, as they were declared last."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import msgspec
import sqlalchemy as sa

from fairlead_bridge.db import tables as t
from fairlead_bridge.errors import Wrong
from fairlead_bridge.insight.contracts import FACET, Contract
from fairlead_bridge.insight.expectations import Expectation
from fairlead_bridge.insight.statements import Statement, expectation
from fairlead_bridge.queries.snapshot import Snapshot, among

_PROMISED = (
    sa.select(t.dataset.c.asset_id, t.facet.c.at, t.facet.c.digest, t.content.c.body)
    .join_from(t.dataset, t.facet, t.facet.c.owner_id == t.dataset.c.id)
    .join(t.content, t.content.c.digest == t.facet.c.digest)
    .where(t.facet.c.name == FACET)
)
_OF_ASSETS = _PROMISED.where(among(t.dataset.c.asset_id))
_contract = msgspec.json.Decoder(Contract)


@dataclass(frozen=True, slots=True)
class Promised:
    """A contract of an asset, and when it was declared (microseconds)."""

    contract: Contract
    at: int


def of(snapshot: Snapshot, assets: Iterable[int]) -> dict[int, Promised]:
    """The contract of each of these assets that has one."""
    return _newest(snapshot.each(_OF_ASSETS, assets))


def every(snapshot: Snapshot) -> dict[int, Promised]:
    """The contract of every asset that has one."""
    return _newest(snapshot.rows(_PROMISED))


def expectations(promised: Mapping[int, Promised]) -> dict[int, list[Expectation]]:
    """When each of these assets should be fresh by its contract, and how many rows a write has."""
    found: dict[int, list[Expectation]] = {}
    for id, each in promised.items():
        contract = each.contract
        statements = [*contract.service_levels, *([contract.rows] if contract.rows else [])]
        known = (_expectation(statement, contract.label) for statement in statements)
        found[id] = [each for each in known if each is not None]
    return {id: each for id, each in found.items() if each}


@lru_cache(maxsize=16_384)
def _expectation(statement: Statement, label: str) -> Expectation | None:
    try:
        return expectation(statement, "contract", label)
    except Wrong:  # stored by a version that knows more
        return None


def _newest(rows: Iterable[Any]) -> dict[int, Promised]:
    """Of contracts under several names of one asset, the one that was declared last."""
    newest: dict[int, Any] = {}
    for row in rows:
        known = newest.get(row.asset_id)
        if known is None or (row.at, row.digest) > (known.at, known.digest):
            newest[row.asset_id] = row
    read = {id: (row.at, _read(row.body)) for id, row in newest.items()}
    return {id: Promised(found, at) for id, (at, found) in read.items() if found is not None}


@lru_cache(maxsize=4096)
def _read(body: bytes) -> Contract | None:
    """None where the contract was withdrawn, or another program sent a facet of this name."""
    try:
        return _contract.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
