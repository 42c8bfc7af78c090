"""History from Airflow's REST API."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from fairlead_bridge import inbox
from fairlead_bridge.cli import main
from fairlead_bridge.db.engine import open_database, reading
from fairlead_bridge.db.migrate import migrate
from fairlead_bridge.errors import Misconfigured, Unavailable
from fairlead_bridge.importing.airflow import Airflow
from fairlead_bridge.importing.events import run_id
from fairlead_bridge.importing.history import bring
from tests.bridge import airflow_server as server
from tests.bridge.asking import Api
from tests.support.small import airflow_dag, airflow_task, run_event, uuid


@pytest.fixture
def fake() -> Iterator[server.Airflow]:
    """Three days of the DAG `shop`, on the second of which `sum` was tried twice; one run goes on."""
    airflow = server.Airflow()
    airflow.dags["shop"] = server.dag()
    airflow.tasks["shop"] = [server.task("load", "sum"), server.task("sum")]
    for day in (1, 2, 3):
        made = server.run(day, "failed" if day == 3 else "success")
        airflow.runs.append(made)
        airflow.tries[made["dag_run_id"]] = [server.instance(day, "load")]
    first, second, third = airflow.tries.values()
    first.append(server.instance(1, "sum", "skipped", try_number=0, start_date=None, duration=None))
    second.append(server.instance(2, "sum", "failed", duration=1.5))
    second.append(server.instance(2, "sum", "success", try_number=2))
    third.append(server.instance(3, "sum", "failed", map_index=0, rendered_map_index="eu"))
    third.append(server.instance(3, "sum", "success", map_index=1, rendered_map_index="us"))
    airflow.runs.append(server.run(4, "running"))
    with server.serving(airflow) as served:
        yield served


def source(fake: server.Airflow, **more: Any) -> Airflow:
    return Airflow(fake.url, **{"token": "token-0", "pause": 0, "sleep": lambda _: None, **more})


def brought(db: sa.Engine, airflow: Airflow, **more: Any) -> int:
    return sum(step.new for step in bring(db, airflow, "prod", lambda: 1, **more))


def kept(db: sa.Engine) -> list[bytes]:
    with reading(db) as tx:
        return [event.body for event in inbox.events(tx, range(1, 1000))]


def imported(db: sa.Engine) -> Api:
    api = Api(db)
    api.send(*kept(db))
    return api


def shown(run: dict[str, Any]) -> tuple[Any, ...]:
    return (run["task_id"], run["map_index"], run["try_number"], run["state"], run["duration"])


def test_dag_runs_have_their_states_and_times_to_the_microsecond(
    db: sa.Engine, fake: server.Airflow
) -> None:
    assert brought(db, source(fake)) == 9
    runs = imported(db).get("runs", kind="dag")["items"]
    assert [(r["state"], r["started_at"], r["duration"]) for r in reversed(runs)] == [
        ("success", "2026-10-01T06:00:01.250000Z", 122.25),
        ("success", "2026-10-02T06:00:01.250000Z", 122.25),
        ("failed", "2026-10-03T06:00:01.250000Z", 122.25),
    ]


def test_every_try_of_every_instance_is_there_once(db: sa.Engine, fake: server.Airflow) -> None:
    brought(db, source(fake))
    runs = imported(db).get("runs", kind="task", limit=100)["items"]
    assert sorted(map(shown, runs), key=str) == sorted(
        [
            *[("load", -1, 1, "success", 42.5)] * 3,
            ("sum", -1, 0, "skipped", None),
            ("sum", -1, 1, "failed", 1.5),
            ("sum", -1, 2, "success", 42.5),
            ("sum", 0, 1, "failed", 42.5),
            ("sum", 1, 1, "success", 42.5),
        ],
        key=str,
    )


def test_the_dag_has_its_schedule_its_owner_and_its_tasks(
    db: sa.Engine, fake: server.Airflow
) -> None:
    brought(db, source(fake))
    api = imported(db)
    shop = api.get("jobs/prod:shop")
    assert (shop["schedule"], shop["owners"][0]["name"]) == ("0 6 * * *", "sales")
    assert [tag["key"] for tag in shop["tags"]] == ["daily"]
    after = api.get("lineage", node="job:prod:shop.load", direction="down", kind="control")
    assert [node["name"] for node in after["nodes"]] == ["shop.load", "shop.sum"]


def test_the_graph_of_today_is_not_imported_for_runs_of_older_versions(
    db: sa.Engine, fake: server.Airflow
) -> None:
    fake.runs[0]["dag_versions"] = [{"id": "v1"}]
    brought(db, source(fake))
    starts = [json.loads(e) for e in kept(db) if b'"START"' in e]
    assert ["airflow" in start["job"]["facets"] for start in starts] == [False, True, True]


def test_a_second_import_finds_nothing_new_and_asks_next_to_nothing(
    db: sa.Engine, fake: server.Airflow
) -> None:
    brought(db, source(fake))
    fake.asked.clear()
    assert brought(db, source(fake)) == 0
    assert fake.asked == ["GET /api/v2/version", "GET /api/v2/dags/~/dagRuns"]


def test_an_import_that_was_broken_off_goes_on(db: sa.Engine, fake: server.Airflow) -> None:
    def away(path: str) -> server.Answer | None:
        return (503, {}, None) if "10-02" in path else None

    fake.trouble = away
    with pytest.raises(Unavailable):
        brought(db, source(fake))
    assert len(kept(db)) == 3
    fake.trouble = lambda _: None
    assert brought(db, source(fake)) == 6
    assert len(kept(db)) == 9


def test_a_run_that_ended_again_is_imported_again(db: sa.Engine, fake: server.Airflow) -> None:
    brought(db, source(fake))
    fake.runs[2] |= {"state": "success", "end_date": "2026-10-03T09:00:00Z", "duration": 10_798.75}
    assert brought(db, source(fake)) > 0
    newest = imported(db).get("runs", kind="dag")["items"][0]
    assert (newest["state"], newest["ended_at"]) == ("success", "2026-10-03T09:00:00Z")


def test_a_run_that_the_catalog_knows_is_the_same_run(db: sa.Engine, fake: server.Airflow) -> None:
    row = fake.runs[0]
    place = airflow_dag(row["dag_run_id"])
    place["dag"]["dag_id"] = "shop"
    live = run_event(
        "START", row["start_date"], run_id("prod", row), "shop", run={"airflowDagRun": place}
    )
    brought(db, source(fake), since="2026-10-01T00:00:00Z")
    api = Api(db)
    api.send(live, *kept(db))
    [run] = api.get("runs", kind="dag", dag_run_id=row["dag_run_id"])["items"]
    assert (run["run_id"], run["state"]) == (run_id("prod", row), "success")


def test_run_ids_are_those_of_openlineage() -> None:
    """As openlineage-python's `generate_static_uuid` makes them."""
    due = {"dag_id": "shop", "logical_date": "2026-11-02T06:00:00Z", "run_after": "-"}
    assert run_id("prod", due) == "01a19ad7-db00-7e93-a5e0-020377bb23b0"
    manual = {"dag_id": "shop", "logical_date": None, "run_after": "2026-11-21T07:16:48.283313Z"}
    assert run_id("prod", manual) == "01a1fcf7-001b-773c-af5f-8ab0ec4cd6c6"


def test_pages_smaller_than_asked_for_lose_nothing(db: sa.Engine, fake: server.Airflow) -> None:
    fake.most = fake.most_instances = 1
    assert brought(db, source(fake)) == 9
    assert len(imported(db).get("runs", kind="task", limit=100)["items"]) == 8


def test_runs_by_the_hour_are_asked_for_together(db: sa.Engine, fake: server.Airflow) -> None:
    for name in ("a", "b", "c"):
        fake.dags[name], fake.tasks[name] = server.dag(name), []
        fake.runs += [server.run(day, dag_id=name) for day in (1, 2, 3)]
    assert brought(db, source(fake)) == 4 * 9
    assert fake.asked.count("POST /api/v2/dags/~/dagRuns/~/taskInstances/list") == 1


def test_runs_are_asked_for_in_halves_where_they_are_too_many_at_once(
    db: sa.Engine, fake: server.Airflow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fairlead_bridge.importing.airflow._MOST", 2)
    assert brought(db, source(fake)) == 9
    assert len(imported(db).get("runs", kind="task", limit=100)["items"]) == 8


def test_a_run_is_not_stored_in_part_where_pages_overlapped(
    db: sa.Engine, fake: server.Airflow
) -> None:
    """Airflow 2 gives task instances without an order."""
    fake.most_instances = 4

    def moving(path: str) -> None:
        if path.endswith("/list"):
            fake.runs.reverse()

    fake.trouble = moving
    with pytest.raises(Unavailable, match="7 task instances were promised"):
        brought(db, source(fake))
    assert kept(db) == []


def test_what_began_under_the_eyes_of_the_catalog_and_ended_unseen_gets_its_end(
    db: sa.Engine, fake: server.Airflow
) -> None:
    """The bridge, or the way to it, was away when the run ended."""
    row = fake.runs[1]
    place = airflow_dag(row["dag_run_id"])
    place["dag"]["dag_id"] = "shop"
    tries = []
    for task, try_number in (("load", 1), ("sum", 1), ("sum", 2)):
        facet = airflow_task(task, row["dag_run_id"], try_number)
        tries.append((task, {"airflow": {**facet, "dag": {"dag_id": "shop"}}}))
    live = [
        run_event(
            "START", row["start_date"], run_id("prod", row), "shop", run={"airflowDagRun": place}
        ),
        *(
            run_event("START", "2026-10-02T06:00:10Z", uuid(n), f"shop.{task}", run=facet)
            for n, (task, facet) in enumerate(tries)
        ),
    ]
    api = Api(db)
    api.send(*live)
    begun = api.get("runs", dag_run_id=row["dag_run_id"], limit=100)["items"]
    assert "success" not in {run["state"] for run in begun}
    brought(db, source(fake))
    api.send(*kept(db))
    ended = api.get("runs", dag_run_id=row["dag_run_id"], limit=100)["items"]
    assert {(run["task_id"], run["try_number"], run["state"]) for run in ended} == {
        (None, None, "success"),
        ("load", 1, "success"),
        ("sum", 1, "failed"),
        ("sum", 2, "success"),
    }


def test_airflow_2_has_a_history_too(db: sa.Engine, fake: server.Airflow) -> None:
    with server.serving(server.of_airflow_2(fake)) as older:
        airflow = source(older, token=None, user=("ann", server.PASSWORD))
        assert brought(db, airflow) == 9
        assert not any("/api/v2/dags" in asked for asked in older.asked)
    api = imported(db)
    runs = api.get("runs", kind="dag")["items"]
    assert [(r["state"], r["duration"]) for r in reversed(runs)] == [
        ("success", 122.25),
        ("success", 122.25),
        ("failed", 122.25),
    ]
    assert len(api.get("runs", kind="task", limit=100)["items"]) == 8
    shop = api.get("jobs/prod:shop")
    assert (shop["schedule"], shop["owners"][0]["name"]) == ("0 6 * * *", "sales")


def test_airflow_2_says_at_once_that_a_password_is_wrong(fake: server.Airflow) -> None:
    with (
        server.serving(server.of_airflow_2(fake)) as older,
        pytest.raises(Misconfigured, match="401"),
    ):
        source(older, token=None, user=("ann", "wrong")).count_runs()


def test_only_one_dag_or_only_the_newest_may_be_asked_for(
    db: sa.Engine, fake: server.Airflow
) -> None:
    assert brought(db, source(fake), dag="other") == 0
    assert brought(db, source(fake), since="2026-10-03T00:00:00Z") == 3
    assert brought(db, source(fake), dag="shop") == 6


def test_the_runs_of_a_dag_that_is_gone_are_stored(db: sa.Engine, fake: server.Airflow) -> None:
    del fake.dags["shop"], fake.tasks["shop"]
    brought(db, source(fake))
    assert len(imported(db).get("runs", kind="dag")["items"]) == 3


def test_a_very_large_run_makes_several_events(db: sa.Engine, fake: server.Airflow) -> None:
    rows = [server.instance(1, "load", map_index=n) for n in range(1500)]
    fake.tries[fake.runs[0]["dag_run_id"]] = rows
    assert brought(db, source(fake, page=1000)) == 10


def test_an_airflow_that_says_later_is_asked_later(db: sa.Engine, fake: server.Airflow) -> None:
    waits: list[float] = []
    answers = iter([(503, {"Retry-After": "7"}, None), (502, {}, None)])
    fake.trouble = lambda _: next(answers, None)
    assert brought(db, source(fake, sleep=waits.append)) == 9
    assert waits == [7.0, 4.0]


def test_a_token_that_runs_out_is_renewed(db: sa.Engine, fake: server.Airflow) -> None:
    airflow = source(fake, token=None, user=("ann", server.PASSWORD))
    airflow.count_runs()
    fake.tokens.clear()
    assert brought(db, airflow) == 9
    assert fake.asked.count("POST /auth/token") == 2


@pytest.mark.parametrize(
    "who", [{"token": "wrong"}, {"token": None, "user": ("ann", "wrong")}, {"token": None}]
)
def test_wrong_credentials_are_reported_at_once(fake: server.Airflow, who: dict[str, Any]) -> None:
    with pytest.raises(Misconfigured, match="401"):
        source(fake, **who).count_runs()
    assert fake.asked[0] == "GET /api/v2/version"
    assert len(fake.asked) == 2


def test_the_command_brings_history_into_the_log(
    tmp_path: Path, fake: server.Airflow, capsys: pytest.CaptureFixture[str]
) -> None:
    url = f"sqlite:///{tmp_path / 'b.db'}"
    secret = tmp_path / "user"
    secret.write_text(f"ann:{server.PASSWORD}\n")
    command = ["import", "airflow", "--url", fake.url, "--user", f"@{secret}", "--pause", "0"]
    assert main([*command, "--namespace", "prod", "--database-url", url]) == 0
    imported = capsys.readouterr()
    assert imported.out == "3 DAG runs looked at, 9 new events stored; `serve` absorbs them\n"
    assert imported.err == ""
    engine = open_database(url)
    migrate(engine)
    assert len(kept(engine)) == 9
    engine.dispose()


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--user", "ann"], "--user is NAME:PASSWORD"),
        (["--token", "@/no/such/file"], "/no/such/file cannot be read"),
        (["--token", "wrong"], "is the token right"),
    ],
)
def test_the_command_says_what_is_wrong(
    tmp_path: Path,
    fake: server.Airflow,
    capsys: pytest.CaptureFixture[str],
    flags: list[str],
    message: str,
) -> None:
    url = f"sqlite:///{tmp_path / 'b.db'}"
    assert main(["import", "airflow", "--url", fake.url, *flags, "--database-url", url]) != 0
    assert message in capsys.readouterr().err
