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

from fairlead_airflow.lineage.collected import collected
from fairlead_airflow.lineage.declared import declared
from fairlead_airflow.lineage.parts import Lineage

log = logging.getLogger(__name__)


class Extractor(BaseExtractor):
    """Derive from this, name the operators, and say what is known before or after the task ran."""

    operators: ClassVar[tuple[str, ...]] = ()
    """Class names of operators; subclasses of theirs must be named as well."""

    @classmethod
    def get_operator_classnames(cls) -> list[str]:
        return list(cls.operators)

    def before(self) -> Lineage:
        """What is known when the task starts. The operator is `self.operator`, rendered."""
        return Lineage()

    def after(self, task_instance: Any) -> Lineage:
        """What is known when it has ended, well or not; what `before` says, unless overridden."""
        return self.before()

    def _execute_extraction(self) -> Any:
        return self._gather(self.before, lambda: declared(self.operator))

    def extract_on_complete(self, task_instance: Any) -> Any:
        return self._gather(
            lambda: self.after(task_instance),
            collected,
            lambda: declared(self.operator, task_instance),
        )

    def extract_on_failure(self, task_instance: Any) -> Any:
        return self.extract_on_complete(task_instance)

    def _gather(self, *sources: Callable[[], Lineage]) -> Any:
        """Each source for itself: one that fails takes nothing from the others."""
        result = Lineage()
        for source in sources:
            try:
                result.add(source())
            except Exception as error:  # operators and hooks are of any make
                log.warning(
                    "Part of the lineage of %s is missing: %s", self.operator.task_id, error
                )
                log.debug("Details:", exc_info=True)
        return result.finished()
