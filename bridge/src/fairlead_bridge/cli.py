"""`fairlead-bridge`: serve, migrate, replay, import, status, names, sinks."""

from __future__ import annotations

import argparse
import dataclasses
import errno
import json
import signal
import socket
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import sqlalchemy as sa
import uvicorn

from fairlead_bridge import flow, inbox, outbox, telemetry
from fairlead_bridge.app import (
    build,
    build_database,
    build_normaliser,
    build_sinks,
    build_translator,
)
from fairlead_bridge.catalog import spellings
from fairlead_bridge.db import tables
from fairlead_bridge.db.engine import one_absorber, reading, writing
from fairlead_bridge.db.migrate import migrate
from fairlead_bridge.errors import BadSettings, FairleadError
from fairlead_bridge.importing.airflow import Airflow
from fairlead_bridge.importing.history import bring
from fairlead_bridge.mapping import duplicates, schema
from fairlead_bridge.settings import Settings, load
from fairlead_bridge.sinks import Target, interests
from fairlead_bridge.telemetry import Line
from fairlead_bridge.workers import Absorb, Workers, now

#: What the program ends with: done; it failed; it was told something wrong.
OK, FAILED, MISTOLD = 0, 1, 2

_SETTINGS = (
    "host",
    "port",
    "database_url",
    "sinks_file",
    "identity_rules",
    "log_level",
    "log_format",
)
#: What a rebuilt catalog is made from, and what sinks have been told.
_NOT_CATALOG = (
    tables.event,
    tables.waiting,
    tables.quarantine,
    tables.delivery,
    tables.sink,
)
_ROLES = ("intake", "absorb", "deliver")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns the program's exit code."""
    arguments = _parser().parse_args(argv)
    given = {name: getattr(arguments, name, None) for name in (*_SETTINGS, *_ROLES)}
    try:
        settings = load(given)
        telemetry.configure_logging(settings.log_level, settings.log_format)
        code: int = arguments.run(settings, arguments)
    except BadSettings as error:
        return _complain(str(error), MISTOLD)
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


def _complain(message: str, code: int) -> int:
    for line in message.splitlines():
        sys.stderr.write(f"fairlead-bridge: {line}\n")
    return code


# --- what can be asked for ------------------------------------------------------------------


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="fairlead-bridge",
        description="Receives OpenLineage events, keeps a catalog of them, tells other catalogs.",
        epilog="Every setting can be given as an environment variable: --database-url as "
        "FAIRLEAD_DATABASE_URL, and so on.",
    )
    parser.add_argument("--version", action="version", version=version("fairlead-bridge"))
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    serve = _command(commands, "serve", "run the bridge", _serve)
    for name in ("host", "port"):
        _setting(serve, name)
    _setting(serve, "sinks_file")
    _setting(serve, "identity_rules")
    for role in _ROLES:
        about = Settings.model_fields[role].description
        serve.add_argument(f"--{role}", action="store_true", default=None, help=about)

    _command(commands, "migrate", "create the database, or bring it up to date", _migrate)

    replay = _command(commands, "replay", "absorb received events again", _replay)
    _setting(replay, "sinks_file")
    _setting(replay, "identity_rules")
    which = replay.add_mutually_exclusive_group()
    which.add_argument(
        "--quarantined", action="store_true", help="only those that were not understood"
    )
    which.add_argument(
        "--rebuild", action="store_true", help="empty the catalog first, and fill it from the log"
    )
    replay.add_argument(
        "--force", action="store_true", help="rebuild even where the log has lost its beginning"
    )

    history = _command(commands, "import", "bring history from elsewhere into the log", _import)
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
    history.add_argument("--page", type=int, default=100, help="rows asked for at once")
    history.add_argument("--pause", type=float, default=0.05, help="seconds between two questions")

    status = _command(commands, "status", "show how far everything is", _status)
    _setting(status, "sinks_file")
    status.add_argument("--json", action="store_true", help="for programs")

    names = _command(
        commands, "names", "what the rules of identity would join; changes nothing", _names
    )
    _setting(names, "identity_rules")

    sinks = _command(commands, "sinks", "look after the catalogs that are told", _sinks)
    _setting(sinks, "sinks_file")
    sinks.add_argument(
        "action",
        choices=("status", "check", "retry", "retell", "forget"),
        help="status: how far each is; check: try address, credentials and the naming map, without "
        "sending anything; retry: what was rejected; retell: everything; forget: a sink that the "
        "settings no longer have, and what it was owed",
    )
    sinks.add_argument("name", nargs="?", help="one sink; without it, all")
    return parser


def _command(commands: Any, name: str, about: str, run: Any) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(name, help=about, description=about)
    parser.set_defaults(run=run)
    for setting in ("database_url", "log_level", "log_format"):
        _setting(parser, setting)
    return parser


def _setting(parser: argparse.ArgumentParser, name: str) -> None:
    field = Settings.model_fields[name]
    default = f" (default: {field.default})" if field.default is not None else ""
    parser.add_argument(
        f"--{name.replace('_', '-')}",
        default=None,
        help=f"{field.description or name.replace('_', ' ')}{default}",
    )


# --- serve ----------------------------------------------------------------------------------


def _serve(settings: Settings, _arguments: argparse.Namespace) -> int:
    with _listen(settings) as listener:
        works = {"absorb", "deliver"} & set(settings.roles) or settings.kafka_servers
        workers = Workers(settings) if works else None
        app = build(settings, workers.wake, lambda: workers.metrics) if workers else build(settings)
        server = _Server(
            uvicorn.Config(
                app,
                log_config=None,
                access_log=False,
                server_header=False,
                timeout_graceful_shutdown=10,
                timeout_keep_alive=60,
            ),
            app.hang_up,
        )
        _greet(settings, listener)
        with _workers(workers), _quiet_signals():
            server.run(sockets=[listener])
    telemetry.say(Line.STOPPED)
    return OK


class _Server(uvicorn.Server):
    """A server that says so before it waits for open answers to end."""

    def __init__(self, config: uvicorn.Config, stopping: Callable[[], None]) -> None:
        super().__init__(config)
        self._stopping = stopping

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._stopping()
        await super().shutdown(sockets)


def _greet(settings: Settings, listener: socket.socket) -> None:
    address, port = listener.getsockname()[:2]
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    telemetry.say(Line.STARTED, url=f"http://{host}:{port}", roles=",".join(settings.roles))
    local = address.startswith("127.") or address == "::1"
    if "intake" in settings.roles and not settings.api_keys and not local:
        telemetry.say(Line.OPEN_INTAKE, hint="anyone may send events: set FAIRLEAD_API_KEYS")


def _listen(settings: Settings) -> socket.socket:
    """A listening socket, taken before anything else is begun."""
    try:
        (family, _, _, _, address), *_ = socket.getaddrinfo(
            settings.host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
        return socket.create_server(address, family=family, backlog=2048)
    except OSError as error:
        raise BadSettings(
            f"cannot listen on {settings.host}:{settings.port}: {_reason(error)}; "
            "choose another with --host and --port, or FAIRLEAD_HOST and FAIRLEAD_PORT"
        ) from error


def _reason(error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return "another program listens there"
    return error.strerror or str(error)


@contextmanager
def _workers(workers: Workers | None) -> Iterator[None]:
    if workers:
        workers.start()
    try:
        yield
    finally:
        if workers:
            workers.stop()


@contextmanager
def _quiet_signals() -> Iterator[None]:
    """uvicorn stops on SIGINT and SIGTERM, then raises them again; once it has stopped, so what."""
    before = {
        number: signal.signal(number, lambda *_: None) for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


# --- the others -----------------------------------------------------------------------------


@contextmanager
def _database(settings: Settings) -> Iterator[sa.Engine]:
    engine = build_database(settings)
    try:
        yield engine
    finally:
        engine.dispose()


def _migrate(settings: Settings, _arguments: argparse.Namespace) -> int:
    with _database(settings) as engine:
        _print(f"The database's schema is up to date: {migrate(engine)}")
    return OK


def _replay(settings: Settings, arguments: argparse.Namespace) -> int:
    targets = build_sinks(settings)
    with _database(settings) as engine:
        with writing(engine) as tx:
            one_absorber(tx)
            if arguments.rebuild:
                _empty_catalog(tx, arguments.force)
            waiting = inbox.replay(tx, quarantined=arguments.quarantined)
        _print(f"{waiting} events to absorb")
        translate = build_translator(settings)
        _absorb_all(Absorb(engine, translate, interests(targets), settings.absorb_batch))
        with reading(engine) as tx:
            left = inbox.counts(tx)
        _print(f"Done; {left.waiting} wait, {left.quarantined} are in quarantine")
    return OK


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
    with _database(settings) as engine:
        steps = bring(engine, airflow, arguments.namespace, now, arguments.dag, arguments.since)
        try:
            for step in steps:
                seen += 1
                new += step.new
                _progress(seen, total, step.dag_id)
        finally:
            _progress(seen, total, None)
            _print(f"{seen} DAG runs looked at, {new} new events kept; `serve` absorbs them")
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


def _empty_catalog(tx: sa.Connection, force: bool) -> None:
    if not (force or inbox.is_whole(tx)):
        raise BadSettings(
            "the log has lost its oldest events to retention, so the catalog cannot be rebuilt "
            "whole; --force rebuilds it from what is left"
        )
    for table in tables.metadata.sorted_tables:
        if table not in _NOT_CATALOG:
            tx.execute(sa.delete(table))


def _absorb_all(absorb: Absorb) -> None:
    total = 0
    told = 0
    while count := absorb():
        total += count
        if total - told >= 10_000:
            told = total
            _print(f"{total} absorbed")


def _status(settings: Settings, arguments: argparse.Namespace) -> int:
    targets = build_sinks(settings)
    names = [target.name for target in targets]
    with _database(settings) as engine, reading(engine) as tx:
        room = inbox.counts(tx)
        owed = outbox.counts(tx, names, now())
    if arguments.json:
        told = {
            "inbox": dataclasses.asdict(room) | {"last_received_at": _time(room.last_received_at)},
            "sinks": {
                name: dataclasses.asdict(count)
                | {
                    key: _time(getattr(count, key))
                    for key in ("oldest_waiting_at", "told_at", "rests_until")
                }
                for name, count in owed.items()
            },
        }
        _print(json.dumps(told, indent=2))
        return OK
    _print(f"received     {room.received:>10}   last {_time(room.last_received_at) or 'never'}")
    _print(f"waiting      {room.waiting:>10}")
    _print(f"quarantined  {room.quarantined:>10}")
    _print("")
    _print_owed(owed)
    return OK


def _print_owed(owed: Mapping[str, outbox.Count]) -> None:
    if not owed:
        _print("no sinks")
        return
    width = max(map(len, [*owed, "sink"]))
    _print(f"{'sink':<{width}}  {'waiting':>9} {'rejected':>9} {'in sync':>9}  last error")
    for name, count in owed.items():
        numbers = f"{count.waiting:>9} {count.rejected:>9} {count.in_sync:>9}"
        _print(f"{name:<{width}}  {numbers}  {count.last_error or ''}")


def _names(settings: Settings, _arguments: argparse.Namespace) -> int:
    normalise = build_normaliser(settings)
    with _database(settings) as engine, reading(engine) as tx:
        names = spellings.spellings(tx)
        bodies = spellings.schemas(tx)
    merges = duplicates.would_merge(names, normalise)
    _print(f"{len(names)} names; the rules join {len(merges)} groups of them")
    for merge in merges:
        _print(f"\n{merge.identity.namespace} {merge.identity.name}")
        for namespace, name in merge.names:
            _print(f"    {namespace} {name}")
    columns = {
        name: frozenset().union(*map(schema.columns, found)) for name, found in bodies.items()
    }
    for alike in duplicates.possible_duplicates(columns):
        _print("\npossibly one dataset; a rule can say so:")
        for namespace, name in alike:
            _print(f"    {namespace} {name}")
    return OK


def _sinks(settings: Settings, arguments: argparse.Namespace) -> int:
    targets = build_sinks(settings)
    if arguments.action == "forget":
        return _forget_sink(settings, targets, arguments.name)
    chosen = [target for target in targets if arguments.name in (None, target.name)]
    if not chosen:
        known = ", ".join(target.name for target in targets) or "none"
        raise BadSettings(f"no such sink: {arguments.name or 'any'}; there are: {known}")
    with _database(settings) as engine:
        if arguments.action == "status":
            with reading(engine) as tx:
                _print_owed(outbox.counts(tx, [target.name for target in chosen], now()))
            return OK
        if arguments.action == "check":
            return max([_check(engine, target) for target in chosen])
        for target in chosen:
            with writing(engine) as tx:
                if arguments.action == "retry":
                    count = outbox.retry_rejected(tx, target.name, now())
                    _print(f"{target.name}: {count} rejected entries will be told again")
                else:
                    outbox.retell(tx, target.name, target.kinds, now())
                    _print(f"{target.name}: will be told everything again")
    return OK


def _forget_sink(settings: Settings, targets: Sequence[Target], name: str | None) -> int:
    if name is None or name in {target.name for target in targets}:
        raise BadSettings("name one sink that the settings no longer have")
    with _database(settings) as engine, writing(engine) as tx:
        count = outbox.drop_sink(tx, name)
    _print(f"{name}: {count} entries forgotten")
    return OK


def _check(engine: sa.Engine, target: Target) -> int:
    try:
        found = target.sink.probe()
    except FairleadError as error:
        _print(f"{target.name}: {error}")
        return FAILED
    for sentence in [*found, *flow.rehearse(engine, target)]:
        _print(f"{target.name}: {sentence}")
    return OK


def _time(at: int | None) -> str | None:
    return None if at is None else datetime.fromtimestamp(at / 1e6, UTC).isoformat()


def _print(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    with suppress(ValueError):
        sys.stdout.flush()
