"""Shell tasks: the command as it was rendered, and what dbt read and wrote where it runs dbt."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, ClassVar

from openlineage.client.facet_v2 import source_code_job

from fairlead_airflow.compat.objects import TaskInstance
from fairlead_airflow.extractors.base import Extractor
from fairlead_airflow.lineage.parts import Lineage


class BashExtractor(Extractor):
    """`BashOperator`, `@task.bash` and `BashSensor`. The command of `@task.bash` is known when it has
    run."""

    operators: ClassVar[tuple[str, ...]] = ("BashOperator", "_BashDecoratedOperator", "BashSensor")

    def before(self) -> Lineage:
        command = self._command()
        if not self.source_code_enabled or not command:
            return Lineage()
        facet = source_code_job.SourceCodeJobFacet(language="bash", sourceCode=command)
        return Lineage(job_facets={"sourceCode": facet})

    def after(self, task_instance: TaskInstance) -> Lineage:
        result = self.before()
        if "dbt" in self._command():
            result.add(self._dbt(getattr(task_instance, "start_date", None)))
        return result

    def _command(self) -> str:
        command = getattr(self.operator, "bash_command", None)
        return command if isinstance(command, str) else ""

    def _dbt(self, since: Any) -> Lineage:
        # Only where there is dbt: with it comes the parser of SQL.
        from fairlead_airflow.lineage.dbt import of_calls
        from fairlead_airflow.lineage.dbt_calls import calls

        task = self.operator
        folder = Path(task.cwd) if getattr(task, "cwd", None) else None
        return of_calls(calls(self._command(), folder, self._environ()), since)

    def _environ(self) -> dict[str, str]:
        """The variables that the command had, as the operator puts them together."""
        own = getattr(self.operator, "env", None)
        if own and not getattr(self.operator, "append_env", False):
            return dict(own)
        return {**os.environ, **(own or {})}
