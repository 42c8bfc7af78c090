"""
Delivers to Atlan: looks up what is there, writes in one request, then archives what is stale.

Only assets that `assets` marks as ours are made or archived.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any, ClassVar

from fairlead_bridge.entries import AnyEntry, DatasetRef
from fairlead_bridge.errors import HttpRejected, Misconfigured, Unavailable
from fairlead_bridge.model import Kind
from fairlead_bridge.sinks import Outcome
from fairlead_bridge.sinks.atlan import announcing
from fairlead_bridge.sinks.atlan.announcing import Announcer
from fairlead_bridge.sinks.atlan.assets import (
    MADE_BY,
    MADE_FOR,
    WORKFLOW,
    Asset,
    Assets,
    Item,
    Payload,
    Sweep,
)
from fairlead_bridge.sinks.atlan.metadata import MetadataSet
from fairlead_bridge.sinks.atlan.settings import AtlanSettings
from fairlead_bridge.sinks.atlan.standing import PREFIX, Announced, Announcement, Standing
from fairlead_bridge.sinks.atlan.writing import (
    CRAWLED_LATER,
    Body,
    Key,
    Write,
    body_of,
    has_process,
    lacking,
    listed,
    merged,
    placed,
)
from fairlead_bridge.sinks.batch import in_batches
from fairlead_bridge.sinks.http import Bearer, Client
from fairlead_bridge.sinks.settings import SinkSettings

#: Qualified names, or jobs, in one search; assets in one answer, and in one request to archive.
_SEARCHED, _PAGE, _ARCHIVED = 300, 1_000, 50
_BULK = {
    "replaceTags": "false",
    "appendTags": "false",
    "replaceBusinessAttributes": "false",
    "overwriteBusinessAttributes": "false",
}


class Atlan:
    """Delivers entries to an Atlan."""

    Settings: ClassVar[type[SinkSettings]] = AtlanSettings
    kinds: frozenset[Kind] = frozenset({"dataset", "job", "run", "incident"})

    def __init__(self, name: str, settings: AtlanSettings) -> None:
        self.name = name
        self._settings = settings
        self._assets = Assets(settings)
        self.client = Client(
            settings.url,
            auth=Bearer(settings.token.get_secret_value),
            headers={"x-atlan-agent-id": settings.agent},
            timeout=(5.0, settings.timeout),
            verify=settings.verify,
            rate=settings.rate,
        )
        self._announcer = Announcer(self.client)
        connections = [rule.connection for rule in settings.naming if rule.connection]
        self._metadata = MetadataSet(self.client, settings.custom_metadata, connections)

    def render(self, entry: AnyEntry) -> Payload | None:
        """Return the assets of the entry; None where there is nothing to deliver."""
        return self._assets.of(entry)

    def named(self, dataset: DatasetRef) -> str | None:
        """The asset's qualified name; None where no rule names its connection."""
        return self._assets.named(dataset)

    def push(self, payloads: Sequence[Payload]) -> Iterator[Outcome]:
        """Many assets in one request; what they refer to is looked up in one search before."""
        for outcome in in_batches(payloads, len, self._settings.entities, self._send):
            if isinstance(outcome, HttpRejected) and outcome.status == 404:
                yield Unavailable(str(outcome), CRAWLED_LATER)  # went between search and write
            else:
                yield outcome

    def _send(self, payloads: Sequence[Payload]) -> Sequence[Outcome]:
        items = [item for payload in payloads for item in payload]
        found = self._find(items)
        outcomes: list[Outcome] = []
        writes: dict[Key, Write] = {}
        for payload in payloads:
            missing: set[str] = set()
            for item in payload:
                for write in self._writes(item, found, missing):
                    if has_process(write, writes):
                        key = (write.type, write.name)
                        writes[key] = merged(writes[key], write) if key in writes else write
            outcomes.append(lacking(missing) if missing else None)
        if writes and (denied := self._bulk(writes)) is not None:
            outcomes = [
                outcome or (denied if _describes(payload) else None)
                for outcome, payload in zip(outcomes, payloads, strict=True)
            ]
        sweeps = [item.job for item in items if isinstance(item, Sweep)]
        preserved = sorted({item.name for item in items if isinstance(item, Asset)})
        for start in range(0, len(sweeps), _SEARCHED):
            self._archive(sweeps[start : start + _SEARCHED], preserved)
        return outcomes

    def _writes(self, item: Item, found: dict[Key, Body], missing: set[str]) -> Iterator[Write]:
        """What is to be written of an item; what it lacks is added to `missing`."""
        match item:
            case Asset():
                write = placed(item, found, missing)
                if write is not None:
                    yield write
            case Standing(name=name, announcement=announcement, metadata=metadata):
                there = found.get(("", name))
                if there is not None:
                    yield from self._added(there, announcement, metadata or {})
                elif item.says_something:
                    missing.add(name)
            case Announced(announcement=announcement, names=names):
                missing |= {name for name in names if ("", name) not in found}
                for name in names:
                    if ("", name) in found:
                        yield from self._added(found["", name], announcement, {})
                over = Announcement(announcement.title)
                for there in self._announced(announcement.title):
                    if there["attributes"]["qualifiedName"] not in names:
                        yield from self._added(there, over, {}, announcement.title)

    def _added(
        self,
        there: Body,
        announcement: Announcement | None,
        metadata: Body,
        of: str = PREFIX,
    ) -> Iterator[Write]:
        """What is added to an asset that is there, whether or not we made it."""
        held = there["attributes"]
        changes = (
            self._announcer.changes(held, announcement, of) if announcement is not None else {}
        )
        if changes or metadata:
            attributes = {"name": held.get("name"), **changes}
            name = held["qualifiedName"]
            yield Write(there["typeName"], name, attributes, {}, "", False, metadata)

    def _announced(self, title: str) -> Iterator[Body]:
        """The assets that show an announcement of this title."""
        filters: list[Body] = [
            {"term": {"__state": "ACTIVE"}},
            {"term": {f"{announcing.TITLE}.keyword": title}},
        ]
        return self._search(filters, ["name", *announcing.ATTRIBUTES])

    def _find(self, items: Sequence[Item]) -> dict[Key, Body]:
        """
        What Atlan has of the assets and of those they refer to: each by its type and its name, and
        the one that is not archived by its name alone.
        """
        assets = [item for item in items if isinstance(item, Asset)]
        wanted = {item.name for item in items if isinstance(item, Asset | Standing)} | {
            ref.name
            for asset in assets
            for refs in asset.refs.values()
            for ref in listed(refs)
            if not ref.type
        }
        wanted |= {name for item in items if isinstance(item, Announced) for name in item.names}
        asked = ["name", MADE_BY, MADE_FOR, "lastRowChangedAt", self._assets.words["started"]]
        if any(isinstance(item, Standing | Announced) for item in items):
            asked += announcing.ATTRIBUTES
        found: dict[Key, Body] = {}
        names = sorted(wanted)
        for start in range(0, len(names), _SEARCHED):
            filters = [{"terms": {"qualifiedName": names[start : start + _SEARCHED]}}]
            for entity in self._search(filters, asked):
                name = entity["attributes"]["qualifiedName"]
                found[entity["typeName"], name] = entity
                if entity.get("status") != "DELETED":
                    found["", name] = entity
        return found

    def _search(
        self, filters: list[Body], attributes: Sequence[str], but: Sequence[str] = ()
    ) -> Iterator[Body]:
        """Every asset that passes the filters, but for those of these qualified names."""
        query: Body = {"filter": filters}
        if but:
            query["must_not"] = [{"terms": {"qualifiedName": list(but)}}]
        start, more = 0, True
        while more:
            body = {
                "dsl": {"from": start, "size": _PAGE, "query": {"bool": query}},
                "attributes": ["qualifiedName", *attributes],
            }
            answer = self._call("POST", "/api/meta/search/indexsearch", body) or {}
            page = answer.get("entities") or ()
            yield from page
            start, more = start + _PAGE, len(page) == _PAGE

    def _bulk(self, writes: dict[Key, Write]) -> Unavailable | None:
        """
        Write; returns why custom metadata was left out, where the token may not write it.

        References within the request are by temporary guids: Atlan finds nothing by name that is
        only being made.
        """
        guids = {key: str(-n) for n, key in enumerate(writes, 1)}
        entities = [body_of(write, guids) for write in writes.values()]
        described = self._described(writes.values(), entities)
        if described is None:
            self._call("POST", "/api/meta/entity/bulk", {"entities": entities}, params=_BULK)
            return None
        params = {**_BULK, "replaceBusinessAttributes": "true"}  # of the sets that are sent
        try:
            self.client.json(
                "POST", "/api/meta/entity/bulk", {"entities": described}, params=params
            )
        except HttpRejected as error:
            if error.status != 403:
                raise
            self._call("POST", "/api/meta/entity/bulk", {"entities": entities}, params=_BULK)
            return Unavailable(
                f"{error}; everything but custom metadata was delivered: let the token's user update "
                'it, or write `custom_metadata = ""`',
                CRAWLED_LATER,
            )
        return None

    def _described(self, writes: Collection[Write], entities: list[Body]) -> list[Body] | None:
        """The entities with their custom metadata; None where there is none to write."""
        if not any(write.metadata for write in writes):
            return None
        names = self._metadata.names()
        if names is None:
            return None
        of_set, attributes = names
        return [
            {
                **entity,
                "businessAttributes": {
                    of_set: {
                        attributes[name]: value
                        for name, value in write.metadata.items()
                        if name in attributes
                    }
                },
            }
            if write.metadata
            else entity
            for write, entity in zip(writes, entities, strict=True)
        ]

    def _archive(self, jobs: Sequence[str], preserved: Sequence[str]) -> None:
        """Archive what has our mark for one of the jobs, but for the `preserved` names."""
        words = self._assets.words
        ours: list[Body] = [
            {"terms": {"__typeName.keyword": [words["task"], "Process", "ColumnProcess"]}},
            {"term": {"__state": "ACTIVE"}},
            {"term": {MADE_BY: WORKFLOW}},
            {"terms": {MADE_FOR: list(jobs)}},
        ]
        guids = [entity["guid"] for entity in self._search(ours, [], preserved)]
        for start in range(0, len(guids), _ARCHIVED):
            params = {"guid": guids[start : start + _ARCHIVED], "deleteType": "SOFT"}
            try:
                self._call("DELETE", "/api/meta/entity/bulk", None, params=params)
            except HttpRejected as error:
                if error.status != 404:  # it is gone already
                    raise

    def _call(self, method: str, path: str, body: Any, **more: Any) -> Any:
        try:
            return self.client.json(method, path, body, **more)
        except HttpRejected as error:
            if error.status == 403:
                raise Unavailable(
                    f"{error}; a new token takes minutes to become active, and needs a persona "
                    "or policy that may edit the connection's assets",
                    60.0,
                ) from error
            raise

    def probe(self) -> list[str]:
        """
        Address, token, and whether this Airflow's and the rules' connections are there.

        Raises Misconfigured where a setting has to change, Unavailable where it cannot be asked now.
        """
        wanted = {self._settings.connection}
        wanted |= {rule.connection for rule in self._settings.naming if rule.connection}
        filters = [
            {"term": {"__typeName.keyword": "Connection"}},
            {"terms": {"qualifiedName": sorted(wanted)}},
        ]
        body = {
            "dsl": {"from": 0, "size": len(wanted), "query": {"bool": {"filter": filters}}},
            "attributes": ["qualifiedName", "name"],
        }
        try:
            answer = self._call("POST", "/api/meta/search/indexsearch", body) or {}
        except HttpRejected as error:
            raise Misconfigured(f"{error}; is `url` https://TENANT.atlan.com?") from error
        there = {entity["attributes"]["qualifiedName"] for entity in answer.get("entities") or ()}
        if self._settings.connection not in there:
            raise Misconfigured(
                f"Atlan has no connection {self._settings.connection}, or the token may not see "
                "it: create it, and copy its qualified name"
            )
        found = [f"Atlan at {self.client.url}"]
        for name in sorted(wanted):
            found.append(f"connection {name} " + ("is there" if name in there else "IS MISSING"))
        if self._settings.announcements:
            found.append(self._announcer.probe())
        if self._settings.custom_metadata:
            found.append(self._metadata.probe())
        return found


def _describes(payload: Payload) -> bool:
    return any(isinstance(item, Standing) and item.metadata for item in payload)
