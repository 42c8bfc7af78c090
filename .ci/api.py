"""
Asks every operation of the OpenAPI document with generated requests: python .ci/api.py [EXAMPLES]

A bridge of its own is started from `.venv`, with a key and a few events, and Schemathesis asks it from
`.venv-supply`. It checks that nothing is answered with an error of the bridge's own, that answers have
the status, the type and the shape that the document says, and that keys are asked for.

Two checks do not fit: that all which the document allows is accepted (a cursor is a text, but not every text is one)
and that all else is refused (events are stored as they come, and moments may be numbers).
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).parents[1]
BIN = Path(sys.executable).parent
KEY = "a-key-of-this-run-alone"
#: Seconds for the bridge to start.
PATIENCE = 120.0
LEFT_OUT = ("positive_data_acceptance", "negative_data_rejection")
EVENT = (
    b'{"eventType": "COMPLETE", "eventTime": "2026-11-01T08:00:00Z", "producer": "https://example.com/p", '
    b'"run": {"runId": "0199f000-0000-7000-8000-000000000001"}, "job": {"namespace": "prod", "name": "etl.load"}, '
    b'"outputs": [{"namespace": "postgres://db:5432", "name": "shop.public.orders"}]}'
)


def main(examples: str) -> int:
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder, "bridge.log")
        environment = {
            **os.environ,
            "FAIRLEAD_API_KEYS": KEY,
            "FAIRLEAD_DATABASE_URL": f"sqlite:///{folder}/bridge.db",
        }
        command = [str(ROOT / ".venv" / "bin" / "fairlead-bridge"), "serve", "--port", "0"]
        with log.open("wb") as output:
            bridge = subprocess.Popen(command, stderr=output, env=environment)  # noqa: S603
        try:
            return _ask(_started(log, bridge), examples, folder)
        finally:
            bridge.terminate()
            bridge.wait(60)


def _started(log: Path, bridge: subprocess.Popen[bytes]) -> str:
    ends = time.monotonic() + PATIENCE
    while time.monotonic() < ends and bridge.poll() is None:
        if found := re.search(r"url=(http://\S+)", log.read_text()):
            return found[1]
        time.sleep(0.2)
    raise SystemExit(f"the bridge did not start:\n{log.read_text()}")


def _ask(base: str, examples: str, folder: str) -> int:
    headers = {"Authorization": f"Bearer {KEY}"}
    sent = urllib.request.Request(f"{base}/api/v1/lineage", EVENT, headers)  # noqa: S310
    urllib.request.urlopen(sent, timeout=30).close()  # noqa: S310
    command = [
        *(str(BIN / "schemathesis"), "run", f"{base}/openapi.json"),
        *("--header", f"Authorization: Bearer {KEY}", "--exclude-path", "/api/v1/stream"),
        *("--checks", "all", "--exclude-checks", ",".join(LEFT_OUT)),
        *("--phases", "examples,coverage,fuzzing", "--max-examples", examples, "--no-color"),
    ]
    return subprocess.run(command, check=False, cwd=folder).returncode  # noqa: S603


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else "20"))
