"""Each task begins with nothing reported, also where one process runs several, and is watched from then on."""

from __future__ import annotations

from fairlead_airflow import compat
from fairlead_airflow.lineage import watching


class FreshTaskListener:
    """`airflow dags test` runs all tasks in one process, where the reports of hooks are never cleared: each task
    would have read and written what those before it did."""

    @compat.hookimpl
    def on_task_instance_running(self, previous_state: object, task_instance: object) -> None:
        compat.forget_hook_lineage()
        watching.watch()
