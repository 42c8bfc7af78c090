"""
What it costs: every bench of this folder, one after the other, as ratios within one run.

    python -m bench [NAME ... [--OPTION ...]]

Needs nothing but the environment. PostgreSQL is measured too where its programs are installed;
Only where they are named: `overhead`, which runs a real Airflow for a quarter of an hour, `notify`,
which starts a worker fifty times, `fuzz`, `attack`, `mutants`, `check` and `sql_fuzz`, which measure nothing, `sql`,
which needs cases, `sql_truth`, `sql_tpc`, which needs DuckDB, and `style`, which reads the code. Options
are handed to the benches that are named.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import takewhile

from tests.support import postgres

#: Name, the module's arguments, and whether it runs without being named.
BENCHES: dict[str, tuple[list[str], bool]] = {
    "intake": (["--rounds", "3"], True),
    "absorb": ([], True),
    "lineage": ([], True),
    "sinks": ([], True),
    "page": ([], True),
    "opened": ([], False),
    "monitoring": (["--datasets", "20000"], True),
    "answers": ([], True),
    "lateness": ([], True),
    "notify": ([], False),
    "incidents": ([], False),
    "eta": ([], True),
    "overhead": ([], False),
    "fuzz": ([], False),
    "attack": ([], False),
    "mutants": ([], False),
    "check": ([], False),
    "sql": ([], False),
    "sql_fuzz": ([], False),
    "sql_tpc": ([], False),
    "sql_truth": ([], False),
    "style": ([], False),
}


def main() -> int:
    asked = list(takewhile(lambda word: not word.startswith("--"), sys.argv[1:]))
    options = sys.argv[1 + len(asked) :]
    unknown = [name for name in asked if name not in BENCHES]
    if unknown:
        print(f"no such bench: {', '.join(unknown)}; there are {', '.join(BENCHES)}")
        return 2
    wanted = asked or [name for name, (_, always) in BENCHES.items() if always]
    failed = 0
    for name in wanted:
        print(f"\n== {name}", file=sys.stderr, flush=True)
        began = time.monotonic()
        with _arguments(name) as arguments:
            failed += bool(
                subprocess.call([sys.executable, "-m", f"bench.{name}", *arguments, *options])
            )
        print(f"({time.monotonic() - began:.0f} s)", file=sys.stderr, flush=True)
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
