"""Which edges of a job a sink delivers, and which it retracts since runs no longer show them."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

from fairlead_bridge.entries import DatasetRef, JobEntry

_DAY = 86_400_000_000  # microseconds


def split(entry: JobEntry, days: float | None) -> tuple[JobEntry, JobEntry]:
    """
    Return the job with its current inputs and outputs, and the job with the stale ones alone: those
    not shown for more than `days` before its newest successful run with datasets.

    Columns go with either end. Without `days` nothing is stale.
    """
    old = [] if days is None else [edge for edge in entry.unseen if edge.since > days * _DAY]
    inputs = {edge.dataset for edge in old if edge.role == "input"}
    outputs = {edge.dataset for edge in old if edge.role == "output"}

    def part(*, retracted: bool) -> JobEntry:
        return replace(
            entry,
            inputs=tuple(ref for ref in entry.inputs if (ref in inputs) is retracted),
            outputs=tuple(ref for ref in entry.outputs if (ref in outputs) is retracted),
            origins=tuple(
                origin
                for origin in entry.origins
                if (origin.source in inputs or origin.target in outputs) is retracted
            ),
            unseen=(),
        )

    return part(retracted=False), replace(part(retracted=True), upstream=())


def left(entry: JobEntry, days: float | None) -> set[tuple[DatasetRef, DatasetRef]]:
    """
    Return (input, output) pairs between which no job moves data any more: not this job, which is
    gone or has not shown it for more than `days`, nor any other.

    For catalogs where an edge is of two datasets, not of a job. Without `days` there is none.
    """
    if days is None:
        return set()
    current, _ = split(entry, days)
    still = set() if entry.gone else set(product(current.inputs, current.outputs))
    others = {(it.source, it.target) for it in entry.elsewhere if it.since <= days * _DAY}
    return set(product(entry.inputs, entry.outputs)) - still - others
