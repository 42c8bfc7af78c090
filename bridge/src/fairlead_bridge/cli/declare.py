"""`declare PATH...`: what no event reports, from files; stored as OpenLineage events."""

from __future__ import annotations

import argparse
from pathlib import Path

from fairlead_bridge.app import build_normaliser
from fairlead_bridge.cli import audit
from fairlead_bridge.cli.command import OK, Commands, command, database, option, say
from fairlead_bridge.db.engine import writing
from fairlead_bridge.declaring import files, store
from fairlead_bridge.mapping.finding import finder
from fairlead_bridge.settings import Settings
from fairlead_bridge.wording import counted
from fairlead_bridge.workers.steps import now


def add(commands: Commands) -> None:
    about = "declare dashboards, APIs, owners, tags and edges that no event reports"
    parser = command(commands, "declare", about, _declare)
    option(parser, "identity_rules")
    parser.add_argument(
        "paths",
        nargs="+",
        type=Path,
        metavar="PATH",
        help="YAML or TOML files, ODCS contracts, dbt manifests, exports of Superset and Metabase, or "
        "folders with them",
    )
    parser.add_argument(
        "--source",
        default="files",
        help="whose declarations these are: --prune withdraws only what the same source declared "
        "(default: files)",
    )
    parser.add_argument(
        "--namespace", default="", help="of the datasets of contracts and manifests that name none"
    )
    parser.add_argument(
        "--prune", action="store_true", help="withdraw what the source no longer declares"
    )
    parser.add_argument("--dry-run", action="store_true", help="say what would change, no more")


def _declare(settings: Settings, arguments: argparse.Namespace) -> int:
    declared = files.read(files.found(arguments.paths), arguments.namespace)
    identify = finder(build_normaliser(settings))
    with database(settings) as engine, writing(engine) as tx:
        at = now()
        plan = store.plan(tx, declared, arguments.source, identify, at, arguments.prune)
        if not arguments.dry_run and plan.bodies:
            store.apply(tx, plan, at)
            audit.record(
                tx, "declare", f"{arguments.source}: {counted(len(plan.bodies), 'change')}"
            )
    for sign, nodes in (("+", plan.added), ("~", plan.changed), ("-", plan.withdrawn)):
        for node in nodes:
            say(f"{sign} {node}")
    counts = (
        f"{len(plan.added)} added, {len(plan.changed)} changed, {len(plan.withdrawn)} withdrawn, "
        f"{plan.unchanged} unchanged"
    )
    say(f"{counts}; nothing is stored" if arguments.dry_run else counts)
    return OK
