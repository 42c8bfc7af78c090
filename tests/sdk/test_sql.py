"""What a script reads and writes. A case is a script and its meaning, in words of its own:

reads and writes are table names; `a <- t.b` is a column of the last written table, with `*` for a
transformation and `+` for an aggregation.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from fairlead_sdk.sql import Reading, Table, read

SCHEMA = {
    "orders": {"id": "INTEGER", "amount": "REAL", "customer_id": "INTEGER"},
    "customers": {"id": "INTEGER", "name": "TEXT"},
    "sales": {"order_id": "INTEGER", "who": "TEXT", "eur": "REAL"},
}

CASES = {
    "a select": ("SELECT * FROM orders", "orders", "", ""),
    "a join": ("SELECT 1 FROM orders o JOIN main.customers c ON 1", "orders customers", "", ""),
    "insert select with names": (
        "INSERT INTO sales (order_id, eur) SELECT id, amount * 2 FROM orders",
        "orders",
        "sales",
        "order_id <- orders.id; eur <- *orders.amount",
    ),
    "insert select without names takes the table's order": (
        "INSERT INTO sales SELECT o.id, c.name, o.amount FROM orders o JOIN customers c ON 1",
        "orders customers",
        "sales",
        "order_id <- orders.id; who <- customers.name; eur <- orders.amount",
    ),
    "a CTE is no table": (
        "INSERT INTO sales (eur) WITH d AS (SELECT sum(amount) AS s FROM orders) SELECT s FROM d",
        "orders",
        "sales",
        "eur <- +orders.amount",
    ),
    "a CTE in front of the insert": (
        "WITH d AS (SELECT amount AS s FROM orders) INSERT INTO sales (eur) SELECT s FROM d",
        "orders",
        "sales",
        "eur <- orders.amount",
    ),
    "a CTE over a CTE": (
        "CREATE TABLE t AS WITH a AS (SELECT id FROM orders), b AS (SELECT id FROM a) SELECT id FROM b",
        "orders",
        "t",
        "id <- orders.id",
    ),
    "a union": (
        "CREATE TABLE t AS SELECT id FROM orders UNION ALL SELECT id FROM customers",
        "orders customers",
        "t",
        "id <- customers.id orders.id",
    ),
    "a star": (
        "CREATE TABLE t AS SELECT * FROM customers",
        "customers",
        "t",
        "id <- customers.id; name <- customers.name",
    ),
    "a view": (
        "CREATE VIEW v AS SELECT name FROM customers",
        "customers",
        "v",
        "name <- customers.name",
    ),
    "columns without their table are found by the schema": (
        "CREATE TABLE t AS SELECT amount, name FROM orders JOIN customers ON 1",
        "orders customers",
        "t",
        "amount <- orders.amount; name <- customers.name",
    ),
    "placeholders of every driver": (
        "INSERT INTO sales (order_id, who) VALUES (?, ?); INSERT INTO orders VALUES (%s, %(x)s)",
        "",
        "sales orders",
        "",
    ),
    "update from": (
        "UPDATE sales SET who = c.name FROM customers c WHERE c.id = order_id",
        "customers",
        "sales",
        "who <- customers.name",
    ),
    "delete": (
        "DELETE FROM sales WHERE order_id IN (SELECT id FROM orders)",
        "orders",
        "sales",
        "",
    ),
    "replace": ("REPLACE INTO sales SELECT * FROM sales", "sales", "sales", "..."),
    "temporary tables are seen through": (
        "CREATE TEMP TABLE x AS SELECT id AS i FROM orders; CREATE TABLE t AS SELECT i FROM x",
        "orders",
        "t",
        "i <- orders.id",
    ),
    "what is made and dropped again is nobody's business": (
        "CREATE TABLE x AS SELECT 1; DROP TABLE x",
        "",
        "",
        "",
    ),
    "dropped and made anew is written": (
        "DROP TABLE IF EXISTS t; CREATE TABLE t AS SELECT id FROM orders",
        "orders",
        "t",
        "id <- orders.id",
    ),
    "create if not exists says nothing": ("CREATE TABLE IF NOT EXISTS t (a INT)", "", "", ""),
    "create says something": ("CREATE TABLE t (a INT)", "", "t", ""),
    "a bad statement does not cost the others": (
        "INSERT INTO sales SELEKT; INSERT INTO orders VALUES (1)",
        "",
        "orders",
        "",
    ),
    "what is no data": ("PRAGMA x; BEGIN; CREATE INDEX i ON orders (id); COMMIT", "", "", ""),
    "on conflict": (
        "INSERT INTO sales (order_id) SELECT id FROM orders WHERE true ON CONFLICT (order_id) DO NOTHING",
        "orders",
        "sales",
        "order_id <- orders.id",
    ),
    "numbered placeholders": (
        "INSERT INTO sales (order_id, who) VALUES (:1, :2); INSERT INTO orders VALUES (?1, '12:30')",
        "",
        "sales orders",
        "",
    ),
    "a table that is made beside another and put in its place": (
        "CREATE TABLE t_new AS SELECT id FROM orders; DROP TABLE t; ALTER TABLE t_new RENAME TO t",
        "orders",
        "t",
        "id <- orders.id",
    ),
    "a subquery in a projection": (
        "CREATE TABLE t AS SELECT (SELECT max(name) FROM customers) AS n FROM orders",
        "orders customers",
        "t",
        "n <- +customers.name",
    ),
}


def describe(table: Table) -> dict[str, str] | None:
    return SCHEMA.get(table.name)


def written_columns(reading: Reading) -> str:
    if not reading.writes:
        return ""
    signs = {"IDENTITY": "", "TRANSFORMATION": "*", "AGGREGATION": "+"}
    columns = reading.columns.get(reading.writes[-1], {})
    return "; ".join(
        f"{name} <- "
        + " ".join(f"{signs[s.how]}{s.table.name}.{s.column}" for s in sorted(sources))
        for name, sources in columns.items()
    )


@pytest.mark.parametrize("case", CASES)
def test_a_script_is_read_as_its_author_means_it(case: str) -> None:
    script, reads, writes, columns = CASES[case]
    reading = read(script, "sqlite", describe)
    assert {t.name for t in reading.reads} == set(reads.split())
    assert [t.name for t in reading.writes] == writes.split()
    if columns != "...":
        assert written_columns(reading) == columns


def test_merge_is_read_by_column() -> None:
    script = """
    MERGE INTO sales USING orders o ON sales.order_id = o.id
    WHEN MATCHED THEN UPDATE SET eur = o.amount
    WHEN NOT MATCHED THEN INSERT (order_id, eur) VALUES (o.id, o.amount)"""
    reading = read(script, "postgres", describe)
    assert written_columns(reading) == "eur <- orders.amount; order_id <- orders.id"


@pytest.mark.parametrize(
    ("dialect", "script", "reads", "writes"),
    [
        ("postgres", "COPY t FROM STDIN", "", "t"),
        ("postgres", "WITH d AS (SELECT a FROM mart.f) SELECT a FROM d", "mart.f", ""),
        ("snowflake", "INSERT OVERWRITE INTO a.b.c SELECT * FROM d", "d", "a.b.c"),
        ("bigquery", "CREATE OR REPLACE TABLE `p.d.t` AS SELECT 1 FROM `p.d.s`", "p.d.s", "p.d.t"),
        ("mysql", "INSERT IGNORE INTO t SELECT * FROM `x`.`s`", "x.s", "t"),
        ("tsql", "SELECT TOP 3 * INTO t FROM s", "s", "t"),
        ("duckdb", "CREATE TABLE t AS SELECT * FROM read_csv('x.csv')", "", "t"),
        ("duckdb", "COPY t TO 'x.parquet'", "t", ""),
        ("postgres", "COPY (SELECT a FROM s) TO STDOUT", "s", ""),
        (
            "postgres",
            "WITH d AS (DELETE FROM a RETURNING *) INSERT INTO b SELECT * FROM d",
            "a",
            "b a",
        ),
        ("postgres", "REFRESH MATERIALIZED VIEW CONCURRENTLY m", "", "m"),
        ("postgres", "CREATE TABLE t (LIKE s)", "", "t"),
        ("postgres", "CALL p(); DO $$ BEGIN INSERT INTO a SELECT 1; END $$", "", "a"),
        ("mysql", "LOAD DATA LOCAL INFILE 'x' INTO TABLE t", "", "t"),
        ("bigquery", "LOAD DATA INTO d.t FROM FILES (uris=['gs://b/x.csv'])", "", "d.t"),
        ("bigquery", "EXPORT DATA OPTIONS(uri='gs://b/*') AS SELECT a FROM d.s", "d.s", ""),
        ("redshift", "UNLOAD ('SELECT a FROM s WHERE b = ''x''') TO 's3://b/k'", "s", ""),
        ("snowflake", "INSERT ALL INTO a VALUES (x) INTO b VALUES (x) SELECT x FROM s", "s", "a b"),
        ("snowflake", "CREATE TABLE n AS SELECT 1 FROM s; ALTER TABLE n SWAP WITH t", "s", "t"),
        (
            "hive",
            "FROM s INSERT OVERWRITE TABLE a SELECT x INSERT INTO TABLE b SELECT y",
            "s",
            "a b",
        ),
        ("tsql", "SELECT * INTO #n FROM s; INSERT INTO t SELECT * FROM #n", "s", "t"),
        ("oracle", "INSERT INTO t SELECT :1 FROM dual", "", "t"),
        ("clickhouse", "CREATE MATERIALIZED VIEW m TO t AS SELECT a FROM s", "s", "m t"),
    ],
)
def test_other_dialects_are_read_too(dialect: str, script: str, reads: str, writes: str) -> None:
    def full(table: Table) -> str:
        return ".".join(filter(None, (table.catalog, table.schema, table.name)))

    reading = read(script, dialect)
    assert " ".join(map(full, reading.reads)) == reads
    assert " ".join(map(full, reading.writes)) == writes


@pytest.mark.parametrize(
    "select", ["SELECT id + 1, amount FROM orders", "SELECT id, max(amount) FROM orders"]
)
def test_an_insert_without_names_invents_no_columns(select: str) -> None:
    reading = read(f"INSERT INTO unknown {select}", "sqlite", describe)
    [columns] = reading.columns.values()
    assert set(columns) < {"id", "amount"}


def test_a_quote_that_is_never_closed_costs_only_its_own_statement() -> None:
    reading = read("INSERT INTO t SELECT a FROM s;\nSELECT 'open", "postgres")
    assert [table.name for table in reading.writes] == ["t"]
    assert len(reading.errors) == 1


def test_what_cannot_be_read_is_named_and_nothing_is_raised() -> None:
    reading = read("INSERT INTO (((", "sqlite")
    assert reading.errors
    assert not reading.writes


CORPUS = os.environ.get("FAIRLEAD_CORPUS", "")


@pytest.mark.skipif(not CORPUS, reason="FAIRLEAD_CORPUS names no folder of captured events")
def test_nothing_that_the_stock_parser_found_in_captured_events_is_missed() -> None:
    missed = []
    for query, inputs, outputs in captured_sql(Path(CORPUS) / "events" / "airflow-3.3.2"):
        reading = read(query, "postgres")
        reads = {".".join(filter(None, (t.schema or "public", t.name))) for t in reading.reads}
        written = [*reading.writes, *reading.truncated]
        writes = {".".join(filter(None, (t.schema or "public", t.name))) for t in written}
        if "CREATE TABLE IF NOT EXISTS" in query:
            continue  # says nothing here, on purpose
        if not inputs <= reads or not outputs <= writes or reading.errors:
            missed.append((query, inputs - reads, outputs - writes, reading.errors))
    assert missed == []


def captured_sql(folder: Path) -> Iterator[tuple[str, set[str], set[str]]]:
    """SQL with the tables, without their database, that OpenLineage's parser saw in it."""
    for path in sorted(folder.glob("*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            event = json.loads(line)
            event = event.get("event", event)
            if sql := (event["job"].get("facets") or {}).get("sql"):
                sides = (event.get("inputs") or [], event.get("outputs") or [])
                names = [{d["name"].partition(".")[2] for d in side} for side in sides]
                yield sql["query"], names[0], names[1]
