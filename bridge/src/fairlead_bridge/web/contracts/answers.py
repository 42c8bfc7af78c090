"""Data contracts over REST: the answers, field by field."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from fairlead_bridge.insight.contracts import Outcome
from fairlead_bridge.web.base import Answer
from fairlead_bridge.web.nouns import DatasetRef


class ContractFinding(Answer):
    """Whether one aspect of a contract is kept, and why."""

    verdict: Outcome  # unknown: the catalog does not know, or the contract promises nothing of it
    reason: str  # a sentence
    since: datetime | None  # of what is broken, where that is known
    promised: bool  # false where the contract promises nothing of it: it counts for nothing


class ContractTable(Answer):
    """A dataset that a contract is about."""

    dataset: DatasetRef
    verdict: Outcome  # broken where one aspect is, unknown where one that is promised is, else kept
    verdicts: dict[str, ContractFinding]  # of schema, freshness, quality and owner


class ContractItem(Answer):
    id: str  # as the contract has it
    name: str
    version: str
    status: str
    owners: list[str]  # that it names
    verdict: Outcome  # broken where one table's is, unknown where one is, else kept
    tables: list[ContractTable]  # by namespace and name; those that the caller sees


class PromisedColumn(Answer):
    name: str
    type: str | None  # of the platform
    logical: str | None  # of the standard


class PromisedCheck(Answer):
    name: str
    column: str  # empty where it is about the whole table
    rule: str  # the standard's metric, such as nullValues


class PromisedTable(ContractTable):
    """What a contract promises of a dataset."""

    columns: list[PromisedColumn]
    service_levels: list[dict[str, Any]]  # as expectations are stated
    checks: list[PromisedCheck]
    rows: dict[str, Any] | None
    doubtful: list[str]  # service levels that name no table of the contract, or one twice


class ContractDetail(Answer):
    contract: ContractItem
    promised: list[PromisedTable]  # its tables, with what is promised of each
