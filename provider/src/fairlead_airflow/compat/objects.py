"""
Airflow's objects, by their names. Their classes differ between the supported versions, and some are
of a model in one process and of the task SDK in another: who uses one says which attribute it needs.
"""

from __future__ import annotations

from typing import Any

Task = Any  # an operator as it is in its DAG
TaskInstance = Any
DagRun = Any
Context = Any  # what a task's template and `execute` are given
Connection = Any
Hook = Any
Asset = Any  # a Dataset in Airflow 2
Component = Any  # the process that a listener runs in: scheduler, api-server, task
