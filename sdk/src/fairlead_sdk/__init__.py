"""Operational lineage from any Python process."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fairlead_sdk.client import Client
    from fairlead_sdk.errors import FairleadError, NotUnderstood, Refused, Unavailable
    from fairlead_sdk.tracking import current, lineage, run
    from fairlead_sdk.transport import DurableConfig, DurableTransport

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
    "Client": "fairlead_sdk.client",
    "DurableConfig": "fairlead_sdk.transport",
    "DurableTransport": "fairlead_sdk.transport",
    "FairleadError": "fairlead_sdk.errors",
    "NotUnderstood": "fairlead_sdk.errors",
    "Refused": "fairlead_sdk.errors",
    "Unavailable": "fairlead_sdk.errors",
    "current": "fairlead_sdk.tracking",
    "lineage": "fairlead_sdk.tracking",
    "run": "fairlead_sdk.tracking",
}


def __getattr__(name: str) -> Any:
    """Import on first use: the deliverer starts faster without the OpenLineage client."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)
