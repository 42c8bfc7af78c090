"""The drawn graph, seen otherwise: datasets alone, DAGs as cards, cards opened and shut."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from fairlead_bridge.web.lineage.answers import Graph
from tests.bridge.asking import Api, wrote
from tests.bridge.columns import DB, columns
from tests.support.airflow_of_d import airflow_of_d
from tests.support.small import dataset

Answer = dict[str, Any]


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


def table(name: str) -> str:
    return f"dataset:{DB}:{name}"


def cards(graph: Answer) -> dict[str, Answer]:
    return {card["name"]: card for card in graph["cards"]}


def arrows(graph: Answer) -> set[tuple[str, str]]:
    name = {card["node"]: card["name"] for card in graph["cards"]}
    return {(name[edge["source"]], name[edge["target"]]) for edge in graph["edges"]}


def hub(db: sa.Engine, readers: int) -> Api:
    api = Api(db)
    api.send(*(event for n in range(readers) for event in wrote(f"job_{n:02}", reads=("s.hub",))))
    return api


# --- datasets alone ------------------------------------------------------------------------------


def test_consumers_see_datasets_and_the_jobs_on_the_edges(api: Api) -> None:
    graph = api.get("graph", node=table("s.daily"), view="data", up=1, down=1)
    assert arrows(graph) == {
        ("s.orders", "s.daily"), ("s.rates", "s.daily"), ("s.daily", "s.report"),
    }  # fmt: skip
    (edge,) = [edge for edge in graph["edges"] if edge["target"] == table("s.report")]
    assert [(job["label"], job["state"]) for job in edge["jobs"]] == [("send", "success")]
    assert len(edge["points"]) >= 2
    assert cards(graph)["s.orders"]["more_upstream"] == 1
    assert graph["folded"] == 2


def test_a_job_in_focus_stays_a_card_among_datasets(api: Api) -> None:
    graph = api.get("graph", node="job:prod:sum", view="data", up=1, down=2)
    assert arrows(graph) == {
        ("s.orders", "sum"), ("s.rates", "sum"), ("sum", "s.daily"), ("s.daily", "s.report"),
    }  # fmt: skip
    assert graph["focus"] == "job:prod:sum"


def test_a_dag_in_focus_stays_one_card_among_datasets(db: sa.Engine) -> None:
    api = Api(db)
    api.send(*airflow_of_d())
    graph = api.get("graph", node="job:prod:d", view="data")
    assert set(cards(graph)) == {"d", "s.daily"}
    assert graph["focus"] == "job:prod:d"


@pytest.mark.parametrize("view", ["all", "data"])
def test_the_answer_is_what_the_description_says(api: Api, view: str) -> None:
    answer = api.http.get("/api/v1/graph", params={"node": table("s.daily"), "view": view})
    graph = Graph.model_validate_json(answer.content, strict=True)
    assert graph.model_dump(mode="json") == answer.json()


def test_positions_do_not_show_what_ran_last(api: Api) -> None:
    """Events that come again move nothing in the graph."""
    asked = {"node": table("s.rates"), "up": 9, "down": 9}
    api.send(*wrote("other", "s.other", reads=("s.rates",)))

    def places() -> dict[str, tuple[float, float]]:
        return {
            name: (card["x"], card["y"]) for name, card in cards(api.get("graph", **asked)).items()
        }

    before = places()
    for hour, job in enumerate(("sum", "other", "sum"), start=10):
        output = "s.daily" if job == "sum" else "s.other"
        api.send(*wrote(job, output, reads=("s.rates",), at=f"{hour}:00:00"))
        assert places() == before


# --- DAGs as cards -------------------------------------------------------------------------------


def test_a_dag_is_one_card_that_counts_its_tasks_and_opens_again(db: sa.Engine) -> None:
    api = Api(db)
    api.send(*airflow_of_d())
    folded = api.get("graph", node=table("s.daily"), group="dag")
    dag = cards(folded)["d"]
    assert (dag["folded"], dag["tasks"], dag["job_kind"]) == (True, 2, "dag")
    assert arrows(folded) == {("d", "s.daily")}
    assert folded["groups"] == []
    again = api.get("graph", node=table("s.daily"), group="dag", open=f"dag:{dag['id']}")
    assert set(cards(again)) == {"d.load", "d.sum", "s.orders", "s.daily"}
    (group,) = again["groups"]
    assert group["job_id"] == dag["id"]
    shut = api.get("graph", node=table("s.daily"), shut=f"dag:{dag['id']}")
    assert cards(shut).keys() == cards(folded).keys()


def test_the_hidden_tasks_of_a_dag_come_when_asked_for(db: sa.Engine) -> None:
    api = Api(db)
    api.send(*airflow_of_d())
    near = api.get("graph", node=table("s.orders"), up=1, down=0)
    (group,) = near["groups"]
    assert (group["hidden"], set(cards(near))) == (1, {"s.orders", "d.load"})
    asked = {"node": table("s.orders"), "up": 1, "down": 0, "open": f"tasks:{group['job_id']}"}
    whole = api.get("graph", **asked)
    assert (whole["groups"][0]["hidden"], set(cards(whole))) == (0, {"s.orders", "d.load", "d.sum"})


# --- cards opened and shut -----------------------------------------------------------------------


def test_a_card_brings_the_neighbours_that_it_counts(api: Api) -> None:
    before = api.get("graph", node=table("s.daily"), up=1, down=0)
    total = cards(before)["sum"]
    assert total["more_upstream"] == 2
    asked = {"node": table("s.daily"), "up": 1, "down": 0, "open": f"up:{total['id']}"}
    after = api.get("graph", **asked)
    assert set(cards(after)) == {"s.daily", "sum", "s.orders", "s.rates"}
    assert cards(after)["sum"]["more_upstream"] == 0
    further = {**asked, "open": f"up:{total['id']},up:{cards(after)['s.orders']['id']}"}
    assert "load" in cards(api.get("graph", **further))


def test_datasets_alone_are_opened_from_dataset_to_dataset(api: Api) -> None:
    asked = {"node": table("s.daily"), "view": "data", "up": 1, "down": 0}
    orders = cards(api.get("graph", **asked))["s.orders"]
    opened = api.get("graph", **asked, open=f"up:{orders['id']}")
    assert ("s.raw", "s.orders") in arrows(opened)


def test_a_shut_side_is_not_followed_and_counted_instead(api: Api) -> None:
    orders = cards(api.get("graph", node=table("s.daily"), up=9, down=0))["s.orders"]
    shut = api.get("graph", node=table("s.daily"), up=9, down=0, shut=f"up:{orders['id']}")
    assert set(cards(shut)) == {"s.daily", "sum", "s.orders", "s.rates"}
    assert cards(shut)["s.orders"]["more_upstream"] == 1


def test_a_hub_shows_what_fits_counts_the_rest_and_brings_it_in_steps(db: sa.Engine) -> None:
    api = hub(db, 40)
    first = api.get("graph", node=table("s.hub"), limit=11)
    focus = cards(first)["s.hub"]
    assert (len(first["cards"]), first["truncated"], focus["more_downstream"]) == (11, 30, 30)
    some = api.get("graph", node=table("s.hub"), limit=11, open=f"down:{focus['id']}:20")
    assert (len(some["cards"]), cards(some)["s.hub"]["more_downstream"]) == (31, 10)
    every = api.get("graph", node=table("s.hub"), limit=11, open=f"down:{focus['id']}:30")
    assert (len(every["cards"]), cards(every)["s.hub"]["more_downstream"]) == (41, 0)
    assert len(every["edges"]) == 40


def test_an_edge_between_two_hubs_is_drawn_and_not_counted_too(db: sa.Engine) -> None:
    """`s.hub` has 250 readers; one of them reads 250 tables."""
    api = Api(db)
    many = tuple(f"s.t{n:03}" for n in range(249))
    api.send(
        *(event for n in range(249) for event in wrote(f"reader_{n:03}", reads=("s.hub",))),
        *wrote("big", reads=("s.hub", *many), at="11:00:00"),
        *wrote("small", "s.x", reads=("s.hub",), at="12:00:00"),
        *wrote("other", "s.hub", reads=("s.x",), at="12:00:00"),
    )
    graph = api.get("graph", node=table("s.hub"), up=2, down=2, limit=6)
    assert ("s.hub", "big") in arrows(graph)
    drawn = [target for source, target in arrows(graph) if source == "s.hub"]
    assert len(drawn) + cards(graph)["s.hub"]["more_downstream"] == 251


def test_what_stays_is_in_its_order_when_a_card_is_opened(db: sa.Engine) -> None:
    api = Api(db)
    api.send(
        *(e for n in range(8) for e in wrote(f"job_{n}", f"s.t{n}", reads=("s.hub",))),
        *(e for n in range(8) for e in wrote(f"next_{n}", f"s.u{n}", reads=(f"s.t{7 - n}",))),
    )
    before = cards(api.get("graph", node=table("s.hub"), down=2))
    order = sorted(before, key=lambda name: before[name]["y"])
    for name in ("s.t0", "s.t3", "s.t6"):
        opened = f"down:{before[name]['id']}"
        after = cards(api.get("graph", node=table("s.hub"), down=2, open=opened))
        assert len(after) == len(before) + 1
        assert [n for n in sorted(after, key=lambda n: after[n]["y"]) if n in before] == order
        assert {n: after[n]["x"] for n in before} == {n: before[n]["x"] for n in before}


def test_nonsense_in_what_is_opened_is_refused(api: Api) -> None:
    for nonsense in ("up", "up:s.daily", "dag:ffffffffffffffff", "sideways:0123456789abcdef"):
        assert "open" in api.problem(422, "graph", node=table("s.daily"), open=nonsense)
    unknown = api.get("graph", node=table("s.daily"), open="up:0123456789abcdef")
    assert len(unknown["cards"]) > 1


# --- personal data -------------------------------------------------------------------------------


def test_cards_show_personal_columns_and_where_their_values_come_to(db: sa.Engine) -> None:
    api = Api(db)
    tags = {"tags": [{"key": "pii", "value": "true", "field": "name"}, {"key": "gold"}]}
    api.send(
        *wrote("sign_up", dataset("s.a", tags=tags)),
        *wrote("one", dataset("s.b", columnLineage=columns(who=("s.a", "name"))), reads=("s.a",)),
        *wrote("two", dataset("s.c", columnLineage=columns(n=("s.b", "total"))), reads=("s.b",)),
    )
    graph = api.get("graph", node=table("s.b"))
    assert cards(graph)["s.a"]["personal"] == ["name"]
    assert [tag["key"] for tag in cards(graph)["s.a"]["tags"]] == ["gold"]
    assert cards(graph)["s.b"]["personal_reached"] == ["who"]
    assert cards(graph)["s.c"]["personal_reached"] == []
    carrying = {(e["source"], e["target"]) for e in graph["edges"] if e["personal"]}
    assert carrying == {(table("s.a"), "job:prod:one"), ("job:prod:one", table("s.b"))}
    alone = api.get("graph", node=table("s.b"), view="data")
    assert {(e["source"], e["target"]) for e in alone["edges"] if e["personal"]} == {
        (table("s.a"), table("s.b"))
    }
