"""`audit`: the audit log as JSON lines; and how commands add to it."""

from __future__ import annotations

import argparse
import getpass
import socket

import sqlalchemy as sa

from fairlead_bridge.access import audit
from fairlead_bridge.access.audit import Entry, Wanted
from fairlead_bridge.cli.command import OK, Commands, command, database, moment, say
from fairlead_bridge.settings import Settings
from fairlead_bridge.web.render import micros
from fairlead_bridge.workers.steps import now


def add(commands: Commands) -> None:
    about = "print the audit log as JSON lines, oldest first"
    parser = command(commands, "audit", about, _audit)
    parser.add_argument("--since", type=moment, metavar="TIME", help="from then on, in ISO 8601")
    parser.add_argument("--until", type=moment, metavar="TIME", help="before then, in ISO 8601")
    parser.add_argument("--who", help="only what this caller did")
    parser.add_argument("--action", help="only this operation")


def record(tx: sa.Connection, action: str, target: str) -> None:
    """Add an entry for what this command does, in the same transaction."""
    entry = Entry(now(), _user(), "command", socket.gethostname(), action, target, "done")
    audit.add(tx, entry)


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container whose user has no name
        return "unknown"


def _audit(settings: Settings, arguments: argparse.Namespace) -> int:
    since, until = arguments.since, arguments.until
    wanted = Wanted(
        arguments.who,
        arguments.action,
        micros(since) if since else None,
        micros(until) if until else None,
    )
    with database(settings) as engine:
        for line in audit.lines(engine, wanted):
            say(line.rstrip("\n"))
    return OK
