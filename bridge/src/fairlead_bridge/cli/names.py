"""`names`: what the rules of identity would join."""

from __future__ import annotations

import argparse
from collections.abc import Iterable

from fairlead_bridge.app import build_normaliser
from fairlead_bridge.catalog import spellings
from fairlead_bridge.cli.command import OK, Commands, command, database, option, say
from fairlead_bridge.db.engine import reading
from fairlead_bridge.mapping import duplicates, schema
from fairlead_bridge.settings import Settings
from fairlead_bridge.wording import counted


def add(commands: Commands) -> None:
    about = "what the rules of identity would join; changes nothing"
    option(command(commands, "names", about, _names), "identity_rules")


def _names(settings: Settings, _arguments: argparse.Namespace) -> int:
    normalise = build_normaliser(settings)
    with database(settings) as engine, reading(engine) as tx:
        names = spellings.spellings(tx)
        bodies = spellings.schemas_by_asset(tx)
    merges = duplicates.would_merge(names, normalise)
    say(f"{counted(len(names), 'name')}; the rules join {counted(len(merges), 'group')} of them")
    for merge in merges:
        say(f"\n{merge.identity.namespace} {merge.identity.name}")
        _list(merge.names)
    columns = {
        name: frozenset().union(*map(schema.columns, found)) for name, found in bodies.items()
    }
    for alike in duplicates.possible_duplicates(columns):
        say("\npossibly one dataset; a rule can say so:")
        _list(alike)
    return OK


def _list(names: Iterable[tuple[str, str]]) -> None:
    for namespace, name in names:
        say(f"    {namespace} {name}")
