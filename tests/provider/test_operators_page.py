"""The page of operators says what the installed operators say."""

from __future__ import annotations

import importlib
import re
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pytest
from tests.provider import installed, operators_page
from tests.provider.examples import EXAMPLES

pytestmark = pytest.mark.airflow

PINS = Path(__file__).parents[2] / "constraints" / "operators.txt"


def pages() -> dict[str, tuple[str, str]]:
    """Of each package on the page: its version, and what stands of it."""
    page = operators_page.PAGE.read_text(encoding="utf-8")
    versions = dict(re.findall(r"^\| ([\w-]+) ([\d.]+) \| \d", page, re.MULTILINE))
    parts = re.split(r"^### ", page, flags=re.MULTILINE)[1:]
    sections = {part.partition("\n")[0]: part for part in parts}
    return {name: (versions[name], sections[name]) for name in versions}


@pytest.mark.parametrize("package", sorted({each.package for each in EXAMPLES}))
def test_the_page_has_every_operator_of_an_installed_package(package: str) -> None:
    if package not in {each.package for each in installed.operators()}:
        pytest.skip(f"{package} is not installed, or has no operators")
    documented, text = pages()[package]
    if version(package) != documented:
        pytest.skip(f"the page is of {package} {documented}, here is {version(package)}")
    names = set(re.findall(r"`(\w+)`", text)) | set(re.findall(r"\bAs (\w+):", text))
    missing = {each.name for each in installed.operators() if each.package == package} - names
    assert not missing, f"run `{operators_page.COMMAND}`"


def test_the_page_is_as_generated() -> None:
    """With all packages in the versions of constraints/operators.txt; `make test-operators` has them."""
    pinned = dict(re.findall(r"^([\w.-]+)==([^ \n]+)", PINS.read_text(), re.MULTILINE))
    for package in {each.package for each in EXAMPLES}:
        try:
            found = version(package)
        except PackageNotFoundError:
            found = "missing"
        if found != pinned[package]:
            pytest.skip(f"{package} is {found}, not {pinned[package]}: see `make test-operators`")
    assert operators_page.renewed() == operators_page.PAGE.read_text(encoding="utf-8"), (
        f"run `{operators_page.COMMAND}`"
    )


def test_what_is_read_from_source_is_what_python_makes_of_it() -> None:
    """The bases of every operator that has an example, as the class itself has them."""
    by_name = {each.name: each for each in installed.operators()}
    known = operators_page.ours()
    wrong = []
    for example in EXAMPLES:
        module, _, name = example.path.rpartition(".")
        try:
            kind = getattr(importlib.import_module(module), name)
        except (ImportError, AttributeError):
            continue
        read = by_name[name]
        documented = any(
            method in vars(base) for base in kind.__mro__ for method in installed.METHODS
        )
        nearest = next((b.__name__ for b in kind.__mro__ if b.__name__ in known), None)
        if read.speaks != documented or operators_page.like(read, known) not in (nearest, None):
            wrong.append((name, read.line))
    assert wrong == []
