"""What comes from what."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from pydantic import TypeAdapter

from fairlead_bridge.web.lineage.answers import Lineage
from tests.bridge.asking import Api, names, wrote
from tests.support.airflow_of_d import airflow_of_d
from tests.support.small import dataset

DB = "postgres://h:5432"


@pytest.fixture
def api(db: sa.Engine) -> Api:
    """raw -> load -> orders -> sum -> daily -> send -> report; sum also reads rates."""
    api = Api(db)
    api.send(
        *wrote("load", "s.orders", reads=("s.raw",), at="01:00:00"),
        *wrote("sum", "s.daily", reads=("s.orders", "s.rates"), at="02:00:00"),
        *wrote("send", "s.report", reads=("s.daily",), at="03:00:00"),
    )
    return api


def reached(answer: Any) -> dict[str, int]:
    return {node["name"]: node["depth"] for node in answer["nodes"]}


def arrows(answer: Any) -> set[tuple[str, str]]:
    short = {node["node"]: node["name"] for node in answer["nodes"]}
    return {(short[edge["source"]], short[edge["target"]]) for edge in answer["edges"]}


def test_upstream_is_what_a_dataset_comes_from(api: Api) -> None:
    answer = api.get("lineage", node=f"dataset:{DB}:s.daily", direction="up", depth=2)
    assert reached(answer) == {"s.daily": 0, "sum": -1, "s.orders": -2, "s.rates": -2}
    assert arrows(answer) == {("sum", "s.daily"), ("s.orders", "sum"), ("s.rates", "sum")}


def test_downstream_is_what_comes_from_it(api: Api) -> None:
    answer = api.get("lineage", node="job:prod:load", direction="down", depth=9)
    assert reached(answer) == {
        "load": 0, "s.orders": 1, "sum": 2, "s.daily": 3, "send": 4, "s.report": 5,
    }  # fmt: skip


def test_both_directions_are_the_default_and_three_hops(api: Api) -> None:
    answer = api.get("lineage", node=f"dataset:{DB}:s.orders")
    assert reached(answer) == {
        "s.orders": 0, "load": -1, "s.raw": -2, "sum": 1, "s.daily": 2, "send": 3,
    }  # fmt: skip


def test_depth_0_is_the_node_alone(api: Api) -> None:
    answer = api.get("lineage", node="job:prod:sum", depth=0)
    assert reached(answer) == {"sum": 0}
    assert answer["edges"] == []


def test_the_answer_is_what_the_description_says(api: Api) -> None:
    answer = api.get("lineage", node="job:prod:sum", depth=9)
    TypeAdapter(Lineage).validate_python(answer)
    raw = next(node for node in answer["nodes"] if node["name"] == "s.orders")
    assert raw["written_at"] == "2026-11-01T01:01:00Z"
    assert raw["state"] == "success"
    edge = next(edge for edge in answer["edges"] if edge["target"].endswith("s.daily"))
    assert edge["first_at"] == edge["last_at"] == "2026-11-01T02:01:00Z"
    assert edge["run_id"] == api.get("runs", job="sum")["items"][0]["run_id"]


def test_an_id_names_a_node_too(api: Api) -> None:
    job = api.get("jobs", name="sum")["items"][0]
    table = api.get("datasets", name="s.orders")["items"][0]
    assert reached(api.get("lineage", node=job["id"], depth=0)) == {"sum": 0}
    assert reached(api.get("lineage", node=table["id"], depth=0)) == {"s.orders": 0}


@pytest.mark.parametrize(
    ("namespace", "name"),
    [
        ("postgres://h:5432", "a.b"),
        ("s3://bucket", "year=2026/month=11/x:y:z"),
        ("arn:aws:glue:eu:1", "table/db/t"),
        ("odd", "'; DROP TABLE dataset; --"),
        ("odd", 'quoted "name" with % and _'),
        ("odd", "smörgås 🐟/🚢"),
        ("odd", "n" * 300),
        ("odd", " spaces at both ends "),
        ("", "without a namespace"),
    ],
)
def test_odd_names_are_found_in_every_way(db: sa.Engine, namespace: str, name: str) -> None:
    api = Api(db)
    out = {"namespace": namespace, "name": name}
    api.send(*wrote(f"make {name}", out, namespace="jobs:of:airflow"))
    (table,) = api.get("datasets", q="" if not name.strip() else name.split()[0])["items"]
    for node in (table["node"], table["id"]):
        answer = api.get("lineage", node=node)
        assert reached(answer) == {table["name"]: 0, f"make {name}": -1}
    back = api.get("lineage", node=f"job:jobs:of:airflow:make {name}")
    assert reached(back) == {table["name"]: 1, f"make {name}": 0}
    assert api.get(f"datasets/{table['id']}")["name"] == table["name"]
    graph = api.get("graph", node=table["node"])
    assert {card["name"] for card in graph["cards"]} == {table["name"], f"make {name}"}


def test_any_name_of_a_dataset_leads_to_it(db: sa.Engine) -> None:
    api = Api(db)
    path = {"namespace": "s3://lake", "name": "warehouse/orders"}
    link = {"identifiers": [{"namespace": "hive://m:9083", "name": "w.orders", "type": "TABLE"}]}
    api.send(
        *wrote("spark", {**path, "facets": {"symlinks": link}}),
        *wrote("report", "s.report", reads=({"namespace": "hive://m:9083", "name": "w.orders"},)),
    )
    by_path = api.get("lineage", node="dataset:s3://lake:warehouse/orders")
    by_table = api.get("lineage", node="dataset:hive://m:9083:w.orders")
    assert by_path == by_table
    assert len(by_path["nodes"]) == 4
    assert {("spark", "report")} <= {
        (a, d) for a, b in arrows(by_path) for c, d in arrows(by_path) if b == c
    }
    (item,) = api.get("datasets", name="warehouse/orders")["items"]
    assert api.get("datasets", name="w.orders")["items"] == [item]
    detail = api.get(f"datasets/{item['id']}")
    assert {"spark", "report"} == {*names(detail["writers"]), *names(detail["readers"])}
    assert len(detail["names"]) == 2


def test_producers_spelling_of_a_name_is_found(db: sa.Engine) -> None:
    api = Api(db)
    api.send(*wrote("copy", {"namespace": "s3a://lake", "name": "a/b"}))
    answer = api.get("lineage", node="dataset:s3a://lake:a/b", depth=0)
    assert [node["namespace"] for node in answer["nodes"]] == ["s3://lake"]


def test_a_cycle_ends(db: sa.Engine) -> None:
    api = Api(db)
    api.send(*wrote("a", "s.x", reads=("s.y",)), *wrote("b", "s.y", reads=("s.x",)))
    answer = api.get("lineage", node="job:prod:a", depth=50)
    assert len(answer["nodes"]) == 4
    assert len(answer["edges"]) == 4


def test_a_job_that_reads_what_it_writes_is_one_node(db: sa.Engine) -> None:
    api = Api(db)
    api.send(*wrote("merge", "s.x", reads=("s.x",)))
    answer = api.get("lineage", node="job:prod:merge")
    assert arrows(answer) == {("merge", "s.x"), ("s.x", "merge")}


def test_what_the_limit_leaves_out_is_counted(db: sa.Engine) -> None:
    api = Api(db)
    api.send(*(event for n in range(30) for event in wrote(f"job_{n:02}", reads=("s.hub",))))
    answer = api.get("lineage", node=f"dataset:{DB}:s.hub", limit=11)
    assert len(answer["nodes"]) == 11
    assert answer["truncated"] == 20
    assert api.get("lineage", node=f"dataset:{DB}:s.hub")["truncated"] == 0


def test_a_hub_is_counted_without_being_read(db: sa.Engine) -> None:
    api = Api(db)
    events = (event for n in range(50) for event in wrote(f"job_{n:02}", reads=("s.hub",)))
    api.send(*events)
    answer = api.get("lineage", node=f"dataset:{DB}:s.hub", limit=2)
    assert (len(answer["nodes"]), answer["truncated"]) == (2, 49)


def test_a_dag_stands_for_all_its_tasks(db: sa.Engine) -> None:
    api = Api(db)
    api.send(*airflow_of_d())
    answer = api.get("lineage", node="job:prod:d", depth=1, direction="down")
    assert reached(answer) == {"d": 0, "d.load": 0, "d.sum": 0, "s.orders": 1, "s.daily": 1}


def test_control_edges_come_when_asked_for(db: sa.Engine) -> None:
    api = Api(db)
    api.send(*airflow_of_d())
    data = api.get("lineage", node="job:prod:d.load", kind="data", depth=1)
    control = api.get("lineage", node="job:prod:d.load", kind="control", depth=1)
    assert ("d.load", "d.sum") not in arrows(data)
    assert arrows(control) == {("d.load", "d.sum")}
    assert {edge["kind"] for edge in control["edges"]} == {"control"}


def test_the_graph_is_drawn_as_it_was(api: Api) -> None:
    before = api.get("graph", node=f"dataset:{DB}:s.orders", as_of="2026-11-01T01:30:00Z")
    assert {card["name"] for card in before["cards"]} == {"s.orders", "load", "s.raw"}
    assert before["as_of"] == "2026-11-01T01:30:00Z"
    during = api.get("graph", node=f"dataset:{DB}:s.daily", as_of="2026-11-01T02:00:30+00:00")
    assert during["cards"][0]["written_at"] is None


def test_a_run_that_was_going_on_is_shown_running(api: Api) -> None:
    api.send(*wrote("load", "s.orders", reads=("s.raw",), at="05:00:00", state="FAIL"))
    job = "job:prod:load"
    states = [
        api.get("graph", node=job, up=0, down=0, as_of=f"2026-11-01T{at}Z")["cards"][0]["state"]
        for at in ("04:00:00", "05:00:30", "05:02:00")
    ]
    assert states == ["success", "running", "failed"]


def test_freshness_is_that_of_the_moment(api: Api) -> None:
    api.send(*wrote("load", "s.orders", reads=("s.raw",), at="05:00:00"))
    asked = {"node": f"dataset:{DB}:s.orders", "up": 0, "down": 0}
    now = api.get("graph", **asked)
    then = api.get("graph", **asked, as_of="2026-11-01T04:00:00Z")
    assert now["cards"][0]["written_at"] == "2026-11-01T05:01:00Z"
    assert then["cards"][0]["written_at"] == "2026-11-01T01:01:00Z"


def test_tasks_stand_in_the_box_of_their_dag(db: sa.Engine) -> None:
    api = Api(db)
    api.send(*airflow_of_d())
    graph = api.get("graph", node="job:prod:d")
    (group,) = graph["groups"]
    assert group["label"] == "d"
    assert group["schedule"] == "@daily"
    cards = {card["name"]: card for card in graph["cards"]}
    assert set(cards) == {"d.load", "d.sum", "s.orders", "s.daily"}
    assert cards["d.load"]["group"] == cards["d.sum"]["group"] == group["id"] == "job:prod:d"
    kinds = {(edge["source"], edge["target"]): edge["kind"] for edge in graph["edges"]}
    assert kinds["job:prod:d.load", "job:prod:d.sum"] == "control"
    assert all(edge["points"] for edge in graph["edges"])


def test_a_card_counts_the_neighbours_that_are_not_drawn(api: Api) -> None:
    graph = api.get("graph", node=f"dataset:{DB}:s.daily", up=1, down=0)
    cards = {card["name"]: card for card in graph["cards"]}
    assert cards["sum"]["more_upstream"] == 2
    assert cards["sum"]["more_downstream"] == 0
    assert cards["s.daily"]["more_downstream"] == 1


def test_an_edge_past_the_focus_is_drawn(db: sa.Engine) -> None:
    """What is upstream may also be read further down: both ends are drawn, so the edge is."""
    api = Api(db)
    api.send(*wrote("first", "s.b", reads=("s.a",)), *wrote("second", "s.c", reads=("s.b", "s.a")))
    graph = api.get("graph", node=f"dataset:{DB}:s.b")
    ends = {(edge["source"], edge["target"]) for edge in graph["edges"]}
    assert (f"dataset:{DB}:s.a", "job:prod:second") in ends


def test_an_unchanged_graph_is_not_sent_twice(api: Api) -> None:
    first = api.http.get("/api/v1/graph", params={"node": "job:prod:sum"})
    again = api.http.get(
        "/api/v1/graph",
        params={"node": "job:prod:sum"},
        headers={"If-None-Match": first.headers["etag"]},
    )
    assert (again.status_code, again.content) == (304, b"")
    api.send(*wrote("sum", "s.daily", at="09:00:00"))
    changed = api.http.get(
        "/api/v1/graph",
        params={"node": "job:prod:sum"},
        headers={"If-None-Match": first.headers["etag"]},
    )
    assert changed.status_code == 200


def test_what_is_not_there_is_answered_so(api: Api) -> None:
    assert "s.gone" in api.problem(404, "lineage", node=f"dataset:{DB}:s.gone")
    assert "NAMESPACE" in api.problem(404, "graph", node="sum")
    api.problem(404, "lineage", node="0123456789abcdef")
    api.problem(404, "lineage", node="ffffffffffffffff")
    assert "node" in api.problem(422, "lineage")
    assert "direction" in api.problem(422, "lineage", node="job:prod:sum", direction="sideways")
    assert "depth" in api.problem(422, "lineage", node="job:prod:sum", depth="deep")


def test_a_depth_or_a_limit_out_of_bounds_is_taken_for_the_nearest(api: Api) -> None:
    far = api.get("lineage", node="job:prod:sum", depth=10**30, limit=10**30)
    assert len(far["nodes"]) == 8
    near = api.get("lineage", node="job:prod:sum", depth=-1, limit=0)
    assert len(near["nodes"]) == 1


# --- columns --------------------------------------------------------------------------------------


def test_a_job_and_a_dataset_are_shown_as_they_stood(api: Api) -> None:
    api.send(
        *wrote("load", dataset("s.orders", schema={"fields": [{"name": "new"}]}), at="05:00:00"),
        *wrote("load", "s.more", at="07:00:00", state="FAIL"),
    )
    before = {"as_of": "2026-11-01T04:00:00Z"}
    during = {"as_of": "2026-11-01T07:00:30Z"}
    job = api.get("jobs/prod:load", **before)
    assert (job["last_run"]["state"], names(job["outputs"])) == ("success", ["s.orders"])
    assert len(api.get("jobs/prod:load/durations", **before)["runs"]) == 1
    going = api.get("jobs/prod:load", **during)["last_run"]
    assert (going["state"], going["ended_at"], going["duration"]) == ("running", None, None)
    assert api.get("jobs/prod:load")["last_run"]["state"] == "failed"
    table = api.get(f"datasets/{DB}:s.orders", **before)
    assert (table["written_at"], table["schema_fields"]) == ("2026-11-01T01:01:00Z", [])
    assert api.get(f"datasets/{DB}:s.orders")["schema_fields"][0]["name"] == "new"
