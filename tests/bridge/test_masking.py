"""Secrets in texts; the same cases hold for the SDK and the provider."""

from __future__ import annotations

import doctest
import json
from pathlib import Path
from typing import Any

import pytest

from fairlead_bridge import masking

CASES = json.loads((Path(__file__).parents[1] / "secrets" / "cases.json").read_text())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["text"][:40])
def test_secrets_are_masked_and_nothing_else(case: dict[str, Any]) -> None:
    masked = masking.text(case["text"])
    assert [secret for secret in case["hidden"] if secret in masked] == []
    assert [part for part in case["kept"] if part not in masked] == []
    assert masking.text(masked) == masked


def test_examples_in_the_docs_are_true() -> None:
    assert doctest.testmod(masking).failed == 0
