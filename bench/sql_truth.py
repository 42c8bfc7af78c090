"""Lineage by column against the truth: what changes when a source column changes.

    python -m bench sql_truth [--rounds 40]

A small shop in SQLite, queries in the manner of TPC-H over it. One source column at a time gets other
values; an output column whose values are then others depends on it. Every dependency that is seen must be
among the direct and indirect inputs that `fairlead_sdk.sql` names (recall); every input that it names for a
column should be seen to matter in some round (precision). What differs is printed.
"""

from __future__ import annotations

import argparse
import sys

from tests.support.sql.by_execution import QUERIES, describe, observed, predicted

from fairlead_sdk.sql import read

#: Why an input that matters is not seen to.
EXPLAINED = {
    ("rank in a segment", "place"): "a rank moves to another row, the ranks are the same",
    ("named queries", "is_best"): "few totals are so near to the limit that a change crosses it",
}


def main() -> int:
    options = argparse.ArgumentParser(prog="python -m bench sql_truth", description=__doc__)
    options.add_argument("--rounds", type=int, default=40)
    rounds = options.parse_args().rounds
    right = expected = found = matter = 0
    for name, query in QUERIES.items():
        names, seen = observed(query, rounds)
        reading = read(f"CREATE TABLE result AS {query}", "sqlite", describe)
        direct, rows = predicted(reading)
        for column in names:
            reported = direct.get(column, set())
            missed = seen[column] - reported - rows
            idle = reported - seen[column]
            expected += len(seen[column])
            right += len(seen[column]) - len(missed)
            found += len(reported)
            matter += len(reported) - len(idle)
            if missed or idle:
                print(
                    f"{name}, {column}: missed {sorted(missed)}, not seen {sorted(idle)}:"
                    f" {EXPLAINED.get((name, column), 'not explained')}"
                )
    print(
        f"{len(QUERIES)} queries: recall {100 * right / expected:.1f} % ({right}/{expected}),"
        f" precision {100 * matter / found:.1f} % ({matter}/{found})"
    )
    return 0 if right == expected else 1


if __name__ == "__main__":
    sys.exit(main())
