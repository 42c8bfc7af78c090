"""`fairlead check`: what files leave in tables, and whom a change of them breaks."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support import bridging
from tests.support.changing import BREAKING, HARMLESS, Change, apply, git, make_repository
from tests.support.shop_repository import DB, events

from fairlead_sdk import cli
from fairlead_sdk.check.changes import Repository
from fairlead_sdk.check.declared import of_avro, of_contract, of_json
from fairlead_sdk.check.formats import MARK, as_gitlab, as_markdown, as_sarif, as_text
from fairlead_sdk.check.model import Finding, Place, Report
from fairlead_sdk.check.python_sql import scripts_of
from fairlead_sdk.errors import CannotCheck
from fairlead_sdk.sql import Shape, shapes_of


def types(shape: Shape) -> dict[str, str | None]:
    return {column.name: column.type for column in shape.columns.values()}


def only(script: str) -> Shape:
    [shape] = shapes_of(script, "postgres").written.values()
    return shape


# -- what files leave --------------------------------------------------------------------------------


def test_the_columns_of_a_table_are_those_of_its_query_with_types_through_named_queries() -> None:
    shape = only(
        "CREATE TABLE t AS WITH x AS (SELECT a, CAST(b AS int) AS b FROM s) "
        "SELECT x.a, x.b AS c, 1 AS one, count(*) AS n FROM x"
    )
    assert types(shape) == {"a": None, "c": "INT", "one": None, "n": "BIGINT"}
    assert shape.is_whole
    assert not shape.is_open


def test_a_star_without_known_columns_leaves_a_table_open() -> None:
    assert only("CREATE VIEW v AS SELECT *, 1 AS one FROM s").is_open


def test_what_a_script_makes_beside_and_renames_has_the_last_name() -> None:
    script = "CREATE TABLE n AS SELECT a FROM s; DROP TABLE t; ALTER TABLE n RENAME TO t"
    found = shapes_of(script, "postgres")
    assert [str(shape.table) for shape in found.written.values()] == ["t"]
    assert found.dropped == {}


def test_a_temporary_table_is_none_that_a_script_leaves() -> None:
    found = shapes_of("CREATE TEMP TABLE x AS SELECT a FROM s; INSERT INTO t (a) SELECT a FROM x")
    assert [str(shape.table) for shape in found.written.values()] == ["t"]


def test_alterations_are_read_in_each_dialect() -> None:
    for dialect, script in (
        ("postgres", "ALTER TABLE t ALTER COLUMN a TYPE int"),
        ("tsql", "ALTER TABLE t ALTER COLUMN a INT"),
        ("mysql", "ALTER TABLE t MODIFY COLUMN a INT"),
    ):
        [change] = shapes_of(script, dialect).altered
        assert (change.change, change.column) == ("type", "a")
        assert (change.after or "").startswith("INT")
    dropped = shapes_of("ALTER TABLE t DROP COLUMN a", "snowflake").altered
    assert [(c.change, c.column) for c in dropped] == [("removed", "a")]


def test_sql_in_python_is_found_in_constants_f_strings_and_sums() -> None:
    source = """
SCHEMA = "mart"
NAME = f"{SCHEMA}.t"
def run(day):
    hook.run(f"INSERT INTO {NAME} SELECT a FROM s WHERE d = '{day}'")
    hook.run("DELETE FROM " + NAME)
    print("select a file")
    return "Update of everything"
"""
    assert [script.text for script in scripts_of(source)] == [
        "INSERT INTO mart.t SELECT a FROM s WHERE d = '{{ day }}'",
        "DELETE FROM mart.t",
    ]


def test_a_contract_states_its_columns_and_where_they_are() -> None:
    text = """
apiVersion: v3.0.2
kind: DataContract
servers: [{type: postgres, host: db, port: 5432, database: shop, schema: crm}]
schema:
  - name: customers
    physicalName: cust
    properties:
      - {name: id, physicalType: bigint}
      - {name: address, physicalType: jsonb, properties: [{name: city}]}
"""
    [(node, shape)] = of_contract(text, "c.yaml") or []
    assert node == "dataset:postgres://db:5432:shop.crm.cust"
    assert types(shape) == {"id": "bigint", "address": "jsonb", "address.city": None}


def test_avro_states_fields_without_null_and_inside_records() -> None:
    record = {
        "type": "record",
        "name": "Order",
        "fields": [
            {"name": "id", "type": "long"},
            {"name": "note", "type": ["null", "string"]},
            {"name": "at", "type": {"type": "long", "logicalType": "timestamp-millis"}},
            {
                "name": "buyer",
                "type": {
                    "type": "record",
                    "name": "B",
                    "fields": [{"name": "name", "type": "string"}],
                },
            },
        ],
    }
    [(_, shape)] = of_avro(json.dumps(record), "schemas/orders-value.avsc")
    assert str(shape.table) == "orders"
    assert types(shape) == {
        "id": "long",
        "note": "string",
        "at": "timestamp-millis",
        "buyer": "record",
        "buyer.name": "string",
    }


def test_models_of_a_manifest_are_as_their_compiled_sql_makes_them() -> None:
    manifest = {
        "metadata": {"dbt_schema_version": "x", "adapter_type": "postgres"},
        "nodes": {
            "model.shop.a": {
                "resource_type": "model",
                "database": "shop",
                "schema": "mart",
                "name": "a",
                "config": {"materialized": "table"},
                "compiled_code": "select x, cast(y as int) as y from crm.s",
            },
            "model.shop.b": {
                "resource_type": "model",
                "name": "b",
                "schema": "mart",
                "config": {"contract": {"enforced": True}},
                "columns": {"k": {"data_type": "text"}},
            },
            "test.shop.t": {"resource_type": "test"},
        },
    }
    found = of_json(json.dumps(manifest), "manifest.json") or []
    assert {str(shape.table): types(shape) for _, shape in found} == {
        "shop.mart.a": {"x": None, "y": "INT"},
        "mart.b": {"k": "text"},
    }


def test_json_that_states_no_schema_is_none_and_a_wrong_one_is_refused() -> None:
    assert of_json('{"name": "package"}', "package.json") is None
    with pytest.raises(CannotCheck, match="NAMESPACE"):
        of_json('{"dataset": "orders", "columns": []}', "x.json")


# -- how it is output ----------------------------------------------------------------------------------

FINDING = Finding(
    "column-removed",
    "the column a_b of t goes",
    Place("x.sql", 3),
    "dataset:n:t",
    "a_b",
    ("table u (Ann)",),
    ("Ann",),
)


def test_a_report_without_findings_says_nothing() -> None:
    assert as_text(Report()) == as_markdown(Report()) == ""
    assert json.loads(as_gitlab(Report())) == []


def test_a_finding_has_its_place_in_every_format() -> None:
    report = Report([FINDING])
    assert as_text(report).startswith("x.sql:3: the column a_b of t goes [column-removed]\n")
    assert as_markdown(report).startswith(MARK)
    assert "a\\_b" in as_markdown(report)
    [result] = json.loads(as_sarif(report))["runs"][0]["results"]
    assert (result["ruleId"], result["level"]) == ("column-removed", "error")
    [issue] = json.loads(as_gitlab(report))
    assert issue["location"] == {"path": "x.sql", "lines": {"begin": 3}}
    moved = Finding(**{**FINDING.__dict__, "place": Place("x.sql", 9)})
    assert json.loads(as_gitlab(Report([moved])))[0]["fingerprint"] == issue["fingerprint"]


# -- the command -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def bridge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[bridging.Bridge]:
    with bridging.running(tmp_path_factory.mktemp("bridge")) as found:
        found.take(events())
        yield found


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    make_repository(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def check(bridge: bridging.Bridge, *more: str) -> int:
    return cli.main(["check", "--url", bridge.url, "--dialect", "postgres", *more])


@pytest.mark.parametrize("change", [*BREAKING[::6], *HARMLESS[::6]], ids=lambda c: c.name)
def test_what_breaks_is_found_and_what_does_not_is_left_out(
    change: Change, bridge: bridging.Bridge, root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    apply(root, change)
    assert check(bridge, "--base", "main") == (1 if change.rule else 0)
    output = capsys.readouterr().out
    assert f"[{change.rule}]" in output if change.rule else output == ""


def test_a_file_is_compared_with_the_catalog(
    bridge: bridging.Bridge, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stated = tmp_path / "vips.json"
    columns = [{"name": "name", "type": "varchar(200)"}, {"name": "total", "type": None}]
    stated.write_text(
        json.dumps({"dataset": f"dataset:{DB}:shop.mart.vips", "columns": columns}), "utf-8"
    )
    output = tmp_path / "report.json"
    assert check(bridge, str(stated), "--format", "json", "--output", str(output)) == 1
    assert capsys.readouterr().out == ""
    [finding] = json.loads(output.read_text("utf-8"))["findings"]
    assert (finding["rule"], finding["column"]) == ("column-removed", "email")
    assert finding["uses"] == ["dataset shop.bi.vip_mails", "job makes.bi.vip_mails"]


def test_a_file_that_says_what_the_catalog_has_breaks_nothing(
    bridge: bridging.Bridge, root: Path
) -> None:
    assert check(bridge, "contracts/customers.odcs.yaml", "ddl/tables.sql") == 0


def test_what_cannot_be_asked_is_another_answer_than_what_breaks(
    bridge: bridging.Bridge, root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["check", "--base", "main", "--url", "http://127.0.0.1:9"]) == 2
    assert check(bridge, "--base", "no-such-branch") == 2
    assert "no-such-branch" in capsys.readouterr().err
    assert check(bridge, "missing.sql") == 2
    assert check(bridge) == 2


def test_only_the_files_that_are_named_are_checked(bridge: bridging.Bridge, root: Path) -> None:
    apply(root, BREAKING[0])
    assert check(bridge, "--base", "main", "ddl") == 0
    assert check(bridge, "--base", "main", "dags") == 1


def test_what_is_not_committed_counts_and_what_the_base_changed_since_does_not(root: Path) -> None:
    git(root, "checkout", "-q", "-b", "change")
    (root / "new.sql").write_text("SELECT 1", "utf-8")
    git(root, "stash", "-q", "--include-untracked")
    git(root, "checkout", "-q", "main")
    (root / "README.md").write_text("other", "utf-8")
    git(root, "commit", "-q", "-a", "-m", "Other")
    git(root, "checkout", "-q", "change")
    git(root, "stash", "pop", "-q")
    assert [change.path for change in Repository("main", root).changed()] == ["new.sql"]
