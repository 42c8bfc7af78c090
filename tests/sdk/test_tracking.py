"""Lineage of plain Python, through the real spool to a real receiver."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import fairlead
from fairlead.spool import Spool
from fairlead.testing import Receiver
from fairlead.tracking import _transport


@pytest.fixture(autouse=True)
def sending(tmp_path: Path, receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Events of the process go to the receiver."""
    folder = tmp_path / "spool"
    monkeypatch.setenv("FAIRLEAD_URL", receiver.url)
    monkeypatch.setenv("FAIRLEAD_SPOOL", str(folder))
    _transport.cache_clear()
    yield
    _transport.cache_clear()
    if folder.exists():
        (folder / "destination").write_text("none")
        while Spool(folder).is_delivering():
            time.sleep(0.02)


def test_a_function_is_a_run_with_its_inputs_and_outputs(receiver: Receiver) -> None:
    @fairlead.lineage(
        job="shop.report", inputs=["s3://lake/raw/orders"], outputs=[("file", "/data/report.csv")]
    )
    def report(name: str) -> str:
        return f"of {name}"

    assert report("May") == "of May"
    start, complete = receiver.wait_for(2)
    assert [start["eventType"], complete["eventType"]] == ["START", "COMPLETE"]
    assert start["run"]["runId"] == complete["run"]["runId"]
    assert complete["job"] == {"namespace": "default", "name": "shop.report", "facets": {}}
    assert complete["inputs"] == [{"namespace": "s3://lake", "name": "raw/orders"}]
    assert complete["outputs"][0]["name"] == "/data/report.csv"


def test_a_failure_is_told_and_raised(receiver: Receiver) -> None:
    @fairlead.lineage(job="j")
    def fail() -> None:
        raise ValueError("no orders")

    with pytest.raises(ValueError, match="no orders"):
        fail()
    failed = receiver.wait_for(2)[1]
    assert failed["eventType"] == "FAIL"
    assert failed["run"]["facets"]["errorMessage"]["message"] == "ValueError: no orders"


def test_what_turns_out_while_it_runs_is_told_at_the_end(receiver: Receiver) -> None:
    with fairlead.run("j", namespace="shop") as this:
        this.writes("sqlite:///data/warehouse.db/orders", rows=7)
    start, complete = receiver.wait_for(2)
    assert start["outputs"] == []
    [output] = complete["outputs"]
    assert (output["namespace"], output["name"]) == ("sqlite:///data/warehouse.db", "orders")
    assert output["outputFacets"]["outputStatistics"]["rowCount"] == 7


def test_a_run_inside_another_is_its_child(receiver: Receiver) -> None:
    with (
        fairlead.run("outer") as outer,
        fairlead.run("middle") as middle,
        fairlead.run("inner"),
    ):
        pass
    inner = next(e for e in receiver.wait_for(6) if e["job"]["name"] == "inner")
    parent = inner["run"]["facets"]["parent"]
    assert parent["run"]["runId"] == middle.id
    assert parent["root"]["run"]["runId"] == outer.id
    assert fairlead.current() is None


def test_a_script_that_airflow_starts_is_a_child_of_its_task(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = "0199aaaa-0000-7000-8000-000000000001"
    monkeypatch.setenv("OPENLINEAGE_PARENT_ID", f"prod/shop.load/{task}")
    with fairlead.run("script"):
        pass
    parent = receiver.wait_for(2)[0]["run"]["facets"]["parent"]
    assert parent["run"]["runId"] == task
    assert parent["job"] == {"namespace": "prod", "name": "shop.load"}


def test_an_async_function_is_a_run_from_its_start_to_its_end(receiver: Receiver) -> None:
    @fairlead.lineage(job="j")
    async def work() -> int:
        await asyncio.sleep(0.01)
        assert fairlead.current() is not None
        return 1

    assert asyncio.run(work()) == 1
    assert [e["eventType"] for e in receiver.wait_for(2)] == ["START", "COMPLETE"]


def test_lineage_that_cannot_be_kept_breaks_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAIRLEAD_SPOOL", "/proc/nowhere")
    _transport.cache_clear()
    with fairlead.run("j"):
        pass


def test_a_list_is_read_page_after_page(receiver: Receiver) -> None:
    with fairlead.run("j"):
        pass
    receiver.wait_for(2)
    with fairlead.Client(receiver.url, "k") as client:
        assert client.health()["status"] == "ok"
        assert len(list(client.runs(dag_id="x", state=None))) == 2
    path, headers, _ = receiver.requests[-1]
    assert path == "/api/v1/runs?limit=200&dag_id=x"
    assert headers["Authorization"] == "Bearer k"


def test_a_client_without_an_address_says_what_it_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FAIRLEAD_URL")
    with pytest.raises(ValueError, match="FAIRLEAD_URL"):
        fairlead.Client()


def test_the_public_names_are_these_and_all_exist() -> None:
    assert fairlead.__all__ == sorted(fairlead.__all__)
    assert [name for name in fairlead.__all__ if not hasattr(fairlead, name)] == []
