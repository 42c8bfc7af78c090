"""Made-up lineage graphs to lay out, and where a drawing's edges run."""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import pairwise

from fairlead_bridge.web.lineage.layout import (
    Box,
    Frame,
    Link,
    Place,
    dag_frame,
    dataset_box,
    task_box,
)

Graph = tuple[list[Box], list[Link], list[Frame]]


def chain(*ids: str) -> list[Link]:
    return [Link(a, b) for a, b in pairwise(ids)]


def cards(ids: str, group: str | None = None) -> list[Box]:
    return [Box(id, 100, 40, group) for id in ids]


def company(size: int, seed: int = 1) -> Graph:
    """A made-up company's lineage: DAGs on seven levels that read what earlier levels wrote."""
    pick = random.Random(seed)
    boxes: list[Box] = []
    links: list[Link] = []
    frames: list[Frame] = []
    written: list[list[str]] = [[] for _ in range(8)]
    dags = max(1, size // 13)
    for dag in range(dags):
        level = dag * 7 // dags
        frames.append(dag_frame(f"dag{dag}", f"dag_{dag}_with_a_name"))
        for number in range(3 if level == 0 else 0):
            source = f"source{dag}.{number}"
            boxes.append(dataset_box(source, "source." + "x" * pick.randint(0, 30)))
            written[0].append(source)
        tasks: list[str] = []
        for number in range(pick.randint(4, 9)):
            task = f"dag{dag}.task{number}"
            boxes.append(task_box(task, "task_" + "x" * pick.randint(0, 30), f"dag{dag}"))
            if tasks and pick.random() < 0.6:
                links.append(Link(pick.choice(tasks), task))
            tasks.append(task)
            near = written[level][-30:]
            if near and pick.random() < 0.5:
                links += [Link(d, task) for d in pick.sample(near, min(len(near), 2))]
            if pick.random() < 0.1 and written[pick.randint(0, level)]:
                links.append(Link(pick.choice(written[0]), task))
            if pick.random() < 0.8:
                table = f"table{dag}.{number}"
                boxes.append(dataset_box(table, "schema.table_" + "y" * pick.randint(0, 30)))
                written[level + 1].append(table)
                links.append(Link(task, table))
    return boxes, links, frames


def hub(spokes: int) -> Graph:
    """One table that everything reads."""
    boxes = [dataset_box("hub", "hub")]
    for number in range(spokes):
        boxes += [task_box(f"t{number}", "t", f"g{number % 7}"), dataset_box(f"d{number}", "d")]
    links = [Link("hub", f"t{n}") for n in range(spokes)]
    links += [Link(f"t{n}", f"d{n}") for n in range(spokes)]
    return boxes, links, [dag_frame(f"g{n}", f"g{n}") for n in range(7)]


def tangle(size: int) -> Graph:
    """Cycles upon cycles."""
    boxes = [Box(f"n{n}", 100, 40, f"g{n % 4}" if n % 3 else None) for n in range(size)]
    links = [Link(f"n{n}", f"n{(n * 7 + 3) % size}") for n in range(size)]
    links += [Link(f"n{n}", f"n{(n + 1) % size}") for n in range(size)]
    return boxes, links, [Frame(f"g{n}") for n in range(4)]


GRAPHS: dict[str, Graph] = {
    "company of 60": company(60),
    "company of 150": company(150, seed=2),
    "company of 300": company(300, seed=3),
    "company of 500": company(500, seed=4),
    "hub": hub(60),
    "tangle": tangle(30),
}


def along(points: tuple[tuple[float, float], ...]) -> Iterator[tuple[float, float]]:
    """Points on the line as it is drawn: an S from each corner to the next."""
    for (x0, y0), (x1, y1) in pairwise(points):
        for step in range(1, 24):
            t = step / 24
            x = x0 + (x1 - x0) * (1.5 * t * (1 - t) + t**3)
            yield x, y0 + (y1 - y0) * (3 * t**2 - 2 * t**3)


def inside(point: tuple[float, float], place: Place) -> bool:
    x, y = point
    return place.x + 1 < x < place.x + place.w - 1 and place.y + 1 < y < place.y + place.h - 1


def overlap(a: Place, b: Place) -> bool:
    beside = a.x + a.w <= b.x or b.x + b.w <= a.x
    return not beside and not (a.y + a.h <= b.y or b.y + b.h <= a.y)


def obstacles_near(points: tuple[tuple[float, float], ...], obstacles: list[Place]) -> list[Place]:
    xs, ys = [x for x, _ in points], [y for _, y in points]
    reach = Place(min(xs), min(ys) - 1, max(xs) - min(xs), max(ys) - min(ys) + 2)
    return [obstacle for obstacle in obstacles if overlap(reach, obstacle)]
