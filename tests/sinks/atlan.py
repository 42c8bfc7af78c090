"""An Atlan metastore: references must exist, attributes must be known, relations are replaced."""

from __future__ import annotations

from typing import Any

from tests.sinks.server import Answer, Fake, Request

_COMMON = {"qualifiedName", "name", "connectorName", "connectionQualifiedName"}
_COMMON |= {"description", "sourceURL", "sourceOwners"}
_RUN = {
    "airflowTags",
    "airflowRunName",
    "airflowRunType",
    "airflowRunStartTime",
    "airflowRunEndTime",
}
_RUN |= {"airflowRunOpenLineageState", "airflowRunErrorMessage"}
_FRESH = {
    "lastRowChangedAt",
    "sourceUpdatedAt",
    "lastSyncRunAt",
    "lastSyncRun",
    "lastSyncWorkflowName",
}
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

    def add(self, kind: str, name: str, **attributes: Any) -> dict[str, Any]:
        attributes = {"qualifiedName": name, "name": name.rpartition("/")[2], **attributes}
        self.assets[name] = {"typeName": kind, "attributes": attributes, "refs": {}}
        return self.assets[name]

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
        except _Refuse as refusal:
            return refusal.answer
        return Answer(404, "<html>not found</html>")

    def _search(self, body: dict[str, Any]) -> Answer:
        names: set[str] | None = None
        kinds: set[str] | None = None
        for one in body["dsl"]["query"]["bool"]["filter"]:
            ((how, what),) = one.items()
            ((field, value),) = what.items()
            if how == "terms" and field == "qualifiedName":
                names = set(value)
            elif how == "term" and field == "__typeName.keyword":
                kinds = {value}
            elif (how, field) != ("term", "__state"):
                raise _Refuse(400, "ATLAS-400", f"{how} {field}")
        hits = [
            {
                "typeName": asset["typeName"],
                "attributes": {key: asset["attributes"].get(key) for key in body["attributes"]},
            }
            for name, asset in self.assets.items()
            if (names is None or name in names) and (kinds is None or asset["typeName"] in kinds)
        ][: body["dsl"]["size"]]
        return Answer(200, {"approximateCount": len(hits), "entities": hits or None})

    def _bulk(self, request: Request) -> Answer:
        if sum(request.query.get(name) == "true" for name in ("replaceTags", "appendTags")) > 1:
            raise _Refuse(400, "ATLAS-400", "only one of the flags")
        entities = request.json()["entities"]
        if len(entities) > 10_000:
            raise _Refuse(400, "ATLAS-400-00-212", "too many")
        guids = {entity["guid"]: entity["attributes"]["qualifiedName"] for entity in entities}
        if len(guids) != len(entities) or any(not guid.startswith("-") for guid in guids):
            raise _Refuse(400, "ATLAS-400", "guids are temporary and distinct")
        told = [self._checked(entity, guids) for entity in entities]
        created, updated = [], []
        for kind, plain, refs in told:
            name = plain["qualifiedName"]
            held = self.assets.get(name)
            if held is None:
                held = self.add(kind, name)
                created.append({"typeName": kind, "attributes": {"qualifiedName": name}})
            else:
                updated.append({"typeName": kind, "attributes": {"qualifiedName": name}})
            held["attributes"].update(plain)
            held["refs"].update(refs)
        mutated = {"CREATE": created, "UPDATE": updated}
        return Answer(
            200, {"mutatedEntities": mutated, "guidAssignments": dict.fromkeys(guids, "g")}
        )

    def _checked(self, entity: dict[str, Any], guids: dict[str, str]) -> tuple[str, Any, Any]:
        kind, attributes = entity["typeName"], entity["attributes"]
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
        if held is None and not plain.get("connectionQualifiedName"):
            raise _Refuse(400, "ATLAS-400", f"{kind} {name} would be made bare")
        for key, value in plain.items():
            if isinstance(value, str) and len(value) > 100_000:
                raise _Refuse(400, "ATLAS-400", f"{key} is too long")
            if key.endswith(("Time", "At")) and not isinstance(value, int):
                raise _Refuse(400, "ATLAS-400", f"{key} is a number")
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
        return kind, plain, refs

    def _referred(self, ref: dict[str, Any], guids: dict[str, str]) -> str:
        if "guid" in ref:
            return guids[ref["guid"]]
        name: str = ref["uniqueAttributes"]["qualifiedName"]
        if name not in self.assets or self.assets[name]["typeName"] != ref["typeName"]:
            said = f"Instance {ref['typeName']} with unique attribute {name} does not exist"
            raise _Refuse(404, "ATLAS-404-00-009", said)
        return name
