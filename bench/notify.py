"""
Notifications in trouble: faults with datasets downstream, a worker that is killed while it sends, and
receivers that are away for an hour. Prints what each channel received, as JSON, a line each.

    python -m tests.support.notify_storm [--faults 100] [--datasets 50] [--kills 50] [--database-url URL]

Three parts: `killed` (faults come in while the worker is killed with -9), `away` (all is mended while
no receiver answers for an hour, by a clock that is moved on), and `calm` (the same faults again). `lost` and `doubled`
count incidents of which a channel received no message, or messages with two ids; `repeats` are
messages that came twice with one id, by which receivers of webhooks, e-mail and PagerDuty recognise
them and Slack and Teams cannot. Seconds are from the event's commit to the receiver.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path

from tests.support.notify_storm import measure


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--faults", type=int, default=100)
    parser.add_argument("--datasets", type=int, default=50, help="downstream of each fault")
    parser.add_argument("--kills", type=int, default=50, help="kill -9 of the worker")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--database-url", help="an empty database; without it, a new SQLite file")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        url = given.database_url or f"sqlite:///{name}/fairlead.db"
        lines = measure(url, Path(name), given.faults, given.datasets, given.kills, seed=given.seed)
    for line in lines:
        print(json.dumps(line))


if __name__ == "__main__":
    main()
