"""Python tasks: their source code; what they read and wrote is reported by the hooks they used."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import ClassVar

from openlineage.client.facet_v2 import source_code_job

from fairlead_airflow.extractors.base import Extractor
from fairlead_airflow.lineage.parts import Lineage


class PythonExtractor(Extractor):
    """Every operator and sensor that runs a `python_callable`, with or without a decorator."""

    operators: ClassVar[tuple[str, ...]] = (
        "PythonOperator",
        "_PythonDecoratedOperator",
        "BranchPythonOperator",
        "_BranchPythonDecoratedOperator",
        "ShortCircuitOperator",
        "_ShortCircuitDecoratedOperator",
        "PythonVirtualenvOperator",
        "_PythonVirtualenvDecoratedOperator",
        "ExternalPythonOperator",
        "_PythonExternalDecoratedOperator",
        "BranchPythonVirtualenvOperator",
        "_BranchPythonVirtualenvDecoratedOperator",
        "BranchExternalPythonOperator",
        "_BranchExternalPythonDecoratedOperator",
        "PythonSensor",
        "DecoratedSensorOperator",
    )

    def before(self) -> Lineage:
        if not self.source_code_enabled:
            return Lineage()
        source = source_of(self.operator.python_callable)
        if source is None:
            return Lineage()
        facet = source_code_job.SourceCodeJobFacet(language="python", sourceCode=source)
        return Lineage(job_facets={"sourceCode": facet})


def source_of(function: Callable[..., object]) -> str | None:
    """The function's source as it stands in its file; None for what has no source."""
    try:
        return inspect.getsource(inspect.unwrap(function))
    except (OSError, TypeError):
        return None
