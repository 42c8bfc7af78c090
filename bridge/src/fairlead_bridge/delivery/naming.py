"""Dry run of a sink's naming map over all datasets."""

from __future__ import annotations

import sqlalchemy as sa

from fairlead_bridge.db.engine import reading
from fairlead_bridge.queries import entry
from fairlead_bridge.sinks import NamesDatasets, Target
from fairlead_bridge.sinks.naming import conflicts


def unresolved_names(db: sa.Engine, target: Target) -> list[str]:
    """
    Problems of a sink's naming map, before anything is sent: a sentence for each dataset that the
    sink has no name for, or whose name another dataset has too. Changes nothing.
    """
    sink = target.sink
    if not isinstance(sink, NamesDatasets):
        return []
    with reading(db) as tx:
        datasets = [ref for ref in entry.datasets(tx) if target.takes(ref.namespace)]
    found = conflicts((ref, sink.named(ref)) for ref in datasets)
    return [f"{item.dataset.namespace} {item.dataset.name}: {item.what}" for item in found]
