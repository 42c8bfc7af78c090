"""
Atlan, through `/api/meta/entity/bulk`: DAGs and tasks with their last run, lineage between assets
it has, and when each of them was last written.

Atlan stores no runs, only the last one on each DAG and task; so only the newest is delivered. It makes
an asset of whatever is written to; so what others own is looked up first, and never made.
"""

from __future__ import annotations

from fairlead_bridge.sinks.atlan.sink import Atlan

__all__ = ["Atlan"]
