"""Finding things by a part of their name."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from tests.bridge.asking import Api, wrote
from tests.support.small import dataset, schema


@pytest.fixture
def api(db: sa.Engine) -> Api:
    api = Api(db)
    orders = dataset("shop.public.orders", schema=schema("order_id", "Customer_Email"))
    api.send(
        *wrote("orders", orders, reads=("shop.public.raw_orders",)),
        *wrote("reorder_stock", "shop.public.stock"),
        *wrote("100%_check", "shop.public.checks"),
    )
    return api


def found(api: Api, q: str, **more: int) -> list[tuple[str, str]]:
    return [(hit["kind"], hit["name"]) for hit in api.get("search", q=q, **more)["items"]]


def test_the_exact_name_comes_first(api: Api) -> None:
    hits = found(api, "orders")
    assert set(hits[:2]) == {("job", "orders"), ("dataset", "shop.public.orders")}
    assert ("dataset", "shop.public.raw_orders") in hits[2:]


def test_case_does_not_matter_and_all_words_must_be_there(api: Api) -> None:
    assert found(api, "ORDER Stock") == [("job", "reorder_stock")]
    assert found(api, "postgres raw") == [("dataset", "shop.public.raw_orders")]
    assert found(api, "orders unicorn") == []


def test_columns_are_found_with_their_dataset(api: Api) -> None:
    (hit,) = api.get("search", q="customer_em")["items"]
    assert (hit["kind"], hit["name"], hit["detail"]) == (
        "column",
        "shop.public.orders",
        "Customer_Email",
    )
    assert hit["node"] == "dataset:postgres://h:5432:shop.public.orders"


def test_wildcards_of_sql_are_letters_like_others(api: Api) -> None:
    assert found(api, "%") == [("job", "100%_check")]
    assert found(api, "x' OR 1=1") == []
    assert found(api, "\\") == []


def test_nothing_finds_nothing(api: Api) -> None:
    assert found(api, "") == found(api, "   ") == []


def test_no_more_than_asked_for(api: Api) -> None:
    assert len(found(api, "o", limit=3)) == 3


def test_an_asset_is_found_by_its_other_name_once(db: sa.Engine) -> None:
    api = Api(db)
    link = {"identifiers": [{"namespace": "hive://m:9083", "name": "w.sales", "type": "TABLE"}]}
    path = {"namespace": "s3://lake", "name": "w/sales", "facets": {"symlinks": link}}
    api.send(*wrote("spark", path))
    by_table, by_path = found(api, "w.sales"), found(api, "w/sales")
    assert by_table == by_path
    assert len(by_table) == 1
