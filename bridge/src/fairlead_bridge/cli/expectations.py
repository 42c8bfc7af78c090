"""`expectations check FILE`: whether a file of expectations can be read, and what it states."""

from __future__ import annotations

import argparse
from pathlib import Path

from fairlead_bridge.cli.command import OK, Commands, command, say
from fairlead_bridge.insight.statements import expectation
from fairlead_bridge.monitoring.stated import file
from fairlead_bridge.settings import Settings


def add(commands: Commands) -> None:
    parser = command(commands, "expectations", "check a file of expectations", _run)
    parser.add_argument("action", choices=("check",), help="what to do")
    parser.add_argument("file", type=Path, help="the TOML file; see FAIRLEAD_EXPECTATIONS_FILE")


def _run(_settings: Settings, arguments: argparse.Namespace) -> int:
    found = file.load(arguments.file)
    for each in found:
        say(f"{each.node}  {expectation(each.statement, each.source, each.origin).text}")
    say(f"{len(found)} expectation{'' if len(found) == 1 else 's'} in {arguments.file}")
    return OK
