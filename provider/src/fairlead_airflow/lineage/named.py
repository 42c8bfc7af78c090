"""Datasets as DAG authors write them down, and lineage that stands on a function."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from fairlead.datasets import Identity
from fairlead_airflow import compat
from fairlead_airflow.lineage.parts import Lineage

Named = Any
"""A URI, a path, `(namespace, name)`, an Airflow asset, or a dataset of OpenLineage."""

Several = Sequence[Named] | Callable[..., Sequence[Named]]

Function = TypeVar("Function", bound=Callable[..., Any])

_MARK = "__fairlead_lineage__"


def identity(dataset: Named) -> Identity:
    """What the catalog calls it. ValueError where it is no dataset."""
    from fairlead_airflow.lineage.declared import identity_of

    if isinstance(dataset, list | tuple):
        if len(dataset) == 2 and all(isinstance(part, str) and part for part in dataset):
            return Identity(*dataset)
    elif isinstance(dataset, str):
        if dataset.strip():
            found = identity_of(_asset(dataset.strip()))
            if found is not None:
                return found
    elif (found := identity_of(dataset)) is not None:
        return found
    raise ValueError(
        f"{dataset!r} names no dataset: write a URI, a path, (namespace, name), or an Asset"
    )


@dataclass
class _Uri:
    """What Airflow's own class for assets would refuse to hold, or would spell differently."""

    uri: str
    name: str


def _asset(uri: str) -> Any:
    """As an asset, so that the provider of its scheme may say what it is called."""
    if "://" in uri:
        try:
            return compat.sdk("Asset")(uri)
        except ValueError:
            pass
    return _Uri(uri, uri)


@dataclass(frozen=True)
class Declaration:
    """What an author says that a function reads and writes."""

    inputs: Several = ()
    outputs: Several = ()

    def lineage(self, arguments: Mapping[str, Any]) -> Lineage:
        """With the arguments that the function was called with."""
        return Lineage(
            inputs={identity(item): {} for item in _of(self.inputs, arguments)},
            outputs={identity(item): {} for item in _of(self.outputs, arguments)},
        )


def declares_lineage(inputs: Several = (), outputs: Several = ()) -> Callable[[Function], Function]:
    """Says what a function reads and writes; stands below `@task`, or above it.

    >>> @declares_lineage(inputs=["s3://lake/orders.csv"], outputs=lambda day: [f"/out/{day}.csv"])
    ... def report(day: str) -> None: ...

    A function instead of a list is called with those arguments of the task that it names. What is
    declared is added to what the task's hooks report.
    """

    def mark(function: Function) -> Function:
        bare = getattr(function, "function", function)  # what `@task` wraps
        setattr(bare, _MARK, Declaration(inputs, outputs))
        return function

    return mark


def of_function(task: Any) -> Lineage:
    """What the task's function is declared to read and write; nothing for other tasks."""
    function: Any = getattr(task, "python_callable", None)
    declaration = getattr(function, _MARK, None)
    if declaration is None:
        return Lineage()
    given = inspect.signature(function).bind_partial(
        *(getattr(task, "op_args", None) or ()), **(getattr(task, "op_kwargs", None) or {})
    )
    given.apply_defaults()
    result: Lineage = declaration.lineage(given.arguments)
    return result


def _of(several: Several, arguments: Mapping[str, Any]) -> Iterable[Named]:
    if not callable(several):
        return several
    wanted = inspect.signature(several).parameters
    result: Iterable[Named] = several(**{name: arguments[name] for name in wanted})
    return result
