"""AWS Signature Version 4, as an `auth` of `requests`."""

from __future__ import annotations

import hashlib
import hmac
from datetime import UTC, datetime
from urllib.parse import quote, urlsplit

import requests
from requests.auth import AuthBase


class SignatureV4(AuthBase):
    """Signs each request with the keys of an AWS principal."""

    def __init__(
        self, access_key: str, secret_key: str, session_token: str, region: str, service: str
    ) -> None:
        self._access_key = access_key
        self._secret_key = secret_key
        self._session_token = session_token
        self._region = region
        self._service = service

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        return self.sign(request, datetime.now(UTC))

    def sign(self, request: requests.PreparedRequest, now: datetime) -> requests.PreparedRequest:
        """Add the headers that prove who asks; `now` is the time of signing, in UTC."""
        stamp = now.strftime("%Y%m%dT%H%M%SZ")
        request.headers["Host"] = urlsplit(str(request.url)).netloc
        request.headers["X-Amz-Date"] = stamp
        if self._session_token:
            request.headers["X-Amz-Security-Token"] = self._session_token
        signed = _signed_headers(request)
        scope = f"{stamp[:8]}/{self._region}/{self._service}/aws4_request"
        text = "\n".join(["AWS4-HMAC-SHA256", stamp, scope, _sha256(_canonical(request, signed))])
        request.headers["Authorization"] = (
            f"AWS4-HMAC-SHA256 Credential={self._access_key}/{scope}, "
            f"SignedHeaders={_names(signed)}, Signature={self._signature(stamp[:8], text)}"
        )
        return request

    def _signature(self, day: str, text: str) -> str:
        key = f"AWS4{self._secret_key}".encode()
        for part in (day, self._region, self._service, "aws4_request"):
            key = hmac.new(key, part.encode(), hashlib.sha256).digest()
        return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


Headers = list[tuple[str, str]]


def _signed_headers(request: requests.PreparedRequest) -> Headers:
    """The headers that the signature covers, in order."""
    return sorted(
        (name.lower(), " ".join(str(value).split()))
        for name, value in request.headers.items()
        if name.lower() in ("host", "content-type", "client-token")
        or name.lower().startswith("x-amz-")
    )


def _canonical(request: requests.PreparedRequest, signed: Headers) -> str:
    """The request as AWS writes it down before it computes the signature."""
    parts = urlsplit(str(request.url))
    return "\n".join(
        [
            str(request.method),
            quote(parts.path or "/", safe="/-_.~"),
            "&".join(sorted(parts.query.split("&"))) if parts.query else "",
            *(f"{name}:{value}" for name, value in signed),
            "",
            _names(signed),
            _sha256(request.body or b""),
        ]
    )


def _names(signed: Headers) -> str:
    return ";".join(name for name, _ in signed)


def _sha256(content: str | bytes) -> str:
    return hashlib.sha256(content.encode() if isinstance(content, str) else content).hexdigest()
