"""What is no longer seen: which edges a sink tells of, and which it takes back."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

from fairlead_bridge.entries import DatasetRef, JobEntry

_DAY = 86_400_000_000  # microseconds


def split(entry: JobEntry, days: float | None) -> tuple[JobEntry, JobEntry]:
    """
    The job with the data it still reads and writes, and the job with that alone which it has not
    shown for more than `days` before its newest successful run that told of data.

    Columns go with either end. With no `days` nothing is retired.
    """
    old = [] if days is None else [edge for edge in entry.unseen if edge.since > days * _DAY]
    inputs = {edge.dataset for edge in old if edge.role == "input"}
    outputs = {edge.dataset for edge in old if edge.role == "output"}

    def part(*, retired: bool) -> JobEntry:
        return replace(
            entry,
            inputs=tuple(ref for ref in entry.inputs if (ref in inputs) is retired),
            outputs=tuple(ref for ref in entry.outputs if (ref in outputs) is retired),
            origins=tuple(
                origin
                for origin in entry.origins
                if (origin.source in inputs or origin.target in outputs) is retired
            ),
            unseen=(),
        )

    return part(retired=False), replace(part(retired=True), upstream=())


def left(entry: JobEntry, days: float | None) -> set[tuple[DatasetRef, DatasetRef]]:
    """
    The inputs and outputs between which nothing is moved any more: not by this job, which is gone
    or has not shown it for more than `days`, nor by any other.

    For catalogs where an edge is of two datasets, whoever draws it. With no `days` there is none.
    """
    if days is None:
        return set()
    kept, _ = split(entry, days)
    still = set() if entry.gone else set(product(kept.inputs, kept.outputs))
    others = {(it.source, it.target) for it in entry.elsewhere if it.since <= days * _DAY}
    return set(product(entry.inputs, entry.outputs)) - still - others
