"""Forgetting by request and by command: what is said before, what is gone after, and what stays."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from starlette.testclient import TestClient

from fairlead_bridge import inbox
from fairlead_bridge.absorb import absorb_waiting
from fairlead_bridge.access.caller import Caller, Namespaces, Role, with_included
from fairlead_bridge.cli import main
from fairlead_bridge.db import tables as t
from fairlead_bridge.db.engine import open_database, reading, writing
from fairlead_bridge.db.migrate import migrate
from fairlead_bridge.mapping.identity import Normaliser
from fairlead_bridge.mapping.translate import Translator
from fairlead_bridge.settings import load
from fairlead_bridge.web.api import build_api
from tests.bridge import absorbing
from tests.bridge.asking import Api, called_by, names, wrote
from tests.support.small import dataset, schema

LAKE = dataset("shop.orders")["namespace"]
ORDERS, REPORT = f"dataset:{LAKE}:shop.orders", f"dataset:{LAKE}:shop.report"
#: One job writes orders, another makes the report of them.
EVENTS = [
    *wrote("load", dataset("shop.orders", schema=schema("id", "price"))),
    *wrote("report", "shop.report", reads=("shop.orders",), at="11:00:00"),
]
INTERESTS = {"lake": frozenset({"dataset", "job", "run"})}


@pytest.fixture
def api(db: sa.Engine) -> Api:
    found = Api(db)
    send(found, EVENTS)
    return found


def send(api: Api, events: list[bytes]) -> None:
    with writing(api.db) as tx:
        inbox.put(tx, events, "test", api.micros)
    read(api)


def read(api: Api) -> None:
    while absorb_waiting(api.db, Translator(Normaliser()), INTERESTS, api.micros):
        pass


def forget(api: Api, *nodes: str, dry_run: bool = False) -> Any:
    answer = api.http.post("/api/v1/forget", json={"nodes": nodes, "dry_run": dry_run})
    assert answer.status_code == 200, answer.text
    return answer.json()


def delivered(api: Api, names: dict[str, int], state: str) -> set[str]:
    """Those of these entries whose delivery stands so."""
    with reading(api.db) as tx:
        keys = set(tx.scalars(sa.select(t.delivery.c.key).where(t.delivery.c.state == state)))
    return {name for name, key in names.items() if key in keys}


def entries(api: Api) -> dict[str, int]:
    with reading(api.db) as tx:
        return {
            row.name: row.id for table in (t.job, t.dataset) for row in tx.execute(sa.select(table))
        }


def test_a_dry_run_says_what_goes_and_what_stays_and_changes_nothing(api: Api) -> None:
    before = absorbing.dump(api.db)
    found = forget(api, ORDERS, dry_run=True)
    assert (found["datasets"], found["jobs"], found["runs"], found["edges"]) == ([ORDERS], [], 0, 2)
    assert not found["done"]
    assert any("events in the log" in sentence for sentence in found["stays"])
    assert absorbing.dump(api.db) == before


def test_a_forgotten_dataset_is_in_no_list_and_no_lineage_and_a_replay_brings_nothing_back(
    api: Api,
) -> None:
    assert forget(api, ORDERS)["done"]
    after = absorbing.dump(api.db)
    assert names(api.get("datasets")["items"]) == ["shop.report"]
    edges = api.get("lineage", node=REPORT, depth=9, direction="both")["edges"]
    assert [(edge["source"], edge["target"]) for edge in edges] == [("job:prod:report", REPORT)]
    assert "shop.orders" in api.problem(404, f"datasets/{LAKE}:shop.orders")
    with writing(api.db) as tx:
        assert inbox.replay(tx) == len(EVENTS)
    read(api)
    assert absorbing.dump(api.db) == after


def test_an_event_of_later_makes_it_anew_without_what_was_before(api: Api) -> None:
    forget(api, ORDERS)
    at = (api.now + timedelta(hours=1)).isoformat()
    send(api, wrote("load", dataset("shop.orders", schema=schema("id")), at=at))
    found = api.get(f"datasets/{LAKE}:shop.orders")
    assert [field["name"] for field in found["schema_fields"]] == ["id"]
    assert [version["version"] for version in found["versions"]] == [1]
    assert names(found["readers"]) == []


def test_what_is_sent_late_of_before_is_left_out(api: Api) -> None:
    forget(api, "job:prod:report")
    send(api, wrote("report", "shop.other", reads=("shop.orders",), at="12:00:00"))
    assert "report" not in names(api.get("jobs")["items"])
    assert names(api.get("datasets")["items"]) == ["shop.orders", "shop.other", "shop.report"]
    assert {run["job"]["name"] for run in api.get("runs")["items"]} == {"load"}


def test_a_dataset_is_as_fresh_as_the_writes_that_are_left(api: Api) -> None:
    send(api, wrote("repair", "shop.orders", at="10:30:00"))
    forget(api, "job:prod:repair")
    assert api.get(f"datasets/{LAKE}:shop.orders")["written_at"] == "2026-11-01T10:01:00Z"
    forget(api, "job:prod:load")
    assert api.get(f"datasets/{LAKE}:shop.orders")["written_at"] is None


def test_a_namespace_goes_with_everything_in_it_also_what_is_not_known_yet(api: Api) -> None:
    send(api, wrote("other", "shop.more", namespace="test"))
    found = forget(api, "namespace:test")
    assert (found["jobs"], found["datasets"]) == (["job:test:other"], [])
    send(api, wrote("late", "shop.more", namespace="test"))
    assert names(api.get("jobs", namespace="test")["items"]) == []


def test_other_catalogs_are_sent_nothing_of_it_and_what_is_beside_it_again(api: Api) -> None:
    known = entries(api)
    with writing(api.db) as tx:
        tx.execute(sa.update(t.delivery).values(state="settled", sent=b"x"))
    found = forget(api, ORDERS)
    assert "1 entry in lake: delete it there if it is to go" in found["stays"]
    assert delivered(api, known, "waiting") == {"load", "report"}
    assert delivered(api, known, "settled") == {"shop.report"}


def test_what_people_expected_of_it_ends(api: Api) -> None:
    body = {"node": ORDERS, "every": "6h", "author": "me"}
    assert api.http.put("/api/v1/expectations", json=body).status_code == 200
    api.now += timedelta(seconds=1)
    forget(api, ORDERS)
    assert api.get("expectations")["items"] == []


def test_what_is_not_known_is_not_found_and_nothing_is_forgotten_then(api: Api) -> None:
    answer = api.http.post("/api/v1/forget", json={"nodes": [ORDERS, "job:prod:nothing"]})
    assert answer.status_code == 404
    assert "Nothing is known as 'job:prod:nothing'" in answer.json()["detail"]
    assert "shop.orders" in names(api.get("datasets")["items"])


def asked_by(db: sa.Engine, role: Role, *namespaces: str) -> TestClient:
    caller = Caller("team", "key", with_included([role]), Namespaces(namespaces))
    return TestClient(called_by(build_api(db, load({})), caller))


def test_operators_forget_what_they_see_and_editors_nothing(api: Api) -> None:
    body = {"nodes": [ORDERS]}
    assert asked_by(api.db, "editor", "*").post("/api/v1/forget", json=body).status_code == 403
    team = asked_by(api.db, "operator", "prod")
    assert team.post("/api/v1/forget", json=body).status_code == 404
    assert team.post("/api/v1/forget", json={"nodes": ["job:prod:load"]}).status_code == 200
    assert names(api.get("jobs")["items"]) == ["report"]


def test_the_command_changes_nothing_without_yes_and_is_in_the_audit_log(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    url = f"sqlite:///{tmp_path / 'fairlead.db'}"
    db = open_database(url)
    migrate(db)
    send(Api(db), EVENTS)
    asked = ["forget", ORDERS, "--database-url", url]
    assert main(asked) == 0
    assert capsys.readouterr().out.splitlines() == [
        f"- {ORDERS}",
        "1 datasets, 0 jobs, 0 runs and 2 edges go",
        "stays: the events in the log, until retention deletes them: a replay brings nothing back",
        "stays: the incidents there were, and the audit log",
        "Nothing was changed; --yes forgets it",
    ]
    assert main([*asked, "--yes"]) == 0
    assert main(["replay", "--rebuild", "--database-url", url]) == 0
    with reading(db) as tx:
        assert list(tx.scalars(sa.select(t.dataset.c.name))) == ["shop.report"]
        (entry,) = tx.execute(sa.select(t.audit).where(t.audit.c.action == "forget"))
    assert (entry.target, entry.method) == (ORDERS, "command")
    db.dispose()


def test_the_command_says_what_it_does_not_know(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    url = f"sqlite:///{tmp_path / 'fairlead.db'}"
    assert main(["forget", "job:a:b", "--database-url", url]) == 1
    assert "nothing is known as 'job:a:b'" in capsys.readouterr().err
