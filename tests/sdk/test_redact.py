"""Secrets in texts; the same cases hold for the bridge."""

from __future__ import annotations

import doctest
import json
from pathlib import Path
from typing import Any

import pytest

from fairlead_sdk import redact

CASES = json.loads((Path(__file__).parents[1] / "secrets" / "cases.json").read_text())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["text"][:40])
def test_secrets_are_masked_and_nothing_else(case: dict[str, Any]) -> None:
    masked = redact.text(case["text"])
    assert [secret for secret in case["hidden"] if secret in masked] == []
    assert [part for part in case["kept"] if part not in masked] == []
    assert redact.text(masked) == masked


def test_examples_in_the_docs_are_true() -> None:
    assert doctest.testmod(redact).failed == 0


@pytest.mark.parametrize(
    "name",
    [
        "s3://lake/token=7/part-1.csv",
        "shop.public.password_resets",
        "abfss://container@acc.dfs.core.windows.net",
        "sk_live_abcdefghij0123456789",
    ],
)
def test_a_name_loses_nothing_but_credentials_of_urls(name: str) -> None:
    assert redact.urls(name) == name


@pytest.mark.parametrize(
    "long",
    [
        "password" * 20_000,
        "password = " * 15_000,
        "a" * 200_000 + "password",
        "://" * 60_000,
        "a://b:" * 30_000,
        "curl -u " * 20_000,
        "mysql " * 30_000,
        "-----BEGIN PRIVATE KEY-----" * 6_000,
        'password="' * 20_000,
        "password " * 20_000 + "'",
        "x" * 100_000 + ".token." + "y" * 100_000,
        "--token " * 20_000,
        "jdbc:oracle:thin:" * 10_000,
    ],
    ids=lambda long: long[:20],
)
def test_no_text_takes_long(long: str) -> None:
    """Each of these took minutes with a pattern that looks back: the suite's own limit would end it."""
    assert isinstance(redact.text(long), str)
