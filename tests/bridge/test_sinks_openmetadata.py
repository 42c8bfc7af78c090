"""The OpenMetadata sink before a strict fake over real HTTP."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from fairlead_bridge.entries import Owner, Tag
from fairlead_bridge.errors import Rejected, Unavailable
from fairlead_bridge.sinks import Target, settings
from fairlead_bridge.sinks.openmetadata.names import quoted, split
from tests.support.sinks import entries as shop
from tests.support.sinks.delivering import deliver, deliver_in_bad_weather
from tests.support.sinks.openmetadata import FakeOpenMetadata
from tests.support.sinks.server import Answer, serving

ORDERS = "pg_prod.sales.public.orders"
DAILY = "snowflake_prod.ANALYTICS.REPORTING.DAILY_ORDERS"
RULES = [
    {"namespace": "postgres://sales:5432", "service": "pg_prod"},
    {"namespace": "snowflake://*", "service": "snowflake_prod", "case": "upper"},
]
PIPELINE = "airflow.orders_sync"
FRESH = replace(
    shop.DAILY_ENTRY, written_at=shop.START + 175 * shop.SECOND, written_by=shop.LOAD_WROTE
)


@pytest.fixture
def fake() -> Iterator[FakeOpenMetadata]:
    fake = FakeOpenMetadata()
    fake.table(ORDERS, "id", "amount")
    fake.table(DAILY, "ORDER_ID", "AMOUNT")
    fake.add("/teams", "data-eng")
    with serving(fake):
        yield fake


def new_target(url: str = "http://om:8585", **more: Any) -> Target:
    raw = {"type": "openmetadata", "url": url, "naming": RULES, **more}
    return settings.targets({"sinks": {"one": raw}}, {})[0]


def edge(fake: FakeOpenMetadata) -> dict[str, Any]:
    tables = fake.entities["/tables"]
    return fake.edges[tables[ORDERS]["id"], tables[DAILY]["id"]]


def columns(fake: FakeOpenMetadata) -> dict[str, list[str]]:
    return {line["toColumn"]: line["fromColumns"] for line in edge(fake)["columnsLineage"]}


# --- what is delivered -------------------------------------------------------------------------------


def test_a_dag_is_a_pipeline_with_all_its_tasks(fake: FakeOpenMetadata) -> None:
    assert deliver(new_target(fake.url), shop.DAG_ENTRY) == [None]
    pipeline = fake.entities["/pipelines"][PIPELINE]
    assert pipeline["scheduleInterval"] == "0 5 * * *"
    assert pipeline["startDate"] == "2026-01-01T00:00:00+00:00"
    tasks = {task["name"]: task for task in pipeline["tasks"]}
    assert tasks["load"]["downstreamTasks"] == ["report", "score"]
    assert tasks["load"]["taskType"] == "SQLExecuteQueryOperator"
    assert [tag["tagFQN"] for tag in pipeline["tags"]] == [
        "AirflowTags.orders",
        "AirflowTags.tier-1",
    ]
    assert pipeline["owners"] == [{"id": fake.entities["/teams"]["data-eng"]["id"], "type": "team"}]


def test_prerequisites_are_put_once(fake: FakeOpenMetadata) -> None:
    target = new_target(fake.url, airflow_url="https://airflow.example.com")
    deliver(target, shop.DAG_ENTRY)
    before = len(fake.seen)
    deliver(target, shop.DAG_ENTRY)
    assert fake.paths()[before:] == ["PUT /api/v1/pipelines"]


def test_what_people_curate_survives(fake: FakeOpenMetadata) -> None:
    """On pipelines, their tasks, tables, columns and edges: owners, texts, names, tags."""
    target = new_target(fake.url, create_tables=True)
    assert deliver(target, shop.DAG_ENTRY, shop.LOAD_ENTRY, FRESH) == [None] * 3
    pipeline, table = fake.entities["/pipelines"][PIPELINE], fake.entities["/tables"][DAILY]
    ann = fake.add("/users", "ann")
    fake.add("/users", "bob")
    owner, tier = {"id": ann["id"], "type": "user"}, {"tagFQN": "Tier.Tier1"}
    task = pipeline["tasks"][1]
    for part in (pipeline, task, table, *table["columns"]):
        part.update(owners=[owner], description="What Ann knows", displayName="Ann's")
        part.setdefault("tags", []).append(tier)
    table["lifeCycle"]["accessed"] = {"timestamp": 1}
    edge(fake)["description"] = "What Ann knows"
    again = (
        replace(shop.DAG_ENTRY, description="new", owners=(Owner("bob"),), tags=(Tag("orders"),)),
        replace(shop.LOAD_ENTRY, sql="select 2", origins=shop.LOAD_ENTRY.origins[:1]),
        replace(FRESH, written_at=shop.START + 999 * shop.SECOND, columns=()),
        shop.dag_run(tasks=(shop.task_run(shop.LOAD),)),
    )
    assert deliver(target, *again) == [None] * 4
    (kept,) = (one for one in pipeline["tasks"] if one["name"] == task["name"])
    for part in (pipeline, kept, table, *table["columns"]):
        assert part["owners"] == [owner]
        assert (part["description"], part["displayName"]) == ("What Ann knows", "Ann's")
        assert tier in part["tags"]
    assert table["lifeCycle"]["accessed"] == {"timestamp": 1}
    assert edge(fake)["description"] == "What Ann knows"
    assert len(columns(fake)) == 2


def test_what_a_crawler_wrote_of_a_tables_life_meanwhile_is_added_to(
    fake: FakeOpenMetadata,
) -> None:
    target = new_target(fake.url)
    deliver(target, shop.DAG_ENTRY, shop.LOAD_ENTRY)  # the table is known, without any life
    fake.entities["/tables"][DAILY]["lifeCycle"] = {"created": {"timestamp": 1}}
    assert deliver(target, FRESH) == [None]
    assert fake.entities["/tables"][DAILY]["lifeCycle"].keys() == {"created", "updated"}


def test_an_edge_that_a_person_drew_gets_our_columns_and_stays_theirs(
    fake: FakeOpenMetadata,
) -> None:
    fake.draw(ORDERS, DAILY, "ann", description="What Ann knows", sqlQuery="select 1")
    assert deliver(new_target(fake.url), shop.DAG_ENTRY, shop.LOAD_ENTRY) == [None, None]
    drawn = edge(fake)
    assert (drawn["source"], drawn["description"]) == ("Manual", "What Ann knows")
    assert drawn["sqlQuery"] == "select 1"
    assert len(columns(fake)) == 2


def test_a_dag_run_is_one_status_with_its_tasks(fake: FakeOpenMetadata) -> None:
    run = shop.dag_run(
        state="failed",
        tasks=(
            shop.task_run(shop.EXTRACT),
            shop.task_run(shop.LOAD, "failed"),
            shop.task_run(shop.REPORT, "upstream_failed"),
            *(shop.task_run(shop.SCORE, "skipped", map_index=n) for n in range(3)),
        ),
    )
    assert deliver(new_target(fake.url), shop.DAG_ENTRY, run) == [None, None]
    ((at, status),) = fake.statuses[PIPELINE].items()
    assert at == 1795150800000
    assert status["executionId"] == "scheduled__2026-11-20T05:00:00+00:00"
    assert (status["executionStatus"], status["endTime"]) == ("Failed", 1795150980000)
    assert {task["name"]: task["executionStatus"] for task in status["taskStatus"]} == {
        "extract": "Successful",
        "load": "Failed",
        "report": "Failed",
        "score": "Skipped",
    }


def test_the_worst_of_the_mapped_instances_is_the_tasks_status(fake: FakeOpenMetadata) -> None:
    states = ["success", "failed", "running"]
    mapped = [shop.task_run(shop.SCORE, state, map_index=n) for n, state in enumerate(states)]
    deliver(
        new_target(fake.url), shop.DAG_ENTRY, shop.dag_run(state="running", tasks=tuple(mapped))
    )
    (status,) = fake.statuses[PIPELINE].values()
    assert status["executionStatus"] == "Pending"
    assert [task["executionStatus"] for task in status["taskStatus"]] == ["Failed"]


def test_a_run_delivered_again_is_the_same_row(fake: FakeOpenMetadata) -> None:
    target = new_target(fake.url)
    deliver(target, shop.DAG_ENTRY, shop.dag_run(state="running"))
    deliver(target, shop.dag_run(tasks=(shop.task_run(shop.LOAD),)))
    (status,) = fake.statuses[PIPELINE].values()
    assert status["executionStatus"] == "Successful"


def test_a_status_waits_for_its_pipeline(fake: FakeOpenMetadata) -> None:
    target = new_target(fake.url)
    (outcome,) = deliver(target, shop.dag_run())
    assert isinstance(outcome, Unavailable)
    deliver(target, replace(shop.DAG_ENTRY, tasks=()))
    (outcome,) = deliver(target, shop.dag_run(tasks=(shop.task_run(shop.LOAD),)))
    assert isinstance(outcome, Unavailable)
    assert "Invalid task name" in str(outcome)
    # in whatever order they come, what has to be first is delivered first
    assert deliver(target, shop.dag_run(tasks=(shop.task_run(shop.LOAD),)), shop.DAG_ENTRY) == [
        None,
        None,
    ]


def test_a_task_draws_an_edge_with_columns_that_exist(fake: FakeOpenMetadata) -> None:
    assert deliver(new_target(fake.url), shop.DAG_ENTRY, shop.LOAD_ENTRY) == [None, None]
    assert columns(fake) == {
        f"{DAILY}.ORDER_ID": [f"{ORDERS}.id"],
        f"{DAILY}.AMOUNT": [f"{ORDERS}.amount"],
    }
    assert edge(fake)["pipeline"]["id"] == fake.entities["/pipelines"][PIPELINE]["id"]
    assert edge(fake)["sqlQuery"].startswith("insert into")


def test_a_job_outside_airflow_is_a_pipeline_by_itself(fake: FakeOpenMetadata) -> None:
    job = replace(shop.LOAD, name="daily app", kind="job", dag_id=None, task_id=None, parent=None)
    run = replace(shop.LOAD_WROTE, job=job, dag_run_id=None, dag_run=None)
    target = new_target(fake.url)
    edges, status = deliver(target, replace(shop.LOAD_ENTRY, job=job), run)
    assert edges is None
    assert isinstance(status, Unavailable)  # the pipeline came with the edges, after it
    assert deliver(target, run) == [None]
    assert len(fake.statuses["airflow.daily app"]) == 1
    assert edge(fake)["pipeline"]["id"] == fake.entities["/pipelines"]["airflow.daily app"]["id"]


def test_columns_that_a_table_does_not_have_are_left_out(fake: FakeOpenMetadata) -> None:
    fake.entities["/tables"][DAILY]["columns"].pop()
    assert deliver(new_target(fake.url), shop.DAG_ENTRY, shop.LOAD_ENTRY) == [None, None]
    assert list(columns(fake)) == [f"{DAILY}.ORDER_ID"]


def test_of_columns_that_differ_by_letters_the_edge_has_the_one_that_is_meant(
    fake: FakeOpenMetadata,
) -> None:
    table = fake.entities["/tables"][DAILY]
    own = dict(table["columns"][0])
    other = {**own, "name": own["name"].swapcase()}
    other["fullyQualifiedName"] = f"{DAILY}.{other['name']}"
    table["columns"].insert(0, other)
    deliver(new_target(fake.url), shop.DAG_ENTRY, shop.LOAD_ENTRY)
    assert f"{DAILY}.{own['name']}" in columns(fake)
    assert other["fullyQualifiedName"] not in columns(fake)


def test_a_second_pipeline_adds_its_columns_and_takes_nothing_away(fake: FakeOpenMetadata) -> None:
    target = new_target(fake.url)
    first = replace(shop.LOAD_ENTRY, origins=shop.LOAD_ENTRY.origins[:1])
    deliver(target, shop.DAG_ENTRY, first)
    other_dag = shop.of_dag(shop.DAG, "second")
    other = replace(
        shop.LOAD_ENTRY,
        job=shop.of_dag(shop.LOAD, "second", "load"),
        origins=shop.LOAD_ENTRY.origins[1:],
    )
    assert deliver(target, replace(shop.DAG_ENTRY, job=other_dag), other) == [None, None]
    assert len(columns(fake)) == 2
    assert edge(fake)["pipeline"]["id"] == fake.entities["/pipelines"][PIPELINE]["id"]


def test_an_edge_that_has_it_all_is_not_written_again(fake: FakeOpenMetadata) -> None:
    target = new_target(fake.url)
    deliver(target, shop.DAG_ENTRY, shop.LOAD_ENTRY)
    before = len(fake.seen)
    deliver(target, shop.LOAD_ENTRY)
    assert [path.split()[0] for path in fake.paths()[before:]] == ["GET"]


def test_a_table_that_was_made_anew_is_looked_up_anew(fake: FakeOpenMetadata) -> None:
    target = new_target(fake.url)
    deliver(target, shop.DAG_ENTRY, FRESH)
    fake.entities["/tables"][DAILY]["id"] = "another"
    later = replace(FRESH, written_at=shop.START + 999 * shop.SECOND)
    (outcome,) = deliver(target, later)
    assert isinstance(outcome, Unavailable)
    assert deliver(target, later) == [None]


def test_a_table_that_is_not_ingested_is_waited_for(fake: FakeOpenMetadata) -> None:
    del fake.entities["/tables"][DAILY]
    target = new_target(fake.url)
    pipeline, lineage, freshness = deliver(target, shop.DAG_ENTRY, shop.LOAD_ENTRY, FRESH)
    assert pipeline is None
    for outcome in (lineage, freshness):
        assert isinstance(outcome, Unavailable)
        assert outcome.retry_after == 3600
        assert f"no table {DAILY} yet" in str(outcome)


def test_a_successful_write_makes_a_table_fresh(fake: FakeOpenMetadata) -> None:
    assert deliver(new_target(fake.url), shop.DAG_ENTRY, FRESH) == [None, None]
    observed = fake.observed[DAILY, PIPELINE]
    assert (observed["lastRunTime"], observed["lastRunStatus"]) == (1795150975000, "Successful")
    updated = fake.entities["/tables"][DAILY]["lifeCycle"]["updated"]
    assert updated["timestamp"] == 1795150975000


def test_an_older_write_does_not_make_a_table_older(fake: FakeOpenMetadata) -> None:
    fake.entities["/tables"][DAILY]["lifeCycle"] = {"updated": {"timestamp": 1795150999000}}
    assert deliver(new_target(fake.url), shop.DAG_ENTRY, FRESH) == [None, None]
    assert fake.entities["/tables"][DAILY]["lifeCycle"]["updated"] == {"timestamp": 1795150999000}


def test_tables_are_made_only_where_that_is_asked_for(fake: FakeOpenMetadata) -> None:
    fake.add("/services/databaseServices", "snowflake_prod")
    del fake.entities["/tables"][DAILY]
    assert new_target().sink.render(shop.DAILY_ENTRY) is None
    assert deliver(new_target(fake.url, create_tables=True), shop.DAILY_ENTRY) == [None]
    assert [column["name"] for column in fake.entities["/tables"][DAILY]["columns"]] == [
        "ORDER_ID",
        "AMOUNT",
    ]


def test_what_a_crawler_found_is_not_made_again(fake: FakeOpenMetadata) -> None:
    assert deliver(new_target(fake.url, create_tables=True), shop.DAILY_ENTRY) == [None]
    assert fake.paths() == [f"GET /api/v1/tables/name/{DAILY}"]


def test_datasets_without_a_service_are_left_out() -> None:
    sink: Any = new_target().sink
    assert sink.named(shop.LANDING) is None
    assert sink.render(shop.EXTRACT_ENTRY) is None
    assert sink.named(shop.ORDERS) == ORDERS


def test_names_with_dots_are_quoted(fake: FakeOpenMetadata) -> None:
    dag = replace(shop.DAG_ENTRY, job=shop.of_dag(shop.DAG, "my.dag"))
    run = replace(shop.dag_run(), job=shop.of_dag(shop.DAG, "my.dag"))
    assert deliver(new_target(fake.url), dag, run) == [None, None]
    assert list(fake.statuses) == ['airflow."my.dag"']
    assert split('a."b.c"."d\\"e"') == ["a", "b.c", 'd"e']
    assert quoted('d"e') == '"d\\"e"'


# --- delivery -------------------------------------------------------------------------------------


def test_a_bot_without_rights_rests_the_sink(fake: FakeOpenMetadata) -> None:
    fake.trouble = lambda _: Answer(403, {"message": "Principal: CatalogPrincipal{name='bot'}"})
    with pytest.raises(Unavailable, match="give the bot a role"):
        deliver(new_target(fake.url), shop.DAG_ENTRY)


def test_a_refusal_is_one_entrys(fake: FakeOpenMetadata) -> None:
    fake.trouble = lambda request: (
        Answer(400, {"message": "no"}) if request.path.endswith("/status") else None
    )
    dag, run, task = deliver(new_target(fake.url), shop.DAG_ENTRY, shop.dag_run(), shop.LOAD_ENTRY)
    assert (dag, task) == (None, None)
    assert isinstance(run, Rejected)


def test_probe_says_the_version_and_the_services(fake: FakeOpenMetadata) -> None:
    fake.add("/services/databaseServices", "pg_prod")
    assert new_target(fake.url).sink.probe() == [
        f"OpenMetadata 2.0.7 at {fake.url}",
        "database service pg_prod is there",
        "database service snowflake_prod IS MISSING",
        "checks and freshness are delivered as test results",
    ]
    with pytest.raises(Unavailable, match="server"):
        new_target(f"{fake.url}/other").sink.probe()


def test_probe_says_whose_edges_are_taken_back(fake: FakeOpenMetadata) -> None:
    target = new_target(fake.url, retire_after_days=30)
    assert target.sink.probe()[-1].startswith("edges that fairlead-bot drew are removed")
    fake.trouble = lambda request: (
        Answer(404, {"message": "no"}) if request.path.endswith("loggedInUser") else None
    )
    target = new_target(fake.url, retire_after_days=30)
    assert target.sink.probe()[-1].startswith("NO EDGE is removed")


def test_random_trouble_leaves_nothing_out(fake: FakeOpenMetadata) -> None:
    chance = random.Random(3)
    fake.trouble = lambda _: (
        Answer(chance.choice([429, 500, 503]), None) if chance.random() < 0.2 else None
    )
    target = new_target(fake.url)
    days = [shop.dag_run(day, tasks=(shop.task_run(shop.LOAD, day=day),)) for day in range(30)]
    deliver_in_bad_weather(target, (*days, shop.DAG_ENTRY, shop.LOAD_ENTRY, FRESH))
    assert len(fake.statuses[PIPELINE]) == 30
    assert len(columns(fake)) == 2
