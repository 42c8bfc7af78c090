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
    "what touches no data": ("dbt deps && dbt debug && dbt docs generate", []),
    "what is no command": ("echo 'dbt run' && pip install dbt && ls dbt", []),
    "a quote that is not closed": ("dbt run; echo 'oh", ["run /start"]),
    "nothing": ("", []),
}


@pytest.mark.parametrize("case", SCRIPTS)
def test_the_dbt_commands_of_a_script_are_found(case: str) -> None:
    script, expected = SCRIPTS[case]
    found = calls(script, Path("/start"), {})
    assert [f"{call.verb} {call.project}" for call in found] == expected


def test_without_a_folder_a_relative_project_is_not_guessed() -> None:
    [call] = calls("cd shop && dbt run", None, {})
    assert call.project is None
    assert of_calls([call], None) == Lineage()


def test_options_come_before_variables() -> None:
    [call] = calls("DBT_TARGET_PATH=a dbt run --target-path=b", Path("/start"), {})
    assert call.told("target-path") == "b"


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


def test_what_a_build_read_and_made_is_told_by_table_and_column(project: Path) -> None:
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


def test_a_run_before_a_test_is_known_by_the_sql_that_it_executed(project: Path) -> None:
    """`dbt run && dbt test`: the tests' results overwrite those of the models."""
    edit(project, "run_results.json", lambda r: r.update(results=[r["results"][3]]))
    since = BUILT_AT - timedelta(seconds=5)
    for name, at in (("sales.sql", BUILT_AT), ("stg_orders.sql", since - timedelta(days=1))):
        path = project / "target" / "run" / "shop" / "models" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("create table ...")
        os.utime(path, (at.timestamp(), at.timestamp()))
    lineage = of_calls([call(project, "run"), call(project, "test")], since)
    assert names(lineage.outputs) == ["shop.main.sales"]
    assert names(lineage.inputs) == ["shop.main.customers", "shop.main.stg_orders"]


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
