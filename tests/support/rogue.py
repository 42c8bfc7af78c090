"""A server that answers in bytes of its own choosing, as no proper one would."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from socket import SHUT_RDWR, socket

Script = Callable[[socket, threading.Event, bytes], None]
"""Writes an answer to the connection; the event says that the test is over, the bytes are the request."""


@contextmanager
def rogue(script: Script) -> Iterator[str]:
    """The address of a server that reads a request and then plays the script."""
    over = threading.Event()
    connections: list[socket] = []

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            connections.append(self.request)
            with suppress(OSError):
                script(self.request, over, self.request.recv(65536))

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        allow_reuse_address = True

    with Server(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            over.set()
            for connection in connections:
                with suppress(OSError):
                    connection.shutdown(SHUT_RDWR)
            server.shutdown()
            thread.join()


def saying(answer: bytes) -> Script:
    """Answers this and closes."""

    def script(connection: socket, _: threading.Event, __: bytes) -> None:
        connection.sendall(answer)

    return script


def dripping(head: bytes, drop: bytes) -> Script:
    """Answers `head`, and then `drop` again and again, for ever."""

    def script(connection: socket, over: threading.Event, _: bytes) -> None:
        connection.sendall(head)
        while not over.wait(0.02):
            connection.sendall(drop)

    return script


def flooding(head: bytes, flood: bytes) -> Script:
    """Answers `head`, and then `flood` again and again, as fast as it can."""

    def script(connection: socket, over: threading.Event, _: bytes) -> None:
        connection.sendall(head)
        while not over.is_set():
            connection.sendall(flood)

    return script


def http(status: str, body: bytes, *headers: str) -> bytes:
    """A whole answer."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body
