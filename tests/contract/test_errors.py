"""Each package draws its errors as one tree in `errors.py`, and defines them nowhere else."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
from types import ModuleType

import pytest

import fairlead_airflow.errors
import fairlead_bridge.errors
import fairlead_sdk.errors

ERRORS = [fairlead_bridge.errors, fairlead_sdk.errors, fairlead_airflow.errors]


def defined(module: ModuleType) -> dict[str, type[Exception]]:
    return {
        name: kind
        for name, kind in vars(module).items()
        if inspect.isclass(kind)
        and issubclass(kind, Exception)
        and kind.__module__ == module.__name__
    }


def drawn(module: ModuleType) -> dict[str, str]:
    """The error above each one in the tree of the module's docstring."""
    above: list[tuple[int, str]] = []
    found: dict[str, str] = {}
    for line in inspect.getdoc(module).splitlines():  # type: ignore[union-attr]
        entry = re.match(r"[ │├└─]*(?=[A-Z])", line)
        name = line[entry.end() :].split()[0] if entry else ""
        if entry is None or name not in defined(module):
            continue
        above = [(depth, each) for depth, each in above if depth < entry.end()]
        found[name] = above[-1][1] if above else ""
        above.append((entry.end(), name))
    return found


@pytest.mark.parametrize("module", ERRORS, ids=lambda module: module.__name__)
def test_the_tree_in_the_docstring_is_that_of_the_classes(module: ModuleType) -> None:
    kinds = defined(module)
    assert drawn(module) == {
        name: next((base.__name__ for base in kind.__bases__ if base.__name__ in kinds), "")
        for name, kind in kinds.items()
    }


@pytest.mark.parametrize("package", ["fairlead_bridge", "fairlead_sdk"])
def test_every_error_of_a_package_is_defined_in_its_errors_module(package: str) -> None:
    root = importlib.import_module(package)
    for info in pkgutil.walk_packages(root.__path__, f"{package}."):
        if ".migrations." in info.name or info.name.endswith("__main__"):
            continue
        module = importlib.import_module(info.name)
        public = [name for name in defined(module) if not name.startswith("_")]
        assert public == [] or info.name == f"{package}.errors", info.name
