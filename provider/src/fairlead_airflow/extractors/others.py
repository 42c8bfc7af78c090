"""Operators without an extractor: what they say of themselves, if they do, and all that is around them.

OpenLineage's manager drops what an author declared where the operator says anything, and makes a run of
its own of every statement that a hook ran. Here a task without an extractor is treated as all others.
"""

from __future__ import annotations

from typing import Any

from fairlead_airflow.compat.objects import TaskInstance
from fairlead_airflow.extractors.base import Extractor
from fairlead_airflow.lineage.parts import Lineage

METHODS = ("get_openlineage_facets_on_start", "get_openlineage_facets_on_complete")


class EmptyExtractor(Extractor):
    """An operator without lineage of its own; hooks and declarations are added."""

    has_extractor = False


class SpeakingExtractor(Extractor):
    """An operator that has OpenLineage's methods. Hook lineage counts only where these report no
    datasets."""

    def before(self) -> Lineage:
        return self._call("start") or Lineage()

    def after(self, task_instance: TaskInstance) -> Lineage:
        return self._call("complete", task_instance) or self.before()

    def failed(self, task_instance: TaskInstance) -> Lineage:
        return self._call("failure", task_instance) or self.after(task_instance)

    def reported(self, own: Lineage) -> Lineage:
        return Lineage() if own.inputs or own.outputs else super().reported(own)

    def _call(self, when: str, *arguments: Any) -> Lineage | None:
        """None where the operator has no such method."""
        method = getattr(self.operator, f"get_openlineage_facets_on_{when}", None)
        return Lineage.of(method(*arguments)) if callable(method) else None
