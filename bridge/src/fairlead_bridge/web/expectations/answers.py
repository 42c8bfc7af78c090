"""Expectations over REST: what is sent and answered, field by field."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from fairlead_bridge.web.base import Answer

Source = Literal["person", "file", "contract", "dbt", "airflow", "schedule", "learned"]
Kind = Literal["by", "every", "within", "rows"]


class Rows(Answer):
    """How many rows a write has, both ends included."""

    at_least: int | None = None
    at_most: int | None = None


class Statement(Answer):
    """What is expected: exactly one of by, every, within (or starts_within) and rows."""

    by: str | list[str] | None = Field(None, examples=["07:00"])  # times of day
    days: str | list[str] | None = Field(None, examples=["workdays"])
    zone: str | None = Field(None, examples=["Europe/Berlin"])  # UTC if left out
    holidays: str | None = Field(None, examples=["DE"])  # a country or a market
    looking_back: str | None = None  # a write counts only if it came so long before, or less
    every: str | None = Field(None, examples=["6h"])
    within: str | None = None  # a run takes at most so long
    starts_within: str | None = None  # and starts at most so long after it should
    rows: Rows | None = None
    note: str | None = None


class NewExpectation(Statement):
    node: str = Field(examples=["dataset:postgres://db:5432:shop.orders"])
    author: str | None = None  # who states it


class Stated(Answer):
    """One expectation of a dataset or a job."""

    node: str
    kind: Kind
    source: Source
    text: str
    wins: bool  # whether it is the one that counts; of a pattern or a list: unknown, and true
    expected_by: datetime | None  # when it is late after its last write; null where that is unknown
    origin: str | None  # the person, or the file and its line; null where it is not stated
    since: datetime | None
    stated: Statement | None


class Expectations(Answer):
    items: list[Stated]  # the strongest first


class Removed(Answer):
    removed: int
