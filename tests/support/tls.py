"""A server that speaks TLS with a certificate of an authority that no machine trusts."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import trustme

#: Names by which tests reach it, through a proxy.
_NAMES = ("receiver.example",)


@dataclass
class TlsServer:
    """`paths` of the requests that it understood; `authority` is the file of its authority."""

    url: str
    authority: Path
    paths: list[str] = field(default_factory=list)


@contextmanager
def tls_server(folder: Path) -> Iterator[TlsServer]:
    """Answers every POST with 201 and `{}`."""
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1", *_NAMES).configure_cert(context)
    authority.cert_pem.write_to_path(str(folder / "authority.pem"))

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            served.paths.append(self.path)
            self.send_response(201)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.socket = context.wrap_socket(server.socket, server_side=True)
    served = TlsServer(f"https://127.0.0.1:{server.server_port}", folder / "authority.pem")
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield served
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
