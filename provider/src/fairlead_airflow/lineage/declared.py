"""What the DAG's author declared: on a function, as inlets and outlets, and while the task ran."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from fairlead_airflow.compat.objects import Task, TaskInstance
from fairlead_airflow.lineage.naming import Named, identity, identity_of
from fairlead_airflow.lineage.parts import Lineage
from fairlead_sdk.datasets import Identity

log = logging.getLogger(__name__)

Several = Sequence[Named] | Callable[..., Sequence[Named]]

Function = TypeVar("Function", bound=Callable[..., object])

_MARK = "__fairlead_lineage__"


@dataclass(frozen=True)
class Declaration:
    """What an author says that a function reads and writes."""

    inputs: Several = ()
    outputs: Several = ()

    def lineage(self, arguments: Mapping[str, Any]) -> Lineage:
        """With the arguments that the function was called with. What names no dataset is left out."""
        return Lineage(
            inputs={named: {} for named in _identities(_of(self.inputs, arguments))},
            outputs={named: {} for named in _identities(_of(self.outputs, arguments))},
        )


def _identities(items: Iterable[Named]) -> Iterator[Identity]:
    for item in items:
        try:
            yield identity(item)
        except ValueError as error:
            log.warning("Left out of the declared lineage: %s", error)


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


def declared(task: Task, task_instance: TaskInstance = None) -> Lineage:
    """The task's inlets and outlets, and with a task instance also what it named at run time."""
    result = _of_function(task)
    for item in getattr(task, "inlets", None) or []:
        if named := identity_of(item):
            result.inputs.setdefault(named, {})
    for item in [*(getattr(task, "outlets", None) or []), *_at_run_time(task_instance)]:
        if named := identity_of(item):
            result.outputs.setdefault(named, {})
    return result


def _of_function(task: object) -> Lineage:
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


def _of(several: Several, arguments: Mapping[str, object]) -> Iterable[Named]:
    if not callable(several):
        return several
    wanted = inspect.signature(several).parameters
    result: Iterable[Named] = several(**{name: arguments[name] for name in wanted})
    return result


def _at_run_time(task_instance: object) -> list[object]:
    if task_instance is None:
        return []
    try:
        from airflow.providers.openlineage.utils.utils import get_runtime_outlet_assets
    except ImportError:  # a version of OpenLineage's provider that does not know them
        return []
    return [asset for asset, _ in get_runtime_outlet_assets(task_instance)]
