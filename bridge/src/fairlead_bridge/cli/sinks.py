"""`sinks`: look after the catalogs that entries are delivered to."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

import sqlalchemy as sa

from fairlead_bridge import outbox
from fairlead_bridge.app import build_sinks
from fairlead_bridge.cli import audit
from fairlead_bridge.cli.command import FAILED, OK, Commands, command, database, option, say
from fairlead_bridge.cli.status import say_counts
from fairlead_bridge.db.engine import reading, writing
from fairlead_bridge.delivery.naming import unresolved_names
from fairlead_bridge.errors import BadSettings, FairleadError
from fairlead_bridge.settings import Settings
from fairlead_bridge.sinks import Target
from fairlead_bridge.wording import counted
from fairlead_bridge.workers.steps import now


def add(commands: Commands) -> None:
    parser = command(
        commands, "sinks", "look after the catalogs that entries are delivered to", _sinks
    )
    option(parser, "sinks_file")
    parser.add_argument(
        "action",
        choices=("status", "check", "retry", "resend", "forget"),
        help="status: how far each is; check: try address, credentials and the naming map, without "
        "sending anything; retry: what was rejected; resend: everything; forget: a sink that the "
        "settings no longer have, and its deliveries",
    )
    parser.add_argument("name", nargs="?", help="one sink; without it, all")


def _sinks(settings: Settings, arguments: argparse.Namespace) -> int:
    targets = build_sinks(settings)
    if arguments.action == "forget":
        return _forget_sink(settings, targets, arguments.name)
    chosen = [target for target in targets if arguments.name in (None, target.name)]
    if not targets:
        raise BadSettings(
            "there are no sinks; write a file of them and name it with --sinks-file, or "
            "FAIRLEAD_SINKS_FILE"
        )
    if not chosen:
        known = ", ".join(target.name for target in targets)
        raise BadSettings(f"no such sink: {arguments.name}; there are: {known}")
    with database(settings) as engine:
        if arguments.action == "status":
            with reading(engine) as tx:
                say_counts(outbox.counts(tx, [target.name for target in chosen], now()))
            return OK
        if arguments.action == "check":
            return max([_check(engine, target) for target in chosen])
        for target in chosen:
            with writing(engine) as tx:
                audit.record(tx, f"{arguments.action}_deliveries", target.name)
                if arguments.action == "retry":
                    count = outbox.retry_rejected(tx, target.name, now())
                    say(f"{target.name}: {count} rejected entries will be delivered again")
                else:
                    outbox.redeliver_all(tx, target.name, target.kinds, now())
                    say(f"{target.name}: everything will be delivered again")
    return OK


def _forget_sink(settings: Settings, targets: Sequence[Target], name: str | None) -> int:
    if name is None or name in {target.name for target in targets}:
        raise BadSettings("name one sink that the settings no longer have")
    with database(settings) as engine, writing(engine) as tx:
        count = outbox.drop_sink(tx, name)
        audit.record(tx, "forget_sink", name)
    say(f"{name}: {counted(count, 'entry', 'entries')} forgotten")
    return OK


def _check(engine: sa.Engine, target: Target) -> int:
    try:
        found = target.sink.probe()
    except FairleadError as error:
        say(f"{target.name}: {error}")
        return FAILED
    for sentence in [*found, *unresolved_names(engine, target)]:
        say(f"{target.name}: {sentence}")
    return OK
