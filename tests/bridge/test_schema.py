"""Schemas: distinct contents, whatever they came wrapped in."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead_bridge.mapping import schema


def read(fields: object) -> Any:
    body = schema.canonical({"_producer": "p", "_schemaURL": "u", "fields": fields})
    return None if body is None else json.loads(body)


def a_field(name: str, kind: str | None = None, *fields: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "type": kind, "description": None, "fields": list(fields)}


def test_a_type_that_is_missing_null_or_blank_is_one_schema() -> None:
    reported = [
        [{"name": "id"}],
        [{"name": "id", "type": None}],
        [{"name": "id", "type": " "}],
        ["id"],
    ]
    assert [read(each) for each in reported] == [[a_field("id")]] * 4


def test_nested_fields_are_stored_at_any_depth() -> None:
    street = {"name": "street", "type": "string"}
    reported = [{"name": "address", "type": "struct", "fields": [street]}]
    assert read(reported) == [a_field("address", "struct", a_field("street", "string"))]


def test_columns_stay_in_their_order() -> None:
    assert [field["name"] for field in read(["b", "a", "c"])] == ["b", "a", "c"]


def test_positions_that_are_sent_are_the_order() -> None:
    reported = [{"name": "b", "ordinal_position": 2}, {"name": "a", "ordinal_position": 1}]
    assert [field["name"] for field in read(reported)] == ["a", "b"]


def test_a_type_sent_as_a_structure_is_a_type() -> None:
    reported = {"type": "array", "items": "long"}
    assert read([{"name": "ids", "type": reported}])[0]["type"] == '{"items":"long","type":"array"}'


def test_where_the_facet_came_from_is_no_part_of_it() -> None:
    fields = [{"type": "int", "name": "id", "x-extra": 1}]
    bodies = {schema.canonical({"_producer": producer, "fields": fields}) for producer in "ab"}
    assert bodies == {schema.canonical({"fields": [{"name": "id", "type": "int"}]})}


@pytest.mark.parametrize("fields", [None, [], {}, "id", [None, 7, {"type": "int"}]])
def test_a_facet_that_names_no_column_says_nothing(fields: object) -> None:
    assert read(fields) is None


def test_the_names_of_a_schemas_columns_are_those_that_were_sent() -> None:
    body = schema.canonical({"fields": ["ID", {"name": "Name", "fields": ["x"]}]})
    assert body is not None
    assert schema.columns(body) == {"ID", "Name"}


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.sampled_from(["", "id", "int"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["name", "type", "fields", "ordinal_position", "x"]), inner
        )
    ),
)


@given(json_values)
def test_any_facet_is_read_and_its_schema_reads_as_itself(fields: object) -> None:
    body = schema.canonical({"fields": fields})
    if body is not None:
        assert schema.canonical({"fields": json.loads(body)}) == body
