"""docs/reference/rest-api.md describes every address, and its examples are true."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from fairlead_bridge import inbox
from fairlead_bridge.absorb import absorb_waiting
from fairlead_bridge.db.engine import writing
from fairlead_bridge.mapping.identity import Normaliser
from fairlead_bridge.mapping.translate import Translator
from tests.bridge.asking import Api
from tests.support import shop

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "rest-api.md"
EXAMPLE = re.compile(r"```console\n\$ curl -s 'localhost:7070(.*?)'\n(.*?)```", re.S)
MORE = "…"


@pytest.fixture
def api(db: sa.Engine) -> Api:
    api = Api(db, now=datetime(2026, 11, 3, 6, 5, tzinfo=UTC))
    with writing(db) as tx:
        inbox.put(tx, shop.events(), "http", api.micros)
    while absorb_waiting(db, Translator(Normaliser()), {}, api.micros):
        pass
    return api


def test_every_example_is_what_the_bridge_answers(api: Api) -> None:
    examples = EXAMPLE.findall(PAGE.read_text(encoding="utf-8"))
    assert len(examples) > 8
    for address, shown in examples:
        assert_shown(api.http.get(address).json(), json.loads(shown), address)


def test_every_address_is_described(api: Api) -> None:
    text = re.sub(r"\{\w+\}", "{}", PAGE.read_text(encoding="utf-8"))
    for path, methods in api.http.get("/openapi.json").json()["paths"].items():
        for method in methods:
            assert f"{method.upper()} {re.sub(r'{.*?}', '{}', path)}" in text, (method, path)


def assert_shown(answer: Any, shown: Any, where: str) -> None:
    """All that is shown is in the answer; fields, and items behind `…`, may be left out."""
    if isinstance(shown, dict):
        for name, value in shown.items():
            assert name in answer, (where, name)
            assert_shown(answer[name], value, f"{where} {name}")
    elif isinstance(shown, list):
        whole = shown[-1:] != [MORE]
        items = shown if whole else shown[:-1]
        assert len(answer) == len(items) if whole else len(answer) > len(items), where
        for item, value in zip(answer, items, strict=False):
            assert_shown(item, value, where)
    else:
        assert answer == shown, where
