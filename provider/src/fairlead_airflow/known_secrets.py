"""Secrets of a task that Airflow's masker is taught before the task's first event is written.

Airflow teaches it a connection's password when the task asks for the connection, which is after the
START event; and the values of a run's conf, of params and of `env` never.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping

from fairlead_airflow import compat
from fairlead_airflow.shield import shielded

log = logging.getLogger(__name__)

#: Connections that are asked for, each a question to the supervisor.
_MOST = 8


def learn(task_instance: object) -> None:
    """Teach the masker of this process what the task is about to use. Never raises."""
    with shielded(log, "Not all secrets of a task are known to the masker", level=logging.DEBUG):
        task = getattr(task_instance, "task", None)
        for values in _settings(task, compat.dag_run(task_instance)):
            compat.teach_secret(values)
        for conn_id in list(connection_ids(task))[:_MOST]:
            _learn_connection(conn_id)


def connection_ids(task: object) -> Iterator[str]:
    """The connections that an operator names in its attributes, each once."""
    named = (value for name, value in vars(task).items() if name.endswith("conn_id"))
    yield from dict.fromkeys(
        value for value in named if isinstance(value, str) and value and "{{" not in value
    )


def _settings(task: object, dag_run: object) -> Iterator[Mapping[str, object]]:
    for values in (
        getattr(dag_run, "conf", None),
        getattr(task, "params", None),
        getattr(task, "env", None),
    ):
        if isinstance(values, Mapping):  # Airflow's params are one, of plain values
            yield dict(values)


def _learn_connection(conn_id: str) -> None:
    with shielded(log, "The connection %s cannot be asked for", conn_id, level=logging.DEBUG):
        connection = compat.get_connection(conn_id)
        return
    if connection.password:
        compat.teach_secret(connection.password)
    compat.teach_secret(connection.extra_dejson or {})
