"""What DAG authors import, against a real bridge."""

# ruff: noqa: TID253 - tested against the real operators

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import (
    DAG,
    AirflowFailException,
    Asset,
    BaseNotifier,
    TaskDeferred,
    task,
)
from airflow.providers.openlineage.extractors.manager import ExtractorManager
from airflow.providers.standard.operators.python import PythonOperator
from tests.provider.versions import AIRFLOW
from tests.support import shop
from tests.support.bridging import Bridge, running

import fairlead_airflow
from fairlead_airflow import (
    DatasetFreshSensor,
    DeclareLineageOperator,
    FairleadHook,
    FairleadNotifier,
    SchemaCheckOperator,
    declares_lineage,
    extractors,
)
from fairlead_airflow.impact import proposed_columns
from fairlead_airflow.lineage.naming import identity
from fairlead_airflow.triggers import DatasetFreshTrigger
from fairlead_sdk.datasets import Identity

pytestmark = pytest.mark.airflow

WAREHOUSE = "postgres://warehouse:5432"
ORDERS = (WAREHOUSE, "shop.public.orders")
REVENUE = (WAREHOUSE, "shop.public.daily_revenue")


@pytest.fixture(scope="module")
def bridge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bridge]:
    """Knows three days of the DAG `shop`; orders were written last on 2026-11-03 at 06:01:13."""
    with running(tmp_path_factory.mktemp("bridge")) as started:
        started.take(shop.events())
        yield started


@pytest.fixture
def connection(bridge: Bridge, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_FAIRLEAD_DEFAULT", "fairlead://" + bridge.url[7:])


@pytest.fixture
def no_bridge(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_FAIRLEAD_DEFAULT", "fairlead://127.0.0.1:9")


def at(day: int, hour: int = 0) -> datetime:
    return datetime(2026, 11, day, hour, tzinfo=UTC)


def context(interval_end: datetime | None = None, **more: Any) -> dict[str, Any]:
    return {"dag_run": SimpleNamespace(data_interval_end=interval_end, run_after=at(1)), **more}


def lineage(operator: Any) -> Any:
    """What OpenLineage's manager gets for an operator that has run."""
    from airflow.providers.openlineage.utils.emission_policy import EmissionPolicy
    from airflow.utils.state import TaskInstanceState

    manager = ExtractorManager()
    extractors.register(manager)
    return manager.extract_metadata(
        dagrun=SimpleNamespace(run_id="r"),
        task=operator,
        task_instance_state=TaskInstanceState.SUCCESS,
        task_instance=None,
        controls=EmissionPolicy.defaults(),
    )


def names(datasets: Any) -> list[tuple[str, str]]:
    return [(d.namespace, d.name) for d in datasets]


# --- the public face ------------------------------------------------------------------------


def test_the_public_names_are_sorted_and_all_there() -> None:
    assert sorted(fairlead_airflow.__all__) == fairlead_airflow.__all__
    for name in fairlead_airflow.__all__:
        assert getattr(fairlead_airflow, name).__name__ == name


@pytest.mark.parametrize(
    ("written", "known"),
    [
        ("s3://lake/orders.csv", ("s3://lake", "orders.csv")),
        ("/data/orders.csv", ("file", "/data/orders.csv")),
        ("sqlite:///w.db/orders", ("sqlite:///w.db", "orders")),
        ("postgres://h:5432/shop/public/orders", ("postgres://h:5432", "shop.public.orders")),
        (Asset("s3://lake/a"), ("s3://lake", "a")),
        (Asset("daily"), ("asset", "daily")),
        (ORDERS, ORDERS),
        (list(ORDERS), ORDERS),
    ],
)
def test_a_dataset_may_be_written_in_many_ways(written: Any, known: tuple[str, str]) -> None:
    assert identity(written) == Identity(*known)


@pytest.mark.parametrize(
    "written",
    ["", "orders", "not a dataset", "a.csv", "Note: none", "s3://", ("a",), ("a", ""), 7, None],
)
def test_what_names_no_dataset_is_refused(written: Any) -> None:
    with pytest.raises(ValueError, match="names no dataset"):
        identity(written)


@pytest.mark.parametrize("wrong", ["not a dataset", "shop.public.orders", "", ("a", ""), None, 7])
def test_what_names_no_dataset_fails_while_the_dag_is_parsed(wrong: Any) -> None:
    with pytest.raises(ValueError, match="names no dataset: write a URI"):
        DatasetFreshSensor(task_id="t", dataset=wrong)
    with pytest.raises(ValueError, match="names no dataset"):
        SchemaCheckOperator(task_id="t", dataset=wrong, schema=["id"])
    with pytest.raises(ValueError, match="names no dataset"):
        DeclareLineageOperator(task_id="t", outputs=[wrong])


def test_what_a_template_or_a_task_will_say_is_not_judged_while_the_dag_is_parsed() -> None:
    with DAG("d", start_date=at(1), schedule=None):

        @task
        def name() -> str:
            return "s3://lake/orders.csv"

        for index, dataset in enumerate(["{{ params.table }}", ("{{ ns }}", "x"), name()]):
            assert DatasetFreshSensor(task_id=f"t{index}", dataset=dataset).dataset == dataset


@pytest.mark.usefixtures("connection")
def test_a_sensor_of_no_dataset_fails_at_once_and_makes_no_asset() -> None:
    sensor = DatasetFreshSensor(task_id="t", dataset="{{ params.table }}")
    sensor.dataset = "not a dataset"  # as rendered
    with pytest.raises(ValueError, match="'not a dataset' names no dataset"):
        sensor.execute(context(at(1)))
    assert names(lineage(sensor).inputs) == []


# --- the hook -------------------------------------------------------------------------------


@pytest.mark.usefixtures("connection")
def test_the_hook_has_a_client_of_the_catalog() -> None:
    with FairleadHook().client() as client:
        runs = list(client.runs(dag_id="shop", task_id="daily_revenue", state="failed"))
    assert [run["dag_run_id"] for run in runs] == ["scheduled__2026-11-03T06:00:00+00:00"]


def test_without_a_connection_the_hook_asks_where_lineage_is_sent(
    bridge: Bridge, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW__FAIRLEAD__URL", bridge.url)
    assert FairleadHook().get("api/v1/health")["status"] == "ok"


# --- waiting for fresh data -----------------------------------------------------------------


@pytest.mark.usefixtures("connection")
@pytest.mark.parametrize(
    ("since", "fresh"), [("2026-11-03T06:00:00+00:00", True), ("2026-11-03T07:00:00", False)]
)
def test_a_dataset_is_fresh_once_it_was_written_since_then(since: str, fresh: bool) -> None:
    sensor = DatasetFreshSensor(task_id="t", dataset=ORDERS, since=since)
    assert sensor.poke(context()) is fresh


@pytest.mark.usefixtures("connection")
def test_without_a_moment_it_waits_for_what_came_after_the_data_interval() -> None:
    sensor = DatasetFreshSensor(task_id="t", dataset=ORDERS)
    assert sensor.poke(context(at(3)))
    assert not sensor.poke(context(at(4)))
    assert sensor.poke(context(None)), "a run without an interval: since it was due"


@pytest.mark.usefixtures("connection")
def test_a_failed_write_makes_nothing_fresh() -> None:
    sensor = DatasetFreshSensor(task_id="t", dataset=REVENUE, since=at(3))
    assert not sensor.poke(context())


@pytest.mark.usefixtures("connection")
def test_data_may_be_asked_to_be_only_so_old() -> None:
    old = DatasetFreshSensor(task_id="t", dataset=ORDERS, within=timedelta(seconds=1))
    young = DatasetFreshSensor(task_id="u", dataset=ORDERS, within=timedelta(days=36_500))
    assert not old.poke(context(at(3)))
    assert young.poke(context(at(3)))


@pytest.mark.usefixtures("connection")
def test_a_dataset_that_nobody_knows_is_waited_for() -> None:
    assert not DatasetFreshSensor(task_id="t", dataset="s3://no/where").poke(context(at(1)))


@pytest.mark.usefixtures("no_bridge")
def test_a_sensor_waits_on_while_the_bridge_is_away() -> None:
    assert not DatasetFreshSensor(task_id="t", dataset=ORDERS).poke(context(at(1)))


@pytest.mark.usefixtures("connection")
def test_what_is_fresh_already_is_not_waited_for_in_the_triggerer() -> None:
    sensor = DatasetFreshSensor(task_id="t", dataset=ORDERS, deferrable=True)
    assert sensor.execute(context(at(3))) == "2026-11-03T06:01:13+00:00"


async def fired(trigger: DatasetFreshTrigger) -> Any:
    async for event in trigger.run():
        return event.payload
    return None


@pytest.mark.usefixtures("connection")
def test_a_trigger_fires_when_another_airflow_has_written_the_dataset(bridge: Bridge) -> None:
    dataset = ("s3://lake", "exchange/rates.csv")
    sensor = DatasetFreshSensor(
        task_id="t", dataset=dataset, deferrable=True, poke_interval=0.1, timeout=5
    )
    with pytest.raises(TaskDeferred) as deferred:
        sensor.execute(context(at(3)))
    assert deferred.value.timeout == timedelta(seconds=5)
    _, arguments = deferred.value.trigger.serialize()

    async def wait() -> Any:
        waiting = asyncio.create_task(fired(DatasetFreshTrigger(**arguments)))
        await asyncio.sleep(0.3)
        assert not waiting.done()
        await asyncio.to_thread(bridge.take, [_written(dataset, "2026-11-04T08:00:00Z")])
        return await asyncio.wait_for(waiting, 10)

    payload = asyncio.run(wait())
    assert sensor.execute_complete(context(), payload) == "2026-11-04T08:00:00+00:00"


def _written(dataset: tuple[str, str], time: str) -> dict[str, Any]:
    return {
        "eventType": "COMPLETE",
        "eventTime": time,
        "producer": "https://example.com/other",
        "schemaURL": "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent",
        "run": {"runId": "01939cd0-0000-7000-8000-0000000abcde"},
        "job": {"namespace": "another-airflow", "name": "rates.fetch"},
        "outputs": [{"namespace": dataset[0], "name": dataset[1]}],
    }


def test_a_bridge_that_refuses_ends_the_waiting() -> None:
    sensor = DatasetFreshSensor(task_id="t", dataset=ORDERS)
    with pytest.raises(AirflowFailException, match="HTTP 401"):
        sensor.execute_complete(context(), {"error": "the bridge answers HTTP 401"})


def test_what_a_sensor_waits_for_is_its_input() -> None:
    assert names(lineage(DatasetFreshSensor(task_id="t", dataset=ORDERS)).inputs) == [ORDERS]


# --- declaring lineage ----------------------------------------------------------------------


def test_an_operator_declares_what_happens_elsewhere() -> None:
    operator = DeclareLineageOperator(
        task_id="t", inputs=["s3://lake/a", ORDERS], outputs=[Asset("daily")]
    )
    operator.execute({})
    found = lineage(operator)
    assert names(found.inputs) == [("s3://lake", "a"), ORDERS]
    assert names(found.outputs) == [("asset", "daily")]


def test_an_operator_that_declares_nonsense_fails() -> None:
    operator = DeclareLineageOperator(task_id="t", outputs=["{{ params.table }}"])
    operator.outputs = ["nonsense"]  # as rendered
    with pytest.raises(ValueError, match="names no dataset"):
        operator.execute({})


def test_one_declared_name_that_is_no_dataset_costs_no_other() -> None:
    @declares_lineage(inputs=["orders", ORDERS])
    def export() -> None: ...

    assert names(lineage(PythonOperator(task_id="t", python_callable=export)).inputs) == [ORDERS]


def test_a_decorator_below_or_above_task_adds_to_what_is_found() -> None:
    with DAG("d", start_date=at(1), schedule=None):

        @task(outlets=[Asset("s3://lake/declared")])
        @declares_lineage(inputs=[ORDERS], outputs=["/out/a.csv"])
        def below() -> None: ...

        @declares_lineage(inputs=[ORDERS])
        @task
        def above() -> None: ...

        first, second = below().operator, above().operator
    found = lineage(first)
    assert names(found.inputs) == [ORDERS]
    assert names(found.outputs) == [("file", "/out/a.csv"), ("s3://lake", "declared")]
    assert "def below" in found.job_facets["sourceCode"].sourceCode
    assert names(lineage(second).inputs) == [ORDERS]


def test_a_declaration_may_depend_on_the_tasks_arguments() -> None:
    @declares_lineage(outputs=lambda region, day: [f"s3://lake/{region}/{day}.csv"])
    def export(region: str, day: str = "today", **_: Any) -> None: ...

    operator = PythonOperator(task_id="t", python_callable=export, op_args=["eu"])
    assert names(lineage(operator).outputs) == [("s3://lake", "eu/today.csv")]


def test_a_declaration_that_fails_costs_only_itself() -> None:
    @declares_lineage(outputs=lambda nobody: [nobody])
    def export() -> None: ...

    operator = PythonOperator(task_id="t", python_callable=export)
    assert lineage(operator).job_facets["sourceCode"] is not None


# --- checking schemas -----------------------------------------------------------------------


def columns() -> dict[str, str | None]:
    with FairleadHook().client() as client:
        detail = client.dataset(*ORDERS)
    assert detail is not None
    return {c["name"]: c["type"] for c in detail["schema_fields"]}


def schema_check(schema: Any, dataset: Any = ORDERS, **more: Any) -> dict[str, Any]:
    operator = SchemaCheckOperator(task_id="t", dataset=dataset, schema=schema, **more)
    report: dict[str, Any] = operator.execute({})
    return report


@pytest.mark.usefixtures("connection")
def test_the_schema_that_is_there_and_new_columns_are_safe() -> None:
    same = columns()
    assert schema_check(same) == {"changes": [], "uses": []}
    assert schema_check({**same, "another": "text"}) == {"changes": [], "uses": []}


@pytest.mark.usefixtures("connection")
def test_a_column_that_is_used_must_not_go_and_the_error_says_whose_it_is() -> None:
    without = columns()
    del without["amount"]
    with pytest.raises(AirflowFailException) as failed:
        schema_check(without)
    message = str(failed.value)
    assert "column amount is removed" in message
    assert "shop.public.daily_revenue.revenue is made from amount by shop.daily_revenue" in message
    assert "(owner: sales)" in message


@pytest.mark.usefixtures("connection")
def test_a_column_that_is_used_must_keep_its_type() -> None:
    with pytest.raises(AirflowFailException, match="column amount becomes text instead of"):
        schema_check({**columns(), "amount": "text"})


@pytest.mark.usefixtures("connection")
def test_a_probable_rename_is_no_safer_than_a_removal_and_a_wider_type_is_safe() -> None:
    renamed = {"value" if n == "amount" else n: kind for n, kind in columns().items()}
    with pytest.raises(AirflowFailException, match="amount is probably renamed to value"):
        schema_check(renamed)
    assert schema_check({**columns(), "amount": "numeric"}) == {"changes": [], "uses": []}


@pytest.mark.usefixtures("connection")
def test_a_column_that_nobody_uses_may_go() -> None:
    without = columns()
    del without["currency"]
    [change] = schema_check(without)["changes"]
    assert (change["column"], change["after"]) == ("currency", None)


@pytest.mark.usefixtures("connection")
def test_a_reader_whose_columns_are_unknown_counts_unless_the_caller_says_otherwise(
    bridge: Bridge,
) -> None:
    lone = ("s3://lake", "lone")
    fields = [{"name": "id", "type": "int"}, {"name": "note", "type": "text"}]
    event = _written(lone, "2026-11-04T09:00:00Z")
    event["run"]["runId"] = "01939cd0-0000-7000-8000-0000000abcdf"
    event["outputs"][0]["facets"] = {"schema": {"fields": fields}}
    reader = _written(("s3://lake", "made"), "2026-11-04T09:30:00Z")
    reader["run"]["runId"] = "01939cd0-0000-7000-8000-0000000abce0"
    reader["job"]["name"] = "reader"
    reader["inputs"] = [{"namespace": lone[0], "name": lone[1]}]
    bridge.take([event, reader])
    with pytest.raises(AirflowFailException, match="reader reads the dataset"):
        schema_check(["id"], lone)
    assert schema_check(["id"], lone, readers=False)["changes"][0]["column"] == "note"


@pytest.mark.usefixtures("connection")
def test_a_column_with_only_uncertain_readers_is_not_safe_to_go(bridge: Bridge) -> None:
    people, copied = ("s3://lake", "people"), ("s3://lake", "copied")
    city = [{"name": "city", "type": "text"}]
    fields = [
        {"name": "id", "type": "int"},
        {"name": "country", "type": "text"},
        {"name": "address", "type": "struct", "fields": city},
    ]
    event = _written(people, "2026-11-05T09:00:00Z")
    event["outputs"][0]["facets"] = {"schema": {"fields": fields}}
    known = _written(copied, "2026-11-05T09:10:00Z")
    sources = {"n": "id", "address": "address"}
    told = {
        column: {"inputFields": [{"namespace": people[0], "name": people[1], "field": source}]}
        for column, source in sources.items()
    }
    known["outputs"][0]["facets"] = {"columnLineage": {"fields": told}}
    unknown = _written(("s3://lake", "mailing"), "2026-11-05T09:20:00Z")
    below = _written(("s3://lake", "letters"), "2026-11-05T09:30:00Z")
    for number, (each, name) in enumerate(
        [(event, "write"), (known, "copies"), (unknown, "mails"), (below, "prints")]
    ):
        each["run"]["runId"] = f"01939cd0-0000-7000-8000-0000000abd{number:02}"
        each["job"]["name"] = name
    for each in (known, unknown):
        each["inputs"] = [{"namespace": people[0], "name": people[1]}]
    below["inputs"] = [{"namespace": "s3://lake", "name": "mailing"}]
    bridge.take([event, known])
    assert schema_check({"id": "int", "address": None}, people)["changes"][0]["column"] == "country"
    with pytest.raises(
        AirflowFailException, match=r"copied\.address is made from address\.city by"
    ):
        schema_check({"id": "int", "country": None, "address": None, "address.zip": None}, people)
    bridge.take([unknown, below])
    with pytest.raises(AirflowFailException) as failed:
        schema_check({"id": "int", "address": None}, people)
    message = str(failed.value)
    assert "mails reads the dataset; which columns, the catalog does not know" in message
    assert "letters may be made from country by prints" in message
    assert "copied" not in message
    schema_check({"id": "int", "address": None}, people, readers=False)


@pytest.mark.usefixtures("connection")
def test_a_dataset_that_is_new_may_have_any_columns() -> None:
    assert schema_check(["a"], "s3://lake/new")["changes"] == []


def test_a_proposed_schema_may_be_written_in_three_ways() -> None:
    assert proposed_columns({"a": "int"}) == {"a": "int"}
    assert proposed_columns(["a", {"name": "b", "type": "int"}]) == {"a": None, "b": "int"}
    for wrong in ("a", [], [7]):
        with pytest.raises(ValueError, match="column"):
            proposed_columns(wrong)


# --- telling who is affected ----------------------------------------------------------------


class Heard(BaseNotifier):  # type: ignore[misc]
    template_fields = ("text",)

    def __init__(self) -> None:
        super().__init__()
        self.text = "{{ fairlead }}"

    def notify(self, context: Any) -> None:
        self.said = self.text


def failed_task() -> dict[str, Any]:
    dag = DAG("shop", start_date=at(1), schedule=None)
    return {"ti": SimpleNamespace(dag_id="shop", task_id="load_orders"), "dag": dag}


@pytest.mark.usefixtures("connection")
def test_a_notifier_tells_others_who_is_affected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__OPENLINEAGE__NAMESPACE", "prod")
    heard = Heard()
    got: list[Any] = []
    FairleadNotifier(then=[heard, got.append])(failed_task())
    assert got[0]["fairlead"].datasets == ("shop.public.orders", "shop.public.daily_revenue")
    assert got[0]["fairlead"].jobs == ("shop.daily_revenue",)
    assert "owners: sales" in heard.said


@pytest.mark.usefixtures("connection")
def test_the_callback_of_a_dag_is_about_the_whole_dag(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__OPENLINEAGE__NAMESPACE", "prod")
    got: list[Any] = []
    ended_last = SimpleNamespace(dag_id="shop", task_id="daily_revenue")
    dag = DAG("shop", start_date=at(1), schedule=None)
    FairleadNotifier(then=got.append)({"ti": ended_last, "dag": dag, "reason": "task_failure"})
    assert "shop.public.orders" in got[0]["fairlead"].datasets


def affected(dag_id: str, task_id: str) -> Any:
    got: list[Any] = []
    dag = DAG(dag_id, start_date=at(1), schedule=None)
    instance = SimpleNamespace(dag_id=dag_id, task_id=task_id)
    FairleadNotifier(then=got.append)({"ti": instance, "dag": dag})
    return got[0]["fairlead"]


def _run(job: str, run: int, state: str, outputs: list[tuple[str, str]]) -> dict[str, Any]:
    event = _written(("s3://lake", "unused"), f"2026-11-04T09:00:{run:02}Z")
    event["eventType"] = state
    event["run"]["runId"] = f"01939cd0-0000-7000-8000-0000000ab{run:03}"
    event["job"] = {"namespace": "default", "name": job}
    event["outputs"] = [{"namespace": space, "name": name} for space, name in outputs]
    return event


@pytest.mark.usefixtures("connection")
def test_who_is_affected_by_a_task_that_has_never_succeeded_is_not_known(bridge: Bridge) -> None:
    found = affected("nightly", "unheard_of")
    assert not found.known
    assert "the catalog has not seen nightly.unheard_of" in str(found)
    bridge.take([_run("nightly.first", 1, "START", []), _run("nightly.first", 1, "FAIL", [])])
    found = affected("nightly", "first")
    assert not found.known
    assert "no run of nightly.first has succeeded yet" in str(found)
    assert "Nothing" not in str(found)


@pytest.mark.usefixtures("connection")
def test_what_earlier_runs_wrote_is_affected_when_a_later_one_fails(bridge: Bridge) -> None:
    bridge.take(
        [
            _run("nightly.load", 2, "COMPLETE", [("s3://lake", "loaded")]),
            _run("nightly.load", 3, "FAIL", []),
        ]
    )
    assert str(affected("nightly", "load")).startswith(
        "1 dataset and 0 jobs downstream are affected"
    )


@pytest.mark.usefixtures("connection")
def test_a_task_that_succeeds_and_writes_nothing_has_nothing_downstream(bridge: Bridge) -> None:
    bridge.take([_run("nightly.mail", 4, "COMPLETE", [])])
    found = affected("nightly", "mail")
    assert found.known
    assert str(found) == "The catalog knows of nothing downstream."


@pytest.mark.usefixtures("no_bridge")
def test_without_a_bridge_everybody_is_notified_all_the_same() -> None:
    heard = Heard()
    FairleadNotifier(then=heard)(failed_task())
    assert "not known" in heard.said


@pytest.mark.usefixtures("no_bridge")
def test_one_notifier_that_fails_keeps_no_other_from_being_called() -> None:
    got: list[Any] = []

    def broken(_: Any) -> None:
        raise RuntimeError("no network")

    # Airflow before 3.1 catches what a notifier raises, and logs it.
    with nullcontext() if AIRFLOW < (3, 1) else pytest.raises(RuntimeError, match="no network"):
        FairleadNotifier(then=[broken, got.append])(failed_task())
    assert len(got) == 1
