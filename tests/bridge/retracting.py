"""A DAG that runs once a day, a bridge, and every catalog that it delivers to."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa

from fairlead_bridge import inbox, outbox
from fairlead_bridge.absorb import absorb_waiting
from fairlead_bridge.db.engine import reading, writing
from fairlead_bridge.delivery.deliver import deliver_due
from fairlead_bridge.delivery.stale import requeue_stale
from fairlead_bridge.mapping.identity import Normaliser
from fairlead_bridge.mapping.translate import Translator
from fairlead_bridge.sinks import interests
from tests.support.sinks import events
from tests.support.sinks.together import CONNECTION, DATABASE, Together, together

NOW, HOUR = 1_795_000_000_000_000, 3_600_000_000


FLOW = "urn:li:dataFlow:(airflow,dag_000,prod)"


#: Four tables that every catalog has.
A, B, C, D = (events.table(dag, task) for dag in range(2) for task in range(2))


DAG = f"{CONNECTION}/dag_000"


COPY = f"{DAG}/copy"


PROCESS = f"{COPY}/process"


class DailyDag:
    """A bridge, the catalogs that it delivers to, and a DAG that runs once a day."""

    def __init__(self, db: sa.Engine, sinks: Together) -> None:
        self.db, self.sinks, self.now = db, sinks, NOW
        self._days = itertools.count()
        self._translate = Translator(Normaliser())

    def day(
        self,
        moves: events.Moves,
        *,
        dag: int = 0,
        deliver: Collection[str] | None = None,
        **more: Any,
    ) -> None:
        """A run of a DAG is absorbed, and delivered to all sinks, or only to those of `deliver`."""
        with writing(self.db) as tx:
            bodies = list(events.day(next(self._days), moves, dag=dag, **more))
            inbox.put(tx, bodies, "test", self.now)
        wanted = interests(list(self.sinks.targets.values()))
        while absorb_waiting(self.db, self._translate, wanted, self.now):
            pass
        self.deliver(deliver)

    def deliver(self, only: Collection[str] | None = None) -> None:
        for name, target in self.sinks.targets.items():
            if only is None or name in only:
                requeue_stale(self.db, target, self.now)
                self.now += HOUR
                while deliver_due(self.db, target, self.now):
                    pass
        self.now += HOUR

    def resend(self) -> None:
        """Everything there is is delivered once more."""
        with writing(self.db) as tx:
            for name, target in self.sinks.targets.items():
                outbox.redeliver_all(tx, name, target.kinds, self.now)
        self.deliver()

    def owed(self) -> int:
        """Entries that some sink waits for, or refused."""
        with reading(self.db) as tx:
            counts = outbox.counts(tx, list(self.sinks.targets), self.now)
        return sum(one.waiting + one.rejected for one in counts.values())

    # --- what the catalogs show -----------------------------------------------------------------

    def datahub(self, task: str = "copy") -> tuple[list[str], list[str]]:
        """What a task reads and writes there."""
        held = self.sinks.datahub.aspects[job(task)].get("dataJobInputOutput", {})
        inputs, outputs = (
            [edge["destinationUrn"].split(",")[1] for edge in held.get(field, ())]
            for field in ("inputDatasetEdges", "outputDatasetEdges")
        )
        return sorted(inputs), sorted(outputs)

    def atlan(self, process: str = PROCESS) -> tuple[list[str], list[str]] | None:
        """Inputs and outputs of a process; None where it is archived."""
        asset = self.sinks.atlan.assets.get(process)
        if asset is None or asset["status"] != "ACTIVE":
            return None
        return sorted(asset["refs"]["inputs"]), sorted(asset["refs"]["outputs"])

    def columns(self) -> set[str]:
        return self.sinks.atlan.shown("ColumnProcess")

    def openmetadata(self) -> set[tuple[str, str]]:
        """Between which tables there is an edge."""
        return {
            pair
            for pair in itertools.permutations((A, B, C, D), 2)
            if self.sinks.openmetadata.between(*(f"warehouse.{name}" for name in pair))
        }

    def deletes(self) -> list[str]:
        return [
            path
            for fake in self.sinks.fakes().values()
            for path in fake.paths()
            if path.startswith("DELETE")
        ]


def job(task: str) -> str:
    return f"urn:li:dataJob:({FLOW},{task})"


def asset(table: str) -> str:
    return f"{DATABASE}/{table.replace('.', '/')}"


@contextmanager
def daily_dag(db: sa.Engine, **more: Any) -> Iterator[DailyDag]:
    with together(2, 1, **more) as sinks:
        yield DailyDag(db, sinks)
