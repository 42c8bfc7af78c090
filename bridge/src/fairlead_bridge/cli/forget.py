"""`forget NODE...`: datasets, jobs and namespaces that are to be in the catalog no longer."""

from __future__ import annotations

import argparse
from typing import Any

from fairlead_bridge.app import build_normaliser
from fairlead_bridge.cli import audit
from fairlead_bridge.cli.command import OK, command, database, option, say
from fairlead_bridge.db.engine import reading, writing
from fairlead_bridge.forgetting import apply, plan
from fairlead_bridge.forgetting.plan import Plan
from fairlead_bridge.mapping.finding import finder
from fairlead_bridge.queries.snapshot import Snapshot
from fairlead_bridge.settings import Settings
from fairlead_bridge.workers.steps import now

#: Names that are printed of each kind.
_PRINTED = 50


def add(commands: Any) -> None:
    about = "remove datasets, jobs and namespaces from the catalog; says what goes, and with --yes does it"
    parser = command(commands, "forget", about, _forget)
    option(parser, "identity_rules")
    parser.add_argument(
        "nodes",
        nargs="+",
        metavar="NODE",
        help="dataset:NAMESPACE:NAME, job:NAMESPACE:NAME or namespace:NAMESPACE",
    )
    parser.add_argument("--yes", action="store_true", help="do it: it cannot be taken back")


def _forget(settings: Settings, arguments: argparse.Namespace) -> int:
    identify = finder(build_normaliser(settings))
    with database(settings) as engine:
        at = now()
        with reading(engine) as tx:
            found = plan.plan(
                Snapshot(tx, at, settings.lost_after, identify=identify), arguments.nodes
            )
        _print(found)
        if not arguments.yes:
            say("Nothing was changed; --yes forgets it")
            return OK
        with writing(engine) as tx:
            apply.apply(tx, found, at)
            audit.record(tx, "forget", " ".join(arguments.nodes))
    say("Forgotten; an event of later makes it anew")
    return OK


def _print(found: Plan) -> None:
    for nodes in (found.datasets, found.jobs):
        for node in nodes[:_PRINTED]:
            say(f"- {node}")
        if nodes[_PRINTED:]:
            say(f"- and {len(nodes) - _PRINTED} more {nodes[0].partition(':')[0]}s")
    say(
        f"{len(found.datasets)} datasets, {len(found.jobs)} jobs, {found.runs} runs and "
        f"{found.edges} edges go"
    )
    for sentence in found.stays:
        say(f"stays: {sentence}")
