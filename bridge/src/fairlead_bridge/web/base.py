"""
The base of what the REST API answers, field by field. The OpenAPI document and the page's types
come from these types.

Times are ISO 8601 in UTC with microseconds; durations are seconds. `id` is an asset's or a run's
public id (16 hexadecimal digits) and is stable: it is computed from the natural key. `node` is
`dataset:NAMESPACE:NAME` or `job:NAMESPACE:NAME`.
"""

from __future__ import annotations

from typing import Generic, TypeVar

from pydantic import BaseModel, ConfigDict

T = TypeVar("T")


class Answer(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Page(Answer, Generic[T]):
    """One page of a list; `next` is the cursor of the following page, null on the last."""

    items: list[T]
    next: str | None = None
    total: int | None = None  # of all pages, where `count` asks for it


class Problem(Answer):
    """Every error: what happened and what to do."""

    detail: str
