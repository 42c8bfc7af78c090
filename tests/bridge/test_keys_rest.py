"""API keys over REST: admins create, list, rotate and revoke them; no other caller does."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from starlette.testclient import TestClient

from fairlead_bridge.access import audit, keys
from fairlead_bridge.access.audit import Wanted
from fairlead_bridge.access.caller import Role
from fairlead_bridge.app import build
from fairlead_bridge.db.engine import reading, writing
from fairlead_bridge.settings import load

HERE = "http://127.0.0.1:7070"
NOW = 1_800_000_000_000_000
ADMIN = {"Authorization": "Bearer sesame"}


@pytest.fixture
def http(db_url: str) -> Iterator[TestClient]:
    with TestClient(build(load({"database_url": db_url, "api_keys": "sesame"})), HERE) as client:
        yield client


def listed(http: TestClient, **parameters: Any) -> dict[str, Any]:
    found: dict[str, Any] = http.get("/api/v1/keys", params=parameters, headers=ADMIN).json()
    return found


def test_a_key_is_created_used_rotated_and_revoked(http: TestClient, db: sa.Engine) -> None:
    wanted = {"name": "air flow", "roles": ["viewer"], "namespaces": ["*"], "expires_days": 30}
    created = http.post("/api/v1/keys", json=wanted, headers=ADMIN)
    assert created.status_code == 201
    key = created.json()["key"]
    with reading(db) as tx:
        stored = keys.find(tx, key)
    assert stored is not None
    assert stored.expires_at == stored.created_at + 30 * 86_400_000_000
    own = {"Authorization": f"Bearer {key}"}
    assert http.get("/api/v1/runs", headers=own).status_code == 200
    rotation = {"overlap_hours": 24}
    newer = http.post("/api/v1/keys/air%20flow/rotate", json=rotation, headers=ADMIN).json()["key"]
    assert newer != key
    assert http.post("/api/v1/keys/air%20flow/revoke", headers=ADMIN).status_code == 204
    found = listed(http)["items"]
    assert [each["state"] for each in found] == ["revoked", "revoked"]
    assert found[0]["roles"] == ["viewer"]
    assert http.post("/api/v1/keys/air%20flow/revoke", headers=ADMIN).status_code == 404
    assert http.post("/api/v1/keys/none/rotate", headers=ADMIN).status_code == 404


def test_no_key_is_in_a_list_or_in_the_audit_log(http: TestClient, db: sa.Engine) -> None:
    secrets = []
    wanted = {"name": "k", "roles": ["sender"]}
    secrets.append(http.post("/api/v1/keys", json=wanted, headers=ADMIN).json()["key"])
    secrets.append(http.post("/api/v1/keys/k/rotate", headers=ADMIN).json()["key"])
    shown = http.get("/api/v1/keys", headers=ADMIN).text
    with reading(db) as tx:
        recorded = audit.read(tx, Wanted(), 10)
    for secret in secrets:
        assert secret not in shown + str(recorded)
    assert [each.entry.action for each in recorded] == ["rotate_key", "create_key"]


def test_what_cannot_be_a_key_is_refused_with_the_reason(http: TestClient) -> None:
    for wanted, status in (
        ({"name": "a\nb", "roles": ["viewer"]}, 422),
        ({"name": "a", "roles": []}, 422),
        ({"name": "a", "roles": ["king"]}, 422),
        ({"name": "a", "roles": ["viewer"], "namespaces": [""]}, 422),
        ({"name": "a", "roles": ["viewer"], "expires_days": 0}, 422),
        ({"name": "a", "roles": ["viewer"], "expires_days": 1e300}, 422),
        ({"name": "a", "roles": ["viewer"]}, 201),
        ({"name": "a", "roles": ["viewer"]}, 409),
    ):
        answer = http.post("/api/v1/keys", json=wanted, headers=ADMIN)
        assert answer.status_code == status, wanted
        assert status == 201 or answer.json()["detail"]


def test_the_list_has_pages(http: TestClient, db: sa.Engine) -> None:
    with writing(db) as tx:
        for name in ("b", "a", "c"):
            keys.create(tx, name, ["viewer"], ["*"], NOW)
            keys.rotate(tx, name, NOW)
    names = []
    page: dict[str, Any] = {"next": None}
    while page["next"] or not names:
        page = listed(http, limit=2, **({"cursor": page["next"]} if names else {}))
        names += [each["name"] for each in page["items"]]
    assert names == ["a", "a", "b", "b", "c", "c"]


def test_only_admins_of_all_namespaces_manage_keys(http: TestClient, db: sa.Engine) -> None:
    callers: list[tuple[Role, str]] = [("operator", "*"), ("sender", "*"), ("admin", "team-a")]
    wanted = {"name": "mine", "roles": ["admin"], "namespaces": ["*"]}
    for role, namespace in callers:
        with writing(db) as tx:
            secret = keys.create(tx, f"{role}-key", [role], [namespace], NOW)
        own = {"Authorization": f"Bearer {secret}"}
        answers = [
            http.get("/api/v1/keys", headers=own),
            http.post("/api/v1/keys", json=wanted, headers=own),
            http.post(f"/api/v1/keys/{role}-key/rotate", headers=own),
            http.post(f"/api/v1/keys/{role}-key/revoke", headers=own),
        ]
        assert [answer.status_code for answer in answers] == [403] * 4


def test_a_bridge_that_asks_for_no_keys_makes_none(db_url: str, db: sa.Engine) -> None:
    with TestClient(build(load({"database_url": db_url})), HERE) as http:
        wanted = {"name": "backdoor", "roles": ["admin"]}
        assert http.get("/api/v1/keys").status_code == 200
        answer = http.post("/api/v1/keys", json=wanted)
    assert answer.status_code == 409
    assert "FAIRLEAD_AUTH=keys" in answer.json()["detail"]
    with reading(db) as tx:
        assert keys.listed(tx) == []
