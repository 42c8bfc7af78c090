"""A bridge of its own, as its own process."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.browser import pages, shop
from tests.support.waiting import until


def inherited() -> dict[str, str]:
    """The environment without what the tests read themselves, such as FAIRLEAD_CHROMIUM."""
    return {name: value for name, value in os.environ.items() if not name.startswith("FAIRLEAD_")}


@dataclass
class Bridge:
    """`fairlead-bridge serve` as its own process, over a database of its own."""

    folder: Path
    port: int = 0
    environment: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None
    base: str = field(default="")

    def start(self) -> None:
        command = [sys.executable, "-m", "fairlead_bridge", "serve", "--port", str(self.port)]
        database = f"sqlite:///{self.folder / 'bridge.db'}"
        log = self.folder / "bridge.log"
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                [*command, "--database-url", database],
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=self.folder,
                env={**inherited(), **self.environment},
            )

        def started() -> re.Match[str] | None:
            assert self.process is not None
            assert self.process.poll() is None, log.read_text()
            return re.search(r"url=(http://\S+:(\d+))", log.read_text())

        until(started, "the bridge has not started")
        found = started()
        assert found
        self.base, self.port = found[1], int(found[2])
        until(self.settled, "the bridge does not answer")

    def stop(self) -> None:
        if self.process:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(15)
            self.process = None

    def get(self, path: str) -> shop.Json:
        return pages.get(self.base, path)

    def settled(self) -> bool:
        try:
            return bool(self.get("health")["inbox"]["waiting"] == 0)
        except OSError:
            return False

    def send(self, events: list[shop.Json]) -> None:
        """Send events and wait until the catalog knows them."""
        shop.post(self.base, events)
        until(self.settled, "the bridge has not absorbed the events")
        assert self.get("health")["inbox"]["quarantined"] == 0, self.get("quarantine?limit=1")
