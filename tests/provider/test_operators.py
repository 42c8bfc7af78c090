"""What the docs say of operators is true, for every one whose package is installed."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.openlineage.extractors.manager import ExtractorManager  # noqa: TID253
from tests.provider import examples, operators
from tests.provider.examples import EXAMPLES
from tests.provider.operators import Example
from tests.provider.versions import AIRFLOW_2

from fairlead_airflow import extractors
from fairlead_airflow.extractors.base import Extractor
from fairlead_airflow.extractors.bash import BashExtractor
from fairlead_airflow.extractors.python import PythonExtractor

pytestmark = pytest.mark.airflow


ALL = "FAIRLEAD_ALL_OPERATORS"
"""Set where nothing may be missing: in .venv-operators."""


@contextmanager
def installed(example: Example) -> Iterator[None]:
    if ALL in os.environ:
        yield
        return
    try:
        yield
    except ModuleNotFoundError as error:
        pytest.skip(f"{example.package} is not installed ({error.name})")
    except AttributeError as error:
        if example.name not in str(error):
            raise
        pytest.skip(f"the version of {example.package} that is installed has no {example.name}")


def reported(number: int) -> tuple[Any, Path]:
    with installed(EXAMPLES[number]):
        return examples.reported(number)


def extracted(example: Example, folder: Path, *, trigger_event: bool = False) -> Any:
    with installed(example):
        return operators.extracted(example, folder, ours=True, trigger_event=trigger_event)


by_name = pytest.mark.parametrize("number", range(len(EXAMPLES)), ids=[e.name for e in EXAMPLES])


@by_name
def test_an_operator_says_what_it_reads_writes_and_runs(number: int) -> None:
    example = EXAMPLES[number]
    lineage, folder = reported(number)
    inputs = {(d.namespace, d.name) for d in lineage.inputs}
    outputs = {(d.namespace, d.name) for d in lineage.outputs}
    assert inputs == operators.filled(example.inputs, folder)
    assert outputs == operators.filled(example.outputs, folder)
    found = operators.found(lineage)
    for name, value in example.says.items():
        assert found.get(name) == value or (value is ... and name in found)
    unsaid = set(found) - set(example.says) - {"sql"}
    assert not unsaid
    assert any("columnLineage" in d.facets for d in lineage.outputs) or not example.columns


@by_name
def test_no_secret_of_an_operator_is_sent(number: int) -> None:
    example = EXAMPLES[number]
    lineage, _ = reported(number)
    text = json.dumps(operators.found(lineage)) + repr(lineage.inputs) + repr(lineage.outputs)
    for secret in ("hidden", "secret", "user:pw", "dapi", "token"):
        assert secret not in text or example.says.get("sourceCode") is ...


@by_name
def test_no_server_is_asked_before_a_task_starts(
    number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The task waits for what is reported of it then."""
    asked = []

    def refuse(*where: Any) -> None:
        asked.append(where)
        raise ConnectionRefusedError

    manager = ExtractorManager()
    extractors.register(manager)
    with operators.shop() as folder, installed(EXAMPLES[number]):
        operator = EXAMPLES[number].operator(folder)
        monkeypatch.setattr(socket.socket, "connect", refuse)
        monkeypatch.setattr(socket, "getaddrinfo", refuse)
        extractors.extractor_of(operator, manager.extractors)(operator).extract()
    assert asked == []


@pytest.mark.skipif(AIRFLOW_2, reason="Airflow 2 tells no process what woke its task")
@pytest.mark.parametrize(
    "example", [e for e in EXAMPLES if e.trigger_event], ids=lambda example: example.name
)
def test_a_task_that_was_deferred_has_its_id_from_its_trigger(example: Example) -> None:
    """It comes back in a new process, whose operator knows nothing any more."""
    with operators.shop() as folder:
        found = operators.found(extracted(example, folder, trigger_event=True))
    assert found["externalQuery"] == example.says["externalQuery"]


def test_every_operator_of_an_extractor_is_held_here() -> None:
    """Save those whose likes are: all that run Python or Bash."""
    manager = ExtractorManager()
    extractors.register(manager)
    ours = {name for name, kind in manager.extractors.items() if issubclass(kind, Extractor)}
    alike = {*PythonExtractor.operators, *BashExtractor.operators}
    assert ours - alike <= {example.name for example in EXAMPLES}


def test_a_file_that_sftp_deletes_is_reported_dropped() -> None:
    arguments = {"ssh_conn_id": "box", "remote_filepath": ["/out/a.csv"], "operation": "delete"}
    name = "airflow.providers.sftp.operators.sftp.SFTPOperator"
    with operators.shop() as folder:
        lineage = extracted(Example(name, "apache-airflow-providers-sftp", arguments), folder)
    assert lineage.inputs == []
    [output] = lineage.outputs
    assert output.name == "/out/a.csv"
    assert output.facets["lifecycleStateChange"].lifecycleStateChange.value == "DROP"


@pytest.mark.parametrize("pattern", ["*.csv", "day=?/a.csv"])
def test_a_pattern_that_is_waited_for_names_nothing(pattern: str) -> None:
    arguments = {"filepath": pattern, "fs_conn_id": "files"}
    name = "airflow.providers.standard.sensors.filesystem.FileSensor"
    with operators.shop() as folder:
        lineage = extracted(Example(name, "apache-airflow-providers-standard", arguments), folder)
    assert lineage.inputs == []
