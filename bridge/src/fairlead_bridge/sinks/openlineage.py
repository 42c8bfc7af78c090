"""
Any catalog that takes OpenLineage events: every event, in the order of its run, as it came in.

Receivers differ in where they listen, what they take and how much of it; that is a `Preset`.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal, Self
from urllib.parse import quote, urlsplit

import msgspec
from pydantic import Field, SecretStr, model_validator

from fairlead_bridge import ids
from fairlead_bridge.entries import AnyEntry, EventEntry
from fairlead_bridge.errors import Rejected, Unavailable
from fairlead_bridge.model import Kind
from fairlead_bridge.sinks import ENOUGH, Outcome, Waits
from fairlead_bridge.sinks.http import Bearer, Broken, Client, Misconfigured, Refused
from fairlead_bridge.sinks.lanes import in_lanes
from fairlead_bridge.sinks.settings import SinkSettings
from fairlead_bridge.sinks.signature import SignatureV4

Event = dict[str, Any]
PresetName = Literal[
    "url",
    "marquez",
    "atlan",
    "atlan_airflow",
    "datahub",
    "openmetadata",
    "dataplex",
    "datazone",
    "collibra",
]

#: Facets that go first when an event is too large: long, and no catalog's lineage needs them.
_HEAVY = {
    "spark.logicalPlan",
    "spark_unknown",
    "sourceCode",
    "spark_properties",
    "environment-properties",
    "unknownSourceAttribute",
    "debug",
}
#: Facets that go last.
_DEAR = {"parent", "columnLineage", "schema", "symlinks", "nominalTime", "errorMessage", "jobType"}
_SCHEMA_URL = "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent"
_PRODUCER = "https://openlineage.io"

_encode = msgspec.json.encode
_decode = msgspec.json.Decoder(Event).decode


@dataclass(frozen=True, slots=True)
class Message:
    """An event as the receiver shall get it; `run` keeps those of one run in order."""

    body: bytes
    run: int | None


@dataclass(frozen=True, slots=True)
class Preset:
    """What a receiver takes."""

    path: str = ""
    only_runs: bool = True  # no DatasetEvents and JobEvents
    types: frozenset[str] | None = None  # eventType; None: all
    both_sides: bool = False  # only events with inputs and outputs
    strict: bool = False  # the fields that the specification requires must be there
    max_bytes: int | None = None


PRESETS: dict[PresetName, Preset] = {
    "url": Preset(only_runs=False),
    "marquez": Preset("/api/v1/lineage", only_runs=False),
    "atlan": Preset("/events/openlineage/generic-openlineage/api/v1/lineage"),
    "atlan_airflow": Preset("/events/openlineage/airflow/api/v1/lineage"),
    "datahub": Preset("/openapi/openlineage/api/v1/lineage"),
    # OpenMetadata makes table-to-table edges of finished runs, and of nothing else.
    "openmetadata": Preset(
        "/api/v1/openlineage/lineage",
        types=frozenset({"COMPLETE"}),
        both_sides=True,
        strict=True,
    ),
    "dataplex": Preset(strict=True, max_bytes=5_000_000),
    "datazone": Preset(max_bytes=300_000),
    "collibra": Preset(only_runs=False),
}


class OpenLineageSettings(SinkSettings):
    """A receiver of OpenLineage events."""

    type: Literal["openlineage"] = "openlineage"
    preset: PresetName = "url"
    url: str | None = Field(
        default=None, description="http(s)://HOST[:PORT]; for `collibra` a folder"
    )
    path: str | None = Field(default=None, description="instead of the preset's own")
    token: SecretStr | None = None
    headers: dict[str, str] = Field(default_factory=dict)
    compress: bool = Field(default=False, description="send large events with gzip")
    only_runs: bool | None = Field(default=None, description="no DatasetEvents and JobEvents")
    event_types: frozenset[str] | None = Field(default=None, description='as ["START", "COMPLETE"]')
    max_bytes: int | None = Field(
        default=None, gt=0, description="large facets are left out beyond this"
    )
    namespace: str | None = Field(
        default=None, description="put in place of jobs' namespaces; Atlan: the connection's name"
    )
    project: str | None = Field(default=None, description="Dataplex: projects/P/locations/L")
    domain: str | None = Field(default=None, description="DataZone's domain identifier")
    region: str | None = Field(default=None, description="DataZone's AWS region")
    access_key: SecretStr | None = None
    secret_key: SecretStr | None = None
    session_token: SecretStr | None = None

    @model_validator(mode="after")
    def _complete(self) -> Self:
        needed = {
            "dataplex": ("project",),
            "datazone": ("domain", "region", "access_key", "secret_key"),
            "atlan": ("url", "namespace", "token"),
            "atlan_airflow": ("url", "namespace", "token"),
        }.get(self.preset, ("url",))
        missing = [name for name in needed if getattr(self, name) is None]
        if missing:
            raise ValueError(f"preset {self.preset} needs {', '.join(missing)}")
        scheme = urlsplit(self.url or "").scheme
        if self.preset != "collibra" and self.url is not None and scheme not in ("http", "https"):
            raise ValueError("url must begin with http:// or https://")
        return self


class OpenLineage:
    """Forwards events."""

    Settings: ClassVar[type[SinkSettings]] = OpenLineageSettings
    kinds: frozenset[Kind] = frozenset({"event"})

    def __init__(self, name: str, settings: OpenLineageSettings) -> None:
        self.name = name
        self._settings = settings
        preset = PRESETS[settings.preset]
        self._strict, self._both_sides = preset.strict, preset.both_sides
        self._only_runs = preset.only_runs if settings.only_runs is None else settings.only_runs
        self._types = settings.event_types or preset.types
        self._max_bytes = settings.max_bytes or preset.max_bytes
        self._receiver = _receiver(settings, preset)

    @property
    def requests(self) -> int:
        """Requests made so far."""
        return self._receiver.requests

    def render(self, entry: AnyEntry) -> Message | None:
        """The event, or None where the receiver would not take it."""
        if not isinstance(entry, EventEntry):
            return None
        event = _decode(entry.body)
        if not self._takes(event):
            return None
        body = entry.body
        if self._settings.namespace is not None or self._strict:
            body = _encode(self._adapted(event))
        if self._max_bytes is not None and len(body) > self._max_bytes:
            body = lighter(_decode(body), self._max_bytes)
        return Message(body, entry.run)

    def _takes(self, event: Event) -> bool:
        if self._only_runs and not event.get("run"):
            return False
        if self._types is not None and str(event.get("eventType")).upper() not in self._types:
            return False
        return not self._both_sides or bool(event.get("inputs") and event.get("outputs"))

    def _adapted(self, event: Event) -> Event:
        if self._settings.namespace is not None:
            for job in _jobs(event):
                job["namespace"] = self._settings.namespace
        if self._strict:
            event.setdefault("producer", _PRODUCER)
            event.setdefault("schemaURL", _SCHEMA_URL)
            event["inputs"], event["outputs"] = (
                event.get("inputs") or [],
                event.get("outputs") or [],
            )
        return event

    def push(self, payloads: Sequence[Message]) -> Iterator[Outcome]:
        """Send the events; one that fails holds back the later ones of its run."""
        return self._receiver.send(payloads)

    def probe(self) -> list[str]:
        """Whether somebody answers there; no event is sent."""
        return self._receiver.probe()


# --- what an event is made of -------------------------------------------------------------------


def _jobs(event: Event) -> Iterator[Event]:
    """The event's job, and those that its parent facet names."""
    if isinstance(event.get("job"), dict):
        yield event["job"]
    parent = ((event.get("run") or {}).get("facets") or {}).get("parent")
    if isinstance(parent, dict):
        for place in (parent, parent.get("root")):
            if isinstance(place, dict) and isinstance(place.get("job"), dict):
                yield place["job"]


def lighter(event: Event, limit: int) -> bytes:
    """
    The event in at most `limit` bytes, without its largest facets; the dearest go last.

    Raises Rejected where even the bare event is longer.
    """
    body = _encode(event)
    sized = [
        (len(_encode(facets[name])), name, facets) for facets in _facets(event) for name in facets
    ]
    for _, name, facets in sorted(sized, key=lambda item: (_dearness(item[1]), -item[0])):
        if len(body) <= limit:
            break
        del facets[name]
        body = _encode(event)
    if len(body) > limit:
        raise Rejected(f"the event has {len(body)} bytes without its facets; {limit} are taken")
    return body


def _dearness(facet: str) -> int:
    return 0 if facet in _HEAVY else 2 if facet in _DEAR else 1


def _facets(event: Event) -> Iterator[Event]:
    for owner in (event.get("run"), event.get("job"), event.get("dataset")):
        if isinstance(owner, dict) and isinstance(owner.get("facets"), dict):
            yield owner["facets"]
    for dataset in (*(event.get("inputs") or ()), *(event.get("outputs") or ())):
        for key in ("facets", "inputFacets", "outputFacets"):
            if isinstance(dataset.get(key), dict):
                yield dataset[key]


# --- receivers ----------------------------------------------------------------------------------


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

        What was not sent when the receiver went down waits; all the rest keeps its outcome.
        """
        sent = in_lanes(
            messages,
            lambda message: () if message.run is None else (message.run,),
            self._one,
            at_most=self._settings.concurrency,
            until=time.monotonic() + ENOUGH,
            ends_lane=lambda outcome: isinstance(outcome, Unavailable),
        )
        for number in range(len(messages)):
            yield sent.results.get(number, Waits("waits for an earlier event of its run"))
        if sent.down is not None:
            raise sent.down

    def _one(self, message: Message) -> Outcome:
        try:
            self._call(message)
        except Broken as error:
            return error
        except Refused as error:
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

    def _explained(self, error: Refused) -> Rejected:
        """A refusal of this event; raises Misconfigured where it is of all events."""
        if error.status in (404, 405):
            raise Misconfigured(f"{error}; nobody takes events there: look at `url` and `path`")
        if error.status == 403:
            raise Misconfigured(f"{error}; the credentials may not do this")
        return error

    def probe(self) -> list[str]:
        """Asks with GET: whoever takes POST alone answers 405, and nothing is changed."""
        try:
            self._client.send("GET", self._path)
        except Refused as error:
            if error.status == 404:
                raise Misconfigured(
                    f"{error}; nobody takes events there: look at `url` and `path`"
                ) from error
            if error.status == 403:
                raise Misconfigured(f"{error}; the credentials may not do this") from error
        except Broken as error:
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
    if "url path not configured" not in str(error):
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
    event is sent alone to learn whose fault it is (an edge written twice is one edge).
    """

    def send(self, messages: Sequence[Message]) -> Iterator[Outcome]:
        if len(messages) > 1 and self._batch(messages):
            return iter([None] * len(messages))
        return super().send(messages)

    def _batch(self, messages: Sequence[Message]) -> bool:
        body = b'{"events":[' + b",".join(message.body for message in messages) + b"]}"
        try:
            answer = self._client.send("POST", f"{self._path}/batch", body)
        except (Broken, Refused):
            return False  # one of them; or an older server, without batches
        told = _answer(answer.content)
        return told.get("status") == "success" and _edges(told) >= len(messages)

    def _call(self, message: Message) -> None:
        told = _answer(self._client.send("POST", self._path, message.body).content)
        if _edges(told) == 0:
            unknown = told.get("unresolvedDatasets") or _datasets(_decode(message.body))
            raise Refused(
                "OpenMetadata answered 200 and stored nothing: it knows none of these as tables: "
                f"{', '.join(map(str, unknown))}; ingest them, or set namespaceToServiceMapping in "
                "its OpenLineage settings",
                200,
                str(told),
            )


def _answer(content: bytes) -> dict[str, Any]:
    try:
        told = msgspec.json.decode(content)
    except msgspec.DecodeError:
        return {}
    return told if isinstance(told, dict) else {}


def _edges(told: dict[str, Any]) -> int:
    """Edges made, as one event's answer or a batch's (a summary or a list) has them."""
    for part in (told, told.get("summary") or {}):
        if isinstance(part, dict):
            for key in ("lineageEdgesCreated", "totalLineageEdgesCreated"):
                if isinstance(part.get(key), int):
                    return int(part[key])
    results = told.get("results") or ()
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


def _receiver(settings: OpenLineageSettings, preset: Preset) -> _Receiver:
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
