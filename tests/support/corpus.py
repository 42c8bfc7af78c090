"""Real events, where FAIRLEAD_CORPUS says they are; tests that want them are skipped elsewhere."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

_SET = os.environ.get("FAIRLEAD_CORPUS")
FOLDER = Path(_SET) / "events" if _SET else None
needs_corpus = pytest.mark.skipif(FOLDER is None, reason="FAIRLEAD_CORPUS names no folder")


def airflow_events(version: str = "3.3.2") -> list[bytes]:
    """Events captured from a real Airflow, a JSON object each, file by file."""
    assert FOLDER is not None
    files = sorted((FOLDER / f"airflow-{version}").glob("*.jsonl"))
    return [line for file in files for line in file.read_bytes().splitlines() if line.strip()]


def airflow_database() -> dict[str, Any]:
    """Airflow's own database for the DAG runs of `airflow_events()`."""
    assert FOLDER is not None
    return dict(json.loads((FOLDER / "airflow-3.3.2" / "truth.json").read_text()))


def every_event() -> Iterator[tuple[str, bytes]]:
    """(where it stands, its bytes) of every event of the corpus, from any producer."""
    assert FOLDER is not None
    for file in sorted(FOLDER.rglob("*")):
        where = str(file.relative_to(FOLDER))
        if file.name == "truth.json" or not file.is_file():
            continue
        if file.suffix == ".jsonl":
            for number, line in enumerate(file.read_bytes().splitlines(), 1):
                if line.strip():
                    yield f"{where}:{number}", _unwrapped(line) if file.stem == "odd" else line
        elif file.suffix == ".json":
            yield where, file.read_bytes()


def _unwrapped(line: bytes) -> bytes:
    """Odd cases stand beside their names: {"case", "event"}."""
    return json.dumps(json.loads(line)["event"]).encode()
