"""
Delivers to Atlan: looks up what is there, writes in one request, then archives what is stale.

Only assets that `assets` marks as ours are made or archived.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from fairlead_bridge.entries import AnyEntry, DatasetRef
from fairlead_bridge.errors import HttpRejected, Misconfigured, Unavailable
from fairlead_bridge.model import Kind
from fairlead_bridge.sinks import Outcome
from fairlead_bridge.sinks.atlan.assets import (
    MADE_BY,
    MADE_FOR,
    WORKFLOW,
    Asset,
    Assets,
    Payload,
    Ref,
    Sweep,
)
from fairlead_bridge.sinks.atlan.settings import AtlanSettings
from fairlead_bridge.sinks.batch import in_batches
from fairlead_bridge.sinks.http import Bearer, Client
from fairlead_bridge.sinks.settings import SinkSettings

#: Seconds before we look again for an asset that Atlan does not have.
_CRAWLED_LATER = 3600.0
#: Qualified names, or jobs, in one search; assets in one answer, and in one request to archive.
_SEARCHED, _PAGE, _ARCHIVED = 300, 1_000, 50
_BULK = {
    "replaceTags": "false",
    "appendTags": "false",
    "replaceBusinessAttributes": "false",
    "overwriteBusinessAttributes": "false",
}

Key = tuple[str, str]  # type (none: any), qualified name
Body = dict[str, Any]


class Atlan:
    """Delivers entries to an Atlan."""

    Settings: ClassVar[type[SinkSettings]] = AtlanSettings
    kinds: frozenset[Kind] = frozenset({"dataset", "job", "run"})

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
                yield Unavailable(str(outcome), _CRAWLED_LATER)  # went between search and write
            else:
                yield outcome

    def _send(self, payloads: Sequence[Payload]) -> Sequence[Outcome]:
        assets_by_payload = [
            [item for item in payload if isinstance(item, Asset)] for payload in payloads
        ]
        found = self._find([asset for assets in assets_by_payload for asset in assets])
        outcomes: list[Outcome] = []
        writes: dict[Key, _Write] = {}
        for assets in assets_by_payload:
            missing: set[str] = set()
            for asset in assets:
                write = _placed(asset, found, missing)
                if write is not None and _has_process(write, writes):
                    key = (write.type, write.name)
                    writes[key] = _merged(writes[key], write) if key in writes else write
            outcomes.append(_missing(missing) if missing else None)
        if writes:
            self._bulk(writes)
        sweeps = [item.job for payload in payloads for item in payload if isinstance(item, Sweep)]
        preserved = sorted({asset.name for assets in assets_by_payload for asset in assets})
        for start in range(0, len(sweeps), _SEARCHED):
            self._archive(sweeps[start : start + _SEARCHED], preserved)
        return outcomes

    def _find(self, assets: Sequence[Asset]) -> dict[Key, Body]:
        """
        What Atlan has of the assets and of those they refer to: each by its type and its name, and
        the one that is not archived by its name alone.
        """
        wanted = {asset.name for asset in assets} | {
            ref.name
            for asset in assets
            for refs in asset.refs.values()
            for ref in _listed(refs)
            if not ref.type
        }
        dates = ["lastRowChangedAt", self._assets.words["started"]]
        found: dict[Key, Body] = {}
        names = sorted(wanted)
        for start in range(0, len(names), _SEARCHED):
            filters = [{"terms": {"qualifiedName": names[start : start + _SEARCHED]}}]
            for entity in self._search(filters, ["name", MADE_BY, MADE_FOR, *dates]):
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

    def _bulk(self, writes: dict[Key, _Write]) -> None:
        """References within the request are by temporary guids: Atlan finds nothing by name that
        is only being made."""
        guids = {key: str(-n) for n, key in enumerate(writes, 1)}
        entities = [_entity(write, guids) for write in writes.values()]
        self._call("POST", "/api/meta/entity/bulk", {"entities": entities}, params=_BULK)

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
        return found


@dataclass(frozen=True, slots=True)
class _Write:
    """An asset as it is written now."""

    type: str
    name: str
    attributes: Body
    refs: dict[str, list[Ref] | Ref]
    dated: str
    ours: bool  # we made it, or make it with this


def _listed(refs: list[Ref] | Ref) -> list[Ref]:
    return refs if isinstance(refs, list) else [refs]


def _placed(asset: Asset, found: dict[Key, Body], missing: set[str]) -> _Write | None:
    """
    The asset as it can be written now: with the references that are there, of the type that Atlan
    knows it by. None where it cannot; what is missing is added to `missing`.
    """
    there = found.get((asset.type, asset.name))
    kind = asset.type or (there["typeName"] if there else "")
    if not kind:
        missing.add(asset.name)
        return None
    attributes = dict(asset.attributes)
    if there is not None and asset.dated:
        if (there["attributes"].get(asset.dated) or 0) > attributes[asset.dated]:
            return None  # what Atlan has is newer
        attributes.setdefault("name", there["attributes"].get("name"))
    ours = bool(asset.type) and (there is None or _made(asset, there))
    if asset.type and not ours:
        attributes = {
            name: value for name, value in attributes.items() if name not in (MADE_BY, MADE_FOR)
        }
    refs: dict[str, list[Ref] | Ref] = {}
    columns = asset.type == "ColumnProcess"
    for role, wanted in asset.refs.items():
        present = []
        for ref in _listed(wanted):
            if ref.type:
                present.append(ref)
            elif ("", ref.name) in found:
                present.append(Ref(ref.name, found["", ref.name]["typeName"]))
            elif not columns:  # a column that a crawler spells otherwise is no reason to wait
                missing.add(ref.name)
        refs[role] = present if isinstance(wanted, list) else present[0]
    if asset.type in ("Process", "ColumnProcess") and not (refs["inputs"] and refs["outputs"]):
        return None
    return _Write(kind, asset.name, attributes, refs, asset.dated, ours)


def _made(asset: Asset, there: Body) -> bool:
    """Whether what is there has the attributes that we give this asset when we make it."""
    identifying = (MADE_BY, MADE_FOR)
    return all(
        there["attributes"].get(attribute) == asset.attributes[attribute]
        for attribute in identifying
    )


def _has_process(write: _Write, writes: dict[Key, _Write]) -> bool:
    """Whether the process that a lineage of columns belongs to is written with it."""
    process = write.refs.get("process")
    return not isinstance(process, Ref) or (process.type, process.name) in writes


def _merged(a: _Write, b: _Write) -> _Write:
    """Two payloads of one asset in one; of two runs, the newer."""
    if a.dated and b.dated and a.attributes[a.dated] > b.attributes[b.dated]:
        a, b = b, a
    attributes, refs = {**a.attributes, **b.attributes}, {**a.refs, **b.refs}
    return _Write(a.type, a.name, attributes, refs, b.dated or a.dated, a.ours)


def _missing(names: set[str]) -> Unavailable:
    shown = ", ".join(sorted(names)[:3]) + (", …" if len(names) > 3 else "")
    return Unavailable(
        f"Atlan has no {shown} yet: crawl it, or look at the naming map", _CRAWLED_LATER
    )


def _entity(write: _Write, guids: dict[Key, str]) -> Body:
    """
    The body of an asset. For ours, lists of references are replaced and an archived asset is
    restored; to assets of other programs references are only added.
    """
    refs = {role: _reference(ref, guids) for role, ref in write.refs.items()}
    entity: Body = {"typeName": write.type, "guid": guids[write.type, write.name]}
    if write.ours:
        entity["status"] = "ACTIVE"
    else:
        added = {role: found for role, found in refs.items() if isinstance(found, list) and found}
        refs = {role: found for role, found in refs.items() if not isinstance(found, list)}
        if added:
            entity["appendRelationshipAttributes"] = added
    entity["attributes"] = {"qualifiedName": write.name, **write.attributes, **refs}
    return entity


def _reference(refs: list[Ref] | Ref, guids: dict[Key, str]) -> Any:
    if isinstance(refs, list):
        return [_reference(ref, guids) for ref in refs]
    if (refs.type, refs.name) in guids:
        return {"typeName": refs.type, "guid": guids[refs.type, refs.name]}
    return {"typeName": refs.type, "uniqueAttributes": {"qualifiedName": refs.name}}
