"""
What it costs: every bench of this folder, one after the other, as ratios within one run.

    python -m bench [NAME ...]

Needs nothing but the environment. PostgreSQL is measured too where its programs are installed;
`overhead`, which runs a real Airflow for a quarter of an hour, only where it is named.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from tests import postgres

#: Name, the module's arguments, and whether it runs without being named.
BENCHES: dict[str, tuple[list[str], bool]] = {
    "intake": (["--rounds", "3"], True),
    "absorb": ([], True),
    "lineage": ([], True),
    "sinks": ([], True),
    "page": ([], True),
    "overhead": ([], False),
}


def main() -> int:
    unknown = [name for name in sys.argv[1:] if name not in BENCHES]
    if unknown:
        print(f"no such bench: {', '.join(unknown)}; there are {', '.join(BENCHES)}")
        return 2
    wanted = sys.argv[1:] or [name for name, (_, always) in BENCHES.items() if always]
    failed = 0
    for name in wanted:
        print(f"\n== {name}", flush=True)
        began = time.monotonic()
        with _arguments(name) as arguments:
            failed += bool(subprocess.call([sys.executable, "-m", f"bench.{name}", *arguments]))
        print(f"({time.monotonic() - began:.0f} s)", flush=True)
    return 1 if failed else 0


@contextmanager
def _arguments(name: str) -> Iterator[list[str]]:
    arguments, _ = BENCHES[name]
    if name != "absorb":
        yield arguments
        return
    lacking = postgres.missing()
    if lacking:
        print(f"without PostgreSQL: {lacking}")
        yield arguments
        return
    with postgres.running(durable=True) as url:
        yield [*arguments, "--postgres", url]


if __name__ == "__main__":
    sys.exit(main())
