"""Continuous integration: the workflows call stages that exist, and pin what they use."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
STAGES = re.search(r"^ALL=\((.*)\)$", (ROOT / ".ci" / "run").read_text(), re.MULTILINE)


def _jobs(path: Path) -> dict[str, dict[str, Any]]:
    jobs: dict[str, dict[str, Any]] = yaml.safe_load(path.read_text())["jobs"]
    return jobs


def _steps(path: Path) -> list[dict[str, Any]]:
    return [step for job in _jobs(path).values() for step in job.get("steps", [])]


def test_every_stage_is_called_and_every_called_one_exists() -> None:
    assert STAGES is not None
    calls = [
        stage
        for path in WORKFLOWS
        for step in _steps(path)
        for line in re.findall(r"\.ci/run ([a-z0-9 -]+)", step.get("run", ""))
        for stage in line.split()
    ]
    assert set(calls) == set(STAGES[1].split())


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_jobs_wait_for_jobs_that_exist(path: Path) -> None:
    jobs = _jobs(path)
    for job in jobs.values():
        needs = job.get("needs", [])
        assert {*([needs] if isinstance(needs, str) else needs)} <= jobs.keys()


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_actions_are_pinned_by_their_hash(path: Path) -> None:
    foreign = [step["uses"] for step in _steps(path) if not step.get("uses", "./").startswith("./")]
    assert [use for use in foreign if not re.search(r"@[0-9a-f]{40}$", use)] == []


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_called_workflows_exist(path: Path) -> None:
    called = [job["uses"] for job in _jobs(path).values() if "uses" in job]
    assert [use for use in called if not (ROOT / use).is_file()] == []
