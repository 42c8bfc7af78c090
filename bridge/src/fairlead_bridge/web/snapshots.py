"""
The dependencies that give a route its snapshot: one reading transaction for each request.

It ends before the answer is sent, so a slow client holds none. A route that writes and then reads
opens its own behind the write.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Annotated

from fastapi import Depends
from fastapi.concurrency import contextmanager_in_threadpool

from fairlead_bridge.access.scope import Scope
from fairlead_bridge.queries.snapshot import Snapshot
from fairlead_bridge.web.dependencies import CurrentCatalog
from fairlead_bridge.web.needs import CallerScope
from fairlead_bridge.web.parameters import AsOf, Catalog


@asynccontextmanager
async def _opened(
    catalog: Catalog, scope: Scope, as_of: datetime | None
) -> AsyncIterator[Snapshot]:
    async with catalog.turns, contextmanager_in_threadpool(catalog.open(scope, as_of)) as snapshot:
        yield snapshot


async def _current(catalog: CurrentCatalog, scope: CallerScope) -> AsyncIterator[Snapshot]:
    async with _opened(catalog, scope, None) as snapshot:
        yield snapshot


async def _as_of(
    catalog: CurrentCatalog, scope: CallerScope, as_of: AsOf = None
) -> AsyncIterator[Snapshot]:
    async with _opened(catalog, scope, as_of) as snapshot:
        yield snapshot


#: What the caller sees of the catalog as it stands.
CurrentSnapshot = Annotated[Snapshot, Depends(_current, scope="function")]
#: What the caller sees of the catalog as it stood at the parameter `as_of`; as it stands where that is left out.
SnapshotAsOf = Annotated[Snapshot, Depends(_as_of, scope="function")]
