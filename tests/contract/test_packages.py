"""The three packages are released together, and CI runs every stage that a developer can run."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import tomllib
from importlib.metadata import metadata, requires, version
from pathlib import Path
from types import ModuleType

import pytest
import yaml

ROOT = Path(__file__).parents[2]
WHEELS = {
    "fairlead-sdk": "sdk",
    "airflow-provider-fairlead": "provider",
    "fairlead-bridge": "bridge",
}
VERSION = (ROOT / "VERSION").read_text().strip()
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


def _module(path: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(Path(path).stem, ROOT / path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("wheel", WHEELS)
def test_every_wheel_has_the_version_of_the_one_file(wheel: str) -> None:
    assert version(wheel) == VERSION
    settings = tomllib.loads((ROOT / WHEELS[wheel] / "pyproject.toml").read_text())
    assert "version" not in settings["project"]


def test_the_provider_needs_the_sdk_in_its_own_version() -> None:
    assert f"fairlead-sdk[sql]=={VERSION}" in (requires("airflow-provider-fairlead") or [])


@pytest.mark.parametrize("wheel", WHEELS)
def test_every_wheel_carries_the_licence_and_classifiers(wheel: str) -> None:
    assert (ROOT / WHEELS[wheel] / "LICENSE").read_text() == (ROOT / "LICENSE").read_text()
    assert metadata(wheel)["License-Expression"] == "Apache-2.0"
    classifiers = metadata(wheel).get_all("Classifier") or []
    assert {f"Programming Language :: Python :: 3.{minor}" for minor in (11, 12, 13)} <= set(
        classifiers
    )


def test_the_package_index_lists_the_provider_among_those_of_airflow() -> None:
    classifiers = metadata("airflow-provider-fairlead").get_all("Classifier") or []
    assert "Framework :: Apache Airflow :: Provider" in classifiers


def test_installing_the_root_says_which_folders_hold_the_packages() -> None:
    backend = _module(".ci/root_package.py")
    with pytest.raises(SystemExit) as refused:
        backend.get_requires_for_build_wheel({})
    assert all(f"./{folder}" in str(refused.value) for folder in WHEELS.values())


def test_ci_runs_every_stage_once_for_each_python_and_no_unknown_one() -> None:
    usage = subprocess.run([ROOT / ".ci" / "run", "--help"], capture_output=True, text=True)
    stages = set(re.findall(r"^  ([a-z0-9-]+)  ", usage.stdout, re.MULTILINE))
    jobs = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text())["jobs"]
    called = [
        stage
        for job in jobs.values()
        for step in job["steps"]
        if step.get("run", "").startswith(".ci/run ")
        for stage in step["run"].split()[1:]
    ]
    assert sorted(called) == sorted(stages)
    for name in ("test", "services", "installed"):
        assert jobs[name]["strategy"]["matrix"]["python"] == ["3.11", "3.12", "3.13"]
    assert set(jobs["passed"]["needs"]) == set(jobs) - {"passed"}


def test_ci_refuses_a_stage_that_does_not_exist() -> None:
    done = subprocess.run([ROOT / ".ci" / "run", "tests"], capture_output=True, text=True)
    assert done.returncode == 2
    assert "Unknown stage: tests" in done.stderr


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
def test_workflows_pin_actions_by_hash_and_start_without_permissions(workflow: Path) -> None:
    text = workflow.read_text()
    assert yaml.safe_load(text)["permissions"] == {}
    for action in re.findall(r"uses: (\S+)", text):
        assert action.startswith("./") or re.search(r"@[0-9a-f]{40}$", action), action


CHANGELOG = "# Changelog\n\n## [0.2.0] - 2027-01-31\n\nFaster.\n\n### Fixed\n\n- A.\n\n## [0.1.0] - unreleased\n\nB.\n"


def test_a_release_needs_its_tag_its_version_and_a_dated_section_of_the_changelog() -> None:
    release = _module(".ci/release.py")
    release.check("v0.2.0", "0.2.0", CHANGELOG)
    assert release.section(CHANGELOG, "0.2.0")[1] == "Faster.\n\n### Fixed\n\n- A."
    for tag, version_, wrong in (
        ("v0.2.0", "0.1.0", "not that of VERSION"),
        ("v0.1.0", "0.1.0", "unreleased"),
        ("v0.3.0", "0.3.0", "no section"),
    ):
        with pytest.raises(ValueError, match=wrong):
            release.check(tag, version_, CHANGELOG)


def test_the_changelog_has_a_section_for_the_version() -> None:
    assert _module(".ci/release.py").section((ROOT / "CHANGELOG.md").read_text(), VERSION)[1]


def test_every_command_of_make_has_a_sentence_in_its_help() -> None:
    makefile = (ROOT / "Makefile").read_text()
    commands = re.search(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)
    assert commands
    assert set(commands[1].split()) == set(
        re.findall(r"^([a-z0-9-]+):.*## \S", makefile, re.MULTILINE)
    )


def test_make_constraints_pins_every_file_of_requirements() -> None:
    recipe = (ROOT / "Makefile").read_text().partition("\nconstraints:")[2].partition("\n\n")[0]
    wanted = {path.stem for path in (ROOT / "constraints").glob("*.in")}
    included = {"demo", "environment"}  # environment.in includes demo.in, and is pinned in all.txt
    pinned = set(re.findall(r"-o constraints/([\w-]+)\.txt", recipe))
    assert pinned == wanted - included | {"all", "bridge"}


@pytest.mark.parametrize(
    "path", sorted((ROOT / "constraints").glob("*.txt")), ids=lambda path: path.name
)
def test_constraints_are_names_and_versions_only(path: Path) -> None:
    """And, where a package is for some platforms only, which; no address and no hash."""
    lines = [line for line in path.read_text().splitlines() if not line.startswith("#")]
    names = [line.partition("==")[0] for line in lines]
    assert [
        line for line in lines if not re.fullmatch(r"[a-z0-9.-]+==[\w.+!]+( ; .+)?", line)
    ] == []
    assert names == sorted(names)
