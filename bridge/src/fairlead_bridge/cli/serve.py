"""`serve`: run the bridge."""

from __future__ import annotations

import argparse
import errno
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager

from fairlead_bridge import telemetry
from fairlead_bridge.app import build
from fairlead_bridge.cli.command import OK, ROLES, Commands, command, option
from fairlead_bridge.cli.server import Server, configuration
from fairlead_bridge.errors import BadSettings
from fairlead_bridge.settings import Settings
from fairlead_bridge.telemetry import Line
from fairlead_bridge.workers.supervisor import Workers


def add(commands: Commands) -> None:
    parser = command(commands, "serve", "run the bridge", _serve)
    for name in ("host", "port", "sinks_file", "notifications_file", "identity_rules"):
        option(parser, name)
    for role in ROLES:
        about = Settings.model_fields[role].description
        parser.add_argument(f"--{role}", action="store_true", default=None, help=about)


def _serve(settings: Settings, _arguments: argparse.Namespace) -> int:
    with _listen(settings) as listener:
        works = {"absorb", "deliver", "monitor"} & set(settings.roles) or settings.kafka_servers
        workers = Workers(settings) if works else None
        app = (
            build(settings, workers.wake, lambda: workers.condition) if workers else build(settings)
        )
        server = Server(
            configuration(
                app,
                settings.root_path,
                settings.max_connections,
                settings.proxy_addresses,
                settings.max_peer_connections,
            ),
            app.hang_up,
        )
        _greet(settings, listener)
        with _workers(workers), _quiet_signals():
            server.run(sockets=[listener])
    telemetry.say(Line.STOPPED)
    return OK


def _greet(settings: Settings, listener: socket.socket) -> None:
    address, port = listener.getsockname()[:2]
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    telemetry.say(
        Line.STARTED,
        url=f"http://{host}:{port}{settings.root_path}",
        roles=",".join(settings.roles),
    )
    local = address.startswith("127.") or address == "::1"
    if "none" in settings.auth and not local:
        telemetry.say(Line.OPEN, hint="everyone who reaches it may read and change everything")


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
