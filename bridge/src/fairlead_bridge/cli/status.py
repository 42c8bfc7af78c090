"""`status`: how far everything is."""

from __future__ import annotations

import argparse
import dataclasses
import json
from collections.abc import Mapping
from datetime import UTC, datetime

from fairlead_bridge import inbox, outbox
from fairlead_bridge.app import build_sinks
from fairlead_bridge.cli.command import OK, Commands, command, database, option, say
from fairlead_bridge.db.engine import reading
from fairlead_bridge.settings import Settings
from fairlead_bridge.workers.steps import now


def add(commands: Commands) -> None:
    parser = command(commands, "status", "show how far everything is", _status)
    option(parser, "sinks_file")
    parser.add_argument("--json", action="store_true", help="for programs")


def _status(settings: Settings, arguments: argparse.Namespace) -> int:
    targets = build_sinks(settings)
    names = [target.name for target in targets]
    with database(settings) as engine, reading(engine) as tx:
        received = inbox.counts(tx)
        by_sink = outbox.counts(tx, names, now())
    if arguments.json:
        answer = {
            "inbox": _with_times(received, "last_received_at", "oldest_waiting_at"),
            "sinks": {
                name: _with_times(count, "oldest_waiting_at", "told_at", "rests_until")
                for name, count in by_sink.items()
            },
        }
        say(json.dumps(answer, indent=2))
        return OK
    say(
        f"received     {received.received:>10}   last {_time(received.last_received_at) or 'never'}"
    )
    since = f"   oldest {_time(received.oldest_waiting_at)}" if received.waiting else ""
    say(f"waiting      {received.waiting:>10}{since}")
    say(f"quarantined  {received.quarantined:>10}")
    say("")
    say_counts(by_sink)
    return OK


def say_counts(by_sink: Mapping[str, outbox.Count]) -> None:
    """A line for each sink."""
    if not by_sink:
        say("no sinks")
        return
    width = max(map(len, [*by_sink, "sink"]))
    say(f"{'sink':<{width}}  {'waiting':>9} {'rejected':>9} {'in sync':>9}  last error")
    for name, count in by_sink.items():
        numbers = f"{count.waiting:>9} {count.rejected:>9} {count.in_sync:>9}"
        say(f"{name:<{width}}  {numbers}  {count.last_error or ''}")


def _with_times(counts: inbox.Counts | outbox.Count, *times: str) -> dict[str, object]:
    return dataclasses.asdict(counts) | {name: _time(getattr(counts, name)) for name in times}


def _time(at: int | None) -> str | None:
    return None if at is None else datetime.fromtimestamp(at / 1e6, UTC).isoformat()
