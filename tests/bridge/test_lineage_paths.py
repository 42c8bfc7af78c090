"""The ways between two assets, shortest first."""

from __future__ import annotations

import itertools
from typing import Any

import sqlalchemy as sa

from tests.bridge.asking import Api, wrote
from tests.support.small import run_event, uuid

DB = "postgres://h:5432"


A, B, C, D = (f"s.{letter}" for letter in "abcd")


def ways(api: Api, source: str, target: str, **more: Any) -> Any:
    return api.get(
        "lineage/paths", source=f"dataset:{DB}:{source}", target=f"dataset:{DB}:{target}", **more
    )


def test_the_ways_between_two_datasets_are_listed_shortest_first(db: sa.Engine) -> None:
    api = Api(db)
    api.send(
        *wrote("j1", B, reads=(A,)),
        *wrote("j2", C, reads=(B,)),
        *wrote("direct", C, reads=(A,)),
        *wrote("aside", D, reads=(B,)),
    )
    found = ways(api, A, C)
    assert [[node.rpartition(":")[2] for node in path] for path in found["paths"]] == [
        [A, "direct", C],
        [A, "j1", B, "j2", C],
    ]
    assert {node["name"] for node in found["nodes"]} == {A, B, C, "j1", "j2", "direct"}
    assert len(found["edges"]) == 6
    assert found["complete"]
    shortest = ways(api, A, C, limit=1)
    assert (len(shortest["paths"]), shortest["complete"]) == (1, False)
    assert len(shortest["nodes"]) == 6
    assert ways(api, C, A)["paths"] == []
    assert ways(api, A, A)["paths"] == [[f"dataset:{DB}:{A}"]]


def test_ways_go_round_no_cycle_and_end_where_there_are_very_many(db: sa.Engine) -> None:
    api = Api(db)
    steps = [f"s.n{n}" for n in range(9)]
    for n, (here, there) in enumerate(itertools.pairwise(steps)):
        api.send(*(e for k in range(4) for e in wrote(f"j{n}_{k}", there, reads=(here,))))
    api.send(*wrote("back", steps[0], reads=(steps[-1],)))
    found = ways(api, steps[0], steps[-1], limit=7)  # 4 ** 8 ways
    assert len(found["paths"]) == 7
    assert not found["complete"]
    assert all(len(set(path)) == len(path) == 17 for path in found["paths"])


def test_a_dag_is_an_end_of_a_way_with_all_its_tasks(db: sa.Engine) -> None:
    api = Api(db)
    inside = {"parent": {"run": {"runId": uuid(90)}, "job": {"namespace": "prod", "name": "dag"}}}
    api.send(
        run_event("COMPLETE", "10:00:00", uuid(90), "dag"),
        *wrote("dag.load", A, run=inside),
        *wrote("read", B, reads=(A,)),
    )
    found = api.get("lineage/paths", source="job:prod:dag", target=f"dataset:{DB}:{B}")
    assert found["paths"] == [
        ["job:prod:dag.load", f"dataset:{DB}:{A}", "job:prod:read", f"dataset:{DB}:{B}"]
    ]
    api.problem(404, "lineage/paths", source="job:prod:dag", target="dataset:none:at_all")
    api.problem(404, "lineage/paths", source="dataset:none:at_all", target="job:prod:dag")
