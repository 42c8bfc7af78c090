"""Secrets in texts; the same cases hold for the SDK and the provider."""

from __future__ import annotations

import doctest
import json
from collections.abc import Iterator
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


@pytest.fixture
def forms_alone() -> Iterator[None]:
    yield
    masking.extend((), ())


@pytest.mark.usefixtures("forms_alone")
def test_what_the_company_names_is_masked_too() -> None:
    event = {"customer": "DE02120300000000202051", "ssnNumber": "1", "text": "IBAN DE0212030000"}
    body = json.dumps(event).encode()
    assert masking.body(body) == body
    masking.extend(["SSN"], ["DE[0-9]{10,}"])
    assert json.loads(masking.body(body)) == {
        "customer": "***",
        "ssnNumber": "***",
        "text": "IBAN ***",
    }
    masking.extend((), ())
    assert masking.body(body) == body
