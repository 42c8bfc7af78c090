"""Catalog facets: one table under the paths that several engines have to it."""

from __future__ import annotations

from typing import Any

import pytest

from fairlead_bridge.mapping.identity import Normaliser
from fairlead_bridge.mapping.identity.catalogs import name_in_catalog

NORMALISE = Normaliser()
ICEBERG = {
    "framework": "iceberg",
    "type": "Hive",
    "name": "spark_catalog",
    "metadataUri": "thrift://Metastore:9083",
}


def named(facet: dict[str, Any], *names: str) -> tuple[str, str] | None:
    return name_in_catalog(facet, names, NORMALISE)


def test_a_table_is_known_by_its_catalogs_type_and_place_and_its_own_name() -> None:
    found = named(ICEBERG, "/warehouse/shop/orders", "shop.orders")
    assert found == ("catalog:hive:thrift://metastore:9083", "shop.orders")


def test_what_a_session_calls_its_catalog_says_nothing() -> None:
    assert named({**ICEBERG, "name": "prod"}, "shop.orders") == named(ICEBERG, "shop.orders")


def test_the_warehouse_counts_where_it_is_sent() -> None:
    facet = {**ICEBERG, "warehouseUri": "s3a://lake/warehouse/"}
    assert named(facet, "shop.orders") == (
        "catalog:hive:thrift://metastore:9083 s3://lake/warehouse",
        "shop.orders",
    )


@pytest.mark.parametrize(
    ("facet", "name"),
    [
        ({"type": "hive", "name": "spark_catalog"}, "shop.orders"),  # every Spark has one
        (ICEBERG, "/warehouse/shop/orders"),  # a path is no name in a catalog
        ({**ICEBERG, "type": None, "framework": None}, "shop.orders"),
        ({**ICEBERG, "metadataUri": 7}, "shop.orders"),
    ],
)
def test_without_place_or_table_there_is_no_such_name(facet: dict[str, Any], name: str) -> None:
    assert named(facet, name) is None


def test_a_name_in_a_catalog_is_left_as_it_is() -> None:
    found = named(ICEBERG, "shop.orders")
    assert found is not None
    identity = NORMALISE(*found)
    assert (identity.namespace, identity.name) == found
