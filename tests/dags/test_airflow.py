"""What a real Airflow reads from the DAG files."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from demo.stack import BIN, DAGS, REPOSITORY

from tests.system import drawing

pytestmark = pytest.mark.airflow

READ = """
import json
from airflow.dag_processing.dagbag import DagBag
bag = DagBag(dag_folder={folder!r})
print("READ", json.dumps({{
    "errors": bag.import_errors,
    "dags": {{
        dag.dag_id: {{
            "tags": sorted(dag.tags),
            "doc": dag.doc_md,
            "owners": sorted({{task.owner for task in dag.tasks}}),
            "tasks": [dag.dag_id + "." + task.task_id for task in dag.tasks],
            "schedule": dag.timetable.__class__.__name__,
        }}
        for dag in bag.dags.values()
    }},
}}))
"""


@pytest.fixture(scope="module")
def read(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The DAG files as Airflow reads them, in a process of its own."""
    home = tmp_path_factory.mktemp("airflow")
    outcome = subprocess.run(
        [sys.executable, "-c", READ.format(folder=str(REPOSITORY / "dags"))],
        env={
            "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(home),
            "AIRFLOW_HOME": str(home),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "SHOP_DATA": str(home / "shop"),
        },
        cwd=REPOSITORY / "dags",  # the bundle's folder is on Airflow's path
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert outcome.returncode == 0, outcome.stderr
    line = next(line for line in outcome.stdout.splitlines() if line.startswith("READ "))
    return dict(json.loads(line.removeprefix("READ ")))


def test_airflow_reads_all_the_dags_without_an_error(read: dict[str, Any]) -> None:
    assert read["errors"] == {}
    assert set(read["dags"]) == DAGS


def test_every_dag_says_whose_it_is_what_it_is_about_and_when_it_runs(read: dict[str, Any]) -> None:
    for name, dag in read["dags"].items():
        assert dag["doc"], name
        assert "shop" in dag["tags"], name
        assert len(dag["owners"]) == 1, name
        assert dag["owners"] != ["airflow"], name
        assert dag["schedule"] != "NullTimetable", name


def test_the_drawing_names_only_tasks_that_exist(read: dict[str, Any]) -> None:
    exist = {task for dag in read["dags"].values() for task in dag["tasks"]}
    assert drawing.tasks() - exist == set()
    # those that touch no data
    assert exist - drawing.tasks() == {"shop_orders.list_channels", "shop_report.nothing_is_late"}


def test_a_dag_file_without_shop_data_says_what_to_set(tmp_path: Path) -> None:
    outcome = subprocess.run(
        [sys.executable, "-c", "import shop"],
        env={"PATH": os.environ["PATH"], "AIRFLOW_HOME": str(tmp_path), "HOME": str(tmp_path)},
        cwd=REPOSITORY / "dags",
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Set SHOP_DATA" in outcome.stderr
