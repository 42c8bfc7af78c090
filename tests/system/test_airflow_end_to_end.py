"""
A real Airflow with the provider, the bridge and the example DAGs: the catalog says what Airflow says.

The evening of the fixture happens once: some ordinary days, one with a closed shop, one with a busy
carrier, one with a carrier that is out of order, one on which the bridge is killed in the middle,
and one on which it is away from the first task to the last. Then the claims are looked at.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any
from urllib.parse import quote

import pytest
from demo.processes import free_port
from demo.stack import Deployment, Ports, Stack

from demo import days, shop
from tests.support.channels.senders import SECRET
from tests.support.channels.vendors import Receiver
from tests.support.sinks.server import serving
from tests.system import drawing, notified
from tests.system.comparing import CLOSE, apart, key_observed, key_of, listed, moment
from tests.system.truth import Instance, Metadata

pytestmark = pytest.mark.system


@dataclass
class Evening:
    """What happened; run ids by the name of the day."""

    stack: Stack
    airflow: Metadata
    receiver: Receiver
    run_ids: dict[str, set[str]] = field(default_factory=dict)
    story: list[str] = field(default_factory=list)

    def live(self, name: str, day: date, meanwhile: Callable[[], None] = lambda: None) -> None:
        before = {run["dag_run_id"] for run in self.stack.airflow.runs()}
        self.story.append(f"{name}, {day}")
        days.run_day(self.stack, day, self.story.append, meanwhile)
        after = {run["dag_run_id"] for run in self.stack.airflow.runs()}
        self.run_ids[name] = after - before

    def kill_the_bridge_and_start_it_again(self) -> None:
        received = self._received()
        self.stack.wait("events arrive", lambda: self._received() > received, 60)
        self.stack.kill_bridge()
        time.sleep(3)  # tasks end meanwhile
        self.stack.start_bridge()

    def nothing_more_comes(self) -> bool:
        received = self._received()
        time.sleep(2)
        return received == self._received()

    def _received(self) -> int:
        return int(self.stack.bridge.health()["inbox"]["received"])


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    """Whom the bridge notifies of incidents."""
    fake = Receiver(SECRET)
    with serving(fake):
        yield fake


@pytest.fixture(scope="module")
def evening(tmp_path_factory: pytest.TempPathFactory, receiver: Receiver) -> Iterator[Evening]:
    folder = tmp_path_factory.mktemp("evening")
    deployment = Deployment(bridge_settings=notified.bridge_settings(receiver))
    stack = Stack(folder, Ports(free_port(), free_port(), free_port()), deployment)
    happened = Evening(stack, Metadata(folder / "airflow" / "airflow.db"), receiver)
    past = [shop.today() - timedelta(days=ago) for ago in range(3, 20)]
    sunday = next(day for day in past if day.weekday() == 6)
    past.remove(sunday)
    busy, broken = next(filter(shop.is_busy, past)), next(filter(shop.is_out_of_order, past))
    usual, killed, away = [day for day in past if day not in (busy, broken)][:3]
    try:
        stack.open_shop()
        stack.start_bridge()
        stack.start_airflow()
        days.let_loose(stack, happened.story.append)
        happened.live("usual", usual)
        happened.live("sunday", sunday)
        happened.live("busy", busy)
        happened.live("broken", broken)
        happened.live("killed", killed, happened.kill_the_bridge_and_start_it_again)
        stack.stop_bridge()
        happened.live("away", away)
        stack.start_bridge()
        stack.wait("the bridge has caught up", lambda: days.caught_up(stack), 180)
        stack.wait("the last details are there", happened.nothing_more_comes, 60)
        yield happened
    finally:
        stack.stop()


@pytest.fixture(scope="module")
def observed(evening: Evening) -> list[Instance]:
    """What Airflow says of every try."""
    return evening.airflow.instances()


@pytest.fixture(scope="module")
def known(evening: Evening) -> list[dict[str, Any]]:
    """What the catalog says of every try."""
    return list(evening.stack.bridge.all("/api/v1/runs", kind="task"))


# --- runs -----------------------------------------------------------------------------------


def test_the_evening_had_all_that_the_claims_are_about(observed: list[Instance]) -> None:
    states = {instance.state for instance in observed}
    assert states == {"success", "failed", "skipped", "upstream_failed"}
    assert any(instance.map_index >= 0 for instance in observed)
    assert any(not instance.is_last_try for instance in observed)


def test_every_task_instance_is_known_once_a_try(
    observed: list[Instance], known: list[dict[str, Any]]
) -> None:
    assert sorted((*key_of(run), run["try_number"]) for run in known) == sorted(
        (*key_observed(one), one.try_number) for one in observed
    )


def test_every_try_has_the_state_that_airflow_says(
    observed: list[Instance], known: list[dict[str, Any]]
) -> None:
    shown = {(*key_of(run), run["try_number"]): run["state"] for run in known}
    wrong = []
    for one in observed:
        state = shown.get((*key_observed(one), one.try_number))
        if state != one.state:
            wrong.append((*key_observed(one), one.try_number, "is", one.state, "shown as", state))
    assert not wrong, listed(wrong)


def test_every_try_began_and_ended_when_airflow_says(
    observed: list[Instance], known: list[dict[str, Any]]
) -> None:
    shown = {(*key_of(run), run["try_number"]): run for run in known}
    wrong = []
    for one in observed:
        run = shown[(*key_observed(one), one.try_number)]
        started_at, ended_at = moment(run["started_at"]), moment(run["ended_at"])
        if apart(started_at, one.started_at) or apart(ended_at, one.ended_at):
            wrong.append(
                (*key_observed(one), one.state, one.started_at, started_at, one.ended_at, ended_at)
            )
    assert not wrong, listed(wrong)


def test_every_try_took_as_long_as_airflow_says(
    observed: list[Instance], known: list[dict[str, Any]]
) -> None:
    shown = {(*key_of(run), run["try_number"]): run["duration"] for run in known}
    wrong = []
    for one in observed:
        duration = shown.get((*key_observed(one), one.try_number))
        if one.duration is None:
            continue
        if duration is None or abs(duration - one.duration) > CLOSE.total_seconds():
            wrong.append((*key_observed(one), one.state, one.duration, duration))
    assert not wrong, listed(wrong)


def test_every_dag_run_is_known_once_with_its_state_and_its_times(evening: Evening) -> None:
    known = list(evening.stack.bridge.all("/api/v1/runs", kind="dag"))
    observed = evening.airflow.dag_runs()
    assert sorted((run["dag_id"], run["dag_run_id"]) for run in known) == sorted(
        (one.dag_id, one.run_id) for one in observed
    )
    shown = {(run["dag_id"], run["dag_run_id"]): run for run in known}
    wrong = []
    for one in observed:
        run = shown[one.dag_id, one.run_id]
        started_at, ended_at = moment(run["started_at"]), moment(run["ended_at"])
        times = apart(started_at, one.started_at) or apart(ended_at, one.ended_at)
        if run["state"] != one.state or times:
            wrong.append((one, run["state"], started_at, ended_at))
    assert not wrong, listed(wrong)


# --- jobs -----------------------------------------------------------------------------------


def test_every_dag_has_its_owners_its_tags_and_its_schedule(evening: Evening) -> None:
    jobs = {job["dag_id"]: job for job in evening.stack.bridge.all("/api/v1/jobs", kind="dag")}
    observed = evening.airflow.dags()
    assert set(jobs) == {dag.dag_id for dag in observed}
    for dag in observed:
        job = jobs[dag.dag_id]
        assert {owner["name"] for owner in job["owners"]} == dag.owners, dag.dag_id
        assert {tag["key"] for tag in job["tags"]} == dag.tags, dag.dag_id
        assert job["schedule"] == dag.schedule, dag.dag_id


# --- lineage --------------------------------------------------------------------------------


def _node(evening: Evening, label: str) -> str:
    """The catalog's name of something in the drawing."""
    if label.startswith("shop_"):
        return f"job:default:{label}"
    data = evening.stack.folder / "shop"
    if label.startswith("GET "):
        service = f"http://127.0.0.1:{evening.stack.ports.shop}"
        return f"dataset:{service}:/{label.removeprefix('GET ')}"
    if "/" in label:
        return f"dataset:file:{data}/{label}"
    return f"dataset:sqlite://{data}/warehouse.db:{label}"


def _dataset(evening: Evening, label: str) -> dict[str, Any]:
    name = _node(evening, label).removeprefix("dataset:")
    return evening.stack.bridge.get(f"/api/v1/datasets/{quote(name, safe='')}")


def test_the_lineage_is_what_the_author_would_draw(evening: Evening) -> None:
    shown = set()
    for task in drawing.tasks():
        graph = evening.stack.bridge.get(
            "/api/v1/lineage", node=_node(evening, task), direction="both", depth=1
        )
        data = (edge for edge in graph["edges"] if edge["kind"] == "data")
        shown |= {(edge["source"], edge["target"]) for edge in data}
    drawn = {(_node(evening, edge.source), _node(evening, edge.target)) for edge in drawing.edges()}
    assert shown == drawn, listed([*sorted(shown - drawn), "missing:", *sorted(drawn - shown)])


@pytest.mark.parametrize("label", ["exports/products.csv", "GET rates"])
def test_downstream_of_a_source_is_all_that_is_made_from_it(evening: Evening, label: str) -> None:
    """Through four DAGs and two runs that data started."""
    below: set[str] = set()
    new = {label}
    while new:
        below |= new
        new = {edge.target for edge in drawing.edges() if edge.source in below} - below
    graph = evening.stack.bridge.get(
        "/api/v1/lineage", node=_node(evening, label), direction="down", depth=50
    )
    assert {node["node"] for node in graph["nodes"]} == {_node(evening, one) for one in below}


def test_the_catalog_knows_no_dataset_twice(evening: Evening) -> None:
    known = sorted(item["node"] for item in evening.stack.bridge.all("/api/v1/datasets"))
    assert known == sorted(_node(evening, label) for label in drawing.datasets())


@pytest.mark.parametrize(
    ("table", "column", "origins"),
    [
        ("stg_orders", "sku", {"raw_orders.sku"}),
        ("dim_customer", "email_domain", {"raw_customers.email"}),
        ("dim_rate", "currency", {"raw_rates.currency"}),
        (
            "fct_sales",
            "revenue_eur",
            {"stg_orders.quantity", "stg_orders.unit_price", "dim_rate.eur"},
        ),
        ("fct_sales", "cost_eur", {"stg_orders.quantity", "dim_product.unit_cost"}),
        ("mart_product_margin", "product_name", {"dim_product.product_name"}),
        (
            "mart_product_margin",
            "margin_share",
            {"fct_sales.revenue_eur", "fct_sales.cost_eur"},
        ),
        ("mart_late_deliveries", "worst_days", {"fct_deliveries.days_late"}),
    ],
)
def test_a_column_comes_from_where_the_statement_says(
    evening: Evening, table: str, column: str, origins: set[str]
) -> None:
    fields = {field["name"]: field for field in _dataset(evening, table)["schema_fields"]}
    shown = {
        f"{origin['dataset']['name'].rpartition('.')[2]}.{origin['column']}"
        for origin in fields[column]["origins"]
    }
    assert shown == origins


def test_every_table_has_its_columns(evening: Evening) -> None:
    schema = (shop.SCHEMA).read_text()
    for label in drawing.datasets():
        if "/" in label or label.startswith("GET "):
            continue
        body = schema.split(f"CREATE TABLE IF NOT EXISTS {label} (")[1].split(");")[0]
        columns = [definition.split()[0] for definition in body.split(",")]
        shown = [field["name"] for field in _dataset(evening, label)["schema_fields"]]
        assert shown == columns, label


def test_a_dataset_is_as_fresh_as_the_last_task_that_wrote_it(
    evening: Evening, observed: list[Instance]
) -> None:
    wrong = []
    for label in sorted(drawing.datasets()):
        writers = {edge.source for edge in drawing.edges() if edge.target == label}
        ends = [
            one.ended_at
            for one in observed
            if one.job in writers and one.state == "success" and _wrote(one, label) and one.ended_at
        ]
        shown = moment(_dataset(evening, label)["written_at"])
        if apart(shown, max(ends, default=None)):
            wrong.append((label, max(ends, default=None), shown))
    assert not wrong, listed(wrong)


def _wrote(one: Instance, label: str) -> bool:
    """Of the tasks that write the marts' files, each mapped one writes its own."""
    if one.task_id != "write_csv":
        return True
    return label == f"reports/{str(one.rendered_map_index).removeprefix('mart_')}.csv"


# --- when the bridge is away ----------------------------------------------------------------


def test_what_ran_while_the_bridge_was_killed_or_away_is_in_the_catalog(evening: Evening) -> None:
    known = {run["dag_run_id"] for run in evening.stack.bridge.all("/api/v1/runs", kind="dag")}
    for name in ("killed", "away"):
        assert len(evening.run_ids[name]) == 6
        assert evening.run_ids[name] <= known


def test_nothing_was_put_into_quarantine(evening: Evening) -> None:
    inbox = evening.stack.bridge.health()["inbox"]
    assert (inbox["quarantined"], inbox["waiting"]) == (0, 0)


def test_a_task_takes_no_longer_while_the_bridge_is_away(
    evening: Evening, observed: list[Instance], record_property: Callable[[str, object], None]
) -> None:
    """With the stock transport each task takes nine seconds longer before it begins to work."""

    def durations(*names: str) -> dict[tuple[str, int], float]:
        """Seconds a task, the median over those days."""
        run_ids = set().union(*(evening.run_ids[name] for name in names))
        found: dict[tuple[str, int], list[float]] = {}
        for one in observed:
            if one.run_id in run_ids and one.state == "success" and one.duration:
                found.setdefault((one.job, one.map_index), []).append(one.duration)
        return {task: statistics.median(seconds) for task, seconds in found.items()}

    away, usual = durations("away"), durations("usual", "sunday", "busy", "broken")
    longer = [away[task] - usual[task] for task in away.keys() & usual.keys()]
    record_property("seconds_longer_while_away", round(statistics.median(longer), 2))
    assert len(longer) > 20
    assert max(longer) < 8
    assert (
        statistics.median(longer) < 4.5
    )  # on a busy machine as well: half of what the stock transport takes


# --- notifications --------------------------------------------------------------------------


def test_a_dag_that_fails_is_one_message_and_once_it_is_cleared_and_succeeds_another(
    evening: Evening,
) -> None:
    """The last claim, because it changes what the others look at."""
    day = shop.today() - timedelta(days=2)  # no other claim is about it
    assert notified.messages(evening.receiver) == []
    notified.fails_and_recovers(evening.stack, evening.receiver, day)
    assert notified.types(evening.receiver) == ["opened", "resolved"]
    opened, resolved = (event["data"] for event in notified.messages(evening.receiver))
    assert opened["cause"]["node"] == notified.CAUSE
    assert "customers.json" in opened["text"]
    assert opened["links"]["Airflow log"].startswith(evening.stack.airflow.address)
    assert "merchandising" in {name for item in opened["affected"] for name in item["owners"]}
    assert resolved["incident"] == opened["incident"]
    incidents = evening.stack.bridge.get("/api/v1/incidents")["items"]
    (own,) = [item for item in incidents if str(item["id"]) == opened["incident"]]
    assert own["state"] == "resolved"
