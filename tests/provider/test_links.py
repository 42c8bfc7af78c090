"""From Airflow's page to the catalog's."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from urllib.parse import parse_qs, urlsplit

import pytest
from tests.provider.fresh import in_airflow
from tests.provider.versions import AIRFLOW_2, tabs_needed

from fairlead_airflow.config import Config
from fairlead_airflow.links import LineageLink, page_address, tabs

pytestmark = pytest.mark.airflow

KEY = SimpleNamespace(dag_id="shop.daily", task_id="load.orders", run_id="manual__1")


def config(**options: str) -> Config:
    return Config.read(lambda section, option: options.get(option), "/home")


@pytest.mark.parametrize(
    ("options", "address"),
    [
        ({"url": "http://bridge:7070/"}, "http://bridge:7070"),
        ({"url": "http://bridge:7070", "page_url": "https://lineage/base"}, "https://lineage/base"),
        ({"url": "http://marquez:5000", "page_url": "off"}, None),
        ({}, None),
    ],
)
def test_the_page_is_where_browsers_reach_it(options: dict[str, str], address: str | None) -> None:
    assert page_address(config(**options)) == address


def test_the_link_of_a_task_leads_to_its_lineage(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__FAIRLEAD__URL", "http://bridge:7070")
    monkeypatch.setenv("AIRFLOW__OPENLINEAGE__NAMESPACE", "a&b")
    address = urlsplit(LineageLink().get_link(None, ti_key=KEY))
    assert (address.netloc, address.path) == ("bridge:7070", "/lineage")
    assert parse_qs(address.query) == {"focus": ["job:a&b:shop.daily.load.orders"]}


def test_without_an_address_the_link_leads_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AIRFLOW__FAIRLEAD__URL", raising=False)
    assert LineageLink().get_link(None, ti_key=KEY) == ""


def test_every_kind_of_thing_has_a_tab_with_a_route_of_its_own() -> None:
    made = tabs("http://bridge:7070", "a b")
    assert [tab["destination"] for tab in made] == ["dag", "dag_run", "task", "task_instance"]
    assert len({tab["url_route"] for tab in made}) == 4
    assert made[0]["href"] == "http://bridge:7070/lineage?focus=job%3Aa%20b%3A{DAG_ID}"
    assert made[1]["href"] == "http://bridge:7070/runs/dag_run%3Aa%20b%3A{DAG_ID}:{RUN_ID}"
    assert made[3]["href"].endswith("job%3Aa%20b%3A{DAG_ID}.{TASK_ID}")


SEEN = """
from airflow import plugins_manager
views, _ = plugins_manager._get_ui_plugins()
links = plugins_manager.get_global_operator_extra_links()
print(*sorted(v["destination"] for v in views), *(link.name for link in links))
"""


@tabs_needed
def test_airflow_takes_the_tabs_and_the_link(tmp_path: Path) -> None:
    found = in_airflow(SEEN, tmp_path, AIRFLOW__FAIRLEAD__URL="http://127.0.0.1:9")
    assert found == "dag dag_run task task_instance Lineage"


@tabs_needed
def test_nothing_is_shown_where_there_is_no_page(tmp_path: Path) -> None:
    code = f"print('seen')\n{SEEN}\nprint('end', len(views), len(links))"
    assert in_airflow(code, tmp_path) == "end 0 0"


MENU = """
from airflow import plugins_manager
plugins_manager.initialize_web_ui_plugins()
plugins_manager.initialize_extra_operators_links_plugins()
links = plugins_manager.global_operator_extra_links
print(*plugins_manager.flask_appbuilder_menu_links, *(link.name for link in links))
"""


@pytest.mark.skipif(not AIRFLOW_2, reason="Airflow 3 has tabs (3.0: the same menu)")
def test_airflow_2_takes_the_entry_of_the_menu_and_the_link(tmp_path: Path) -> None:
    found = in_airflow(MENU, tmp_path, AIRFLOW__FAIRLEAD__URL="http://127.0.0.1:9")
    assert found == "{'name': 'Lineage', 'href': 'http://127.0.0.1:9'} Lineage"
