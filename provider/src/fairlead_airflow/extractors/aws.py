"""Jobs that Amazon's services run: their script, and the run's id over there."""

from __future__ import annotations

from typing import Any, ClassVar

from fairlead_airflow.extractors.base import Extractor
from fairlead_airflow.extractors.commands import command_line
from fairlead_airflow.lineage import external
from fairlead_airflow.lineage.parts import Facets, Lineage
from fairlead_sdk.documents import Json


class GlueExtractor(Extractor):
    """`GlueJobOperator`."""

    operators: ClassVar[tuple[str, ...]] = ("GlueJobOperator",)

    def before(self) -> Lineage:
        task = self.operator
        return Lineage(
            job_facets=external.script(task.script_location),
            run_facets=external.run(
                self.runtime_value("_job_run_id", "run_id"), f"glue:{task.job_name}"
            ),
        )


class EmrStepsExtractor(Extractor):
    """`EmrAddStepsOperator`: the commands of its steps, and their cluster. Which steps they became is
    known to EMR and to XCom, not to the operator."""

    operators: ClassVar[tuple[str, ...]] = ("EmrAddStepsOperator",)

    def before(self) -> Lineage:
        task = self.operator
        code = _of_steps(task.steps) if self.source_code_enabled else {}
        return Lineage(job_facets=code, run_facets=external.run(task.job_flow_id, "emr"))


class EmrClusterExtractor(Extractor):
    """`EmrCreateJobFlowOperator`: the steps that the cluster starts with, and the cluster."""

    operators: ClassVar[tuple[str, ...]] = ("EmrCreateJobFlowOperator",)

    def before(self) -> Lineage:
        overrides = self.operator.job_flow_overrides
        steps = overrides.get("Steps") if isinstance(overrides, dict) else None
        return Lineage(
            job_facets=_of_steps(steps) if self.source_code_enabled else {},
            run_facets=external.run(self.runtime_value("_job_flow_id", "job_flow_id"), "emr"),
        )


def _of_steps(steps: object) -> Facets:
    lines = [line for step in steps if (line := _of_step(step))] if isinstance(steps, list) else []
    return external.code("bash", "\n".join(lines))


def _of_step(step: Any) -> str:
    jar = step.get("HadoopJarStep") or {}
    words = jar.get("Args") or ()
    if jar.get("Jar") in ("command-runner.jar", None):
        return command_line(words)
    return command_line([jar["Jar"], *words])


class EmrJobExtractor(Extractor):
    """`EmrServerlessStartJobOperator` and `EmrContainerOperator` (EMR on EKS)."""

    operators: ClassVar[tuple[str, ...]] = (
        "EmrServerlessStartJobOperator",
        "EmrContainerOperator",
    )

    def before(self) -> Lineage:
        task = self.operator
        cluster = getattr(task, "application_id", None) or getattr(task, "virtual_cluster_id", "")
        return Lineage(
            job_facets=_of_driver(task.job_driver or {}),
            run_facets=external.run(self.runtime_value("job_id"), f"emr:{cluster}"),
        )


def _of_driver(driver: Json) -> Facets:
    # EMR Serverless and EMR on EKS spell the same thing in two ways.
    submit = driver.get("sparkSubmit") or driver.get("sparkSubmitJobDriver") or {}
    return external.script(submit.get("entryPoint"))


class EcsExtractor(Extractor):
    """`EcsRunTaskOperator`: what it overrides the containers' commands with."""

    operators: ClassVar[tuple[str, ...]] = ("EcsRunTaskOperator",)

    def before(self) -> Lineage:
        task = self.operator
        overrides = (task.overrides or {}).get("containerOverrides", [])
        lines = [command_line(item["command"]) for item in overrides if item.get("command")]
        code = external.code("bash", "\n".join(lines)) if self.source_code_enabled else {}
        return Lineage(
            job_facets={**code, **external.location("ecs", f"ecs:{task.task_definition}")},
            run_facets=external.run(self.runtime_value("arn", "task_arn"), f"ecs:{task.cluster}"),
        )


class BatchExtractor(Extractor):
    """`BatchOperator`."""

    operators: ClassVar[tuple[str, ...]] = ("BatchOperator",)

    def before(self) -> Lineage:
        task = self.operator
        command = (task.container_overrides or {}).get("command")
        code = external.code("bash", command_line(command)) if self.source_code_enabled else {}
        return Lineage(
            job_facets={**code, **external.location("batch", f"batch:{task.job_definition}")},
            run_facets=external.run(self.runtime_value("job_id"), f"batch:{task.job_queue}"),
        )


class LambdaExtractor(Extractor):
    """`LambdaInvokeFunctionOperator`: the function. Its payload is data, and stays where it is."""

    operators: ClassVar[tuple[str, ...]] = ("LambdaInvokeFunctionOperator",)

    def before(self) -> Lineage:
        task = self.operator
        name = f"{task.function_name}:{task.qualifier}" if task.qualifier else task.function_name
        url = name if name.startswith("arn:") else f"lambda:{name}"
        return Lineage(job_facets=external.location("lambda", url))


class StepFunctionExtractor(Extractor):
    """`StepFunctionStartExecutionOperator`: the state machine. Its input is data."""

    operators: ClassVar[tuple[str, ...]] = ("StepFunctionStartExecutionOperator",)

    def before(self) -> Lineage:
        return Lineage(
            job_facets=external.location("stepfunctions", self.operator.state_machine_arn),
            run_facets=external.run(self.runtime_value("execution_arn"), "stepfunctions"),
        )


class AppflowExtractor(Extractor):
    """The operators that run a flow of AppFlow."""

    operators: ClassVar[tuple[str, ...]] = (
        "AppflowRunOperator",
        "AppflowRunFullOperator",
        "AppflowRunBeforeOperator",
        "AppflowRunAfterOperator",
        "AppflowRunDailyOperator",
    )

    def before(self) -> Lineage:
        return Lineage(
            job_facets=external.location("appflow", f"appflow:{self.operator.flow_name}")
        )


class DmsExtractor(Extractor):
    """`DmsStartTaskOperator` and `DmsStartReplicationOperator`."""

    operators: ClassVar[tuple[str, ...]] = ("DmsStartTaskOperator", "DmsStartReplicationOperator")

    def before(self) -> Lineage:
        names = ("replication_task_arn", "replication_config_arn")
        return Lineage(run_facets=external.run(self.runtime_value(*names), "dms"))
