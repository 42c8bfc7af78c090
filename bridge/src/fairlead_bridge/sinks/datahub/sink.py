"""Delivers to DataHub: reads what it has of the jobs, then sends upserts and patches in batches."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

from fairlead_bridge.entries import AnyEntry, DatasetRef
from fairlead_bridge.errors import HttpRejected, Misconfigured, ServerFailed
from fairlead_bridge.model import Kind
from fairlead_bridge.sinks import Outcome
from fairlead_bridge.sinks.batch import in_batches
from fairlead_bridge.sinks.datahub.aspects import INFO, LINEAGE, Proposals, Words
from fairlead_bridge.sinks.datahub.incidents import INCIDENT, with_their_changes
from fairlead_bridge.sinks.datahub.ownership import without_our_mark, without_their_edges
from fairlead_bridge.sinks.datahub.schemas import Aspects
from fairlead_bridge.sinks.datahub.settings import DataHubSettings
from fairlead_bridge.sinks.datahub.urns import Urns
from fairlead_bridge.sinks.http import Bearer, Client
from fairlead_bridge.sinks.settings import SinkSettings

#: Aspects and bytes that DataHub's own client puts into one request.
_ASPECTS, _BYTES = 200, 12_000_000

#: The aspects of each type of entity that other programs and people write, too.
_SHARED = {"dataJob": (INFO, LINEAGE), "incident": (INCIDENT,)}


class DataHub:
    """Delivers entries to a DataHub."""

    Settings: ClassVar[type[SinkSettings]] = DataHubSettings
    kinds: frozenset[Kind] = frozenset({"dataset", "job", "run", "incident"})

    def __init__(self, name: str, settings: DataHubSettings) -> None:
        self.name = name
        self._settings = settings
        self._words, self._urns = Words(settings), Urns(settings)
        self._generic = True
        self.client = Client(
            settings.url,
            auth=Bearer(settings.token.get_secret_value) if settings.token else None,
            timeout=(5.0, settings.timeout),
            verify=settings.verify,
            rate=settings.rate,
        )

    def render(self, entry: AnyEntry) -> Proposals | None:
        """The aspects of the entry."""
        return self._words.of(entry)

    def named(self, dataset: DatasetRef) -> str | None:
        """The urn of a dataset; None where nothing says which platform it is on."""
        return self._urns.dataset(dataset)

    def push(self, payloads: Sequence[Proposals]) -> Iterator[Outcome]:
        """Upserts of many entries in one request, their patches in a second."""
        share = _BYTES // _ASPECTS
        return in_batches(
            payloads,
            lambda payload: max(_aspects(payload), len(json.dumps(payload)) // share),
            _ASPECTS,
            self._send,
            at_most=self._settings.concurrency,
        )

    def _send(self, payloads: Sequence[Proposals]) -> None:
        upserts = [item for payload in payloads for item in payload["upserts"]]
        patches = [item for payload in payloads for item in payload["patches"]]
        held = self._held(upserts)
        steps = (
            (
                "POST",
                [(kind, _preserving(item, held.get(item["urn"]))) for kind, item in upserts],
            ),
            (
                "PATCH",
                [
                    (kind, without_their_edges(item, held.get(item["urn"])))
                    for kind, item in patches
                ],
            ),
        )
        for method, items in steps:
            body: dict[str, list[Aspects]] = defaultdict(list)
            for entity, aspects in items:
                if len(aspects) > 1:
                    body[entity].append(aspects)
            if body:
                self._call(method, body, {"async": "false" if self._settings.wait else "true"})

    def _held(self, upserts: Sequence[tuple[str, Aspects]]) -> dict[str, Aspects]:
        """What DataHub has of these entities, so far as others may have written it."""
        asked = {}
        for entity, names in _SHARED.items():
            urns = {aspects["urn"] for kind, aspects in upserts if kind == entity}
            wanted: Aspects = {name: {"headers": {}} for name in names}
            if urns:
                asked[entity] = [{"urn": urn, **wanted} for urn in sorted(urns)]
        if not asked:
            return {}
        answers = self._call("POST", asked, {"systemMetadata": "false"}, "/batchGet")
        return {item["urn"]: item for answer in answers for item in answer}

    def _call(
        self, method: str, body: dict[str, list[Aspects]], params: dict[str, str], path: str = ""
    ) -> list[list[Aspects]]:
        """The answers of one request, or of one for each type of entity where the server is old."""
        if self._generic:
            try:
                answer = self._ask(method, f"/openapi/v3/entity/generic{path}", body, params)
            except HttpRejected as error:
                if error.status not in (404, 405):
                    raise
                self._generic = False  # a server older than 1.2: one call for each entity type
            else:
                return list((answer or {}).values())
        answers = []
        for entity, items in body.items():
            try:
                answer = self._ask(method, f"/openapi/v3/entity/{entity}{path}", items, params)
            except HttpRejected as error:
                if error.status in (404, 405):
                    raise Misconfigured(
                        f"{error}; is `url` that of DataHub's metadata service, version 0.14 or "
                        "newer?"
                    ) from error
                raise
            answers.append(answer or [])
        return answers

    def _ask(self, method: str, path: str, body: Any, params: dict[str, str]) -> Any:
        try:
            return self.client.json(method, path, body, params=params)
        except HttpRejected as error:
            if error.status == 403:
                raise Misconfigured(
                    f"{error}; the token's owner needs the privileges to edit entities"
                ) from error
            raise

    def probe(self) -> list[str]:
        """
        Address, credentials, version.

        Raises Misconfigured where a setting has to change, Unavailable where it cannot be asked now.
        """
        try:
            config = self.client.json("GET", "/config")
        except HttpRejected as error:
            raise Misconfigured(
                f"{error}; is `url` that of DataHub's metadata service (…:8080, …/api/gms)?"
            ) from error
        if not isinstance(config, dict) or config.get("noCode") != "true":
            raise Misconfigured(f"{self.client.url} answers, but is no DataHub metadata service")
        versions = config.get("versions") or {}
        version = next(
            (item.get("version") for item in versions.values() if isinstance(item, dict)), "?"
        )
        found = [f"DataHub {version} at {self.client.url}"]
        try:
            self.client.json("POST", "/openapi/v3/entity/generic/batchGet", {})
        except ServerFailed:
            pass
        except HttpRejected as error:
            if error.status == 403:
                raise Misconfigured(f"{error}; the token may not read entities") from error
            if error.status in (404, 405):
                found.append("no /openapi/v3/entity/generic: one call for each type of entity")
        found.append(
            "writes are waited for"
            if self._settings.wait
            else "wait = false: DataHub answers 202 before it has checked anything; what it drops "
            "later shows only in its own logs"
        )
        return found


def _preserving(aspects: Aspects, held: Aspects | None) -> Aspects:
    return with_their_changes(without_our_mark(aspects, held), held)


def _aspects(payload: Proposals) -> int:
    return sum(len(aspects) - 1 for part in payload.values() for _, aspects in part)
