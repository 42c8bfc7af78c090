"""One run of an Airflow DAG with a graph of tasks."""

from __future__ import annotations

from tests.support.small import airflow_dag, airflow_task, dataset, parent, run_event, uuid


def airflow_of_d() -> list[bytes]:
    """One run of DAG d: load writes s.orders, sum reads it and writes s.daily."""
    dag_run, load, total = uuid(901), uuid(902), uuid(903)
    graph = {
        "tasks": {
            "load": {"operator": "BashOperator", "downstream_task_ids": "['sum']"},
            "sum": {"operator": "BashOperator", "downstream_task_ids": "[]"},
        }
    }
    reported = {"airflowDagRun": airflow_dag()}
    inside = {"parent": parent(dag_run, "d")}
    kind = {"jobType": {"integration": "AIRFLOW", "jobType": "TASK", "processingType": "BATCH"}}
    return [
        run_event("START", "01:00:00", dag_run, "d", run=reported, facets={"airflow": graph}),
        *(
            run_event(
                state,
                time,
                run_id,
                f"d.{task}",
                run={"airflow": airflow_task(task), **inside},
                facets=kind,
                inputs=[dataset(each) for each in reads] if state == "COMPLETE" else [],
                outputs=[dataset(each) for each in writes] if state == "COMPLETE" else [],
            )
            for task, run_id, reads, writes, times in (
                ("load", load, (), ("s.orders",), ("01:01:00", "01:02:00")),
                ("sum", total, ("s.orders",), ("s.daily",), ("01:03:00", "01:04:00")),
            )
            for state, time in zip(("START", "COMPLETE"), times, strict=True)
        ),
        run_event("COMPLETE", "01:05:00", dag_run, "d", run=reported),
    ]
