"""What a drawing of the graph is asked for: where it begins, how far it goes, and what is opened."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Literal

from fastapi import Depends, HTTPException, Query
from pydantic import AfterValidator

from fairlead_bridge.queries.lineage import Way
from fairlead_bridge.queries.names import public_id
from fairlead_bridge.web.lineage.routes import Depth

#: Cards at most.
LARGEST = 5000

CardLimit = Annotated[
    int,
    Query(
        description=f"Cards at most: 1 to {LARGEST}; `truncated` counts those left out, also where "
        "there would be more than 10,000 edges."
    ),
    AfterValidator(lambda limit: min(max(limit, 1), LARGEST)),
]
Kind = Annotated[
    Literal["all", "data"],
    Query(description="data: datasets alone; the jobs between them are listed on the edges."),
]
Grouping = Annotated[
    Literal["tasks", "dag"],
    Query(description="dag: each DAG is one card that stands for its tasks."),
]
Changed = Annotated[
    str,
    Query(
        description="Changes to single cards, separated by commas, each `SIDE:ID`. In `open`: `up` "
        "or `down` (its neighbours there, `SIDE:ID:N` for at most N), `tasks` (all tasks of a DAG), "
        "`dag` (a DAG's tasks, where DAGs are cards; what is inside an application or a project). "
        "In `shut`: `up` or `down` (nothing is drawn beyond it on that side), `dag` (the DAG, "
        "application or project is one card)."
    ),
]
Flows = Annotated[
    Literal["personal"] | None,
    Query(deprecated=True, description="Not needed: personal data is always followed by lineage."),
]


@dataclass(frozen=True, slots=True)
class Change:
    """What is to be otherwise with one card than the view as a whole says."""

    side: str
    node: int
    most: int | None = None

    @property
    def way(self) -> Way | None:
        return "up" if self.side == "up" else "down" if self.side == "down" else None


@dataclass(frozen=True, slots=True)
class View:
    """What of the lineage around a node is drawn, and how."""

    up: int
    down: int
    limit: int = 300
    datasets_only: bool = False
    by_dag: bool = False
    open: tuple[Change, ...] = ()
    shut: tuple[Change, ...] = ()

    @property
    def plain(self) -> View:
        """The view before any card was opened or shut."""
        return replace(self, open=(), shut=())


def asked(
    up: Depth = 3,
    down: Depth = 3,
    limit: CardLimit = 300,
    view: Kind = "all",
    group: Grouping = "tasks",
    open: Changed = "",
    shut: Changed = "",
    flows: Flows = None,
) -> View:
    return View(
        up,
        down,
        limit,
        view == "data",
        group == "dag",
        _changes("open", open, ("up", "down", "tasks", "dag")),
        _changes("shut", shut, ("up", "down", "dag")),
    )


def _changes(name: str, text: str, sides: Sequence[str]) -> tuple[Change, ...]:
    found = []
    for each in filter(None, text.split(",")):
        match = re.fullmatch(rf"({'|'.join(sides)}):([0-9a-f]{{16}})(?::([0-9]{{1,6}}))?", each)
        node = public_id(match[2]) if match is not None else None
        if match is None or node is None:
            raise HTTPException(
                422,
                f"{each!r} in `{name}` is none of {', '.join(f'{side}:ID' for side in sides)}, "
                "with the `id` of a card.",
            )
        most = int(match[3]) if match[3] else None
        found.append(Change(match[1], node, most))
    return tuple(found)


Asked = Annotated[View, Depends(asked)]
