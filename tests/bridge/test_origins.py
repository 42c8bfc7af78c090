"""Who may change something, and from which pages."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from fairlead_bridge.app import build
from fairlead_bridge.settings import load
from tests.support.small import run_event, uuid

CHANGES = (
    "/api/v1/quarantine/replay",
    "/api/v1/quarantine/1/replay",
    "/api/v1/deliveries/retry?sink=lake",
    "/api/v1/lineage",
    "/api/v1/lineage/batch",
)
HERE = "http://127.0.0.1:7070"


@contextmanager
def bridge(folder: Path, base: str = HERE, **settings: Any) -> Iterator[TestClient]:
    app = build(load({"database_url": f"sqlite:///{folder}/b.db", **settings}))
    with TestClient(app, base_url=base) as client:
        yield client


@pytest.fixture
def event() -> bytes:
    return run_event("START", "08:00:00", uuid(1), "j")


# --- keys ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("address", CHANGES)
def test_where_keys_are_set_every_change_needs_one(
    tmp_path: Path, address: str, event: bytes
) -> None:
    with bridge(tmp_path, api_keys="first,second") as http:
        for headers in ({}, {"Authorization": "Bearer third"}, {"X-Api-Key": "third"}):
            answer = http.post(address, content=event, headers=headers)
            assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
            assert "known key" in answer.json()["detail"]
        for headers in (
            {"Authorization": "Bearer second"},
            # A proxy's login takes the header `Authorization`.
            {"Authorization": "Basic dTpw", "X-Api-Key": "first"},
        ):
            assert http.post(address, content=event, headers=headers).status_code != 401


# --- other sites' pages -------------------------------------------------------------------------


@pytest.mark.parametrize("address", CHANGES)
@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:8080"},
        {"Origin": "http://localhost.evil.example:7070", "Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "http://[broken"},
    ],
    ids=str,
)
def test_a_page_of_another_site_changes_nothing(
    tmp_path: Path, address: str, headers: dict[str, str], event: bytes
) -> None:
    with bridge(tmp_path) as http:
        answer = http.post(address, content=event, headers=headers)
        assert answer.status_code == 403
        assert "may change nothing here" in answer.json()["detail"]
        assert http.get("/api/v1/health").json()["inbox"]["received"] == 0


@pytest.mark.parametrize(
    ("base", "headers", "settings"),
    [
        (HERE, {"Origin": HERE}, {}),
        (HERE, {"Origin": HERE, "Sec-Fetch-Site": "same-origin"}, {}),
        # Behind a proxy that asks for the bridge by another name than the browser did.
        (
            "http://bridge:7070",
            {"Origin": "https://data.example.com", "Sec-Fetch-Site": "same-origin"},
            {"host": "0.0.0.0", "auth": ("none",)},  # noqa: S104
        ),
        (
            "http://bridge:7070",
            {"Origin": "http://data.corp:81", "X-Forwarded-Host": "data.corp:81"},
            {"host": "0.0.0.0", "auth": ("none",)},  # noqa: S104
        ),
        (
            "http://bridge:7070",
            {"Origin": "http://data.corp:81"},
            {"host": "0.0.0.0", "auth": ("none",), "allowed_hosts": "data.corp"},  # noqa: S104
        ),
    ],
)
def test_the_bridges_own_page_may_change_things(
    tmp_path: Path, base: str, headers: dict[str, str], settings: dict[str, Any]
) -> None:
    with bridge(tmp_path, base, **settings) as http:
        answer = http.post("/api/v1/quarantine/replay", headers=headers)
        assert (answer.status_code, answer.json()) == (200, {"waiting": 0})


# --- names of this server -----------------------------------------------------------------------


def test_a_foreign_name_that_leads_to_this_machine_reads_nothing(tmp_path: Path) -> None:
    """DNS rebinding: for the browser, the page is of the same site."""
    with bridge(tmp_path, "http://evil.example:7070") as http:
        for address in ("/", "/api/v1/health", "/openapi.json", "/metrics"):
            answer = http.get(address, headers={"Sec-Fetch-Site": "same-origin"})
            assert answer.status_code == 403, address
            assert "evil.example" in answer.json()["detail"]
            assert "FAIRLEAD_ALLOWED_HOSTS" in answer.json()["detail"]
        assert http.post("/api/v1/quarantine/replay").status_code == 403


@pytest.mark.parametrize(
    "name",
    ["localhost", "127.0.0.1", "[::1]", "host.docker.internal", "bridge.localhost", "laptop"],
)
def test_names_that_no_stranger_can_own_are_answered(tmp_path: Path, name: str) -> None:
    with bridge(tmp_path, f"http://{name}:7070") as http:
        assert http.get("/api/v1/health").status_code == 200


def test_a_bridge_that_others_reach_answers_to_every_name_until_its_names_are_set(
    tmp_path: Path,
) -> None:
    everywhere = {"host": "0.0.0.0", "auth": ("none",)}  # noqa: S104
    with bridge(tmp_path, "https://catalog.example.com", **everywhere) as http:
        assert http.get("/api/v1/health").status_code == 200
    names = {**everywhere, "allowed_hosts": "catalog.example.com, Fairlead.corp.example"}
    for base, status in (
        ("https://catalog.example.com", 200),
        ("http://fairlead.corp.example:7070", 200),
        ("http://10.0.0.7:7070", 200),
        ("https://evil.example", 403),
    ):
        with bridge(tmp_path, base, **names) as http:
            assert http.get("/api/v1/health").status_code == status


def test_events_may_be_sent_to_any_name_of_the_server(tmp_path: Path, event: bytes) -> None:
    with bridge(tmp_path, "http://whatever.example:7070") as http:
        assert http.post("/api/v1/lineage", content=event).status_code == 201
