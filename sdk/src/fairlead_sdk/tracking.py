"""Lineage of any Python function or block: what ran, when, how it ended, what it read and wrote.

    @lineage(inputs=["s3://lake/raw/orders"], outputs=["file:///data/report.csv"])
    def report(): ...

    with run("nightly.load", inputs=["postgres://db:5432/shop/public/orders"]) as this:
        rows = load()
        this.writes("sqlite:///data/warehouse.db/orders", rows=len(rows))

A run inside another is its child. Lineage never breaks what it watches: what goes wrong in here, a
wrong argument included, is logged.
"""

from __future__ import annotations

import asyncio
import functools
import inspect
import logging
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any, ParamSpec, TypeVar, overload

from openlineage.client.uuid import generate_new_uuid

from fairlead_sdk.datasets import Dataset
from fairlead_sdk.runs import Run, event_of, listed, message_of, shown
from fairlead_sdk.settings import Settings
from fairlead_sdk.transport import DurableConfig, DurableTransport

__all__ = ["Dataset", "Run", "current", "lineage", "run"]

log = logging.getLogger(__name__)

P = ParamSpec("P")
R = TypeVar("R")
Datasets = Sequence[Dataset] | Dataset

_current: ContextVar[Run | None] = ContextVar("fairlead_run", default=None)


def current() -> Run | None:
    """The run that this code is part of."""
    return _current.get()


@contextmanager
def run(
    job: str,
    *,
    inputs: Datasets = (),
    outputs: Datasets = (),
    namespace: str | None = None,
    environ: Mapping[str, str] = os.environ,
) -> Iterator[Run]:
    """Report the block as a run of `job`: START, then how it ended.

    COMPLETE; ABORT where it was cancelled or interrupted; FAIL with any other exception. Leaving the
    block by `sys.exit(0)` completes it.

    `namespace` is the job's; `$FAIRLEAD_NAMESPACE`, else `default`. Events go where
    `$FAIRLEAD_URL` or `$FAIRLEAD_TRANSPORT` says, through the spool.
    """
    this = _begin(job, inputs, outputs, namespace, environ)
    with _until_end(this):
        yield this


@overload
def lineage(function: Callable[P, R], /) -> Callable[P, R]: ...
@overload
def lineage(
    *,
    job: str | None = None,
    inputs: Datasets = (),
    outputs: Datasets = (),
    namespace: str | None = None,
) -> Callable[[Callable[P, R]], Callable[P, R]]: ...


def lineage(
    function: Any = None,
    /,
    *,
    job: str | None = None,
    inputs: Datasets = (),
    outputs: Datasets = (),
    namespace: str | None = None,
) -> Any:
    """Each call of the function is a run of `job`, which is the function's full name by default.

    A coroutine is a run until it returns, a generator (also an asynchronous one) from its first item
    until it ends or is closed. Inside, `current()` is the run.
    """
    given = (listed(inputs, shown(job)), listed(outputs, shown(job)), namespace)

    def decorate(function: Any) -> Any:
        if isinstance(function, staticmethod | classmethod):
            return type(function)(decorate(function.__func__))
        name = job or _full_name(function)
        return _watched(function, lambda: _begin(name, *given, os.environ))

    return decorate if function is None else decorate(function)


def _full_name(function: object) -> str:
    while isinstance(function, functools.partial):
        function = function.func
    kind = function if hasattr(function, "__qualname__") else type(function)
    return f"{kind.__module__}.{kind.__qualname__}"


def _watched(function: Any, begin: Callable[[], Run]) -> object:
    """The function, so that each call of it is a run."""
    if _is(inspect.iscoroutinefunction, function):
        return _awaiting(function, begin)
    if _is(inspect.isgeneratorfunction, function):
        return _generating(function, begin)
    if _is(inspect.isasyncgenfunction, function):
        return _streaming(function, begin)

    @functools.wraps(function)
    def calling(*args: Any, **kwargs: Any) -> object:
        with _until_end(begin()):
            return function(*args, **kwargs)

    return calling


def _is(kind: Callable[[Any], bool], function: Any) -> bool:
    """True also for objects that are called like functions of that kind."""
    return kind(function) or kind(inspect.getattr_static(type(function), "__call__", None))


@contextmanager
def _until_end(this: Run, *, closed: str = "COMPLETE") -> Iterator[None]:
    try:
        with _inside(this):
            yield
    except BaseException as error:
        _end(this, error, closed=closed)
        raise
    _end(this)


def _awaiting(function: Any, begin: Callable[[], Run]) -> object:
    @functools.wraps(function)
    async def awaiting(*args: Any, **kwargs: Any) -> object:
        with _until_end(begin(), closed="ABORT"):
            return await function(*args, **kwargs)

    return awaiting


def _generating(function: Any, begin: Callable[[], Run]) -> Any:
    """Step by step: between two steps the run is not the caller's current one."""

    @functools.wraps(function)
    def generating(*args: Any, **kwargs: Any) -> Any:
        body = function(*args, **kwargs)
        this = begin()
        step: Callable[[], Any] = functools.partial(next, body)
        try:
            while True:
                try:
                    with _inside(this):
                        item = step()
                except StopIteration as end:
                    _end(this)
                    return end.value
                try:
                    step = functools.partial(body.send, (yield item))
                except GeneratorExit:
                    with _inside(this):
                        body.close()
                    raise
                except BaseException as thrown:  # noqa: BLE001 - for the generator to handle
                    step = functools.partial(body.throw, thrown)
        except BaseException as error:
            _end(this, error)
            raise

    return generating


def _streaming(function: Any, begin: Callable[[], Run]) -> object:
    """As `_generating`, asynchronously."""

    @functools.wraps(function)
    async def streaming(*args: Any, **kwargs: Any) -> object:
        body = function(*args, **kwargs)
        this = begin()
        step: Callable[[], Any] = body.__anext__
        closing = False
        try:
            while True:
                try:
                    with _inside(this):
                        item = await step()
                except StopAsyncIteration:
                    _end(this)
                    return
                try:
                    step = functools.partial(body.asend, (yield item))
                except GeneratorExit:
                    with _inside(this):
                        await body.aclose()
                    raise
                except BaseException as thrown:  # noqa: BLE001 - for the generator to handle
                    # No item is awaited here: the loop ends, and what closes the generator is
                    # cancelled.
                    closing = isinstance(thrown, asyncio.CancelledError)
                    step = functools.partial(body.athrow, thrown)
        except BaseException as error:
            _end(this, None if closing and isinstance(error, asyncio.CancelledError) else error)
            raise

    return streaming


# --- what is reported; nothing of it raises -----------------------------------------------------


def _begin(
    job: object,
    inputs: object,
    outputs: object,
    namespace: object,
    environ: Mapping[str, str],
) -> Run:
    name = job if isinstance(job, str) and job else shown(job)
    space = namespace if isinstance(namespace, str) and namespace else None
    space = space or environ.get("FAIRLEAD_NAMESPACE") or "default"
    this = Run(space, name, str(generate_new_uuid()), _current.get() or _parent(environ))
    for dataset in listed(inputs, name):
        this.reads(dataset)
    for dataset in listed(outputs, name):
        this.writes(dataset)
    _report(this, "START")
    return this


@contextmanager
def _inside(this: Run) -> Iterator[None]:
    token = _current.set(this)
    try:
        yield
    finally:
        with suppress(ValueError):  # an asynchronous generator may be closed in another context
            _current.reset(token)


def _end(this: Run, error: BaseException | None = None, *, closed: str = "COMPLETE") -> None:
    """Report how the run was left. `closed` is what it means that a generator or coroutine was closed:
    the reader of a generator may stop early, but a coroutine that is closed has not done its work."""
    match error:
        case None | SystemExit(code=None | 0):
            _report(this, "COMPLETE")
        case GeneratorExit():
            _report(this, closed)
        case asyncio.CancelledError() | KeyboardInterrupt():
            _report(this, "ABORT", error)
        case _:
            _report(this, "FAIL", error)


def _report(this: Run, state: str, error: BaseException | None = None) -> None:
    try:
        _transport().store(event_of(this, state, datetime.now(UTC), error))
    except Exception as problem:  # noqa: BLE001 - lineage never breaks what it watches
        log.warning("Lineage of %s was lost: %s", this.job, message_of(problem))


@functools.cache
def _transport() -> DurableTransport:
    return DurableTransport(DurableConfig(Settings.from_environment()))


def _parent(environ: Mapping[str, str]) -> Run | None:
    """The run that started this process: `OPENLINEAGE_PARENT_ID=namespace/job/run id`.

    Airflow makes it with `{{ macros.OpenLineageProviderPlugin.lineage_parent_id(task_instance) }}`.
    """
    head, _, run_id = environ.get("OPENLINEAGE_PARENT_ID", "").rpartition("/")
    namespace, _, job = head.rpartition("/")
    return Run(namespace, job, run_id) if namespace and job and run_id else None
