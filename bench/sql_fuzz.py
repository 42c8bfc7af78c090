"""Mutated SQL: nothing is raised, and no statement takes longer than its time.

    python -m bench sql_fuzz [--count 100000] [--seed 1] [--cases FILE]

Statements are those of the tests' own kinds, and of FILE if one is given; what is done to them: words are
taken out, doubled, exchanged and put in from others, quotes and brackets opened and closed.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import sys
import time
from pathlib import Path

from tests.support.sql.every_kind import EVERY_KIND

from fairlead_sdk.sql import dialect_of, read

_WORDS = re.compile(r"\s+|\w+|[^\w\s]")
_ODD = [
    "'",
    '"',
    "(",
    ")",
    ";",
    "--",
    "/*",
    "*/",
    "$$",
    "`",
    "[",
    "]",
    "{{",
    "}}",
    "\x00",
    "@",
    ":",
    "::",
    "*",
]
_LIMIT = 2.0


def main() -> int:
    options = argparse.ArgumentParser(prog="python -m bench sql_fuzz", description=__doc__)
    options.add_argument("--count", type=int, default=100_000)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--cases", type=Path)
    arguments = options.parse_args()
    chance = random.Random(arguments.seed)
    seeds = _seeds(arguments.cases)
    words = [word for _, sql in seeds for word in _WORDS.findall(sql)]
    slowest, raised, slow = 0.0, 0, 0
    began = time.monotonic()
    for _ in range(arguments.count):
        dialect, sql = chance.choice(seeds)
        mutated = _mutated(sql, words, chance)
        before = time.process_time()
        try:
            read(mutated, dialect)
        except Exception as error:  # noqa: BLE001 - what this bench is for
            raised += 1
            print(f"raised {type(error).__name__}: {error}\n    {dialect}: {mutated[:500]!r}")
        took = time.process_time() - before
        slowest = max(slowest, took)
        if took > _LIMIT:
            slow += 1
            print(f"{took:.1f} s\n    {dialect}: {mutated[:500]!r}")
    print(
        f"{arguments.count} statements in {time.monotonic() - began:.0f} s: {raised} raised, "
        f"{slow} over {_LIMIT:g} s; the slowest took {slowest:.2f} s of processor time"
    )
    return 1 if raised or slow else 0


def _seeds(cases: Path | None) -> list[tuple[str, str]]:
    seeds = [(kind[0], kind[1]) for kind in EVERY_KIND]
    if cases:
        seeds += [(dialect_of(c["dialect"]), c["sql"]) for c in json.loads(cases.read_text())]
    return seeds


def _mutated(sql: str, words: list[str], chance: random.Random) -> str:
    parts = _WORDS.findall(sql)
    for _ in range(chance.randint(1, 6)):
        at = chance.randrange(len(parts)) if parts else 0
        match chance.randrange(6):
            case 0 if parts:
                del parts[at : at + chance.randint(1, 5)]
            case 1 if parts:
                parts[at:at] = parts[at : at + chance.randint(1, 20)]
            case 2:
                parts.insert(at, chance.choice(words))
            case 3:
                parts.insert(at, chance.choice(_ODD))
            case 4 if parts:
                other = chance.randrange(len(parts))
                parts[at], parts[other] = parts[other], parts[at]
            case _ if parts:
                parts[at] = chance.choice(words)
    return "".join(parts)


if __name__ == "__main__":
    sys.exit(main())
