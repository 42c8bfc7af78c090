"""A real bridge in a process of its own, for tests of what asks it.

It may live in another environment than the tests: what Airflow 2 needs keeps the bridge out.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from tests.support.waiting import HANG, until

_OTHER = Path(__file__).parents[2] / ".venv" / "bin" / "python"
PYTHON = sys.executable if find_spec("fairlead_bridge") else str(_OTHER)
"""That of the environment with the bridge."""


class Bridge:
    """Its address; `take` returns when the events are in its catalog."""

    def __init__(self, url: str) -> None:
        self.url = url

    def take(self, events: Sequence[bytes | dict[str, Any]]) -> None:
        bodies = [e if isinstance(e, bytes) else json.dumps(e).encode() for e in events]
        request = urllib.request.Request(  # noqa: S310 - our own server
            f"{self.url}/api/v1/lineage/batch",
            data=b"[" + b",".join(bodies) + b"]",
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=HANG) as answer:  # noqa: S310
            assert answer.status in (200, 204)
        until(lambda: self.get("health")["inbox"]["waiting"] == 0, "the bridge does not absorb")

    def get(self, path: str) -> Any:
        with urllib.request.urlopen(f"{self.url}/api/v1/{path}", timeout=HANG) as answer:  # noqa: S310
            return json.load(answer)


@contextmanager
def running(folder: Path) -> Iterator[Bridge]:
    """Serves a catalog in `folder`."""
    log = folder / "bridge.log"
    command = [PYTHON, "-m", "fairlead_bridge", "serve", "--port", "0"]
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*command, "--database-url", f"sqlite:///{folder / 'catalog.db'}"],
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=folder,
        )
    try:
        yield Bridge(_address(process, log))
    finally:
        process.terminate()
        process.wait(20)


def _address(process: subprocess.Popen[bytes], log: Path) -> str:
    def address() -> re.Match[str] | None:
        return re.search(r"url=(http://\S+)", log.read_text())

    until(address, f"the bridge has not started, see {log}", process)
    found = address()
    assert found is not None
    return found[1]
