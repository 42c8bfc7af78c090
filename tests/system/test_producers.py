"""
Spark and dbt themselves, as their users start them, beside a bridge.

`make install-producers` brings both; Maven fetches Spark's listener.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.browser.bridge import Bridge
from tests.support.waiting import until

pytestmark = pytest.mark.system

HERE = Path(__file__).parent / "producers"
BIN = Path(__file__).parents[2] / ".venv-producers" / "bin"
#: Seconds after which one of them hangs; alone on two cores Spark takes half a minute.
LONGEST = 400


def _missing(*programs: str) -> None:
    if not (BIN / "dbt-ol").exists():
        pytest.fail("Spark and dbt are missing: make install-producers")
    lacking = [program for program in programs if shutil.which(program) is None]
    if lacking:
        pytest.fail(f"Spark needs {' and '.join(lacking)}: `apt-get install maven` brings both")


def _run(*command: object, folder: Path, **environment: str) -> int:
    """Run a program in the environment of producers; what it said is shown where a test fails."""
    done = subprocess.run(
        [str(part) for part in command],
        cwd=folder,
        env={**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}", **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=LONGEST,
        check=False,
    )
    sys.stdout.write(done.stdout[-5000:])
    return done.returncode


@pytest.fixture(scope="module")
def bridge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bridge]:
    bridge = Bridge(tmp_path_factory.mktemp("bridge"))
    bridge.start()
    yield bridge
    bridge.stop()


@pytest.fixture(scope="module")
def spark(bridge: Bridge, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder in which Spark has run."""
    _missing("java", "mvn")
    folder = tmp_path_factory.mktemp("spark")
    goal = (
        "dependency:copy-dependencies",
        "-DexcludeTransitive=true",
        f"-DoutputDirectory={folder}",
    )
    assert _run("mvn", "-q", "-B", "-f", HERE / "pom.xml", *goal, folder=folder) == 0
    (jar,) = folder.glob("*.jar")
    assert _run(BIN / "python", HERE / "etl.py", folder, bridge.base, jar, folder=folder) == 0
    until(bridge.settled, "the bridge has not absorbed Spark's events")
    return folder


@pytest.fixture(scope="module")
def dbt(bridge: Bridge, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder in which dbt has built a project, one test of which warns."""
    _missing()
    folder = tmp_path_factory.mktemp("dbt")
    shutil.copytree(HERE / "shop", folder / "shop")
    reported = {
        "OPENLINEAGE_URL": bridge.base,
        "OPENLINEAGE_NAMESPACE": "dbt",
        "SHOP_DATABASE": str(folder / "shop.duckdb"),
        "DBT_PROFILES_DIR": str(folder / "shop"),
    }
    assert _run(BIN / "dbt-ol", "build", folder=folder / "shop", **reported) == 0
    until(bridge.settled, "the bridge has not absorbed dbt's events")
    return folder


def _dataset(bridge: Bridge, name: str) -> dict[str, Any]:
    """The one dataset whose name ends so, whole."""
    items = bridge.get(f"datasets?q={name}&limit=100")["items"]
    (found,) = (item for item in items if item["name"].replace("/", ".").endswith(f".{name}"))
    return dict(bridge.get(f"datasets/{found['id']}"))


def _drawn(bridge: Bridge, node: str) -> dict[str, list[str]]:
    graph = bridge.get(f"graph?node={node}")
    found: dict[str, list[str]] = {"job": [], "dataset": []}
    for card in graph["cards"]:
        found[card["kind"]].append(
            card["label"] or card["name"].replace("/", ".").rpartition(".")[2]
        )
    return {kind: sorted(names) for kind, names in found.items()}


def test_a_real_spark_application_is_one_card_with_what_it_reads_and_writes(
    bridge: Bridge, spark: Path
) -> None:
    drawn = _drawn(bridge, "job:spark:nightly")
    assert drawn["job"] == ["nightly"]
    assert set(drawn["dataset"]) >= {"csv", "revenue"}
    (run,) = bridge.get("runs?outermost=true&namespace=spark")["items"]
    assert (run["label"], run["state"]) == ("nightly", "success")


def test_a_table_that_real_spark_saves_is_one_dataset_and_one_write(
    bridge: Bridge, spark: Path
) -> None:
    revenue = _dataset(bridge, "revenue")
    assert [column["name"] for column in revenue["schema_fields"]] == ["country", "revenue"]
    assert len(revenue["written_by_runs"]) == 1
    origins = {each["column"] for each in revenue["schema_fields"][1]["origins"]}
    assert "amount" in origins


def test_the_header_that_real_spark_infers_is_no_change_of_the_schema(
    bridge: Bridge, spark: Path
) -> None:
    orders = _dataset(bridge, "orders.csv")
    assert [column["name"] for column in orders["schema_fields"]] == ["id", "country", "amount"]
    assert not [c for c in bridge.get("changes")["items"] if c["dataset"]["id"] == orders["id"]]


def test_a_write_that_fails_in_real_spark_has_failed_and_is_on_health(
    bridge: Bridge, spark: Path
) -> None:
    assert _dataset(bridge, "broken")["written_at"] is None
    failing = [item for item in bridge.get("overview")["failing"] if item["namespace"] == "spark"]
    assert ["broken" in item["label"] for item in failing] == [True]
    assert failing[0]["last_run"]["error"].startswith("Job aborted")


def test_a_real_dbt_project_is_one_card_and_one_run(bridge: Bridge, dbt: Path) -> None:
    revenue = bridge.get("datasets?q=shop.main.revenue")["items"][0]
    assert _drawn(bridge, revenue["node"].replace(" ", "%20"))["job"] == ["dbt-run-shop"]
    (run,) = bridge.get("runs?outermost=true&namespace=dbt")["items"]
    assert (run["label"], run["state"]) == ("dbt-run-shop", "success")
    models = {item["label"] for item in bridge.get("jobs?namespace=dbt")["items"]}
    assert models >= {"dbt-run-shop", "stg_orders", "revenue"}


def test_a_test_of_real_dbt_that_warns_is_a_failed_assertion_of_a_run_that_succeeded(
    bridge: Bridge, dbt: Path
) -> None:
    failed = bridge.get("overview")["failed_assertions"]
    (one,) = (each for each in failed if each["column"] == "id")
    assert (one["assertion"], one["severity"]) == ("unique", "warn")
    assert one["dataset"]["name"].endswith("stg_orders")
    assert (one["run"]["state"], one["run"]["failed_assertions"]) == ("success", 1)
