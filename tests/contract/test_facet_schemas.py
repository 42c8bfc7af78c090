"""Each facet of our own is one schema, and both sides are held to it: what is sent, what is read."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import attrs
import jsonschema
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fairlead_airflow import (
    asset_events,
    deployment,
    event_parts,
    facets,
    import_errors,
    instances,
    protect,
    scheduling,
)
from fairlead_airflow.lineage import unseen
from fairlead_bridge.declaring import confirm
from fairlead_bridge.declaring import events as declarations
from fairlead_bridge.declaring.nouns import Declared, Flow, Origin, Ref
from fairlead_bridge.importing import events as history
from fairlead_bridge.insight.contracts import Contract, PromisedCheck, PromisedColumn
from fairlead_bridge.insight.statements import Rows, Statement
from fairlead_bridge.mapping import airflow
from fairlead_bridge.mapping import instances as read_instances
from fairlead_bridge.mapping.facets import FACETS

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs" / "reference" / "facets"
AT = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)
Json = dict[str, Any]


def _schemas() -> dict[str, tuple[str, Json]]:
    """By the facet's key: its $id and the schema of its own fields."""
    found = {}
    for file in FOLDER.glob("*.json"):
        schema = json.loads(file.read_text())
        assert schema["$id"] == f"urn:fairlead:facets:1-0-0:{file.stem}"
        ((key, reference),) = schema["properties"].items()
        assert reference == {"$ref": f"#/$defs/{file.stem}"}
        found[key] = (schema["$id"], schema["$defs"][file.stem]["allOf"][1])
    return found


SCHEMAS = _schemas()


def _strict(schema: Json) -> Json:
    """The schema without room for fields that it does not name."""
    result = dict(schema)
    if "properties" in schema:
        result["properties"] = {name: _strict(each) for name, each in schema["properties"].items()}
        result["additionalProperties"] = False
    if "items" in schema:
        result["items"] = _strict(schema["items"])
    return result


def _fields(schema: Json) -> set[str]:
    """Every field that the schema names, nested ones as `instances.taskId`."""
    names = set()
    for name, each in schema["properties"].items():
        inner = each.get("items", each)
        nested = _fields(inner) if "properties" in inner else set()
        names |= {name, *(f"{name}.{field}" for field in nested)}
    return names


def _sent(value: Any, schema: Json) -> set[str]:
    """The fields that the schema names and the value has."""
    names = set()
    for name in value.keys() & schema["properties"].keys():
        inner = schema["properties"][name].get("items", schema["properties"][name])
        rows = value[name] if isinstance(value[name], list) else [value[name]]
        nested = {f for row in rows if "properties" in inner for f in _sent(row, inner)}
        names |= {name, *(f"{name}.{field}" for field in nested)}
    return names


def _task() -> Json:
    dag_run = SimpleNamespace(run_type="manual", triggering_user_name="ann")
    instance = SimpleNamespace(
        dag_id="shop",
        run_id="manual__1",
        task_id="load",
        map_index=3,
        try_number=2,
        max_tries=3,
        start_date=AT,
        end_date=AT,
        queued_dttm=AT,
        queue="default",
        log_url="http://airflow/log",
        state="success",
        task=SimpleNamespace(
            task_type="PythonOperator", pool="p", task_group=SimpleNamespace(group_id="g")
        ),
        dag_run=dag_run,
    )
    return _of_class(facets.task_facet(instance, "success", AT))


def _of_class(facet: Any) -> Json:
    """The facet as OpenLineage's client writes it: without what is None."""
    body = {name: value for name, value in attrs.asdict(facet).items() if value is not None}
    return {**body, "_schemaURL": facet._get_schema(), "_producer": "p"}


ROW = {
    "task_id": "t",
    "map_index": 0,
    "try_number": 1,
    "max_tries": 1,
    "state": "success",
    "start_date": AT,
    "end_date": AT,
    "queued_dttm": AT,
    "duration": 0.5,
    "operator": "o",
    "pool": "p",
    "queue": "q",
    "rendered_map_index": "r",
    "waits_for": "a worker",
}
RUN = {"dag_id": "shop", "run_id": "manual__1", "state": "success", "end_date": AT}


def _instances() -> Json:
    (event,) = instances.events(RUN, [ROW], "run", "prod", left_out=4)
    return dict(event["run"]["facets"]["fairlead_instances"])


def _cut() -> Json:
    event = {
        "producer": "p",
        "run": {"runId": "r", "facets": {"debug": {"x": "y" * 900}}},
        "job": {"namespace": "n", "name": "j"},
    }
    cut = [
        *protect.fit(event, 500)["run"]["facets"]["fairlead_cut"]["cut"],
        *protect.bare(event, "masking failed")["run"]["facets"]["fairlead_cut"]["cut"],
    ]
    return dict(protect.with_note({**event, "run": {}}, cut)["run"]["facets"]["fairlead_cut"])


def _asset() -> Json:
    facts = {
        "name": "orders",
        "uri": "file:///orders.csv",
        "group": "asset",
        "extra": {"rows": 1},
        "asset_extra": {"owner": "sales"},
        "dag_id": "shop",
        "task_id": "load",
        "run_id": "manual__1",
        "map_index": 0,
        "aliases": ["a"],
        "partition_key": "2026",
    }
    return event_parts.facet("p", asset_events._ASSET_SCHEMA, asset_events._asset_body(facts))


def _declaration() -> Json:
    job, written = Ref("job", "crm", "export"), Ref("dataset", "s3://lake", "raw")
    origins = Flow((), {"mail": (Origin(written, "email"),)})
    declared = Declared(job, "a.yaml:1", description="Exports", writes={written: origins})
    body = declarations.event(declared, "files", None, AT)
    return dict(json.loads(body)["job"]["facets"]["fairlead_declaration"])


def _contract() -> Json:
    contract = Contract(
        "c",
        "Orders",
        "1.0.0",
        "active",
        ("sales",),
        (PromisedColumn("id", "int", "integer"),),
        (Statement(every="1d"),),
        (PromisedCheck("not_null", "id", "nullValues"),),
        Statement(rows=Rows(1)),
        ("a.yaml:1: latency of orders is stated already above",),
    )
    declared = Declared(Ref("dataset", "postgres://h", "orders"), "a.yaml:1", contract=contract)
    body = declarations.event(declared, "files", None, AT)
    return dict(json.loads(body)["dataset"]["facets"]["fairlead_contract"])


def _personal() -> Json:
    ref = Ref("dataset", "postgres://h", "people")
    body = confirm.event(ref, "email", "pii", "ann", AT, is_personal=True)
    return dict(json.loads(body)["dataset"]["facets"]["fairlead_personal:email"])


#: What the provider and the bridge send, with every field that it can have.
SENT: Mapping[str, Callable[[], Json]] = {
    "fairlead": _task,
    "fairlead_instances": _instances,
    "fairlead_deployment": lambda: deployment.facet("database airflow", "p"),
    "fairlead_unseen": lambda: _of_class(
        unseen.unseen("FtpOperator", has_extractor=False, runs_python=False)
    ),
    "fairlead_cut": _cut,
    "fairlead_asset": _asset,
    "fairlead_dag_state": lambda: scheduling.dag_state("shop", AT, is_paused=True)["job"]["facets"][
        "fairlead_dag_state"
    ],
    "fairlead_declaration": _declaration,
    "fairlead_contract": _contract,
    "fairlead_personal": _personal,
    "fairlead_import_error": lambda: import_errors.import_error(
        {"file": "f.py", "trace": "E: x"}, AT
    )["run"]["facets"]["fairlead_import_error"],
}


def _check(key: str, body: Json) -> None:
    identity, schema = SCHEMAS[key]
    own = {name: value for name, value in body.items() if not name.startswith("_")}
    jsonschema.validate(own, _strict(schema))
    assert body["_schemaURL"] == identity
    assert body["_producer"]


@pytest.mark.parametrize("key", SCHEMAS)
def test_the_provider_sends_every_field_of_the_schema_and_no_other(key: str) -> None:
    body = SENT[key]()
    _check(key, body)
    assert _sent(body, SCHEMAS[key][1]) == _fields(SCHEMAS[key][1])


@pytest.mark.parametrize(
    ("kind", "key"),
    [(facets.FairleadRunFacet, "fairlead"), (unseen.UnseenRunFacet, "fairlead_unseen")],
)
def test_the_fields_that_a_class_requires_are_those_that_the_schema_requires(
    kind: type[Any], key: str
) -> None:
    required = {
        field.name
        for field in attrs.fields(kind)
        if field.default is attrs.NOTHING and not field.name.startswith("_")
    }
    assert required == set(SCHEMAS[key][1]["required"])


def test_the_imported_history_has_the_same_facet_as_the_provider_sends() -> None:
    run = {
        "dag_id": "shop",
        "dag_run_id": "manual__1",
        "state": "success",
        "end_date": "2026-11-21T08:00:00Z",
        "run_after": "2026-11-21T07:00:00Z",
        "logical_date": None,
        "start_date": "2026-11-21T07:00:00Z",
    }
    tries = {
        name: (value.isoformat() if isinstance(value, datetime) else value)
        for name, value in ROW.items()
    }
    tries["queued_when"] = tries.pop("queued_dttm")
    for row in (tries, {"task_id": "t", "map_index": -1, "try_number": 0, "state": "skipped"}):
        (body,) = history.instances("prod", run, [row])
        _check("fairlead_instances", json.loads(body)["run"]["facets"]["fairlead_instances"])


def test_the_bridge_lists_every_facet_that_has_a_schema_and_no_other() -> None:
    listed = {each.name for each in FACETS if each.name.startswith("fairlead")}
    assert listed == set(SCHEMAS)


#: What the bridge reads into a type of its own.
READ: Mapping[str, msgspec.json.Decoder[Any]] = {
    "fairlead": airflow._fairlead_facet,
    "fairlead_instances": read_instances._decoder,
}


def _read_fields(kind: type[Any]) -> set[str]:
    names = set()
    for field in msgspec.structs.fields(kind):
        names.add(field.name)
        for inner in getattr(field.type, "__args__", ()):
            if isinstance(inner, type) and issubclass(inner, msgspec.Struct):
                names |= {f"{field.name}.{name}" for name in _read_fields(inner)}
    return names


@pytest.mark.parametrize("key", READ)
def test_the_bridge_reads_only_fields_that_the_schema_has(key: str) -> None:
    assert _read_fields(READ[key].type) <= _fields(SCHEMAS[key][1])


def _values(schema: Json) -> st.SearchStrategy[Any]:
    """Every value that the schema allows."""
    kind = schema["type"]
    if kind == "object" and "properties" not in schema:
        return st.dictionaries(st.text(), st.text(), max_size=2)
    if kind == "object":
        each = {name: _values(inner) for name, inner in schema["properties"].items()}
        needed = {name: each.pop(name) for name in schema.get("required", ())}
        return st.fixed_dictionaries(needed, optional=each)
    if kind == "array":
        return st.lists(_values(schema["items"]), max_size=2)
    if kind == "integer":
        return st.integers(schema.get("minimum", -(2**31)), schema["maximum"])
    if kind == "number":
        edges = schema["exclusiveMinimum"], schema["exclusiveMaximum"]
        return st.floats(*edges, exclude_min=True, exclude_max=True)
    if schema.get("format") == "date-time":
        return st.datetimes(timezones=st.just(UTC)).map(datetime.isoformat)
    return st.text(max_size=5)


@pytest.mark.parametrize("key", READ)
@settings(max_examples=50, deadline=None)
@given(data=st.data())
def test_the_bridge_reads_whatever_the_schema_allows(key: str, data: st.DataObject) -> None:
    body = data.draw(_values(SCHEMAS[key][1]))
    left_out: list[str] = []
    raw = {key: msgspec.Raw(msgspec.json.encode(body))}
    assert airflow.read(READ[key], raw, key, left_out) is not None
    assert left_out == []
