"""Odd texts, numbers and sizes: what an event may hold, and what of it is mended."""

from __future__ import annotations

import json

import pytest

from tests.bridge.odd import RUN, Look, event, with_job_facets, with_run_facets
from tests.support.small import uuid


def test_a_nul_in_any_text_is_replaced_since_no_database_stores_it(look: Look) -> None:
    catalog = look(
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
    assert catalog["odd"] == []
    assert catalog["runs"]["j\ufffd (01)"]["error"] == "bad \ufffd byte"
    assert catalog["jobs"]["o\ufffd | j\ufffd"]["facets"] == {"x\ufffd": {"a\ufffd": "\ufffd"}}
    assert "n\ufffd | a\ufffd" in catalog["datasets"]


def test_a_backslash_before_u0000_is_a_backslash(look: Look) -> None:
    catalog = look(with_job_facets(documentation={"description": "\\u0000 \x00"}))
    assert catalog["jobs"]["odd | j"]["facets"]["documentation"] == {
        "description": "\\u0000 \ufffd"
    }


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
def test_text_that_no_strict_reader_takes_is_repaired(look: Look, odd: bytes) -> None:
    body = json.dumps(with_job_facets(documentation={"description": "HERE"})).encode()
    catalog = look(body.replace(b"HERE", odd))
    assert catalog["odd"] == []
    assert (
        catalog["jobs"]["odd | j"]["facets"]["documentation"]["description"].strip("\ufffd\n") == ""
    )


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
    catalog = look(body.replace('"HERE"', number).encode())
    assert catalog["odd"] == []
    assert catalog["runs"][RUN]["state"] == "success"


def test_what_is_nested_a_hundred_levels_deep_is_stored(look: Look) -> None:
    levels = "[" * 100 + "]" * 100
    body = json.dumps(with_run_facets(tags={"tags": "HERE"})).replace('"HERE"', levels)
    assert look(body.encode())["odd"] == []


def test_of_a_key_that_comes_twice_the_last_counts(look: Look) -> None:
    body = json.dumps(event()).replace(
        '"eventType": "COMPLETE"', '"eventType": "START", "eventType": "FAIL"'
    )
    assert look(body.encode())["runs"][RUN]["state"] == "failed"


def test_names_longer_than_an_index_takes_stay_apart_and_begin_as_they_were_sent(
    look: Look,
) -> None:
    # Random letters: PostgreSQL packs repeated ones.
    text = "".join(chr(0x4E00 + (i * 7919) % 20000) for i in range(3000))
    catalog = look(
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
    assert catalog["odd"] == []
    assert len(catalog["datasets"]) == 2
    assert all(name.startswith(text[:100]) for name in catalog["datasets"])


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
    catalog = look(body)
    assert catalog["runs"][RUN]["state"] == "success"
    assert len(catalog["datasets"]["n | wide"]["schemas"][0]["columns"]) == 20_000
