"""
No team learns anything of another: every address of the OpenAPI document and every other one is
asked as one team, in a catalog of two and in a catalog of that team alone.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from fastapi.routing import APIRoute

from fairlead_bridge import ids
from fairlead_bridge.app import build
from fairlead_bridge.db import tables as t
from fairlead_bridge.db.engine import open_database, reading
from fairlead_bridge.db.migrate import migrate
from fairlead_bridge.settings import load
from tests.bridge.isolation import (
    ABOUT_ALL,
    CASES,
    ELSEWHERE,
    MISSING,
    Names,
    key_of,
    leaks_of,
    names_of,
    request,
)
from tests.bridge.monitored import Bridge
from tests.bridge.tenancy import (
    AMBER,
    COBALT,
    INTERESTS,
    Asking,
    Request,
    member_of,
    sends,
)


class Two:
    """A catalog of both teams, one of the amber team alone, and the amber team's caller in both."""

    def __init__(self, both: sa.Engine, alone: sa.Engine) -> None:
        for db in (both, alone):
            migrate(db)
            sends(Bridge(db, interests=INTERESTS), AMBER, COBALT, 0x10000, fails=True)
        sends(Bridge(both, interests=INTERESTS), COBALT, AMBER, 0x20000, fails=False)
        self.both, self.alone = (Asking(db, member_of(AMBER)) for db in (both, alone))
        self.own = names_of(AMBER, 0x10000, both)
        self.foreign = names_of(COBALT, 0x20000, both)
        with reading(both) as tx:
            word = COBALT
            hidden = [
                ids.public(row)
                for c in (t.job.c, t.dataset.c)
                for row in tx.scalars(sa.select(c.id).where(c.namespace.contains(word)))
            ]
            of_runs = sa.select(t.run.c.id, t.run.c.run_id).join(
                t.job, t.job.c.id == t.run.c.job_id
            )
            for id, run_id in tx.execute(of_runs.where(t.job.c.namespace.contains(word))):
                hidden += [ids.public(id), run_id]
        #: What must stand in no answer: words, public ids and runIds.
        self.secrets = [word, *hidden]


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Two]:
    folder = tmp_path_factory.mktemp("tenants")
    engines = [open_database(f"sqlite:///{folder}/{name}.db") for name in ("both", "alone")]
    yield Two(*engines)
    for engine in engines:
        engine.dispose()


def leaks(two: Two, asked: Request, text: str) -> list[str]:
    return leaks_of(two.secrets, asked, text)


def without_restricted(asked: Request, text: str) -> str:
    """The answer without what stands for the other team: cards, and where those put others."""
    body, _, headers = text.rpartition("\n")
    try:
        answer = json.loads(body)
    except ValueError:
        return text
    if isinstance(answer, dict) and ("nodes" in answer or "cards" in answer):
        for kind in ("nodes", "cards"):
            answer[kind] = [
                _plain(each) for each in answer.get(kind, ()) if each.get("kind") != "restricted"
            ]
        answer["edges"] = [
            _plain(each)
            for each in answer["edges"]
            if "restricted" not in f"{each['source']}{each['target']}"
        ]
        answer["groups"] = [_plain(each) for each in answer.get("groups", ())]
        for name in ("width", "height"):
            answer.pop(name, None)
        answer["nodes"].sort(key=str)
        answer["cards"].sort(key=str)
        answer["edges"].sort(key=str)
    if isinstance(answer, dict) and "/deliveries" in asked.path:
        for each, name in itertools.product(answer["items"], _PROGRESS):
            each.pop(name)
    return json.dumps(answer) + headers


#: How far a delivery is: it begins anew where something upstream changes, also another team's.
_PROGRESS = ("state", "attempts", "news_at", "due_at", "reason")


def _plain(item: dict[str, Any]) -> dict[str, Any]:
    return {
        name: value for name, value in item.items() if name not in ("x", "y", "w", "h", "points")
    }


EVERY = [(key, index) for key, cases in CASES.items() for index in range(len(cases))]
READS = [each for each in EVERY if each[0].startswith("GET") or each[0] == "POST /schema-check"]


def test_every_address_has_a_case(tmp_path: Path) -> None:
    app = build(load({"database_url": f"sqlite:///{tmp_path}/a.db", "auth": ("keys",)}))
    routes = [route for route in app._web.routes if isinstance(route, APIRoute)]
    known = {key_of(method, route.path_format) for route in routes for method in route.methods}
    document = app._web.openapi()["paths"]
    known |= {
        key_of(method.upper(), path) for path, methods in document.items() for method in methods
    }
    assert known - CASES.keys() - ELSEWHERE.keys() == set()
    assert (CASES.keys() | ELSEWHERE.keys()) - known == set()
    app._engine.dispose()


@pytest.mark.parametrize("key", sorted({key for key, _ in READS}))
def test_a_team_is_answered_as_if_it_were_alone(two: Two, key: str) -> None:
    for template in CASES[key]:
        asked = request(template, two.own)
        together, alone = two.both.ask(asked), two.alone.ask(asked)
        assert together[0] == (403 if key in ABOUT_ALL else 200), together
        assert leaks(two, Request("GET", "", {}), together[2]) == []
        if key != "GET /graph.svg":  # it is drawn from what GET /graph answers
            assert without_restricted(asked, together[2]) == without_restricted(asked, alone[2]), (
                asked
            )


@pytest.mark.parametrize("key", sorted(CASES))
def test_what_another_team_has_is_answered_as_what_none_has(two: Two, key: str) -> None:
    for template in CASES[key]:
        foreign, missing = request(template, two.foreign), request(template, MISSING)
        if foreign == missing or key in ABOUT_ALL:
            continue
        seen = two.both.ask(foreign)
        work = len(two.both.statements)
        nothing = two.both.ask(missing)
        assert leaks(two, foreign, seen[2]) == []
        assert neutral(two, seen[2], two.foreign) == neutral(two, nothing[2], MISSING)
        assert (seen[0], work) == (nothing[0], len(two.both.statements)), foreign


def neutral(two: Two, text: str, names: Names) -> str:
    """The text with its names taken out."""
    for name in sorted(names.values(), key=len, reverse=True):
        text = text.replace(name, "…")
    return text
