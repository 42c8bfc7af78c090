"""What a run's page shows: everything that its events report."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from fairlead_bridge import inbox
from fairlead_bridge.absorb import absorb_waiting
from fairlead_bridge.db.engine import writing
from fairlead_bridge.mapping.identity import Normaliser
from fairlead_bridge.mapping.translate import Translator
from tests.bridge.asking import Api
from tests.support.small import airflow_task, dataset, parent, run_event, uuid

QUERY = {"jobType": {"integration": "AIRFLOW", "jobType": "QUERY"}}
TASK = {"airflow": airflow_task("load")}


def receive(api: Api, *bodies: bytes) -> None:
    with writing(api.db) as tx:
        inbox.put(tx, bodies, "http", api.micros)
    while absorb_waiting(api.db, Translator(Normaliser()), {}, api.micros):
        pass


QUERIES = [
    run_event("START", "08:00:00", uuid(1), "d.load", run=TASK),
    run_event(
        "COMPLETE", "08:00:05", uuid(2), "d.load.query.1", facets=QUERY,
        run={"parent": parent(uuid(1), "d.load")},
        inputs=[dataset("raw")], outputs=[dataset("clean")],
    ),
    run_event("COMPLETE", "08:00:09", uuid(1), "d.load", run=TASK),
]  # fmt: skip


@pytest.mark.parametrize("order", [(0, 1, 2), (1, 0, 2), (2, 1, 0)])
def test_a_query_shows_what_it_read_and_wrote_and_its_task_wrote_it_once(
    db: sa.Engine, order: tuple[int, ...]
) -> None:
    api = Api(db)
    api.send(*(QUERIES[each] for each in order))
    expected = [("input", "raw"), ("output", "clean")]
    for run in (uuid(1), uuid(2)):
        answer = api.get(f"runs/{run}")["datasets"]
        assert [(item["role"], item["dataset"]["name"]) for item in answer] == expected
    clean = next(each for each in api.get("datasets")["items"] if each["name"] == "clean")
    whole = api.get(f"datasets/{clean['id']}")
    assert [run["run_id"] for run in whole["written_by_runs"]] == [uuid(1)]
    assert clean["written_at"] == "2026-11-01T08:00:09Z"


def test_the_page_of_a_query_has_its_inputs_and_outputs_and_lineage_goes_by_the_task(
    db: sa.Engine,
) -> None:
    api = Api(db)
    api.send(*QUERIES)
    query = api.get("jobs/prod:d.load.query.1")
    assert [each["name"] for each in query["inputs"]] == ["raw"]
    assert [each["name"] for each in query["outputs"]] == ["clean"]
    nodes = api.get("lineage", node="dataset:postgres://h:5432:raw")["nodes"]
    assert {node["name"] for node in nodes} == {"raw", "d.load", "clean"}


def test_every_facet_of_a_run_can_be_read_as_it_was_last_sent_with_secrets_masked(
    db: sa.Engine,
) -> None:
    api = Api(db)
    receive(
        api,
        run_event("START", "08:00:00", uuid(1), "app", run={"odd_one": {"n": 1}, "own": {"a": 1}}),
        run_event(
            "COMPLETE", "08:01:00", uuid(1), "app",
            run={"odd_one": {"n": 2}, "spark_properties": {"properties": {"db.password": "x"}}},
        ),
    )  # fmt: skip
    answer = {each["name"]: each["body"] for each in api.get(f"runs/{uuid(1)}/facets")}
    assert answer == {
        "odd_one": {"n": 2},
        "own": {"a": 1},
        "spark_properties": {"properties": {"db.password": "***"}},
    }
    assert [each["name"] for each in api.get(f"runs/{uuid(1)}/facets", name="own")] == ["own"]


def test_odd_facets_do_not_hide_the_others(db: sa.Engine) -> None:
    api = Api(db)
    receive(
        api,
        run_event("START", "08:00:00", uuid(1), "app", run={"text": "no object", "good": {"a": 1}}),
        run_event("START", "no time", uuid(1), "app", run={"lost": {"a": 1}}),
    )
    assert [each["name"] for each in api.get(f"runs/{uuid(1)}/facets")] == ["good"]
