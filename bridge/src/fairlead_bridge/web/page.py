"""Serves the built page: static files, and the one HTML document for every address of the page."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from html import escape
from pathlib import Path

from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from fairlead_bridge.access.caller import CALLER, refusal

STATIC = Path(__file__).parent.parent / "static"

NOT_BUILT = """<!doctype html><html lang="en"><title>Fairlead</title>
<h1>This bridge was installed without its page</h1>
<p>The API works: see <a href="docs">its description</a>. To get the page, install the bridge again
without <code>FAIRLEAD_SKIP_UI</code>.</p></html>"""

#: Nothing runs, loads or connects that does not come from here; names and errors are only text.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'nonce-{nonce}'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; base-uri 'self'; form-action 'none'; "
    "frame-ancestors 'self'{ancestors}"
)


class Page:
    """
    The page as an ASGI application, to be mounted last, at "/".

    `frame_ancestors` are the origins that may show the page in a frame, such as Airflow's.
    """

    def __init__(self, static: Path = STATIC, frame_ancestors: Sequence[str] = ()) -> None:
        self.document = static / "index.html"
        self.ancestors = "".join(f" {origin}" for origin in frame_ancestors)
        files = StaticFiles(directory=static, check_dir=False)
        self.files: ASGIApp = GZipMiddleware(files, minimum_size=1_000)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            raise HTTPException(404)
        refused = refusal(scope[CALLER], "viewer")
        request = Request(scope)
        mounted = scope.get("root_path", "")
        path = scope["path"].removeprefix(mounted).lstrip("/")
        if path.startswith("api/"):
            response: Response = _no_address(scope, f"/{path}")
        elif refused:
            response = JSONResponse({"detail": refused.detail}, status_code=refused.status)
        elif request.method not in {"GET", "HEAD"}:
            response = JSONResponse({"detail": "The page can only be read."}, status_code=405)
        elif path.startswith("assets/") or path == "favicon.svg":
            await self.files(scope, receive, _dated(send, forever=path != "favicon.svg"))
            return
        else:
            response = self.html(mounted)
        await response(scope, receive, send)

    def html(self, mounted: str) -> Response:
        """The document, with the path where it is mounted and with the nonce that its styles need."""
        nonce = secrets.token_urlsafe(16)
        headers = {
            "Cache-Control": "no-store",
            "Content-Security-Policy": POLICY.format(nonce=nonce, ancestors=self.ancestors),
            "Cross-Origin-Opener-Policy": "same-origin",
            "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
        }
        if not self.document.is_file():
            return HTMLResponse(NOT_BUILT, status_code=404, headers=headers)
        base = (
            f'<base href="{escape(mounted)}/" />\n    <meta name="csp-nonce" content="{nonce}" />'
        )
        text = self.document.read_text(encoding="utf-8")
        return HTMLResponse(text.replace('<base href="/" />', base), headers=headers)


def _no_address(scope: Scope, path: str) -> Response:
    """404, or 405 where the address is there for other methods."""
    allowed = {
        method
        for route in getattr(scope.get("app"), "routes", ())
        if isinstance(route, APIRoute) and route.path_regex.match(path)
        for method in route.methods
    }
    if not allowed:
        return JSONResponse({"detail": "No such address."}, status_code=404)
    named = ", ".join(sorted(allowed))
    detail = f"This address takes {named}."
    return JSONResponse({"detail": detail}, status_code=405, headers={"Allow": named})


def _dated(send: Send, forever: bool) -> Send:
    """Say how long static files are valid; those below assets/ carry a hash in their name."""
    value = b"public, max-age=31536000, immutable" if forever else b"no-cache"

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start" and message["status"] == 200:
            message["headers"] = [*message["headers"], (b"cache-control", value)]
        await send(message)

    return sending
