"""HTTP to a receiver whose address is a secret: what goes wrong is reported without it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from urllib.parse import urlsplit

from fairlead_bridge import masking
from fairlead_bridge.channels import LONGEST_EXCHANGE
from fairlead_bridge.errors import FairleadError, HttpRejected, Misconfigured
from fairlead_bridge.sinks.exchange import Answer
from fairlead_bridge.sinks.http import Client

#: Of an answer; receivers say "ok".
_MAX_BYTES = 256 * 1024
#: The receiver is not there, or does not accept anything from us, until a setting changes.
_NO_RECEIVER = {403, 404, 405, 410}


class Poster:
    """
    Sends JSON to one address with POST. `timeout` is in seconds between two bytes.

    Errors show the host of the address and not its path and query, which hold the secret.
    """

    def __init__(self, url: str, *, timeout: float, verify: bool | str = True) -> None:
        parts = urlsplit(url)
        self.host = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
        self._path = url[len(f"{parts.scheme}://{parts.netloc}") :]
        self._client = Client(
            f"{parts.scheme}://{parts.netloc}",
            timeout=(5.0, timeout),
            verify=verify,
            total=LONGEST_EXCHANGE,
            max_bytes=_MAX_BYTES,
        )

    def post(self, body: bytes, headers: Mapping[str, str] | None = None) -> Answer:
        """
        The answer, 2xx. Raises Rejected where the receiver refuses this body, Misconfigured where
        it is not there, and Unavailable as `Client.send` does.
        """
        with without_secrets(self._path):
            try:
                return self._client.send("POST", self._path, body, headers=headers)
            except HttpRejected as error:
                if error.status in _NO_RECEIVER:
                    raise Misconfigured(f"{error}; is the channel's address still right?") from None
                raise

    def probe(self) -> list[str]:
        """
        Whether a server answers at the address; a GET sends no message. Raises Misconfigured where
        the address is unknown there, and as `HttpClient.send` does.
        """
        with without_secrets(self._path):
            try:
                self._client.send("GET", self._path)
            except HttpRejected as error:
                if error.status in (404, 410):
                    raise Misconfigured(f"{error}; is the channel's address still right?") from None
            except Misconfigured as error:
                # A receiver of POST may answer a GET with a page, or ask for the signature.
                if error.status not in (200, 401):
                    raise
        return [f"{self.host} answers; `notify test` shows whether it takes messages"]


@contextmanager
def without_secrets(*secrets: str) -> Iterator[None]:
    """Errors of ours that leave the block do not repeat these texts."""
    try:
        yield
    except FairleadError as error:
        message = str(error)
        for secret in secrets:
            if len(secret) > 1:
                message = message.replace(secret, f"/{masking.MASK}")
        error.args = (message, *error.args[1:])
        error.__cause__ = error.__context__ = None  # requests repeats the address
        if isinstance(error, HttpRejected):
            error.body = ""
        raise
