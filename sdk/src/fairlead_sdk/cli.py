"""`fairlead spool ...`: look at a spool, deliver it, replay what was rejected. `fairlead sql ...`: read SQL."""

from __future__ import annotations

import argparse
import json
import logging
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime

from fairlead_sdk import cli_check, cli_sql
from fairlead_sdk.delivery import Deliverer, read_tally, stop_on_signals
from fairlead_sdk.documents import Json
from fairlead_sdk.private import check_folder, make_folder
from fairlead_sdk.settings import Settings, resolve_folder


def main(arguments: Sequence[str] | None = None) -> int:
    """The console script. 0 on success, 1 where events are left, 2 for wrong use."""
    options = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    try:
        if "command" in options:
            return int(options.command(options))
        return int(options.run(_settings(options), options))
    except ValueError as error:
        print(f"fairlead: {error}", file=sys.stderr)  # noqa: T201
        return 2
    except OSError as error:  # the spool's disk: full, read-only, failing
        print(f"fairlead: {error}", file=sys.stderr)  # noqa: T201
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="fairlead", description=__doc__)
    parts = parser.add_subparsers(required=True, metavar="command")
    cli_sql.add_parser(parts)
    cli_check.add_parser(parts)
    spool = parts.add_parser("spool", help="the events on this host's disk")
    commands = spool.add_subparsers(required=True, metavar="command")
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--spool", help="the folder (default: $FAIRLEAD_SPOOL or the user's state)")
    receiver = argparse.ArgumentParser(add_help=False)
    receiver.add_argument(
        "--url",
        help="the receiver (default: $FAIRLEAD_URL); the API key is read from $FAIRLEAD_API_KEY",
    )
    receiver.add_argument(
        "--transport", help="JSON of an OpenLineage transport to deliver through instead"
    )

    deliver = commands.add_parser(
        "deliver",
        parents=[common, receiver],
        help="deliver until stopped; for a sidecar or a service",
    )
    deliver.set_defaults(run=_deliver)
    flush = commands.add_parser(
        "flush", parents=[common, receiver], help="deliver what is waiting, then end"
    )
    flush.add_argument("--timeout", type=float, default=60.0, help="seconds (default 60)")
    flush.set_defaults(run=_flush)
    status = commands.add_parser("status", parents=[common], help="what the spool holds")
    status.add_argument("--json", action="store_true")
    status.set_defaults(run=_status)
    replay = commands.add_parser(
        "replay", parents=[common], help="spool every rejected event once more"
    )
    replay.set_defaults(run=_replay)
    return parser


def _settings(options: argparse.Namespace) -> Settings:
    settings = Settings.from_environment()
    if options.spool:
        settings = replace(settings, spool=resolve_folder(options.spool))
    if transport := getattr(options, "transport", None):
        settings = replace(settings, destination={"transport": json.loads(transport)})
    elif url := getattr(options, "url", None):
        rest = {k: v for k, v in settings.destination.items() if k != "transport"}
        settings = replace(settings, destination={**rest, "url": url})
    return settings


def _deliver(settings: Settings, _: argparse.Namespace) -> int:
    destination = settings.open_destination()
    make_folder(settings.spool)
    check_folder(settings.spool)
    spool = settings.open_spool()
    deliverer = Deliverer(spool, destination, fingerprint=settings.fingerprint)
    stop_on_signals(deliverer)
    while spool.take_delivery() is None:  # one that was started on demand is still at it
        if deliverer.stopped(wait=1.0):
            return 0
    deliverer.run()
    return 0


def _flush(settings: Settings, options: argparse.Namespace) -> int:
    return 0 if flush(settings, options.timeout) else 1


def flush(settings: Settings, timeout: float) -> bool:
    """Deliver what is waiting within `timeout` seconds, here or by the running deliverer.

    False where something is left.
    """
    spool = settings.open_spool()
    if spool.is_empty():
        return True
    destination = settings.open_destination()
    deliverer = Deliverer(spool, destination, fingerprint=settings.fingerprint)
    end = time.monotonic() + timeout
    while (lock := spool.take_delivery()) is None:
        if spool.is_empty() or time.monotonic() >= end:
            return spool.is_empty()
        time.sleep(0.05)
    try:
        while not spool.is_empty() and time.monotonic() < end:
            deliverer.pass_once(end)
    finally:
        spool.release_delivery(lock)
    return spool.is_empty()


def _status(settings: Settings, options: argparse.Namespace) -> int:
    rows = status(settings)
    if options.json:
        print(json.dumps(rows))  # noqa: T201
    else:
        for name, value in rows.items():
            print(f"{name:20} {'-' if value is None else value}")  # noqa: T201
    return 1 if rows["waiting"] else 0


def status(settings: Settings) -> Json:
    """What the spool holds and what its deliverer last did, as JSON values."""
    spool = settings.open_spool()
    state = spool.status()
    rows = asdict(state) | {"oldest": state.oldest.isoformat() if state.oldest else None}
    tally = read_tally(settings.spool)
    wanted = settings.fingerprint if settings.destination else spool.wanted_destination()
    noted = tally.pop("destination", "")
    if noted and wanted and noted != wanted:  # an error of another address explains nothing
        tally |= {"last_error": None, "last_error_at": None}
    return rows | {f"deliverer_{k}": v for k, v in tally.items()}


def _replay(settings: Settings, _: argparse.Namespace) -> int:
    count = settings.open_spool().replay_rejected(datetime.now(UTC))
    print(f"{count} events are waiting again")  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())
