"""
Any catalog that takes OpenLineage events: every event, in the order of its run, as it came in.

Receivers differ in where they listen, what they take and how much of it; that is a `Preset`.
"""

from __future__ import annotations

from fairlead_bridge.sinks.openlineage.sink import OpenLineage

__all__ = ["OpenLineage"]
