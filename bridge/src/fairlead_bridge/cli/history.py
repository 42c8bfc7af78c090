"""`import`: history from elsewhere, brought into the log."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from fairlead_bridge.cli.command import OK, Commands, command, database, say
from fairlead_bridge.errors import BadSettings
from fairlead_bridge.importing.airflow import Airflow
from fairlead_bridge.importing.history import bring
from fairlead_bridge.settings import Settings
from fairlead_bridge.workers.steps import now


def add(commands: Commands) -> None:
    history = command(commands, "import", "bring history from elsewhere into the log", _import)
    history.add_argument("source", choices=("airflow",), help="whose history")
    history.add_argument("--url", required=True, help="Airflow's address")
    who = history.add_mutually_exclusive_group()
    who.add_argument("--token", help="a token of Airflow's REST API; @FILE reads it from a file")
    who.add_argument(
        "--user", help="NAME:PASSWORD, to get a token with; @FILE reads it from a file"
    )
    history.add_argument(
        "--namespace", default="default", help="[openlineage] namespace of that Airflow"
    )
    history.add_argument("--dag", default="~", help="only this DAG")
    history.add_argument("--since", help="only runs that ended at or after this, in ISO 8601")
    history.add_argument("--page", type=int, default=100, help="DAG runs asked for at once")
    history.add_argument("--pause", type=float, default=0.05, help="seconds between two questions")


def _import(settings: Settings, arguments: argparse.Namespace) -> int:
    user = _secret(arguments.user)
    name, colon, password = (user or "").partition(":")
    if user is not None and not colon:
        raise BadSettings("--user is NAME:PASSWORD, or @FILE with that in it")
    airflow = Airflow(
        arguments.url,
        token=_secret(arguments.token),
        user=(name, password) if user is not None else None,
        page=max(arguments.page, 1),
        pause=arguments.pause,
    )
    total = airflow.count_runs(arguments.dag, arguments.since)
    seen = new = 0
    with database(settings) as engine:
        steps = bring(engine, airflow, arguments.namespace, now, arguments.dag, arguments.since)
        try:
            for step in steps:
                seen += 1
                new += step.new
                _progress(seen, total, step.dag_id)
        finally:
            _progress(seen, total, None)
            say(f"{seen} DAG runs looked at, {new} new events stored; `serve` absorbs them")
    return OK


def _secret(value: str | None) -> str | None:
    """What was given, or what the file holds that was named with an @."""
    if value is None or not value.startswith("@"):
        return value
    try:
        return Path(value[1:]).read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise BadSettings(f"{value[1:]} cannot be read: {error}") from error


def _progress(seen: int, total: int, what: str | None) -> None:
    """A bar, for people only; None ends it."""
    if not sys.stderr.isatty():
        return
    if what is None:
        sys.stderr.write("\n")
        return
    done = min(seen / total, 1.0) if total else 1.0
    bar = "#" * round(30 * done)
    sys.stderr.write(f"\r[{bar:<30}] {seen}/{max(total, seen)} runs  {what[:40]:<40}")
    sys.stderr.flush()
