"""
DataHub, through `/openapi/v3/entity/generic`: DAGs, tasks, their runs and try by try how they went,
lineage by columns, when each dataset was last written, results of checks, and incidents.

What humans curate (tags, owners, lineage drawn by hand) is added to, never replaced.
"""

from __future__ import annotations

from fairlead_bridge.sinks.datahub.sink import DataHub

__all__ = ["DataHub"]
