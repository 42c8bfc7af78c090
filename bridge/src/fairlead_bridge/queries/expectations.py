"""
What is expected of assets and jobs, as of a moment: of all that is expected of one, the strongest
source wins.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from fairlead_bridge.insight import planned, schedules
from fairlead_bridge.insight.expectations import SOURCES, Expectation, learned
from fairlead_bridge.insight.planned import Planned
from fairlead_bridge.insight.rhythm import Rhythm
from fairlead_bridge.insight.rules import Within
from fairlead_bridge.insight.spans import words
from fairlead_bridge.queries import dags, freshness, promised, stated
from fairlead_bridge.queries.freshness import Regular
from fairlead_bridge.queries.snapshot import Row, Snapshot
from fairlead_bridge.queries.stated import Entry

#: The first deadline of a DAG's newest run: the run, its time, its name.
Deadline = tuple[Row, int, str]


def of(snapshot: Snapshot, ids: Iterable[int]) -> dict[int, Expectation]:
    """
    When each of these assets should be fresh, and how long each of these jobs may take.

    Those of which nothing is expected are left out; `rows` has row counts.
    """
    return {id: found[0] for id, found in all_of(snapshot, ids).items()}


def all_of(snapshot: Snapshot, ids: Iterable[int]) -> dict[int, list[Expectation]]:
    """As `of`, with what weaker sources say too, the strongest first."""
    asked = list(ids)
    known = freshness.newest_writes(snapshot, asked)
    writes = {id: each.regular for id, each in known.items() if each.regular}
    writers = {each[-1].job_id for each in writes.values()}
    dag_of = dags.of_jobs(snapshot, {*writers, *(id for id in asked if id not in writes)})
    facets = dags.facets_of(snapshot, dag_of.values())
    of_job = {job: facets[dag] for job, dag in dag_of.items() if dag in facets}
    deadlines = dags.deadlines(snapshot, dag_of.values())
    rhythms = freshness.rhythms(snapshot, writes)
    found: dict[int, list[Expectation]] = {}
    for id, declared in _declared(snapshot, asked).items():
        found[id] = [each for each in declared if each.kind != "rows"]
    for id, of_it in writes.items():
        schedule = schedules.of_dag(of_job.get(of_it[-1].job_id, {}))
        if schedule is not None:
            deadline = deadlines.get(dag_of.get(of_it[-1].job_id, 0))
            found.setdefault(id, []).extend(_planned(schedule, of_it, known[id].every, deadline))
    for id in asked:
        if dag_of.get(id) == id and id in deadlines:  # a DAG
            found.setdefault(id, []).extend(_of_dag(deadlines[id]))
    stale = {id: each.stale for id, each in known.items() if each.stale}
    return {
        id: [replace(each, stale=stale[id]) for each in of_it] if id in stale else of_it
        for id, of_it in _with_rhythms(found, rhythms).items()
    }


def _with_rhythms(
    found: Mapping[int, Sequence[Expectation]], rhythms: Mapping[int, Rhythm]
) -> dict[int, list[Expectation]]:
    """The learned ones come last; the others have them beside."""
    whole = {
        id: [replace(each, rhythm=rhythms.get(id)) for each in of_it] for id, of_it in found.items()
    }
    for id, rhythm in rhythms.items():
        whole.setdefault(id, []).append(learned(rhythm))
    return {id: each for id, each in whole.items() if each}


def _planned(
    schedule: schedules.Schedule,
    writes: Sequence[Regular],
    every: Sequence[Regular],
    deadline: Deadline | None,
) -> Iterable[Expectation]:
    """
    By Airflow's deadline of the DAG that writes an asset, and by its schedule: learned from `writes`;
    what is due next follows from `every` write.
    """
    fires = planned.fires(schedule, ((each.at, each.dag_run_id) for each in every))
    if deadline is not None and fires:
        run, at, name = deadline
        of_run = planned.fires(schedule, [(at, run.dag_run_id)])
        if of_run:
            span = at - of_run[0][1]
            yield Expectation(
                "by", "airflow", _deadline(name, span), Planned(schedule, fires, span)
            )
    learned_from = planned.fires(schedule, ((each.at, each.dag_run_id) for each in writes))
    usual = planned.usual(schedule, learned_from)
    if usual is not None:
        yield Expectation("by", "schedule", usual[1], replace(usual[0], fires=fires))


def _of_dag(deadline: Deadline) -> Iterable[Expectation]:
    """What Airflow's deadline leaves a run of the DAG, from its start on."""
    run, at, name = deadline
    if run.started_at is not None and at > run.started_at:
        span = at - run.started_at
        yield Expectation("within", "airflow", _deadline(name, span), Within(span))


def _deadline(name: str, span: int) -> str:
    called = f" {name}" if name else ""
    amount = words(span)
    return f"Airflow deadline{called}: {amount if amount[0].isdigit() else f'1 {amount}'} after it is due"


def rows(snapshot: Snapshot, asset_ids: Iterable[int]) -> dict[int, Expectation]:
    """How many rows a write of each of these assets should have, where that is stated."""
    return {
        id: of_rows[0]
        for id, declared in _declared(snapshot, list(asset_ids)).items()
        if (of_rows := [each for each in declared if each.kind == "rows"])
    }


def _declared(snapshot: Snapshot, ids: Sequence[int]) -> dict[int, list[Expectation]]:
    """What people, files and contracts state of each, the strongest first, once from each source."""
    found = {id: _first_of_each_source(entries) for id, entries in stated.of(snapshot, ids).items()}
    of_contracts = promised.expectations(promised.of(snapshot, ids))
    for id, declared in of_contracts.items():
        known = found.setdefault(id, [])
        kinds = {each.kind for each in known if each.source == "contract"}
        known += [each for each in declared if each.kind not in kinds]
        known.sort(key=lambda each: SOURCES.index(each.source))
    return found


def _first_of_each_source(entries: Sequence[Entry]) -> list[Expectation]:
    """Each source's expectations of each kind, without those that a closer one replaces."""
    found: dict[tuple[str, str], Expectation] = {}
    for entry in entries:
        found.setdefault((entry.expectation.source, entry.expectation.kind), entry.expectation)
    return list(found.values())
