"""
Build the three wheels once, and check that each works alone in an empty environment.

    python .ci/wheels.py build     sdist and wheel of each package into dist/
    python .ci/wheels.py test      the wheels of dist/, each in an environment without this checkout

The wheels are built from the sdists, so that both are known to be whole. Needs uv beside the Python
that runs this, as `make install` leaves it.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
import zipfile
from collections.abc import Callable
from email.parser import Parser
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
DIST = ROOT / "dist"
UV = Path(sys.executable).with_name("uv")
PINS = ROOT / "constraints" / "all.txt"
VERSION = (ROOT / "VERSION").read_text().strip()
PACKAGES = {
    "fairlead-sdk": "sdk",
    "airflow-provider-fairlead": "provider",
    "fairlead-bridge": "bridge",
}
START_SECONDS = 60


class Failed(Exception):
    """A wheel is not what it should be; the message says how."""


def build() -> None:
    """Build every package into an empty `dist/` and check the metadata of the wheels."""
    shutil.rmtree(DIST, ignore_errors=True)
    for folder in PACKAGES.values():
        _run(UV, "build", "--system-certs", "--quiet", "--out-dir", DIST, ROOT / folder)
    for name in PACKAGES:
        check_metadata(name)
        sys.stdout.write(f"built {_wheel(name).name}\n")


def check_metadata(name: str) -> None:
    """Raise `Failed` unless the wheel has this version, the licence, a readme and classifiers."""
    with zipfile.ZipFile(_wheel(name)) as wheel:
        (path,) = [each for each in wheel.namelist() if each.endswith(".dist-info/METADATA")]
        metadata = Parser().parsestr(wheel.read(path).decode())
        licences = [each for each in wheel.namelist() if each.endswith("/licenses/LICENSE")]
    wrong = {
        f"version {metadata['Version']}, not {VERSION}": metadata["Version"] != VERSION,
        "no licence": not licences,
        "no readme": not str(metadata.get_payload()).strip(),
        "no classifiers": not metadata.get_all("Classifier"),
    }
    for what, is_so in wrong.items():
        if is_so:
            raise Failed(f"{_wheel(name).name}: {what}")


def test() -> None:
    """
    Install and start each wheel in an environment of its own; events go from one to another: with
    the pinned versions, then with the newest and the oldest that the wheels' ranges allow.
    """
    _test_with("-c", PINS)
    _test_with("--resolution", "highest", without_airflow=True)
    _test_with("--resolution", "lowest-direct", without_airflow=True)


def _test_with(*versions: object, without_airflow: bool = False) -> None:
    named = " ".join(map(str, versions)).replace(f"{ROOT}/", "")
    sys.stdout.write(f"With {named}\n")
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        bridge, port = _environment(work / "bridge", versions, "fairlead-bridge"), _free_port()
        url = f"http://127.0.0.1:{port}"
        server = subprocess.Popen(  # noqa: S603
            [
                bridge / "fairlead-bridge",
                "serve",
                "--port",
                str(port),
                "--database-url",
                "sqlite:///wheel.db",
            ],
            cwd=work,
            env=_clean(work),
        )
        try:
            _until(
                lambda: _get(f"{url}/api/v1/health")["status"] == "ok", "the bridge is not ready"
            )
            _check_page(url)
            _check_sdk(work, url, versions)
            if not without_airflow:
                _check_provider(work, url, versions)
        finally:
            server.terminate()
            server.wait(30)


def _check_page(url: str) -> None:
    with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310
        page = answer.read().decode()
    script = re.search(r'src="([^"]+\.js)"', page)
    if not script:
        raise Failed("the bridge's wheel does not contain its page")
    with urllib.request.urlopen(f"{url}/{script[1].lstrip('./')}", timeout=10) as answer:  # noqa: S310
        if "javascript" not in answer.headers["Content-Type"]:
            raise Failed(f"the page's script {script[1]} is missing in the bridge's wheel")
    sys.stdout.write("fairlead-bridge: serves its API and its page\n")


RUN = """
import fairlead_sdk
with fairlead_sdk.run("wheel.check", inputs=["s3://lake/raw/orders"]) as this:
    this.writes("file:///data/report.csv", rows=3)
"""


def _check_sdk(work: Path, url: str, versions: tuple[object, ...]) -> None:
    programs = _environment(work / "sdk", versions, "fairlead-sdk")
    settings = _clean(work) | {"FAIRLEAD_URL": url, "FAIRLEAD_SPOOL": str(work / "spool")}
    _run(programs / "python", "-c", RUN, cwd=work, env=settings)
    _run(programs / "fairlead", "spool", "flush", cwd=work, env=settings)
    _until(
        lambda: _states(url, "wheel.check") == ["success"], "the SDK's run is not in the catalog"
    )
    sys.stdout.write("fairlead-sdk: a run went through its spool into the catalog\n")


DAG = """
from airflow.sdk import DAG, Asset, task
with DAG("wheel_check", schedule=None):
    @task(outlets=[Asset("file:///data/wheel.csv")])
    def write(): ...
    write()
"""


def _check_provider(work: Path, url: str, versions: tuple[object, ...]) -> None:
    programs = _environment(
        work / "provider", versions, "airflow-provider-fairlead", "fairlead-sdk"
    )
    home = work / "airflow"
    (home / "dags").mkdir(parents=True)
    (home / "dags" / "wheel_check.py").write_text(DAG)
    settings = _clean(work) | {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__FAIRLEAD__URL": url,
        "AIRFLOW__FAIRLEAD__SPOOL": str(work / "airflow-spool"),
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
    }
    _run(programs / "airflow", "db", "migrate", cwd=work, env=settings)
    _run(programs / "airflow", "dags", "test", "wheel_check", cwd=work, env=settings)
    _run(programs / "airflow", "fairlead", "flush", cwd=work, env=settings)
    _until(
        lambda: "success" in _states(url, "wheel_check.write"),
        "the task's run is not in the catalog",
    )
    sys.stdout.write(
        "airflow-provider-fairlead: a DAG's task went through its spool into the catalog\n"
    )


def _environment(folder: Path, versions: tuple[object, ...], *names: str) -> Path:
    """
    Make an environment with nothing but these wheels and what they need, in the versions that these
    options of uv choose; returns its programs.
    """
    _run(UV, "venv", "--quiet", "--no-python-downloads", "--python", sys.executable, folder)
    wheels = [_wheel(name) for name in names]
    python = folder / "bin" / "python"
    install = (UV, "pip", "install", "--system-certs", "--quiet", "--python", python)
    _run(*install, *versions, *wheels)
    return folder / "bin"


def _wheel(name: str) -> Path:
    found = list(DIST.glob(f"{name.replace('-', '_')}-*.whl"))
    if len(found) != 1:
        raise Failed(f"dist/ has {len(found)} wheels of {name} instead of one: make wheels")
    return found[0]


def _clean(home: Path) -> dict[str, str]:
    """Return an environment without this checkout's paths and this user's settings."""
    return {"PATH": os.environ["PATH"], "HOME": str(home)}


def _run(*command: object, cwd: Path | None = None, env: dict[str, str] | None = None) -> None:
    words = [str(word) for word in command]
    done = subprocess.run(words, cwd=cwd, env=env, capture_output=True, text=True)  # noqa: S603
    if done.returncode:
        raise Failed(f"{' '.join(words)}\n{done.stdout[-4000:]}{done.stderr[-4000:]}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _get(url: str) -> Any:
    with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310
        return json.load(answer)


def _states(url: str, job: str) -> list[object]:
    return [item["state"] for item in _get(f"{url}/api/v1/runs?job={job}")["items"]]


def _until(holds: Callable[[], bool], otherwise: str) -> None:
    """Wait until the condition holds; raise `Failed` after `START_SECONDS`."""
    give_up = time.monotonic() + START_SECONDS
    while time.monotonic() < give_up:
        try:
            if holds():
                return
        except OSError:
            pass  # the server does not listen yet
        time.sleep(0.2)
    raise Failed(f"{otherwise} after {START_SECONDS} s")


def main(arguments: list[str]) -> int:
    """Run the named step; 0 on success, 1 where a wheel is not right, 2 for wrong use."""
    steps = {"build": build, "test": test}
    if len(arguments) != 1 or arguments[0] not in steps:
        sys.stderr.write(__doc__ or "")
        return 2
    try:
        steps[arguments[0]]()
    except Failed as failed:
        sys.stderr.write(f"{failed}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
