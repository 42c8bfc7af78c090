"""
What becomes of odd events, and why. Each is absorbed, or in quarantine with a reason that tells a
person what to mend; none is refused, and none stops the others.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from fairlead_bridge import inbox
from fairlead_bridge.absorb import absorb_waiting
from fairlead_bridge.db.engine import reading, writing
from fairlead_bridge.mapping import elements
from fairlead_bridge.mapping.identity import Normaliser
from fairlead_bridge.mapping.translate import Translator
from tests.bridge import absorbing, readable
from tests.bridge.readable import Words
from tests.support.mutants import mutants
from tests.support.small import airflow_dag, airflow_task, parent, run_event, uuid
from tests.support.stories import STORIES, events

A, B = "postgres://h:5432 | d.s.a", "postgres://h:5432 | d.s.b"
RUN = "j (01)"
EDGES = {f"{A}  ->  odd | j": RUN, f"odd | j  ->  {B}": RUN}
SUCCESS_AT_TEN = {"kind": "job", "state": "success", "ended": "2026-11-01T10:00:00Z"}

Look = Callable[..., Words]


def event(**changes: Any) -> dict[str, Any]:
    """A plain event of run 1 of job `j`, with other values at its top level; `...` leaves out."""
    plain: dict[str, Any] = {
        "eventType": "COMPLETE",
        "eventTime": "2026-11-01T10:00:00Z",
        "producer": "https://example.com/p",
        "schemaURL": "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent",
        "run": {"runId": uuid(1)},
        "job": {"namespace": "odd", "name": "j"},
        "inputs": [{"namespace": "postgres://h:5432", "name": "d.s.a"}],
        "outputs": [{"namespace": "postgres://h:5432", "name": "d.s.b"}],
    }
    return {key: value for key, value in (plain | changes).items() if value is not ...}


def with_run_facets(**facets: Any) -> dict[str, Any]:
    return event(run={"runId": uuid(1), "facets": facets})


def with_job_facets(**facets: Any) -> dict[str, Any]:
    return event(job={"namespace": "odd", "name": "j", "facets": facets})


def with_output(**output: Any) -> dict[str, Any]:
    return event(outputs=[{"namespace": "postgres://h:5432", "name": "d.s.b", **output}])


def absorb(db: sa.Engine, *events: bytes | dict[str, Any]) -> Words:
    """The catalog in words, and what was set aside, after these events came in through the inbox."""
    bodies = [e if isinstance(e, bytes) else json.dumps(e).encode() for e in events]
    with writing(db) as tx:
        inbox.put(tx, bodies, "test", 1)
    translate = Translator(Normaliser())
    while absorb_waiting(db, translate, {}, 1):
        pass
    with reading(db) as tx:
        assert inbox.counts(tx).waiting == 0
        odd = [item.reason for item in inbox.quarantined(tx, 100)]
    return readable.words(db) | {"odd": odd}


@pytest.fixture
def look(db: sa.Engine) -> Look:
    return lambda *events: absorb(db, *events)


def reason(told: Words) -> str:
    """Why the only event was set aside."""
    assert told["runs"] == {}
    assert len(told["odd"]) == 1
    return str(told["odd"][0])


# --- the event's type ---------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["complete", "Complete", " COMPLETE "])
def test_the_type_of_an_event_may_be_in_any_case(look: Look, kind: str) -> None:
    assert look(event(eventType=kind))["runs"][RUN]["state"] == "success"


@pytest.mark.parametrize("kind", ["SKIPPED", "", None, ...])
def test_an_unknown_or_missing_type_tells_of_the_run_but_not_that_it_began_or_ended(
    look: Look, kind: Any
) -> None:
    told = look(event(eventType=kind))
    assert told["runs"][RUN]["state"] == "queued"
    assert told["edges"] == EDGES
    assert "fresh" not in told["datasets"][B]


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
    told = reason(look(event(eventTime=time)))
    assert "time" in told.lower()


# --- whose run ----------------------------------------------------------------------------------


def test_a_run_id_that_is_no_uuid_is_a_run_id_all_the_same(look: Look) -> None:
    told = look(event(run={"runId": "manual__2026-11-01T00:00:00+00:00"}))
    assert told["runs"] == {
        "j (00)": SUCCESS_AT_TEN
        | {"reads": {A: {}}, "writes": {B: {"written": "2026-11-01T10:00:00Z"}}}
    }


def test_one_uuid_in_three_spellings_is_one_run(look: Look) -> None:
    spellings = (uuid(10), uuid(10).replace("-", ""), uuid(10).upper())
    told = look(*(event(run={"runId": spelling}) for spelling in spellings))
    assert list(told["runs"]) == ["j (0a)"]


@pytest.mark.parametrize("run", [{}, {"runId": None}, {"runId": ""}])
def test_a_run_event_without_a_run_id_is_set_aside(look: Look, run: Any) -> None:
    assert "run.runId is missing" in reason(look(event(run=run)))


def test_the_parent_may_stand_under_its_old_name(look: Look) -> None:
    told = look(with_run_facets(parentRun=parent(uuid(99), "p", "odd")))
    assert told["jobs"]["odd | j"]["inside"] == "odd | p"


def test_a_parent_lives_in_its_own_namespace_and_has_no_state_of_its_childs(look: Look) -> None:
    told = look(with_run_facets(parent=parent(uuid(98), "dag.task", "airflow-prod")))
    assert told["jobs"]["odd | j"]["inside"] == "airflow-prod | dag.task"
    assert "odd | dag.task" not in told["jobs"]
    assert list(told["runs"]) == [RUN]


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


def test_deleted_true_deletes_what_was_said_before_and_not_what_is_said_later(look: Look) -> None:
    text = {"description": "x"}
    earlier = with_job_facets(documentation=text) | {"eventTime": "2026-11-01T09:00:00Z"}
    deleted = with_job_facets(documentation={**text, "_deleted": True})
    assert "facets" not in look(deleted, earlier)["jobs"]["odd | j"]
    later = with_job_facets(documentation=text) | {"eventTime": "2026-11-01T11:00:00Z"}
    assert look(later)["jobs"]["odd | j"]["facets"] == {"documentation": text}


def test_a_facet_may_lack_what_it_should_have(look: Look) -> None:
    told = look(with_output(facets={"dataSource": {"_producer": "p", "_schemaURL": "s"}}))
    assert told["datasets"][B]["facets"] == {"dataSource": {}}


def test_a_facet_that_is_no_object_is_left_out_and_the_rest_is_taken(look: Look) -> None:
    topic = {"namespace": "kafka://b:9092", "name": "t", "inputFacets": {"dataSource": "kafka://t"}}
    told = look(event(inputs=[topic]), with_job_facets(documentation="text", sql=7, tags=[1]))
    assert told["runs"][RUN]["reads"]["kafka://b:9092 | t"] == {}
    assert "facets" not in told["jobs"]["odd | j"]


def test_a_column_without_a_type_is_a_column(look: Look) -> None:
    schema = {"fields": [{"name": "id", "type": None}, {"name": "day"}]}
    told = look(
        {
            "eventTime": "2026-11-01T10:00:00Z",
            "dataset": {
                "namespace": "postgres://h:5432",
                "name": "d.s.b",
                "facets": {"schema": schema},
            },
        }
    )
    (version,) = told["datasets"][B]["schemas"]
    assert version["columns"] == ["id None", "day None"]


def test_columns_are_known_to_come_from_columns_though_no_schema_names_them(look: Look) -> None:
    source = {"namespace": "postgres://h:5432", "name": "d.s.a", "field": "id"}
    told = look(
        with_output(facets={"columnLineage": {"fields": {"id": {"inputFields": [source]}}}})
    )
    assert told["columns"] == {f"{B}, by odd | j": {"id": [f"{A} . id"]}}


def test_long_texts_are_kept_whole(look: Look) -> None:
    url, column = "https://github.com/" + "a" * 400, "c" * 400
    told = look(
        with_job_facets(sourceCodeLocation={"type": "git", "url": url}),
        with_output(facets={"schema": {"fields": [{"name": column, "type": "int"}]}}),
    )
    assert told["jobs"]["odd | j"]["facets"]["sourceCodeLocation"]["url"] == url
    assert told["datasets"][B]["schemas"][0]["columns"] == [f"{column} int"]


# --- what is read and written -------------------------------------------------------------------


@pytest.mark.parametrize(
    "said", [{"inputs": None, "outputs": None}, {"inputs": ..., "outputs": ...}]
)
def test_an_event_without_datasets_takes_no_edge_away(look: Look, said: Any) -> None:
    told = look(event(eventType="START", eventTime="2026-11-01T09:00:00Z"), event(**said))
    assert told["edges"] == EDGES
    assert told["datasets"][B]["fresh"] == "2026-11-01T10:00:00Z"


def test_a_dataset_that_is_named_twice_is_read_once(look: Look) -> None:
    assert look(event(inputs=event()["inputs"] * 2)) == look(event())


def test_a_dataset_without_a_namespace_is_the_jobs_own(look: Look) -> None:
    told = look(event(outputs=[{"namespace": "", "name": "x"}]))
    assert "odd | j  ->  job:odd/j | x" in told["edges"]


def test_a_port_that_python_made_none_is_the_usual_port(look: Look) -> None:
    told = look(event(outputs=[{"namespace": "postgres://workshop-db:None", "name": "d.s.b"}]))
    assert told["datasets"]["postgres://workshop-db:5432 | d.s.b"]["also_called"] == [
        "postgres://workshop-db:None | d.s.b"
    ]


# --- which kind of event ------------------------------------------------------------------------


def test_what_an_event_is_shows_in_its_shape_and_not_in_its_address(look: Look) -> None:
    plain = look(event())
    assert look(event(schemaURL=..., producer=...)) == plain
    assert look(event(schemaURL=..., schemaUrl="https://example.com/DatasetEvent")) == plain
    assert look(event(foo={"bar": 1})) == plain


def test_a_job_event_may_bear_the_address_of_run_events(look: Look) -> None:
    told = look(event(run=..., eventType=...))
    assert told["runs"] == {}
    assert set(told["edges"].values()) == {"declared"}


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


def test_a_start_that_comes_late_tells_when_the_run_began_and_reopens_nothing(look: Look) -> None:
    told = look(event(), event(eventType="START", eventTime="2026-11-01T09:59:00Z"))
    run = told["runs"][RUN]
    assert (run["state"], run["started"], run["seconds"]) == (
        "success",
        "2026-11-01T09:59:00Z",
        60.0,
    )


def test_running_after_the_end_reopens_nothing(look: Look) -> None:
    told = look(event(), event(eventType="RUNNING", eventTime="2026-11-01T10:00:01Z"))
    assert told["runs"][RUN]["state"] == "success"


def test_other_before_the_start_announces_a_run(look: Look) -> None:
    other = event(eventType="OTHER", eventTime="2026-11-01T09:00:00Z")
    assert look(other)["runs"][RUN]["state"] == "queued"
    assert look(event(eventType="START"))["runs"][RUN]["started"] == "2026-11-01T10:00:00Z"


# --- bytes that no text has ---------------------------------------------------------------------


def test_a_nul_in_any_text_is_replaced_since_no_database_keeps_it(look: Look) -> None:
    told = look(
        event(
            eventType="FAIL",
            run={
                "runId": uuid(1),
                "facets": {
                    "errorMessage": {"message": "bad \x00 byte", "programmingLanguage": "PYTHON"},
                    "tags": {"tags": [{"key": "k\x00", "value": "\x00"}]},
                },
            },
            job={"namespace": "o\x00", "name": "j\x00", "facets": {"x\x00": {"a\x00": "\x00"}}},
            inputs=[
                {
                    "namespace": "n\x00",
                    "name": "a\x00",
                    "facets": {"schema": {"fields": [{"name": "\x00"}]}},
                }
            ],
        )
    )
    assert told["odd"] == []
    assert told["runs"]["j\ufffd (01)"]["error"] == "bad \ufffd byte"
    assert told["jobs"]["o\ufffd | j\ufffd"]["facets"] == {"x\ufffd": {"a\ufffd": "\ufffd"}}
    assert "n\ufffd | a\ufffd" in told["datasets"]


def test_a_backslash_before_u0000_is_a_backslash(look: Look) -> None:
    told = look(with_job_facets(documentation={"description": "\\u0000 \x00"}))
    assert told["jobs"]["odd | j"]["facets"]["documentation"] == {"description": "\\u0000 \ufffd"}


def test_a_name_may_hold_any_letters_and_a_line_feed(look: Look) -> None:
    name = "żółw\n SELECT 1 🐢"
    assert f"odd | {name}" in look(event(job={"namespace": "odd", "name": name}))["jobs"]


@pytest.mark.parametrize(
    "odd",
    [
        b"\\ud800",  # half a surrogate pair: Python writes it for a file name that is no UTF-8
        b"\xff",  # no UTF-8
        b"\n",  # a line feed as it is
    ],
)
def test_text_that_no_strict_reader_takes_is_mended(look: Look, odd: bytes) -> None:
    body = json.dumps(with_job_facets(documentation={"description": "HERE"})).encode()
    told = look(body.replace(b"HERE", odd))
    assert told["odd"] == []
    assert told["jobs"]["odd | j"]["facets"]["documentation"]["description"].strip("\ufffd\n") == ""


def test_a_mark_of_the_byte_order_is_no_text(look: Look) -> None:
    assert RUN in look(b"\xef\xbb\xbf" + json.dumps(event()).encode())["runs"]


@pytest.mark.parametrize("number", ["NaN", "Infinity", "1e400", "9" * 400, "9" * 30, "9" * 5000])
def test_numbers_that_are_none_or_too_large_harm_nothing(look: Look, number: str) -> None:
    """Python's json writes NaN, which is no JSON; metrics of empty columns have it."""
    metrics = {"rowCount": "HERE", "columnMetrics": {"x": {"min": "HERE"}}}
    body = json.dumps(
        event(
            run={"runId": uuid(1), "facets": {"tags": {"tags": "HERE"}, "fairlead": {"x": "HERE"}}},
            job={
                "namespace": "odd",
                "name": "j",
                "facets": {"documentation": {"description": "HERE"}},
            },
            inputs=[
                {"namespace": "n", "name": "x", "inputFacets": {"dataQualityMetrics": metrics}}
            ],
        )
    )
    told = look(body.replace('"HERE"', number).encode())
    assert told["odd"] == []
    assert told["runs"][RUN]["state"] == "success"


def test_what_is_nested_a_hundred_levels_deep_is_kept(look: Look) -> None:
    levels = "[" * 100 + "]" * 100
    body = json.dumps(with_run_facets(tags={"tags": "HERE"})).replace('"HERE"', levels)
    assert look(body.encode())["odd"] == []


def test_of_a_key_that_comes_twice_the_last_counts(look: Look) -> None:
    body = json.dumps(event()).replace(
        '"eventType": "COMPLETE"', '"eventType": "START", "eventType": "FAIL"'
    )
    assert look(body.encode())["runs"][RUN]["state"] == "failed"


def test_names_longer_than_an_index_takes_stay_apart_and_keep_their_beginning(look: Look) -> None:
    # Random letters: PostgreSQL packs repeated ones.
    text = "".join(chr(0x4E00 + (i * 7919) % 20000) for i in range(3000))
    told = look(
        event(
            run={"runId": text},
            job={
                "namespace": text,
                "name": text,
                "facets": {text: {}, "jobType": {"jobType": text}},
            },
            inputs=[
                {"namespace": text, "name": text + "1"},
                {"namespace": text, "name": text + "2"},
            ],
            outputs=[],
        )
    )
    assert told["odd"] == []
    assert len(told["datasets"]) == 2
    assert all(name.startswith(text[:100]) for name in told["datasets"])


def test_an_event_of_ten_megabytes_is_an_event(look: Look) -> None:
    plan = [{"class": "org.apache.spark", "children": [{"name": f"n{i}"}]} for i in range(160_000)]
    fields = [{"name": f"column_{i}", "type": "string"} for i in range(20_000)]
    body = json.dumps(
        event(
            run={"runId": uuid(1), "facets": {"spark.logicalPlan": {"plan": plan}}},
            job={"namespace": "odd", "name": "j", "facets": {"custom": {"plan": plan[:1000]}}},
            outputs=[{"namespace": "n", "name": "wide", "facets": {"schema": {"fields": fields}}}],
        )
    ).encode()
    assert len(body) > 10_000_000
    told = look(body)
    assert told["runs"][RUN]["state"] == "success"
    assert len(told["datasets"]["n | wide"]["schemas"][0]["columns"]) == 20_000


def test_whatever_stands_where_in_an_event_it_is_absorbed_or_set_aside(db: sa.Engine) -> None:
    bodies = mutants([body for story in STORIES for body in events(story)], 1_500, 1)
    changes = absorbing.understand(bodies)
    assert len(changes) > 500
    absorbing.absorb(db, changes, batch=100)


def test_a_word_about_an_earlier_try_by_its_run_id_alone_does_not_make_it_the_last(
    look: Look,
) -> None:
    told = look(
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
    assert told["runs"]["d.t in manual_1 try 1"]["state"] == "failed"
    told = look(json.loads(run_event("OTHER", "08:04:00", uuid(1), "d.t")))
    assert told["runs"]["d.t in manual_1 try 1"]["state"] == "failed"
