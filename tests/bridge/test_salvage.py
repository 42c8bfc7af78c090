"""An event of which one part cannot be understood: that part is left out, and the rest counts."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa

from fairlead_bridge.errors import Malformed
from fairlead_bridge.mapping import decode
from fairlead_bridge.mapping.identity import Normaliser
from fairlead_bridge.mapping.rules_file import normaliser
from fairlead_bridge.mapping.translate import Translator
from tests.bridge.asking import Api
from tests.support.small import (
    airflow_dag,
    airflow_task,
    dataset,
    parent,
    run_event,
    schema,
    small_events,
    uuid,
)

A, B = "shop.public.a", "shop.public.b"
RUN = uuid(1)


def failed(**changes: Any) -> bytes:
    """The FAIL of a run that reads A and writes B, with other values at its top level."""
    event = json.loads(
        run_event(
            "FAIL",
            "10:00:00",
            RUN,
            "load",
            run={"errorMessage": {"message": "disk full"}},
            inputs=[dataset(A)],
            outputs=[dataset(B)],
        )
    )
    return json.dumps({**event, **changes}).encode()


def salvaged(db: sa.Engine, *events: bytes) -> dict[str, Any]:
    """What is known of the run after these events."""
    api = Api(db)
    api.send(*events)
    return dict(api.get(f"runs/{RUN}"))


def touched(run: dict[str, Any]) -> list[str]:
    return [f"{item['role']} {item['dataset']['name']}" for item in run["datasets"]]


@pytest.mark.parametrize("odd", [None, "shop.public.a", {"namespace": "n"}, {"name": " "}])
@pytest.mark.parametrize("side", ["inputs", "outputs"])
def test_the_fail_of_a_run_is_seen_though_one_of_its_datasets_is_none(
    db: sa.Engine, side: str, odd: Any
) -> None:
    run = salvaged(db, failed(**{side: [odd, dataset(A if side == "inputs" else B)]}))
    assert (run["state"], run["error"]) == ("failed", "disk full")
    assert touched(run) == [f"input {A}", f"output {B}"]
    assert [what.partition(":")[0] for what in run["left_out"]] == [f"{side}[0]"]


@pytest.mark.parametrize("name", [7, {}])
@pytest.mark.parametrize("key", ["namespace", "name"])
def test_a_dataset_whose_name_is_no_text_is_left_out(db: sa.Engine, key: str, name: Any) -> None:
    run = salvaged(db, failed(inputs=[{**dataset(A), key: name}]))
    assert touched(run) == [f"output {B}"]
    assert run["left_out"][0].startswith(f"inputs[0].{key}: ")


@pytest.mark.parametrize("side", ["inputs", "outputs"])
def test_datasets_that_are_no_list_are_left_out(db: sa.Engine, side: str) -> None:
    for odd in ("x", 7, {}, dataset(A)):
        run = salvaged(db, failed(**{side: odd}))
        assert run["state"] == "failed"
    assert any(what.endswith("an object instead of a list") for what in run["left_out"])


@pytest.mark.parametrize("odd", ["x", []])
def test_facets_that_are_no_object_are_left_out(db: sa.Engine, odd: Any) -> None:
    job = {"namespace": "prod", "name": "load", "facets": odd}
    source = {**dataset(A), "facets": odd, "inputFacets": odd}
    run = salvaged(db, failed(run={"runId": RUN, "facets": odd}, job=job, inputs=[source]))
    assert run["state"] == "failed"
    assert touched(run) == [f"input {A}", f"output {B}"]
    places = {what.partition(":")[0] for what in run["left_out"]}
    assert places == {"run.facets", "job.facets", "inputs[0].facets", "inputs[0].inputFacets"}


@pytest.mark.parametrize("odd", ["x", True])
def test_a_facet_that_is_no_object_is_left_out_with_a_note(db: sa.Engine, odd: Any) -> None:
    facets = {"nominalTime": odd, "parent": odd, "errorMessage": {"message": "disk full"}}
    run = salvaged(
        db,
        failed(
            run={"runId": RUN, "facets": facets},
            job={"namespace": "prod", "name": "load", "facets": {"sql": odd}},
            inputs=[{**dataset(A), "facets": {"schema": odd}, "inputFacets": {"x": odd}}],
        ),
    )
    assert (run["state"], run["error"]) == ("failed", "disk full")
    assert touched(run) == [f"input {A}", f"output {B}"]
    names = {what.partition(":")[0] for what in run["left_out"]}
    assert names == {
        "run facet nominalTime",
        "run facet parent",
        "job facet sql",
        "facet schema",
        "input facet x",
    }


@pytest.mark.parametrize(
    "odd", [{"run": "x", "job": "y"}, {"job": {"namespace": "n"}}, {"run": {"runId": uuid(2)}}]
)
def test_a_parent_that_names_no_job_is_left_out(db: sa.Engine, odd: Any) -> None:
    run = salvaged(db, failed(run={"runId": RUN, "facets": {"parent": odd}}))
    assert (run["state"], run["parent"]) == ("failed", None)
    assert run["left_out"] == ["run facet parent: it names no job"]


@pytest.mark.parametrize(
    "odd", [{"namespace": "n"}, {"name": "x"}, {"namespace": 1, "name": "x"}, {"name": None}]
)
def test_a_broken_symlink_is_left_out_and_its_neighbour_taken(db: sa.Engine, odd: Any) -> None:
    good = {"namespace": "hive://h:9083", "name": "shop.b", "type": "TABLE"}
    target = dataset("lake/b", "s3://lake", symlinks={"identifiers": [odd, good, "x"]})
    run = salvaged(db, failed(outputs=[target]))
    assert [item["dataset"]["name"] for item in run["datasets"]] == [A, "shop.b"] or touched(
        run
    ) == [f"input {A}", "output shop.b"]
    assert run["left_out"] == ["TABLE as another name: it lacks a namespace or a name"]


def test_a_schema_and_column_lineage_of_the_wrong_shape_cost_no_more_than_themselves(
    db: sa.Engine,
) -> None:
    target = dataset(
        B,
        schema={"fields": {"id": "int"}},
        columnLineage={"fields": [{"id": []}], "dataset": "x"},
        lifecycleStateChange="DROP",
        datasetType=[1],
        documentation={"description": "kept"},
    )
    run = salvaged(db, failed(outputs=[target]))
    assert run["state"] == "failed"
    assert Api(db).get(f"datasets/postgres://h:5432:{B}")["description"] == "kept"


def test_an_event_type_that_is_no_text_says_nothing(db: sa.Engine) -> None:
    run = salvaged(db, failed(eventType=7))
    assert run["state"] == "queued"
    assert run["left_out"] == ["eventType: a number instead of a string"]


@pytest.mark.parametrize("levels", [300, 100_000])
def test_what_is_nested_too_deeply_is_left_out(db: sa.Engine, levels: int) -> None:
    deep = "[" * levels + "]" * levels
    facets = {"documentation": {"description": "kept"}, "x": {"deep": "HERE", "y": 1}}
    job = {"namespace": "prod", "name": "load", "facets": facets}
    body = failed(job=job).replace(b'"HERE"', deep.encode())
    run = salvaged(db, body, body.replace(b"disk full", b'", "x": NaN, "y": "'))
    assert run["state"] == "failed"
    assert run["left_out"] == ["what is nested more than 200 levels deep"]
    assert Api(db).get("jobs/prod:load")["description"] == "kept"


def test_each_event_of_a_run_adds_what_it_lacks(db: sa.Engine) -> None:
    start = json.loads(failed(inputs=[None]))
    start |= {"eventType": "START", "eventTime": "2026-11-01T09:00:00Z"}
    run = salvaged(db, failed(outputs=["x"]), json.dumps(start).encode())
    assert [what.partition(":")[0] for what in run["left_out"]] == ["inputs[0]", "outputs[0]"]
    assert not any(name.startswith("left out") for name in run["facts"])


def test_of_many_parts_that_are_left_out_the_first_are_named_and_the_others_counted(
    db: sa.Engine,
) -> None:
    run = salvaged(db, failed(inputs=[None] * 5_000))
    assert len(run["left_out"]) == 21
    assert "4980 more of the same event" in run["left_out"]


def test_a_bucket_whose_root_is_written_is_a_dataset_without_any_note(db: sa.Engine) -> None:
    root = {"namespace": "s3://bucket", "name": ""}
    run = salvaged(db, failed(outputs=[root], inputs=[{**root, "name": "/"}]))
    assert touched(run) == ["input /", "output /"]
    assert len({item["dataset"]["id"] for item in run["datasets"]}) == 1
    assert run["left_out"] == []


def test_a_declared_asset_without_a_name_costs_nothing_but_itself(db: sa.Engine) -> None:
    task = airflow_task("load")
    task["task"]["outlets"] = [{"uri": "sqlite:///"}, {"uri": "s3://lake/x"}]
    run = salvaged(db, failed(run={"runId": RUN, "facets": {"airflow": task}}, outputs=[]))
    assert run["state"] in ("failed", "up_for_retry")
    assert touched(run) == [f"input {A}", "output x"]
    assert run["left_out"] == ["asset declared as output: a dataset has no name"]


def test_one_odd_value_in_airflows_facet_does_not_cost_the_task_its_place(db: sa.Engine) -> None:
    task = airflow_task("load")
    task["taskInstance"]["duration"] = "n/a"
    task["taskInstance"]["log_url"] = 7
    run = salvaged(db, failed(run={"runId": RUN, "facets": {"airflow": task}}))
    assert (run["dag_id"], run["task_id"], run["dag_run_id"]) == ("d", "load", "manual_1")
    assert run["left_out"] == [
        "run facet airflow: taskInstance.duration is of another type",
        "run facet airflow: taskInstance.log_url is of another type",
    ]


@pytest.mark.parametrize("key", ["map_index", "try_number"])
def test_a_task_whose_instance_is_unknown_is_not_taken_for_another(db: sa.Engine, key: str) -> None:
    task = airflow_task("load")
    task["taskInstance"][key] = "first"
    run = salvaged(db, failed(run={"runId": RUN, "facets": {"airflow": task}}))
    assert (run["state"], run["dag_id"]) == ("failed", None)
    assert run["left_out"]


def test_one_odd_row_of_airflows_database_does_not_cost_the_others(db: sa.Engine) -> None:
    rows = [
        {"taskId": "a", "state": "skipped", "tryNumber": 0},
        {"taskId": 5, "state": "failed"},
        {"taskId": "b", "state": "success", "tryNumber": 1, "duration": "long"},
    ]
    facet = {"dagId": "d", "dagRunId": "manual_1", "instances": rows}
    api = Api(db)
    facets = {"airflowDagRun": airflow_dag(), "fairlead_instances": facet}
    api.send(run_event("COMPLETE", "10:00:00", RUN, "d", run=facets))
    found = {run["task_id"]: run["state"] for run in api.get("runs", kind="task")["items"]}
    assert found == {"a": "skipped", "b": "success"}


def test_one_odd_state_in_the_closing_event_of_a_dag_run_does_not_cost_the_others(
    db: sa.Engine,
) -> None:
    state = {"tasksState": {"a": "skipped", "b": 5}, "tasksDuration": {"a": 0.0, "b": "long"}}
    api = Api(db)
    facets = {"airflowDagRun": airflow_dag(), "airflowState": state}
    api.send(
        run_event("START", "09:00:00", uuid(3), "d.a", run={"airflow": airflow_task("a")}),
        run_event("COMPLETE", "10:00:00", RUN, "d", run=facets),
    )
    (run,) = api.get("runs", kind="task")["items"]
    assert (run["task_id"], run["state"]) == ("a", "skipped")


@pytest.mark.parametrize("state", ["on_holiday", "[1,2", "x" * 5000, "\x00"])
def test_a_state_that_is_none_of_airflows_says_nothing(db: sa.Engine, state: str) -> None:
    """Neither of the task, nor of a try in Airflow's database, nor of a task when its DAG run ends."""
    rows = [{"taskId": "b", "state": state, "tryNumber": 1}]
    closing = {
        "airflowDagRun": airflow_dag(),
        "fairlead_instances": {"dagId": "d", "dagRunId": "manual_1", "instances": rows},
        "airflowState": {"tasksState": {"a": state, "c": state, "s": "Scheduled"}},
    }
    task = {"airflow": airflow_task("a"), "fairlead": {"state": state}}
    api = Api(db)
    api.send(
        run_event("COMPLETE", "09:00:00", uuid(3), "d.a", run=task),
        run_event("COMPLETE", "10:00:00", RUN, "d", run=closing),
    )
    found = {run["task_id"]: run["state"] for run in api.get("runs", kind="task")["items"]}
    assert found == {"a": "success", "s": "queued"}


def test_a_name_on_which_the_users_rules_never_converge_costs_only_its_dataset() -> None:
    rules = "[[name]]\nnamespace = 'file'\nmatch = '(.*)'\nto = '\\1/x'\n"
    translate = Translator(normaliser(rules))
    change = translate(failed(inputs=[dataset("/d/a", "file"), dataset(A)]))
    assert [item.name for item in change.datasets] == [A, B]
    assert any("do not converge" in name for name in change.runs[0].properties)


def test_a_dataset_or_job_that_is_declared_notes_what_was_left_out(db: sa.Engine) -> None:
    api = Api(db)
    job = {"namespace": "prod", "name": "declared"}
    event = {"eventTime": "2026-11-01T10:00:00Z", "job": job, "inputs": [None, dataset(A)]}
    api.send(json.dumps(event).encode())
    facet = api.get("jobs/prod:declared")["facets"]["fairlead_left_out"]
    assert facet == {"parts": ["inputs[0]: null instead of an object"]}


# --- everything, everywhere ---------------------------------------------------------------------

_NEEDED = ("eventTime", "run", "runId", "job", "namespace", "name", "dataset")
_FILL: list[Any] = [None, "x", 7, True, [], {}, [None], [[]], ["x"], {"a": None}, {"x": {"y": 1}}]


def _places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if path:
        yield path
    items: Any = ()
    if isinstance(value, dict):
        items = value.items()
    elif isinstance(value, list):
        items = enumerate(value)
    for key, item in items:
        yield from _places(item, (*path, key))


def _with(event: Any, path: tuple[Any, ...], value: Any) -> bytes:
    changed = copy.deepcopy(event)
    place = changed
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return json.dumps(changed).encode()


def _is_needed(path: tuple[Any, ...]) -> bool:
    """Whether an event can mean nothing without what stands there."""
    if path[0] == "eventTime":
        return True
    return path[0] in ("run", "job", "dataset") and all(key in _NEEDED for key in path)


def test_whatever_one_part_of_an_event_is_its_run_is_known() -> None:
    """Every value of every small event, replaced by everything: no event is lost, no run either."""
    whole = [
        run_event(
            "FAIL",
            "10:00:00",
            RUN,
            "load",
            run={"errorMessage": {"message": "no"}, "parent": parent(uuid(2), "p")},
            inputs=[dataset(A, schema=schema("id"))],
            outputs=[dataset("lake/b", "s3://lake", symlinks={"identifiers": [dataset(B)]})],
        ),
        *small_events(),
    ]
    translate = Translator(Normaliser())
    for event in map(json.loads, whole):
        for path in _places(event):
            if _is_needed(path):
                continue
            for value in _FILL:
                body = _with(event, path, value)
                try:
                    change = translate(body)
                except Malformed as error:
                    raise AssertionError(f"{path} = {value!r}: {error}") from error
                if "run" in event:
                    assert change.runs, body


def test_shallow_is_the_same_json_where_nothing_is_deep() -> None:
    for body in small_events():
        assert decode.shallow(body) == body
    braces = json.dumps({"a": "]]}}[[", "b\\": '\\"{', "c": [[], {}]}).encode()
    assert decode.shallow(braces) == braces
