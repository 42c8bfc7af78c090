"""
An Atlan metastore: references must exist, attributes must be known, relations are replaced or added
to, what is archived stays so until it is written as active, and nothing is purged.
"""

from __future__ import annotations

import uuid
from typing import Any

from tests.support.sinks.server import Answer, Fake, Request

_COMMON = {"qualifiedName", "name", "connectorName", "connectionQualifiedName"}
_COMMON |= {"description", "sourceURL", "sourceOwners", "lastSyncWorkflowName", "lastSyncRun"}
_COMMON |= {"announcementTitle", "announcementType", "announcementMessage"}
_RUN = {
    "airflowTags",
    "airflowRunName",
    "airflowRunType",
    "airflowRunStartTime",
    "airflowRunEndTime",
}
_RUN |= {"airflowRunOpenLineageState", "airflowRunErrorMessage"}
_FRESH = {"lastRowChangedAt", "sourceUpdatedAt", "lastSyncRunAt"}
_TASK = {f"airflowTask{name}" for name in ("OperatorClass", "Sql", "Pool", "Queue", "TriggerRule")}
_TASK |= {
    "airflowTaskGroupName",
    "airflowTaskRetryNumber",
    "airflowDagName",
    "airflowDagQualifiedName",
}
_FLOW = {
    f"flow{name}"
    for name in ("Status", "StartedAt", "FinishedAt", "RunId", "ErrorMessage", "Schedule")
}
_TYPES: dict[str, tuple[set[str], set[str]]] = {
    "AirflowDag": (_COMMON | _RUN | {"airflowDagSchedule"}, set()),
    "AirflowTask": (_COMMON | _RUN | _TASK, {"airflowDag", "inputs", "outputs"}),
    "FlowControlOperation": (
        _COMMON | _FLOW | {"assetUserDefinedType"},
        {"flowControlledBy", "flowPredecessors"},
    ),
    "Process": (_COMMON | {"sql"}, {"inputs", "outputs", "airflowTasks", "flowOrchestratedBy"}),
    "ColumnProcess": (_COMMON | {"sql"}, {"inputs", "outputs", "process"}),
    "Table": (_COMMON | _FRESH, set()),
    "View": (_COMMON | _FRESH, set()),
    "Column": (_COMMON, set()),
    "Connection": (_COMMON, set()),
}
_STATES = {"START", "RUNNING", "COMPLETE", "ABORT", "FAIL", "OTHER"}


class _Refuse(Exception):
    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.answer = Answer(status, {"code": status, "errorCode": code, "errorMessage": message})


class FakeAtlan(Fake):
    """What it holds is in `assets`, by qualified name; a reference is the name of the other."""

    def __init__(self) -> None:
        super().__init__()
        self.assets: dict[str, dict[str, Any]] = {}
        self.sets: list[dict[str, Any]] = []  # of custom metadata
        self.user: str | None = "service-account-fairlead"  # whose token is used
        self.may_make_sets = True
        self.may_describe = True

    def add(self, kind: str, name: str, **attributes: Any) -> dict[str, Any]:
        attributes = {"qualifiedName": name, "name": name.rpartition("/")[2], **attributes}
        self.assets[name] = {
            "typeName": kind,
            "guid": str(uuid.uuid5(uuid.NAMESPACE_URL, f"{kind} {name}")),
            "status": "ACTIVE",
            "attributes": attributes,
            "refs": {},
        }
        return self.assets[name]

    def announce(self, name: str, who: str, title: str, message: str = "") -> None:
        """A user announces on an asset, or writes on what is announced there."""
        self.assets[name]["attributes"] |= {
            "announcementTitle": title,
            "announcementType": "information",
            "announcementMessage": message,
            "announcementUpdatedBy": who,
        }

    def announced(self, name: str) -> tuple[str, str, str] | None:
        """Title, type and message of what is announced on an asset."""
        held = self.assets[name]["attributes"]
        if not held.get("announcementTitle"):
            return None
        return (
            held["announcementTitle"],
            held["announcementType"],
            held.get("announcementMessage", ""),
        )

    def described(self, name: str) -> dict[str, Any]:
        """The custom metadata of an asset, by the names that people see."""
        shown = {
            (one["name"], attribute["name"]): attribute["displayName"]
            for one in self.sets
            for attribute in one["attributeDefs"]
        }
        held = self.assets[name].get("metadata", {})
        return {shown[key]: value for key, value in held.items()}

    def make_set(self, definition: dict[str, Any]) -> dict[str, Any]:
        """Atlan names sets and attributes at random."""
        names = (f"z{len(self.sets)}{n}" for n in range(1_000))
        attributes = [{**one, "name": next(names)} for one in definition["attributeDefs"]]
        made = {**definition, "name": next(names), "attributeDefs": attributes}
        self.sets.append(made)
        return made

    def shown(self, kind: str | None = None) -> set[str]:
        """The names of what is not archived."""
        return {
            name
            for name, asset in self.assets.items()
            if asset["status"] == "ACTIVE" and kind in (None, asset["typeName"])
        }

    def table(self, name: str, *columns: str, kind: str = "Table") -> None:
        self.add(kind, name)
        for column in columns:
            self.add("Column", f"{name}/{column}")

    def answer(self, request: Request) -> Answer:
        try:
            if (request.method, request.path) == ("POST", "/api/meta/search/indexsearch"):
                return self._search(request.json())
            if (request.method, request.path) == ("POST", "/api/meta/entity/bulk"):
                return self._bulk(request)
            if request.path == "/api/meta/types/typedefs":
                return self._typedefs(request)
            if (request.method, request.path) == ("GET", "/api/service/users/current"):
                return Answer(200 if self.user else 404, {"username": self.user})
            if (request.method, request.path) == ("DELETE", "/api/meta/entity/bulk"):
                return self._archive(request)
        except _Refuse as refusal:
            return refusal.answer
        return Answer(404, "<html>not found</html>")

    def _search(self, body: dict[str, Any]) -> Answer:
        dsl = body["dsl"]
        if dsl["from"] + dsl["size"] > 10_000:
            raise _Refuse(400, "ATLAS-400", "Result window is too large")
        query = dsl["query"]["bool"]
        if set(query) - {"filter", "must_not"}:
            raise _Refuse(400, "ATLAS-400", f"{sorted(query)}")
        passed = [
            asset
            for asset in self.assets.values()
            if all(_passes(asset, one) for one in query["filter"])
            and not any(_passes(asset, one) for one in query.get("must_not", ()))
        ]
        hits = [
            {
                **{key: asset[key] for key in ("typeName", "guid", "status")},
                "attributes": {key: asset["attributes"].get(key) for key in body["attributes"]},
            }
            for asset in passed[dsl["from"] :][: dsl["size"]]
        ]
        return Answer(200, {"approximateCount": len(passed), "entities": hits or None})

    def _typedefs(self, request: Request) -> Answer:
        if request.method == "GET":
            return Answer(200, {"businessMetadataDefs": self.sets})
        (definition,) = request.json()["businessMetadataDefs"]
        if not self.may_make_sets:
            raise _Refuse(403, "ATLAS-403-00-001", "not allowed to create businessMetadata-def")
        if definition["displayName"] in {one["displayName"] for one in self.sets}:
            raise _Refuse(409, "ATLAS-409-00-012", "already exists")
        for attribute in definition["attributeDefs"]:
            if attribute["typeName"] not in ("string", "date", "float"):
                raise _Refuse(400, "ATLAS-400", f"type {attribute['typeName']}")
            if any(value in (None, "") for value in attribute["options"].values()):
                raise _Refuse(400, "ATLAS-400", "options has null/empty value")
        return Answer(200, {"businessMetadataDefs": [self.make_set(definition)]})

    def _archive(self, request: Request) -> Answer:
        guids = [value for name, value in request.pairs if name == "guid"]
        if not guids:
            raise _Refuse(400, "ATLAS-400-00-01D", "Guid(s) not specified")
        if request.query.get("deleteType", "SOFT") != "SOFT":
            raise _Refuse(403, "ATLAS-403-00-001", "this token may archive, but not purge")
        archived = []
        for asset in self.assets.values():  # what is not there, or archived already, is passed over
            if asset["guid"] in guids and asset["status"] == "ACTIVE":
                asset["status"] = "DELETED"
                archived.append({"typeName": asset["typeName"], "guid": asset["guid"]})
        return Answer(200, {"mutatedEntities": {"DELETE": archived}})

    def _bulk(self, request: Request) -> Answer:
        if sum(request.query.get(name) == "true" for name in ("replaceTags", "appendTags")) > 1:
            raise _Refuse(400, "ATLAS-400", "only one of the flags")
        entities = request.json()["entities"]
        if len(entities) > 10_000:
            raise _Refuse(400, "ATLAS-400-00-212", "too many")
        guids = {entity["guid"]: entity["attributes"]["qualifiedName"] for entity in entities}
        if len(guids) != len(entities) or any(not guid.startswith("-") for guid in guids):
            raise _Refuse(400, "ATLAS-400", "guids are temporary and distinct")
        checked = [self._checked(entity, guids) for entity in entities]
        created, updated = [], []
        if any("businessAttributes" in entity for entity in entities):
            if request.query.get("replaceBusinessAttributes") != "true":
                raise _Refuse(400, "ATLAS-400", "the real one passes it over, and says nothing")
            if request.query.get("overwriteBusinessAttributes") != "false":
                raise _Refuse(400, "ATLAS-400", "the sets of others would be removed")
            if not self.may_describe:
                raise _Refuse(403, "ATLAS-403-00-001", "add/update business-metadata")
        for (kind, plain, refs, added, status), entity in zip(checked, entities, strict=True):
            name = plain["qualifiedName"]
            held = self.assets.get(name)
            if held is None:
                held = self.add(kind, name)
                created.append({"typeName": kind, "attributes": {"qualifiedName": name}})
            else:
                updated.append({"typeName": kind, "attributes": {"qualifiedName": name}})
            if "announcementTitle" in plain or "announcementMessage" in plain:
                plain["announcementUpdatedBy"] = self.user
            held["attributes"].update(plain)
            self._describe(held, entity.get("businessAttributes", {}))
            held["refs"].update(refs)
            for role, names in added.items():
                kept = held["refs"].setdefault(role, [])
                kept += [other for other in names if other not in kept]
            if status == "ACTIVE":
                held["status"] = "ACTIVE"
        mutated = {"CREATE": created, "UPDATE": updated}
        return Answer(
            200, {"mutatedEntities": mutated, "guidAssignments": dict.fromkeys(guids, "g")}
        )

    def _describe(self, held: dict[str, Any], sets: dict[str, dict[str, Any]]) -> None:
        known = {one["name"]: one for one in self.sets}
        for name, values in sets.items():
            if name not in known:
                raise _Refuse(400, "ATLAS-400", f"{name}: invalid business-metadata")
            types = {one["name"]: one["typeName"] for one in known[name]["attributeDefs"]}
            for key, value in values.items():
                allowed = {"string": (str,), "date": (int,), "float": (int, float)}[types[key]]
                if value is not None and not isinstance(value, allowed):
                    raise _Refuse(400, "ATLAS-400", f"{key}: {value}")
                stored = held.setdefault("metadata", {})
                stored.pop((name, key), None)
                if value is not None:
                    stored[name, key] = value

    def _checked(
        self, entity: dict[str, Any], guids: dict[str, str]
    ) -> tuple[str, Any, Any, Any, str | None]:
        kind, attributes = entity["typeName"], entity["attributes"]
        allowed = {"typeName", "guid", "status", "attributes", "appendRelationshipAttributes"}
        allowed |= {"businessAttributes"}
        if set(entity) - allowed or entity.get("status", "ACTIVE") != "ACTIVE":
            raise _Refuse(400, "ATLAS-400", f"{sorted(entity)} {entity.get('status')}")
        if kind not in _TYPES:
            raise _Refuse(404, "ATLAS-404-00-001", f"no type {kind}")
        plain_names, ref_names = _TYPES[kind]
        unknown = set(attributes) - plain_names - ref_names
        if unknown:  # the real one drops them and says nothing
            raise _Refuse(400, "ATLAS-400", f"{kind} has no {sorted(unknown)}")
        plain = {key: value for key, value in attributes.items() if key in plain_names}
        name = plain["qualifiedName"]
        held = self.assets.get(name)
        if held is not None and held["typeName"] != kind:
            raise _Refuse(400, "ATLAS-400", f"{name} is a {held['typeName']}")
        if not plain.get("name"):
            raise _Refuse(400, "ATLAS-400", "name is required")
        appended = entity.get("appendRelationshipAttributes", {})
        if appended and held is None:  # the real one adds on update only, and says nothing
            raise _Refuse(400, "ATLAS-400", f"{name} is new: there is nothing to add to")
        if set(appended) - ref_names or not all(isinstance(one, list) for one in appended.values()):
            raise _Refuse(400, "ATLAS-400", f"{kind} cannot be added {sorted(appended)}")
        if held is None and not plain.get("connectionQualifiedName"):
            raise _Refuse(400, "ATLAS-400", f"{kind} {name} would be made bare")
        for key, value in plain.items():
            if isinstance(value, str) and len(value) > 100_000:
                raise _Refuse(400, "ATLAS-400", f"{key} is too long")
            if key.endswith(("Time", "At")) and not isinstance(value, int):
                raise _Refuse(400, "ATLAS-400", f"{key} is a number")
        if plain.get("announcementType") not in (None, "warning", "issue", "information"):
            raise _Refuse(400, "ATLAS-400", f"announcementType {plain['announcementType']}")
        if "<!--#" in (plain.get("announcementMessage") or ""):
            raise _Refuse(400, "ATLAS-400", "SSI tags are not allowed")
        state = plain.get("airflowRunOpenLineageState")
        if state is not None and state not in _STATES:
            raise _Refuse(400, "ATLAS-400", f"no state {state}")
        refs = {
            key: [self._referred(ref, guids) for ref in value]
            if isinstance(value, list)
            else self._referred(value, guids)
            for key, value in attributes.items()
            if key in ref_names
        }
        added = {
            key: [self._referred(ref, guids) for ref in value] for key, value in appended.items()
        }
        return kind, plain, refs, added, entity.get("status")

    def _referred(self, ref: dict[str, Any], guids: dict[str, str]) -> str:
        if "guid" in ref:
            return guids[ref["guid"]]
        name: str = ref["uniqueAttributes"]["qualifiedName"]
        held = self.assets.get(name, {"typeName": None, "status": None})
        if (held["typeName"], held["status"]) != (ref["typeName"], "ACTIVE"):
            message = f"Instance {ref['typeName']} with unique attribute {name} does not exist"
            raise _Refuse(404, "ATLAS-404-00-009", message)
        return name


def _passes(asset: dict[str, Any], condition: dict[str, Any]) -> bool:
    """A term or terms of a search, on what Atlan indexes as keywords."""
    ((how, what),) = condition.items()
    ((field, value),) = what.items()
    if how not in ("term", "terms"):
        raise _Refuse(400, "ATLAS-400", f"{how} {field}")
    held = {"__typeName.keyword": asset["typeName"], "__state": asset["status"]}
    exact = {"qualifiedName", "lastSyncWorkflowName", "lastSyncRun", "announcementTitle.keyword"}
    if field not in {*held, *exact}:
        raise _Refuse(400, "ATLAS-400", f"{field} is no keyword")
    found = held.get(field, asset["attributes"].get(field.removesuffix(".keyword")))
    return found in value if how == "terms" else found == value
