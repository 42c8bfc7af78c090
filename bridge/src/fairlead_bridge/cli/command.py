"""What every command is made of: its settings as options, the database, and a line said."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import TypeAlias

import sqlalchemy as sa

from fairlead_bridge.app import build_database
from fairlead_bridge.settings import Settings

#: Exit codes: done; failed; wrong arguments or settings.
OK, FAILED, USAGE_ERROR = 0, 1, 2

ROLES = ("intake", "absorb", "deliver", "monitor")
#: The settings that options can give.
SETTINGS = (
    "host",
    "port",
    "database_url",
    "sinks_file",
    "notifications_file",
    "public_url",
    "identity_rules",
    "log_level",
    "log_format",
    *ROLES,
)

Run = Callable[[Settings, argparse.Namespace], int]

#: What subcommands are added to.
Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


def command(commands: Commands, name: str, about: str, run: Run) -> argparse.ArgumentParser:
    """A command with the options that all have; `run` returns the program's exit code."""
    parser: argparse.ArgumentParser = commands.add_parser(name, help=about, description=about)
    parser.set_defaults(run=run)
    for setting in ("database_url", "log_level", "log_format"):
        option(parser, setting)
    return parser


def option(parser: argparse.ArgumentParser, name: str) -> None:
    """The setting as an option, described as in the settings."""
    field = Settings.model_fields[name]
    default = f" (default: {field.default})" if field.default is not None else ""
    parser.add_argument(
        f"--{name.replace('_', '-')}",
        default=None,
        help=f"{field.description or name.replace('_', ' ')}{default}",
    )


@contextmanager
def database(settings: Settings) -> Iterator[sa.Engine]:
    """The database, up to date."""
    engine = build_database(settings)
    try:
        yield engine
    finally:
        engine.dispose()


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    with suppress(ValueError):
        sys.stdout.flush()


def moment(text: str) -> datetime:
    """A time in ISO 8601, UTC where it names no zone. Raises ArgumentTypeError for other text."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        example = "2026-11-30T07:00:00+01:00"
        raise argparse.ArgumentTypeError(f"not a time: {text!r}; write {example}") from None
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)
