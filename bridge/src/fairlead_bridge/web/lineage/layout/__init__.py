"""
Where every card of a lineage graph stands, and how its edges run between them.

Left to right, in columns: an edge always leaves a card on its right side and enters the next on its
left, and where it has to pass a column it gets a place of its own there, so it never runs through a
card. DAGs are boxes: their members are laid out first, then the box stands in the graph as one
card with ports at its sides. The only exception to the direction are cycles, which are cut: the
edge that closes one runs from right to left.

Everything here is a function of its arguments: the same graph gets the same picture everywhere.
Lengths are CSS pixels; x grows to the right, y downwards.
"""

from fairlead_bridge.web.lineage.layout.arrange import COLUMN_GAP, LABEL_GAP, arrange
from fairlead_bridge.web.lineage.layout.shapes import (
    NAME_CHARACTER,
    Box,
    Drawing,
    Frame,
    Link,
    Place,
    Point,
    dag_frame,
    dataset_box,
    short_name,
    task_box,
)

__all__ = [
    "COLUMN_GAP",
    "LABEL_GAP",
    "NAME_CHARACTER",
    "Box",
    "Drawing",
    "Frame",
    "Link",
    "Place",
    "Point",
    "arrange",
    "dag_frame",
    "dataset_box",
    "short_name",
    "task_box",
]
