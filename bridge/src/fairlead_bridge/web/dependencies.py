"""
What routes take of the bridge that they serve: `build_api` keeps it in the application's state.

So the routes are the same for every bridge, and are built once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated

from fastapi import Depends, Request

from fairlead_bridge import outbox
from fairlead_bridge.monitoring.maintenance import Stored
from fairlead_bridge.web.parameters import Catalog


async def _catalog(request: Request) -> Catalog:
    catalog: Catalog = request.app.state.catalog
    return catalog


async def _sinks(request: Request) -> Mapping[str, str]:
    sinks: Mapping[str, str] = request.app.state.sinks
    return sinks


async def _interests(request: Request) -> outbox.Interests:
    interests: outbox.Interests = request.app.state.interests
    return interests


async def _windows(request: Request) -> Sequence[Stored]:
    windows: Sequence[Stored] = request.app.state.windows
    return windows


#: Where the answers come from.
CurrentCatalog = Annotated[Catalog, Depends(_catalog)]
#: The kind of each sink by its name.
Sinks = Annotated[Mapping[str, str], Depends(_sinks)]
#: Which sinks and channels want which kinds of entries.
Interests = Annotated[outbox.Interests, Depends(_interests)]
#: The maintenance windows of the file.
FileWindows = Annotated[Sequence[Stored], Depends(_windows)]
