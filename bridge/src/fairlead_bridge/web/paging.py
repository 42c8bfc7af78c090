"""Lists in pages: the parameters `limit` and `cursor`, and the cursor of the following page."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from typing import Annotated, Any, TypeVar

from fastapi import HTTPException, Query
from pydantic import AfterValidator

from fairlead_bridge.web.parameters import storable

T = TypeVar("T")

#: Items on a page at most; a greater limit is taken for this one.
MOST = 1000
_LARGEST = 2**63 - 1

Limit = Annotated[
    int,
    Query(description=f"Items on the page: 1 to {MOST}; more is taken for {MOST}."),
    AfterValidator(lambda limit: min(max(limit, 1), MOST)),
]
Cursor = Annotated[
    str | None, Query(description="`next` of the page before; leave it out for the first page.")
]


def read_cursor(cursor: str | None, *shape: type) -> tuple[Any, ...] | None:
    """The key that a cursor holds. Raises HTTPException (400) where we did not write it."""
    if cursor is None:
        return None
    try:
        values = json.loads(base64.urlsafe_b64decode(cursor.encode() + b"=="))
    except (binascii.Error, ValueError):
        values = None
    if (
        not isinstance(values, list)
        or [type(value) for value in values] != list(shape)
        or any(isinstance(value, int) and abs(value) > _LARGEST for value in values)
    ):
        raise HTTPException(
            400, "This cursor is not one of ours: take `next` of a page, or leave it out."
        )
    return tuple(storable(value) if isinstance(value, str) else value for value in values)


def write_cursor(*values: str | int) -> str:
    """A cursor that holds this key, as `read_cursor` reads it."""
    packed = json.dumps(values, separators=(",", ":"), ensure_ascii=False)
    return base64.urlsafe_b64encode(packed.encode()).rstrip(b"=").decode()


def page(
    found: Sequence[T], limit: int, key: Callable[[T], tuple[str | int, ...]]
) -> tuple[Sequence[T], str | None]:
    """
    The items of a page and the cursor of the following one, None on the last.

    `found` has one item more than the page where more follow; `key` is what the cursor of an item
    holds.

    >>> page(["a", "b", "c"], 2, lambda item: (item,)) == (["a", "b"], write_cursor("b"))
    True
    >>> page(["a", "b"], 2, lambda item: (item,))
    (['a', 'b'], None)
    """
    shown = found[:limit]
    return shown, write_cursor(*key(shown[-1])) if found[limit:] else None
