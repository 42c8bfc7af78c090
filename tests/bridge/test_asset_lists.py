"""Lists of jobs and datasets: filters, pages, and what each item says."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from tests.bridge.asking import Api, names, wrote
from tests.support.small import dataset

DB = "postgres://h:5432"


@pytest.mark.parametrize("path", ["jobs", "datasets"])
def test_every_asset_is_on_exactly_one_page(db: sa.Engine, path: str) -> None:
    api = Api(db)
    api.send(*(event for n in range(17) for event in wrote(f"job_{n}", f"s.t_{n}")))
    first = api.get(path, limit=6)
    api.send(*wrote("job_0a", "s.t_0a"))  # sorts before what was shown
    rest = api.pages(path, limit=6, cursor=first["next"])
    shown = [each["id"] for each in (*first["items"], *rest)]
    assert len(shown) == len(set(shown)) >= 17


@pytest.fixture
def shop(db: sa.Engine) -> Api:
    api = Api(db)
    api.send(
        *wrote("Load_Orders", "shop.orders", reads=("shop.raw_orders",)),
        *wrote("load_rates", {"namespace": "s3://lake", "name": "rates.csv"}, namespace="lake"),
        *wrote("100%", "shop.per_cent"),
    )
    return api


def test_jobs_are_found_by_name(shop: Api) -> None:
    expected: list[tuple[dict[str, str], list[str]]] = [
        ({}, ["load_rates", "100%", "Load_Orders"]),
        ({"namespace": "lake"}, ["load_rates"]),
        ({"name": "load_rates"}, ["load_rates"]),
        ({"namespace": "prod", "name": "load_rates"}, []),
        ({"q": "LOAD"}, ["load_rates", "Load_Orders"]),
        ({"q": "load ord"}, ["Load_Orders"]),
        ({"q": "lake"}, ["load_rates"]),
        ({"q": "%"}, ["100%"]),
        ({"q": "d_r"}, ["load_rates"]),
        ({"q": "' OR '1'='1"}, []),
        ({"kind": "dag"}, []),
        ({"kind": "job", "q": "rates"}, ["load_rates"]),
    ]
    for asked, names_of_them in expected:
        found = names(shop.get("jobs", **asked)["items"])
        assert sorted(found) == sorted(names_of_them), asked


def test_datasets_are_found_by_name(shop: Api) -> None:
    expected: list[tuple[dict[str, str], list[str]]] = [
        ({"namespace": DB}, ["shop.orders", "shop.per_cent", "shop.raw_orders"]),
        ({"name": "rates.csv"}, ["rates.csv"]),
        ({"q": "ORDERS"}, ["shop.orders", "shop.raw_orders"]),
        ({"q": "_"}, ["shop.per_cent", "shop.raw_orders"]),
        ({"q": "lake rates"}, ["rates.csv"]),
        ({"platform": "s3"}, ["rates.csv"]),
        ({"platform": "postgres", "q": "raw"}, ["shop.raw_orders"]),
        ({"platform": "nothing"}, []),
        ({"q": "\x00"}, []),
    ]
    for asked, names_of_them in expected:
        found = names(shop.get("datasets", **asked)["items"])
        assert sorted(found) == sorted(names_of_them), asked


def test_datasets_are_found_by_owner_and_tag(db: sa.Engine) -> None:
    def owned(name: str, *owners: str, tags: tuple[dict[str, str], ...] = ()) -> dict[str, Any]:
        return dataset(
            name,
            ownership={"owners": [{"name": owner} for owner in owners]},
            tags={"tags": list(tags)},
        )

    api = Api(db)
    gold = {"key": "gold", "value": "true"}
    api.send(
        *wrote("a", owned("s.a", "ann", "bob", tags=(gold,))),
        *wrote("b", owned("s.b", "bob", tags=(gold, {"key": "pii", "field": "mail"}))),
        *wrote("c", owned("s.c", "bob")),
        *wrote("d", "s.d"),
    )
    for asked, found in (
        ({"owner": "bob"}, ["s.a", "s.b", "s.c"]),
        ({"owner": "ann"}, ["s.a"]),
        ({"owner": "bob", "tag": "gold"}, ["s.a", "s.b"]),
        ({"tag": "gold", "q": "b"}, ["s.b"]),
        ({"tag": "pii"}, ["s.b"]),  # of one of its columns
        ({"owner": "nobody"}, []),
    ):
        assert sorted(names(api.get("datasets", **asked)["items"])) == found, asked
    assert api.get("labels") == {
        "owners": [{"name": "bob", "datasets": 3}, {"name": "ann", "datasets": 1}],
        "tags": [{"name": "gold", "datasets": 2}, {"name": "pii", "datasets": 1}],
    }


def test_a_dataset_says_when_and_by_whom_it_was_written(shop: Api) -> None:
    (item,) = shop.get("datasets", name="shop.orders")["items"]
    assert item["written_at"] == "2026-11-01T10:01:00Z"
    assert item["written_by"]["name"] == "Load_Orders"
    assert item["state"] == "success"
    assert item["platform"] == "postgres"
    (raw,) = shop.get("datasets", name="shop.raw_orders")["items"]
    assert (raw["written_at"], raw["written_by"], raw["state"]) == (None, None, None)


def test_a_failed_run_changes_the_state_and_not_the_freshness(shop: Api) -> None:
    shop.send(*wrote("Load_Orders", at="11:00:00", state="FAIL"))
    (item,) = shop.get("datasets", name="shop.orders")["items"]
    assert item["written_at"] == "2026-11-01T10:01:00Z"
    assert item["state"] == "failed"


def test_two_names_of_one_asset_are_one_item_with_the_facts_of_both(db: sa.Engine) -> None:
    api = Api(db)
    link = {"identifiers": [{"namespace": "hive://m:9083", "name": "w.t", "type": "TABLE"}]}
    path = {"namespace": "s3://lake", "name": "w/t"}
    reported = {"documentation": {"description": "what it is"}, "symlinks": link}
    owner = {"ownership": {"owners": [{"name": "team-a", "type": "OWNER"}]}}
    api.send(
        *wrote("one", {**path, "facets": reported}, at="01:00:00"),
        *wrote(
            "two", {"namespace": "hive://m:9083", "name": "w.t", "facets": owner}, at="02:00:00"
        ),
    )
    (item,) = api.get("datasets")["items"]
    assert item["description"] == "what it is"
    assert item["owners"] == [{"name": "team-a", "type": "OWNER"}]
    assert item["written_at"] == "2026-11-01T02:01:00Z"
    detail = api.get(f"datasets/{item['id']}")
    assert sorted(names(detail["writers"])) == ["one", "two"]
    assert [run["job"]["name"] for run in detail["written_by_runs"]] == ["two", "one"]
    for name in ("s3://lake:w/t", "hive://m:9083:w.t"):
        assert api.get(f"datasets/{name}") == detail


def test_a_dropped_dataset_says_when(db: sa.Engine) -> None:
    api = Api(db)
    gone = dataset("s.t", lifecycleStateChange={"lifecycleStateChange": "DROP"})
    api.send(*wrote("make", "s.t", at="01:00:00"), *wrote("drop", gone, at="02:00:00"))
    assert api.get("datasets", name="s.t")["items"][0]["dropped_at"] is not None
    api.send(*wrote("make", "s.t", at="03:00:00"))
    assert api.get("datasets", name="s.t")["items"][0]["dropped_at"] is None


def test_a_job_has_what_its_facets_say(db: sa.Engine) -> None:
    api = Api(db)
    facets = {
        "documentation": {"description": "makes the day"},
        "ownership": {"owners": [{"name": "ann"}, {"name": "bob", "type": "DEV"}]},
        "tags": {"tags": [{"key": "tier", "value": "1", "source": "USER"}]},
        "sql": {"query": "SELECT 1"},
        "sourceCodeLocation": {"type": "git", "url": "https://git.example/x.py"},
    }
    api.send(*wrote("j", "s.out", reads=("s.in",), facets=facets))
    (item,) = api.get("jobs")["items"]
    detail = api.get(f"jobs/{item['id']}")
    assert item["description"] == detail["description"] == "makes the day"
    assert [owner["name"] for owner in detail["owners"]] == ["ann", "bob"]
    assert detail["tags"] == [{"key": "tier", "value": "1", "source": "USER", "field": None}]
    assert detail["sql"] == "SELECT 1"
    assert detail["source_url"] == "https://git.example/x.py"
    assert names(detail["inputs"]) == ["s.in"]
    assert names(detail["outputs"]) == ["s.out"]
    assert api.get("jobs/prod:j") == detail
    reported = api.get("facets", node="job:prod:j", name="sql")
    assert [(each["name"], each["body"]) for each in reported] == [("sql", {"query": "SELECT 1"})]
    assert {"documentation", "ownership", "sql"} <= {
        each["name"] for each in api.get("facets", node=item["id"])
    }


def test_a_facet_that_is_not_what_it_should_be_breaks_no_list(db: sa.Engine) -> None:
    api = Api(db)
    odd: dict[str, Any] = {
        "documentation": {"description": ["a", "list"]},
        "ownership": {"owners": "ann"},
        "tags": {"tags": [1, None, {"key": 7}]},
    }
    api.send(*wrote("j", dataset("s.t", **odd), facets=odd))
    for path in ("jobs", "datasets"):
        (item,) = api.get(path)["items"]
        assert (item["description"], item["owners"], item["tags"]) == (None, [], [])
        api.get(f"{path}/{item['id']}")


def test_an_unknown_asset_is_not_found(shop: Api) -> None:
    for path in ("jobs", "datasets", "jobs/x/durations"):
        target = path if path.endswith("durations") else f"{path}/prod:nothing"
        assert "NAMESPACE:NAME" in shop.problem(404, target)
