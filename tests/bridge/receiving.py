"""Steps between intake and delivery, one at a time."""

from __future__ import annotations

from fairlead_bridge import inbox, outbox
from fairlead_bridge.absorb import absorb_waiting
from fairlead_bridge.db.engine import writing
from fairlead_bridge.mapping.identity import Normaliser
from fairlead_bridge.mapping.translate import Translator
from fairlead_bridge.model import Name
from fairlead_bridge.outbox import GivenUp
from tests.bridge.asking import Api, wrote


def receive(api: Api, *bodies: bytes) -> None:
    with writing(api.db) as tx:
        inbox.put(tx, bodies, "http", api.micros)


def absorb(api: Api) -> None:
    while absorb_waiting(api.db, Translator(Normaliser()), {}, api.micros):
        pass


def refuse_everything(api: Api) -> None:
    """The sink `lake` has refused the one job there is."""
    api.send(*wrote("j"))
    job = int(api.get("jobs", name="j")["items"][0]["id"], 16)
    with writing(api.db) as tx:
        outbox.put(tx, [Name("job", job)], {"lake": {"job"}}, api.micros)
        claimed = outbox.claim(tx, "lake", 10, api.micros)
        outbox.record_outcomes(
            tx, [GivenUp(each, "no such project") for each in claimed], api.micros
        )
