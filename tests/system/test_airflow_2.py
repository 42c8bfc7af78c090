"""
A real Airflow 2.11 with the provider, and the bridge: the catalog says what Airflow says.

The mill grinds while the bridge is not there yet; then it comes, the market sells what was ground,
and the weather is reported to Airflow. Then the claims are looked at.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from demo.clients import Bridge

from tests.support import bridging, postgres
from tests.system.airflow_2.stack import BIN, SECRET, Mill
from tests.system.comparing import (
    apart,
    dag_runs_that_differ,
    key_observed,
    key_of,
    listed,
    moment,
    tries_that_differ,
)
from tests.system.truth import Instance, OnPostgres

pytestmark = [
    pytest.mark.system,
    pytest.mark.skipif(not BIN.exists(), reason="`make install-airflow-2` was not called"),
    pytest.mark.skipif(postgres.missing() is not None, reason=str(postgres.missing())),
]

WEATHER = "x-weather://station/rain"


@pytest.fixture(scope="module")
def mill(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mill]:
    with postgres.running() as database:
        stack = Mill(tmp_path_factory.mktemp("mill"), database)
        try:
            stack.start_airflow()
            stack.unpause()
            stack.api.trigger("mill")
            stack.wait("the mill has stored", lambda: ground(stack), 120)
            stack.start_bridge()
            for dag_id, state in (("mill", "failed"), ("market", "success")):
                stack.wait(
                    f"the {dag_id} is done", lambda d=dag_id, s=state: ended(stack, d, s), 120
                )
            stack.api.report_update(WEATHER, {"mm": 7})
            stack.wait("the rain is noted", lambda: ended(stack, "calendar", "success"), 120)
            stack.wait("the catalog has it all", lambda: caught_up(stack), 60)
            yield stack
        finally:
            stack.stop()


def ended(stack: Mill, dag_id: str, state: str) -> bool:
    return stack.api.states(dag_id) == [state]


def ground(stack: Mill) -> bool:
    """Whether sacks were filled; what comes after waits for the catalog."""
    done = {one.task_id for one in OnPostgres(stack.database).instances() if one.state == "success"}
    return {"fill", "bake"} <= done


def caught_up(stack: Mill) -> bool:
    """Whether every DAG run has reported its instances, and nothing more comes."""
    if len(list(stack.bridge.all("/api/v1/runs", kind="dag", state="success"))) < 2:
        return False
    before = stack.bridge.health()["inbox"]
    time.sleep(2)
    after = stack.bridge.health()["inbox"]
    return before["received"] == after["received"] and after["waiting"] == 0


@pytest.fixture(scope="module")
def observed(mill: Mill) -> list[Instance]:
    """What Airflow says of every try."""
    return OnPostgres(mill.database).instances()


def events(mill: Mill) -> list[dict[str, Any]]:
    """Everything that was sent, as it was sent."""
    listed_runs = mill.bridge.all("/api/v1/runs")
    ids = {
        e["id"]
        for run in listed_runs
        for e in mill.bridge.get(f"/api/v1/runs/{run['id']}")["events"]
    }
    return [mill.bridge.get(f"/api/v1/events/{one}") for one in sorted(ids)]


def dataset(mill: Mill, node: str) -> dict[str, Any]:
    name = node.removeprefix("dataset:")
    return mill.bridge.get(f"/api/v1/datasets/{quote(name, safe='')}")


def names(mill: Mill) -> dict[str, str]:
    """The catalog's names of what the DAGs read and write."""
    table = f"dataset:sqlite://{mill.data}/mill.db:"
    file = f"dataset:file:{mill.data}/"
    return {
        "harvest": f"{table}harvest",
        "sacks": f"{table}sacks",
        "bread": f"{file}bread.txt",
        "receipts": f"{file}receipts.csv",
        "rain": "dataset:x-weather://station:rain",
    }


# --- runs -----------------------------------------------------------------------------------


def test_everything_that_a_task_can_come_to_is_there(observed: list[Instance]) -> None:
    assert {one.state for one in observed} == {"success", "failed", "skipped", "upstream_failed"}
    assert {one.map_index for one in observed if one.task_id == "grind"} == {0, 1, 2}
    assert [one.state for one in observed if one.task_id == "weigh"] == ["success", "failed"]


def test_every_try_is_known_once_with_its_state_and_its_times(
    mill: Mill, observed: list[Instance]
) -> None:
    wrong = tries_that_differ(observed, mill.bridge.all("/api/v1/runs", kind="task"))
    assert not wrong, listed(wrong)


def test_every_try_took_as_long_as_airflow_says(mill: Mill, observed: list[Instance]) -> None:
    shown = {
        (*key_of(run), run["try_number"]): run["duration"]
        for run in mill.bridge.all("/api/v1/runs", kind="task")
    }
    wrong = []
    for one in observed:
        duration = shown.get((*key_observed(one), one.try_number))
        if one.duration is not None and (duration is None or abs(duration - one.duration) > 0.001):
            wrong.append((one.task_id, one.map_index, one.try_number, one.duration, duration))
    assert not wrong, listed(wrong)


def test_every_dag_run_is_known_once_with_its_state_and_its_times(mill: Mill) -> None:
    known = mill.bridge.all("/api/v1/runs", kind="dag")
    wrong = dag_runs_that_differ(OnPostgres(mill.database).dag_runs(), known)
    assert not wrong, listed(wrong)


def test_nothing_was_put_into_quarantine(mill: Mill) -> None:
    inbox = mill.bridge.health()["inbox"]
    assert (inbox["quarantined"], inbox["waiting"]) == (0, 0)


# --- lineage --------------------------------------------------------------------------------


def test_the_lineage_is_what_the_author_would_draw(mill: Mill) -> None:
    shown = set()
    for job in ("mill.weigh", "mill.fill", "mill.wait", "mill.bake", "market.sell"):
        graph = mill.bridge.get(
            "/api/v1/lineage", node=f"job:default:{job}", direction="both", depth=1
        )
        data = (edge for edge in graph["edges"] if edge["kind"] == "data")
        shown |= {(edge["source"], edge["target"]) for edge in data}
    at = names(mill)
    assert shown == {
        ("job:default:mill.weigh", at["harvest"]),
        (at["harvest"], "job:default:mill.fill"),
        ("job:default:mill.fill", at["sacks"]),
        (at["sacks"], "job:default:mill.wait"),
        ("job:default:mill.bake", at["bread"]),
        (at["sacks"], "job:default:market.sell"),
        ("job:default:market.sell", at["receipts"]),
    }


def test_the_catalog_knows_no_dataset_twice(mill: Mill) -> None:
    known = sorted(item["node"] for item in mill.bridge.all("/api/v1/datasets"))
    assert known == sorted(names(mill).values())


def test_a_column_comes_from_where_the_statement_says(mill: Mill) -> None:
    columns = {c["name"]: c for c in dataset(mill, names(mill)["sacks"])["schema_fields"]}
    origins = [(o["dataset"]["node"], o["column"]) for o in columns["kilos"]["origins"]]
    assert origins == [(names(mill)["harvest"], "kilos")]


@pytest.mark.parametrize(
    ("label", "writer"),
    [("harvest", "weigh"), ("sacks", "fill"), ("bread", "bake"), ("receipts", "sell")],
)
def test_a_dataset_is_as_fresh_as_the_last_task_that_wrote_it(
    mill: Mill, observed: list[Instance], label: str, writer: str
) -> None:
    ends = [one.ended_at for one in observed if one.task_id == writer and one.state == "success"]
    shown = moment(dataset(mill, names(mill)[label])["written_at"])
    assert not apart(shown, ends[0]), (shown, ends)


# --- what else is reported ----------------------------------------------------------------------


def test_an_event_of_a_dataset_says_how_many_rows_the_task_wrote(mill: Mill) -> None:
    observed = dataset(mill, names(mill)["receipts"])["facets"]["fairlead_asset"]
    assert observed["extra"] == {"row_count": 2}
    assert (observed["source"]["dagId"], observed["source"]["taskId"]) == ("market", "sell")


def test_an_update_from_outside_airflow_makes_a_dataset_fresh(mill: Mill) -> None:
    rain = dataset(mill, names(mill)["rain"])
    assert rain["facets"]["fairlead_asset"]["extra"]["mm"] == 7
    begun = min(run.started_at for run in OnPostgres(mill.database).dag_runs() if run.started_at)
    assert begun < moment(rain["written_at"]) < begun + timedelta(minutes=5)


def test_a_dag_file_that_cannot_be_read_is_a_failed_run(mill: Mill) -> None:
    [run] = mill.bridge.all("/api/v1/runs", kind="dag_file")
    assert (run["job"]["name"], run["error"]) == ("broken.py", "RuntimeError: the wheel is stuck")


def test_a_password_that_a_task_was_given_is_not_in_any_event(mill: Mill) -> None:
    sent = [str(event) for event in events(mill)]
    assert len(sent) > 30
    assert any("echo ***" in event for event in sent)
    assert [event for event in sent if SECRET in event] == []


def test_airflows_page_has_a_link_from_a_task_to_its_lineage(mill: Mill) -> None:
    run_id = next(
        run.run_id for run in OnPostgres(mill.database).dag_runs() if run.dag_id == "mill"
    )
    address = urlsplit(mill.api.links("mill", run_id, "fill")["Lineage"])
    assert f"http://{address.netloc}" == mill.bridge.address
    assert parse_qs(address.query) == {"focus": ["job:default:mill.fill"]}


def test_the_history_that_its_rest_api_has_is_the_same(
    mill: Mill, observed: list[Instance], tmp_path: Path
) -> None:
    """For a bridge that comes later."""
    command = [
        *(str(Path(sys.executable).with_name("fairlead-bridge")), "import", "airflow"),
        *("--url", mill.api.address, "--user", f"admin:{mill.password}", "--pause", "0"),
        *("--database-url", f"sqlite:///{tmp_path / 'catalog.db'}"),
    ]
    subprocess.run(command, check=True, capture_output=True)
    with bridging.running(tmp_path) as later:
        bridge = Bridge(later.url)
        mill.wait("it knows", lambda: bridge.health()["inbox"]["waiting"] == 0, 60)
        wrong = tries_that_differ(observed, bridge.all("/api/v1/runs", kind="task"))
        runs = OnPostgres(mill.database).dag_runs()
        wrong += dag_runs_that_differ(runs, bridge.all("/api/v1/runs", kind="dag"))
    assert not wrong, listed(wrong)


def test_the_doctor_finds_all_well(mill: Mill) -> None:
    code = "from fairlead_airflow.doctor import examine\nprint(examine(20)[0].level.name)"
    assert mill.inside(code) == "OK"
