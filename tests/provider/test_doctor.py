"""`airflow fairlead`: what it finds, and what it reports."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.provider.versions import commands_needed
from tests.support import bridging

from fairlead_airflow import compat, deployment
from fairlead_airflow.commands import RECIPES
from fairlead_airflow.doctor import examine
from fairlead_airflow.findings import Finding, Level, ok
from fairlead_airflow.transport import FairleadTransport
from fairlead_sdk.delivery import read_tally
from fairlead_sdk.spool import Spool
from fairlead_sdk.testing import Answer, Receiver

pytestmark = pytest.mark.airflow


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as running:
        yield running


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    path = tmp_path / "spool"
    monkeypatch.setenv("AIRFLOW__FAIRLEAD__SPOOL", str(path))
    monkeypatch.setenv("AIRFLOW__FAIRLEAD__IDLE_EXIT", "0.5")
    yield path
    if path.exists():
        (path / "destination").write_text("none")
        while Spool(path).is_delivering():
            time.sleep(0.05)


def examined(timeout: float = 60.0, *, send: bool = True) -> tuple[Finding, dict[str, Level]]:
    assessment, *findings = examine(timeout, send=send)
    return assessment, {finding.text: finding.level for finding in findings}


def cause(timeout: float = 60.0) -> str:
    """The assessment's text, if lineage does not arrive."""
    assessment, findings = examined(timeout)
    assert assessment.level is Level.FAIL
    assert list(findings.values()).count(Level.FAIL) == 1, "one cause, no consequences"
    return assessment.text


def test_a_probe_goes_all_the_way(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_FAIRLEAD_DEFAULT", "fairlead://" + receiver.url[7:])
    assessment, findings = examined()
    assert assessment == ok("lineage of this host arrives")
    assert findings["the catalog has the probe"] is Level.OK
    assert f"events go to {receiver.url} (set by connection fairlead_default)" in findings
    assert receiver.events[0]["job"]["name"] == "fairlead.doctor"


def test_nothing_is_sent_when_nothing_shall_be_sent(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW__FAIRLEAD__URL", receiver.url)
    assessment, _ = examined(send=False)
    assert "not proven" in assessment.text
    assert receiver.events == []


def test_a_receiver_that_is_away_is_the_cause(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW__FAIRLEAD__URL", "http://127.0.0.1:9")
    assert cause(0.5).startswith("the receiver does not answer: no answer from http://127.0.0.1:9")
    assert Spool(folder).is_empty(), "no probe waits for a receiver that is known to be away"


@pytest.mark.parametrize(
    ("key", "why"), [("", "no key is set"), ("wrong", "does not know the key")]
)
def test_a_wrong_or_missing_key_is_the_cause(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: str, why: str
) -> None:
    monkeypatch.setenv("FAIRLEAD_API_KEYS", "right-one")
    with bridging.running(tmp_path) as bridge:
        monkeypatch.setenv("AIRFLOW__FAIRLEAD__URL", bridge.url)
        monkeypatch.setenv("AIRFLOW__FAIRLEAD__API_KEY", key)
        text = cause()
        assert "refuses events with HTTP 401" in text
        assert why in text
        assert "[fairlead] api_key" in text
        monkeypatch.setenv("AIRFLOW__FAIRLEAD__API_KEY", "right-one")
        _, findings = examined()
        assert findings["the catalog has the probe"] is Level.OK
        assert findings[f"{bridge.url} takes events with the key that is set"] is Level.OK


def test_a_login_page_in_front_is_the_cause(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    def to_login(path: str, events: list[dict[str, Any]]) -> Answer:
        return 302, {"Location": "https://login.corp/start"}, None

    receiver.responder = to_login
    monkeypatch.setenv("AIRFLOW__FAIRLEAD__URL", receiver.url)
    assert "a login page or a proxy" in cause()


def test_an_event_that_the_receiver_rejects_is_the_cause(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    def picky(path: str, events: list[dict[str, Any]]) -> Answer:
        return (422, {}, {"detail": "no events on Sundays"}) if events else (204, {}, None)

    receiver.responder = picky
    monkeypatch.setenv("AIRFLOW__FAIRLEAD__URL", receiver.url)
    assert "no events on Sundays" in cause()


def test_a_probe_that_does_not_get_through_says_what_the_delivery_says(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(path: str, events: list[dict[str, Any]]) -> Answer:
        return (503, {}, {"detail": "busy with others"}) if events else (204, {}, None)

    receiver.responder = busy
    monkeypatch.setenv("AIRFLOW__FAIRLEAD__URL", receiver.url)
    text = cause(3)
    assert "still in the spool" in text
    assert "busy with others" in text


@pytest.mark.parametrize("url", ["bridge:7070", "localhost", "htp://bridge", "http://"])
def test_an_address_without_http_is_named_in_plain_words(
    monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setenv("AIRFLOW__FAIRLEAD__URL", url)
    text = cause()
    assert text.startswith(f"[fairlead] url = {url} ")
    assert "http" in text.removeprefix(f"[fairlead] url = {url}") or "names no host" in text
    assert "adapter" not in text
    assert "schema" not in text.lower()


@pytest.mark.parametrize("option", ["AIRFLOW__FAIRLEAD__ENABLED", "AIRFLOW__OPENLINEAGE__DISABLED"])
def test_what_is_switched_off_is_the_cause(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch, option: str
) -> None:
    monkeypatch.setenv("AIRFLOW__FAIRLEAD__URL", receiver.url)
    monkeypatch.setenv(option, str("DISABLED" in option))
    text = cause()
    _, section, name = option.lower().split("__")
    assert f"[{section}] {name}" in text
    assert receiver.requests == [], "an address that nothing is sent to is not asked"


def test_a_transport_of_openlineages_own_is_the_cause(
    receiver: Receiver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = {"type": "file", "log_file_path": str(tmp_path / "events.json")}
    monkeypatch.setenv("AIRFLOW__FAIRLEAD__URL", receiver.url)
    monkeypatch.setenv("AIRFLOW__OPENLINEAGE__TRANSPORT", json.dumps(file))
    _, findings = examined()
    assert "[openlineage] transport (type file)" in cause()
    assert not any("events go to" in text or "probe" in text for text in findings)
    assert receiver.requests == []


def test_an_error_of_the_former_address_is_not_shown(
    receiver: Receiver, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW__FAIRLEAD__URL", "http://127.0.0.1:9")
    transport = FairleadTransport()
    transport.store({"eventType": "START"})
    while not read_tally(folder).get("last_error"):
        time.sleep(0.05)
    monkeypatch.setenv("AIRFLOW__FAIRLEAD__URL", receiver.url)
    assessment, findings = examined()
    assert assessment.level is Level.OK
    assert not any("127.0.0.1:9 " in text or "refused" in text for text in findings)


def test_tabs_that_stay_empty_name_the_setting_that_fills_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not compat.has_tabs():
        pytest.skip("Airflow before 3.1 has no tabs")
    monkeypatch.setenv("AIRFLOW__API__BASE_URL", "http://airflow.corp:8080/")
    with bridging.running(tmp_path) as bridge:
        monkeypatch.setenv("AIRFLOW__FAIRLEAD__URL", bridge.url)
        assessment, findings = examined()
        assert assessment.text == "lineage of this host arrives; 1 warning, see below"
        [warning] = [text for text, level in findings.items() if level is Level.WARN]
        assert "FAIRLEAD_FRAME_ANCESTORS=http://airflow.corp:8080" in warning
    monkeypatch.setenv("FAIRLEAD_FRAME_ANCESTORS", "http://airflow.corp:8080")
    with bridging.running(tmp_path) as bridge:
        monkeypatch.setenv("AIRFLOW__FAIRLEAD__URL", bridge.url)
        assert examined()[1]["Airflow's tabs may show the catalog's page"] is Level.OK


def test_another_airflow_behind_the_same_namespace_is_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAIRLEAD_FRAME_ANCESTORS", "http://airflow:8080")
    with bridging.running(tmp_path) as bridge:
        monkeypatch.setenv("AIRFLOW__FAIRLEAD__URL", bridge.url)
        assert examined()[0].text == "lineage of this host arrives"
        now = datetime.now(UTC)
        bridge.take([_of_another(now - timedelta(hours=1)), _of_another(now + timedelta(hours=1))])
        _, findings = examined()
        [warning] = [text for text, level in findings.items() if level is Level.WARN]
        assert "another Airflow sends under the namespace default too" in warning
        assert "the other one (until " in warning
        assert deployment.own_name() not in warning
        monkeypatch.setenv("AIRFLOW__OPENLINEAGE__NAMESPACE", "mine")
        assert Level.WARN not in examined()[1].values()


def _of_another(at: datetime) -> dict[str, Any]:
    return {
        "eventType": "OTHER",
        "eventTime": at.isoformat(),
        "producer": "https://example.org",
        "run": {
            "runId": "01939cd0-0000-7000-8000-0000000abd00",
            "facets": {"fairlead_deployment": {"name": "the other one"}},
        },
        "job": {"namespace": "default", "name": "shop"},
    }


def test_a_missing_connection_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__FAIRLEAD__CONN_ID", "nowhere")
    assert "nowhere" in cause()


def test_a_broken_option_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__FAIRLEAD__MAX_AGE", "long")
    assert "[fairlead] max_age" in cause()


def test_the_key_is_not_shown(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__FAIRLEAD__URL", receiver.url)
    monkeypatch.setenv("AIRFLOW__FAIRLEAD__API_KEY", "very-s3cret")
    assert not any("very-s3cret" in finding.text for finding in examine(60))
    sent = [
        headers.get("Authorization") for path, headers, _ in receiver.requests if "/api/" in path
    ]
    assert set(sent) == {"Bearer very-s3cret"}


def printed(*command: str) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", *command],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()[-1]


@commands_needed
def test_airflows_command_line_has_ours(folder: Path) -> None:
    Spool(folder)
    assert json.loads(printed("airflow", "fairlead", "status", "--json"))["waiting"] == 0


def test_the_commands_are_there_without_airflows_command_line(folder: Path) -> None:
    Spool(folder)
    assert json.loads(printed("fairlead_airflow", "status", "--json"))["waiting"] == 0


@pytest.mark.parametrize("target", RECIPES)
def test_the_lines_for_a_deployment_name_the_package_and_the_address(target: str) -> None:
    lines = RECIPES[target]("http://bridge:9")
    assert "http://bridge:9" in lines
    assert "pip wheel --no-deps --wheel-dir wheels ./sdk ./provider" in lines or target == "helm"


def documents(target: str) -> list[Any]:
    return [
        yaml.safe_load(text)
        for text in re.split(r"(?m)^(?:---|# .*\.yml.*)$", RECIPES[target]("http://b:9"))
    ]


def test_the_lines_for_docker_declare_the_volume_that_they_mount() -> None:
    compose, path = documents("docker")[-1], ""
    for service in compose["services"].values():
        [mount] = service["volumes"]
        volume, _, path = mount.partition(":")
        assert volume in compose["volumes"]
        assert path == service["environment"]["AIRFLOW__FAIRLEAD__SPOOL"]
    assert f"RUN mkdir -p {path}" in RECIPES["docker"]("http://b:9")


def test_the_lines_for_helm_put_the_spool_on_a_claim_that_outlives_pods() -> None:
    claim, values = documents("helm")
    assert claim["kind"] == "PersistentVolumeClaim"
    [volume] = values["volumes"]
    assert volume["persistentVolumeClaim"]["claimName"] == claim["metadata"]["name"]
    assert [mount["name"] for mount in values["volumeMounts"]] == [volume["name"]]
    assert "emptyDir" not in RECIPES["helm"]("http://b:9")
