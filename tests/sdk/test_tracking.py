"""Lineage of plain Python, through the real spool to a real receiver."""

from __future__ import annotations

import asyncio
import functools
import inspect
import sys
from collections.abc import AsyncIterator, Generator, Iterator

import pytest

import fairlead_sdk
from fairlead_sdk.testing import Receiver

pytestmark = pytest.mark.usefixtures("sending")


def test_a_function_is_a_run_with_its_inputs_and_outputs(receiver: Receiver) -> None:
    @fairlead_sdk.lineage(
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


def test_a_failure_is_reported_and_raised(receiver: Receiver) -> None:
    @fairlead_sdk.lineage(job="j")
    def fail() -> None:
        raise ValueError("no orders")

    with pytest.raises(ValueError, match="no orders"):
        fail()
    failed = receiver.wait_for(2)[1]
    assert failed["eventType"] == "FAIL"
    assert failed["run"]["facets"]["errorMessage"]["message"] == "ValueError: no orders"


def test_what_turns_out_while_it_runs_is_reported_at_the_end(receiver: Receiver) -> None:
    with fairlead_sdk.run("j", namespace="shop") as this:
        this.writes("sqlite:///data/warehouse.db/orders", rows=7)
    start, complete = receiver.wait_for(2)
    assert start["outputs"] == []
    [output] = complete["outputs"]
    assert (output["namespace"], output["name"]) == ("sqlite:///data/warehouse.db", "orders")
    assert output["outputFacets"]["outputStatistics"]["rowCount"] == 7


def test_a_run_inside_another_is_its_child(receiver: Receiver) -> None:
    with (
        fairlead_sdk.run("outer") as outer,
        fairlead_sdk.run("middle") as middle,
        fairlead_sdk.run("inner"),
    ):
        pass
    inner = next(e for e in receiver.wait_for(6) if e["job"]["name"] == "inner")
    parent = inner["run"]["facets"]["parent"]
    assert parent["run"]["runId"] == middle.id
    assert parent["root"]["run"]["runId"] == outer.id
    assert fairlead_sdk.current() is None


def test_a_script_that_airflow_starts_is_a_child_of_its_task(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = "0199aaaa-0000-7000-8000-000000000001"
    monkeypatch.setenv("OPENLINEAGE_PARENT_ID", f"prod/shop.load/{task}")
    with fairlead_sdk.run("script"):
        pass
    parent = receiver.wait_for(2)[0]["run"]["facets"]["parent"]
    assert parent["run"]["runId"] == task
    assert parent["job"] == {"namespace": "prod", "name": "shop.load"}


def test_an_async_function_is_a_run_from_its_start_to_its_end(receiver: Receiver) -> None:
    @fairlead_sdk.lineage(job="j")
    async def work() -> int:
        await asyncio.sleep(0.01)
        assert fairlead_sdk.current() is not None
        return 1

    assert asyncio.run(work()) == 1
    assert [e["eventType"] for e in receiver.wait_for(2)] == ["START", "COMPLETE"]


# --- how a run ends -------------------------------------------------------------------------


def ends(receiver: Receiver, count: int = 2) -> list[str]:
    return [event["eventType"] for event in receiver.wait_for(count)]


def test_a_generator_is_a_run_from_its_first_item_until_it_ends(receiver: Receiver) -> None:
    @fairlead_sdk.lineage(job="j")
    def count() -> Generator[int, str, str]:
        current = fairlead_sdk.current()
        assert current is not None
        assert (yield 1) == "go on"
        assert fairlead_sdk.current() is current
        current.writes("s3://lake/late")
        return "done"

    steps = count()
    assert inspect.isgeneratorfunction(count)
    assert fairlead_sdk.current() is None
    assert next(steps) == 1
    assert fairlead_sdk.current() is None, "the caller is not part of the generator's run"
    [start] = receiver.wait_for(1)
    assert start["eventType"] == "START"
    with pytest.raises(StopIteration) as end:
        steps.send("go on")
    assert end.value.value == "done"
    complete = receiver.wait_for(2)[1]
    assert complete["eventType"] == "COMPLETE"
    assert complete["outputs"][0]["name"] == "late"


def test_a_generator_that_fails_is_a_failure(receiver: Receiver) -> None:
    @fairlead_sdk.lineage(job="j")
    def count() -> Iterator[int]:
        yield 1
        raise ValueError("no second")

    with pytest.raises(ValueError, match="no second"):
        list(count())
    assert ends(receiver) == ["START", "FAIL"]


def test_a_generator_may_handle_what_is_thrown_into_it(receiver: Receiver) -> None:
    @fairlead_sdk.lineage(job="j")
    def count() -> Iterator[int]:
        try:
            yield 1
        except KeyError:
            yield 2

    steps = count()
    next(steps)
    assert steps.throw(KeyError("x")) == 2  # type: ignore[attr-defined]
    assert list(steps) == []
    assert ends(receiver) == ["START", "COMPLETE"]


def test_a_generator_that_is_closed_is_no_failure(receiver: Receiver) -> None:
    cleaned = []

    @fairlead_sdk.lineage(job="j")
    def count() -> Iterator[int]:
        try:
            yield 1
            yield 2
        finally:
            cleaned.append(fairlead_sdk.current() is not None)

    for _ in count():
        break
    assert cleaned == [True]
    assert ends(receiver) == ["START", "COMPLETE"]


def test_a_generator_of_which_nothing_is_read_is_no_run(receiver: Receiver) -> None:
    @fairlead_sdk.lineage(job="never")
    def count() -> Iterator[int]:
        yield 1

    count()
    with fairlead_sdk.run("other"):
        pass
    assert {event["job"]["name"] for event in receiver.wait_for(2)} == {"other"}


@pytest.mark.parametrize("read_all", [True, False])
def test_an_async_generator_is_a_run_until_it_ends(receiver: Receiver, read_all: bool) -> None:
    @fairlead_sdk.lineage(job="j")
    async def count() -> AsyncIterator[int]:
        for n in range(3):
            await asyncio.sleep(0)
            assert fairlead_sdk.current() is not None
            yield n

    async def read() -> list[int]:
        seen = []
        async for n in count():
            assert fairlead_sdk.current() is None
            seen.append(n)
            if not read_all:
                break
        return seen

    assert inspect.isasyncgenfunction(count)
    assert asyncio.run(read()) == ([0, 1, 2] if read_all else [0])
    assert ends(receiver) == ["START", "COMPLETE"]


def test_an_async_generator_that_fails_is_a_failure(receiver: Receiver) -> None:
    @fairlead_sdk.lineage(job="j")
    async def count() -> AsyncIterator[int]:
        yield 1
        raise ValueError("no second")

    async def read() -> None:
        async for _ in count():
            pass

    with pytest.raises(ValueError, match="no second"):
        asyncio.run(read())
    assert ends(receiver) == ["START", "FAIL"]


@pytest.mark.parametrize(
    ("code", "state"), [(0, "COMPLETE"), (None, "COMPLETE"), (1, "FAIL"), ("no orders", "FAIL")]
)
def test_sys_exit_is_a_failure_only_with_a_code(
    receiver: Receiver, code: int | str | None, state: str
) -> None:
    @fairlead_sdk.lineage(job="j")
    def leave() -> None:
        sys.exit(code)

    with pytest.raises(SystemExit):
        leave()
    assert ends(receiver) == ["START", state]


def test_a_coroutine_that_is_cancelled_is_aborted(receiver: Receiver) -> None:
    @fairlead_sdk.lineage(job="j")
    async def wait() -> None:
        await asyncio.sleep(60)

    async def give_up() -> None:
        task = asyncio.create_task(wait())
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(give_up())
    assert ends(receiver) == ["START", "ABORT"]


def test_whatever_can_be_called_can_be_watched(receiver: Receiver) -> None:
    class Shop:
        @fairlead_sdk.lineage
        @staticmethod
        def one(n: int) -> int:
            return n

        @fairlead_sdk.lineage(job="two")
        @classmethod
        def two(cls, n: int) -> int:
            return n

        async def __call__(self, n: int) -> int:
            await asyncio.sleep(0)
            return n

    assert Shop.one(1) == 1
    assert Shop.two(2) == 2
    assert fairlead_sdk.lineage(functools.partial(Shop.one, 3))() == 3
    assert asyncio.run(fairlead_sdk.lineage(Shop())(4)) == 4
    states = ends(receiver, 10)
    assert states[-2:] == ["START", "COMPLETE"]
    assert receiver.events[0]["job"]["name"].endswith("Shop.one")
    assert receiver.events[-1]["job"]["name"].endswith("Shop")


# --- wrong arguments ------------------------------------------------------------------------


def test_the_public_names_are_these_and_all_exist() -> None:
    assert fairlead_sdk.__all__ == sorted(fairlead_sdk.__all__)
    assert [name for name in fairlead_sdk.__all__ if not hasattr(fairlead_sdk, name)] == []
