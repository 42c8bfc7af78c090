"""`migrate` and `replay`: the database and the log of events."""

from __future__ import annotations

import argparse

import sqlalchemy as sa

from fairlead_bridge import inbox
from fairlead_bridge.app import build_sinks, build_translator
from fairlead_bridge.cli import audit
from fairlead_bridge.cli.command import OK, Commands, command, database, option, say
from fairlead_bridge.db import tables
from fairlead_bridge.db.engine import one_absorber, reading, writing
from fairlead_bridge.db.migrate import migrate
from fairlead_bridge.errors import BadSettings
from fairlead_bridge.settings import Settings
from fairlead_bridge.sinks import interests
from fairlead_bridge.wording import counted
from fairlead_bridge.workers.steps import Absorb

#: What a rebuilt catalog is made from, what was delivered, and what people stated and did.
_NOT_CATALOG = (
    tables.event,
    tables.waiting,
    tables.quarantine,
    tables.refused,
    tables.forgotten,
    tables.access_key,
    tables.audit,
    tables.audit_retention,
    tables.signing_secret,
    tables.ended_session,
    tables.pulse,
    tables.delivery,
    tables.sink,
    tables.expectation,
    tables.incident,
    tables.incident_affected,
    tables.incident_entry,
    tables.maintenance,
)


def add(commands: Commands) -> None:
    command(commands, "migrate", "create the database, or bring it up to date", _migrate)
    replay = command(commands, "replay", "absorb received events again", _replay)
    for name in ("sinks_file", "identity_rules"):
        option(replay, name)
    which = replay.add_mutually_exclusive_group()
    which.add_argument(
        "--quarantined", action="store_true", help="only those that were not understood"
    )
    which.add_argument(
        "--rebuild", action="store_true", help="empty the catalog first, and fill it from the log"
    )
    replay.add_argument(
        "--force", action="store_true", help="rebuild even where the log has lost its beginning"
    )


def _migrate(settings: Settings, _arguments: argparse.Namespace) -> int:
    with database(settings) as engine:
        say(f"The database's schema is up to date: {migrate(engine)}")
    return OK


def _replay(settings: Settings, arguments: argparse.Namespace) -> int:
    targets = build_sinks(settings)
    with database(settings) as engine:
        with writing(engine) as tx:
            one_absorber(tx)
            if arguments.rebuild:
                _empty_catalog(tx, arguments.force)
            waiting = inbox.replay(tx, quarantined=arguments.quarantined)
            audit.record(tx, "replay", _chosen(arguments))
        say(f"{counted(waiting, 'event')} to absorb")
        translate = build_translator(settings)
        _absorb_all(Absorb(engine, translate, interests(targets), settings.absorb_batch))
        with reading(engine) as tx:
            left = inbox.counts(tx)
        say(f"Done; {left.waiting} wait, {left.quarantined} are in quarantine")
    return OK


def _chosen(arguments: argparse.Namespace) -> str:
    """What is replayed, as the audit log names it."""
    chosen = [f"--{name}" for name in ("quarantined", "rebuild") if getattr(arguments, name)]
    return chosen[0] if chosen else "everything"


def _empty_catalog(tx: sa.Connection, force: bool) -> None:
    if not (force or inbox.is_whole(tx)):
        raise BadSettings(
            "the log has lost its oldest events to retention, so the catalog cannot be rebuilt "
            "whole; --force rebuilds it from what is left"
        )
    for table in tables.metadata.sorted_tables:
        if table not in _NOT_CATALOG:
            tx.execute(sa.delete(table))


def _absorb_all(absorb: Absorb) -> None:
    total = 0
    reported = 0
    while count := absorb():
        total += count
        if total - reported >= 10_000:
            reported = total
            say(f"{total} absorbed")
