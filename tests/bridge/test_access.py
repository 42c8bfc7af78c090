"""Who may do what: keys, roles, and what each address needs."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import sqlalchemy as sa
from fastapi import FastAPI
from starlette.testclient import TestClient

from fairlead_bridge import cli, inbox
from fairlead_bridge.access import keys
from fairlead_bridge.access.caller import ROLES, Namespaces, Role, with_included
from fairlead_bridge.accounts import build_access
from fairlead_bridge.app import build
from fairlead_bridge.db.engine import reading, writing
from fairlead_bridge.db.tables import access_key
from fairlead_bridge.errors import BadSettings, Conflict, NotFound, UndeclaredRoute
from fairlead_bridge.settings import load
from fairlead_bridge.web.needs import open_paths
from tests.support.small import run_event, uuid

HERE = "http://127.0.0.1:7070"
DAY = 86_400_000_000
NOW = 1_800_000_000_000_000


@contextmanager
def bridge(db_url: str, **settings: Any) -> Iterator[TestClient]:
    app = build(load({"database_url": db_url, "auth": ("keys",), **settings}))
    with TestClient(app, base_url=HERE) as client:
        yield client


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def command(capsys: pytest.CaptureFixture[str], db_url: str, *words: str) -> str:
    """The last word that `fairlead-bridge keys ...` prints."""
    assert cli.main(["keys", *words, "--database-url", db_url]) == 0
    return capsys.readouterr().out.split()[-1]


def created(db: sa.Engine, *roles: Role, namespaces: tuple[str, ...] = ("*",)) -> str:
    with writing(db) as tx:
        name = f"key-{'-'.join(roles)}-{len(namespaces)}-{namespaces[0].strip('*')}"
        return keys.create(tx, name, roles, namespaces, NOW)


# --- keys -----------------------------------------------------------------------------------------


def test_a_key_is_created_used_rotated_and_revoked_by_commands(
    db_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    key = command(
        capsys, db_url, "create", "--name", "airflow", "--role", "sender", "--role", "viewer",
        "--namespaces", "team-a,team-a-*", "--expires", "30",
    )  # fmt: skip
    with bridge(db_url) as http:
        assert http.get("/api/v1/runs", headers=bearer(key)).status_code == 200
        newer = command(capsys, db_url, "rotate", "airflow")
        assert newer != key
        assert http.get("/api/v1/runs", headers=bearer(newer)).status_code == 200
        assert command(capsys, db_url, "revoke", "airflow") == "airflow"
    with bridge(db_url) as http:  # a bridge that remembers neither
        for each in (key, newer):
            answer = http.get("/api/v1/runs", headers=bearer(each))
            assert answer.status_code == 401
            assert answer.json()["detail"] == "The key airflow is revoked: send another."
    assert cli.main(["keys", "list", "--json", "--database-url", db_url]) == 0
    old, new = json.loads(capsys.readouterr().out)
    assert (old["state"], new["state"]) == ("revoked", "revoked")
    assert new["roles"] == ["sender", "viewer"]
    assert new["namespaces"] == ["team-a", "team-a-*"]
    assert new["used_at"] is not None
    assert new["expires_at"] is not None


def test_a_key_is_stored_as_its_digest_only(db: sa.Engine) -> None:
    key = created(db, "admin")
    with reading(db) as tx:
        stored = [str(value) for row in tx.execute(sa.select(access_key)) for value in row]
    assert len(key) > 40
    assert not [value for value in stored if key in value or key[9:] in value]


def test_an_expired_key_is_refused_with_the_reason(db: sa.Engine, db_url: str) -> None:
    with writing(db) as tx:
        key = keys.create(tx, "old", ["admin"], ["*"], NOW, expires_at=NOW + 1)
    with reading(db) as tx:
        found = keys.find(tx, key)
    assert found is not None
    assert (found.state(NOW), found.state(NOW + 1)) == ("active", "expired")
    with writing(db) as tx:
        tx.execute(sa.update(access_key).values(expires_at=1))
    with bridge(db_url) as http:
        answer = http.get("/api/v1/runs", headers=bearer(key))
    assert (answer.status_code, answer.json()["detail"]) == (
        401,
        "The key old is expired: send another.",
    )


def test_a_rotated_key_is_valid_for_as_long_as_rotating_it_allows(db: sa.Engine) -> None:
    with writing(db) as tx:
        first = keys.create(tx, "k", ["viewer"], ["*"], NOW, expires_at=NOW + 10 * DAY)
        second = keys.rotate(tx, "k", NOW + DAY, overlap=DAY)
        old, new = keys.find(tx, first), keys.find(tx, second)
    assert old is not None
    assert new is not None
    assert (old.state(NOW + DAY), old.state(NOW + 2 * DAY)) == ("active", "expired")
    assert new.expires_at == NOW + 11 * DAY  # it lives as long as the first was meant to


def test_two_active_keys_have_different_names(db: sa.Engine) -> None:
    with writing(db) as tx:
        keys.create(tx, "one", ["viewer"], ["*"], NOW)
        with pytest.raises(Conflict, match="rotate or revoke it"):
            keys.create(tx, "one", ["viewer"], ["*"], NOW)
        keys.revoke(tx, "one", NOW)
        keys.create(tx, "one", ["viewer"], ["*"], NOW)
        with pytest.raises(NotFound):
            keys.revoke(tx, "other", NOW)
        with pytest.raises(BadSettings):
            keys.create(tx, "no roles", [], ["*"], NOW)
        with pytest.raises(BadSettings):
            keys.create(tx, "line\nfeed", ["viewer"], ["*"], NOW)


def test_the_last_use_of_a_key_is_written_once_in_ten_minutes(db: sa.Engine) -> None:
    with writing(db) as tx:
        key = keys.create(tx, "k", ["viewer"], ["*"], NOW)
        unused = keys.find(tx, key)
        assert unused is not None
        assert unused.use_is_old(NOW)
        keys.write_use(tx, unused.id, NOW)
        used = keys.find(tx, key)
    assert used is not None
    assert not used.use_is_old(NOW + 599_000_000)
    assert used.use_is_old(NOW + 600_000_000)


# --- what each address needs ----------------------------------------------------------------------


def operations(http: TestClient, key: str) -> list[tuple[str, str, str]]:
    """(method, path, role) of every operation of the OpenAPI document."""
    document = http.get("/openapi.json", headers=bearer(key)).json()
    return [
        (method, re.sub(r"\{.*?\}", "1", path), operation["x-role"])
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]


def test_every_operation_asks_for_its_role_and_no_other(db: sa.Engine, db_url: str) -> None:
    """Generated from the OpenAPI document: a new address is tested without a new test."""
    by_role = {role: created(db, role) for role in ROLES}
    with bridge(db_url) as http:
        found = operations(http, by_role["admin"])
        assert len(found) > 40
        for (method, path, needed), role in itertools.product(found, ROLES):
            if path == "/api/v1/stream":
                continue  # it never ends
            if needed != "anyone":
                anonymous = http.request(method, path)
                assert anonymous.status_code == 401, (method, path)
                assert list(anonymous.json()) == ["detail"]
            status = http.request(method, path, headers=bearer(by_role[role])).status_code
            allowed = needed == "anyone" or needed in with_included([role])
            assert (status in (401, 403)) is not allowed, (method, path, role, status)


def test_only_health_is_open(db_url: str) -> None:
    with bridge(db_url, api_keys="first") as http:
        open_ones = {path for _, path, needed in operations(http, "first") if needed == "anyone"}
        assert open_ones == {"/api/v1/health"}
        for path in ("/api/v1/health", "/ready"):
            assert http.get(path).status_code == 200
        for path in (
            "/", "/lineage", "/index.html", "/assets/x.js", "/metrics", "/metrics/catalog", "/docs",
            "/openapi.json", "/api/v1/stream", "/api/v1/nothing", "/api/v1//health", "/api/v1/health/x",
        ):  # fmt: skip
            for method in ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"):
                assert http.request(method, path).status_code == 401, (method, path)


def test_what_an_unknown_caller_sends_is_not_read(db_url: str) -> None:
    with bridge(db_url) as http:
        for headers in (
            {},
            bearer("fairlead_x"),
            {"X-Api-Key": "x"},
            {"Authorization": "Basic eA=="},
        ):
            answer = http.put("/api/v1/expectations", content=b"{no json", headers=headers)
            assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")


def test_a_bridge_with_a_route_that_declares_no_role_does_not_start() -> None:
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)

    @app.get("/secrets")
    def secrets() -> None: ...

    with pytest.raises(UndeclaredRoute, match="/secrets"):
        open_paths(app)


def test_a_key_of_the_settings_has_every_role_and_asks_everyone_for_one(db_url: str) -> None:
    with bridge(db_url, auth=(), api_keys="first") as http:
        assert http.get("/api/v1/runs").status_code == 401
        for headers in (bearer("first"), {"X-Api-Key": "first"}):
            assert http.post("/api/v1/quarantine/replay", headers=headers).status_code == 200


def test_who_acted_is_who_has_the_key_and_not_who_is_named(db: sa.Engine, db_url: str) -> None:
    editor = created(db, "editor")
    window = {"dag": "x", "starts_at": "2100-01-01T00:00:00Z", "ends_at": "2100-01-02T00:00:00Z"}
    with bridge(db_url) as http:
        answer = http.post(
            "/api/v1/maintenance", json={**window, "created_by": "ceo"}, headers=bearer(editor)
        )
    assert answer.json()["created_by"] == "key-editor-1-"


# --- safe by default ------------------------------------------------------------------------------


@pytest.mark.parametrize("host", ["0.0.0.0", "10.0.0.7", "::", "catalog.example.com"])  # noqa: S104
def test_a_bridge_that_others_reach_does_not_start_without_asking_who_they_are(
    empty_db: sa.Engine, host: str
) -> None:
    with pytest.raises(BadSettings, match="FAIRLEAD_AUTH=keys and create keys"):
        build_access(load({"host": host}), empty_db, lambda: NOW)
    for settings in ({"auth": ("none",)}, {"auth": ("keys",)}, {"api_keys": "k"}):
        build_access(load({"host": host, **settings}), empty_db, lambda: NOW)


def test_on_this_machine_alone_a_bridge_is_open(db_url: str) -> None:
    with bridge(db_url, auth=()) as http:
        assert http.get("/api/v1/runs").status_code == 200
        assert http.post("/api/v1/quarantine/replay").status_code == 200


def test_none_goes_with_no_other_method(empty_db: sa.Engine) -> None:
    with pytest.raises(BadSettings, match="none goes with no other method"):
        load({"auth": "keys,none"})
    with pytest.raises(BadSettings, match="set one of the two"):
        build_access(load({"auth": "none", "api_keys": "k"}), empty_db, lambda: NOW)


# --- namespaces -----------------------------------------------------------------------------------


def event(namespace: str, n: int = 1) -> bytes:
    return run_event("START", "08:00:00", uuid(n), "load", namespace=namespace)


def quarantined(db: sa.Engine) -> list[tuple[bytes, str]]:
    with reading(db) as tx:
        return [(each.event.body, each.reason) for each in inbox.quarantined(tx, 50)]


def waiting(db: sa.Engine) -> list[bytes]:
    with reading(db) as tx:
        return [arrival.body for arrival in inbox.claim(tx, 50)]


@pytest.fixture
def team_a(db: sa.Engine) -> str:
    return created(db, "sender", namespaces=("team-a", "team-a-*"))


def test_an_event_for_another_namespace_goes_to_quarantine_and_the_answer_says_so(
    db: sa.Engine, db_url: str, team_a: str
) -> None:
    with bridge(db_url) as http:
        own = http.post("/api/v1/lineage", content=event("team-a"), headers=bearer(team_a))
        other = http.post("/api/v1/lineage", content=event("team-b"), headers=bearer(team_a))
    assert (own.status_code, own.headers.get("fairlead-quarantined")) == (201, None)
    assert (other.status_code, other.headers["fairlead-quarantined"]) == (201, "1")
    assert "namespace 'team-b'" in other.headers["fairlead-quarantine-reason"]
    assert waiting(db) == [event("team-a")]
    ((body, reason),) = quarantined(db)
    assert body == event("team-b")
    assert reason.endswith("sends to the namespace 'team-b', and may send to team-a, team-a-* only")


def test_in_a_batch_the_events_beside_it_are_absorbed(
    db: sa.Engine, db_url: str, team_a: str
) -> None:
    events = [event("team-a-etl", 1), event("team-b", 2), event("team-a", 3)]
    with bridge(db_url) as http:
        answer = http.post(
            "/api/v1/lineage/batch", content=b"[%b]" % b",".join(events), headers=bearer(team_a)
        )
    assert answer.status_code == 200
    assert answer.json()["summary"]["failed"] == 1
    assert [each["index"] for each in answer.json()["failed_events"]] == [1]
    assert waiting(db) == [events[0], events[2]]


@pytest.mark.parametrize(
    "body",
    [
        event("team-b").replace(b"{", b'{"n": NaN, ', 1),
        event("team-b").replace(b'"team-b"', b'"team-a", "namespace": "team-b"'),
        b'{"job": {"namespace": "team-a", "name": "x"}, ' + event("team-b")[1:],
        b"[" + event("team-b") + b"]",
        b"[[" + event("team-b") + b"]]",
        event("team-b").replace(b"{", b'{"inputs": 3, ', 1),
        event("team-b").replace(b"{", b'{"deep": ' + b"[" * 500 + b"]" * 500 + b", ", 1),
        b'{"eventTime": "2026-11-01T00:00:00Z", "dataset": {"namespace": "team-b", "name": "t"}}',
        b'\xef\xbb\xbf{"eventTime": "2026-11-01T00:00:00Z", "job": {"namespace": "team-b", "name": "t"}}',
        b'{"eventTime": "2026-11-01T00:00:00Z", "job": {"name": "t"}}',
    ],
    ids=str,
)
def test_no_form_of_an_event_reaches_another_namespace(
    db: sa.Engine, db_url: str, team_a: str, body: bytes
) -> None:
    with bridge(db_url) as http:
        for path in ("/api/v1/lineage", "/api/v1/lineage/batch"):
            http.post(path, content=body, headers=bearer(team_a))
    assert waiting(db) == []
    assert quarantined(db)


def test_one_who_may_sends_the_same_bytes_all_the_same(
    db: sa.Engine, db_url: str, team_a: str
) -> None:
    team_b = created(db, "sender", namespaces=("team-b",))
    with bridge(db_url) as http:
        for key in (team_a, team_b, team_a):
            http.post("/api/v1/lineage", content=event("team-b"), headers=bearer(key))
    assert waiting(db) == [event("team-b")]
    assert len(quarantined(db)) == 1


def test_a_refused_event_is_absorbed_only_when_it_alone_is_replayed(
    db: sa.Engine, db_url: str, team_a: str, capsys: pytest.CaptureFixture[str]
) -> None:
    operator = created(db, "operator")
    with bridge(db_url) as http:
        http.post("/api/v1/lineage", content=event("team-b"), headers=bearer(team_a))
        assert http.post("/api/v1/quarantine/replay", headers=bearer(operator)).json() == {
            "waiting": 0
        }
        for flag in ("--quarantined", "--rebuild"):
            assert cli.main(["replay", flag, "--database-url", db_url]) == 0
        assert waiting(db) == []
        (item,) = http.get("/api/v1/quarantine", headers=bearer(operator)).json()["items"]
        again = f"/api/v1/quarantine/{item['event_id']}/replay"
        assert http.post(again, headers=bearer(operator)).status_code == 200
    assert waiting(db) == [event("team-b")]
    capsys.readouterr()


@pytest.mark.parametrize(
    ("patterns", "inside", "outside"),
    [
        (["*"], ["", "anything"], []),
        (["team-a"], ["team-a"], ["team-a2", "team-A", "x-team-a", "team-a\n"]),
        (["team-?", "kafka://*"], ["team-a", "kafka://h:9092"], ["team-ab", "kafka:"]),
        (["[ab]"], ["a", "b"], ["c", "[ab]"]),
    ],
)
def test_patterns_match_whole_namespaces(
    patterns: list[str], inside: list[str], outside: list[str]
) -> None:
    namespaces = Namespaces(patterns)
    assert [each for each in inside if each not in namespaces] == []
    assert [each for each in outside if each in namespaces] == []
