"""Whatever is given as a dataset, the function that is watched runs as if unwatched."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from openlineage.client.event_v2 import Dataset

import fairlead_sdk
from fairlead_sdk.testing import Receiver
from fairlead_sdk.tracking import _transport

pytestmark = pytest.mark.usefixtures("sending")


def ends(receiver: Receiver, count: int = 2) -> list[str]:
    return [event["eventType"] for event in receiver.wait_for(count)]


class Rude:
    """Nothing about it can be asked."""

    def __repr__(self) -> str:
        raise RuntimeError("no")

    def __getattr__(self, name: str) -> Any:
        raise RuntimeError("no")


@pytest.mark.parametrize(
    "wrong",
    [
        {"type": "mysql"},
        {"name": "users"},
        {"namespace": 1, "name": ["users"]},
        {},
        ("one",),
        ("a", "b", "c"),
        ("a", None),
        5,
        None,
        b"s3://lake/orders",
        "no dataset",
        "",
        "http://[::1",
        "http://host:port/x",
        object(),
        Rude(),
        {"uri": 7},
    ],
    ids=lambda wrong: type(wrong).__name__,
)
def test_what_names_no_dataset_is_logged_and_left_out(
    receiver: Receiver, caplog: pytest.LogCaptureFixture, wrong: Any
) -> None:
    @fairlead_sdk.lineage(job="j", inputs=[wrong, "s3://lake/in"], outputs=[wrong, "s3://lake/out"])
    def work() -> int:
        this = fairlead_sdk.current()
        assert this is not None
        this.reads(wrong)
        this.writes(wrong, rows=1)
        return 1

    assert work() == 1
    complete = receiver.wait_for(2)[1]
    assert complete["inputs"] == [{"namespace": "s3://lake", "name": "in"}]
    assert [output["name"] for output in complete["outputs"]] == ["out"]
    assert "names no dataset" in caplog.text


@pytest.mark.parametrize(
    ("written", "namespace", "name"),
    [
        ({"type": "mysql", "name": "users", "namespace": "prod"}, "prod", "users"),
        ({"namespace": "s3://lake", "name": "raw", "facets": {}}, "s3://lake", "raw"),
        ({"uri": "s3://lake/raw"}, "s3://lake", "raw"),
        (["file", "/data/x"], "file", "/data/x"),
        ("/data/x", "file", "/data/x"),
        (Path("/data/x"), "file", "/data/x"),
        (Dataset("s3://lake", "raw"), "s3://lake", "raw"),
        (SimpleNamespace(uri="s3://lake/raw", name="raw"), "s3://lake", "raw"),
    ],
)
def test_a_dataset_may_be_written_in_many_ways(
    receiver: Receiver, written: Any, namespace: str, name: str
) -> None:
    with fairlead_sdk.run("j", inputs=[written]) as this:
        this.writes(written)
    complete = receiver.wait_for(2)[1]
    for side in ("inputs", "outputs"):
        [dataset] = complete[side]
        assert (dataset["namespace"], dataset["name"]) == (namespace, name)


@pytest.mark.parametrize("single", ["s3://lake/raw", {"uri": "s3://lake/raw"}])
def test_one_dataset_needs_no_list(receiver: Receiver, single: Any) -> None:
    with fairlead_sdk.run("j", inputs=single, outputs=iter(["s3://lake/out"])):
        pass
    complete = receiver.wait_for(2)[1]
    assert complete["inputs"] == [{"namespace": "s3://lake", "name": "raw"}]
    assert complete["outputs"][0]["name"] == "out"


def test_datasets_that_can_be_listed_once_are_those_of_every_call(receiver: Receiver) -> None:
    @fairlead_sdk.lineage(job="j", inputs=(f"s3://lake/{n}" for n in "ab"))
    def work() -> None: ...

    work()
    work()
    events = receiver.wait_for(4)
    assert [[i["name"] for i in event["inputs"]] for event in events] == [["a", "b"]] * 4


def test_no_argument_of_the_wrong_kind_reaches_the_function(receiver: Receiver) -> None:
    def broken() -> Iterator[str]:
        yield "s3://lake/raw"
        raise RuntimeError("no")

    arguments: Any = {"job": 7, "inputs": broken(), "outputs": Rude(), "namespace": 3}
    assert fairlead_sdk.lineage(**arguments)(lambda: 1)() == 1
    with fairlead_sdk.run(**arguments) as this:
        this.writes("s3://lake/out", rows="many")  # type: ignore[arg-type]
    assert ends(receiver, 4) == ["START", "COMPLETE"] * 2
    assert receiver.events[3]["job"] == {"namespace": "default", "name": "7", "facets": {}}


def test_an_exception_that_cannot_say_what_it_is_is_a_failure(receiver: Receiver) -> None:
    class Mute(Exception):
        def __str__(self) -> str:
            raise RuntimeError("no")

    with pytest.raises(Mute), fairlead_sdk.run("j"):
        raise Mute
    failed = receiver.wait_for(2)[1]
    assert failed["run"]["facets"]["errorMessage"]["message"] == "Mute"


def test_lineage_that_cannot_be_stored_breaks_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAIRLEAD_SPOOL", "/proc/nowhere")
    _transport.cache_clear()
    with fairlead_sdk.run("j"):
        pass
