"""Operational lineage from any Python process."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fairlead.client import Client
    from fairlead.errors import FairleadError, NotUnderstood, Refused, Unavailable
    from fairlead.tracking import current, lineage, run
    from fairlead.transport import DurableConfig, DurableTransport

__all__ = [
    "Client",
    "DurableConfig",
    "DurableTransport",
    "FairleadError",
    "NotUnderstood",
    "Refused",
    "Unavailable",
    "current",
    "lineage",
    "run",
]

_HOMES = {
    "Client": "fairlead.client",
    "DurableConfig": "fairlead.transport",
    "DurableTransport": "fairlead.transport",
    "FairleadError": "fairlead.errors",
    "NotUnderstood": "fairlead.errors",
    "Refused": "fairlead.errors",
    "Unavailable": "fairlead.errors",
    "current": "fairlead.tracking",
    "lineage": "fairlead.tracking",
    "run": "fairlead.tracking",
}


def __getattr__(name: str) -> Any:
    """Import on first use: the deliverer starts faster without the OpenLineage client."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)
