"""Suites of other catalogs are read as their projects write them; here made up in their manner."""

from __future__ import annotations

import json
from pathlib import Path

from tests.support.sql.scores import ours, scored
from tests.support.sql.suites import datahub, openlineage, openmetadata


def test_calls_and_golden_files_of_datahub_are_cases(tmp_path: Path) -> None:
    goldens = tmp_path / "sql_parsing" / "goldens"
    goldens.mkdir(parents=True)
    (goldens.parent / "test_some.py").write_text(
        """
RESOURCE_DIR = 1
def test_one():
    assert_sql_result(
        "select s.a + 1 as b, s.w.f as f, count(*) as n from p.q.s where s.k = 1",
        dialect="snowflake", default_db="p", default_schema="q",
        schemas={"urn:li:dataset:(urn:li:dataPlatform:snowflake,p.q.s,PROD)": {"a": "X", "k": "X", "w": "S"}},
        expected_file=RESOURCE_DIR / "one.json",
    )
"""
    )
    table = "urn:li:dataset:(urn:li:dataPlatform:snowflake,p.q.s,PROD)"
    columns = [("b", "a"), ("f", "w.f"), ("_col_3", "k")]
    golden = {
        "in_tables": [table],
        "out_tables": [],
        "column_lineage": [
            {
                "downstream": {"table": None, "column": name},
                "upstreams": [{"table": table, "column": source}],
            }
            for name, source in columns
        ],
    }
    (goldens / "one.json").write_text(json.dumps(golden))
    score = scored(list(datahub(tmp_path)), ours, strict=False)
    assert (score.tables, score.tables_exact) == (1, 1)
    assert (score.expected, score.found, score.right) == (2, 2, 2)


def test_calls_of_openmetadata_are_cases(tmp_path: Path) -> None:
    (tmp_path / "test_some.py").write_text(
        """
class TestSome:
    def test_one(self):
        query = "INSERT INTO r (a) SELECT s.x FROM s"
        assert_table_lineage_equal(query, {"s"}, {"r"}, dialect=Dialect.MYSQL.value)
        assert_column_lineage_equal(
            query,
            [(Qualified("x", "s"), Qualified("a", "r"))],
            dialect=Dialect.MYSQL.value,
        )
"""
    )
    score = scored(list(openmetadata(tmp_path)), ours, strict=False)
    assert (score.tables, score.tables_exact, score.expected, score.right) == (1, 1, 1, 1)


def test_tests_of_openlineage_are_cases(tmp_path: Path) -> None:
    (tmp_path / "tests_some.rs").write_text(
        """
#[test]
fn one() {
    assert_eq!(
        test_sql_dialect("INSERT INTO \\"a\\".r SELECT x FROM s", "postgres").unwrap().table_lineage,
        TableLineage { in_tables: tables(vec!["s"]), out_tables: tables(vec!["\\"a\\".r"]) }
    );
}

#[test]
fn two() {
    let output = test_multiple_sql_dialect(vec!["USE d;", "SELECT x AS y FROM t"], "mysql").unwrap();
    assert_eq!(output.table_lineage, TableLineage {
        in_tables: vec![_tbl(Some("d"), None, "t")], out_tables: vec![] });
}

#[test]
fn three() {
    assert_eq!(test_sql("SELECT x AS y FROM t").unwrap().column_lineage, vec![ColumnLineage {
        descendant: ColumnMeta { origin: None, name: "y".to_string() },
        lineage: vec![ColumnMeta { origin: Some(table("t")), name: "x".to_string() }]
    }]);
}
"""
    )
    score = scored(list(openlineage(tmp_path)), ours, strict=False)
    assert (score.tables, score.tables_exact, score.expected, score.right) == (2, 2, 1, 1)
