"""
Whether root causes are right: a simulated company in which things go wrong, asked at the right moments.

    python -m bench incidents [--faults 1000] [--weeks 12] [--dags 200] [--seed 1] [--step 60]

Every event goes through the inbox and is absorbed, in order of time. For each fault the bench asks
about the datasets that it keeps from being written: soon after it showed, where something failed, and
shortly before it is made good. A cause is right if its kind and its node are those of the fault. Each
day it asks about datasets that nothing is wrong with, too. Monitoring evaluates every `--step`
minutes of the company's time; each fault is to be one incident, and an incident of no fault is false.
Prints by kind: the questions, the share whose root cause was right, and was among the first three,
the median time of an answer, and how many faults were one incident, several, or none.
"""

from __future__ import annotations

import argparse
import heapq
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random

from tests.support.company import Company, Fault, company
from tests.support.company.model import DAY, HOUR, MINUTE, iso

from fairlead_bridge import inbox
from fairlead_bridge.absorb import absorb_waiting
from fairlead_bridge.db.engine import open_database, reading, writing
from fairlead_bridge.db.migrate import migrate
from fairlead_bridge.insight.root_cause import Cause, Explanation
from fairlead_bridge.mapping.identity import Normaliser
from fairlead_bridge.mapping.translate import Translator
from fairlead_bridge.monitoring.evaluate import Rules, evaluate
from fairlead_bridge.queries import incidents, upstream
from fairlead_bridge.queries.assets import Asset, assets_by_id, find_asset
from fairlead_bridge.queries.incidents import Incident
from fairlead_bridge.queries.jobs import jobs_by_id
from fairlead_bridge.queries.snapshot import Snapshot

#: What is to hold: shares of root causes that are right, in the first place and in the first three.
FIRST, FIRST_THREE = 0.95, 0.99
#: Datasets that are asked for each fault, and healthy ones each day.
ASKED, HEALTHY = 3, 10
BATCH = 2000


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--faults", type=int, default=1000)
    parser.add_argument("--weeks", type=int, default=12)
    parser.add_argument("--dags", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--step", type=int, default=60, help="minutes; 0: without monitoring")
    parser.add_argument("--wrong", type=int, default=10, help="wrong answers that are printed")
    given = parser.parse_args()
    made = company(given.seed, given.dags, given.weeks, given.faults)
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(made, f"sqlite:///{folder}/company.db", given.seed, given.step * MINUTE)
        bench.run()
    return bench.report(given.wrong)


@dataclass
class Answer:
    """What was said about one dataset of a fault."""

    fault: Fault
    node: str
    at: int
    standing: str
    place: int | None  # of the true cause, from 0; None where it is not there
    causes: list[str]
    seconds: float


@dataclass(order=True)
class _Moment:
    at: int
    number: int
    fault: Fault | None = field(compare=False)  # None: healthy ones are asked
    nodes: list[str] = field(compare=False, default_factory=list)


class Bench:
    def __init__(self, made: Company, url: str, seed: int, step: int) -> None:
        self.made = made
        self.db = open_database(url)
        migrate(self.db)
        self.answers: list[Answer] = []
        self.healthy: list[tuple[str, int, Explanation, list[str]]] = []
        self.events = 0
        self._translate = Translator(Normaliser())
        self._random = Random(seed)
        self._waiting: list[bytes] = []
        self._moments: list[_Moment] = []
        self._known = 0
        self._now = 0
        self._absorbing = 0.0
        self._step, self._stepped = step, 0
        self._evaluating = 0.0
        self.incidents: list[Incident] = []

    def run(self) -> None:
        day = None
        for at, event in self.made.events():
            self._ask_until(at)
            if self._step and at // self._step != self._stepped:
                self._stepped = at // self._step
                self._evaluate(self._stepped * self._step)
            self._now = at
            self._waiting.append(json.dumps(event, separators=(",", ":")).encode())
            self.events += 1
            if len(self._waiting) >= BATCH:
                self._absorb()
            self._plan()
            if at // DAY != day:
                day = at // DAY
                self._moment(at + 11 * HOUR, None, [])
        self._ask_until(sys.maxsize)
        if self._step:
            self._evaluate(self._now)
            with reading(self.db) as tx:
                self.incidents = incidents.listed(tx, None, 1_000_000)
        self.db.dispose()

    def _evaluate(self, now: int) -> None:
        self._absorb()
        began = time.perf_counter()
        while evaluate(self.db, {}, Rules(), now, 500):
            pass
        self._evaluating += time.perf_counter() - began

    def _plan(self) -> None:
        """The moments at which faults that have just shown are asked for."""
        for fault in self.made.faults[self._known :]:
            self._known += 1
            assert fault.at is not None
            assert fault.until is not None
            nodes = fault.affected
            if fault.kind == "failed_run":
                self._moment(fault.at + 20 * MINUTE, fault, nodes[:1])
            if fault.kind == "silent_source":
                nodes = self._due_in(fault)
            chosen = {nodes[0], nodes[-1], self._random.choice(nodes)} if nodes else set()
            self._moment(fault.until - 5 * MINUTE, fault, sorted(chosen))

    def _due_in(self, fault: Fault) -> list[str]:
        """Datasets of a silent Airflow that are written each workday while it is silent."""
        assert fault.at is not None
        assert fault.until is not None
        first = {
            table.node
            for dag in self.made.dags
            if dag.airflow is fault.dag.airflow and dag.cron is not None
            for day in (-1, 0, 1)
            for due in dag.cron.times(_local_day(fault.at, day))
            if fault.at + 10 * MINUTE < due < fault.until - 3 * HOUR
            for table in dag.writes
        }
        return sorted(first)

    def _moment(self, at: int, fault: Fault | None, nodes: list[str]) -> None:
        heapq.heappush(
            self._moments, _Moment(at, len(self.answers) + len(self._moments), fault, nodes)
        )

    def _ask_until(self, limit: int) -> None:
        while self._moments and self._moments[0].at <= limit:
            moment = heapq.heappop(self._moments)
            self._absorb()
            if moment.fault is not None:
                self._ask(moment, moment.fault)
            else:
                self._ask_healthy(moment.at)

    def _absorb(self) -> None:
        began = time.perf_counter()
        for start in range(0, len(self._waiting), BATCH):
            with writing(self.db) as tx:
                inbox.put(tx, self._waiting[start : start + BATCH], "bench", 1)
        self._waiting.clear()
        while absorb_waiting(self.db, self._translate, {}, self._now, BATCH):
            pass
        self._absorbing += time.perf_counter() - began

    # --- asking -----------------------------------------------------------------------------------

    def _ask(self, moment: _Moment, fault: Fault) -> None:
        with reading(self.db) as tx:
            snapshot = Snapshot(tx, moment.at, 86_400.0)
            for node in moment.nodes:
                began = time.perf_counter()
                found = _find(snapshot, node)
                if found is None:
                    continue
                (explanation,) = upstream.explanations(snapshot, [found])
                seconds = time.perf_counter() - began
                names = _names(snapshot, explanation.causes)
                place = next(
                    (i for i, (cause, name) in enumerate(names) if _is(fault, cause, name)), None
                )
                named = [
                    f"{cause.kind} {name} {iso(cause.at)} {cause.text}" for cause, name in names
                ]
                self.answers.append(
                    Answer(fault, node, moment.at, explanation.standing, place, named, seconds)
                )

    def _ask_healthy(self, at: int) -> None:
        """Datasets that no fault of the last day keeps from being written."""
        bad = {
            node
            for fault in self.made.faults
            if fault.until is not None and fault.until > at - DAY
            for node in (*fault.affected, *fault.stale)
        }
        nodes = [table.node for table in self.made.tables if table.node not in bad]
        with reading(self.db) as tx:
            snapshot = Snapshot(tx, at, 86_400.0)
            for node in self._random.sample(nodes, min(HEALTHY, len(nodes))):
                found = _find(snapshot, node)
                if found is not None:
                    (explanation,) = upstream.explanations(snapshot, [found])
                    named = [
                        f"{c.kind} {name} {c.text}"
                        for c, name in _names(snapshot, explanation.causes)
                    ]
                    self.healthy.append((node, at, explanation, named))

    # --- what came of it --------------------------------------------------------------------------

    def report(self, wrong: int) -> int:
        made = self.made
        print(
            f"{len(made.dags)} DAGs, {made.days // 7} weeks, {self.events} events, absorbed in "
            f"{self._absorbing:.0f} s; {len(made.faults)} faults, {len(self.answers)} questions"
        )
        print(
            f"{'kind':20} {'variant':10} {'faults':>6} {'asked':>6} {'first':>7} {'in 3':>7} {'ms':>6}"
        )
        for kind, variant, answers in self._kinds():
            faults = len({answer.fault.number for answer in answers})
            print(f"{kind:20} {variant:10} {faults:6} {_line(answers)}")
        first, three = _shares(self.answers)
        print(
            f"{'all':20} {'':10} {len({a.fault.number for a in self.answers}):6} {_line(self.answers)}"
        )
        troubled = [
            each for each in self.healthy if each[2].standing in ("failed", "late", "at_risk")
        ]
        if self._step:
            self._report_incidents(wrong)
        print(f"healthy datasets asked: {len(self.healthy)}, called in trouble: {len(troubled)}")
        for answer in [a for a in self.answers if a.place != 0][:wrong]:
            fault = answer.fault
            print(
                f"- {fault.kind} {fault.variant} {fault.node} at {iso(fault.at or 0)}, asked {answer.node} at {iso(answer.at)}: {answer.standing}"
            )
            for text in answer.causes[:4]:
                print(f"    {text}")
        for node, at, explanation, named in troubled[:wrong]:
            print(f"- healthy {node} at {iso(at)}: {explanation.standing} {named[:2]}")
        return 0 if first >= FIRST and three >= FIRST_THREE else 1

    def _report_incidents(self, wrong: int) -> None:
        """How many incidents each fault was, and which were of no fault."""
        of_fault: dict[int, list[Incident]] = {fault.number: [] for fault in self.made.faults}
        false: list[Incident] = []
        for incident in self.incidents:
            fault = self._fault_of(incident)
            (of_fault[fault.number] if fault is not None else false).append(incident)
        print(f"{'incidents':20} {'variant':10} {'faults':>6} {'one':>6} {'more':>6} {'none':>6}")
        totals = [0, 0, 0]
        kinds: dict[tuple[str, str], list[Fault]] = {}
        for fault in self.made.faults:
            kinds.setdefault((fault.kind, fault.variant), []).append(fault)
        for (kind, variant), faults in sorted(kinds.items()):
            numbers = [len(of_fault[fault.number]) for fault in faults]
            counts = [sum(n == 1 for n in numbers), sum(n > 1 for n in numbers), numbers.count(0)]
            totals = [a + b for a, b in zip(totals, counts, strict=True)]
            print(f"{kind:20} {variant:10} {len(faults):6} " + " ".join(f"{n:6}" for n in counts))
        print(f"{'all':20} {'':10} {len(self.made.faults):6} " + " ".join(f"{n:6}" for n in totals))
        weeks = self.made.days / 7
        rate = 100 * len(false) / (len(self.made.tables) * weeks)
        print(
            f"{len(self.incidents)} incidents, {len(false)} of no fault: {rate:.2f} a week in 100 "
            f"datasets; evaluated in {self._evaluating:.0f} s"
        )
        for fault in self.made.faults:
            if len(of_fault[fault.number]) != 1 and wrong > 0:
                wrong -= 1
                print(f"- fault {fault.kind} {fault.variant} {fault.node} {iso(fault.at or 0)}:")
                for each in of_fault[fault.number][:4]:
                    print(f"    {each.kind} {each.node} {iso(each.opened_at)} {each.text[:120]}")
        for incident in false[:20]:
            print(
                f"- false: {incident.kind} {incident.node} {iso(incident.opened_at)} {incident.text[:120]}"
            )

    def _fault_of(self, incident: Incident) -> Fault | None:
        """The fault that an incident is about: at its time, about its node or what it affects."""
        nodes = {incident.node, *incident.path, *(each.node for each in incident.affected)}
        found = [
            fault
            for fault in self.made.faults
            if fault.at is not None
            and fault.until is not None
            and fault.at - HOUR <= incident.detected_at <= fault.until + 2 * HOUR
        ]
        near = [
            f for f in found if f.node in nodes or not nodes.isdisjoint((*f.affected, *f.stale))
        ]
        near += [f for f in found if f.kind == "silent_source" and _is_in(f, incident)]
        exact = [f for f in near if f.node == incident.node and f.kind == incident.kind]
        return next(iter(exact or near), None)

    def _kinds(self) -> Iterator[tuple[str, str, list[Answer]]]:
        found: dict[tuple[str, str], list[Answer]] = {}
        for answer in self.answers:
            found.setdefault((answer.fault.kind, answer.fault.variant), []).append(answer)
        for (kind, variant), answers in sorted(found.items()):
            yield kind, variant, answers


def _is_in(fault: Fault, incident: Incident) -> bool:
    return incident.node.startswith(f"job:{fault.dag.airflow.namespace}:")


def _local_day(at: int, back: int) -> datetime:
    """Midnight so many days after the day of this time, as schedules are asked for it."""
    return datetime(1970, 1, 1) + timedelta(days=at // DAY + back)  # noqa: DTZ001


def _find(snapshot: Snapshot, node: str) -> Asset | None:
    return find_asset(snapshot, node.removeprefix("dataset:"))


def _names(snapshot: Snapshot, causes: tuple[Cause, ...]) -> list[tuple[Cause, str]]:
    nodes = {cause.node for cause in causes}
    assets = assets_by_id(snapshot, nodes)
    jobs = jobs_by_id(snapshot, nodes - assets.keys())
    return [
        (cause, f"dataset:{assets[cause.node].namespace}:{assets[cause.node].name}")
        if cause.node in assets
        else (cause, f"job:{jobs[cause.node].namespace}:{jobs[cause.node].name}")
        for cause in causes
    ]


def _is(fault: Fault, cause: Cause, name: str) -> bool:
    if cause.kind != fault.kind:
        return False
    if fault.kind == "silent_source":
        return name.startswith(f"job:{fault.dag.airflow.namespace}:")
    return name == fault.node


def _shares(answers: list[Answer]) -> tuple[float, float]:
    number = max(1, len(answers))
    first = sum(answer.place == 0 for answer in answers)
    three = sum(answer.place is not None and answer.place < 3 for answer in answers)
    return first / number, three / number


def _line(answers: list[Answer]) -> str:
    first, three = _shares(answers)
    milliseconds = statistics.median(answer.seconds for answer in answers) * 1000 if answers else 0
    return f"{len(answers):6} {first:7.1%} {three:7.1%} {milliseconds:6.1f}"


if __name__ == "__main__":
    sys.exit(main())
