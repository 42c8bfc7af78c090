"""Sessions of browsers: signing in with a key, what a cookie lets through, and signing out."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from starlette.testclient import TestClient

from fairlead_bridge.access import keys, sessions
from fairlead_bridge.access.identify import TRUSTED_FOR
from fairlead_bridge.app import build
from fairlead_bridge.db.engine import writing
from fairlead_bridge.db.tables import ended_session
from fairlead_bridge.settings import load

HERE = "http://127.0.0.1:7070"
OWN = {"Origin": HERE, "Sec-Fetch-Site": "same-origin"}
NOW = 1_800_000_000_000_000


@pytest.fixture
def http(db_url: str) -> Iterator[TestClient]:
    app = build(load({"database_url": db_url, "auth": ("keys",), "api_keys": "sesame"}))
    with TestClient(app, base_url=HERE, follow_redirects=False) as client:
        yield client


def created(db: sa.Engine, name: str, *roles: keys.Role) -> str:
    with writing(db) as tx:
        return keys.create(tx, name, roles, ["*"], NOW)


def sign_in(http: TestClient, key: str, following: str = "/") -> int:
    return http.post("/login", data={"key": key, "next": following}, headers=OWN).status_code


def test_a_browser_without_a_session_is_led_to_the_login_and_back(http: TestClient) -> None:
    first = http.get("/runs?state=failed", headers={"Accept": "text/html"})
    assert (first.status_code, first.headers["location"]) == (
        303,
        "/login?next=%2Fruns%3Fstate%3Dfailed",
    )
    form = http.get(first.headers["location"])
    assert form.status_code == 200
    assert 'value="/runs?state=failed"' in form.text
    answer = http.post("/login", data={"key": "sesame", "next": "/runs?state=failed"}, headers=OWN)
    assert (answer.status_code, answer.headers["location"]) == (303, "/runs?state=failed")
    assert http.get("/runs?state=failed", headers={"Accept": "text/html"}).status_code != 303


def test_the_cookie_is_out_of_reach_of_scripts_and_holds_no_key(
    http: TestClient, db: sa.Engine
) -> None:
    key = created(db, "ann", "viewer")
    answer = http.post("/login", data={"key": key}, headers=OWN)
    cookie = answer.headers["set-cookie"]
    for attribute in ("HttpOnly", "SameSite=lax", "Path=/", "Max-Age=43200"):
        assert attribute in cookie
    assert key not in cookie
    assert "Secure" not in cookie
    behind_tls = TestClient(http.app, base_url="https://127.0.0.1", follow_redirects=False)
    own = {"Origin": "https://127.0.0.1"}
    secure = behind_tls.post("/login", data={"key": key}, headers=own)
    assert "Secure" in secure.headers["set-cookie"]


def test_a_session_may_do_what_its_key_may(http: TestClient, db: sa.Engine) -> None:
    assert sign_in(http, created(db, "ann", "editor")) == 303
    assert http.get("/api/v1/session").json() == {
        "name": "ann",
        "method": "session",
        "roles": ["viewer", "editor"],
        "namespaces": ["*"],
    }
    assert http.post("/api/v1/quarantine/replay", headers=OWN).status_code == 403
    assert http.post("/api/v1/incidents/1/mute", headers=OWN).status_code == 404


@pytest.mark.parametrize("key", ["wrong", "", "fairlead_" + "x" * 43])
def test_an_unknown_key_begins_no_session(http: TestClient, key: str) -> None:
    answer = http.post("/login", data={"key": key}, headers=OWN)
    assert answer.status_code == 401
    assert "set-cookie" not in answer.headers
    assert "not known" in answer.text


def test_a_key_that_only_sends_cannot_sign_in(http: TestClient, db: sa.Engine) -> None:
    answer = http.post("/login", data={"key": created(db, "airflow", "sender")}, headers=OWN)
    assert (answer.status_code, "set-cookie" in answer.headers) == (401, False)
    assert "may only send events" in answer.text


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Sec-Fetch-Site": "none"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
    ],
    ids=str,
)
def test_in_a_session_only_the_page_itself_changes_something(
    http: TestClient, headers: dict[str, str]
) -> None:
    sign_in(http, "sesame")
    assert http.post("/api/v1/quarantine/replay", headers=OWN).status_code == 200
    assert http.post("/api/v1/quarantine/replay", headers=headers).status_code == 403
    assert http.post("/api/v1/lineage", content=b"{}", headers=headers).status_code == 403
    assert http.post("/logout", headers=headers).status_code == 403


def test_another_site_cannot_sign_a_browser_in(http: TestClient) -> None:
    answer = http.post("/login", data={"key": "sesame"}, headers={"Origin": "https://evil.example"})
    assert (answer.status_code, "set-cookie" in answer.headers) == (403, False)


def test_signing_out_ends_the_session_for_a_copied_cookie_too(http: TestClient) -> None:
    sign_in(http, "sesame")
    copied = {"Cookie": f"{sessions.COOKIE}={http.cookies[sessions.COOKIE]}"}
    assert http.get("/api/v1/runs").status_code == 200
    out = http.post("/logout", headers=OWN)
    assert (out.status_code, out.json()) == (200, {"next": "/login"})
    assert sessions.COOKIE not in http.cookies
    assert http.get("/api/v1/runs", headers=copied).status_code == 401


def test_a_session_ends_with_its_key(db: sa.Engine, db_url: str, http: TestClient) -> None:
    sign_in(http, created(db, "ann", "viewer"))
    with writing(db) as tx:
        keys.revoke(tx, "ann", NOW)
    # Another process, which does not remember the caller for a moment.
    other = build(load({"database_url": db_url, "auth": ("keys",)}))
    with TestClient(other, base_url=HERE, cookies=http.cookies) as fresh:
        answer = fresh.get("/api/v1/runs")
    assert (answer.status_code, answer.json()["detail"]) == (
        401,
        "The session is over: sign in again.",
    )
    assert TRUSTED_FOR <= 5


def test_a_cookie_that_was_not_signed_here_or_is_over_lets_no_one_in(
    http: TestClient, db: sa.Engine
) -> None:
    sign_in(http, "sesame")
    good = http.cookies[sessions.COOKIE]
    http.cookies.clear()
    body, _, signature = good.rpartition(".")
    with writing(db) as tx:
        signer = sessions.made_signer(tx)
    mark = signer.mark(keys.digest("sesame"))
    over = signer.write(sessions.begin(mark, 1))
    forged = sessions.Signer(b"guess").write(sessions.begin(mark, 2**62))
    for cookie in (body, f"{body}x.{signature}", f"{body}.{signature[:-2]}", over, forged, "x", ""):
        sent = {"Cookie": f"{sessions.COOKIE}={cookie}"}
        assert http.get("/api/v1/runs", headers=sent).status_code == 401, cookie
    assert http.get("/api/v1/runs", headers={"Cookie": f"a=b; {sessions.COOKIE}={good}"}).is_success


def test_ended_sessions_are_forgotten_when_their_time_is_over(db: sa.Engine) -> None:
    with writing(db) as tx:
        sessions.end(tx, sessions.begin("k", NOW + 1), NOW)
        sessions.end(tx, sessions.begin("k", NOW + 9), NOW + 5)
        assert tx.scalars(sa.select(ended_session.c.until_at)).all() == [NOW + 9]


@pytest.mark.parametrize(
    "address",
    [
        "//evil.example",
        "/\\evil.example",
        "https://evil.example",
        "javascript:alert(1)",
        "",
        "\t//x",
    ],
)
def test_a_login_leads_to_no_other_site(http: TestClient, address: str) -> None:
    answer = http.post("/login", data={"key": "sesame", "next": address}, headers=OWN)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")


def test_the_login_runs_no_script_and_shows_what_it_is_given_as_text(http: TestClient) -> None:
    answer = http.get("/login", params={"next": '/"><script>alert(1)</script>'})
    policy = answer.headers["content-security-policy"]
    assert "script-src" not in policy
    assert "default-src 'none'" in policy
    assert "form-action 'self'" in policy
    assert "<script>" not in answer.text
    assert re.search(r"style-src 'nonce-([\w-]+)'", policy)[1] in answer.text  # type: ignore[index]
    assert answer.headers["cache-control"] == "no-store"


def test_a_session_behind_a_path_of_a_proxy_stays_below_it(db_url: str) -> None:
    app = build(load({"database_url": db_url, "api_keys": "sesame"}))
    with TestClient(app, base_url=HERE, root_path="/catalog", follow_redirects=False) as http:
        page = http.get("/catalog/dags", headers={"Accept": "text/html"})
        assert page.headers["location"] == "/catalog/login?next=%2Fdags"
        answer = http.post("/catalog/login", data={"key": "sesame", "next": "/dags"}, headers=OWN)
        assert answer.headers["location"] == "/catalog/dags"
        assert "Path=/catalog" in answer.headers["set-cookie"]
