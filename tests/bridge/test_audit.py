"""The audit log: what is recorded, who reads it, and that nothing in it changes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from starlette.testclient import TestClient

from fairlead_bridge import cli
from fairlead_bridge.access import audit, keys
from fairlead_bridge.access.audit import Entry, Wanted
from fairlead_bridge.app import build
from fairlead_bridge.db import tables
from fairlead_bridge.db.engine import reading, writing
from fairlead_bridge.settings import load
from fairlead_bridge.workers.steps import Forget

HERE = "http://127.0.0.1:7070"
OWN = {"Origin": HERE, "Sec-Fetch-Site": "same-origin"}
NOW = 1_800_000_000_000_000
DAY = 86_400_000_000
WINDOW = {"dag": "x", "starts_at": "2100-01-01T00:00:00Z", "ends_at": "2100-01-02T00:00:00Z"}


@pytest.fixture
def http(db_url: str) -> Iterator[TestClient]:
    app = build(load({"database_url": db_url, "auth": ("keys",), "api_keys": "sesame"}))
    with TestClient(app, base_url=HERE, follow_redirects=False) as client:
        yield client


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def entries(db: sa.Engine) -> list[tuple[str, str, str, str]]:
    """(who, how, action, outcome), oldest first."""
    with reading(db) as tx:
        found = [stored.entry for stored in audit.read(tx, Wanted(), 1000)]
    return [(each.who, each.method, each.action, each.outcome) for each in reversed(found)]


def test_every_change_is_recorded_with_who_asked_and_its_outcome(
    http: TestClient, db: sa.Engine
) -> None:
    with writing(db) as tx:
        editor = keys.create(tx, "ann", ["editor"], ["*"], NOW)
    http.post("/api/v1/maintenance", json=WINDOW, headers=bearer(editor))
    http.post("/api/v1/incidents/7/mute", headers=bearer(editor))
    http.post("/api/v1/quarantine/replay", headers=bearer(editor))
    http.post("/api/v1/quarantine/replay", headers=bearer("sesame"))
    http.get("/api/v1/runs", headers=bearer(editor))
    http.post("/api/v1/lineage", content=b"{}", headers=bearer("sesame"))
    assert entries(db) == [
        ("ann", "key", "add_maintenance", "201"),
        ("ann", "key", "mute_incident", "404"),
        ("ann", "key", "replay_quarantine", "403"),
        ("FAIRLEAD_API_KEYS", "key", "replay_quarantine", "200"),
    ]


def test_every_operation_that_changes_something_is_recorded(
    http: TestClient, db: sa.Engine
) -> None:
    """Generated from the OpenAPI document: a new operation is recorded without a new line."""
    document = http.get("/openapi.json", headers=bearer("sesame")).json()
    expected = 0
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            if method != "get" and operation["x-role"] != "sender":
                http.request(
                    method, path.replace("{", "").replace("}", ""), headers=bearer("sesame")
                )
                expected += 1
    assert len(entries(db)) == expected > 8


def test_signing_in_and_out_is_recorded_and_the_key_is_not(http: TestClient, db: sa.Engine) -> None:
    for key in ("wrong-key", "sesame"):
        http.post("/login", data={"key": key}, headers=OWN)
    http.post("/logout", headers=OWN)
    assert entries(db) == [
        ("unknown", "unknown", "sign_in", "401"),
        ("FAIRLEAD_API_KEYS", "key", "sign_in", "303"),
        ("FAIRLEAD_API_KEYS", "session", "sign_out", "200"),
    ]
    with reading(db) as tx:
        stored = str(list(tx.execute(sa.select(tables.audit))))
    assert "sesame" not in stored
    assert "wrong-key" not in stored


def test_one_who_guesses_keys_cannot_fill_the_disk(http: TestClient, db: sa.Engine) -> None:
    for _ in range(70):
        http.post("/login", data={"key": "guess"}, headers=OWN)
    assert len(entries(db)) == 60


def test_admins_read_it_by_pages_and_others_do_not(http: TestClient, db: sa.Engine) -> None:
    with writing(db) as tx:
        operator = keys.create(tx, "bob", ["operator"], ["*"], NOW)
        for n in range(5):
            audit.add(tx, Entry(NOW + n, "ann", "key", "10.0.0.7", f"act_{n}", "/x", "200"))
    assert http.get("/api/v1/audit", headers=bearer(operator)).status_code == 403
    page: dict[str, Any] = {"next": None}
    actions = []
    while len(actions) < 5:
        parameters = {"limit": 2, "who": "ann"} | ({"cursor": page["next"]} if actions else {})
        page = http.get("/api/v1/audit", params=parameters, headers=bearer("sesame")).json()
        actions += [item["action"] for item in page["items"]]
    assert actions == ["act_4", "act_3", "act_2", "act_1", "act_0"]
    assert page["next"] is None
    assert entries(db)[-1] == ("FAIRLEAD_API_KEYS", "key", "list_audit", "200")
    since = http.get(
        "/api/v1/audit",
        params={"since": "2027-01-15T08:00:00.000003Z", "who": "ann"},
        headers=bearer("sesame"),
    ).json()
    assert [item["action"] for item in since["items"]] == ["act_4", "act_3"]


def test_the_command_prints_json_lines_and_commands_are_recorded(
    db_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    at = ["--database-url", db_url]
    cli.main(["keys", "create", "--name", "ann", "--role", "viewer", *at])
    key = capsys.readouterr().out.split()[-1]
    cli.main(["keys", "rotate", "ann", *at])
    cli.main(["keys", "revoke", "ann", *at])
    cli.main(["replay", "--quarantined", *at])
    capsys.readouterr()
    assert cli.main(["audit", *at]) == 0
    printed = capsys.readouterr().out
    found = [json.loads(line) for line in printed.splitlines()]
    assert [(each["action"], each["target"], each["method"]) for each in found] == [
        ("create_key", "ann: viewer; *", "command"),
        ("rotate_key", "ann", "command"),
        ("revoke_key", "ann", "command"),
        ("replay", "--quarantined", "command"),
    ]
    assert key not in printed
    assert all(each["who"] and each["address"] for each in found)


def test_an_entry_is_not_changed_deleted_or_replaced(db: sa.Engine) -> None:
    with writing(db) as tx:
        audit.add(tx, Entry(NOW, "ann", "key", "10.0.0.7", "act", "/x", "200"))
        audit.drop_old(tx, NOW, NOW)  # younger: it stays, and so does the bound
    attempts = [
        "UPDATE audit SET who = 'bob'",
        "DELETE FROM audit",
        "DELETE FROM audit WHERE id = 1",
    ]
    row = "audit VALUES (1, 1, 'bob', '', '', '', '', '', '')"
    attempts += ["TRUNCATE audit"] if db.dialect.name == "postgresql" else [f"REPLACE INTO {row}"]
    for statement in attempts:
        with pytest.raises(sa.exc.DBAPIError, match="append-only"), writing(db) as tx:
            tx.execute(sa.text(statement))
    assert entries(db) == [("ann", "key", "act", "200")]


def test_every_export_is_recorded(http: TestClient, db: sa.Engine) -> None:
    for address in (
        "personal-data.csv",
        "graph.svg?node=dataset:a:b",
        "audit.jsonl",
        "keys",
        "runs",
    ):
        http.get(f"/api/v1/{address}", headers=bearer("sesame"))
    assert [action for _, _, action, _ in entries(db)] == [
        "export_personal_data",
        "get_picture",
        "export_audit",
    ]


def test_a_page_that_stays_open_does_not_fill_the_log(http: TestClient, db: sa.Engine) -> None:
    for address in ("audit", "audit", "audit?who=ann", "audit"):
        http.get(f"/api/v1/{address}", headers=bearer("sesame"))
    assert [action for _, _, action, _ in entries(db)] == ["list_audit", "list_audit"]


def test_admins_export_it_as_json_lines_oldest_first(http: TestClient, db: sa.Engine) -> None:
    with writing(db) as tx:
        viewer = keys.create(tx, "bob", ["operator"], ["*"], NOW)
        for n in range(5):
            audit.add(tx, Entry(NOW + n, "ann", "key", "10.0.0.7", f"act_{n}", "/x", "200"))
    assert http.get("/api/v1/audit.jsonl", headers=bearer(viewer)).status_code == 403
    answer = http.get("/api/v1/audit.jsonl?who=ann", headers=bearer("sesame"))
    found = [json.loads(line) for line in answer.text.splitlines()]
    assert [each["action"] for each in found] == [f"act_{n}" for n in range(5)]
    assert found[0]["at"] == "2027-01-15T08:00:00+00:00"
    in_parts = audit.lines(db, audit.Wanted(who="ann"), at_once=2)
    assert [json.loads(line) for line in in_parts] == found


def test_a_rebuild_of_the_catalog_leaves_the_audit_log_and_the_keys(
    db: sa.Engine, db_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with writing(db) as tx:
        keys.create(tx, "ann", ["viewer"], ["*"], NOW)
        audit.add(tx, Entry(NOW, "ann", "key", "10.0.0.7", "act", "/x", "200"))
    assert cli.main(["replay", "--rebuild", "--database-url", db_url]) == 0
    capsys.readouterr()
    assert entries(db)[0] == ("ann", "key", "act", "200")
    with reading(db) as tx:
        assert [key.name for key in keys.listed(tx)] == ["ann"]


def test_old_entries_are_dropped_after_their_days(db: sa.Engine) -> None:
    with writing(db) as tx:
        for at in (1, 2**62):
            audit.add(tx, Entry(at, "ann", "key", "10.0.0.7", f"act_{at}", "/x", "200"))
    Forget(db, [], days=0, audit_days=0)()
    assert len(entries(db)) == 2
    Forget(db, [], days=0, audit_days=365)()
    left = [(who, how, action) for who, how, action, _ in entries(db)]
    assert left == [("ann", "key", f"act_{2**62}"), ("retention", "worker", "drop_audit")]


def test_secrets_in_what_is_recorded_are_masked(db: sa.Engine) -> None:
    with writing(db) as tx:
        detail = '{"text": "see postgres://bob:hunter2@h/shop"}'
        audit.add(tx, Entry(NOW, "ann", "key", "10.0.0.7", "note", "/x", "200", detail))
        (stored,) = audit.read(tx, Wanted(), 1)
    assert "hunter2" not in stored.entry.detail
