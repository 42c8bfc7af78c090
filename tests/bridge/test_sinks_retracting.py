"""What no run shows any more: from events, through the database and the outbox, to each catalog."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from fairlead_bridge.db.engine import open_database, reading
from fairlead_bridge.db.migrate import migrate
from fairlead_bridge.entries import JobEntry
from fairlead_bridge.queries import entry
from tests.bridge.retracting import COPY, DAG, PROCESS, A, B, C, D, DailyDag, asset, daily_dag, job
from tests.support.sinks import events
from tests.support.sinks.server import Cut, Request, Trouble
from tests.support.sinks.together import CONNECTION, weather

COPIES = {"copy": ([A, C], [B])}


RETIRES = {"retire_after_days": 1.5}


@pytest.fixture
def file_db(tmp_path: Path) -> Iterator[sa.Engine]:
    """SQLite alone, where nothing is read that other tests do not read from PostgreSQL too."""
    engine = open_database(f"sqlite:///{tmp_path / 'fairlead.db'}")
    migrate(engine)
    yield engine
    engine.dispose()


# --- edges --------------------------------------------------------------------------------------


def test_an_edge_that_successful_runs_no_longer_show_goes_everywhere(db: sa.Engine) -> None:
    with daily_dag(db, **RETIRES) as all_of_it:
        all_of_it.day(COPIES)
        assert all_of_it.datahub() == ([A, C], [B])
        assert all_of_it.openmetadata() == {(A, B), (C, B)}
        all_of_it.day({"copy": ([A], [B])})  # a day is not long enough
        assert all_of_it.datahub() == ([A, C], [B])
        all_of_it.day({"copy": ([A], [B])})
        assert all_of_it.datahub() == ([A], [B])
        assert all_of_it.atlan() == ([asset(A)], [asset(B)])
        assert all_of_it.sinks.atlan.assets[COPY]["refs"]["inputs"] == [asset(A)]
        assert all_of_it.openmetadata() == {(A, B)}


@pytest.mark.parametrize(
    ("settings", "moves", "more"),
    [
        (RETIRES, {"copy": ([A], [B])}, {"failed": ["copy"]}),
        (RETIRES, {"copy": ([], [])}, {}),
        ({"retire_after_days": 10}, {"copy": ([A], [B])}, {}),
        ({}, {"copy": ([A], [B])}, {}),
    ],
    ids=["runs that fail", "runs that report nothing", "too soon", "not asked for"],
)
def test_an_edge_stays(
    file_db: sa.Engine, settings: dict[str, Any], moves: events.Moves, more: dict[str, Any]
) -> None:
    with daily_dag(file_db, **settings) as all_of_it:
        all_of_it.day(COPIES)
        for _ in range(3):
            all_of_it.day(moves, **more)
        assert all_of_it.datahub() == ([A, C], [B])
        assert all_of_it.atlan() == ([asset(A), asset(C)], [asset(B)])
        assert all_of_it.openmetadata() == {(A, B), (C, B)}
        assert all_of_it.deletes() == []


def test_without_the_setting_nothing_is_taken_away_whatever_goes(file_db: sa.Engine) -> None:
    with daily_dag(file_db) as all_of_it:
        all_of_it.day({**COPIES, "load": ([B], [D])})
        before = all_of_it.sinks.atlan.shown()
        for _ in range(3):
            all_of_it.day({"load": ([B], [])})
        assert all_of_it.deletes() == []
        assert all_of_it.sinks.atlan.shown() == before
        assert all_of_it.openmetadata() == {(A, B), (C, B), (B, D)}
        assert all_of_it.sinks.datahub.aspects[job("copy")]["status"] == {"removed": False}


def test_the_last_input_takes_the_process_with_it_and_comes_back_with_it(
    file_db: sa.Engine,
) -> None:
    with daily_dag(file_db, **RETIRES) as all_of_it:
        all_of_it.day({"copy": ([A], [B])})
        assert len(all_of_it.columns()) == 4
        for _ in range(2):
            all_of_it.day({"copy": ([], [B])})
        assert all_of_it.atlan() is None
        assert all_of_it.columns() == set()
        assert COPY in all_of_it.sinks.atlan.shown()
        assert all_of_it.sinks.atlan.assets[COPY]["refs"]["inputs"] == []
        assert all_of_it.openmetadata() == set()
        all_of_it.day({"copy": ([A], [B])})
        assert all_of_it.atlan() == ([asset(A)], [asset(B)])
        assert len(all_of_it.columns()) == 4
        assert all_of_it.openmetadata() == {(A, B)}
        assert all_of_it.datahub() == ([A], [B])


def test_columns_that_the_newest_lineage_leaves_out_are_archived(file_db: sa.Engine) -> None:
    with daily_dag(file_db, **RETIRES) as all_of_it:
        all_of_it.day({"copy": ([A], [B, D])})
        assert len(all_of_it.columns()) == 8
        for _ in range(2):
            all_of_it.day({"copy": ([A], [B])})
        assert all_of_it.columns() == {
            f"{PROCESS}/{B.replace('.', '/')}/{column}" for column in events.COLUMNS
        }


def test_an_edge_that_another_task_still_shows_stays_until_the_last_one(db: sa.Engine) -> None:
    """OpenMetadata has one edge a pair of tables, from any writer."""
    with daily_dag(db, **RETIRES) as all_of_it:
        all_of_it.day({"copy": ([A], [B]), "again": ([A], [B])})
        for _ in range(2):
            all_of_it.day({"copy": ([C], [B]), "again": ([A], [B])})
        assert all_of_it.openmetadata() == {(A, B), (C, B)}
        assert all_of_it.datahub("copy") == ([C], [B])
        for _ in range(2):
            all_of_it.day({"copy": ([C], [B]), "again": ([], [B])})
        assert all_of_it.openmetadata() == {(C, B)}


def test_an_edge_that_another_dag_still_shows_stays_until_that_is_gone_too(db: sa.Engine) -> None:
    with daily_dag(db, **RETIRES) as all_of_it:
        all_of_it.day({"copy": ([A], [B])})
        all_of_it.day({"other": ([A], [B]), "stays": ([], [])}, dag=1)
        for _ in range(2):
            all_of_it.day({"copy": ([C], [B])})
        assert all_of_it.openmetadata() == {(A, B), (C, B)}
        all_of_it.day({"stays": ([], [])}, dag=1)
        assert all_of_it.openmetadata() == {(C, B)}


# --- tasks --------------------------------------------------------------------------------------


def test_a_task_that_its_dag_no_longer_has_goes_with_what_was_made_for_it(db: sa.Engine) -> None:
    with daily_dag(db, **RETIRES) as all_of_it:
        all_of_it.day({**COPIES, "load": ([B], [D])})
        all_of_it.day({"load": ([B], [D])})
        with reading(db) as tx:  # it is the database that knows
            found = entry.read(tx, entry.may_be_stale(tx)).values()
        gone = {item.job.task_id for item in found if isinstance(item, JobEntry) and item.gone}
        assert gone == {"copy"}
        shown = all_of_it.sinks.atlan.shown()
        assert {name for name in shown if name.startswith(COPY)} == set()
        assert {DAG, f"{DAG}/load", f"{DAG}/load/process"} <= shown
        assert all_of_it.sinks.datahub.aspects[job("copy")]["status"] == {"removed": True}
        assert all_of_it.sinks.datahub.aspects[job("load")]["status"] == {"removed": False}
        assert all_of_it.openmetadata() == {(B, D)}
        (pipeline,) = all_of_it.sinks.openmetadata.entities["/pipelines"].values()
        assert [task["name"] for task in pipeline["tasks"]] == ["load"]


def test_a_task_that_comes_back_is_there_again_with_what_people_wrote_on_it(
    file_db: sa.Engine,
) -> None:
    with daily_dag(file_db, **RETIRES) as all_of_it:
        all_of_it.day({**COPIES, "load": ([B], [D])})
        all_of_it.sinks.atlan.assets[COPY]["attributes"]["ownerUsers"] = ["ann"]
        all_of_it.day({"load": ([B], [D])})
        assert COPY not in all_of_it.sinks.atlan.shown()
        all_of_it.day({**COPIES, "load": ([B], [D])})
        assert COPY in all_of_it.sinks.atlan.shown()
        assert all_of_it.sinks.atlan.assets[COPY]["attributes"]["ownerUsers"] == ["ann"]
        assert all_of_it.atlan() == ([asset(A), asset(C)], [asset(B)])
        assert all_of_it.sinks.datahub.aspects[job("copy")]["status"] == {"removed": False}
        assert all_of_it.openmetadata() == {(A, B), (C, B), (B, D)}
        assert {len(rows) for rows in all_of_it.sinks.openmetadata.statuses.values()} == {3}


def test_a_sink_that_was_away_meanwhile_receives_only_what_is_left(db: sa.Engine) -> None:
    """The runs of a task that went before the sink heard of it make no task there."""
    with daily_dag(db, **RETIRES) as all_of_it:
        all_of_it.day({**COPIES, "load": ([B], [D])}, deliver=["datahub"])
        for _ in range(2):
            all_of_it.day({"load": ([B, C], [D])}, deliver=["datahub"])
            all_of_it.day({"load": ([B], [D])}, deliver=["datahub"])
        all_of_it.deliver()
        shown = all_of_it.sinks.atlan.shown()
        assert {name for name in shown if name.startswith(COPY)} == set()
        assert all_of_it.openmetadata() == {(B, D), (C, D)}
        (rows,) = all_of_it.sinks.openmetadata.statuses.values()
        assert len(rows) == 5
        assert all_of_it.owed() == 0


def test_a_sink_that_was_away_takes_back_what_it_knew_from_before(file_db: sa.Engine) -> None:
    with daily_dag(file_db, **RETIRES) as all_of_it:
        all_of_it.day({**COPIES, "load": ([B], [D])})
        for _ in range(4):
            all_of_it.day({"load": ([C], [D])}, deliver=[])
        assert COPY in all_of_it.sinks.atlan.shown()
        all_of_it.deliver()
        assert {name for name in all_of_it.sinks.atlan.shown() if name.startswith(COPY)} == set()
        assert all_of_it.atlan(f"{DAG}/load/process") == ([asset(C)], [asset(D)])
        assert all_of_it.openmetadata() == {(C, D)}
        assert all_of_it.datahub("load") == ([C], [D])


# --- what is not ours ---------------------------------------------------------------------------


def forget_everything(all_of_it: DailyDag) -> None:
    """The task goes, and its data with it."""
    for _ in range(3):
        all_of_it.day({"other": ([], [])})


def test_the_edge_a_person_drew_before_us_stays_though_it_is_the_very_same(
    file_db: sa.Engine,
) -> None:
    urn = "urn:li:dataset:(urn:li:dataPlatform:postgres,{},PROD)"
    with daily_dag(file_db, **RETIRES) as all_of_it:
        sinks = all_of_it.sinks
        theirs = {"destinationUrn": urn.format(A), "properties": {"source": "UI"}}
        sinks.datahub.aspects[job("copy")]["dataJobInputOutput"] = {"inputDatasetEdges": [theirs]}
        sinks.openmetadata.draw(f"warehouse.{A}", f"warehouse.{B}", "ann")
        process = sinks.atlan.add("Process", PROCESS, ownerUsers=["ann"])
        process["refs"] = {"inputs": [asset(D)], "outputs": [asset(B)]}
        twin = sinks.atlan.add("Process", f"{CONNECTION}/drawn-by-ann")
        twin["refs"] = {"inputs": [asset(A)], "outputs": [asset(B)]}
        all_of_it.day(COPIES)
        assert (
            theirs in sinks.datahub.aspects[job("copy")]["dataJobInputOutput"]["inputDatasetEdges"]
        )
        assert all_of_it.atlan() == ([asset(A), asset(C), asset(D)], [asset(B)])  # added to
        for _ in range(2):
            all_of_it.day({"copy": ([C], [B])})
        forget_everything(all_of_it)
        edges = sinks.datahub.aspects[job("copy")]["dataJobInputOutput"]["inputDatasetEdges"]
        assert theirs in edges
        assert all_of_it.openmetadata() == {(A, B)}
        assert process["status"] == twin["status"] == "ACTIVE"
        assert asset(D) in process["refs"]["inputs"]
        assert process["attributes"]["ownerUsers"] == ["ann"]
        assert twin["refs"] == {"inputs": [asset(A)], "outputs": [asset(B)]}


@pytest.mark.parametrize(
    "written", [{"description": "Checked by Ann"}, {"sqlQuery": "select 1"}], ids=["text", "query"]
)
def test_an_edge_of_ours_that_a_person_wrote_on_stays(
    file_db: sa.Engine, written: dict[str, Any]
) -> None:
    with daily_dag(file_db, **RETIRES) as all_of_it:
        all_of_it.day(COPIES)
        ends = f"warehouse.{A}", f"warehouse.{B}"
        all_of_it.sinks.openmetadata.draw(*ends, "ann", columnsLineage=[], **written)
        all_of_it.day(COPIES | {"copy": ([A], [B])})  # there would be columns to add
        all_of_it.resend()
        forget_everything(all_of_it)
        assert all_of_it.openmetadata() == {(A, B)}
        edge = all_of_it.sinks.openmetadata.between(*ends)
        assert edge is not None
        assert edge.items() >= written.items()
        assert edge["updatedBy"] == "ann"


@pytest.mark.parametrize(
    "drawn",
    [
        {"source": "OpenLineage"},
        {"source": "QueryLineage"},
        {"source": "OpenLineage", "pipeline": "other"},
    ],
    ids=["no pipeline", "from queries", "another service's pipeline"],
)
def test_an_edge_that_another_tool_drew_stays(file_db: sa.Engine, drawn: dict[str, Any]) -> None:
    with daily_dag(file_db, **RETIRES) as all_of_it:
        fake = all_of_it.sinks.openmetadata
        if "pipeline" in drawn:
            other = fake.add("/pipelines", "spark.job")
            drawn = {**drawn, "pipeline": {"id": other["id"], "type": "pipeline"}}
        fake.draw(f"warehouse.{A}", f"warehouse.{B}", "ingestion-bot", **drawn)
        all_of_it.day(COPIES)
        forget_everything(all_of_it)
        assert all_of_it.openmetadata() == {(A, B)}


def test_a_task_from_another_writer_is_described_but_never_removed(file_db: sa.Engine) -> None:
    """Both vendors' own integrations give a task the name that we give it."""
    with daily_dag(file_db, **RETIRES) as all_of_it:
        sinks = all_of_it.sinks
        sinks.datahub.aspects[job("copy")]["dataJobInfo"] = {"name": "copy", "type": "COMMAND"}
        task = sinks.atlan.add("AirflowTask", COPY, connectionQualifiedName=CONNECTION)
        task["refs"] = {"inputs": [asset(D)]}
        all_of_it.day(COPIES)
        assert sinks.datahub.aspects[job("copy")]["dataJobInfo"]["customProperties"]["operator"]
        assert task["attributes"]["airflowRunOpenLineageState"] == "COMPLETE"
        assert asset(D) in task["refs"]["inputs"]
        forget_everything(all_of_it)
        assert sinks.datahub.aspects[job("copy")]["status"] == {"removed": False}
        assert COPY in sinks.atlan.shown()
        assert PROCESS not in sinks.atlan.shown()  # that was ours


def test_tables_are_never_taken_away_though_they_bear_our_mark(file_db: sa.Engine) -> None:
    """Who wrote a table last is noted on it in the same place as who made a process."""
    with daily_dag(file_db, **RETIRES) as all_of_it:
        all_of_it.day(COPIES)
        table = all_of_it.sinks.atlan.assets[asset(B)]["attributes"]
        assert table["lastSyncWorkflowName"] == "fairlead"
        forget_everything(all_of_it)
        assert {asset(A), asset(B), asset(C)} <= all_of_it.sinks.atlan.shown()


# --- once, or twice the same --------------------------------------------------------------------


def test_taking_back_twice_is_taking_back_once(file_db: sa.Engine) -> None:
    with daily_dag(file_db, **RETIRES) as all_of_it:
        all_of_it.day(COPIES)
        forget_everything(all_of_it)
        before = len(all_of_it.deletes())
        assert before > 0
        all_of_it.resend()
        assert len(all_of_it.deletes()) == before  # what is gone is not asked for again
        assert all_of_it.owed() == 0


def test_what_a_person_took_away_first_is_no_trouble(file_db: sa.Engine) -> None:
    with daily_dag(file_db, **RETIRES) as all_of_it:
        all_of_it.day(COPIES)
        taken: list[str] = []

        def take_away(request: Request) -> None:
            """Between our look and our request."""
            if request.method == "DELETE" and not taken:
                taken.append(request.path)
                all_of_it.sinks.openmetadata.edges.clear()

        all_of_it.sinks.openmetadata.trouble = take_away
        forget_everything(all_of_it)
        assert taken
        assert all_of_it.openmetadata() == set()
        assert all_of_it.owed() == 0


def breaking(seed: int) -> Callable[[Request], Trouble]:
    """Bad weather; and the first DELETE is carried out, but its answer is lost."""
    trouble, cut = weather(seed, 0.2), iter([Cut(after=True)])
    return lambda request: next(cut, None) if request.method == "DELETE" else trouble(request)


def test_a_connection_that_breaks_while_we_take_back_changes_nothing(file_db: sa.Engine) -> None:
    with daily_dag(file_db, **RETIRES) as all_of_it:
        all_of_it.day({**COPIES, "load": ([B], [D])})
        for seed, fake in enumerate(all_of_it.sinks.fakes().values()):
            fake.trouble = breaking(seed)
        for _ in range(2):
            all_of_it.day({"load": ([C], [D])})
        for _ in range(40):
            all_of_it.deliver()
        assert all_of_it.owed() == 0
        assert {name for name in all_of_it.sinks.atlan.shown() if name.startswith(COPY)} == set()
        assert all_of_it.openmetadata() == {(C, D)}
        assert all_of_it.datahub("load") == ([C], [D])
