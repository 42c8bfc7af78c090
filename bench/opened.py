"""
Whether every fault is one incident: a simulated company in which things go wrong, monitored for weeks.

    python -m bench opened [--faults 100] [--weeks 4] [--dags 60] [--seed 1]

Every event goes through the inbox and is absorbed, and what changed or came due is evaluated, every
`--minutes` of the company's time. Then the incidents are compared with the faults. Prints by kind of
fault: how many there were, the share that had exactly one incident of their cause, none, or several,
and the median minutes to detect those that had one. An incident is false where no fault accounts for
anything that it affects; they are counted for 100 datasets a week.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import sqlalchemy as sa
from tests.support.company import Company, Fault, company
from tests.support.company.model import DAY, HOUR, MINUTE, iso

from fairlead_bridge import inbox
from fairlead_bridge.absorb import absorb_waiting
from fairlead_bridge.db import tables as t
from fairlead_bridge.db.engine import open_database, reading, writing
from fairlead_bridge.db.migrate import migrate
from fairlead_bridge.mapping.identity import Normaliser
from fairlead_bridge.mapping.translate import Translator
from fairlead_bridge.monitoring.evaluate import Rules, evaluate

#: False incidents allowed for 100 datasets a week, and the share of faults with exactly one.
FALSE, ONE = 1.0, 0.95
#: How long after a fault is over its incident may open: what waits for it is late until then.
AFTER = 6 * HOUR


@dataclass
class Opened:
    """An incident with every cause that it ever had, and every node that it ever affected."""

    id: int
    detected_at: int
    resolved_at: int | None
    causes: list[tuple[str, str, str]] = field(default_factory=list)  # kind, node, text
    nodes: set[str] = field(default_factory=set)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--faults", type=int, default=100)
    parser.add_argument("--weeks", type=int, default=4)
    parser.add_argument("--dags", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=int, default=10, help="between two evaluations")
    parser.add_argument("--shown", type=int, default=10, help="wrong ones that are printed")
    given = parser.parse_args()
    made = company(given.seed, given.dags, given.weeks, given.faults)
    with tempfile.TemporaryDirectory() as folder:
        found = run(made, f"sqlite:///{folder}/company.db", given.minutes * MINUTE)
    return report(made, found, given.shown)


def run(made: Company, url: str, every: int) -> list[Opened]:
    db = open_database(url)
    migrate(db)
    translate, rules = Translator(Normaliser()), Rules()
    waiting: list[bytes] = []
    due: int | None = None
    took = {"absorb": 0.0, "evaluate": 0.0}

    def look(now: int) -> None:
        began = time.process_time()
        if waiting:
            with writing(db) as tx:
                inbox.put(tx, waiting, "bench", now)
            waiting.clear()
            while absorb_waiting(db, translate, {}, now, 2_000):
                pass
        took["absorb"] += time.process_time() - began
        began = time.process_time()
        while evaluate(db, {}, rules, now, 500):
            pass
        took["evaluate"] += time.process_time() - began

    events = 0
    for at, event in made.events():
        due = at + every if due is None else due
        while at > due:
            look(due)
            due += every
        waiting.append(json.dumps(event, separators=(",", ":")).encode())
        events += 1
    if due is not None:
        look(due)
    print(
        f"{len(made.dags)} DAGs, {len(made.tables)} datasets, {made.days // 7} weeks, {events} events;"
        f" absorbed in {took['absorb']:.0f} s, evaluated in {took['evaluate']:.0f} s (processor)"
    )
    with reading(db) as tx:
        found = list(_opened(tx))
    db.dispose()
    return found


def _opened(tx: sa.Connection) -> Iterator[Opened]:
    rows = tx.execute(sa.select(t.incident)).all()
    found = {row.id: Opened(row.id, row.detected_at, row.resolved_at) for row in rows}
    for entry in tx.execute(sa.select(t.incident_entry).order_by(t.incident_entry.c.id)):
        if entry.cause is not None:
            reported = json.loads(entry.cause)
            found[entry.incident_id].causes.append(
                (reported["kind"], reported["node"], reported["text"])
            )
    for row in tx.execute(sa.select(*t.incident_affected.c["incident_id", "node"]).distinct()):
        found[row.incident_id].nodes.add(row.node)
    return iter(found.values())


# --- faults and incidents -------------------------------------------------------------------------


def of_cause(fault: Fault, incident: Opened) -> bool:
    """Whether the incident ever had the fault as its cause, while it lasted or soon after."""
    assert fault.at is not None
    until = (fault.until if fault.until is not None else sys.maxsize) + AFTER
    end = incident.resolved_at if incident.resolved_at is not None else sys.maxsize
    if incident.detected_at > until or end < fault.at:
        return False
    return any(_is(fault, kind, node) for kind, node, _ in incident.causes)


def _is(fault: Fault, kind: str, node: str) -> bool:
    if kind != fault.kind:
        return False
    if fault.kind == "silent_source":
        return node.startswith(f"job:{fault.dag.airflow.namespace}:")
    return node == fault.node


def accounts_for(fault: Fault, incident: Opened) -> bool:
    """Whether the fault explains that the incident opened, whatever cause it names."""
    if fault.at is None:
        return False
    until = (fault.until if fault.until is not None else sys.maxsize) + DAY
    if not fault.at - HOUR <= incident.detected_at <= until:
        return False
    if fault.kind == "silent_source":
        place = fault.dag.airflow.namespace
        return any(f":{place}:" in node for _, node, _ in incident.causes) or bool(
            incident.nodes & set(fault.affected)
        )
    named = {node for _, node, _ in incident.causes}
    concerned = {fault.node, fault.dag.node, *fault.affected, *fault.stale}
    return bool(concerned & (named | incident.nodes))


def report(made: Company, found: Sequence[Opened], shown: int) -> int:
    faults = [fault for fault in made.faults if fault.at is not None]
    print(
        f"{'kind':20} {'variant':10} {'faults':>6} {'one':>7} {'none':>7} {'more':>7} {'minutes':>8}"
    )
    wrong: list[str] = []
    total = 0
    for kind, variant in sorted({(fault.kind, fault.variant) for fault in faults}):
        own = [fault for fault in faults if (fault.kind, fault.variant) == (kind, variant)]
        matched = {fault.number: [i for i in found if of_cause(fault, i)] for fault in own}
        one = [fault for fault in own if len(matched[fault.number]) == 1]
        none = [fault for fault in own if not matched[fault.number]]
        total += len(one)
        spans = [(matched[fault.number][0].detected_at - (fault.at or 0)) / MINUTE for fault in one]
        minutes = f"{statistics.median(spans):8.1f}" if spans else f"{'':8}"
        more = len(own) - len(one) - len(none)
        shares = " ".join(f"{n / len(own):7.1%}" for n in (len(one), len(none), more))
        print(f"{kind:20} {variant:10} {len(own):6} {shares} {minutes}")
        wrong += [_wrong(fault, matched[fault.number], found) for fault in own if fault not in one]
    false = [i for i in found if not any(accounts_for(fault, i) for fault in faults)]
    rate = 100 * len(false) / len(made.tables) / (made.days / 7)
    share = total / max(1, len(faults))
    print(f"all: {share:.1%} of {len(faults)} faults had exactly one; {len(found)} incidents")
    print(f"false: {len(false)}, {rate:.2f} for 100 datasets a week")
    for line in wrong[:shown]:
        print(line)
    for each in false[:shown]:
        print(f"- false at {iso(each.detected_at)}: {each.causes[-1]}, {len(each.nodes)} affected")
    return 0 if share >= ONE and rate <= FALSE else 1


def _wrong(fault: Fault, matched: Sequence[Opened], found: Sequence[Opened]) -> str:
    """A fault that has not exactly one incident, with those that it may account for."""
    about = f"{fault.kind} {fault.variant} {fault.node}, {len(fault.affected)} affected"
    times = f"from {iso(fault.at or 0)} to {iso(fault.until or 0)}"
    lines = [f"- {len(matched)} incidents: {about}, {times}"]
    for each in [i for i in found if accounts_for(fault, i)][:4]:
        lines.append(f"    {iso(each.detected_at)}: {each.causes}")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
