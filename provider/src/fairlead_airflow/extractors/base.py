"""The way from a task to its lineage, the same for every operator.

    what the operator says of itself  +  what its hooks reported  +  what its author declared

An extractor only says the first. OpenLineage's own manager takes the second only where the first is
empty and the third only where both are; here nothing suppresses anything.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, ClassVar

# Extractors are imported only where OpenLineage is on; this package is their reason.
from airflow.providers.openlineage.extractors.base import BaseExtractor  # noqa: TID253

from fairlead_airflow import compat
from fairlead_airflow.compat.objects import Task, TaskInstance
from fairlead_airflow.lineage.collected import collected
from fairlead_airflow.lineage.declared import declared
from fairlead_airflow.lineage.parts import Lineage
from fairlead_airflow.lineage.unseen import unseen
from fairlead_sdk.documents import Json

log = logging.getLogger(__name__)


class Extractor(BaseExtractor):
    """Derive from this, name the operators, and say what is known before or after the task ran."""

    operators: ClassVar[tuple[str, ...]] = ()
    """Class names of operators; what derives from them is covered too."""

    has_extractor: ClassVar[bool] = True
    """Whether this knows the operator, or the operator itself."""

    hook_lineage_enabled: bool = True
    """Whether the emission policy lets hooks be asked, as `source_code_enabled` does for code."""

    trigger_event: Json
    """The event of the trigger that resumed the task; empty if the task was not deferred."""

    def __init__(self, operator: Task, *args: Any, **kwargs: Any) -> None:
        super().__init__(operator, *args, **kwargs)
        self.trigger_event = {}

    @classmethod
    def get_operator_classnames(cls) -> list[str]:
        return list(cls.operators)

    def before(self) -> Lineage:
        """What is known when the task starts. The operator is `self.operator`, rendered."""
        return Lineage()

    def after(self, task_instance: TaskInstance) -> Lineage:
        """What is known when it has ended, well or not; what `before` says, unless overridden."""
        return self.before()

    def runtime_value(self, *names: str) -> Any:
        """Return a value that is known only at run time, such as the id of a remote run; None if unknown.

        The first of the names that its operator has as an attribute, and not empty; or, where the task
        was deferred, that is in the trigger's event.
        """
        for name in names:
            found = getattr(self.operator, name, None)
            if isinstance(found, str | int) and found:
                return found
        return next(filter(None, (_within(self.trigger_event, name) for name in names)), None)

    def failed(self, task_instance: TaskInstance) -> Lineage:
        """What is known when it has failed; what `after` says, unless overridden."""
        return self.after(task_instance)

    def reported(self, own: Lineage) -> Lineage:
        """Return the lineage that hooks reported, given the extractor's own."""
        return collected()

    def _execute_extraction(self) -> Any:
        return self._gather(lambda _: self.before(), lambda _: declared(self.operator))

    def extract_on_complete(self, task_instance: TaskInstance) -> Any:
        return self._ended(self.after, task_instance)

    def extract_on_failure(self, task_instance: TaskInstance) -> Any:
        return self._ended(self.failed, task_instance)

    def _ended(self, extract: Callable[[Any], Lineage], task_instance: TaskInstance) -> Any:
        self.trigger_event = compat.trigger_event(task_instance)
        result = self._gather(
            lambda _: extract(task_instance),
            lambda own: self.reported(own) if self.hook_lineage_enabled else Lineage(),
            lambda _: declared(self.operator, task_instance),
        )
        if not (result.inputs or result.outputs):
            result.run_facets["fairlead_unseen"] = unseen(
                self.operator.task_type,
                has_extractor=self.has_extractor,
                runs_python=callable(getattr(self.operator, "python_callable", None)),
            )
        return result

    def _gather(self, *sources: Callable[[Lineage], Lineage]) -> Any:
        """Each source for itself: one that fails takes nothing from the others."""
        result = Lineage()
        for source in sources:
            try:
                result.add(source(result))
            except Exception as error:  # operators and hooks are of any make
                what = f"{type(error).__name__}: {error}"
                log.warning("Part of the lineage of %s is missing: %s", self.operator.task_id, what)
                log.debug("Details:", exc_info=True)
                result.errors.append(f"part of the lineage is missing: {what}")
        return result.finished()


def _within(event: Json, name: str) -> Any:
    """The value by that name, in a dict or in a dict inside it."""
    inner = [value for value in event.values() if isinstance(value, dict)]
    return event.get(name) or next(filter(None, (_within(part, name) for part in inner)), None)
