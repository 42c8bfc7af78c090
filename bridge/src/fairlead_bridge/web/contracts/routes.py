"""Data contracts: whether each is kept, and what one promises."""

from __future__ import annotations

from collections.abc import Collection
from typing import Annotated

import msgspec
from fastapi import APIRouter, Query

from fairlead_bridge.errors import NotFound
from fairlead_bridge.insight.contracts import Finding, Outcome
from fairlead_bridge.queries import contracts, promised
from fairlead_bridge.queries.assets import find_asset
from fairlead_bridge.queries.contracts import Table
from fairlead_bridge.queries.snapshot import Snapshot
from fairlead_bridge.web import render
from fairlead_bridge.web.base import Page
from fairlead_bridge.web.contracts import answers as a
from fairlead_bridge.web.needs import needs
from fairlead_bridge.web.paging import Cursor, Limit, page, read_cursor
from fairlead_bridge.web.parameters import Text
from fairlead_bridge.web.snapshots import SnapshotAsOf

router = APIRouter(tags=["datasets"], dependencies=[needs("viewer")])

#: Of the tables of a contract, the worst counts.
_WORST: tuple[Outcome, ...] = ("broken", "unknown", "kept")


@router.get("/contracts")
def list_contracts(
    snapshot: SnapshotAsOf,
    verdict: Annotated[Outcome | None, Query(description="Only contracts that are so.")] = None,
    owner: Annotated[Text | None, Query(description="Only contracts that name it.")] = None,
    dataset: Annotated[
        Text | None, Query(description="Only contracts of this dataset: its id or node.")
    ] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[a.ContractItem]:
    """
    Declared data contracts, and whether schema, freshness, quality and owner are as promised.

    By id. `total` counts those of all pages. Unknown is not "kept".
    """
    after = read_cursor(cursor, str)
    found = [
        each
        for each in items(snapshot, _of_dataset(snapshot, dataset) if dataset else None)
        if (verdict is None or each.verdict == verdict) and (owner is None or owner in each.owners)
    ]
    rest = [each for each in found if after is None or each.id > after[0]]
    shown, following = page(rest, limit, lambda each: (each.id,))
    return Page(items=list(shown), next=following, total=len(found))


@router.get("/contracts/{contract_id:path}")
def get_contract(snapshot: SnapshotAsOf, contract_id: Text) -> a.ContractDetail:
    """One data contract: what it promises of its tables, and whether that is kept."""
    tables = contracts.every(snapshot, {contract_id})
    if not tables:
        raise NotFound(f"no declared data contract has the id {contract_id!r}")
    return a.ContractDetail(contract=_item(tables), promised=[_promised(each) for each in tables])


def _of_dataset(snapshot: Snapshot, dataset: str) -> set[str]:
    """The id of the contract of a dataset; nothing where it has none."""
    asset = find_asset(snapshot, dataset.removeprefix("dataset:"))
    known = promised.of(snapshot, [asset.id] if asset is not None else [])
    return {each.contract.id for each in known.values()}


def items(snapshot: Snapshot, ids: Collection[str] | None = None) -> list[a.ContractItem]:
    """Every contract, or each of these, with what is kept of it, by id."""
    by_id: dict[str, list[Table]] = {}
    for table in contracts.every(snapshot, ids):
        by_id.setdefault(table.contract.id, []).append(table)
    return [_item(tables) for _, tables in sorted(by_id.items())]


def _item(tables: list[Table]) -> a.ContractItem:
    contract = tables[0].contract
    return a.ContractItem(
        id=contract.id,
        name=contract.name,
        version=contract.version,
        status=contract.status,
        owners=list(dict.fromkeys(name for each in tables for name in each.contract.owners)),
        verdict=min((each.verdict for each in tables), key=_WORST.index),
        tables=[
            a.ContractTable(
                dataset=render.dataset_ref(each.asset),
                verdict=each.verdict,
                verdicts=_findings(each),
            )
            for each in tables
        ],
    )


def _findings(table: Table) -> dict[str, a.ContractFinding]:
    return {aspect: _finding(each) for aspect, each in table.verdicts.items()}


def _finding(given: Finding) -> a.ContractFinding:
    return a.ContractFinding(
        verdict=given.verdict,
        reason=given.reason,
        since=render.when(given.since),
        promised=given.is_promised,
    )


def _promised(table: Table) -> a.PromisedTable:
    contract = table.contract
    return a.PromisedTable(
        dataset=render.dataset_ref(table.asset),
        verdict=table.verdict,
        verdicts=_findings(table),
        columns=[
            a.PromisedColumn(name=each.name, type=each.type, logical=each.logical)
            for each in contract.columns
        ],
        service_levels=[msgspec.to_builtins(each) for each in contract.service_levels],
        checks=[
            a.PromisedCheck(name=each.name, column=each.column, rule=each.rule)
            for each in contract.checks
        ],
        rows=msgspec.to_builtins(contract.rows) if contract.rows is not None else None,
        doubtful=list(contract.doubtful),
    )
