"""Accounts and tokens of the company's issuer, and a proxy that says who asks."""

from __future__ import annotations

import base64
import hmac
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
import requests
from cryptography.hazmat.primitives import serialization
from starlette.testclient import TestClient

from fairlead_bridge.access import sessions
from fairlead_bridge.access.signin import COOKIE as ATTEMPT
from fairlead_bridge.app import build
from fairlead_bridge.errors import BadSettings
from fairlead_bridge.settings import load
from tests.bridge import issuer as issuers
from tests.bridge.issuer import FakeIssuer, ec_key, rsa_key

HERE = "http://127.0.0.1:7070"
OWN = {"Origin": HERE, "Sec-Fetch-Site": "same-origin"}
AUDIENCE = "https://fairlead.example.com"


@pytest.fixture
def issuer() -> Iterator[FakeIssuer]:
    with issuers.running(f"{HERE}/login/callback") as issuer:
        yield issuer


def settings(tmp_path: Path, issuer: FakeIssuer, **more: Any) -> dict[str, Any]:
    return {
        "database_url": f"sqlite:///{tmp_path}/b.db",
        "auth": ("keys", "oidc"),
        "public_url": HERE,
        "oidc_issuer": issuer.url,
        "oidc_client_id": issuers.CLIENT,
        "oidc_client_secret": issuers.SECRET,
        "oidc_audience": AUDIENCE,
        "group_roles": ("data-team=editor", "user:job-1=sender", "user:ann@example.com=viewer"),
        **more,
    }


@pytest.fixture
def http(tmp_path: Path, issuer: FakeIssuer) -> Iterator[TestClient]:
    app = build(load(settings(tmp_path, issuer)))
    with TestClient(app, base_url=HERE, follow_redirects=False) as client:
        yield client


def signed_in_at(address: str) -> str:
    """What the person's browser is led to by the issuer: path and query."""
    answer = requests.get(address, allow_redirects=False, timeout=10)
    assert answer.status_code == 302, answer.text
    return answer.headers["location"].removeprefix(HERE)


def sign_in(http: TestClient, following: str = "/runs") -> Any:
    begun = http.get("/login/start", params={"next": following})
    assert begun.status_code == 303
    return http.get(signed_in_at(begun.headers["location"]))


# --- people ---------------------------------------------------------------------------------------


def test_a_person_signs_in_with_the_companys_account(http: TestClient, issuer: FakeIssuer) -> None:
    issuer.person["groups"] = ["data-team", "others"]
    assert "Sign in with your company's account" in http.get("/login").text
    done = sign_in(http, "/runs?state=failed")
    assert (done.status_code, done.headers["location"]) == (303, "/runs?state=failed")
    assert http.get("/api/v1/session").json() == {
        "name": "ann@example.com",
        "method": "session",
        "roles": ["viewer", "editor"],
        "namespaces": ["*"],
    }
    assert http.post("/api/v1/quarantine/replay", headers=OWN).status_code == 403
    out = http.post("/logout", headers=OWN).json()["next"]
    assert out.startswith(f"{issuer.url}/logout?client_id=fairlead")
    assert http.get("/api/v1/session").status_code == 401


def test_the_address_at_the_issuer_has_pkce_state_and_nonce(http: TestClient) -> None:
    addresses = [http.get("/login/start").headers["location"] for _ in range(2)]
    first, second = (parse_qs(urlsplit(address).query) for address in addresses)
    for name in ("state", "nonce", "code_challenge"):
        assert len(first[name][0]) >= 43
        assert first[name] != second[name]
    assert first["code_challenge_method"] == ["S256"]


def test_one_who_is_in_no_group_with_a_role_is_refused(
    http: TestClient, issuer: FakeIssuer
) -> None:
    issuer.person = {"sub": "u-2", "email": "eve@example.com", "groups": ["user:ann@example.com"]}
    refused = sign_in(http)
    assert refused.status_code == 401
    assert "is in no group of FAIRLEAD_GROUP_ROLES" in refused.text
    assert sessions.COOKIE not in http.cookies


def test_an_address_that_the_issuer_has_not_verified_names_no_one(
    http: TestClient, issuer: FakeIssuer
) -> None:
    issuer.person["email_verified"] = False
    assert sign_in(http).status_code == 401


def test_an_answer_that_belongs_to_no_sign_in_of_this_browser_is_refused(
    http: TestClient, issuer: FakeIssuer
) -> None:
    """Sign-in of another browser: the attacker's account would be signed in here."""
    attackers = signed_in_at(http.get("/login/start").headers["location"])
    http.cookies.clear()
    assert http.get(attackers).status_code == 401
    http.get("/login/start")
    refused = http.get(attackers)
    assert refused.status_code == 401
    assert "did not begin in this browser" in refused.text
    assert sessions.COOKIE not in http.cookies


def test_an_answer_counts_once(http: TestClient) -> None:
    begun = http.get("/login/start")
    attempt = http.cookies[ATTEMPT]
    back = signed_in_at(begun.headers["location"])
    assert http.get(back).status_code == 303
    http.cookies.clear()
    again = http.get(back, headers={"Cookie": f"{ATTEMPT}={attempt}"})
    assert again.status_code == 401


def test_an_answer_of_another_issuer_or_an_error_is_refused(http: TestClient) -> None:
    back = signed_in_at(http.get("/login/start").headers["location"])
    state = parse_qs(urlsplit(back).query)["state"][0]
    for query in ("code=x&iss=https%3A%2F%2Fevil.example", "error=access_denied", "code=x"):
        answer = http.get(f"/login/callback?state={state}&{query}")
        assert answer.status_code == 401, query
        assert sessions.COOKIE not in http.cookies


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"nonce": "another"}, "another sign-in"),
        ({"aud": "other-client"}, "audience"),
        ({"aud": [issuers.CLIENT, "other"]}, "another client"),
        ({"azp": "other-client"}, "another client"),
        ({"iss": "https://evil.example"}, "issuer"),
        ({"exp": -3600}, "expired"),
        ({"iat": 3600}, "not yet valid"),
        ({"exp": None}, "exp"),
    ],
    ids=str,
)
def test_a_token_that_is_not_for_this_sign_in_is_refused(
    http: TestClient, issuer: FakeIssuer, change: dict[str, Any], why: str
) -> None:
    issuer.change = lambda claims: _changed(claims, change)
    refused = sign_in(http)
    assert refused.status_code == 401
    assert why.lower() in refused.text.lower()
    assert sessions.COOKIE not in http.cookies


def _changed(claims: dict[str, Any], change: dict[str, Any]) -> dict[str, Any]:
    """The claims with others; numbers are seconds from now, None leaves the claim out."""
    now = int(time.time())
    for name, value in change.items():
        if value is None:
            del claims[name]
        else:
            claims[name] = now + value if isinstance(value, int) else value
    return claims


def test_clocks_may_differ_by_half_a_minute(http: TestClient, issuer: FakeIssuer) -> None:
    now = int(time.time())
    issuer.change = lambda claims: {**claims, "iat": now + 30, "exp": now - 30}
    assert sign_in(http).status_code == 303


# --- tokens of programs ---------------------------------------------------------------------------


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def test_a_program_sends_a_token_of_the_issuer(http: TestClient, issuer: FakeIssuer) -> None:
    token = issuer.token(AUDIENCE, sub="job-1", email=None)
    assert http.post("/api/v1/lineage", content=b"{}", headers=bearer(token)).status_code == 201
    assert http.get("/api/v1/runs", headers=bearer(token)).status_code == 403
    person = issuer.token(AUDIENCE, groups=["data-team"])
    assert http.get("/api/v1/session", headers=bearer(person)).json()["method"] == "token"


def test_a_token_for_people_who_sign_in_is_none_for_programs(
    http: TestClient, issuer: FakeIssuer
) -> None:
    answer = http.get("/api/v1/runs", headers=bearer(issuer.token(issuers.CLIENT)))
    assert answer.status_code == 401
    assert "audience" in answer.json()["detail"].lower()


def test_a_new_key_of_the_issuer_is_read_and_an_old_one_no_longer_counts(
    tmp_path: Path, issuer: FakeIssuer, http: TestClient
) -> None:
    assert http.get("/api/v1/runs", headers=bearer(issuer.token(AUDIENCE))).status_code == 200
    old = issuer.token(AUDIENCE, jti="2")
    issuer.keys = [ec_key("second")]
    app = build(load(settings(tmp_path, issuer)))
    with TestClient(app, base_url=HERE) as fresh:
        assert fresh.get("/api/v1/runs", headers=bearer(issuer.token(AUDIENCE))).status_code == 200
        assert fresh.get("/api/v1/runs", headers=bearer(old)).status_code == 401


def test_tokens_with_unknown_keys_do_not_make_the_bridge_ask_each_time(
    http: TestClient, issuer: FakeIssuer
) -> None:
    http.get("/api/v1/runs", headers=bearer(issuer.token(AUDIENCE)))
    issuer.keys = [rsa_key("unpublished")]
    tokens = [issuer.token(AUDIENCE, jti=str(n)) for n in range(20)]
    issuer.keys = [rsa_key("first")]
    for token in tokens:
        assert http.get("/api/v1/runs", headers=bearer(token)).status_code == 401
    assert issuer.reads_of_keys == 1


def test_no_algorithm_is_confused_with_another(http: TestClient, issuer: FakeIssuer) -> None:
    """A public key is no secret: as the secret of HMAC, everyone could sign with it."""
    claims = issuer.claims(AUDIENCE)
    head = {"kid": "first"}
    public = (
        issuer.keys[0]
        .private.public_key()
        .public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
    foreign = rsa_key("first")
    forged = [
        jwt.encode(claims, None, "none", headers=head),
        with_hmac(claims, public, head),
        jwt.encode(claims, foreign.private, "RS256", headers=head),
        jwt.encode(claims, ec_key("first").private, "ES256", headers=head),
        jwt.encode(claims, issuer.keys[0].private, "RS512", headers=head),
        jwt.encode(claims, foreign.private, "RS256", headers={"kid": "x", "jwk": foreign.public}),
        issuer.token(AUDIENCE)[:-4] + "AAAA",
        "a.b.c",
        "..",
    ]
    for token in forged:
        assert http.get("/api/v1/runs", headers=bearer(token)).status_code == 401, token


def with_hmac(claims: dict[str, Any], secret: bytes, head: dict[str, str]) -> str:
    """A token as HS256 signs it: the library refuses to sign with a public key."""
    parts = ({"alg": "HS256", "typ": "JWT", **head}, claims)
    signed = b".".join(_base64(json.dumps(part).encode()) for part in parts)
    return b".".join((signed, _base64(hmac.digest(secret, signed, "sha256")))).decode()


def _base64(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def test_an_issuer_that_is_away_is_no_reason_to_drop_events(
    tmp_path: Path, issuer: FakeIssuer
) -> None:
    token = issuer.token(AUDIENCE, sub="job-1")
    away = settings(tmp_path, issuer, oidc_issuer="http://127.0.0.1:9")
    with TestClient(build(load(away)), base_url=HERE) as http:
        answer = http.post("/api/v1/lineage", content=b"{}", headers=bearer(token))
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
        login = http.get("/login/start")
        assert login.status_code == 503
        assert "does not answer" in login.text


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"oidc_issuer": None}, "FAIRLEAD_OIDC_ISSUER"),
        ({"oidc_issuer": "http://login.example.com"}, "https://"),
        ({"group_roles": ()}, "FAIRLEAD_GROUP_ROLES"),
        ({"group_roles": ("data-team=chief",)}, "GROUP=ROLE"),
        ({"group_namespaces": ("team-a",)}, "GROUP=PATTERN"),
        ({"group_namespaces": ("data-team=",)}, "GROUP=PATTERN"),
        ({"public_url": None}, "FAIRLEAD_PUBLIC_URL"),
        ({"oidc_client_id": None, "oidc_audience": None}, "FAIRLEAD_OIDC_CLIENT_ID"),
        ({"auth": ("proxy",)}, "FAIRLEAD_PROXY_ADDRESSES"),
        ({"auth": ("proxy",), "proxy_addresses": ("host",)}, "FAIRLEAD_PROXY_ADDRESSES"),
    ],
    ids=str,
)
def test_settings_that_lack_something_are_refused_at_start(
    tmp_path: Path, issuer: FakeIssuer, change: dict[str, Any], why: str
) -> None:
    with pytest.raises(BadSettings, match=why):
        build(load(settings(tmp_path, issuer, **change)))


NAMESPACES = ("data-team=team-a", "data-team=lake-*", "ops=*")


def test_a_persons_groups_give_namespaces_and_one_who_has_none_is_refused(
    tmp_path: Path, issuer: FakeIssuer
) -> None:
    more = {"group_namespaces": NAMESPACES, "group_roles": ("data-team=editor", "*=viewer")}
    with TestClient(
        build(load(settings(tmp_path, issuer, **more))), base_url=HERE, follow_redirects=False
    ) as http:
        issuer.person["groups"] = ["data-team"]
        sign_in(http)
        assert http.get("/api/v1/session").json()["namespaces"] == ["lake-*", "team-a"]
        assert http.get("/api/v1/audit").status_code == 403
        issuer.person["groups"] = ["data-team", "ops"]
        sign_in(http)
        assert "*" in http.get("/api/v1/session").json()["namespaces"]
        issuer.person["groups"] = []
        http.cookies.clear()
        refused = sign_in(http)
        assert refused.status_code == 401
        assert "is in no group of FAIRLEAD_GROUP_NAMESPACES" in refused.text
        machine = bearer(issuer.token(AUDIENCE, sub="job-1", groups=["data-team"]))
        assert http.get("/api/v1/session", headers=machine).json()["namespaces"] == [
            *("lake-*", "team-a")
        ]


# --- a proxy --------------------------------------------------------------------------------------


def behind_proxy(tmp_path: Path, peer: str) -> TestClient:
    app = build(
        load(
            {
                "database_url": f"sqlite:///{tmp_path}/b.db",
                "auth": ("proxy",),
                "proxy_addresses": ("10.0.0.5", "fd00::/8"),
                "group_roles": ("data-team=editor", "user:ann=admin"),
                "group_namespaces": (*NAMESPACES, "user:ann=*"),
            }
        )
    )
    return TestClient(app, base_url=HERE, client=(peer, 50_000))


def test_the_groups_that_a_proxy_names_give_namespaces(tmp_path: Path) -> None:
    with behind_proxy(tmp_path, "10.0.0.5") as http:
        for user, groups, namespaces in (
            ("bob", "data-team", ["lake-*", "team-a"]),
            ("bob", "data-team,ops", ["*", "lake-*", "team-a"]),
            ("ann", "", ["*"]),
        ):
            sent = {"X-Forwarded-User": user, "X-Forwarded-Groups": groups}
            found = http.get("/api/v1/session", headers=sent).json()
            assert found["namespaces"] == namespaces


@pytest.mark.parametrize("peer", ["10.0.0.5", "fd00::7", "::ffff:10.0.0.5"])
def test_a_proxy_says_who_asks(tmp_path: Path, peer: str) -> None:
    with behind_proxy(tmp_path, peer) as http:
        bob = {"X-Forwarded-User": "bob", "X-Forwarded-Groups": "others, data-team"}
        who = http.get("/api/v1/session", headers=bob).json()
        assert (who["name"], who["method"], who["roles"]) == ("bob", "proxy", ["viewer", "editor"])
        ann = http.get("/api/v1/session", headers={"X-Forwarded-User": "ann"}).json()
        assert "admin" in ann["roles"]
        fake = {"X-Forwarded-User": "eve", "X-Forwarded-Groups": "user:ann"}
        assert http.get("/api/v1/session", headers=fake).status_code == 401
        assert http.get("/api/v1/session").status_code == 401


@pytest.mark.parametrize("peer", ["10.0.0.6", "127.0.0.1", "fe80::1", "testclient"])
def test_another_address_cannot_say_who_asks(tmp_path: Path, peer: str) -> None:
    with behind_proxy(tmp_path, peer) as http:
        sent = {"X-Forwarded-User": "ann", "X-Forwarded-For": "10.0.0.5"}
        assert http.get("/api/v1/session", headers=sent).status_code == 401
