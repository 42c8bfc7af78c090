"""The commands together: their parser, and what the program ends with."""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Sequence
from importlib.metadata import version

import sqlalchemy as sa

from fairlead_bridge import telemetry
from fairlead_bridge.cli import (
    audit,
    contracts,
    declare,
    expectations,
    forget,
    history,
    incidents,
    keys,
    log,
    names,
    notify,
    outlook,
    serve,
    sinks,
    status,
)
from fairlead_bridge.cli.command import FAILED, OK, SETTINGS, USAGE_ERROR
from fairlead_bridge.db.engine import has_password
from fairlead_bridge.errors import BadSettings, FairleadError
from fairlead_bridge.settings import load
from fairlead_bridge.telemetry import Line


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns the program's exit code."""
    arguments = parser().parse_args(argv)
    given = {name: getattr(arguments, name, None) for name in SETTINGS}
    try:
        settings = load(given)
        telemetry.configure_logging(settings.log_level, settings.log_format)
        _warn_of_password(given["database_url"])
        code: int = arguments.run(settings, arguments)
    except BadSettings as error:
        return _complain(str(error), USAGE_ERROR)
    except sa.exc.DBAPIError as error:
        return _complain(f"the database failed: {str(error.orig).strip()}", FAILED)
    except FairleadError as error:
        return _complain(str(error), FAILED)
    except BrokenPipeError:  # `fairlead-bridge status | head`
        sys.stderr.close()
        return OK
    except KeyboardInterrupt:
        return 130
    return code


def parser() -> argparse.ArgumentParser:
    """Every command with its options."""
    result = argparse.ArgumentParser(
        prog="fairlead-bridge",
        description="Receives OpenLineage events, stores a catalog of them, and delivers it to other catalogs.",
        epilog="Every setting can be given as an environment variable: --database-url as "
        "FAIRLEAD_DATABASE_URL, and so on.",
    )
    result.add_argument("--version", action="version", version=version("fairlead-bridge"))
    commands = result.add_subparsers(title="commands", required=True, metavar="COMMAND")
    serve.add(commands)
    log.add(commands)
    history.add(commands)
    status.add(commands)
    names.add(commands)
    outlook.add(commands)
    sinks.add(commands)
    declare.add(commands)
    contracts.add(commands)
    forget.add(commands)
    expectations.add(commands)
    incidents.add(commands)
    notify.add(commands)
    keys.add(commands)
    audit.add(commands)
    return result


def _warn_of_password(database_url: str | None) -> None:
    """Say that other users of the machine see the command line of a process, where a password is on it."""
    if database_url is not None and has_password(database_url):
        telemetry.say(
            Line.SHOWN_TO_OTHERS,
            logging.WARNING,
            option="--database-url",
            hint="other users see the command line; use FAIRLEAD_DATABASE_URL or "
            "FAIRLEAD_DATABASE_URL_FILE",
        )


def _complain(message: str, code: int) -> int:
    for line in message.splitlines():
        sys.stderr.write(f"fairlead-bridge: {line}\n")
    return code
