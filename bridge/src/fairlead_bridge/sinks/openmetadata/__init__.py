"""
OpenMetadata, through its REST API: a pipeline for each DAG with all its tasks, a status for each DAG
run, lineage between tables it knows, and when each of them was last written.

It stores one status for each moment a DAG run is for, one edge for each pair of tables, and nothing
that is not there yet: a table that has not been ingested is waited for, not invented, unless asked.
"""

from __future__ import annotations

from fairlead_bridge.sinks.openmetadata.sink import OpenMetadata

__all__ = ["OpenMetadata"]
