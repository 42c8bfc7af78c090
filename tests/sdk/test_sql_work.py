"""The work for a script grows with its length, and no faster: counted in calls, not in seconds."""

from __future__ import annotations

import sys
import tracemalloc
from collections.abc import Callable
from types import FrameType

import pytest

from fairlead_sdk.sql import Reading, read

Script = Callable[[int], str]

_ONE = "INSERT INTO t{0} (a, b) SELECT s.a, sum(s.b) FROM s{0} s JOIN u ON u.k = s.k WHERE s.c > 1 GROUP BY s.a"


def _each(text: str, end: str = "\n") -> Script:
    return lambda count: end.join(text.format(number) for number in range(count))


def _chain(first: str, text: str, last: str) -> Script:
    return lambda n: first + "".join(text.format(i, i + 1) for i in range(n)) + last.format(n)


SCRIPTS: dict[str, tuple[str, Script]] = {
    "statements": ("postgres", _each(_ONE, ";\n")),
    "statements without semicolons": ("tsql", _each(_ONE)),
    "batches": ("tsql", _each(_ONE, "\nGO\n")),
    "statements that cannot be read": ("postgres", _each("INSERT INTO r{0} SELEC a FRM s{0} ((;")),
    "open quotes": ("postgres", _each("SELECT 'x{0}; INSERT INTO r (a) SELECT a FROM s{0};")),
    "templates": ("snowflake", _each("INSERT INTO r SELECT a FROM {{{{ ref('s{0}') }}}};")),
    "unions": (
        "postgres",
        _chain("INSERT INTO r (a) SELECT a FROM s", " UNION SELECT a FROM s{0}", ""),
    ),
    "named queries": (
        "postgres",
        _chain(
            "WITH c0 AS (SELECT a FROM s)",
            ", c{1} AS (SELECT a + 1 AS a FROM c{0} WHERE a > 1)",
            " INSERT INTO r (a) SELECT a FROM c{0}",
        ),
    ),
    "temporary tables": (
        "postgres",
        _chain(
            "CREATE TEMP TABLE t0 AS SELECT a FROM s;",
            "CREATE TEMP TABLE t{1} AS SELECT a FROM t{0} JOIN q{0} ON q{0}.k = t{0}.a;",
            "INSERT INTO r SELECT a FROM t{0}",
        ),
    ),
    "joins": (
        "postgres",
        _chain("CREATE TABLE r AS SELECT t0.a FROM t0", " JOIN t{1} ON t{1}.k = t{0}.k", ""),
    ),
    "columns": (
        "postgres",
        _chain("CREATE TABLE r AS SELECT", " s.c{0} + 1 AS c{0},", " s.z FROM s"),
    ),
    "branches": (
        "tsql",
        _chain("SELECT CASE", " WHEN a = {0} THEN b{0}", " END AS x INTO r FROM s"),
    ),
    "loops": (
        "oracle",
        _chain(
            "BEGIN ",
            "FOR x IN (SELECT a FROM s{0}) LOOP INSERT INTO r{0} (a) VALUES (x.a); END LOOP; ",
            "END;",
        ),
    ),
    "procedures": (
        "mysql",
        _each("CREATE PROCEDURE p{0}() BEGIN INSERT INTO r{0} (a) SELECT a FROM s{0}; END;"),
    ),
    "rows": ("mysql", _chain("INSERT INTO r (a) VALUES (0)", ", ({0})", "")),
}


def _read(dialect: str, script: str) -> Reading:
    return read(script, dialect, patience=3600)


def _calls(dialect: str, script: str) -> int:
    count = 0

    def profile(frame: FrameType, event: str, argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(profile)
    try:
        _read(dialect, script)
    finally:
        sys.setprofile(before)
    return count


@pytest.mark.parametrize("kind", SCRIPTS)
def test_twice_the_script_is_twice_the_work(kind: str) -> None:
    dialect, script = SCRIPTS[kind]
    _read(dialect, script(2))  # what is imported and cached once
    one, two = (_calls(dialect, script(count)) for count in (20, 40))
    assert two / one < 2.15, f"{one} calls for 20, {two} for 40"


def test_twice_the_script_takes_twice_the_memory_at_most() -> None:
    dialect, script = SCRIPTS["statements"]
    _read(dialect, script(2))
    peaks = []
    for count in (40, 80):
        text = script(count)
        tracemalloc.start()
        _read(dialect, text)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] / peaks[0] < 2.3
    assert peaks[1] / 80 < 100_000, "bytes for a statement: ten thousand need less than a gigabyte"


def test_a_variable_that_is_filled_again_holds_what_it_was_filled_with_last() -> None:
    script = (
        "BEGIN SELECT a INTO v FROM s; INSERT INTO r (p) VALUES (v);"
        " SELECT b INTO v FROM u; INSERT INTO q (p) VALUES (v); END;"
    )
    columns = read(script, "oracle").columns
    assert {str(t): {f"{s.table}.{s.column}" for s in c["p"]} for t, c in columns.items()} == {
        "r": {"s.a"},
        "q": {"u.b"},
    }


def test_a_variable_that_two_branches_fill_holds_what_either_gives() -> None:
    script = (
        "BEGIN IF x = 1 THEN SELECT a INTO v FROM s; ELSE SELECT b INTO v FROM u; END IF;"
        " INSERT INTO r (p) VALUES (v); END;"
    )
    [columns] = read(script, "oracle").columns.values()
    assert {f"{s.table}.{s.column}" for s in columns["p"]} == {"s.a", "u.b"}
