"""An issuer of OpenID Connect on this machine that refuses what the specification forbids."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa

CLIENT, SECRET = "fairlead", "client-secret"
Claims = dict[str, Any]


@dataclass
class Key:
    kid: str
    algorithm: str
    private: Any

    @property
    def public(self) -> Claims:
        kind = jwt.algorithms.get_default_algorithms()[self.algorithm]
        shown = json.loads(kind.to_jwk(self.private.public_key()))  # type: ignore[attr-defined]
        return {**shown, "kid": self.kid, "use": "sig", "alg": self.algorithm}


def rsa_key(kid: str) -> Key:
    return Key(kid, "RS256", rsa.generate_private_key(65537, 2048))


def ec_key(kid: str) -> Key:
    return Key(kid, "ES256", ec.generate_private_key(ec.SECP256R1()))


@dataclass
class FakeIssuer:
    """`change` alters the claims of the next tokens; `keys` are published, the last one signs."""

    redirect_uri: str
    url: str = ""
    keys: list[Key] = field(default_factory=lambda: [rsa_key("first")])
    person: Claims = field(default_factory=lambda: {"sub": "u-1", "email": "ann@example.com"})
    change: Callable[[Claims], Claims] = lambda claims: claims
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    reads_of_keys: int = 0

    def claims(self, audience: str, **more: Any) -> Claims:
        now = int(time.time())
        own = {"iss": self.url, "aud": audience, "iat": now, "exp": now + 300}
        return self.change({**own, **self.person, **more})

    def token(self, audience: str, **more: Any) -> str:
        key = self.keys[-1]
        claims = self.claims(audience, **more)
        return jwt.encode(claims, key.private, key.algorithm, headers={"kid": key.kid})

    # --- what browsers and the bridge ask ---------------------------------------------------------

    def about(self) -> Claims:
        return {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/keys",
            "end_session_endpoint": f"{self.url}/logout",
        }

    def authorize(self, asked: dict[str, str]) -> str:
        """Where the person's browser goes once they have signed in. Raises ValueError."""
        _demand(asked.get("response_type") == "code", "response_type")
        _demand(asked.get("client_id") == CLIENT, "client_id")
        _demand(asked.get("redirect_uri") == self.redirect_uri, "redirect_uri")
        _demand("openid" in asked.get("scope", "").split(), "scope")
        _demand(asked.get("code_challenge_method") == "S256", "code_challenge_method")
        _demand(len(asked.get("code_challenge", "")) == 43, "code_challenge")
        for name in ("state", "nonce"):
            _demand(len(asked.get(name, "")) >= 32, name)
        code = secrets.token_urlsafe(16)
        self.codes[code] = asked
        answer = {"code": code, "state": asked["state"], "iss": self.url}
        return f"{self.redirect_uri}?{urlencode(answer)}"

    def exchange(self, form: dict[str, str], login: str) -> Claims:
        wanted = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        _demand(login == f"Basic {wanted}", "invalid_client")
        _demand(form.get("grant_type") == "authorization_code", "unsupported_grant_type")
        asked = self.codes.pop(form.get("code", ""), None)  # a code is good for one time
        _demand(asked is not None, "invalid_grant")
        assert asked is not None
        _demand(form.get("redirect_uri") == asked["redirect_uri"], "invalid_grant")
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        _demand(challenge == asked["code_challenge"], "invalid_grant")
        token = self.token(CLIENT, nonce=asked["nonce"])
        return {"access_token": "opaque", "token_type": "Bearer", "id_token": token}


def _demand(holds: bool, error: str) -> None:
    if not holds:
        raise ValueError(error)


@contextmanager
def running(redirect_uri: str) -> Iterator[FakeIssuer]:
    issuer = FakeIssuer(redirect_uri)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            if parts.path == "/.well-known/openid-configuration":
                self._answer(200, issuer.about())
            elif parts.path == "/keys":
                issuer.reads_of_keys += 1
                self._answer(200, {"keys": [key.public for key in issuer.keys]})
            elif parts.path == "/authorize":
                try:
                    location = issuer.authorize(dict(parse_qsl(parts.query)))
                except ValueError as error:
                    self._answer(400, {"error": "invalid_request", "about": str(error)})
                    return
                self.send_response(302)
                self.send_header("Location", location)
                self.end_headers()
            else:
                self._answer(404, {})

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            try:
                answer = issuer.exchange(
                    dict(parse_qsl(body)), self.headers.get("Authorization", "")
                )
            except ValueError as error:
                self._answer(400, {"error": str(error)})
                return
            self._answer(200, answer)

        def _answer(self, status: int, body: Claims) -> None:
            encoded = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(encoded)))
            self.end_headers()
            self.wfile.write(encoded)

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    issuer.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield issuer
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
