"""Shell tasks: the command, as it was rendered."""

from __future__ import annotations

from typing import ClassVar

from openlineage.client.facet_v2 import source_code_job

from fairlead_airflow.extractors.base import Extractor
from fairlead_airflow.lineage.parts import Lineage


class BashExtractor(Extractor):
    """`BashOperator`, `@task.bash` and `BashSensor`. The command of `@task.bash` is known when it has
    run."""

    operators: ClassVar[tuple[str, ...]] = ("BashOperator", "_BashDecoratedOperator", "BashSensor")

    def before(self) -> Lineage:
        command = getattr(self.operator, "bash_command", None)
        if not self.source_code_enabled or not isinstance(command, str):
            return Lineage()
        facet = source_code_job.SourceCodeJobFacet(language="bash", sourceCode=command)
        return Lineage(job_facets={"sourceCode": facet})
