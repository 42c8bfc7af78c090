"""What datasets are called."""

from __future__ import annotations

import doctest

import pytest

import fairlead_sdk.datasets
import fairlead_sdk.runs
from fairlead_sdk.datasets import Identity, of_asset, of_sqlite, of_uri, of_url


@pytest.mark.parametrize(
    ("uri", "namespace", "name"),
    [
        ("sqlite:///data/shop/warehouse.db/orders", "sqlite:///data/shop/warehouse.db", "orders"),
        ("file:///data/x%20y.csv", "file", "/data/x y.csv"),
        ("file://localhost/data/x.csv", "file", "/data/x.csv"),
        ("file://nas/data/x.csv", "file://nas", "/data/x.csv"),
        ("http://127.0.0.1:7079/rates", "http://127.0.0.1:7079", "/rates"),
        ("https://api.example.com/v1/x?key=1", "https://api.example.com", "/v1/x"),
        ("https://user:pw@api.example.com", "https://api.example.com", "/"),
        ("postgres://u:p@db:5432/shop/public/orders", "postgres://db:5432", "shop.public.orders"),
        ("s3://lake/raw/orders", "s3://lake", "raw/orders"),
        ("clickhouse://user:pw@ch:9000/db.t", "clickhouse://ch:9000", "db.t"),
        ("x-partner://feed/eu", "x-partner://feed", "eu"),
        ("urn:feed:eu", "urn", "feed:eu"),
    ],
)
def test_a_uri_names_a_dataset(uri: str, namespace: str, name: str) -> None:
    assert of_uri(uri) == Identity(namespace, name)


def test_an_asset_without_a_uri_is_known_by_its_name() -> None:
    assert of_asset("daily_report", "daily_report") == Identity("asset", "daily_report")
    assert of_asset(None, "daily_report") == Identity("asset", "daily_report")
    assert of_asset(None, None) is None


def test_a_table_has_one_name_by_uri_and_by_hook() -> None:
    assert of_sqlite("/d/w.db", "t") == of_uri("sqlite:///d/w.db/t")
    assert of_sqlite("/d/w.db", "t", "main") == of_sqlite("/d/w.db", "t")
    assert of_sqlite("/d/w.db", "t", "other") == Identity("sqlite:///d/w.db", "other.t")


def test_examples_in_the_docs_are_true() -> None:
    assert doctest.testmod(fairlead_sdk.datasets).failed == 0
    assert doctest.testmod(fairlead_sdk.runs).failed == 0


@pytest.mark.parametrize("odd", ["http://[::1", "http://h:port/x", "postgres://h:99999/a/b"])
def test_an_odd_uri_names_nothing(odd: str) -> None:
    assert of_uri(odd) is None


def test_what_is_no_address_names_nothing() -> None:
    assert of_url("/rates") is None
    assert of_uri("sqlite:///orders") is None
