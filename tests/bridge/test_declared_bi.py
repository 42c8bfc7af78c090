"""Charts and dashboards of Superset and Metabase, from what their REST APIs answer."""

from __future__ import annotations

import doctest
import json
from pathlib import Path
from typing import Any

import pytest

from fairlead_bridge.declaring import bi, files
from fairlead_bridge.declaring.files import File
from fairlead_bridge.declaring.nouns import Declared
from fairlead_bridge.errors import BadSettings

FOLDER = Path(__file__).parent / "bi"
DWH = "dataset:postgres://dwh:5432:core.mart."


def read(name: str, namespace: str = "") -> dict[str, Declared]:
    text = (FOLDER / name).read_text("utf-8")
    return {each.ref.node: each for each in files.read([File(name, text)], namespace)}


def made_of(declared: Declared) -> dict[str, set[str]]:
    return {
        column: {f"{origin.dataset.node}.{origin.column}" for origin in origins}
        for column, origins in declared.flow.columns.items()
    }


def test_a_chart_of_superset_reads_the_columns_of_its_axes_metrics_and_filters() -> None:
    found = read("superset.json")
    chart = found["dataset:superset://bi.shop.example:charts/42"]
    assert (chart.type, chart.owners, chart.description) == ("CHART", ("Ann Lee",), "Gross")
    assert chart.url == "https://bi.shop.example/explore/?slice_id=42"
    assert made_of(chart) == {
        "country": {f"{DWH}revenue.country"},
        "total": {f"{DWH}revenue.amount"},
        "ordered_at": {f"{DWH}revenue.ordered_at"},
    }
    other = found["dataset:superset://bi.shop.example:charts/43"]
    assert made_of(other) == {
        "month": {f"{DWH}revenue.ordered_at"},
        "AVG(amount)": {f"{DWH}revenue.amount"},
    }


def test_a_dashboard_has_the_columns_of_its_charts() -> None:
    found = read("superset.json")["dataset:superset://bi.shop.example:dashboards/5"]
    assert (found.type, found.owners) == ("DASHBOARD", ("Bo",))
    assert made_of(found)["Revenue by country: total"] == {
        "dataset:superset://bi.shop.example:charts/42.total"
    }
    assert len(found.flow.sources) == 2


def test_a_chart_of_a_query_of_its_own_reads_what_is_not_known() -> None:
    found = read("superset.json")["dataset:superset://bi.shop.example:charts/44"]
    assert not found.flow


def test_a_question_of_metabase_reads_the_fields_of_its_query_and_of_its_joins() -> None:
    found = read("metabase.json")
    question = found["dataset:metabase://mb.shop.example:questions/12"]
    assert question.owners == ("Cy Fox",)
    assert {each for some in made_of(question).values() for each in some} == {
        *(f"{DWH}revenue.{column}" for column in ("country", "amount")),
        *(f"{DWH}countries.{column}" for column in ("code", "label")),
    }
    whole = found["dataset:metabase://mb.shop.example:questions/13"]
    assert set(made_of(whole)) == {"country", "amount"}
    assert not found["dataset:metabase://mb.shop.example:questions/14"].flow
    assert "dataset:metabase://mb.shop.example:questions/15" not in found
    dashboard = found["dataset:metabase://mb.shop.example:dashboards/2"]
    assert (dashboard.type, dashboard.description) == ("DASHBOARD", "Of the shop")
    assert len(dashboard.flow.sources) == 2


@pytest.mark.parametrize(
    ("name", "change", "line", "problem"),
    [
        ("superset.json", ("\"https://bi.shop.example\"", "4"), 2, "write the address of the server"),
        ("superset.json", ("\"datasource_id\": 8", "\"datasource_id\": 9"), 30, "its dataset 9 is not in the file"),
        ("superset.json", ("\"params\": \"{\\\"x_axis", "\"params\": \"\\\"x_axis"), 27, "its params are not JSON"),
        ("superset.json", ("@dwh:5432/core", "@dwh:port/core"), 8, "write driver://host:port/database"),
        ("superset.json", ("\"table_name\": \"mine\", ", ""), 18, "it has no `table_name`"),
        ("metabase.json", ("\"id\": 12, \"name\": \"Revenue", "\"name\": \"Revenue"), 16, "it has no `id`"),
        ("metabase.json", ("\"host\": \"dwh\", ", ""), 4, "give --namespace"),
    ],
)  # fmt: skip
def test_a_wrong_export_is_refused_by_its_line(
    name: str, change: tuple[str, str], line: int, problem: str
) -> None:
    text = (FOLDER / name).read_text("utf-8")
    assert change[0] in text
    with pytest.raises(BadSettings) as raised:
        files.read([File(name, text.replace(*change))])
    assert str(raised.value).startswith(f"{name}:{line}: ")
    assert problem in str(raised.value)


def test_a_namespace_is_for_databases_that_do_not_say_where_they_are() -> None:
    content: dict[str, Any] = json.loads((FOLDER / "metabase.json").read_text("utf-8"))
    del content["databases"][0]["details"]
    found = files.read([File("m.json", json.dumps(content))], "postgres://other:5432")
    question = next(each for each in found if each.ref.name == "questions/13")
    assert [ref.node for ref in question.flow.sources] == [
        "dataset:postgres://other:5432:Shop.mart.revenue"
    ]


def test_a_contract_without_tables_declares_nothing() -> None:
    text = "apiVersion: v3.1.0\nkind: DataContract\nid: c\nversion: 1.0.0\nstatus: active\nschema: []\n"
    assert files.read([File("c.yaml", text)], "postgres://h") == []


@pytest.mark.parametrize(
    ("property", "line", "problem"),
    [
        ("{name: a, logicalType: text}", 6, "write one of string, date"),
        ("{name: a, quality: [{type: magic}]}", 6, "write one of text, library, sql, custom"),
    ],
)
def test_words_that_the_standard_does_not_have_are_refused_by_line(
    property: str, line: int, problem: str
) -> None:
    text = (
        "apiVersion: v3.1.0\nkind: DataContract\nid: c\nservers: [{type: postgres, host: h}]\n"
        f"schema:\n  - {{name: t, properties: [{property}]}}\n"
    )
    with pytest.raises(BadSettings) as raised:
        files.read([File("c.yaml", text)])
    assert str(raised.value).startswith(f"c.yaml:{line}: ")
    assert problem in str(raised.value)


def test_the_examples_of_the_docstrings_are_true() -> None:
    assert doctest.testmod(bi).failed == 0
