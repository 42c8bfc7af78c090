"""What is laid out, and the result. Lengths are CSS pixels; x grows to the right, y downwards."""

from __future__ import annotations

import re
from dataclasses import dataclass

Point = tuple[float, float]

NAME_CHARACTER = 7.6  # width of a character of a card's name
DATASET_WIDTH, DATASET_HEIGHT = 168.0, 86.0
TASK_WIDTH, TASK_HEIGHT = 184.0, 96.0
WIDEST = 260.0
FRAME_HEADER, FRAME_PADDING = 58.0, 14.0


@dataclass(frozen=True, slots=True)
class Box:
    """A card to be placed; `group` is the id of the frame that it belongs to."""

    id: str
    w: float
    h: float
    group: str | None = None


@dataclass(frozen=True, slots=True)
class Link:
    """An edge from one card to another, by their ids."""

    source: str
    target: str


@dataclass(frozen=True, slots=True)
class Frame:
    """A box around the cards of one group: room for its title above, at least `w` wide."""

    id: str
    w: float = 0.0
    header: float = FRAME_HEADER
    padding: float = FRAME_PADDING


@dataclass(frozen=True, slots=True)
class Place:
    """Where a card or a frame stands: upper left corner and size."""

    x: float
    y: float
    w: float
    h: float
    group: str | None = None


@dataclass(frozen=True, slots=True)
class Drawing:
    """A graph that has been laid out; `routes` holds one line of points for each link, in order."""

    width: float
    height: float
    cards: dict[str, Place]
    frames: dict[str, Place]
    routes: tuple[tuple[Point, ...], ...]


def short_name(name: str) -> str:
    """
    What a card shows of a dataset's name: the file of a path, the table of database.schema.table.

    >>> short_name("/data/in/orders.csv"), short_name("shop.public.orders"), short_name("orders.csv")
    ('orders.csv', 'orders', 'orders.csv')
    >>> short_name("shop.orders.v1"), short_name("/lake/orders/v2"), short_name("a.orders.json")
    ('orders.v1', 'orders/v2', 'orders.json')
    """
    separator = "/" if "/" in name else "."
    if separator == "." and name.count(".") < 2:
        return name
    before, _, last = name.rpartition(separator)
    if before and _MEANINGLESS.fullmatch(last):
        last = f"{before.rpartition(separator)[2]}{separator}{last}"
    return last or name


#: Parts that say nothing without the one before: versions, numbers, what a file is called after its dot.
_MEANINGLESS = re.compile(
    r"v?[0-9]+|latest|current|avro|csv|gz|json|jsonl|orc|parquet|tsv|txt|xml", re.IGNORECASE
)


def dataset_box(id: str, name: str, group: str | None = None) -> Box:
    """The card of a dataset: as wide as its short name wants, within limits."""
    return Box(id, _width(short_name(name), DATASET_WIDTH, 50), DATASET_HEIGHT, group)


def task_box(id: str, name: str, group: str | None = None) -> Box:
    """The card of a task or of another job."""
    return Box(id, _width(name, TASK_WIDTH, 34), TASK_HEIGHT, group)


def dag_frame(id: str, label: str) -> Frame:
    """The frame of a DAG: never narrower than its title."""
    return Frame(id, w=min(60 + NAME_CHARACTER * len(label), 1.5 * WIDEST))


def _width(name: str, least: float, rest: float) -> float:
    return min(max(least, rest + NAME_CHARACTER * len(name)), WIDEST)
