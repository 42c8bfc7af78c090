"""Declared Airflow assets as datasets."""

from __future__ import annotations

import doctest

import pytest

from fairlead_bridge import uris


def test_the_examples_are_true() -> None:
    assert doctest.testmod(uris).failed == 0


@pytest.mark.parametrize(
    ("uri", "dataset"),
    [
        ("sqlite:/data/w.db/t", ("sqlite:///data/w.db", "t")),
        ("s3://user:secret@lake/key", ("s3://lake", "key")),
        ("x-partner://feed/eu", ("x-partner://feed", "eu")),
        ("file://host/a%20b.csv", ("file://host", "/a b.csv")),
        ("http://[broken", ("asset", "http://[broken")),
    ],
)
def test_any_uri_has_a_namespace_and_a_name(uri: str, dataset: tuple[str, str]) -> None:
    assert uris.dataset_of(uri) == dataset
