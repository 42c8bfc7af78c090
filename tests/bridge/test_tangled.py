"""Two teams that write each other's tables, fail for each other and share incidents: no name gets across."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from fairlead_bridge.db.engine import open_database, reading
from fairlead_bridge.db.migrate import migrate
from fairlead_bridge.queries import incidents
from tests.bridge.isolation import CASES, leaks_of, names_of, request
from tests.bridge.monitored import DAY, Bridge
from tests.bridge.tenancy import (
    AMBER,
    COBALT,
    DAYS,
    INTERESTS,
    NOW,
    Asking,
    Request,
    member_of,
    sends,
    store_of,
    table,
)
from tests.support.small import parent, run_event, uuid


def tangle(bridge: Bridge) -> None:
    """Each team writes a table of the other, and the next step of one is made of what the other made."""
    events = []
    for day in range(DAYS + 1):
        at = DAY + timedelta(days=day, hours=4)
        for number, (word, other) in enumerate(((AMBER, COBALT), (COBALT, AMBER))):
            run = uuid(0x5000 + 16 * day + number)
            failed = day == DAYS
            facets: dict[str, Any] = {"parent": parent(uuid(0x77), f"{other}_dag", f"team-{other}")}
            if failed:
                facets["errorMessage"] = {"message": f"{word} broke", "programmingLanguage": "SQL"}
            made = table(other, "gift")
            linked = {
                "identifiers": [
                    {"namespace": f"s3://{other}-lake", "name": f"{other}/linked", "type": "TABLE"}
                ]
            }
            own = table(word, f"linked_{number}", symlinks=linked)
            events.append(
                run_event(
                    "FAIL" if failed else "COMPLETE",
                    (at + timedelta(minutes=number)).isoformat(), run, f"{word}_gives",
                    namespace=f"team-{word}", run=facets,
                    inputs=[table(word, "gift"), table(other, "totals")],
                    outputs=[made, own, table(other, "raw")],
                )
            )  # fmt: skip
    bridge.take(events, NOW)


@pytest.fixture(scope="module")
def tangled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sa.Engine]:
    engine = open_database(f"sqlite:///{tmp_path_factory.mktemp('tangled')}/a.db")
    migrate(engine)
    bridge = Bridge(engine, interests=INTERESTS)
    sends(bridge, AMBER, COBALT, 0x10000, fails=True)
    sends(bridge, COBALT, AMBER, 0x20000, fails=True)
    tangle(bridge)
    yield engine
    engine.dispose()


def test_incidents_concern_both_teams(tangled: sa.Engine) -> None:
    """Otherwise the tests below show nothing."""
    with reading(tangled) as tx:
        found = incidents.listed(tx)
    concerned = {
        (word in each.node, other in str([one.node for one in each.affected]))
        for each in found
        for word, other in ((AMBER, COBALT), (COBALT, AMBER))
    }
    assert (True, True) in concerned


@pytest.mark.parametrize(("word", "other"), [(AMBER, COBALT), (COBALT, AMBER)])
def test_no_answer_names_what_is_in_the_way(tangled: sa.Engine, word: str, other: str) -> None:
    asking = Asking(tangled, member_of(word))
    names = names_of(word, 0x10000 if word == AMBER else 0x20000, tangled)
    found = []
    for key, cases in CASES.items():
        if not key.startswith("GET") and key != "POST /schema-check":
            continue
        for template in [*cases, *_more(key)]:
            asked = request(template, names)
            status, _, text = asking.ask(asked)
            assert status < 500, asked
            found += [(asked, secret) for secret in leaks_of([other], asked, text)]
    assert found == []


@pytest.mark.parametrize(("word", "other"), [(AMBER, COBALT), (COBALT, AMBER)])
def test_every_thing_that_a_list_names_can_be_asked_for(
    tangled: sa.Engine, word: str, other: str
) -> None:
    asking = Asking(tangled, member_of(word))
    for path, key, of in (
        ("/datasets", "id", ("/datasets/{}", "/graph?node={}", "/lineage?node={}&depth=20", "/outlook?node={}", "/impact?node={}", "/schemas?node={}", "/facets?node={}", "/expectations?node={}", "/datasets/{}/freshness")),
        ("/jobs", "id", ("/jobs/{}", "/graph?node={}&up=9&down=9", "/lineage?node={}&depth=20", "/outlook?node={}", "/impact?node={}", "/facets?node={}")),
        ("/runs", "run_id", ("/runs/{}", "/runs/{}/facets", "/runs/{}/comparison")),
        ("/incidents", "id", ("/incidents/{}", f"/incidents/{{}}?as_of={NOW:%Y-%m-%dT%H:%M:%SZ}")),
        ("/events", "id", ("/events/{}",)),
    ):  # fmt: skip
        status, _, text = asking.ask(Request("GET", f"/api/v1{path}", {"limit": "200"}))
        assert status == 200
        items = json.loads(text.rpartition("\n")[0])["items"]
        for item in items[:: 1 + len(items) // 6]:
            for address in of:
                asked = Request("GET", f"/api/v1{address.format(item[key])}", {})
                status, _, answer = asking.ask(asked)
                assert status == 200, (asked, answer)
                assert other not in answer.lower(), asked


def _more(key: str) -> list[Request]:
    """What lies at the border itself."""
    gift = f"dataset:{store_of('{word}')}:{{word}}.gift"
    if key in (
        "GET /lineage",
        "GET /graph",
        "GET /graph.svg",
        "GET /impact",
        "GET /outlook",
        "GET /root-cause",
    ):
        return [Request("GET", key.removeprefix("GET "), {"node": gift})]
    return []
