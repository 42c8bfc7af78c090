"""The provider as Airflow sees it, in processes of its own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.provider.fresh import in_airflow

from fairlead_airflow.provider_info import get_provider_info

pytestmark = pytest.mark.airflow

DOCS = Path(__file__).parents[2] / "docs" / "reference"


def test_airflow_accepts_the_description(tmp_path: Path) -> None:
    code = """
from airflow.providers_manager import ProvidersManager
from airflow.configuration import conf
manager = ProvidersManager()
manager.initialize_providers_configuration()
assert "airflow-provider-fairlead" in manager.providers
print(conf.get("fairlead", "conn_id"))
"""
    assert in_airflow(code, tmp_path) == "fairlead_default"


LISTENERS = """
from fairlead_airflow import compat
*_, (_, plugins, _) = compat.plugins()  # those of tasks, where they have their own
print(*sorted(plugin.name for plugin in plugins if plugin.listeners))
"""


def test_one_setting_registers_the_listener_of_openlineage(tmp_path: Path) -> None:
    found = in_airflow(LISTENERS, tmp_path, AIRFLOW__FAIRLEAD__URL="http://127.0.0.1:9")
    assert "OpenLineageProviderPlugin" in found


def test_one_connection_registers_the_listener_of_openlineage(tmp_path: Path) -> None:
    uri = "fairlead://127.0.0.1:9"
    found = in_airflow(LISTENERS, tmp_path, AIRFLOW_CONN_FAIRLEAD_DEFAULT=uri)
    assert "OpenLineageProviderPlugin" in found


def test_where_policies_are_not_loaded_the_plugin_brings_the_listener(tmp_path: Path) -> None:
    code = """
import os, sys
for name in list(os.environ):
    if name.startswith("AIRFLOW__OPENLINEAGE"):
        del os.environ[name]
from airflow.providers.openlineage import conf
import airflow.providers.openlineage.plugins.openlineage as late
assert not late.OpenLineageProviderPlugin.listeners
from fairlead_airflow.plugin import FairleadPlugin
FairleadPlugin.on_load()
print([type(listener).__name__ for listener in FairleadPlugin.listeners][0])
"""
    assert in_airflow(code, tmp_path) == "OpenLineageListener"


def test_a_broken_setting_does_not_stop_airflow_from_starting(tmp_path: Path) -> None:
    assert in_airflow("print('up')", tmp_path, AIRFLOW__FAIRLEAD__MAX_BYTES="many") == "up"


def test_the_form_of_a_connection_shows_what_we_need(tmp_path: Path) -> None:
    code = """
from airflow.providers_manager import ProvidersManager
manager = ProvidersManager()
hook = manager.hooks["fairlead"]
assert (hook.hook_name, hook.connection_testable) == ("Fairlead", True)
print(manager.field_behaviours["fairlead"]["relabeling"]["password"])
"""
    assert in_airflow(code, tmp_path) == "API key"


def test_setting_up_costs_airflow_next_to_nothing(tmp_path: Path) -> None:
    code = """
import sys, time
for name in [n for n in sys.modules if n.startswith("fairlead")]:
    del sys.modules[name]
start = time.perf_counter()
import fairlead_airflow.policy
took = time.perf_counter() - start
heavy = [n for n in ("openlineage.client", "fairlead_sdk.client", "sqlglot") if n in sys.modules]
print(took < 0.25, *heavy)
"""
    assert in_airflow(code, tmp_path) == "True"


def test_the_client_gets_our_transport(tmp_path: Path) -> None:
    code = """
from airflow.providers.openlineage.plugins.adapter import OpenLineageAdapter
print(OpenLineageAdapter().get_or_create_openlineage_client().transport.spool.folder)
"""
    assert in_airflow(code, tmp_path).endswith(f"{tmp_path}/fairlead/spool")


def test_every_option_is_documented() -> None:
    page = (DOCS / "provider.md").read_text(encoding="utf-8")
    options = get_provider_info()["config"]["fairlead"]["options"]
    assert [name for name in options if f"`{name}`" not in page] == []


def test_the_schema_of_the_run_facet_names_exactly_its_fields() -> None:
    import attrs

    from fairlead_airflow.facets import FairleadRunFacet

    schema = json.loads((DOCS / "facets" / "FairleadRunFacet.json").read_text(encoding="utf-8"))
    fields = {a.name for a in attrs.fields(FairleadRunFacet) if not a.name.startswith("_")}
    assert set(schema["$defs"]["FairleadRunFacet"]["allOf"][1]["properties"]) == fields
