"""All four sinks before their fakes, with every table of `events.dag_runs` there to be found."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

from fairlead_bridge.sinks import Target, settings
from tests.support.sinks import events
from tests.support.sinks.atlan import FakeAtlan
from tests.support.sinks.datahub import FakeDataHub
from tests.support.sinks.openlineage import FakeMarquez
from tests.support.sinks.openmetadata import FakeOpenMetadata
from tests.support.sinks.server import Answer, Cut, Fake, Request, Trouble, serving

CONNECTION, DATABASE = "default/airflow/1", "default/postgres/2"
NAMING = [{"namespace": events.WAREHOUSE, "service": "warehouse", "connection": DATABASE}]

Fakes = tuple[FakeMarquez, FakeDataHub, FakeOpenMetadata, FakeAtlan]


@dataclass(frozen=True)
class Together:
    marquez: FakeMarquez
    datahub: FakeDataHub
    openmetadata: FakeOpenMetadata
    atlan: FakeAtlan
    targets: dict[str, Target]

    def fakes(self) -> dict[str, Fake]:
        return {name: getattr(self, name) for name in self.targets}


def fakes(dags: int, tasks: int) -> Fakes:
    """Catalogs that have the tables of this many DAGs."""
    openmetadata, atlan = FakeOpenMetadata(), FakeAtlan()
    for dag in range(dags):
        for task in range(tasks + 1):
            name = events.table(dag, task)
            openmetadata.table(f"warehouse.{name}", *events.COLUMNS)
            atlan.table(f"{DATABASE}/{name.replace('.', '/')}", *events.COLUMNS)
    return FakeMarquez(), FakeDataHub(), openmetadata, atlan


def asked(urls: Sequence[str], **more: Any) -> dict[str, Any]:
    """The settings of sinks that deliver to `fakes` at these addresses; Atlan's token is in T."""
    own: dict[str, dict[str, Any]] = {
        "marquez": {"type": "openlineage", "preset": "marquez"},
        "datahub": {"type": "datahub"},
        "openmetadata": {"type": "openmetadata"},
        "atlan": {"type": "atlan", "connection": CONNECTION, "token_env": "T", "rate": 1e6},
    }
    addressed = zip(own.items(), urls, strict=True)
    return {
        "sinks": {name: {**settings, **more, "url": url} for (name, settings), url in addressed},
        "naming": NAMING,
    }


@contextmanager
def together(dags: int, tasks: int, **more: Any) -> Iterator[Together]:
    """`fakes`, and the sinks that deliver to them."""
    found = fakes(dags, tasks)
    with ExitStack() as stack:
        urls = [stack.enter_context(serving(fake)) for fake in found]
        targets = settings.targets(asked(urls, **more), {"T": "t"})
        yield Together(*found, {target.name: target for target in targets})


def weather(seed: int, share: float) -> Callable[[Request], Trouble]:
    """Trouble for this share of requests: throttled, failed, cut before or after their time."""
    chance = random.Random(seed)
    troubles: list[Trouble] = [
        Answer(429, None, {"Retry-After": "2"}),
        Answer(503, None),
        Answer(500, "boom"),
        Cut(after=False),
        Cut(after=True),
    ]
    return lambda _: chance.choice(troubles) if chance.random() < share else None
