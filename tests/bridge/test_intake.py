"""The door for events, as a client sees it: a real server on a free port, a real database."""

from __future__ import annotations

import gzip
import http.client
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import uvicorn
import zstandard

from fairlead_bridge import inbox
from fairlead_bridge.app import build
from fairlead_bridge.db.engine import open_database, reading, writing
from fairlead_bridge.settings import Settings
from tests.support.waiting import HANG, until

EVENT = b'{"eventType":"START","eventTime":"2026-11-01T10:00:00Z","run":{"runId":"%d"}}'


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes
    headers: dict[str, str]


@dataclass(frozen=True)
class Bridge:
    port: int
    database: sa.Engine

    def send(
        self,
        body: bytes,
        path: str = "/api/v1/lineage",
        method: str = "POST",
        **headers: str,
    ) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=HANG)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        try:
            connection.request(method, path, body, {"content-type": "application/json"} | named)
            answer = connection.getresponse()
            headers = {name.lower(): value for name, value in answer.getheaders()}
            return Answer(answer.status, answer.read(), headers)
        finally:
            connection.close()

    def kept(self) -> list[bytes]:
        with reading(self.database) as tx:
            return [arrival.body for arrival in inbox.claim(tx, 10_000)]


@contextmanager
def serving(url: str, **given: Any) -> Iterator[Bridge]:
    app = build(Settings(database_url=url, intake=True, **given))
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, timeout_graceful_shutdown=5))
    listener = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=server.run, args=([listener],))
    thread.start()
    database = open_database(url)
    try:
        yield Bridge(listener.getsockname()[1], database)
    finally:
        server.should_exit = True
        thread.join()
        listener.close()
        database.dispose()


@pytest.fixture
def bridge(db_url: str) -> Iterator[Bridge]:
    with serving(db_url, max_body_bytes=100_000) as running:
        yield running


def test_an_event_is_durable_when_it_is_answered(bridge: Bridge) -> None:
    answer = bridge.send(EVENT % 1)
    assert (answer.status, answer.body) == (201, b"")
    assert bridge.kept() == [EVENT % 1]


@pytest.mark.parametrize(
    ("encoding", "pack"),
    [
        ("gzip", gzip.compress),
        ("GZIP", lambda body: gzip.compress(body[:9]) + gzip.compress(body[9:])),
        ("deflate", zlib.compress),
        ("zstd", zstandard.compress),
        ("zstd", lambda body: zstandard.compress(body[:9]) + zstandard.compress(body[9:])),
        ("gzip, zstd", lambda body: zstandard.compress(gzip.compress(body))),
        ("identity", bytes),
    ],
)
def test_compressed_events_are_stored_as_they_were(
    bridge: Bridge, encoding: str, pack: Callable[[bytes], bytes]
) -> None:
    assert bridge.send(pack(EVENT % 1), content_encoding=encoding).status == 201
    assert bridge.kept() == [EVENT % 1]


def test_a_batch_is_taken_apart_and_answered_without_a_body(bridge: Bridge) -> None:
    body = b"[%s,\n %s]" % (EVENT % 1, EVENT % 2)
    answer = bridge.send(body, "/api/v1/lineage/batch")
    assert (answer.status, answer.body) == (204, b"")
    assert bridge.kept() == [EVENT % 1, EVENT % 2]


def test_an_array_at_the_endpoint_for_one_is_taken_apart_too(bridge: Bridge) -> None:
    assert bridge.send(b" [%s,%s]" % (EVENT % 1, EVENT % 2)).status == 201
    assert bridge.kept() == [EVENT % 1, EVENT % 2]


def test_a_batch_is_answered_which_of_its_parts_are_no_events_and_all_are_stored(
    bridge: Bridge,
) -> None:
    answer = bridge.send(b'[%s, 7, "x"]' % (EVENT % 1), "/api/v1/lineage/batch")
    assert answer.status == 200
    answered = json.loads(answer.body)
    assert answered["status"] == "partial_success"
    assert answered["summary"] == {
        "received": 3,
        "successful": 1,
        "failed": 2,
        "retriable": 0,
        "non_retriable": 2,
    }
    assert [(item["index"], item["retriable"]) for item in answered["failed_events"]] == [
        (1, False),
        (2, False),
    ]
    assert bridge.kept() == [EVENT % 1, b"7", b'"x"']


@pytest.mark.parametrize("body", [b"not json", b"", b"[", b"\xff\xfe", b"null"])
def test_a_body_that_means_nothing_is_stored_for_a_person(bridge: Bridge, body: bytes) -> None:
    assert bridge.send(body).status == 201
    assert bridge.kept() == [body]


@pytest.mark.parametrize("encoding", ["gzip", "zstd", "br"])
def test_a_body_that_cannot_be_unpacked_is_stored_for_a_person(
    bridge: Bridge, encoding: str
) -> None:
    assert bridge.send(b"no such thing", content_encoding=encoding).status == 201
    assert bridge.kept() == [b"no such thing"]


def test_an_empty_batch_is_nothing(bridge: Bridge) -> None:
    assert bridge.send(b"[]", "/api/v1/lineage/batch").status == 204
    assert bridge.kept() == []


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.compress])
def test_a_bomb_is_refused_before_it_is_unpacked(
    bridge: Bridge, pack: Callable[[bytes], bytes]
) -> None:
    name = "gzip" if pack is gzip.compress else "zstd"
    bomb = pack(b" " * 50_000_000)
    assert len(bomb) < 100_000
    answer = bridge.send(bomb, content_encoding=name)
    assert answer.status == 413
    assert json.loads(answer.body) == {"detail": "The body is larger than 100000 bytes."}
    assert bridge.kept() == []


def test_a_body_that_is_too_large_is_refused_unread(bridge: Bridge) -> None:
    assert bridge.send(b"x" * 100_001).status == 413
    assert bridge.send(b"x" * 100_000).status == 201


def test_a_body_in_pieces_is_one_body(bridge: Bridge) -> None:
    with socket.create_connection(("127.0.0.1", bridge.port)) as wire:
        wire.sendall(
            b"POST /api/v1/lineage HTTP/1.1\r\nhost: b\r\ntransfer-encoding: chunked\r\n\r\n"
        )
        for part in (b'{"a":', b"1}"):
            wire.sendall(b"%x\r\n%s\r\n" % (len(part), part))
            time.sleep(0.05)
        wire.sendall(b"0\r\n\r\n")
        assert wire.recv(1000).startswith(b"HTTP/1.1 201")
    assert bridge.kept() == [b'{"a":1}']


def test_a_sender_that_goes_away_in_the_middle_sent_nothing(bridge: Bridge) -> None:
    with socket.create_connection(("127.0.0.1", bridge.port)) as wire:
        wire.sendall(b'POST /api/v1/lineage HTTP/1.1\r\nhost: b\r\ncontent-length: 99\r\n\r\n{"a":')
        time.sleep(0.1)
    assert bridge.send(EVENT % 1).status == 201
    assert bridge.kept() == [EVENT % 1]


def test_other_methods_hear_which_one_to_use(bridge: Bridge) -> None:
    for method, path, allowed in (
        ("PUT", "/api/v1/lineage", "GET, POST"),
        ("GET", "/api/v1/lineage/batch", "POST"),
    ):
        answer = bridge.send(b"", path, method)
        assert (answer.status, answer.headers["allow"]) == (405, allowed)


def test_where_keys_are_set_only_those_who_know_one_may_send(db_url: str) -> None:
    with serving(db_url, api_keys="first,second") as bridge:
        for sent in ({}, {"authorization": "Bearer third"}, {"authorization": "Basic first"}):
            answer = bridge.send(EVENT % 1, **sent)
            assert (answer.status, answer.headers["www-authenticate"]) == (401, "Bearer")
        assert bridge.kept() == []
        assert bridge.send(EVENT % 1, authorization="Bearer second").status == 201
        assert bridge.send(EVENT % 2, authorization="bearer first").status == 201


def test_what_a_busy_database_cannot_take_is_not_acknowledged(tmp_path: Path) -> None:
    with serving(f"sqlite:///{tmp_path}/b.db") as bridge:
        with writing(bridge.database) as tx:
            tx.exec_driver_sql("ALTER TABLE event RENAME TO away")
        answer = bridge.send(EVENT % 1)
        assert (answer.status, answer.headers["retry-after"]) == (503, "1")
        with writing(bridge.database) as tx:
            tx.exec_driver_sql("ALTER TABLE away RENAME TO event")
        assert bridge.kept() == []
        assert bridge.send(EVENT % 1).status == 201
        assert bridge.kept() == [EVENT % 1]


def test_too_many_waiting_events_are_sent_back_for_later(tmp_path: Path) -> None:
    with serving(f"sqlite:///{tmp_path}/b.db", queue_events=4) as bridge:
        answers: list[int] = []

        def send(number: int) -> None:
            answers.append(bridge.send(b"[%s,%s]" % (EVENT % number, EVENT % -number)).status)

        with writing(bridge.database):  # the committer has to wait for this one
            threads = [threading.Thread(target=send, args=(n,)) for n in range(1, 9)]
            for thread in threads:
                thread.start()
            while len(answers) < 6:
                time.sleep(0.01)
        for thread in threads:
            thread.join()
        assert sorted(answers) == [201] * 2 + [503] * 6
        assert len(bridge.kept()) == 4


def test_a_batch_beyond_the_queue_is_taken_when_nothing_else_waits(tmp_path: Path) -> None:
    with serving(f"sqlite:///{tmp_path}/b.db", queue_events=4) as bridge:
        body = b"[" + b",".join(EVENT % number for number in range(3000)) + b"]"
        assert bridge.send(body, "/api/v1/lineage/batch").status == 204
        assert len(bridge.kept()) == 3000


def test_many_senders_at_once_all_find_their_events_stored(bridge: Bridge) -> None:
    def send(sender: int) -> None:
        for number in range(20):
            assert bridge.send(EVENT % (sender * 100 + number)).status == 201

    threads = [threading.Thread(target=send, args=(sender,)) for sender in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(bridge.kept()) == sorted(
        EVENT % (s * 100 + n) for s in range(8) for n in range(20)
    )


def test_kill_9_loses_no_acknowledged_event(tmp_path: Path) -> None:
    path = tmp_path / "b.db"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "fairlead_bridge", "serve", "--port", str(port)]
    command += ["--database-url", f"sqlite:///{path}", "--log-level", "error"]
    environment = {name: value for name, value in os.environ.items() if "FAIRLEAD_" not in name}
    process = subprocess.Popen(command, env=environment)
    acknowledged: list[bytes] = []

    def send(sender: int) -> None:
        number = 0
        while True:
            number += 1
            body = EVENT % (sender * 1_000_000 + number)
            try:
                if Bridge(port, None).send(body).status == 201:  # type: ignore[arg-type]
                    acknowledged.append(body)
            except OSError:
                if process.poll() is not None:
                    return
                time.sleep(0.02)
            except http.client.HTTPException:
                continue

    threads = [threading.Thread(target=send, args=(sender,)) for sender in range(8)]
    for thread in threads:
        thread.start()
    until(lambda: len(acknowledged) >= 300, "the bridge acknowledged nothing", process)
    process.send_signal(signal.SIGKILL)
    process.wait()
    for thread in threads:
        thread.join()
    assert len(acknowledged) >= 300
    database = sqlite3.connect(path)
    unpacked = zstandard.ZstdDecompressor().decompress
    kept = {unpacked(body) for (body,) in database.execute("SELECT body FROM event")}
    database.close()
    assert set(acknowledged) <= kept


# --- senders that are slow, and those that send too much at once ----------------------------------


def test_a_body_that_does_not_come_is_answered_408(db_url: str) -> None:
    with serving(db_url, body_timeout=0.3) as bridge:
        for sent in (b"", b'{"a":'):
            with socket.create_connection(("127.0.0.1", bridge.port)) as wire:
                wire.sendall(
                    b"POST /api/v1/lineage HTTP/1.1\r\nhost: b\r\ncontent-length: 99\r\n\r\n"
                )
                wire.sendall(sent)
                answer = wire.makefile("rb").read()  # until the server closes
                assert answer.startswith(b"HTTP/1.1 408")
        assert bridge.send(EVENT % 1).status == 201
        assert bridge.kept() == [EVENT % 1]


def test_bodies_beyond_the_limit_for_all_are_sent_back_for_later(db_url: str) -> None:
    with serving(db_url, queue_bytes=50_000) as bridge:
        with socket.create_connection(("127.0.0.1", bridge.port)) as wire:
            head = b"POST /api/v1/lineage HTTP/1.1\r\nhost: b\r\ncontent-length: 40001\r\n\r\n"
            wire.sendall(head + b" " * 40_000)
            while (answer := bridge.send(b" " * 20_000 + EVENT % 1)).status == 201:
                time.sleep(0.01)  # until the server has read what the other sent
            assert (answer.status, answer.headers["retry-after"]) == (503, "1")
            assert bridge.send(EVENT % 2).status == 201
        while bridge.send(b" " * 20_000 + EVENT % 1).status == 503:
            time.sleep(0.01)  # the room is free again when the other has gone


def test_one_body_alone_may_be_larger_than_the_limit(db_url: str) -> None:
    with serving(db_url, queue_bytes=1024) as bridge:
        assert bridge.send(b" " * 20_000 + EVENT % 1).status == 201


def test_the_sender_of_an_event_learns_that_it_goes_to_quarantine(bridge: Bridge) -> None:
    assert "fairlead-quarantined" not in bridge.send(EVENT % 1).headers
    for body, reason in (
        (b"junk", "not JSON"),
        (b"7", "not a JSON object"),
        (b'{"run": {}}', "eventTime is missing"),
        (b'{"eventTime": "2026-11-01T10:00:00Z"}', "neither run, job nor dataset is named"),
        (b"[" * 5000, "not a JSON object"),
        (b'{"a":' * 5000, "nested more than 200 levels deep"),
    ):
        answer = bridge.send(body)
        assert (answer.status, answer.headers["fairlead-quarantined"]) == (201, "1")
        assert reason in answer.headers["fairlead-quarantine-reason"]
    batch = b"[%s, {}, 7, %s]" % (EVENT % 1, (EVENT % 2).replace(b'"2026', b'NaN, "x": "2026'))
    answer = bridge.send(batch, "/api/v1/lineage/batch")
    assert (answer.status, answer.headers["fairlead-quarantined"]) == (200, "2")
    failed = json.loads(answer.body)["failed_events"]
    assert [(item["index"], item["reason"]) for item in failed] == [
        (1, "eventTime is missing; stored in quarantine"),
        (2, "not a JSON object; stored in quarantine"),
    ]
