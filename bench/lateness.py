"""
Whether missed updates are noticed: real histories of updates, each update dropped in turn.

    python -m bench lateness [--updates FILE ... | --publications] [--holidays CC] [--from 26] [--compare]

Each file holds Unix times, one a line. After the 26th, each update is left out in turn: it is caught
if the rule calls the series late before the next one came, after a delay counted from when the
update would have come; a gap between two updates that were there and is called late is false.
Updates of one burst are one write, as the bridge reads them. The rule is the very function that
the bridge asks; with `--compare`, beside it stands the rule of 0.1: the ninth decile of the newest 24
gaps and a fifth. `--holidays` names a country (DE, DE-BY) or a market (XNYS) on whose days off
nothing is expected. One line of JSON a file; without files, series made here are measured;
with `--publications`, two years of publications in fourteen markets and countries (`publications`),
each without its calendar and with it.
"""

from __future__ import annotations

import argparse
import json
from functools import partial
from pathlib import Path

from bench import publications
from tests.support import lateness

from fairlead_bridge.insight import calendars


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--updates", nargs="+", type=Path, metavar="FILE", help="of Unix times")
    parser.add_argument("--from", dest="first", type=int, default=26, help="updates learned from")
    parser.add_argument("--holidays", metavar="CC", help="a country or a market: DE, DE-BY, XNYS")
    parser.add_argument("--compare", action="store_true", help="also measure the rule of 0.1")
    parser.add_argument("--publications", action="store_true", help="of many countries")
    given = parser.parse_args()
    if given.publications:
        _publications(given.first)
        return
    calendar = calendars.named(given.holidays) if given.holidays else None
    series = (
        {path.name: lateness.read(path) for path in given.updates}
        if given.updates
        else lateness.made()
    )
    for name, times in series.items():
        found = lateness.measure(times, partial(lateness.learned, calendar=calendar), given.first)
        print(json.dumps({"file": name, **found}), flush=True)
        if given.compare:
            print(
                json.dumps(
                    {
                        "file": name,
                        "rule": "0.1",
                        **lateness.measure(times, lateness.of_0_1, given.first),
                    }
                )
            )


def _publications(first: int) -> None:
    for name, (times, off) in publications.made().items():
        for calendar in (None, off) if off else (None,):
            known = calendars.named(calendar) if calendar else None
            found = lateness.measure(times, partial(lateness.learned, calendar=known), first)
            print(json.dumps({"file": name, "holidays": calendar, **found}), flush=True)


if __name__ == "__main__":
    main()
