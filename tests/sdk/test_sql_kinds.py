"""Constructs of real warehouses are read as their databases mean them."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest
from tests.support.sql.by_execution import QUERIES, describe, observed, predicted
from tests.support.sql.every_kind import EVERY_KIND
from tests.support.sql.kinds import column_pairs, names
from tests.support.sql.scores import ours, scored

from fairlead_sdk.cli import main
from fairlead_sdk.sql import dialect_of, read


@pytest.mark.parametrize(("dialect", "script", "reads", "writes", "columns"), EVERY_KIND)
def test_a_construct_is_read_as_its_database_means_it(
    dialect: str, script: str, reads: str, writes: str, columns: str
) -> None:
    reading = read(script, dialect)
    assert (names(reading.reads), names(reading.writes), column_pairs(reading)) == (
        reads,
        writes,
        columns,
    )
    assert reading.errors == []


@pytest.mark.parametrize(
    ("script", "why"),
    [
        ("CREATE TABLE r AS SELECT a FROM s JOIN u ON s.k = u.k", "a may be of several tables"),
        ("CREATE TABLE r AS SELECT x.a FROM s", "the column x.a is of no table"),
        ("INSERT INTO r (a, b) SELECT * FROM s", "stands for columns that are not known"),
        ("CALL load_all()", "the procedure load_all"),
        ("EXECUTE IMMEDIATE 'INSERT INTO ' || t || ' SELECT 1'", "put together as it runs"),
    ],
)
def test_what_is_unknown_is_named_and_not_guessed(script: str, why: str) -> None:
    reading = read(script, "postgres")
    assert any(why in note for note in reading.unknown)
    assert not any(reading.columns.values())


def test_a_procedure_that_is_only_defined_writes_nothing() -> None:
    reading = read("CREATE PROCEDURE p AS BEGIN INSERT INTO r (a) SELECT a FROM s END", "tsql")
    assert (reading.reads, reading.writes) == ([], [])
    assert names(reading.procedures["p"].writes) == "r"


def test_a_procedure_whose_end_has_its_name_is_whole() -> None:
    script = (
        "CREATE PROCEDURE p AS BEGIN INSERT INTO r (a) SELECT a FROM s; END p;\n/\nBEGIN p; END;"
    )
    reading = read(script, "oracle")
    assert (names(reading.writes), column_pairs(reading)) == ("r", "r.a <- s.a")
    assert reading.unknown == []


def test_a_query_of_a_variable_that_cannot_be_read_is_named_and_not_swallowed() -> None:
    reading = read("SET @a = (SELECT max(x) FROM s WHERE ((", "mysql")
    assert reading.errors or reading.unknown


def test_a_package_of_procedures_is_defined_and_not_run() -> None:
    script = """CREATE OR REPLACE PACKAGE BODY pk AS
      n NUMBER;
      PROCEDURE a (x IN NUMBER) IS v VARCHAR2(10); BEGIN INSERT INTO r (a) SELECT a FROM s; END a;
      PROCEDURE b IS BEGIN DELETE FROM q; END b;
    END pk;
    /
    INSERT INTO z (a) SELECT a FROM y"""
    reading = read(script, "oracle")
    assert (names(reading.reads), names(reading.writes), reading.errors) == ("y", "z", [])
    inner = reading.procedures["pk"]
    assert (names(inner.reads), names(inner.writes), inner.errors) == ("s", "r q", [])


def test_the_rows_of_a_trigger_are_no_table() -> None:
    script = "CREATE TRIGGER dbo.t ON dbo.s AFTER INSERT, UPDATE AS BEGIN INSERT INTO dbo.r (a) SELECT a FROM inserted END"
    reading = read(script, "tsql")
    assert (reading.writes, names(reading.procedures["dbo.t"].writes)) == ([], "dbo.r")
    assert reading.procedures["dbo.t"].reads == []


def test_what_decides_about_rows_is_separate_from_values() -> None:
    script = "CREATE TABLE r AS SELECT md5(s.a) AS a, count(s.b) AS n FROM s JOIN u ON s.k = u.k WHERE s.ok GROUP BY s.a ORDER BY s.d"
    reading = read(script, "postgres")
    [indirect] = reading.indirect.values()
    assert sorted(f"{s.how} {s.table}.{s.column}" for s in indirect) == [
        "FILTER s.ok",
        "GROUP_BY s.a",
        "JOIN s.k",
        "JOIN u.k",
        "SORT s.d",
    ]
    [columns] = reading.columns.values()
    assert [source.masking for sources in columns.values() for source in sources] == [True, True]


@pytest.mark.parametrize("dialect", ["postgres", "tsql", "bigquery", "mysql"])
def test_a_quote_that_is_never_closed_costs_its_own_statement_only(dialect: str) -> None:
    reading = read(
        "INSERT INTO a (x) SELECT x FROM b; SELECT 'open;\nINSERT INTO c (x) SELECT x FROM d",
        dialect,
    )
    assert names(reading.writes) == "a c"
    assert len(reading.errors) == 1


def test_a_name_that_is_none_costs_its_own_statement_only() -> None:
    merge = (
        "MERGE INTO identifier('a.b/*') t USING s ON t.k = s.k WHEN MATCHED THEN UPDATE SET v = s.v"
    )
    reading = read([merge, "INSERT INTO r (a) SELECT a FROM s"], "snowflake")
    assert (names(reading.writes), len(reading.errors)) == ("r", 1)


def test_a_stage_is_where_the_script_says_that_its_files_are() -> None:
    stage = "CREATE OR REPLACE STAGE d.landing URL = 's3://bucket/in/' FILE_FORMAT = (TYPE = CSV);"
    reading = read(f"{stage} COPY INTO r FROM @d.landing/x; COPY INTO @other/y FROM r", "snowflake")
    assert reading.files_read == ["s3://bucket/in/x"]
    assert reading.files_written == ["@other/y"]
    assert reading.unknown == ["the address of the stage @other/y is not known"]


def test_a_table_that_only_changes_its_columns_is_altered_and_not_written() -> None:
    scripts = [
        "ALTER TABLE IF EXISTS ONLY r ADD COLUMN a TEXT, ADD COLUMN b INT",
        "ALTER TABLE w DROP COLUMN b",
        "INSERT INTO w (a) SELECT a FROM s",
    ]
    reading = read(scripts, "postgres")
    assert ([*map(str, reading.altered)], [*map(str, reading.writes)]) == (["r"], ["w"])


def test_tables_that_change_places_are_reported_as_such() -> None:
    [pair] = read("ALTER TABLE a SWAP WITH b", "snowflake").swapped
    assert [*map(str, pair)] == ["a", "b"]


def test_a_file_that_a_function_writes_is_written() -> None:
    reading = read(
        "INSERT INTO FUNCTION s3('https://b.example.com/x.parquet') SELECT a FROM s", "clickhouse"
    )
    assert (reading.files_written, [*map(str, reading.reads)]) == (
        ["https://b.example.com/x.parquet"],
        ["s"],
    )


def test_a_large_script_is_read_in_time() -> None:
    one = "INSERT INTO t{0} (a, b) SELECT s.a, sum(s.b) FROM s{0} s JOIN u ON u.k = s.k GROUP BY s.a;\n"
    reading = read("".join(one.format(n) for n in range(2000)), "postgres", patience=60)
    assert len(reading.writes) == 2000
    reading = read("".join(one.format(n) for n in range(100)), "postgres", patience=0)
    assert any("took too long" in note for note in reading.unknown)
    assert (len(reading.writes), reading.columns) == (100, {})


def test_what_is_left_of_a_script_that_takes_too_long_sees_through_temporary_tables() -> None:
    script = "CREATE TEMP TABLE t AS SELECT a FROM s; INSERT INTO r (a) SELECT a FROM t, u"
    reading = read(script, "postgres", patience=0)
    assert (names(reading.reads), names(reading.writes)) == ("s u", "r")


def test_the_command_line_reads_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    script, known = tmp_path / "x.sql", tmp_path / "known.json"
    script.write_text("INSERT INTO r SELECT * FROM s WHERE y > 1")
    known.write_text(json.dumps({"r": ["a", "b"], "s": ["x", "y"]}))
    assert main(["sql", str(script), "--dialect", "postgres", "--columns", str(known)]) == 0
    assert "  b <- s.y IDENTITY\n  rows <- s.y FILTER" in capsys.readouterr().out
    assert main(["sql", str(script), "--json"]) == 0
    column_pairs = json.loads(capsys.readouterr().out)
    assert (column_pairs["reads"], column_pairs["writes"]) == (["s"], ["r"])
    assert main(["sql", str(script), "--dialect", "klingon"]) == 2


def test_every_column_that_is_seen_to_matter_is_named() -> None:
    """Truth by execution: see tests/support/sql/by_execution.py."""
    for name in ("share of a brand", "named queries", "running total", "union of two sources"):
        names, seen = observed(QUERIES[name], rounds=2)
        reading = read(f"CREATE TABLE result AS {QUERIES[name]}", "sqlite", describe)
        direct, rows = predicted(reading)
        assert {n: seen[n] - direct.get(n, set()) - rows for n in names} == {
            n: set() for n in names
        }


CORPUS = os.environ.get("FAIRLEAD_CORPUS", "")

FAULTS = {
    "01-cte-named-as-its-table": ("orders", "report", "report.amount <- orders.amount"),
    "02-temp-table-dropped-at-end": ("orders", "revenue", "revenue.id <- orders.id"),
    "03-staging-table-made-and-dropped": ("orders", "revenue", "revenue.amount <- orders.amount"),
    "04-merge-using-cte": ("dbo.orders", "dbo.customers", "dbo.customers.total <- dbo.orders.amount"),
    "04-update-from-cte": ("orders", "customers", "customers.total <- +orders.amount"),
    "05-merge-using-subquery": (
        "dbo.orders",
        "dbo.customers",
        "dbo.customers.total <- dbo.orders.amount",
    ),
    "05-update-from-subquery": ("orders", "customers", "customers.total <- +orders.amount"),
    "06-merge-inner-alias-is-outer-alias": (
        "movements",
        "balance",
        "balance.total <- *balance.total *movements.delta",
    ),
    "07-tsql-if-object-id": ("dbo.orders", "dbo.revenue", "dbo.revenue.id <- dbo.orders.id"),
    "07-tsql-if-object-id/begin-end.sql": ("dbo.flag dbo.a", "dbo.b", "dbo.b.x <- dbo.a.x"),
    "08-bigquery-begin-end": (
        "p.shop.orders",
        "p.mart.revenue",
        "p.mart.revenue.amount <- p.shop.orders.amount",
    ),
    "09-unnest-costs-all-columns/explode.sql": ("s", "t", "t.id <- s.id; t.col <- *s.items"),
    "09-unnest-costs-all-columns/input-bigquery.sql": (
        "p.shop.events",
        "p.mart.items",
        "p.mart.items.sku <- *p.shop.events.items",
    ),
    "09-unnest-costs-all-columns/input-postgres-2.sql": ("events", "named", "named.id <- events.id"),
    "09-unnest-costs-all-columns/input-postgres.sql": ("events", "items", "items.tag <- *events.tags"),
    "09-unnest-costs-all-columns/input-trino.sql": ("events", "items", "items.k <- *events.ks"),
    "10-snowflake-swap": (
        "DWH.PUBLIC.ORDERS",
        "DWH.PUBLIC.REVENUE",
        "DWH.PUBLIC.REVENUE.AMOUNT <- DWH.PUBLIC.ORDERS.AMOUNT",
    ),
    "11-mysql-rename-table": ("orders", "revenue", "revenue.amount <- orders.amount"),
    "12-comment-at-end-of-statement": ("a c", "b d", "b.x <- a.x; d.x <- c.x"),
    "20-tsql-statements-without-semicolons": ("dbo.orders", "dbo.revenue", "dbo.revenue.id <- dbo.orders.id"),
    "20-tsql-statements-without-semicolons/input-mssql-3.sql": (
        "dbo.orders",
        "dbo.revenue dbo.log",
        "dbo.revenue.id <- dbo.orders.id",
    ),
    "21-tsql-update-alias": ("dbo.orders", "dbo.customers", "dbo.customers.total <- dbo.orders.amount"),
    "21-tsql-update-alias/input-mssql-2.sql": ("dbo.gone", "dbo.customers", ""),
}  # fmt: skip


def fault_files() -> list[Path]:
    return sorted((Path(CORPUS) / "faults" / "sql").glob("*/*.sql")) if CORPUS else []


@pytest.mark.skipif(not CORPUS, reason="FAIRLEAD_CORPUS names no folder of faults")
@pytest.mark.parametrize("path", fault_files(), ids=lambda path: f"{path.parent.name}/{path.name}")
def test_the_faults_of_the_field_are_read_right(path: Path) -> None:
    script = path.read_text().rpartition("-- RUN")[2]
    dialect = re.match(r"input-([a-z]+)", path.name)
    known = dialect[1] if dialect else {"0": "tsql" if "tsql" in str(path) else ""}["0"]
    if path.name == "explode.sql":
        known = "spark"
    expected = FAULTS.get(f"{path.parent.name}/{path.name}", FAULTS.get(path.parent.name))
    assert expected is not None, f"say what is right of {path}"
    reading = read(re.split(r"^-- NEXT$", script, flags=re.MULTILINE), dialect_of(known))
    assert (names(reading.reads), names(reading.writes)) == expected[:2]
    assert expected[2] in column_pairs(reading) or all(
        part in column_pairs(reading).split("; ") for part in expected[2].split("; ")
    )
    assert reading.errors == []
    assert reading.dropped == []


@pytest.mark.skipif(not CORPUS, reason="FAIRLEAD_CORPUS names no folder of cases")
def test_an_independent_suite_is_met() -> None:
    cases = json.loads((Path(CORPUS) / "sql" / "sqllineage_cases.json").read_text())
    score = scored(cases, ours, strict=False)
    assert score.tables_exact >= 0.97 * score.tables
    assert score.columns_exact >= 0.95 * score.columns
    assert score.right >= 0.99 * score.found
