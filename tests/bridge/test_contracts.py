"""Data contracts (ODCS): what they promise, and what is said of those that cannot be read."""

from __future__ import annotations

from pathlib import Path

import pytest

from fairlead_bridge.errors import BadSettings
from fairlead_bridge.insight import statements
from fairlead_bridge.monitoring.stated import file
from tests.bridge.contracts import CONTRACT, write


@pytest.mark.parametrize(
    ("old", "new", "line", "instead"),
    [
        ("kind: DataContract", "kind: Other", 3, "write `kind: DataContract`"),
        ("kind: DataContract\n", "", 2, "write `kind: DataContract`"),
        ("v3.0.2", "v2.2.2", 2, "write `apiVersion: v3.1.0`"),
        ("element: items", "element: nothing", 14, "write one of orders, items as element"),
        ("slaDefaultElement: orders", "slaDefaultElement: x", 12, "'x' is no table of its schema"),
        ('"09:00-08:00"', "morning", 14, '"09:00 Europe/Berlin"'),
        ('"09:00-08:00"', "09:00 Berlin", 14, "write one such as Europe/Berlin"),
        ('"09:00-08:00"', "25:00", 14, "write hours and minutes"),
        ("value: 4", "value: four", 13, "write a number as value"),
        ("value: 4, ", "", 13, "write a number as value"),
        ("value: 4", "value: -4", 13, "write a number as value"),
        ("value: 4", "value: .inf", 13, "write a number as value"),
        ("unit: h", "unit: fortnights", 13, "d, h or m as unit"),
        ("latency", "frequency", 13, "frequency of orders is stated already above"),
        (
            "slaProperties:\n",
            "slaProperties: 4\nother:\n",
            11,
            "has to be a list; write one such as",
        ),
        ("slaProperties:\n", "other:\n", 2, "has to be a list; write one such as"),
        ("schema:\n", "schemas:\n", 2, "write a list: `schema:"),
        ("kind", "kind: [", 3, "it is not YAML"),
        ("id: orders", "\tid: orders", 4, "it is not YAML"),
        ("id: orders", "id: &a [*a]", 4, "lie within each other"),
    ],
)
def test_a_contract_that_cannot_be_met_is_refused_by_its_line(
    tmp_path: Path, old: str, new: str, line: int, instead: str
) -> None:
    named = write(tmp_path, CONTRACT.replace(old, new, 1), "orders.odcs.yaml")
    path = write(tmp_path, '[[contract]]\nfile = "orders.odcs.yaml"\n')
    with pytest.raises(BadSettings) as refused:
        file.load(path)
    assert f"{named}:{line}: " in str(refused.value)
    assert instead in str(refused.value)


def test_everything_that_is_wrong_with_a_contract_is_reported_at_once(tmp_path: Path) -> None:
    wrong = CONTRACT.replace("value: 4", "value: x").replace('"09:00-08:00"', "noon")
    write(tmp_path, wrong, "orders.odcs.yaml")
    path = write(tmp_path, '[[contract]]\nfile = "orders.odcs.yaml"\n')
    with pytest.raises(BadSettings) as refused:
        file.load(path)
    lines = [line.partition("orders.odcs.yaml:")[2][:3] for line in str(refused.value).split("\n")]
    assert lines == ["13:", "14:"]


@pytest.mark.parametrize(
    ("server", "name"),
    [
        ("{type: bigquery, project: p, dataset: d}", "bigquery:p.d.orders"),
        ("{type: snowflake, account: org-acct, database: db, schema: s}", "snowflake://org-acct:db.s.orders"),
        ("{type: sqlserver, host: h, port: 1433, database: db, schema: dbo}", "mssql://h:1433:db.dbo.orders"),
        ("{type: databricks, host: 'https://h.net/', catalog: c, schema: s}", "unitycatalog://h.net:c.s.orders"),
        ("{type: s3, location: 's3://lake/raw/orders/'}", "s3://lake:raw/orders"),
        ("{type: s3, location: 's3://lake/raw/{model}/*.parquet'}", "s3://lake:raw/orders/*.parquet"),
        ("{type: kafka, host: 'b1:9092'}", "kafka://b1:9092:orders"),
    ],
)  # fmt: skip
def test_a_contracts_server_says_where_its_tables_are(
    tmp_path: Path, server: str, name: str
) -> None:
    text = CONTRACT.replace("{type: postgresql, host: h, port: 5432, schema: shop}", server)
    text = text.replace("  - {name: items, physicalName: shop.items_v2}\n", "")
    write(tmp_path, text.replace(", element: items", ""), "orders.odcs.yaml")
    path = write(tmp_path, '[[contract]]\nfile = "orders.odcs.yaml"\n')
    assert {each.node for each in file.load(path)} == {f"dataset:{name}"}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("13:00", "by 13:00 UTC every day"),  # a number, for most readers of YAML
        ("09:00:00Z", "by 09:00 UTC every day"),
        ("09:00+0530", "by 09:00 UTC+05:30 every day"),
        ("09:00 Europe/Berlin", "by 09:00 Europe/Berlin every day"),
    ],
)
def test_a_contracts_time_of_availability_has_an_offset_or_a_zone(
    tmp_path: Path, value: str, text: str
) -> None:
    write(tmp_path, CONTRACT.replace('"09:00-08:00"', value), "orders.odcs.yaml")
    path = write(tmp_path, '[[contract]]\nfile = "orders.odcs.yaml"\n')
    (found,) = [each for each in file.load(path) if each.statement.kind == "by"]
    assert statements.expectation(found.statement, "contract").text.endswith(text)


@pytest.mark.parametrize(
    ("unit", "text"), [("months", "120 days"), ("min", "4 minutes"), ("", "4 days"), ("Hours", "4 hours")]
)  # fmt: skip
def test_units_of_contracts_are_those_of_the_standard_and_of_people(
    tmp_path: Path, unit: str, text: str
) -> None:
    lone = CONTRACT.replace("  - {property: frequency, value: 1, unit: d}\n", "")
    write(
        tmp_path, lone.replace("value: 4, unit: h", f"value: 4, unit: {unit}"), "orders.odcs.yaml"
    )
    path = write(tmp_path, '[[contract]]\nfile = "orders.odcs.yaml"\n')
    (found,) = [each for each in file.load(path) if each.statement.kind == "every"]
    assert statements.expectation(found.statement, "contract").text.endswith(f"older than {text}")


def test_a_contract_without_an_address_needs_a_namespace(tmp_path: Path) -> None:
    write(tmp_path, CONTRACT.replace("host: h, ", ""), "orders.odcs.yaml")
    path = write(tmp_path, '[[contract]]\nfile = "orders.odcs.yaml"\n')
    with pytest.raises(BadSettings, match="write the namespace of its datasets"):
        file.load(path)
    write(tmp_path, '[[contract]]\nfile = "orders.odcs.yaml"\nnamespace = "x"\n')
    assert {each.node for each in file.load(path)} == {
        "dataset:x:shop.orders",
        "dataset:x:shop.items_v2",
    }
