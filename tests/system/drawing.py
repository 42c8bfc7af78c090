"""The lineage that the author of the example DAGs would draw, from `lineage.txt`."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

DRAWING = Path(__file__).parent / "lineage.txt"


class Edge(NamedTuple):
    """From a dataset to the task that reads it, or from a task to the dataset it writes."""

    source: str
    target: str


def edges() -> set[Edge]:
    found = set()
    for line in DRAWING.read_text().splitlines():
        if line and not line.startswith("#"):
            read, task, written = (part.strip() for part in line.split("=>"))
            found.add(Edge(read, task))
            if written:
                found.add(Edge(task, written))
    return found


def tasks() -> set[str]:
    return {end for edge in edges() for end in edge if end.startswith("shop_")}


def datasets() -> set[str]:
    return {end for edge in edges() for end in edge} - tasks()
