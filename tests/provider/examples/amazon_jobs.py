"""Amazon: jobs that run there."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from tests.provider.examples.writing import operator
from tests.provider.operators import Example

MACHINE = "arn:aws:states:eu:1:stateMachine:nightly"
APPFLOW: dict[str, dict[str, Any]] = {
    "": {},
    "Full": {"source": "salesforce"},
    "Before": {"source": "salesforce", "source_field": "day", "filter_date": "2026-01-01"},
    "After": {"source": "salesforce", "source_field": "day", "filter_date": "2026-01-01"},
    "Daily": {"source": "salesforce", "source_field": "day", "filter_date": "2026-01-01"},
}


AMAZON_JOBS: list[Example] = [
    operator(
        "amazon",
        "amazon.aws.operators.glue.GlueJobOperator",
        {"job_name": "nightly", "script_location": "s3://code/nightly.py"},
        says={
            "sourceCodeLocation": "s3://code/nightly.py",
            "externalQuery": ("jr_1", "glue:nightly"),
        },
        runtime={"_job_run_id": "jr_1"},
        trigger_event={"status": "success", "run_id": "jr_1"},
    ),
    operator(
        "amazon",
        "amazon.aws.operators.emr.EmrAddStepsOperator",
        {
            "job_flow_id": "j-1",
            "steps": [
                {
                    "Name": "s",
                    "HadoopJarStep": {
                        "Jar": "command-runner.jar",
                        "Args": ["spark-submit", "s3://code/etl.py"],
                    },
                }
            ],
        },
        says={"sourceCode": "spark-submit s3://code/etl.py", "externalQuery": ("j-1", "emr")},
    ),
    operator(
        "amazon",
        "amazon.aws.operators.emr.EmrServerlessStartJobOperator",
        {
            "application_id": "app",
            "execution_role_arn": "arn:aws:iam::1:role/r",
            "job_driver": {"sparkSubmit": {"entryPoint": "s3://code/etl.py"}},
            "configuration_overrides": None,
        },
        says={"sourceCodeLocation": "s3://code/etl.py", "externalQuery": ("job-1", "emr:app")},
        runtime={"job_id": "job-1"},
        trigger_event={"job_details": {"application_id": "app", "job_id": "job-1"}},
    ),
    operator(
        "amazon",
        "amazon.aws.operators.emr.EmrContainerOperator",
        {
            "name": "etl",
            "virtual_cluster_id": "vc",
            "execution_role_arn": "arn:aws:iam::1:role/r",
            "release_label": "emr-7",
            "job_driver": {"sparkSubmitJobDriver": {"entryPoint": "s3://code/etl.py"}},
        },
        says={"sourceCodeLocation": "s3://code/etl.py", "externalQuery": ("job-1", "emr:vc")},
        runtime={"job_id": "job-1"},
        trigger_event={"status": "success", "job_id": "job-1"},
    ),
    operator(
        "amazon",
        "amazon.aws.operators.ecs.EcsRunTaskOperator",
        {
            "cluster": "prod",
            "task_definition": "etl:3",
            "overrides": {"containerOverrides": [{"name": "c", "command": ["etl", "--all"]}]},
        },
        says={
            "sourceCode": "etl --all",
            "sourceCodeLocation": "ecs:etl:3",
            "externalQuery": ("arn:aws:ecs:eu:1:task/prod/t1", "ecs:prod"),
        },
        runtime={"arn": "arn:aws:ecs:eu:1:task/prod/t1"},
        trigger_event={"status": "success", "task_arn": "arn:aws:ecs:eu:1:task/prod/t1"},
    ),
    operator(
        "amazon",
        "amazon.aws.operators.batch.BatchOperator",
        {
            "job_name": "etl",
            "job_definition": "etl:3",
            "job_queue": "night",
            "container_overrides": {"command": ["etl", "--all"]},
        },
        says={
            "sourceCode": "etl --all",
            "sourceCodeLocation": "batch:etl:3",
            "externalQuery": ("b-1", "batch:night"),
        },
        runtime={"job_id": "b-1"},
        trigger_event={"status": "success", "job_id": "b-1"},
    ),
    operator(
        "amazon",
        "amazon.aws.operators.lambda_function.LambdaInvokeFunctionOperator",
        {"function_name": "enrich", "qualifier": "live", "payload": '{"secret": 1}'},
        says={"sourceCodeLocation": "lambda:enrich:live"},
    ),
    operator(
        "amazon",
        "amazon.aws.operators.eks.EksPodOperator",
        {"cluster_name": "c", "pod_name": "work", "image": "shop/etl:7", "cmds": ["etl"]},
        says={
            "sourceCode": "etl",
            "sourceCodeLocation": "docker://shop/etl:7",
            "externalQuery": ("etl/work-x1", "kubernetes"),
        },
        runtime={"pod": SimpleNamespace(metadata=SimpleNamespace(name="work-x1", namespace="etl"))},
    ),
    operator(
        "amazon",
        "amazon.aws.operators.emr.EmrCreateJobFlowOperator",
        {
            "job_flow_overrides": {
                "Steps": [{"HadoopJarStep": {"Jar": "s3://code/etl.jar", "Args": ["--all"]}}]
            }
        },
        says={"sourceCode": "s3://code/etl.jar --all", "externalQuery": ("j-2", "emr")},
        runtime={"_job_flow_id": "j-2"},
        trigger_event={"status": "success", "job_flow_id": "j-2"},
    ),
    operator(
        "amazon",
        "amazon.aws.operators.step_function.StepFunctionStartExecutionOperator",
        {"state_machine_arn": MACHINE, "state_machine_input": {"secret": 1}},
        says={"sourceCodeLocation": MACHINE, "externalQuery": (f"{MACHINE}:x", "stepfunctions")},
        runtime={"execution_arn": f"{MACHINE}:x"},
        trigger_event={"status": "success", "execution_arn": f"{MACHINE}:x"},
    ),
    *(
        operator(
            "amazon",
            f"amazon.aws.operators.appflow.AppflowRun{kind}Operator",
            {"flow_name": "crm", **more},
            says={"sourceCodeLocation": "appflow:crm"},
        )
        for kind, more in APPFLOW.items()
    ),
    operator(
        "amazon",
        "amazon.aws.operators.dms.DmsStartTaskOperator",
        {"replication_task_arn": "arn:aws:dms:eu:1:task:t"},
        says={"externalQuery": ("arn:aws:dms:eu:1:task:t", "dms")},
    ),
    operator(
        "amazon",
        "amazon.aws.operators.dms.DmsStartReplicationOperator",
        {
            "replication_config_arn": "arn:aws:dms:eu:1:config:c",
            "replication_start_type": "reload-target",
        },
        says={"externalQuery": ("arn:aws:dms:eu:1:config:c", "dms")},
    ),
]
