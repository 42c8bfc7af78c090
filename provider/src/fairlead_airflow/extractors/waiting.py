"""Sensors and triggers: what is waited for, and which DAG is started."""

from __future__ import annotations

from collections.abc import Iterable
from glob import has_magic
from typing import Any, ClassVar

from fairlead_airflow.extractors.base import Extractor
from fairlead_airflow.lineage.parts import Facets, Lineage
from fairlead_sdk.datasets import of_file


class FileSensorExtractor(Extractor):
    """`FileSensor`. A pattern is not the name of a file, so it names nothing."""

    operators: ClassVar[tuple[str, ...]] = ("FileSensor",)

    def before(self) -> Lineage:
        path = self.operator.path
        return Lineage() if has_magic(path) else Lineage(inputs={of_file(path): {}})


class ExternalTaskExtractor(Extractor):
    """`ExternalTaskSensor`: an edge from the DAG, or from the tasks, that it waits for."""

    operators: ClassVar[tuple[str, ...]] = ("ExternalTaskSensor",)

    def before(self) -> Lineage:
        dag, tasks = self.operator.external_dag_id, self.operator.external_task_ids
        jobs = [f"{dag}.{task}" for task in tasks] if tasks else [dag]
        return Lineage(run_facets=_dependencies("IMPLICIT_DEPENDENCY", upstream=jobs))


class TriggerExtractor(Extractor):
    """`TriggerDagRunOperator`: an edge to the DAG that it starts."""

    operators: ClassVar[tuple[str, ...]] = ("TriggerDagRunOperator",)

    def before(self) -> Lineage:
        started = [self.operator.trigger_dag_id]
        return Lineage(run_facets=_dependencies("DIRECT_INVOCATION", downstream=started))


def _dependencies(
    kind: str, upstream: Iterable[str] = (), downstream: Iterable[str] = ()
) -> Facets:
    # Old versions of OpenLineage's client have no such facet, and other extractors need none.
    from airflow.providers.openlineage import conf
    from openlineage.client.facet_v2 import job_dependencies_run as facets

    def jobs(names: Iterable[str]) -> list[Any]:
        return [
            facets.JobDependency(
                job=facets.JobIdentifier(namespace=conf.namespace(), name=name),
                dependency_type=kind,
            )
            for name in names
        ]

    facet = facets.JobDependenciesRunFacet(upstream=jobs(upstream), downstream=jobs(downstream))
    return {"jobDependencies": facet}
