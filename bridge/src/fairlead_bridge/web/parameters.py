"""What the addresses of the API take, and what they say when it is wrong."""

from __future__ import annotations

from asyncio import Semaphore
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated

import sqlalchemy as sa
from fastapi import HTTPException, Query, Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from pydantic import AfterValidator

from fairlead_bridge import ids
from fairlead_bridge.access.scope import Scope, seeing
from fairlead_bridge.insight.maintenance import Window
from fairlead_bridge.insight.personal import USUAL, Rules
from fairlead_bridge.queries.snapshot import Snapshot
from fairlead_bridge.web.render import micros

#: Words and characters that may be searched for at once: each word is a condition of the query.
MOST_WORDS, LONGEST_QUESTION = 30, 2000
#: Requests that read at one time. Each holds a connection also while it waits for a thread, so they
#: must be fewer than the connections of the pool: threads that wait for one would wait for ever.
READERS = 30

Clock = Callable[[], int]


@dataclass(frozen=True, slots=True)
class Catalog:
    """Where the answers come from: a reading transaction for each question."""

    engine: sa.Engine
    lost_after: float  # seconds
    clock: Clock  # microseconds since the epoch
    #: The id of the dataset that a namespace and a name mean, however they are spelled.
    identify: Callable[[str, str], int | None] = ids.dataset_id
    risk_quantile: float = 0.5  # of ETAs; a share, from 0 to 1
    windows: tuple[Window, ...] = ()  # for maintenance, of a file
    read_seconds: float = 0.0  # of processor time that a question may take; 0 for any number
    personal: Rules = USUAL  # which tags mean personal data
    stale_days: float = 90.0
    turns: Semaphore = field(default_factory=lambda: Semaphore(READERS))

    @contextmanager
    def open(self, scope: Scope, as_of: datetime | None = None) -> Iterator[Snapshot]:
        """
        What the scope sees of the catalog as it stands, or as it stood at `as_of`.

        Raises TooExpensive in the midst of it.
        """
        with seeing(self.engine, scope, self.read_seconds) as tx:
            now = self.clock()
            past = as_of is not None
            at = now if as_of is None else min(micros(as_of), now)
            yield Snapshot(
                tx,
                at,
                self.lost_after,
                past,
                self.identify,
                self.risk_quantile,
                self.windows,
                scope,
                self.personal,
                self.stale_days,
            )


def storable(text: str) -> str:
    """As names are stored: without NUL and without halves of characters."""
    return text.replace("\x00", "\ufffd").encode("utf-8", "replace").decode()


def _few_words(text: str) -> str:
    if len(text) > LONGEST_QUESTION or len(text.split()) > MOST_WORDS:
        raise ValueError(f"ask for at most {MOST_WORDS} words of {LONGEST_QUESTION} characters")
    return text


Text = Annotated[str, AfterValidator(storable)]
Words = Annotated[
    str,
    Query(description=f"Parts of a name; all words must be in it, at most {MOST_WORDS}."),
    AfterValidator(storable),
    AfterValidator(_few_words),
]
AsOf = Annotated[datetime | None, Query(description="As it was then (ISO 8601); now if left out.")]
Since = Annotated[
    datetime | None, Query(description="From this moment on (ISO 8601, UTC if it names no zone).")
]
Until = Annotated[datetime | None, Query(description="Before this moment (ISO 8601).")]


def only_known_parameters(request: Request) -> None:
    """
    Raises HTTPException (422) for a parameter that the address does not take: a filter must not be
    ignored.
    """
    route = request.scope.get("route")
    if not isinstance(route, APIRoute):
        return
    known = list(_query_parameters(route.dependant))
    for name in request.query_params:
        if name not in known:
            takes = f"this address takes {', '.join(known)}" if known else "it takes none"
            raise HTTPException(422, f"There is no parameter {name!r} here: {takes}.")


def _query_parameters(dependant: Dependant) -> Iterator[str]:
    """The names that a route and what it depends on take from the query."""
    yield from (parameter.alias for parameter in dependant.query_params)
    for needed in dependant.dependencies:
        yield from _query_parameters(needed)
