"""The proxy that docs/how-to/run-in-production.md shows, in a real nginx."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

from tests.support.browser.bridge import Bridge
from tests.support.production import BLOCKS, variables
from tests.support.small import run_event, uuid
from tests.support.waiting import until

pytestmark = pytest.mark.system

KEY = {"Authorization": "Bearer sesame"}
NAME = {"Host": "data.example.com"}
EVENT = run_event("START", "08:00:00", uuid(1), "j")


@dataclass(frozen=True)
class Proxied:
    base: str

    def ask(self, method: str, path: str, **more: object) -> requests.Response:
        return requests.request(method, f"{self.base}/catalog{path}", timeout=10, **more)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def nginx(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxied]:
    settings = {
        "FAIRLEAD_API_KEYS": "sesame",
        "FAIRLEAD_ROOT_PATH": "/catalog",
        "FAIRLEAD_ALLOWED_HOSTS": "data.example.com",
    }
    example = BLOCKS["in the server of data.example.com"]
    with _proxied(tmp_path_factory.mktemp("nginx"), example, settings) as proxied:
        yield proxied


@pytest.fixture(scope="module")
def asking(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxied]:
    """nginx that asks for a password."""
    folder = tmp_path_factory.mktemp("asking")
    (folder / "users").write_text("ann:{PLAIN}secret\nbob:{PLAIN}word\n")
    (folder / "users").chmod(0o644)
    example = BLOCKS["in the server, with a login"]
    settings = {"FAIRLEAD_API_KEYS": "sesame", **variables("its settings")}
    shown = example.replace("/etc/nginx/fairlead.users", str(folder / "users"))
    with _proxied(folder, shown, settings) as proxied:
        yield proxied


@contextmanager
def _proxied(folder: Path, example: str, settings: dict[str, str]) -> Iterator[Proxied]:
    program = shutil.which("nginx")
    if program is None:
        pytest.skip("nginx is not here: apt-get install nginx-light")
    bridge = Bridge(folder, environment=settings)
    bridge.start()
    port = _free_port()
    (folder / "nginx.conf").write_text(_configuration(folder, port, bridge.port, example))
    command = [program, "-c", str(folder / "nginx.conf"), "-e", str(folder / "error.log")]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        _wait(port, process, folder / "error.log")
        yield Proxied(f"http://127.0.0.1:{port}")
    finally:
        process.terminate()
        process.wait(10)
        bridge.stop()


def _configuration(folder: Path, port: int, bridge: int, example: str) -> str:
    shown = example.replace("127.0.0.1:7070", f"127.0.0.1:{bridge}")
    temporary = "\n".join(
        f"{name}_temp_path {folder}/{name};"
        for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    return (
        f"daemon off; pid {folder}/pid; user root; events {{}} http {{ access_log off; {temporary}\n"
        f"server {{ listen 127.0.0.1:{port}; {shown} }} }}"
    )


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _wait(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(600):
        if process.poll() is not None:
            raise AssertionError(log.read_text())
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise AssertionError("nginx does not listen")


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/api/v1/lineage", EVENT, 201),
        ("/api/v1/lineage/batch", b"[" + EVENT + b"]", 204),
        ("/api/v1/lineage/", EVENT, 201),
    ],
)
def test_events_pass_with_a_key_and_not_without(
    nginx: Proxied, path: str, body: bytes, status: int
) -> None:
    assert nginx.ask("POST", path, data=body, headers=KEY).status_code == status
    refused = nginx.ask("POST", path, data=body)
    assert (refused.status_code, refused.headers["www-authenticate"]) == (401, "Bearer")


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/lineage",
        "/api/v1/lineage?node=job:prod:j",
        "/api/v1/lineage/?node=job:prod:j",
        "/api/v1//lineage?node=job:prod:j",
        "/api/v1/lineage/columns?node=job:prod:j",
        "/api/v1/events",
        "/openapi.json",
        "/metrics",
    ],
)
def test_nothing_is_shown_without_a_key(nginx: Proxied, path: str) -> None:
    for method in ("GET", "HEAD"):
        assert nginx.ask(method, path).status_code == 401, (method, path)


def test_a_browser_signs_in_below_the_path_and_sees_the_page_and_lineage(nginx: Proxied) -> None:
    nginx.ask("POST", "/api/v1/lineage", data=EVENT, headers=KEY)
    until(
        lambda: not nginx.ask("GET", "/api/v1/health").json()["inbox"]["waiting"],
        "the event is not absorbed",
    )
    session = signed_in(nginx)
    page = session.get(f"{nginx.base}/catalog/", headers=NAME, timeout=10)
    assert '<base href="/catalog/" />' in page.text
    lineage = session.get(
        f"{nginx.base}/catalog/api/v1/lineage?node=job:prod:j", headers=NAME, timeout=10
    )
    assert lineage.json()["nodes"][0]["name"] == "j"


def test_in_the_session_the_page_changes_things_and_another_site_does_not(nginx: Proxied) -> None:
    session = signed_in(nginx)
    for origin, status in (("https://data.example.com", 200), ("https://evil.example", 403)):
        answer = session.post(
            f"{nginx.base}/catalog/api/v1/quarantine/replay",
            headers={**NAME, "Origin": origin},
            timeout=10,
        )
        assert answer.status_code == status, origin


def signed_in(nginx: Proxied) -> requests.Session:
    """A browser that was led to the login, and signed in with the key."""
    session = requests.Session()
    led = session.get(
        f"{nginx.base}/catalog/dags",
        headers={**NAME, "Accept": "text/html"},
        allow_redirects=False,
        timeout=10,
    )
    assert led.headers["location"] == "/catalog/login?next=%2Fdags"
    answer = session.post(
        f"{nginx.base}/catalog/login",
        data={"key": "sesame", "next": "/dags"},
        headers={**NAME, "Origin": "https://data.example.com"},
        allow_redirects=False,
        timeout=10,
    )
    assert (answer.status_code, answer.headers["location"]) == (303, "/catalog/dags")
    return session


def test_browsers_are_asked_to_stay_with_https(nginx: Proxied) -> None:
    assert "max-age" in nginx.ask("GET", "/login").headers["strict-transport-security"]


ANN, BOB = ("ann", "secret"), ("bob", "word")


def test_only_the_proxy_says_who_asks(asking: Proxied) -> None:
    forged = {**NAME, "X-Forwarded-User": "ann", "X-Forwarded-Groups": "data-admins"}
    assert asking.ask("GET", "/api/v1/session", headers=forged).status_code == 401
    for login, roles in ((ANN, "admin"), (BOB, "viewer")):
        session = asking.ask("GET", "/api/v1/session", auth=login, headers=forged).json()
        assert (session["name"], session["method"]) == (login[0], "proxy")
        assert (roles in session["roles"], "admin" in session["roles"]) == (True, login == ANN)


def test_events_need_a_key_whatever_they_say_of_their_sender(asking: Proxied) -> None:
    forged = {**NAME, "X-Forwarded-User": "ann"}
    for path, body, status in (
        ("/api/v1/lineage", EVENT, 201),
        ("/api/v1/lineage/batch", b"[" + EVENT + b"]", 204),
    ):
        assert asking.ask("POST", path, data=body, headers=forged).status_code == 401
        assert asking.ask("POST", path, data=body, headers=KEY).status_code == status
        shown = asking.ask("GET", f"{path}?node=job:prod:j", headers=forged)
        assert shown.status_code == 401


def test_a_program_reads_with_its_key_beside_the_proxys_login(asking: Proxied) -> None:
    headers = {**NAME, "X-Api-Key": "sesame"}
    session = asking.ask("GET", "/api/v1/session", auth=BOB, headers=headers).json()
    assert session["method"] == "key"
