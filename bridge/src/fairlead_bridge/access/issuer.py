"""
The company's issuer of tokens (OpenID Connect): what it publishes about itself, its keys, and
whether a token is its own.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Mapping
from urllib.parse import urlsplit

import jwt
import requests

from fairlead_bridge import trust
from fairlead_bridge.documents import Json
from fairlead_bridge.errors import BadSettings, BadToken, IssuerUnavailable

#: What tokens may be signed with: with keys that only the issuer has. Never HMAC, never none.
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA")
#: Seconds by which clocks may differ.
LEEWAY = 60
#: Seconds for one request, bytes of an answer, and seconds for which what was published is used.
_TIMEOUT, _LARGEST, _FRESH = 10.0, 1 << 20, 3600.0
#: Seconds between two readings of the keys that tokens with unknown keys cause.
_AGAIN = 30.0
_LOCAL = ("localhost", "127.0.0.1", "::1")


class Issuer:
    """`url` is what tokens have as `iss`. For any thread. Raises BadSettings where it is not https."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme != "https" and parts.hostname not in _LOCAL:
            raise BadSettings(f"FAIRLEAD_OIDC_ISSUER={url}: it has to begin with https://")
        self.url = url
        self._lock = threading.Lock()
        self._about: dict[str, object] = {}
        self._about_at = -_FRESH
        self._keys: dict[str | None, jwt.PyJWK] = {}
        self._keys_at = -_FRESH

    def about(self) -> Mapping[str, object]:
        """What the issuer publishes about itself. Raises IssuerUnavailable."""
        with self._lock:
            return self._published()

    def claims(self, token: str, audience: str) -> dict[str, object]:
        """
        What the token says, if the issuer signed it for this audience and it is valid now.

        Raises BadToken, and IssuerUnavailable where its keys cannot be read.
        """
        try:
            header = jwt.get_unverified_header(token)
            algorithm = header.get("alg")
            if algorithm not in ALGORITHMS:
                raise BadToken(f"the token is signed with {algorithm}, which is not accepted")
            key = self._key(header.get("kid"))
            if key.algorithm_name not in (algorithm, None) or key.key_type == "oct":
                raise BadToken("the token is signed with another algorithm than its key is for")
            claims: dict[str, object] = jwt.decode(
                token,
                key,
                algorithms=[algorithm],
                audience=audience,
                issuer=self.url,
                leeway=LEEWAY,
                options={"require": ["exp", "iat", "iss", "aud", "sub"]},
            )
        except jwt.PyJWTError as error:
            raise BadToken(f"the token is not valid: {error}") from error
        return claims

    def _published(self) -> dict[str, object]:
        if time.monotonic() - self._about_at >= _FRESH:
            found = read(f"{self.url.rstrip('/')}/.well-known/openid-configuration")
            if found.get("issuer") != self.url:
                raise IssuerUnavailable(
                    f"{self.url} calls itself {found.get('issuer')!r}: set FAIRLEAD_OIDC_ISSUER to that"
                )
            self._about, self._about_at = found, time.monotonic()
        return self._about

    def _key(self, kid: str | None) -> jwt.PyJWK:
        with self._lock:
            age = time.monotonic() - self._keys_at
            if age >= _FRESH or (kid not in self._keys and age >= _AGAIN):
                self._read_keys()
            found = self._keys.get(kid)
        if found is None:
            raise BadToken("the token is signed with a key that its issuer does not publish")
        return found

    def _read_keys(self) -> None:
        address = self._published().get("jwks_uri")
        if not isinstance(address, str):
            raise IssuerUnavailable(f"{self.url} names no jwks_uri")
        keys: dict[str | None, jwt.PyJWK] = {}
        for item in read(address).get("keys", []):
            if item.get("use", "sig") != "sig" or item.get("kty") == "oct":
                continue
            try:
                key = jwt.PyJWK(item)
            except jwt.PyJWTError:
                continue  # of a kind that is not accepted
            keys[item.get("kid")] = key
        self._keys, self._keys_at = keys, time.monotonic()


def read(address: str) -> Json:
    """The JSON object at the address. Raises IssuerUnavailable."""
    return _json(address, requests.Request("GET", address))


def exchange(address: str, fields: Mapping[str, str], client: tuple[str, str] | None) -> Json:
    """What the issuer answers to a form. Raises IssuerUnavailable."""
    return _json(address, requests.Request("POST", address, data=dict(fields), auth=client))


def _json(address: str, request: requests.Request) -> Json:
    ends = time.monotonic() + _TIMEOUT
    try:
        with requests.Session() as session:
            prepared = session.prepare_request(request)
            prepared.headers["Accept"] = "application/json"
            settings = session.merge_environment_settings(address, {}, True, None, None)
            settings["verify"] = trust.verify()
            with session.send(
                prepared, timeout=_TIMEOUT, allow_redirects=False, **settings
            ) as answer:
                body = b""
                for part in answer.iter_content(1 << 14):
                    body += part
                    if len(body) > _LARGEST or time.monotonic() > ends:
                        raise IssuerUnavailable(f"the answer of {address} is too long or too slow")
    except requests.RequestException as error:
        raise IssuerUnavailable(f"{address} does not answer: {type(error).__name__}") from error
    try:
        found = json.loads(body)
    except ValueError:
        found = None
    if answer.status_code != 200 or not isinstance(found, dict):
        reason = found.get("error", "") if isinstance(found, dict) else "no JSON"
        raise IssuerUnavailable(f"{address} answers {answer.status_code} {reason}")
    return found
