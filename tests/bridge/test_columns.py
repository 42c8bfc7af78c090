"""Columns: what they come from, in one form for every version of the facet."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest

from fairlead_bridge import ids
from fairlead_bridge.mapping import columns
from fairlead_bridge.mapping.identity import Normaliser
from tests.support.corpus import every_event, needs_corpus

NORMALISE = Normaliser()
DB = "postgres://h:5432"
IDENTITY = {"type": "DIRECT", "subtype": "IDENTITY"}


def read(facet: dict[str, Any]) -> Any:
    body = columns.canonical(facet, NORMALISE)
    return None if body is None else json.loads(body)


def source(field: str, *transformations: dict[str, Any], name: str = "d.s.a") -> dict[str, Any]:
    return {
        "namespace": DB,
        "name": name,
        "field": field,
        "transformations": list(transformations),
    }


def origins(inputs: list[dict[str, Any]]) -> list[str]:
    """Inputs as text: field TYPE/SUBTYPE!masked."""
    return [
        " ".join(
            [
                each["field"],
                *(
                    f"{transformation['type']}/{transformation['subtype']}{'!' * transformation['masking']}"
                    for transformation in each["transformations"]
                ),
            ]
        )
        for each in inputs
    ]


def test_an_input_stands_under_the_one_name_of_its_dataset_with_its_id() -> None:
    item = {"namespace": "postgresql://H/d", "name": "S.A", "field": "x"}
    found = read({"fields": {"y": {"inputFields": [item]}}})
    assert found["fields"]["y"]["inputFields"] == [
        {
            "namespace": DB,
            "name": "d.S.A",
            "field": "x",
            "id": ids.dataset_id(DB, "d.s.a"),
            "transformations": [],
        }
    ]


def test_types_subtypes_descriptions_and_masking_are_stored() -> None:
    transformation = {
        "type": "direct",
        "subtype": "Transformation",
        "description": "md5(x)",
        "masking": True,
    }
    found = read({"fields": {"y": {"inputFields": [source("x", transformation)]}}})
    assert found["fields"]["y"]["inputFields"][0]["transformations"] == [
        {"type": "DIRECT", "subtype": "TRANSFORMATION", "description": "md5(x)", "masking": True}
    ]


@pytest.mark.parametrize(
    ("legacy", "expected"),
    [
        ({"transformationType": "IDENTITY"}, "x DIRECT/IDENTITY"),
        ({"transformationType": "MASKED"}, "x DIRECT/TRANSFORMATION!"),
        ({"transformationType": "", "transformationDescription": ""}, "x"),
        ({"transformationDescription": "x + 1"}, "x DIRECT/None"),
    ],
)
def test_transformations_of_old_facets_are_stored_in_the_new_words(
    legacy: dict[str, str], expected: str
) -> None:
    item = {"namespace": DB, "name": "d.s.a", "field": "x"}
    found = read({"fields": {"y": {"inputFields": [item], **legacy}}})
    assert origins(found["fields"]["y"]["inputFields"]) == [expected]


def test_old_words_do_not_speak_over_new_ones() -> None:
    entry = {"inputFields": [source("x", IDENTITY)], "transformationType": "MASKED"}
    assert origins(read({"fields": {"y": entry}})["fields"]["y"]["inputFields"]) == [
        "x DIRECT/IDENTITY"
    ]


def test_what_spark_repeats_under_every_column_stands_once() -> None:
    join, where = ({"type": "INDIRECT", "subtype": each} for each in ("JOIN", "FILTER"))
    facet = {
        "fields": {
            "a": {"inputFields": [source("x", IDENTITY, where), source("k", join)]},
            "b": {"inputFields": [source("y", IDENTITY), source("x", where), source("k", join)]},
        }
    }
    found = read(facet)
    assert origins(found["fields"]["a"]["inputFields"]) == ["x DIRECT/IDENTITY"]
    assert origins(found["fields"]["b"]["inputFields"]) == ["y DIRECT/IDENTITY"]
    assert origins(found["dataset"]) == ["k INDIRECT/JOIN", "x INDIRECT/FILTER"]


def test_folded_or_sent_for_the_dataset_is_the_same_content() -> None:
    where = {"type": "INDIRECT", "subtype": "FILTER"}
    folded = {"fields": {"a": {"inputFields": [source("x", IDENTITY), source("f", where)]}}}
    apart = {
        "fields": {"a": {"inputFields": [source("x", IDENTITY)]}},
        "dataset": [source("f", where)],
    }
    assert columns.canonical(folded, NORMALISE) == columns.canonical(apart, NORMALISE)


def test_a_condition_of_one_column_stays_with_it() -> None:
    case = {"type": "INDIRECT", "subtype": "CONDITIONAL"}
    some = {"type": "INDIRECT", "subtype": "FILTER"}
    facet = {
        "fields": {
            "a": {"inputFields": [source("x", case), source("f", some)]},
            "b": {"inputFields": [source("x", case)]},
        }
    }
    found = read(facet)
    assert origins(found["fields"]["a"]["inputFields"]) == [
        "f INDIRECT/FILTER",
        "x INDIRECT/CONDITIONAL",
    ]
    assert found["dataset"] == []


def test_a_wide_spark_facet_stores_what_it_says_and_not_the_product() -> None:
    keys = [source(f"k{number}", {"type": "INDIRECT", "subtype": "JOIN"}) for number in range(50)]
    facet = {
        "fields": {
            f"c{number}": {"inputFields": [source(f"c{number}", IDENTITY), *keys]}
            for number in range(200)
        }
    }
    found = read(facet)
    of_columns = [each for entry in found["fields"].values() for each in entry["inputFields"]]
    assert (len(of_columns), len(found["dataset"])) == (200, 50)


def test_equal_content_gives_equal_bytes_in_any_order() -> None:
    where = {"type": "INDIRECT", "subtype": "FILTER", "masking": None, "description": ""}
    inputs = [source("x", IDENTITY, where), source("y", IDENTITY), source("x", where)]
    dice = random.Random(7)
    bodies = set()
    for _ in range(10):
        dice.shuffle(inputs)
        names = ["a", "b"]
        dice.shuffle(names)
        facet = {"fields": {name: {"inputFields": inputs} for name in names}}
        bodies.add(columns.canonical(facet, NORMALISE))
    assert len(bodies) == 1


@pytest.mark.parametrize("facet", [{}, {"fields": {}}, {"fields": None, "dataset": []}])
def test_a_facet_that_says_of_no_column_says_nothing(facet: dict[str, Any]) -> None:
    assert read(facet) is None


def test_a_deleted_facet_says_that_there_is_nothing() -> None:
    assert read({"_deleted": True}) == {"fields": {}, "dataset": []}


def test_odd_entries_are_passed_over_and_the_rest_is_read() -> None:
    odd = [None, 7, {"field": "x"}, {"name": "t", "field": None}, {"name": "t", "field": "x"}]
    facet = {"fields": {"a": {"inputFields": odd}, "b": None, "c": {"inputFields": "x"}}}
    found = read(facet)
    assert origins(found["fields"]["a"]["inputFields"]) == ["x"]
    assert found["fields"]["c"]["inputFields"] == []


def found_under(key: str, value: Any) -> list[dict[str, Any]]:
    if isinstance(value, list):
        return [each for item in value for each in found_under(key, item)]
    if not isinstance(value, dict):
        return []
    own = [value[key]] if isinstance(value.get(key), dict) else []
    return own + [each for item in value.values() for each in found_under(key, item)]


@needs_corpus
def test_every_column_lineage_of_the_corpus_is_read_and_converges() -> None:
    read_columns = 0
    for where, body in every_event():
        try:
            event = json.loads(body)
        except ValueError:
            continue
        for facet in found_under("columnLineage", event):
            first = columns.canonical(facet, NORMALISE)
            if first is not None:
                assert columns.canonical(json.loads(first), NORMALISE) == first, where
                read_columns += 1
    assert read_columns > 50
