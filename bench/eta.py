"""
How well it is foreseen when datasets will be there: against what then happened, and a plain mean.

    python -m bench.eta [--dags 64] [--weeks 6] [--faults 60] [--asked 500] [--events FILE ...]

The simulated company lives through its weeks; its events go through the mapping and the catalog.
Then `queries.outlook` is asked about past moments, of which it uses nothing that came later: about
datasets that a regular run wrote next, at times while that run went on and before it began. With
`--events`, histories of real runs (OpenLineage, one event a line, or an array) take the company's
place; what happened is then what the catalog has.

The plain mean is what Airflow's `expected_duration` is: of a run that goes on, its start and the
mean time from starts to writes; of one that has not begun, the last write and the mean gap. A breach
is foreseen if the dataset was at risk before it was late.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import sqlalchemy as sa
from tests.support.company import Fault, company

from fairlead_bridge.catalog import write
from fairlead_bridge.db import tables as t
from fairlead_bridge.db.engine import one_absorber, open_database, reading, writing
from fairlead_bridge.db.migrate import migrate
from fairlead_bridge.errors import Malformed
from fairlead_bridge.insight.eta import Eta
from fairlead_bridge.insight.spans import DAY, HOUR, MINUTE, SECOND
from fairlead_bridge.mapping import grouping
from fairlead_bridge.mapping.finding import finder
from fairlead_bridge.mapping.identity import Normaliser
from fairlead_bridge.mapping.translate import Translator
from fairlead_bridge.queries import lineage, outlook
from fairlead_bridge.queries.snapshot import Snapshot

#: Events that are absorbed at once; writes before the first that is asked for.
BATCH, HISTORY = 2000, 8
#: Writes of one job closer together than this are parts of one: instances of a mapped task.
BURST = 15 * MINUTE
#: Before a breach, it is asked every so often, from so long before.
EVERY, BEFORE = 5 * MINUTE, 3 * HOUR


@dataclass
class Actual:
    """What happened: writes with the start of the run that brought them, by dataset; microseconds."""

    writes: dict[str, list[tuple[int, int, bool]]] = field(
        default_factory=lambda: defaultdict(list)
    )  # (written, begun, regular)
    faults: list[Fault] = field(default_factory=list)

    def ready(self) -> None:
        for node, writes in self.writes.items():
            ordered = sorted(writes)
            self.writes[node] = [
                each
                for each, after in zip(ordered, [*ordered[1:], None], strict=True)
                if after is None or after[0] - each[0] > BURST
            ]


@dataclass(frozen=True)
class Asked:
    """One question, what came of it, and how long the answer took."""

    now: int
    begun: bool
    true: int
    eta: Eta | None
    mean: float
    faulty: bool
    milliseconds: float


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--dags", type=int, default=64)
    parser.add_argument("--weeks", type=int, default=6)
    parser.add_argument("--faults", type=int, default=60)
    parser.add_argument("--asked", type=int, default=500, help="questions")
    parser.add_argument("--breaches", type=int, default=40, help="that are looked at, at most")
    parser.add_argument("--events", nargs="+", type=Path, metavar="FILE", help="of real runs")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        engine = open_database(str(Path(folder) / "eta.db"))
        migrate(engine)
        if given.events:
            _absorb(engine, (line for file in given.events for line in _lines(file)))
            actual = _history(engine)
        else:
            actual = _live(engine, given)
        actual.ready()
        _estimates(engine, actual, given.asked, given.seed)
        if actual.faults:
            _breaches(engine, actual, given.breaches, given.seed)
        engine.dispose()


# --- what happened ----------------------------------------------------------------------------------


def _live(engine: sa.Engine, given: argparse.Namespace) -> Actual:
    began = time.monotonic()
    made = company(given.seed, given.dags, given.weeks, given.faults)
    number = _absorb(engine, (json.dumps(event).encode() for _, event in made.events()))
    print(
        f"{len(made.dags)} DAGs, {len(made.tables)} tables, {given.weeks} weeks, "
        f"{len(made.faults)} faults: {number} events in {time.monotonic() - began:.0f} s"
    )
    dag_run_of = {run.run_id: (run.job.rpartition(".")[0], run.dag_run) for run in made.runs}
    begins: dict[tuple[str, str], int] = {}
    for run in made.runs:
        key = dag_run_of[run.run_id]
        begins[key] = min(begins.get(key, run.started_at), run.started_at)
    actual = Actual(faults=list(made.faults))
    for each in made.writes:
        begun = begins.get(dag_run_of.get(each.run_id, ("", "")), each.at)
        regular = each.is_regular and each.fault is None
        actual.writes[each.node].append((each.at, begun, regular))
    return actual


def _history(engine: sa.Engine) -> Actual:
    """What the catalog has of the writes of each dataset; runs that were started by hand are irregular."""
    whole = t.run.alias("whole")
    statement = (
        sa.select(
            t.dataset.c.namespace, t.dataset.c.name, t.run_dataset.c.written_at, t.run.c.dag_run_id,
            sa.func.coalesce(whole.c.started_at, t.run.c.started_at).label("begun"),
        )
        .join_from(t.run_dataset, t.run, t.run.c.id == t.run_dataset.c.run_id)
        .join(t.dataset, t.dataset.c.id == t.run_dataset.c.dataset_id)
        .outerjoin(whole, whole.c.id == t.run.c.dag_run)
        .where(t.run_dataset.c.role == "output", t.run_dataset.c.written_at.is_not(None))
    )  # fmt: skip
    actual = Actual()
    with reading(engine) as tx:
        for row in tx.execute(statement):
            regular = not (row.dag_run_id or "").startswith(("manual__", "backfill"))
            begun = row.begun if row.begun is not None else row.written_at
            node = f"dataset:{row.namespace}:{row.name}"
            actual.writes[node].append((row.written_at, begun, regular))
    return actual


def _lines(file: Path) -> Iterator[bytes]:
    body = file.read_bytes()
    if body.lstrip()[:1] == b"[":
        yield from (json.dumps(each).encode() for each in json.loads(body))
    else:
        yield from (line for line in body.splitlines() if line.strip())


def _absorb(engine: sa.Engine, bodies: Iterable[bytes]) -> int:
    translate = Translator(Normaliser())
    changes, number = [], 0
    for body in bodies:
        number += 1
        try:
            changes.append(translate(body))
        except Malformed:
            continue
        if len(changes) == BATCH:
            _apply(engine, changes)
            changes = []
    _apply(engine, changes)
    return number


def _apply(engine: sa.Engine, changes: Sequence[object]) -> None:
    with writing(engine) as tx:
        one_absorber(tx)
        write.apply(tx, changes, grouping.assets)  # type: ignore[arg-type]


# --- questions --------------------------------------------------------------------------------------


def _estimates(engine: sa.Engine, actual: Actual, number: int, seed: int) -> None:
    chance = Random(seed)
    places = {
        node: [
            at
            for at in range(HISTORY, len(writes))
            if writes[at][2] and writes[at][0] > writes[at - 1][0]
        ]
        for node, writes in actual.writes.items()
    }
    nodes = sorted(node for node, found in places.items() if found)
    if not nodes:
        print(f"no dataset has {HISTORY + 1} writes: nothing can be foreseen")
        return
    asked = []
    for each in range(number):
        node = chance.choice(nodes)
        at = chance.choice(places[node])
        written, begun, _ = actual.writes[node][at]
        last = actual.writes[node][at - 1][0]
        if each % 2 and begun > last:  # before the run begins
            now = round(chance.uniform(max(last + 1, begun - 12 * HOUR), begun))
        else:
            now = round(chance.uniform(max(begun, last + 1), written - 1))
        asked.append(_ask(engine, actual, node, at, now))
    print(f"\n{'':26}{'n':>6}{'median error':>15}{'plain mean':>13}{'ratio':>8}{'within 80 %':>13}")
    _row("while the run goes on", [each for each in asked if each.begun])
    _row("before it begins", [each for each in asked if not each.begun])
    _row("all", asked)
    _row("with a fault in the line", [each for each in asked if each.faulty])
    times = sorted(each.milliseconds for each in asked)
    unknown = sum(each.eta is None for each in asked)
    print(
        f"\nunknown: {unknown} of {len(asked)}; an answer, whole outlook, in "
        f"{statistics.median(times):.1f} ms, p95 {times[int(0.95 * len(times))]:.1f} ms (processor)"
    )


def _ask(engine: sa.Engine, actual: Actual, node: str, at: int, now: int) -> Asked:
    before = actual.writes[node][:at]
    written, begun, _ = actual.writes[node][at]
    if begun <= now:
        mean = begun + statistics.fmean(end - start for end, start, _ in before)
    else:
        mean = before[-1][0] + (before[-1][0] - before[0][0]) / (len(before) - 1)
    began = time.process_time()
    known = _outlook(engine, node, now)
    spent = (time.process_time() - began) * 1000
    eta = known.eta if isinstance(known.eta, Eta) else None
    faulty = any(
        fault.at is not None and fault.at - HOUR < now < (fault.until or fault.at) + HOUR
        for fault in actual.faults
        if node in fault.affected
    )
    return Asked(now, begun <= now, written, eta, max(float(now), mean), faulty, spent)


def _outlook(engine: sa.Engine, node: str, now: int) -> outlook.Outlook:
    with reading(engine) as tx:
        snapshot = Snapshot(tx, now, 86_400.0, past=True, identify=_IDENTIFY)
        return outlook.of(snapshot, [lineage.find(snapshot, node)])[0]


_IDENTIFY = finder(Normaliser())


def _row(name: str, asked: Sequence[Asked]) -> None:
    known = [(each, each.eta) for each in asked if each.eta is not None]
    if not known:
        return
    error = statistics.median(abs(eta.p50 - each.true) for each, eta in known) / MINUTE
    mean = statistics.median(abs(each.mean - each.true) for each, _ in known) / MINUTE
    # Times are given to the second.
    held = sum(eta.low - SECOND <= each.true <= eta.high + SECOND for each, eta in known)
    print(
        f"{name:26}{len(known):6}{error:11.2f} min{mean:9.2f} min{error / mean:8.0%}"
        f"{held / len(known):13.0%}"
    )


# --- breaches ---------------------------------------------------------------------------------------


def _breaches(engine: sa.Engine, actual: Actual, most: int, seed: int) -> None:
    leads: dict[str, list[float | None]] = defaultdict(list)
    faults = [fault for fault in actual.faults if fault.at is not None and fault.affected]
    Random(seed).shuffle(faults)
    looked = 0
    for fault in faults:
        for node in fault.affected[:4]:
            due = _breach(engine, actual, fault, node)
            if due is not None and looked < most:
                looked += 1
                leads[fault.kind].append(_lead(engine, node, due, fault.at or due))
    print(f"\n{'breaches':26}{'n':>6}{'foreseen':>11}{'lead, median':>15}{'p10':>8}")
    for kind, found in [
        *sorted(leads.items()),
        ("all", [each for some in leads.values() for each in some]),
    ]:
        known = sorted(each for each in found if each is not None)
        if not found:
            continue
        middle = f"{statistics.median(known):.0f} min" if known else "-"
        least = f"{known[len(known) // 10]:.0f} min" if known else "-"
        print(f"{kind:26}{len(found):6}{len(known) / len(found):11.0%}{middle:>15}{least:>8}")


def _breach(engine: sa.Engine, actual: Actual, fault: Fault, node: str) -> int | None:
    """When the dataset became late by this fault; None where it did not, or there was no expectation."""
    times = [at for at, _, _ in actual.writes[node]]
    at = fault.at or 0
    before = bisect_right(times, at)
    if before < HISTORY or before >= len(times):
        return None
    due = _outlook(engine, node, at).expected_by
    if due is None or not at < due < times[before] or due > at + DAY:
        return None
    return due


def _lead(engine: sa.Engine, node: str, due: int, since: int) -> float | None:
    """How long before it was late it was at risk; minutes. None where it was not before."""
    found = None
    for moment in range(due - 1, max(since, due - BEFORE) - 1, -EVERY):
        if _outlook(engine, node, moment).explanation.standing not in ("at_risk", "failed"):
            break
        found = (due - moment) / MINUTE
    return found if found is not None and found >= 1 else None


if __name__ == "__main__":
    main()
