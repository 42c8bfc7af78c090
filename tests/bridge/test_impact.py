"""What is affected by a change of a column, how far it is, on which way, and how sure that is."""

from __future__ import annotations

import random
from typing import Any

import pytest
import sqlalchemy as sa

from tests.bridge.asking import Api, wrote
from tests.bridge.impacts import DB, A, B, C, D, impact, levels, made, view
from tests.support.small import dataset, run_event, schema, uuid


def test_a_reader_without_column_lineage_and_all_below_it_is_affected_perhaps(
    db: sa.Engine,
) -> None:
    api = Api(db)
    api.send(
        *wrote("known", made(B, y=[(A, "x")]), reads=(A,)),
        *wrote("unknown", C, reads=(A,)),
        *wrote("below", made(D, z=[(C, "q")]), reads=(C,)),
        *wrote("looks", reads=(A,)),
    )
    found = impact(api, "x")
    assert levels(found) == {
        B: (1, True),
        "known": (1, True),
        C: (1, False),
        "unknown": (1, False),
        "looks": (1, False),
        D: (2, False),
        "below": (2, False),
    }
    counts = (found["datasets"], found["tasks"])
    assert counts == (3, 4)
    assert (found["uncertain_datasets"], found["uncertain_tasks"]) == (2, 3)
    assert {item["name"]: item["columns"] for item in found["items"] if item["columns"]} == {
        B: ["y"]
    }


def test_a_reader_that_is_known_to_use_other_columns_is_not_affected(db: sa.Engine) -> None:
    api = Api(db)
    api.send(
        *wrote("make", dataset(A, schema=schema("x", "spare"))),
        *wrote("known", made(B, y=[(A, "x")]), reads=(A,)),
        *wrote("below", C, reads=(B,)),
    )
    assert impact(api, "spare")["items"] == []
    assert levels(impact(api, "x")) == {
        B: (1, True),
        "known": (1, True),
        C: (2, False),
        "below": (2, False),
    }


def test_a_job_with_an_output_of_unknown_columns_may_use_the_column_there(db: sa.Engine) -> None:
    api = Api(db)
    api.send(
        *wrote("make", dataset(A, schema=schema("x", "spare"))),
        *wrote("both", made(B, y=[(A, "x")]), C, reads=(A,)),
    )
    assert levels(impact(api, "spare")) == {C: (1, False), "both": (1, False)}
    assert levels(impact(api, "x")) == {B: (1, True), "both": (1, True), C: (1, False)}


def test_a_reader_of_which_only_the_conditions_are_known_may_use_any_column(
    db: sa.Engine,
) -> None:
    api = Api(db)
    api.send(
        *wrote("make", dataset(A, schema=schema("x", "k"))),
        *wrote("filter", made(B, ((A, "k"),)), reads=(A,)),
    )
    assert levels(impact(api, "k")) == {B: (1, True), "filter": (1, True)}
    assert levels(impact(api, "x")) == {B: (1, False), "filter": (1, False)}


def test_a_source_that_column_lineage_of_its_reader_leaves_out_is_used_perhaps(
    db: sa.Engine,
) -> None:
    """INSERT INTO c SELECT b.y FROM b WHERE b.y IN (SELECT x FROM a): only b is reported."""
    api = Api(db)
    api.send(
        *wrote("make", dataset(A, schema=schema("x"))),
        *wrote("semijoin", made(C, z=[(B, "y")]), reads=(A, B)),
    )
    assert levels(impact(api, "x")) == {C: (1, False), "semijoin": (1, False)}


def test_levels_count_datasets_also_where_no_job_is_between_them(db: sa.Engine) -> None:
    api = Api(db)
    api.send(
        *wrote("copy", A),
        view(B, A),
        view(C, B),
        *wrote("read", D, reads=(C,)),
        view("s.e", D),
    )
    expected = {B: 1, C: 2, "read": 3, D: 3, "s.e": 4}
    found = impact(api)
    assert {item["name"]: item["level"] for item in found["items"]} == expected
    of_column = levels(impact(api, "x"))
    assert {name: level for name, (level, _) in of_column.items()} == expected
    assert (of_column[C], of_column[D], of_column["s.e"]) == ((2, True), (3, False), (4, False))


def test_every_item_has_the_way_to_it(db: sa.Engine) -> None:
    api = Api(db)
    api.send(
        *wrote("j", made(B, y=[(A, "x")]), reads=(A,)),
        *wrote("k", C, reads=(B,)),
    )
    for column in (None, "x"):
        ways = {item["name"]: item["path"] for item in impact(api, column)["items"]}
        start = [f"dataset:{DB}:{A}", "job:prod:j"]
        assert ways == {
            "j": start,
            B: [*start, f"dataset:{DB}:{B}"],
            "k": [*start, f"dataset:{DB}:{B}", "job:prod:k"],
            C: [*start, f"dataset:{DB}:{B}", "job:prod:k", f"dataset:{DB}:{C}"],
        }


def test_the_shortest_way_counts(db: sa.Engine) -> None:
    api = Api(db)
    api.send(
        *wrote("j1", B, reads=(A,)),
        *wrote("j2", C, reads=(B,)),
        *wrote("j3", D, reads=(C,)),
        *wrote("short", D, reads=(A,)),
    )
    assert levels(impact(api))[D] == (1, True)


@pytest.mark.parametrize(
    ("asked", "found"), [("address", ["city", "whole"]), ("address.city", ["city", "whole"])]
)
def test_a_struct_stands_for_its_fields_and_a_field_concerns_its_struct(
    db: sa.Engine, asked: str, found: list[str]
) -> None:
    api = Api(db)
    inner = [{"name": "city", "type": "text"}, {"name": "zip", "type": "text"}]
    fields = [{"name": "address", "type": "struct", "fields": inner}]
    sources = {"city": [(A, "address.city")], "zip": [(A, "address.zip")]}
    api.send(
        *wrote("make", dataset(A, schema={"fields": fields})),
        *wrote("cities", made(B, **sources, whole=[(A, "address")]), reads=(A,)),
    )
    (item,) = (item for item in impact(api, asked)["items"] if item["kind"] == "dataset")
    assert item["columns"] == ([*found, "zip"] if asked == "address" else found)
    down = api.get("lineage/columns", dataset=f"{DB}:{A}", column=asked, direction="down")
    made_of_it = {edge["target_column"] for edge in down["edges"]}
    assert made_of_it == set(item["columns"])


def test_a_column_may_be_asked_for_in_another_case(db: sa.Engine) -> None:
    api = Api(db)
    api.send(
        *wrote("make", dataset(A, schema=schema("AMOUNT"))),
        *wrote("sum", made(B, total=[(A, "amount")]), reads=(A,)),
    )
    for column in ("AMOUNT", "amount", "Amount"):
        assert levels(impact(api, column)) == {B: (1, True), "sum": (1, True)}


def test_what_does_not_exist_is_not_found(db: sa.Engine) -> None:
    api = Api(db)
    api.send(
        *wrote("make", dataset(A, schema=schema("x", "y"))),
        *wrote("use", made(B, total=[(C, "z")]), reads=(C,)),
    )
    missing = api.problem(404, "impact", node=f"dataset:{DB}:{A}", column="country")
    assert missing == "There is no column 'country' in s.a: it has x, y."
    # No schema is known of these: lineage names the columns.
    assert "it has z" in api.problem(404, "impact", node=f"dataset:{DB}:{C}", column="country")
    assert "it has total" in api.problem(404, "impact", node=f"dataset:{DB}:{B}", column="q")
    api.problem(404, "lineage/columns", dataset=f"{DB}:{A}", column="country")
    for node in (f"dataset:{DB}:s.none", "job:prod:none", "job:nowhere:make"):
        assert "Nothing is known as" in api.problem(404, "impact", node=node)
        api.problem(404, "impact", node=node, column="x")


def test_where_no_columns_are_known_any_reader_may_use_any_column(db: sa.Engine) -> None:
    api = Api(db)
    api.send(*wrote("copy", B, reads=(A,)))
    assert levels(impact(api, "anything")) == {B: (1, False), "copy": (1, False)}


def test_a_job_has_columns_no_more_than_a_cycle_has_an_end(db: sa.Engine) -> None:
    api = Api(db)
    api.send(
        *wrote("there", made(B, y=[(A, "x")]), reads=(A,)),
        *wrote("back", made(A, x=[(B, "y")]), reads=(B,)),
        *wrote("itself", made(B, y=[(B, "y")]), reads=(B,)),
    )
    assert levels(impact(api, "x")) == {
        B: (1, True),
        "there": (1, True),
        "back": (2, True),
        "itself": (2, True),
    }


def test_counts_are_counts_whatever_the_limit(db: sa.Engine) -> None:
    api = Api(db)
    tables = [dataset(f"s.t{n}", datasetType={"datasetType": "TABLE"}) for n in range(80)]
    api.send(*(event for n, t in enumerate(tables) for event in wrote(f"j{n}", t, reads=(A,))))
    for column in (None, "x"):
        found = impact(api, column, limit=5)
        assert (found["datasets"], found["tasks"], len(found["items"])) == (80, 80, 5)
        assert (found["truncated"], found["complete"]) == (155, True)
        assert found["kinds"] == {"TABLE": 80}
        kinds = {(item["kind"], item["dataset_kind"]) for item in found["items"]}
        assert kinds == {("dataset", "TABLE"), ("job", None)}


def test_every_node_below_is_listed_with_the_least_level_and_nothing_else(db: sa.Engine) -> None:
    """Seeded graphs: without a column all that edges lead to; with one, what uses it or may."""
    dice = random.Random(11)
    for graph in range(6):
        api_names = [f"g{graph}.t{n}" for n in range(9)]
        jobs = {
            f"g{graph}j{n}": (
                tuple(dice.sample(api_names, dice.randint(1, 2))),
                tuple(dice.sample(api_names, dice.randint(0, 2))),
                dice.random() < 0.6,
            )
            for n in range(9)
        }
        api = Api(db)
        for name in api_names:
            api.send(*wrote(f"first {name}", dataset(name, schema=schema("x", "y"))))
        links: dict[tuple[str, str, str], set[tuple[str, str]]] = {}
        for job, (reads, writes, known) in jobs.items():
            outputs = []
            for target in writes:
                pairs = {
                    column: [(source, dice.choice("xy")) for source in reads]
                    for column in ("x", "y")
                }
                if known:
                    for source in reads:
                        of = {
                            (c, f)
                            for c, reported in pairs.items()
                            for s, f in reported
                            if s == source
                        }
                        links[source, job, target] = {(f, c) for c, f in of}
                outputs.append(made(target, **pairs) if known else dataset(target))
            api.send(*wrote(job, *outputs, reads=reads))
        start = api_names[0]
        whole = {item["name"] for item in impact(api, None, start)["items"]}
        certain, unsure = expected(start, jobs, links)
        found = levels(impact(api, "x", start))
        assert {name for name, (_, sure) in found.items() if sure} == certain
        assert {name for name, (_, sure) in found.items() if not sure} == unsure
        assert found.keys() <= whole


def expected(start: str, jobs: Any, links: Any) -> tuple[set[str], set[str]]:
    """The same by brute force: columns first, then everything below a reader that is unknown."""
    places, certain = {(start, "x")}, set()
    unsure: set[str] = set()
    changed = True
    while changed:
        changed = False
        for job, (reads, writes, _) in jobs.items():
            for source in reads:
                mine = {column for table, column in places if table == source}
                if not mine:
                    continue
                known = [target for target in writes if (source, job, target) in links]
                for target in known:
                    made_here = {c for f, c in links[source, job, target] if f in mine}
                    if made_here:
                        certain |= {job, target}
                    fresh = {(target, column) for column in made_here} - places
                    changed = changed or bool(fresh)
                    places |= fresh
                if not known:
                    unsure |= {job, *(target for target in writes if target != source)}
    below = {name for name in unsure if name not in jobs}
    while below:
        table = below.pop()
        for job, (reads, writes, _) in jobs.items():
            if table in reads:
                fresh = {job, *writes} - unsure
                unsure |= fresh
                below |= {name for name in fresh if name not in jobs}
    return certain - {start}, unsure - certain - {start}


def test_the_impact_of_a_job_has_its_ways_too(db: sa.Engine) -> None:
    api = Api(db)
    run = run_event("COMPLETE", "10:00:00", uuid(77), "solo", outputs=[dataset(A)])
    api.send(run, *wrote("next", B, reads=(A,)))
    found = api.get("impact", node="job:prod:solo")
    assert {item["name"]: (item["level"], len(item["path"])) for item in found["items"]} == {
        A: (1, 2),
        "next": (2, 3),
        B: (2, 4),
    }


# --- columns, up and down ----------------------------------------------------------------------


def test_what_rows_depend_on_is_found_upwards_as_it_is_downwards(db: sa.Engine) -> None:
    api = Api(db)
    api.send(
        *wrote("raw", made(A, k=[(D, "q")], x=[(D, "p")]), reads=(D,)),
        *wrote("filter", made(B, ((A, "k"),), y=[(A, "x")]), reads=(A,)),
    )
    down = api.get("lineage/columns", dataset=f"{DB}:{A}", column="k", direction="down")
    up = api.get("lineage/columns", dataset=f"{DB}:{B}", column="y", direction="up", depth=1)

    def edges(answer: Any) -> set[tuple[str, str, bool]]:
        return {(e["source_column"], e["target_column"], e["indirect"]) for e in answer["edges"]}

    assert edges(down) == {("k", "*", True)}
    assert edges(up) == {("k", "*", True), ("x", "y", False)}
    depths = {(node["name"], node["column"]): node["depth"] for node in up["nodes"]}
    assert depths == {(B, "y"): 0, (B, "*"): 0, (A, "k"): -1, (A, "x"): -1}
    farther = api.get("lineage/columns", dataset=f"{DB}:{B}", column="y", direction="up")
    assert ("q", "k", False) in edges(farther)


# --- the ways between two ----------------------------------------------------------------------


def test_lineage_and_impact_of_a_query_are_those_of_the_task_that_ran_it(db: sa.Engine) -> None:
    api = Api(db)
    inside = {"parent": {"run": {"runId": uuid(91)}, "job": {"namespace": "prod", "name": "d.t"}}}
    query = {"jobType": {"integration": "AIRFLOW", "jobType": "QUERY"}}
    ran = wrote("d.t.query.1", B, reads=(A,), run=inside, facets=query)
    api.send(*wrote("d.t", run_id=uuid(91)), *ran, *wrote("next", C, reads=(B,)))
    below = api.get("impact", node="job:prod:d.t.query.1")
    assert {item["name"] for item in below["items"]} == {B, "next", C}
    around = api.get("lineage", node="job:prod:d.t.query.1", depth=1)
    assert {node["name"] for node in around["nodes"]} == {A, "d.t", B}
    found = api.get("lineage/paths", source="job:prod:d.t.query.1", target=f"dataset:{DB}:{C}")
    assert len(found["paths"]) == 1
