"""dbt itself on a real DuckDB: in a shell task, and through the real operators of Cosmos."""

from __future__ import annotations

import importlib
import shutil
import sys
import warnings
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.providers.openlineage.extractors.manager import ExtractorManager  # noqa: TID253
from tests.provider.operators import lineage_of
from tests.provider.versions import forget_hook_lineage

from fairlead_airflow import extractors
from fairlead_airflow.extractors import extractor_of
from fairlead_airflow.extractors.others import SpeakingExtractor

pytestmark = pytest.mark.airflow

PROJECT = Path(__file__).parent / "dbt"
DBT = Path(sys.executable).with_name("dbt")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    duckdb = pytest.importorskip("duckdb")
    if not DBT.exists():
        pytest.skip("dbt is not installed")
    folder = tmp_path_factory.mktemp("dbt")
    shutil.copytree(PROJECT, folder / "shop", ignore=shutil.ignore_patterns("target"))
    with duckdb.connect(str(folder / "shop.duckdb")) as connection:
        connection.execute("CREATE TABLE customers AS SELECT 'ann' AS name")
    return Path(folder)


@pytest.fixture(autouse=True)
def environ(monkeypatch: pytest.MonkeyPatch, project: Path) -> None:
    monkeypatch.setenv("SHOP_DB", str(project / "shop.duckdb"))
    monkeypatch.setenv("DBT_SEND_ANONYMOUS_USAGE_STATS", "false")
    forget_hook_lineage()


def names(datasets: Any, project: Path) -> list[str]:
    assert {d.namespace for d in datasets} <= {f"duckdb://{project / 'shop.duckdb'}"}
    return sorted(d.name for d in datasets)


def test_a_shell_task_that_runs_dbt_has_its_tables_and_columns(project: Path) -> None:
    from airflow.providers.standard.operators.bash import BashOperator

    command = f"cd {project / 'shop'} && {DBT} --quiet build --profiles-dir ."
    operator = BashOperator(task_id="t", bash_command=command, append_env=True)
    instance = SimpleNamespace(start_date=datetime.now(UTC), task=operator)
    operator.execute({"ti": instance})
    lineage = lineage_of(operator, instance)
    assert names(lineage.inputs, project) == ["shop.main.customers"]
    assert names(lineage.outputs, project) == [
        "shop.main.raw_orders",
        "shop.main.sales",
        "shop.main.stg_orders",
    ]
    [sales] = [d for d in lineage.outputs if d.name == "shop.main.sales"]
    assert set(sales.facets["columnLineage"].fields) == {"id", "eur", "name"}
    assert sales.facets["dataQualityAssertions"].assertions[0].success


def cosmos(name: str, project: Path, **arguments: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        config = pytest.importorskip("cosmos.config")
        constants = importlib.import_module("cosmos.constants")
        kind = getattr(importlib.import_module("cosmos.operators.local"), name)
        return kind(
            task_id="t",
            project_dir=str(project / "shop"),
            profile_config=config.ProfileConfig(
                profile_name="shop",
                target_name="dev",
                profiles_yml_filepath=project / "shop" / "profiles.yml",
            ),
            dbt_executable_path=str(DBT),
            install_deps=False,
            emit_datasets=False,
            append_env=True,
            invocation_mode=constants.InvocationMode.SUBPROCESS,
            **arguments,
        )


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # its open pipe
def test_cosmos_says_of_a_model_by_itself_and_what_is_declared_stays(project: Path) -> None:
    """It reads dbt's files before it throws them away; nothing is counted twice."""
    from airflow.providers.common.compat.sdk import Asset

    operator = cosmos("DbtRunLocalOperator", project, select="sales", outlets=[Asset("report")])
    instance = SimpleNamespace(start_date=datetime.now(UTC), task=operator, try_number=1)
    operator.execute({"ti": instance, "task_instance": instance, "run_id": "r"})
    ours, alone = lineage_of(operator, instance), lineage_of(operator, instance, ours=False)
    assert names(ours.inputs, project) == names(alone.inputs, project)
    assert "shop.main.customers" in names(ours.inputs, project)
    assert [(d.namespace, d.name) for d in ours.outputs] == [
        (f"duckdb://{project / 'shop.duckdb'}", "shop.main.sales"),
        ("asset", "report"),
    ]
    assert ours.outputs[0].facets == alone.outputs[0].facets
    assert "columnLineage" in ours.outputs[0].facets


def test_every_task_of_a_dag_of_cosmos_has_an_extractor(project: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        cosmos = pytest.importorskip("cosmos")
        from cosmos.constants import LoadMode

        dag = cosmos.DbtDag(
            dag_id="shop",
            start_date=datetime(2026, 1, 1, tzinfo=UTC),
            schedule=None,
            project_config=cosmos.ProjectConfig(
                dbt_project_path=project / "shop",
                manifest_path=project / "shop" / "target" / "manifest.json",
            ),
            profile_config=cosmos.ProfileConfig(
                profile_name="shop",
                target_name="dev",
                profiles_yml_filepath=project / "shop" / "profiles.yml",
            ),
            render_config=cosmos.RenderConfig(load_method=LoadMode.DBT_MANIFEST),
        )
    tasks = {task.task_id: task for task in dag.tasks}
    assert {"stg_orders_run", "sales.run", "sales.test"} <= set(tasks)
    for task in tasks.values():
        if task.task_type == "EmptyOperator":  # what exists only within a query
            continue
        assert extractor_of(task, {}) is SpeakingExtractor


@pytest.mark.parametrize(
    ("module", "name", "extractor"),
    [
        ("kubernetes", "DbtRunKubernetesOperator", "PodExtractor"),
        ("docker", "DbtRunDockerOperator", "DockerExtractor"),
        ("aws_ecs", "DbtRunAwsEcsOperator", "EcsExtractor"),
        (
            "azure_container_instance",
            "DbtRunAzureContainerInstanceOperator",
            "ContainerInstancesExtractor",
        ),
        ("gcp_cloud_run_job", "DbtRunGcpCloudRunJobOperator", "CloudRunExtractor"),
    ],
)
def test_cosmos_elsewhere_is_read_as_what_it_runs_in(
    module: str, name: str, extractor: str
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pytest.importorskip("cosmos")
        kind = getattr(importlib.import_module(f"cosmos.operators.{module}"), name)
    manager = ExtractorManager()
    extractors.register(manager)
    task = kind.__new__(kind)  # what it is made with is Cosmos' business
    assert extractor_of(task, manager.extractors).__name__ == extractor
