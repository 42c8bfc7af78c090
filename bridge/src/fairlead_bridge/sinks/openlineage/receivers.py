"""Who takes events, and how each wants them."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec
from pydantic import SecretStr

from fairlead_bridge import ids
from fairlead_bridge.documents import Json
from fairlead_bridge.errors import (
    HttpRejected,
    Misconfigured,
    NotAsked,
    Rejected,
    ServerFailed,
    Unavailable,
)
from fairlead_bridge.sinks import ENOUGH, Outcome
from fairlead_bridge.sinks.concurrency import keyed_concurrently
from fairlead_bridge.sinks.http import Bearer, Client
from fairlead_bridge.sinks.openlineage.events import Event, Message, decode
from fairlead_bridge.sinks.openlineage.settings import OpenLineageSettings, Preset
from fairlead_bridge.sinks.openlineage.signature import SignatureV4


class _Http:
    """One event a request."""

    def __init__(self, client: Client, path: str, settings: OpenLineageSettings) -> None:
        self._client = client
        self._path = path
        self._settings = settings

    @property
    def requests(self) -> int:
        return self._client.requests

    def send(self, messages: Sequence[Message]) -> Iterator[Outcome]:
        """
        Runs side by side, the events of one run in order.

        What was not sent when the receiver went down waits; all the rest retains its outcome.
        """
        sent = keyed_concurrently(
            messages,
            lambda message: () if message.run is None else (message.run,),
            self._one,
            at_most=self._settings.concurrency,
            until=time.monotonic() + ENOUGH,
            stops_group=lambda outcome: isinstance(outcome, Unavailable),
        )
        for number in range(len(messages)):
            yield sent.results.get(number, NotAsked("waits for an earlier event of its run"))
        if sent.down is not None:
            raise sent.down

    def _one(self, message: Message) -> Outcome:
        try:
            self._call(message)
        except ServerFailed as error:
            return error
        except HttpRejected as error:
            return self._explained(error)
        return None

    def _call(self, message: Message) -> None:
        key = ids.digest(message.body)
        params = headers = None
        if self._settings.preset == "dataplex":
            params = {"requestId": str(uuid.UUID(bytes=key))}
        elif self._settings.preset == "datazone":
            headers = {"Client-Token": key.hex()}
        self._client.send("POST", self._path, message.body, params=params, headers=headers)

    def _explained(self, error: HttpRejected) -> Rejected:
        """A refusal of this event; raises Misconfigured where it is of all events."""
        if error.status in (404, 405):
            raise Misconfigured(f"{error}; no receiver of events there: look at `url` and `path`")
        if error.status == 403:
            raise Misconfigured(f"{error}; the credentials may not do this")
        return error

    def probe(self) -> list[str]:
        """Asks with GET, which changes nothing: a receiver that takes only POST answers 405."""
        try:
            self._client.send("GET", self._path)
        except HttpRejected as error:
            if error.status == 404:
                raise Misconfigured(
                    f"{error}; no receiver of events there: look at `url` and `path`"
                ) from error
            if error.status == 403:
                raise Misconfigured(f"{error}; the credentials may not do this") from error
        except ServerFailed as error:
            return [
                f"{self._client.url} answers ({error}); whether it takes events shows with the first"
            ]
        return [f"{self._client.url} answers; whether it takes events shows with the first"]


class _Atlan(_Http):
    """Atlan answers 401 both for a bad token and where the connector was never set up."""

    def _call(self, message: Message) -> None:
        try:
            super()._call(message)
        except Misconfigured as error:
            raise _atlan_explained(error) from error

    def probe(self) -> list[str]:
        try:
            return super().probe()
        except Misconfigured as error:
            raise _atlan_explained(error) from error


def _atlan_explained(error: Misconfigured) -> Misconfigured:
    # Atlan's answer has no code of its own: only its text distinguishes it from a bad token.
    if error.status != 401 or "url path not configured" not in str(error):
        return error
    return Misconfigured(
        f"{error} -- the token may be fine: Atlan has no OpenLineage connector of this kind yet. "
        "Create the connection in Atlan (Marketplace, OpenLineage) under the name that `namespace` "
        "says, or choose the preset (atlan, atlan_airflow) or `path` of the one you have"
    )


class _OpenMetadata(_Http):
    """
    OpenMetadata takes batches, and answers 200 where it stored nothing.

    It says how many edges it made of a batch, not of which events; so when they are too few, each
    event is sent alone to find the one at fault (an edge written twice is one edge).
    """

    def send(self, messages: Sequence[Message]) -> Iterator[Outcome]:
        if len(messages) > 1 and self._batch(messages):
            return iter([None] * len(messages))
        return super().send(messages)

    def _batch(self, messages: Sequence[Message]) -> bool:
        body = b'{"events":[' + b",".join(message.body for message in messages) + b"]}"
        try:
            answer = self._client.send("POST", f"{self._path}/batch", body)
        except (ServerFailed, HttpRejected):
            return False  # one of them; or an older server, without batches
        decoded = _answer(answer.body)
        return decoded.get("status") == "success" and _edges(decoded) >= len(messages)

    def _call(self, message: Message) -> None:
        answer = _answer(self._client.send("POST", self._path, message.body).body)
        if _edges(answer) == 0:
            unknown = answer.get("unresolvedDatasets") or _datasets(decode(message.body))
            raise HttpRejected(
                "OpenMetadata answered 200 and stored nothing: it knows none of these as tables: "
                f"{', '.join(map(str, unknown))}; ingest them, or set namespaceToServiceMapping in "
                "its OpenLineage settings",
                200,
                str(answer),
            )


def _answer(content: bytes) -> Json:
    try:
        decoded = msgspec.json.decode(content)
    except msgspec.DecodeError:
        return {}
    return decoded if isinstance(decoded, dict) else {}


def _edges(answer: Json) -> int:
    """Edges made, as one event's answer or a batch's (a summary or a list) has them."""
    for part in (answer, answer.get("summary") or {}):
        if isinstance(part, dict):
            for key in ("lineageEdgesCreated", "totalLineageEdgesCreated"):
                if isinstance(part.get(key), int):
                    return int(part[key])
    results = answer.get("results") or ()
    return sum(_edges(item) for item in results if isinstance(item, dict))


def _datasets(event: Event) -> list[str]:
    both = (*(event.get("inputs") or ()), *(event.get("outputs") or ()))
    return sorted({f"{item.get('namespace')} {item.get('name')}" for item in both})


class _Folder:
    """Files of events, one a line, for a harvester (Collibra's) to collect; whole when they appear."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.requests = 0

    def send(self, messages: Sequence[Message]) -> Iterator[Outcome]:
        body = b"".join(message.body.replace(b"\n", b" ") + b"\n" for message in messages)
        name = f"openlineage-{ids.digest(body).hex()}.jsonl"
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            partial = self._folder / f".{name}.part"
            partial.write_bytes(body)
            partial.replace(self._folder / name)
        except OSError as error:
            raise Unavailable(f"{self._folder} cannot be written: {error}") from error
        self.requests += 1
        yield from (None for _ in messages)

    def probe(self) -> list[str]:
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            test = self._folder / ".fairlead"
            test.touch()
            test.unlink()
        except OSError as error:
            raise Misconfigured(f"{self._folder} cannot be written: {error}") from error
        return [f"{self._folder} can be written"]


_Receiver = _Http | _Folder


def receiver(settings: OpenLineageSettings, preset: Preset) -> _Receiver:
    if settings.preset == "collibra":
        return _Folder(Path(str(settings.url).removeprefix("file://")))
    url, path = settings.url, preset.path
    auth: Any = None
    if settings.token is not None:
        token = settings.token
        auth = Bearer(token.get_secret_value)
    if settings.preset == "dataplex":
        url = url or "https://datalineage.googleapis.com"
        path = f"/v1/{settings.project}:processOpenLineageRunEvent"
    if settings.preset == "datazone":
        url = url or f"https://datazone.{settings.region}.api.aws"
        path = f"/v2/domains/{quote(str(settings.domain), safe='')}/lineage/events"
        auth = _signature(settings)
    client = Client(
        str(url),
        auth=auth,
        headers=settings.headers,
        timeout=(5.0, settings.timeout),
        verify=settings.verify,
        rate=settings.rate,
        compress=settings.compress,
    )
    path = settings.path if settings.path is not None else path
    if settings.preset in ("atlan", "atlan_airflow"):
        return _Atlan(client, path, settings)
    if settings.preset == "openmetadata":
        return _OpenMetadata(client, path, settings)
    return _Http(client, path, settings)


def _signature(settings: OpenLineageSettings) -> SignatureV4:
    def plain(secret: SecretStr | None) -> str:
        return secret.get_secret_value() if secret is not None else ""

    return SignatureV4(
        plain(settings.access_key),
        plain(settings.secret_key),
        plain(settings.session_token),
        str(settings.region),
        "datazone",
    )
