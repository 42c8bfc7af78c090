"""A small HTTP proxy: it fetches what is asked for, opens tunnels, and remembers both."""

from __future__ import annotations

import http.client
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit


@dataclass
class Proxy:
    """`asked` has the method and the target of each request that came through it."""

    url: str
    asked: list[tuple[str, str]] = field(default_factory=list)


@contextmanager
def http_proxy() -> Iterator[Proxy]:
    """A proxy on this machine; names ending in `.example` lead to this machine, too."""

    class Handler(BaseHTTPRequestHandler):
        def do_CONNECT(self) -> None:
            proxy.asked.append(("CONNECT", self.path))
            host, _, port = self.path.rpartition(":")
            with socket.create_connection((_leads_to(host), int(port)), timeout=30) as other:
                self.send_response(200)
                self.end_headers()
                self.wfile.flush()
                back = threading.Thread(target=_copy, args=(other, self.connection), daemon=True)
                back.start()
                _copy(self.connection, other)
                back.join()
            self.close_connection = True

        def do_POST(self) -> None:
            self._forward()

        def do_GET(self) -> None:
            self._forward()

        def _forward(self) -> None:
            proxy.asked.append((self.command, self.path))
            parts = urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            there = http.client.HTTPConnection(
                _leads_to(parts.hostname or ""), parts.port or 80, timeout=30
            )
            there.request(self.command, parts.path, body, dict(self.headers))
            answer = there.getresponse()
            found = answer.read()
            self.send_response(answer.status)
            self.send_header("Content-Length", str(len(found)))
            self.end_headers()
            self.wfile.write(found)
            there.close()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    proxy = Proxy(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield proxy
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _leads_to(host: str) -> str:
    return "127.0.0.1" if host.endswith(".example") else host


def _copy(source: socket.socket, target: socket.socket) -> None:
    try:
        while part := source.recv(1 << 14):
            target.sendall(part)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        return  # one of the two has gone
