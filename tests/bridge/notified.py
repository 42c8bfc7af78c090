"""A monitored bridge with a channel, and the receiver of its messages."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from fairlead_bridge import outbox
from fairlead_bridge.channels import settings
from fairlead_bridge.db import tables as t
from fairlead_bridge.db.engine import reading, writing
from fairlead_bridge.delivery.deliver import deliver_due
from fairlead_bridge.model import Name
from fairlead_bridge.sinks import interests
from tests.bridge.monitored import DAY, Bridge, micros, morning
from tests.support.channels.senders import SECRET
from tests.support.channels.vendors import Receiver
from tests.support.sinks.server import serving

MINUTE = timedelta(minutes=1)


def at(day: int, hour: float) -> datetime:
    return DAY + timedelta(days=day, hours=hour)


BROKE, RECOVERED = at(14, 5.05), at(14, 9.5)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    fake = Receiver(SECRET)
    with serving(fake):
        yield fake


class Notified(Bridge):
    """A bridge with one channel, a signed webhook."""

    def __init__(
        self,
        db: sa.Engine,
        receiver: Receiver,
        routes: Sequence[dict[str, Any]] = (),
        **given: Any,
    ) -> None:
        super().__init__(db)
        self.receiver = receiver
        hook = {"name": "ops", "type": "webhook", "url": receiver.url, "secret_env": "SECRET"}
        asked = {"channel": [hook | given], **({"route": list(routes)} if routes else {})}
        environ = {"FAIRLEAD_NOTIFICATIONS": json.dumps(asked), "SECRET": SECRET}
        (self.channel,) = settings.read(environ, "https://lineage.example.com")
        for day in range(14):
            self.receive(morning(day), at(day, 6))
        self.evaluate(at(13, 6))

    def deliver(self, now: datetime) -> None:
        while deliver_due(self.db, self.channel, micros(now), worker="one"):
            pass

    def breaks(self, now: datetime = BROKE) -> None:
        self.take(morning(14, fails="load"), now)

    def recovers(self, now: datetime = RECOVERED) -> None:
        later = [event for job in ("load", "clean", "sum") for event in morning(14, jobs=[job])]
        self.take([event.replace(b"T05:", b"T09:") for event in later], now)

    def set(self, now: datetime, **values: Any) -> None:
        """Change the incident as a person does."""
        with writing(self.db) as tx:
            tx.execute(sa.update(t.incident).values(**values))
            names = [Name("incident", row) for row in tx.scalars(sa.select(t.incident.c.id))]
            outbox.put(tx, names, interests([self.channel]), micros(now))

    def received(self) -> list[str]:
        return [event["type"].rpartition(".")[2] for event in self.receiver.events.values()]

    def states(self) -> list[str]:
        with reading(self.db) as tx:
            return list(tx.scalars(sa.select(t.delivery.c.state)))
