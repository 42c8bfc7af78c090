"""
What becomes of odd events, and why. Each is absorbed, or in quarantine with a reason that says to a
person what to mend; none is refused, and none stops the others.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
import sqlalchemy as sa

from fairlead_bridge.mapping import elements
from tests.bridge import absorbing
from tests.bridge.odd import (
    EDGES,
    RUN,
    A,
    B,
    Look,
    event,
    with_job_facets,
    with_output,
    with_run_facets,
)
from tests.bridge.readable import Words
from tests.support.mutants import mutants
from tests.support.small import airflow_dag, airflow_task, parent, run_event, uuid
from tests.support.stories import STORIES, events

SUCCESS_AT_TEN = {"kind": "job", "state": "success", "ended": "2026-11-01T10:00:00Z"}


def reason(catalog: Words) -> str:
    """Why the only event was set aside."""
    assert catalog["runs"] == {}
    assert len(catalog["odd"]) == 1
    return str(catalog["odd"][0])


# --- the event's type ---------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["complete", "Complete", " COMPLETE "])
def test_the_type_of_an_event_may_be_in_any_case(look: Look, kind: str) -> None:
    assert look(event(eventType=kind))["runs"][RUN]["state"] == "success"


@pytest.mark.parametrize("kind", ["SKIPPED", "", None, ...])
def test_an_unknown_or_missing_type_says_of_the_run_but_not_that_it_began_or_ended(
    look: Look, kind: Any
) -> None:
    catalog = look(event(eventType=kind))
    assert catalog["runs"][RUN]["state"] == "queued"
    assert catalog["edges"] == EDGES
    assert "fresh" not in catalog["datasets"][B]


# --- when it happened ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("time", "read"),
    [
        ("2026-11-01T10:00:00", "2026-11-01T10:00:00Z"),  # without a zone it is UTC
        ("2026-11-01 10:00:00+00:00", "2026-11-01T10:00:00Z"),
        ("2026-11-01T10:00:00.123456789Z", "2026-11-01T10:00:00.123456Z"),  # cut to microseconds
        ("2026-11-01T10:00:00+0100", "2026-11-01T09:00:00Z"),
        ("2026-11-01T10:00:00+01:00[Europe/Warsaw]", "2026-11-01T09:00:00Z"),
        (1793526000000, "2026-11-01T09:40:00Z"),  # milliseconds since the epoch, by their size
        ("2099-01-01T00:00:00Z", "2099-01-01T00:00:00Z"),  # a wrong clock is the sender's to mend
        ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"),
    ],
)
def test_a_moment_is_understood_in_any_spelling(look: Look, time: Any, read: str) -> None:
    assert look(event(eventTime=time))["runs"][RUN]["ended"] == read


@pytest.mark.parametrize("time", ["soon", "", [], True, 10**30, "2026-13-01T00:00:00Z"])
def test_what_is_no_moment_is_set_aside_saying_how_to_write_one(look: Look, time: Any) -> None:
    catalog = reason(look(event(eventTime=time)))
    assert "time" in catalog.lower()


# --- whose run ----------------------------------------------------------------------------------


def test_a_run_id_that_is_no_uuid_is_a_run_id_all_the_same(look: Look) -> None:
    catalog = look(event(run={"runId": "manual__2026-11-01T00:00:00+00:00"}))
    assert catalog["runs"] == {
        "j (00)": SUCCESS_AT_TEN
        | {"reads": {A: {}}, "writes": {B: {"written": "2026-11-01T10:00:00Z"}}}
    }


def test_one_uuid_in_three_spellings_is_one_run(look: Look) -> None:
    spellings = (uuid(10), uuid(10).replace("-", ""), uuid(10).upper())
    catalog = look(*(event(run={"runId": spelling}) for spelling in spellings))
    assert list(catalog["runs"]) == ["j (0a)"]


@pytest.mark.parametrize("run", [{}, {"runId": None}, {"runId": ""}])
def test_a_run_event_without_a_run_id_is_set_aside(look: Look, run: Any) -> None:
    assert "run.runId is missing" in reason(look(event(run=run)))


def test_the_parent_may_stand_under_its_old_name(look: Look) -> None:
    catalog = look(with_run_facets(parentRun=parent(uuid(99), "p", "odd")))
    assert catalog["jobs"]["odd | j"]["inside"] == "odd | p"


def test_a_parent_lives_in_its_own_namespace_and_has_no_state_of_its_childs(look: Look) -> None:
    catalog = look(with_run_facets(parent=parent(uuid(98), "dag.task", "airflow-prod")))
    assert catalog["jobs"]["odd | j"]["inside"] == "airflow-prod | dag.task"
    assert "odd | dag.task" not in catalog["jobs"]
    assert list(catalog["runs"]) == [RUN]


# --- facets -------------------------------------------------------------------------------------


def test_facets_that_are_null_say_nothing(look: Look) -> None:
    plain = look(event())
    assert look(event(run={"runId": uuid(1), "facets": None})) == plain
    assert look(with_run_facets(nominalTime=None, parent=None)) == plain


def test_deleted_null_deletes_nothing(look: Look) -> None:
    """Airflow and dbt write it into every facet."""
    kind = {
        "processingType": "BATCH",
        "integration": "AIRFLOW",
        "jobType": "TASK",
        "_deleted": None,
    }
    assert look(with_job_facets(jobType=kind))["jobs"]["odd | j"]["kind"] == "task"


def test_deleted_true_deletes_what_was_reported_before_and_not_what_is_reported_later(
    look: Look,
) -> None:
    text = {"description": "x"}
    earlier = with_job_facets(documentation=text) | {"eventTime": "2026-11-01T09:00:00Z"}
    deleted = with_job_facets(documentation={**text, "_deleted": True})
    assert "facets" not in look(deleted, earlier)["jobs"]["odd | j"]
    later = with_job_facets(documentation=text) | {"eventTime": "2026-11-01T11:00:00Z"}
    assert look(later)["jobs"]["odd | j"]["facets"] == {"documentation": text}


def test_a_facet_may_lack_what_it_should_have(look: Look) -> None:
    catalog = look(with_output(facets={"dataSource": {"_producer": "p", "_schemaURL": "s"}}))
    assert catalog["datasets"][B]["facets"] == {"dataSource": {}}


def test_a_facet_that_is_no_object_is_left_out_and_the_rest_is_taken(look: Look) -> None:
    topic = {"namespace": "kafka://b:9092", "name": "t", "inputFacets": {"dataSource": "kafka://t"}}
    catalog = look(event(inputs=[topic]), with_job_facets(documentation="text", sql=7, tags=[1]))
    assert catalog["runs"][RUN]["reads"]["kafka://b:9092 | t"] == {}
    assert "facets" not in catalog["jobs"]["odd | j"]


def test_a_column_without_a_type_is_a_column(look: Look) -> None:
    schema = {"fields": [{"name": "id", "type": None}, {"name": "day"}]}
    catalog = look(
        {
            "eventTime": "2026-11-01T10:00:00Z",
            "dataset": {
                "namespace": "postgres://h:5432",
                "name": "d.s.b",
                "facets": {"schema": schema},
            },
        }
    )
    (version,) = catalog["datasets"][B]["schemas"]
    assert version["columns"] == ["id None", "day None"]


def test_columns_are_known_to_come_from_columns_though_no_schema_names_them(look: Look) -> None:
    source = {"namespace": "postgres://h:5432", "name": "d.s.a", "field": "id"}
    catalog = look(
        with_output(facets={"columnLineage": {"fields": {"id": {"inputFields": [source]}}}})
    )
    assert catalog["columns"] == {f"{B}, by odd | j": {"id": [f"{A} . id"]}}


def test_long_texts_are_stored_whole(look: Look) -> None:
    url, column = "https://github.com/" + "a" * 400, "c" * 400
    catalog = look(
        with_job_facets(sourceCodeLocation={"type": "git", "url": url}),
        with_output(facets={"schema": {"fields": [{"name": column, "type": "int"}]}}),
    )
    assert catalog["jobs"]["odd | j"]["facets"]["sourceCodeLocation"]["url"] == url
    assert catalog["datasets"][B]["schemas"][0]["columns"] == [f"{column} int"]


# --- what is read and written -------------------------------------------------------------------


@pytest.mark.parametrize(
    "changes", [{"inputs": None, "outputs": None}, {"inputs": ..., "outputs": ...}]
)
def test_an_event_without_datasets_takes_no_edge_away(look: Look, changes: Any) -> None:
    catalog = look(event(eventType="START", eventTime="2026-11-01T09:00:00Z"), event(**changes))
    assert catalog["edges"] == EDGES
    assert catalog["datasets"][B]["fresh"] == "2026-11-01T10:00:00Z"


def test_a_dataset_that_is_named_twice_is_read_once(look: Look) -> None:
    assert look(event(inputs=event()["inputs"] * 2)) == look(event())


def test_a_dataset_without_a_namespace_is_the_jobs_own(look: Look) -> None:
    catalog = look(event(outputs=[{"namespace": "", "name": "x"}]))
    assert "odd | j  ->  job:odd/j | x" in catalog["edges"]


def test_a_port_that_python_made_none_is_the_usual_port(look: Look) -> None:
    catalog = look(event(outputs=[{"namespace": "postgres://workshop-db:None", "name": "d.s.b"}]))
    assert catalog["datasets"]["postgres://workshop-db:5432 | d.s.b"]["also_called"] == [
        "postgres://workshop-db:None | d.s.b"
    ]


# --- which kind of event ------------------------------------------------------------------------


def test_what_an_event_is_shows_in_its_shape_and_not_in_its_address(look: Look) -> None:
    plain = look(event())
    assert look(event(schemaURL=..., producer=...)) == plain
    assert look(event(schemaURL=..., schemaUrl="https://example.com/DatasetEvent")) == plain
    assert look(event(foo={"bar": 1})) == plain


def test_a_job_event_may_bear_the_address_of_run_events(look: Look) -> None:
    catalog = look(event(run=..., eventType=...))
    assert catalog["runs"] == {}
    assert set(catalog["edges"].values()) == {"declared"}


def test_an_array_of_events_is_many_events() -> None:
    """So is the body of the batch's door; inside the bridge an array is no event."""
    assert elements.split(json.dumps([event(), event()]).encode()) == [
        json.dumps(event()).encode(),
        json.dumps(event()).encode(),
    ]


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"{}", "eventTime is missing"),
        (b'{"eventTime": "2026-11-01T10:00:00Z"}', "nothing this event is about"),
        (b"[]", "Expected `object`, got `array`"),
        (b"null", "Expected `object`, got `null`"),
        (b"", "not JSON"),
        (b"<html>", "not JSON"),
        (b'{"eventTime": 1, "job": {"name": 5}}', "job.name is a number instead of a string"),
        (b'{"eventTime": 1, "job": {"namespace": "n"}}', "job.name is missing"),
        (b'{"eventTime": 1, "job": {"namespace": [], "name": "j"}}', "job.namespace is a list"),
        (b'{"eventTime": 1, "run": "r"}', "run is a string instead of an object"),
        (b'{"eventTime": 1, "run": {"runId": 7}, "job": {"name": "j"}}', "run.runId is a number"),
        (b'{"eventTime": 1, "dataset": {"namespace": "n"}}', "a dataset has no name"),
    ],
)
def test_what_is_no_event_is_set_aside_with_the_place_and_the_reason(
    look: Look, body: bytes, why: str
) -> None:
    assert why in reason(look(body))


# --- out of order -------------------------------------------------------------------------------


def test_a_start_that_comes_late_says_when_the_run_began_and_reopens_nothing(look: Look) -> None:
    catalog = look(event(), event(eventType="START", eventTime="2026-11-01T09:59:00Z"))
    run = catalog["runs"][RUN]
    assert (run["state"], run["started"], run["seconds"]) == (
        "success",
        "2026-11-01T09:59:00Z",
        60.0,
    )


def test_running_after_the_end_reopens_nothing(look: Look) -> None:
    catalog = look(event(), event(eventType="RUNNING", eventTime="2026-11-01T10:00:01Z"))
    assert catalog["runs"][RUN]["state"] == "success"


def test_other_before_the_start_announces_a_run(look: Look) -> None:
    other = event(eventType="OTHER", eventTime="2026-11-01T09:00:00Z")
    assert look(other)["runs"][RUN]["state"] == "queued"
    assert look(event(eventType="START"))["runs"][RUN]["started"] == "2026-11-01T10:00:00Z"


# --- bytes that no text has ---------------------------------------------------------------------


def test_whatever_stands_where_in_an_event_it_is_absorbed_or_set_aside(db: sa.Engine) -> None:
    bodies = mutants([body for story in STORIES for body in events(story)], 1_500, 1)
    changes = absorbing.understand(bodies)
    assert len(changes) > 500
    absorbing.absorb(db, changes, batch=100)


def test_a_word_about_an_earlier_try_by_its_run_id_alone_does_not_make_it_the_last(
    look: Look,
) -> None:
    catalog = look(
        *(
            json.loads(body)
            for body in (
                run_event("START", "08:00:00", uuid(1), "d.t", run={"airflow": airflow_task("t")}),
                run_event(
                    "COMPLETE",
                    "08:02:00",
                    uuid(2),
                    "d.t",
                    run={"airflow": airflow_task("t", try_number=2)},
                ),
                run_event(
                    "COMPLETE",
                    "08:03:00",
                    uuid(3),
                    "d",
                    run={
                        "airflowDagRun": airflow_dag(),
                        "airflowState": {"tasksState": {"t": "success"}},
                    },
                ),
            )
        )
    )
    assert catalog["runs"]["d.t in manual_1 try 1"]["state"] == "failed"
    catalog = look(json.loads(run_event("OTHER", "08:04:00", uuid(1), "d.t")))
    assert catalog["runs"]["d.t in manual_1 try 1"]["state"] == "failed"
