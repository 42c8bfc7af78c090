"""A real OpenLineage receiver on a free port, for tests of whatever sends lineage.

with Receiver() as receiver:
    run_my_pipeline(url=receiver.url)
    assert [e["eventType"] for e in receiver.wait_for(2)] == ["START", "COMPLETE"]
"""

from __future__ import annotations

import gzip
import json
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from fairlead_sdk.documents import Json

Answer = tuple[int, dict[str, str], Any]
"""Status, headers and JSON body, or None for no body."""

Responder = Callable[[str, list[dict[str, object]]], Answer]
"""What a receiver answers to a request: (path, events) -> Answer."""


def healthy(path: str, events: list[dict[str, object]]) -> Answer:
    """Takes everything."""
    return (204 if path.endswith("batch") else 201), {}, None


def _refused(answer: object) -> set[object]:
    rows = answer.get("failed_events") if isinstance(answer, dict) else None
    return {
        row.get("index")
        for row in (rows if isinstance(rows, list) else ())
        if isinstance(row, dict)
    }


class Receiver:
    """Keeps what it accepted in `events`, and every request's path and headers in `requests`."""

    def __init__(self, responder: Responder = healthy, port: int = 0) -> None:
        self.responder = responder
        self.events: list[Json] = []
        self.requests: list[tuple[str, dict[str, str], int]] = []
        self.connections = 0
        self._open: set[socket.socket] = set()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self) -> None:
                super().setup()
                receiver.connections += 1
                receiver._open.add(self.connection)

            def finish(self) -> None:
                receiver._open.discard(self.connection)
                super().finish()

            def do_POST(self) -> None:
                receiver.answer(self)

            def do_GET(self) -> None:
                receiver.requests.append((self.path, dict(self.headers), 0))
                runs = [{"run_id": e.get("run", {}).get("runId")} for e in receiver.events]
                payload = json.dumps({"status": "ok", "items": runs, "next": None}).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(payload)))
                self.end_headers()
                self.wfile.write(payload)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        body = request.rfile.read(int(request.headers["Content-Length"]))
        if request.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        data = json.loads(body)
        events = data if isinstance(data, list) else [data]
        self.requests.append((request.path, dict(request.headers), len(events)))
        status, headers, answer = self.responder(request.path, events)
        if status < 300:
            refused = _refused(answer)
            self.events += [e for i, e in enumerate(events) if i not in refused]
        payload = b"" if answer is None else json.dumps(answer).encode()
        request.send_response(status)
        for name, value in headers.items():
            request.send_header(name, value)
        if status != 204:
            request.send_header("Content-Length", str(len(payload)))
        request.end_headers()
        request.wfile.write(payload)

    def __enter__(self) -> Receiver:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        # Connections that clients keep open would otherwise stay open.
        for connection in list(self._open):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def wait_for(self, count: int, seconds: float = 20.0) -> list[Json]:
        """The accepted events, once there are `count`; AssertionError after `seconds`."""
        end = time.monotonic() + seconds
        while len(self.events) < count and time.monotonic() < end:
            time.sleep(0.02)
        if len(self.events) < count:
            raise AssertionError(f"{len(self.events)} of {count} events arrived")
        return self.events
