"""A bridge that starts before its database waits for it, and says so."""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from fairlead_bridge import cli
from fairlead_bridge.db.engine import open_database
from fairlead_bridge.db.waiting import until_reachable

STARTING = ("57P03", "the database system is starting up")
WRONG_PASSWORD = ("28P01", 'password authentication failed for user "fairlead"')
NO_DATABASE = ("3D000", 'database "fairlead" does not exist')


@contextmanager
def server(*answers: tuple[str, str]) -> Iterator[str]:
    """Speaks as much of PostgreSQL's protocol as it takes to refuse, each connection with its answer."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            for code, text in answers:
                with listener.accept()[0] as connection:
                    _refuse(connection, code, text)

        threading.Thread(target=serve, daemon=True).start()
        yield f"postgresql://fairlead:hidden@127.0.0.1:{listener.getsockname()[1]}/fairlead"


def _refuse(connection: socket.socket, code: str, text: str) -> None:
    while True:
        size, kind = struct.unpack("!ii", connection.recv(8))
        if kind not in (80877103, 80877104):  # neither TLS nor GSS is asked for
            break
        connection.sendall(b"N")
    connection.recv(size - 8)
    fields = f"SFATAL\0C{code}\0M{text}\0\0".encode()
    connection.sendall(b"E" + struct.pack("!i", 4 + len(fields)) + fields)


@pytest.mark.parametrize("final", [WRONG_PASSWORD, NO_DATABASE])
def test_it_waits_while_the_server_starts_and_not_where_it_refuses_for_good(
    final: tuple[str, str],
) -> None:
    sleeps: list[float] = []
    with server(STARTING, STARTING, final) as url:
        until_reachable(open_database(url), 60, sleeps.append)
    assert len(sleeps) == 2


def test_it_waits_for_a_server_that_is_not_there_no_longer_than_the_limit() -> None:
    started = time.monotonic()
    until_reachable(open_database("postgresql://fairlead@127.0.0.1:9/fairlead"), 1)
    assert 0.5 <= time.monotonic() - started < 30


def test_a_start_without_a_database_says_what_it_waits_for_and_then_why_it_ends(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FAIRLEAD_DATABASE_WAIT", "1")
    url = "postgresql://fairlead:hidden@127.0.0.1:9/fairlead"
    assert cli.main(["serve", "--port", "0", "--database-url", url]) == 2
    output = capsys.readouterr().err
    assert "bridge.database_awaited database=postgresql" in output
    assert "cannot be used" in output
    assert "hidden" not in output


def test_a_file_is_not_waited_for() -> None:
    until_reachable(open_database("sqlite:////nowhere/at/all.db"), 60)
