"""The reference pages name everything there is, and nothing that is not."""

from __future__ import annotations

import argparse
import importlib
import re
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest
import yaml

from fairlead_bridge import cli
from fairlead_bridge.settings import Settings

ROOT = Path(__file__).parents[2]
BRIDGE = (ROOT / "docs" / "reference" / "bridge.md").read_text()
ROWS = [line for line in BRIDGE.splitlines() if line.startswith("| ")]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("*/README.md")])


def _commands() -> set[str]:
    for action in cli.parser()._actions:
        if isinstance(action, argparse._SubParsersAction):
            return set(action.choices)
    raise AssertionError("the program has no commands")


def test_every_setting_of_the_bridge_is_in_the_reference_and_no_other() -> None:
    documented = set(re.findall(r"^\| `(FAIRLEAD_\w+)`", BRIDGE, re.MULTILINE))
    assert documented == {f"FAIRLEAD_{name.upper()}" for name in Settings.model_fields}


def test_every_setting_has_the_meaning_that_the_reference_gives() -> None:
    for name, field in Settings.model_fields.items():
        row = next(line for line in ROWS if f"`FAIRLEAD_{name.upper()}`" in line)
        assert (field.description or "") in row


def test_every_command_is_in_the_reference_and_no_other() -> None:
    section = BRIDGE.split("## Commands")[1].split("##")[0]
    assert set(re.findall(r"^\| `(\w+)`", section, re.MULTILINE)) == _commands()


def test_every_sink_has_a_page() -> None:
    for sink in entry_points(group="fairlead_bridge.sinks"):
        assert (ROOT / "docs" / "sinks" / f"{sink.name}.md").exists(), sink.name


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_between_pages_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text()):
        assert (page.parent / target).exists(), target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_no_page_installs_from_an_index_what_no_index_has(page: Path) -> None:
    """A project of another owner is called `fairlead` there."""
    for line in page.read_text().splitlines():
        _, installs, what = line.partition("pip install")
        words = re.split(r"[\s'`\"]+", what.partition("#")[0]) if installs else []
        assert not [
            word for word in words if re.match(r"(fairlead|airflow-provider-fairlead)\b", word)
        ]


@pytest.mark.parametrize(
    ("package", "page"), [("fairlead_sdk", "sdk.md"), ("fairlead_airflow", "provider.md")]
)
def test_every_exported_name_is_in_the_api_reference(package: str, page: str) -> None:
    shown = set(
        re.findall(r"^::: (\S+)$", (ROOT / "docs/reference/api" / page).read_text(), re.MULTILINE)
    )
    module = importlib.import_module(package)
    for name, home in module._HOMES.items():
        assert {f"{home}.{name}", home} & shown, name
    assert set(module._HOMES) == set(module.__all__)


def test_every_decision_has_a_status_and_a_date_and_is_in_the_list() -> None:
    folder = ROOT / "docs" / "decisions"
    listed = (folder / "README.md").read_text()
    for page in folder.glob("[0-9]*.md"):
        title, _, status, *_ = page.read_text().splitlines()
        date = re.fullmatch(r"Status: (accepted|superseded by \d+), (\d{4}-\d\d-\d\d)", status)
        assert date, page.name
        number, name = title.removeprefix("# ").split(". ", 1)
        assert f"| {number} | [{name}]({page.name}) | {date[1]} | {date[2]} |" in listed


def _pages_of(nav: list[Any]) -> set[str]:
    pages = set()
    for item in nav:
        for page in item.values() if isinstance(item, dict) else [item]:
            pages |= _pages_of(page) if isinstance(page, list) else {page}
    return pages


def test_every_page_is_in_the_navigation_of_the_site() -> None:
    nav = yaml.safe_load((ROOT / "mkdocs.yml").read_text())["nav"]
    pages = {str(page.relative_to(ROOT / "docs")) for page in ROOT.glob("docs/**/*.md")}
    assert _pages_of(nav) == pages
