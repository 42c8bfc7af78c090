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
        parts = urlsplit(str(request.url))
        request.headers["Host"] = parts.netloc
        request.headers["X-Amz-Date"] = stamp
        if self._session_token:
            request.headers["X-Amz-Security-Token"] = self._session_token
        signed = sorted(
            (name.lower(), " ".join(str(value).split()))
            for name, value in request.headers.items()
            if name.lower() in ("host", "content-type", "client-token")
            or name.lower().startswith("x-amz-")
        )
        names = ";".join(name for name, _ in signed)
        body = request.body or b""
        payload = hashlib.sha256(body.encode() if isinstance(body, str) else body).hexdigest()
        canonical = "\n".join(
            [
                str(request.method),
                quote(parts.path or "/", safe="/-_.~"),
                "&".join(sorted(parts.query.split("&"))) if parts.query else "",
                *(f"{name}:{value}" for name, value in signed),
                "",
                names,
                payload,
            ]
        )
        scope = f"{stamp[:8]}/{self._region}/{self._service}/aws4_request"
        text = "\n".join(
            ["AWS4-HMAC-SHA256", stamp, scope, hashlib.sha256(canonical.encode()).hexdigest()]
        )
        key = f"AWS4{self._secret_key}".encode()
        for part in (stamp[:8], self._region, self._service, "aws4_request"):
            key = hmac.new(key, part.encode(), hashlib.sha256).digest()
        signature = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
        request.headers["Authorization"] = (
            f"AWS4-HMAC-SHA256 Credential={self._access_key}/{scope}, "
            f"SignedHeaders={names}, Signature={signature}"
        )
        return request
