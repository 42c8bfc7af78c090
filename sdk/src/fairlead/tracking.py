"""Lineage of any Python function or block: what ran, when, how it ended, what it read and wrote.

    @lineage(inputs=["s3://lake/raw/orders"], outputs=["file:///data/report.csv"])
    def report(): ...

    with run("nightly.load", inputs=["postgres://db:5432/shop/public/orders"]) as this:
        rows = load()
        this.writes("sqlite:///data/warehouse.db/orders", rows=len(rows))

A run inside another is its child. Lineage never breaks what it watches: what goes wrong in here is
logged.
"""

from __future__ import annotations

import functools
import inspect
import logging
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, ParamSpec, TypeVar, cast

from openlineage.client.uuid import generate_new_uuid

from fairlead.datasets import Identity, of_uri
from fairlead.settings import Settings
from fairlead.transport import DurableConfig, DurableTransport

log = logging.getLogger(__name__)

P = ParamSpec("P")
R = TypeVar("R")
Dataset = str | tuple[str, str]
"""A URI, or (namespace, name) as OpenLineage has them."""

_PRODUCER = "urn:fairlead:sdk"
_SPEC = "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent"
_FACETS = "https://openlineage.io/spec/facets"


@dataclass
class Run:
    """A run in progress. Add to it what it turns out to read and write."""

    namespace: str
    job: str
    id: str
    parent: Run | None = None
    inputs: dict[Identity, dict[str, Any]] = field(default_factory=dict)
    outputs: dict[Identity, dict[str, Any]] = field(default_factory=dict)

    def reads(self, dataset: Dataset) -> None:
        """Say that the run reads this dataset."""
        if identity := _identity(dataset):
            self.inputs.setdefault(identity, {})

    def writes(self, dataset: Dataset, *, rows: int | None = None) -> None:
        """Say that the run writes this dataset, and how many rows."""
        if identity := _identity(dataset):
            facets = self.outputs.setdefault(identity, {})
            if rows is not None:
                facets["outputStatistics"] = _facet(
                    "1-0-2/OutputStatisticsOutputDatasetFacet", rowCount=rows
                )

    @property
    def root(self) -> Run:
        return self.parent.root if self.parent else self


_current: ContextVar[Run | None] = ContextVar("fairlead_run", default=None)


@contextmanager
def run(
    job: str,
    *,
    inputs: Sequence[Dataset] = (),
    outputs: Sequence[Dataset] = (),
    namespace: str | None = None,
    environ: Mapping[str, str] = os.environ,
) -> Iterator[Run]:
    """Tell of the block as a run of `job`: START, then COMPLETE, or FAIL with the exception.

    `namespace` is the job's; `$FAIRLEAD_NAMESPACE`, else `default`. Events go where
    `$FAIRLEAD_URL` or `$FAIRLEAD_TRANSPORT` says, through the spool.
    """
    space = namespace or environ.get("FAIRLEAD_NAMESPACE") or "default"
    this = Run(space, job, str(generate_new_uuid()), _current.get() or _parent_of_process(environ))
    for dataset in inputs:
        this.reads(dataset)
    for dataset in outputs:
        this.writes(dataset)
    token = _current.set(this)
    _tell(this, "START")
    try:
        yield this
    except BaseException as error:
        _tell(this, "FAIL", error)
        raise
    else:
        _tell(this, "COMPLETE")
    finally:
        _current.reset(token)


def lineage(
    *,
    job: str | None = None,
    inputs: Sequence[Dataset] = (),
    outputs: Sequence[Dataset] = (),
    namespace: str | None = None,
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Each call of the function is a run of `job`, which is the function's full name by default.

    Works for `async def` as well. Inside, `current()` is the run.
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        name = job or f"{function.__module__}.{function.__qualname__}"

        def tracked() -> Any:
            return run(name, inputs=inputs, outputs=outputs, namespace=namespace)

        if inspect.iscoroutinefunction(function):

            @functools.wraps(function)
            async def waiting(*args: P.args, **kwargs: P.kwargs) -> Any:
                with tracked():
                    return await function(*args, **kwargs)

            return cast("Callable[P, R]", waiting)

        @functools.wraps(function)
        def calling(*args: P.args, **kwargs: P.kwargs) -> R:
            with tracked():
                return function(*args, **kwargs)

        return calling

    return decorate


def current() -> Run | None:
    """The run that this code is part of."""
    return _current.get()


def _parent_of_process(environ: Mapping[str, str]) -> Run | None:
    """The run that started this process: `OPENLINEAGE_PARENT_ID=namespace/job/run id`.

    Airflow makes it with `{{ macros.OpenLineageProviderPlugin.lineage_parent_id(task_instance) }}`.
    """
    head, _, run_id = environ.get("OPENLINEAGE_PARENT_ID", "").rpartition("/")
    namespace, _, job = head.rpartition("/")
    return Run(namespace, job, run_id) if namespace and job and run_id else None


def _identity(dataset: Dataset) -> Identity | None:
    identity = of_uri(dataset) if isinstance(dataset, str) else Identity(*dataset)
    if identity is None:
        log.warning("%r names no dataset", dataset)
    return identity


def _tell(this: Run, state: str, error: BaseException | None = None) -> None:
    try:
        _transport().keep(event_of(this, state, datetime.now(UTC), error))
    except Exception as problem:  # noqa: BLE001 - lineage never breaks what it watches
        log.warning("Lineage of %s was lost: %s", this.job, problem)


@functools.cache
def _transport() -> DurableTransport:
    return DurableTransport(DurableConfig(Settings.from_environment()))


def event_of(
    this: Run, state: str, now: datetime, error: BaseException | None = None
) -> dict[str, Any]:
    """The run as an OpenLineage event."""
    facets: dict[str, Any] = {}
    if this.parent:
        facets["parent"] = _facet(
            "1-1-0/ParentRunFacet", **_names(this.parent), root=_names(this.root)
        )
    if error is not None:
        facets["errorMessage"] = _facet(
            "1-0-1/ErrorMessageRunFacet",
            message=f"{type(error).__name__}: {error}",
            programmingLanguage="PYTHON",
        )
    return {
        "eventType": state,
        "eventTime": now.isoformat(),
        "producer": _PRODUCER,
        "schemaURL": _SPEC,
        "run": {"runId": this.id, "facets": facets},
        "job": {"namespace": this.namespace, "name": this.job, "facets": {}},
        "inputs": [{"namespace": i.namespace, "name": i.name} for i in this.inputs],
        "outputs": [
            {"namespace": i.namespace, "name": i.name, "outputFacets": facets}
            for i, facets in this.outputs.items()
        ],
    }


def _names(this: Run) -> dict[str, Any]:
    return {"run": {"runId": this.id}, "job": {"namespace": this.namespace, "name": this.job}}


def _facet(schema: str, **values: Any) -> dict[str, Any]:
    name = schema.rpartition("/")[2]
    return {
        "_producer": _PRODUCER,
        "_schemaURL": f"{_FACETS}/{schema}.json#/$defs/{name}",
        **values,
    }
