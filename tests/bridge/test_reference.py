"""The reference pages say what the code does."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest

from fairlead_bridge.mapping import rules_file
from fairlead_bridge.mapping.facets import FACETS
from tests.bridge import reference
from tests.support.corpus import needs_corpus


@pytest.mark.parametrize("page", sorted(reference.GENERATED))
def test_the_generated_parts_of_a_page_are_as_the_code_has_them(page: str) -> None:
    """If not: python -m tests.bridge.reference"""
    assert (reference.FOLDER / page).read_text() == reference.renewed(page)


def test_the_file_of_rules_that_the_page_shows_is_one() -> None:
    page = (reference.FOLDER / "identity.md").read_text()
    (example,) = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
    normalise = rules_file.normaliser(example)
    assert normalise("postgresql://10.0.0.5/shop", "public.t")[:2] == (
        "postgres://db.corp:5432",
        "shop.public.t",
    )
    assert normalise("kafka://b2,b1", "orders")[:2] == ("kafka://prod:9092", "orders")
    assert normalise("hive://metastore:9083", "Shop.Orders")[:2] == ("s3://lake", "shop/orders")
    assert normalise("s3://lake", "shop/orders/v2")[:2] == ("s3://lake", "shop/orders")


@needs_corpus
def test_every_published_facet_is_in_the_table() -> None:
    known = {facet.name for facet in FACETS}
    schemas = Path(os.environ["FAIRLEAD_CORPUS"]) / "schemas" / "head"
    for file in sorted(schemas.rglob("*Facet.json")):
        for name in json.loads(file.read_text()).get("properties", {}):
            assert name in known, f"{file.name}: {name}"
