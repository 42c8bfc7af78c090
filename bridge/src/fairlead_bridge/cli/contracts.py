"""`contracts`: which data contracts are kept, broken or unknown, and why."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import Any

from pydantic import TypeAdapter

from fairlead_bridge.access.scope import EVERYTHING
from fairlead_bridge.app import build_normaliser
from fairlead_bridge.cli.command import FAILED, OK, command, database, moment, option, say
from fairlead_bridge.mapping.finding import finder
from fairlead_bridge.settings import Settings
from fairlead_bridge.web.contracts import answers as a
from fairlead_bridge.web.contracts.routes import items
from fairlead_bridge.web.parameters import Catalog
from fairlead_bridge.workers.steps import now

_ITEMS = TypeAdapter(list[a.ContractItem])


def add(commands: Any) -> None:
    about = "which declared data contracts are kept; exit code 1 where one is broken"
    parser = command(commands, "contracts", about, _contracts)
    option(parser, "identity_rules")
    parser.add_argument("ids", nargs="*", metavar="ID", help="of contracts; without any, all")
    parser.add_argument("--as-of", type=moment, metavar="TIME", help="a past moment, in ISO 8601")
    parser.add_argument("--json", action="store_true", help="for programs: what REST answers")


def _contracts(settings: Settings, arguments: argparse.Namespace) -> int:
    identify = finder(build_normaliser(settings))
    with database(settings) as engine:
        catalog = Catalog(engine, settings.lost_after, now, identify, settings.risk_quantile)
        with catalog.open(EVERYTHING, arguments.as_of) as snapshot:
            found = items(snapshot)
    unknown = set(arguments.ids) - {each.id for each in found}
    shown = [each for each in found if not arguments.ids or each.id in arguments.ids]
    if arguments.json:
        say(_ITEMS.dump_json(shown, indent=2).decode())
    else:
        for line in lines(shown):
            say(line)
    for id in sorted(unknown):
        say(f"no declared data contract has the id {id!r}")
    return FAILED if unknown or any(each.verdict == "broken" for each in shown) else OK


def lines(found: list[a.ContractItem]) -> Iterator[str]:
    """The contracts for people: each with its tables, and what is not kept of them."""
    for item in found:
        label = " ".join(filter(None, (item.name or item.id, item.version)))
        yield f"{item.verdict:8} {label} ({item.id})"
        for table in item.tables:
            yield f"  {table.verdict:8} {table.dataset.node}"
            for aspect, each in table.verdicts.items():
                if each.promised:
                    yield f"    {each.verdict:8} {aspect}: {each.reason}"
    counts = ", ".join(
        f"{sum(each.verdict == verdict for each in found)} {verdict}"
        for verdict in ("kept", "broken", "unknown")
    )
    yield f"{len(found)} contract{'' if len(found) == 1 else 's'}: {counts}"
