"""What dbt read and wrote, from the files that it leaves behind: manifest.json and run_results.json.

    task's shell command -> dbt_calls -> the project's target folder -> datasets, columns, rows, tests

Datasets have the names that OpenLineage's own dbt integration gives them. A table that the run itself made
is an output and no input; the sources of its columns are column lineage.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from fairlead_airflow.lineage.dbt_artefacts import WRITTEN, Artefacts
from fairlead_airflow.lineage.dbt_calls import DATA, WRITING, Call
from fairlead_airflow.lineage.dbt_profiles import project_of
from fairlead_airflow.lineage.parts import Lineage

log = logging.getLogger(__name__)


def of_calls(calls: list[Call], since: datetime | None) -> Lineage:
    """What dbt commands of one script did. What was left behind before `since` is not theirs."""
    result = Lineage()
    by_target: dict[Path, list[Call]] = {}
    for call in calls:
        if (folder := _target(call)) is not None:
            by_target.setdefault(folder, []).append(call)
    for folder, here in by_target.items():
        with_data = [call for call in here if call.verb in DATA]
        if not with_data:
            continue
        # Each command overwrites what the one before left; the files are those of the last.
        artefacts = Artefacts(folder, with_data[-1])
        if artefacts.is_from(since):
            result.add(artefacts.lineage(*_executed(artefacts, here, since)))
    return result


def _target(call: Call) -> Path | None:
    """The folder in which dbt leaves its files."""
    if call.project is None:
        return None
    target = call.value_of("target-path")
    return call.project / (target or project_of(call.project).get("target-path") or "target")


def _executed(
    artefacts: Artefacts, calls: list[Call], since: datetime | None
) -> tuple[list[str], list[str]]:
    """What earlier commands of the same script ran, and which of it is unknown.

    dbt writes down the SQL that it executes. Whether it went well, its log says; without a log, the
    script does where it goes on only after success.
    """
    writing = [call for call in calls if call.verb in WRITING]
    if since is None or not writing or (len(calls) == 1 and artefacts.have_data):
        return [], []
    found = [
        unique_id
        for unique_id, node in artefacts.nodes.items()
        if node["resource_type"] in WRITTEN and _is_newer(artefacts.run_path(node), since)
    ]
    made = artefacts.made_by_the_last(len(calls))
    if made is not None:
        return [one for one in found if _relation_in_log(artefacts.nodes[one]) in made], []
    last = calls[-1] if artefacts.have_data else None
    if all(call.is_checked or call is last for call in writing):
        return found, []
    lost = [one for one in found if one not in artefacts.results]
    text = "a later dbt command overwrote the results of an earlier one, which may have failed"
    return [], [f"{text}; it is not known whether it wrote {', '.join(lost)}"] if lost else []


def _relation_in_log(node: Mapping[str, Any]) -> str:
    return ".".join(filter(None, (node.get("schema"), node.get("alias") or node["name"]))).lower()


def _is_newer(path: Path, since: datetime) -> bool:
    try:
        return path.stat().st_mtime >= since.timestamp()
    except OSError:
        return False
