"""What the strict fakes have in common: real HTTP on a free port, and trouble when asked for."""

from __future__ import annotations

import gzip
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit


@dataclass(frozen=True)
class Request:
    method: str
    path: str  # decoded
    query: dict[str, str]
    headers: dict[str, str]  # names in lower case
    body: bytes
    pairs: tuple[tuple[str, str], ...] = ()  # of the query, where a name may come twice

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Answer:
    status: int
    body: Any = None  # JSON, or text if it is a str
    headers: dict[str, str] = field(default_factory=dict)


class Cut:
    """Close the connection without an answer; `after` says whether the request is carried out first."""

    def __init__(self, *, after: bool) -> None:
        self.after = after


Trouble = Answer | Cut | None


class Fake:
    """
    A vendor's server. `answer` is the vendor's rules; `trouble` is asked before each request and
    may answer instead of it, or cut the connection.
    """

    def __init__(self) -> None:
        self.seen: list[Request] = []
        self.trouble: Callable[[Request], Trouble] = lambda _: None
        self.token: str | None = None
        self.lock = threading.Lock()
        self.url = ""
        self.delay = 0.0
        self.at_once = 0  # the most requests that were under way together
        self.clashes: list[object] = []  # what two requests wrote at once
        self._under_way: list[object] = []

    def answer(self, request: Request) -> Answer:
        raise NotImplementedError

    def writes(self, request: Request) -> object:
        """What the request writes, where two at once would undo each other; None where that is fine."""
        return None

    @contextmanager
    def under_way(self, request: Request) -> Iterator[None]:
        written = self.writes(request)
        with self.lock:
            if written is not None and written in self._under_way:
                self.clashes.append(written)
            self._under_way.append(written)
            self.at_once = max(self.at_once, len(self._under_way))
        try:
            if self.delay:
                time.sleep(self.delay)
            yield
        finally:
            with self.lock:
                self._under_way.remove(written)

    def take(self, request: Request) -> Answer | Cut:
        with self.lock:
            self.seen.append(request)
            trouble = self.trouble(request)
            if isinstance(trouble, Answer):
                return trouble
            if self.token and request.headers.get("authorization") != f"Bearer {self.token}":
                return Answer(401, {"message": "Unauthorized"})
            if isinstance(trouble, Cut):
                if trouble.after:
                    self.answer(request)
                return trouble
            return self.answer(request)

    def paths(self) -> list[str]:
        return [f"{request.method} {request.path}" for request in self.seen]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Any

    def _do(self) -> None:
        fake: Fake = self.server.fake
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        parts = urlsplit(self.path)
        pairs = tuple(parse_qsl(parts.query))
        request = Request(
            self.command,
            unquote(parts.path),
            dict(pairs),
            {name.lower(): value for name, value in self.headers.items()},
            body,
            pairs,
        )
        with fake.under_way(request):
            answer = fake.take(request)
        if isinstance(answer, Cut):
            self.close_connection = True
            return
        text = answer.body if isinstance(answer.body, str) else json.dumps(answer.body)
        content = b"" if answer.body is None else text.encode()
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _do  # noqa: N815

    def log_message(self, *_: Any) -> None:
        pass


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 128
    disable_nagle_algorithm = True

    def handle_error(self, *_: Any) -> None:
        pass  # a client that went away


class _QuickHandler(_Handler):
    disable_nagle_algorithm = True
    wbufsize = -1


@contextmanager
def serving(fake: Fake, port: int = 0) -> Iterator[str]:
    """The fake at `http://127.0.0.1:PORT`, until the block ends."""
    server = _Server(("127.0.0.1", port), _QuickHandler)
    server.fake = fake  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    fake.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield fake.url
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
