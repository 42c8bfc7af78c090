"""Whether `fairlead check` finds what breaks, and nothing else: sixty changes to a repository.

    python -m bench check [--show]

A repository of DAG SQL and dbt models, a bridge whose catalog knows what its runs made and what others
made of that, and changes, each a commit on a branch of its own: half of them break something, each in another
way, the others nothing. Each is checked by the command itself in a process of its own, against `main`.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.support import bridging
from tests.support.changing import BREAKING, HARMLESS, Change, apply, make_repository
from tests.support.shop_repository import events

_MOST_SECONDS = 30.0


def main() -> int:
    options = argparse.ArgumentParser(prog="python -m bench check", description=__doc__)
    options.add_argument("--show", action="store_true", help="what is found of each")
    show = options.parse_args().show
    with tempfile.TemporaryDirectory() as folder, bridging.running(Path(folder)) as bridge:
        bridge.take(events())
        root = Path(folder) / "repository"
        root.mkdir()
        make_repository(root)
        missed = [c.name for c in BREAKING if not _is_right(root, bridge.url, c, show)]
        wrong = [c.name for c in HARMLESS if not _is_right(root, bridge.url, c, show)]
    print(f"breaking: {len(BREAKING) - len(missed)} of {len(BREAKING)} found; missed: {missed}")
    print(f"harmless: {len(HARMLESS) - len(wrong)} of {len(HARMLESS)} silent; not: {wrong}")
    print(f"slowest: {max(_seconds):.1f} s, median {sorted(_seconds)[len(_seconds) // 2]:.1f} s")
    return 1 if missed or wrong or max(_seconds) > _MOST_SECONDS else 0


_seconds: list[float] = []


def _is_right(root: Path, url: str, change: Change, show: bool) -> bool:
    apply(root, change)
    began = time.monotonic()
    command = [sys.executable, "-m", "fairlead_sdk.cli", "check", "--base", "main", "--url", url]
    done = subprocess.run(
        [*command, "--dialect", "postgres", "--format", "json"], cwd=root, capture_output=True
    )
    _seconds.append(time.monotonic() - began)
    if done.returncode not in (0, 1):
        print(f"{change.name}: {done.stderr.decode()}")
        return False
    findings = json.loads(done.stdout)["findings"]
    rules = {each["rule"] for each in findings}
    if show:
        print(f"{change.name}: {[each['message'] for each in findings]}")
    is_right = change.rule in rules if change.rule else not findings
    return is_right and done.returncode == (1 if change.rule else 0)


if __name__ == "__main__":
    sys.exit(main())
