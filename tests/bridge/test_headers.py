"""Every answer has the headers that keep a browser from running, framing or guessing anything."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import httpx
import pytest
from starlette.testclient import TestClient

from fairlead_bridge.app import build
from fairlead_bridge.settings import load
from tests.support.small import run_event, uuid

HERE = "http://127.0.0.1:7070"
KEY = {"Authorization": "Bearer sesame"}
#: Sources that a policy may name: our own origin, what carries a nonce or a digest, and icons.
SOURCE = re.compile(r"'(none|self|nonce-[\w-]+|sha256-[\w+/=]+)'|data:|https://airflow\.example")
#: What `default-src` does not stand for.
ALONE = {"default-src", "base-uri", "form-action", "frame-ancestors"}


@pytest.fixture
def http(db_url: str) -> Iterator[TestClient]:
    settings = load({"database_url": db_url, "api_keys": "sesame", "max_body_bytes": 4096})
    with TestClient(build(settings), base_url=HERE, follow_redirects=False) as client:
        yield client


def policy(answer: httpx.Response) -> dict[str, str]:
    directives = answer.headers["content-security-policy"].split(";")
    return {name: rest for name, _, rest in (each.strip().partition(" ") for each in directives)}


def check(answer: httpx.Response) -> None:
    where = f"{answer.request.method} {answer.request.url} {answer.status_code}"
    for name in ("x-content-type-options", "referrer-policy", "cross-origin-resource-policy"):
        assert len(answer.headers.get_list(name)) == 1, (where, name)
    assert answer.headers["x-content-type-options"] == "nosniff", where
    assert answer.headers["referrer-policy"] == "same-origin", where
    assert answer.headers["cross-origin-resource-policy"] == "same-origin", where
    assert len(answer.headers.get_list("content-security-policy")) == 1, where
    assert set(policy(answer)) >= ALONE, where
    assert policy(answer)["default-src"] == "'none'", where
    for directive, sources in policy(answer).items():
        for source in sources.split():
            assert SOURCE.fullmatch(source), (where, directive, source)
    if policy(answer)["frame-ancestors"] == "'none'":
        assert answer.headers["x-frame-options"] == "DENY", where
    assert answer.headers["cache-control"], where
    assert "server" not in answer.headers, where


def operations(http: TestClient) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    document = http.get("/openapi.json", headers=KEY).json()
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            if path != "/api/v1/stream":  # a stream that does not end: see below
                yield method, path, operation


def test_every_operation_has_them_whatever_it_answers(http: TestClient) -> None:
    seen = set()
    for method, path, operation in operations(http):
        address = re.sub(r"\{\w+\}", "1", path)
        wanted = [each["name"] for each in operation.get("parameters", ()) if each.get("required")]
        parameters = dict.fromkeys(wanted, "dataset:a:b")
        for headers, sent in (({}, {}), (KEY, {"no_such": "1"}), (KEY, parameters)):
            answer = http.request(method, address, params=sent, headers=headers)
            check(answer)
            seen.add(answer.status_code)
    assert seen >= {200, 401, 404, 422}


def test_pictures_exports_and_events_have_them(http: TestClient) -> None:
    event = run_event(
        "COMPLETE", "10:00", uuid(1), "a.b", outputs=[{"namespace": "n", "name": "<script>"}]
    )
    assert http.post("/api/v1/lineage", content=event, headers=KEY).status_code == 201
    for address in ("/api/v1/events/1", "/api/v1/personal-data.csv", "/metrics", "/openapi.json"):
        answer = http.get(address, headers=KEY)
        assert answer.status_code == 200
        check(answer)
        assert "sandbox" in policy(answer)


#: (method, address, headers, status)
PAGES: list[tuple[str, str, dict[str, str], int]] = [
    ("GET", "/", {}, 401),
    ("GET", "/", {"Accept": "text/html"}, 303),
    ("GET", "/", KEY, 200),
    ("GET", "/runs?state=failed", KEY, 200),
    ("GET", "/docs", KEY, 200),
    ("GET", "/login", {}, 200),
    ("POST", "/login", {}, 401),
    ("POST", "/logout", {}, 200),
    ("GET", "/ready", {}, 200),
    ("GET", "/favicon.svg", KEY, 200),
    ("GET", "/assets/none.js", KEY, 404),
    ("GET", "/api/v1/none", KEY, 404),
    ("POST", "/", KEY, 405),
    ("PUT", "/api/v1/lineage", KEY, 405),
    ("OPTIONS", "/api/v1/runs", KEY, 405),
    ("POST", "/api/v1/quarantine/replay", {"Origin": "https://evil.example"}, 403),
    ("GET", "/", {"Host": "evil.example"}, 403),
]


def test_pages_and_refusals_have_them(http: TestClient) -> None:
    for method, address, sent, status in PAGES:
        answer = http.request(method, address, headers=sent)
        assert answer.status_code == status, address
        check(answer)


def test_answers_of_the_intake_have_them(http: TestClient) -> None:
    event = run_event("COMPLETE", "10:00", uuid(1), "a.b")
    for address, body, status in (
        ("/api/v1/lineage", event, 201),
        ("/api/v1/lineage/batch", b"[" + event + b"]", 204),
        ("/api/v1/lineage/batch", b"[" + event + b", 1]", 200),
        ("/api/v1/lineage", b" " * 5000, 413),
    ):
        answer = http.post(address, content=body, headers=KEY)
        assert answer.status_code == status
        check(answer)


def test_an_error_of_our_own_has_them_too(db_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    app = build(load({"database_url": db_url}))

    def broken() -> None:
        raise RuntimeError("a fault of ours")

    app._web.openapi = broken  # type: ignore[method-assign, assignment]
    with TestClient(app, base_url=HERE, raise_server_exceptions=False) as http:
        answer = http.get("/openapi.json")
    assert answer.status_code == 500
    check(answer)


def test_only_named_origins_show_the_page_in_a_frame(db_url: str) -> None:
    settings = load({"database_url": db_url, "frame_ancestors": "https://airflow.example"})
    with TestClient(build(settings), base_url=HERE) as http:
        page, answer = http.get("/runs"), http.get("/api/v1/runs")
    check(page)
    assert policy(page)["frame-ancestors"] == "'self' https://airflow.example"
    assert "x-frame-options" not in page.headers
    assert policy(answer)["frame-ancestors"] == "'none'"


def test_no_document_of_ours_has_a_script_or_a_style_without_its_nonce_or_digest(
    http: TestClient,
) -> None:
    for address in ("/", "/docs", "/login"):
        answer = http.get(address, headers=KEY)
        assert "unsafe" not in answer.headers["content-security-policy"]
        assert not re.findall(r"<script(?![^>]*\ssrc=)", answer.text)
        assert not re.findall(r"\son\w+=|\sstyle=|javascript:", answer.text)
        nonce = re.search(r"'nonce-([\w-]+)'", answer.headers["content-security-policy"])
        for style in re.findall(r"<style[^>]*>", answer.text):
            assert (nonce and nonce[1] in style) or "sha256-" in policy(answer)["style-src"]


def test_another_method_of_an_address_is_405_and_names_those_it_takes(http: TestClient) -> None:
    answer = http.request("TRACE", "/api/v1/maintenance", headers=KEY)
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, POST")
    assert http.request("TRACE", "/api/v1/none", headers=KEY).status_code == 404
