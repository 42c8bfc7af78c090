"""dbt in a shell task: which commands a script runs, and what they leave behind.

The folder `dbt` is a project with what `dbt build` of dbt 1.11 left in its `target`, cut down to what is
read. test_dbt_really.py runs dbt itself.
"""

from __future__ import annotations

import json
import os
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from fairlead_airflow.lineage.dbt import of_calls
from fairlead_airflow.lineage.dbt_calls import Call, calls
from fairlead_airflow.lineage.parts import Lineage

pytestmark = pytest.mark.airflow  # it reads YAML and templates with what Airflow brings

PROJECT = Path(__file__).parent / "dbt"
BUILT_AT = datetime(2026, 11, 21, 9, 9, 47, 71706, UTC)

SCRIPTS = {
    "a plain one": ("dbt run", ["run /start"]),
    "after a change of folder": ("cd /opt/shop && dbt build", ["build /opt/shop"]),
    "in a folder below": ("cd shop; dbt seed", ["seed /start/shop"]),
    "several": (
        "cd /a && dbt seed && dbt run || exit 1\ndbt test",
        ["seed /a", "run /a", "test /a"],
    ),
    "with options in front": ("dbt --no-use-colors --log-format json run", ["run /start"]),
    "a project by an option": ("dbt run --project-dir /opt/shop -t prod", ["run /opt/shop"]),
    "a project by a variable": ("DBT_PROJECT_DIR=/opt/shop dbt run", ["run /opt/shop"]),
    "a variable of before": ("export HERE=/opt\ncd ${HERE}/shop\ndbt run", ["run /opt/shop"]),
    "through another program": ("poetry run dbt run --select a", ["run /start"]),
    "by its path": ("/venv/bin/dbt run", ["run /start"]),
    "as a module": ("python -m dbt.cli.main build", ["build /start"]),
    "over several lines": ("dbt run \\\n  --project-dir /opt/shop", ["run /opt/shop"]),
    "with a remark": ("dbt run # it's the nightly one\ndbt test", ["run /start", "test /start"]),
    "OpenLineage's wrapper tells by itself": ("dbt-ol run --project-dir /opt/shop", []),
    "what touches no data": ("dbt deps && dbt docs generate", ["deps /start", "docs /start"]),
    "an option's value is no command": ("dbt compile --target test", ["compile /start"]),
    "nor is one in front": ("dbt --target test -t run --log-level=info ls", ["ls /start"]),
    "models named like commands": ("dbt run -s test seed --exclude build", ["run /start"]),
    "a shell in the shell": (
        "cd /a; bash -ec 'cd b && dbt run; dbt test'",
        ["run /a/b", "test /a/b"],
    ),
    "a variable by env": ("env DBT_PROJECT_DIR=/opt X=1 dbt retry", ["retry /opt"]),
    "in a condition": ("if dbt build; then echo dbt run; fi", ["build /start"]),
    "in the background": ("dbt seed & wait\ndbt run | tee log", ["seed /start", "run /start"]),
    "what is no command": ("echo 'dbt run' && pip install dbt && ls dbt", []),
    "a quote that is not closed": ("dbt run; echo 'oh", ["run /start"]),
    "nothing": ("", []),
}


@pytest.mark.parametrize("case", SCRIPTS)
def test_the_dbt_commands_of_a_script_are_found(case: str) -> None:
    script, expected = SCRIPTS[case]
    found = calls(script, Path("/start"), {})
    assert [f"{call.verb} {call.project}" for call in found] == expected


@pytest.mark.parametrize(
    ("script", "checked"),
    [
        ("dbt run && dbt test", [True, False]),
        ("dbt run; dbt test", [False, False]),
        ("dbt run\ndbt test", [False, False]),
        ("dbt run || exit 1\ndbt test", [True, False]),
        ("dbt run || dbt retry", [False, False]),
        ("set -euo pipefail\ndbt run\ndbt test", [True, True]),
        ("dbt run | tee log && dbt test", [False, False]),
    ],
)
def test_it_is_known_whether_a_script_goes_on_only_after_success(
    script: str, checked: list[bool]
) -> None:
    assert [call.is_checked for call in calls(script, None, {})] == checked


def test_without_a_folder_a_relative_project_is_not_guessed() -> None:
    [call] = calls("cd shop && dbt run", None, {})
    assert call.project is None
    assert of_calls([call], None) == Lineage()


def test_options_come_before_variables() -> None:
    [call] = calls("DBT_TARGET_PATH=a dbt run --target-path=b", Path("/start"), {})
    assert call.value_of("target-path") == "b"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return Path(shutil.copytree(PROJECT, tmp_path / "shop"))


def call(project: Path, verb: str = "build", **more: str) -> Call:
    return Call(verb, {}, project, {"SHOP_DB": "/data/shop.duckdb", **more})


def names(datasets: Any) -> list[str]:
    assert {identity.namespace for identity in datasets} <= {"duckdb:///data/shop.duckdb"}
    return sorted(identity.name for identity in datasets)


def edit(project: Path, name: str, change: Any) -> None:
    path = project / "target" / name
    held = json.loads(path.read_text())
    change(held)
    path.write_text(json.dumps(held))


def test_what_a_build_read_and_made_is_reported_by_table_and_column(project: Path) -> None:
    """What it made itself is no input, and what exists only within a query is seen through."""
    lineage = of_calls([call(project)], None)
    assert names(lineage.inputs) == ["shop.main.customers"]
    assert names(lineage.outputs) == [
        "shop.main.raw_orders",
        "shop.main.sales",
        "shop.main.stg_orders",
    ]
    by_name = {identity.name: facets for identity, facets in lineage.outputs.items()}
    columns = by_name["shop.main.sales"]["columnLineage"].fields
    assert {
        name: [f"{i.name}.{i.field} {i.transformations[0].subtype}" for i in field.inputFields]
        for name, field in columns.items()
    } == {
        "id": ["shop.main.stg_orders.id IDENTITY"],
        "eur": ["shop.main.stg_orders.eur IDENTITY"],
        "name": ["shop.main.customers.name IDENTITY"],
    }
    assert [f.name for f in by_name["shop.main.stg_orders"]["schema"].fields] == [
        "id",
        "eur",
        "customer",
    ]
    rows = {identity.name: f for identity, f in lineage.output_facets.items() if f}
    assert rows["shop.main.raw_orders"]["outputStatistics"].rowCount == 2
    assert lineage.run_facets["externalQuery"].source == "dbt"
    assert lineage.errors == []


def test_a_test_becomes_an_assertion_on_the_table_that_it_tests(project: Path) -> None:
    lineage = of_calls([call(project)], None)
    [sales] = [f for identity, f in lineage.outputs.items() if identity.name == "shop.main.sales"]
    [assertion] = sales["dataQualityAssertions"].assertions
    assert (assertion.assertion, assertion.column, assertion.success) == ("not_null", "eur", True)


def test_tests_alone_read_what_they_test(project: Path) -> None:
    edit(
        project,
        "run_results.json",
        lambda r: r.update(results=[dict(r["results"][3], status="fail", failures=1)]),
    )
    lineage = of_calls([call(project, "test")], None)
    assert names(lineage.inputs) == ["shop.main.sales"]
    assert lineage.outputs == {}
    [facets] = lineage.input_facets.values()
    [assertion] = facets["dataQualityAssertions"].assertions
    assert (assertion.success, assertion.actual) == (False, "1")


def test_a_model_that_failed_wrote_nothing(project: Path) -> None:
    edit(project, "run_results.json", lambda r: r["results"][2].update(status="error"))
    edit(project, "run_results.json", lambda r: r["results"][3].update(status="skipped"))
    lineage = of_calls([call(project)], None)
    assert names(lineage.outputs) == ["shop.main.raw_orders", "shop.main.stg_orders"]


def test_what_an_earlier_task_left_behind_is_not_this_ones(project: Path) -> None:
    assert of_calls([call(project)], BUILT_AT + timedelta(seconds=1)) == Lineage()
    assert of_calls([call(project)], BUILT_AT - timedelta(seconds=1)).outputs


SINCE = BUILT_AT - timedelta(seconds=5)
INVOCATION = "b1de6573-42a5-4c50-9b29-1c1f4ae7ac66"


def overwritten(project: Path, which: str, executed: list[str], log: str | None = None) -> None:
    """As a command leaves it that lists everything and ran nothing, after one that ran some models."""

    def change(results: dict[str, Any]) -> None:
        results["args"]["which"] = which
        results["metadata"]["invocation_id"] = INVOCATION

    edit(project, "run_results.json", change)
    for name in ("sales", "stg_orders"):
        at = BUILT_AT if name in executed else SINCE - timedelta(days=1)
        path = project / "target" / "run" / "shop" / "models" / f"{name}.sql"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("create table ...")
        os.utime(path, (at.timestamp(), at.timestamp()))
    if log is not None:
        (project / "logs").mkdir()
        (project / "logs" / "dbt.log").write_text(log)


def in_project(project: Path, script: str) -> list[Call]:
    return calls(script, project, {"SHOP_DB": "/data/shop.duckdb"})


def test_a_run_before_a_test_is_known_by_the_sql_that_it_executed(project: Path) -> None:
    """`dbt run && dbt test`: the tests' results overwrite those of the models."""
    edit(project, "run_results.json", lambda r: r.update(results=[r["results"][3]]))
    overwritten(project, "test", ["sales"])
    lineage = of_calls(in_project(project, "dbt run && dbt test"), SINCE)
    assert names(lineage.outputs) == ["shop.main.sales"]
    assert names(lineage.inputs) == ["shop.main.customers", "shop.main.stg_orders"]


@pytest.mark.parametrize(
    ("after", "which"),
    [
        ("docs generate", "generate"),
        ("show -s sales", "show"),
        ("run-operation grant", "run-operation"),
        ("compile", "compile"),
        ("clone --state prod", "clone"),
    ],
)
def test_a_run_is_not_taken_for_what_the_command_after_it_lists(
    project: Path, after: str, which: str
) -> None:
    overwritten(project, which, ["stg_orders"])
    lineage = of_calls(in_project(project, f"dbt run -s stg_orders && dbt {after}"), SINCE)
    assert names(lineage.outputs) == ["shop.main.stg_orders"]
    assert lineage.errors == []


@pytest.mark.parametrize(
    ("script", "which"),
    [
        ("dbt compile --target test", "compile"),
        ("dbt docs generate", "generate"),
        ("dbt retry", "compile"),
    ],
)
def test_a_command_that_only_compiles_wrote_nothing(project: Path, script: str, which: str) -> None:
    overwritten(project, which, [])
    assert of_calls(in_project(project, script), SINCE).outputs == {}


def test_a_retry_wrote_what_it_ran(project: Path) -> None:
    """Its results are those of the command that it repeats."""
    edit(project, "run_results.json", lambda r: r.update(results=[r["results"][2]]))
    edit(project, "run_results.json", lambda r: r["args"].update(which="run"))
    lineage = of_calls(in_project(project, "dbt retry"), SINCE)
    assert names(lineage.outputs) == ["shop.main.sales"]


def test_what_a_failed_run_left_out_is_read_from_dbts_log(project: Path) -> None:
    log = f"""============================== 09:09:40.07 | {INVOCATION.replace("b", "a")} ==============================
\x1b[0m09:09:41.5 [info ] [Thread-1 (]: 1 of 2 OK created sql view model main.stg_orders ........ [\x1b[32mOK\x1b[0m in 0.4s]
\x1b[0m09:09:41.9 [error] [Thread-1 (]: 2 of 2 ERROR creating sql table model main.sales ........ [\x1b[31mERROR\x1b[0m in 0.3s]
============================== 09:09:46.31 | {INVOCATION} ==============================
"""
    overwritten(project, "generate", ["stg_orders", "sales"], log)
    lineage = of_calls(in_project(project, "dbt run; dbt docs generate"), SINCE)
    assert names(lineage.outputs) == ["shop.main.stg_orders"]


def test_where_nothing_shows_whether_a_run_succeeded_it_is_reported(project: Path) -> None:
    overwritten(project, "generate", ["sales"])
    lineage = of_calls(in_project(project, "dbt run; dbt docs generate"), SINCE)
    assert lineage.outputs == {}
    assert "not known whether it wrote model.shop.sales" in lineage.errors[0]


def test_another_target_folder_is_found(project: Path) -> None:
    (project / "target").rename(project / "elsewhere")
    assert of_calls([call(project, DBT_TARGET_PATH="elsewhere")], None).outputs
    settings = project / "dbt_project.yml"
    settings.write_text(settings.read_text() + "target-path: elsewhere\n")
    assert of_calls([call(project)], None).outputs


def test_no_files_are_no_lineage(project: Path) -> None:
    shutil.rmtree(project / "target")
    assert of_calls([call(project)], None) == Lineage()


@pytest.mark.parametrize(
    ("profile", "namespace"),
    [
        ({"type": "postgres", "host": "pg.example"}, "postgres://pg.example:5432"),
        ({"type": "postgres", "host": "pg.example", "port": "6432"}, "postgres://pg.example:6432"),
        ({"type": "snowflake", "account": "acme.eu-west-1"}, "snowflake://acme.eu-west-1.aws"),
        ({"type": "bigquery", "project": "p"}, "bigquery"),
        ({"type": "vertica", "host": "v.example", "port": 5433}, "vertica://v.example:5433"),
    ],
)
def test_tables_are_named_as_openlineages_own_dbt_names_them(
    project: Path, profile: dict[str, Any], namespace: str
) -> None:
    whole = {
        "shop": {
            "target": "dev",
            "outputs": {"dev": {**profile, "password": "{{ env_var('NONE') }}"}},
        }
    }
    (project / "profiles.yml").write_text(json.dumps(whole))
    lineage = of_calls([call(project)], None)
    assert {identity.namespace for identity in lineage.outputs} == {namespace}
