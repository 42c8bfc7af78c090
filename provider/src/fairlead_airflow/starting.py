"""What is done when a part of Airflow (scheduler, triggerer, dag-processor) starts."""

from __future__ import annotations

import logging
from importlib import import_module

from fairlead_airflow import compat
from fairlead_airflow.shield import shielded
from fairlead_airflow.transport import FairleadTransport

log = logging.getLogger(__name__)


class StartingListener:
    """Hears of it in the process that starts."""

    @compat.hookimpl
    def on_starting(self, component: object) -> None:
        if compat.is_task(component):
            return
        with shielded(log, "The delivery of lineage events could not be started"):
            deliver_what_was_left()
        with shielded(log, "The SQL parser could not be loaded"):
            # Once, for all the tasks that LocalExecutor forks.
            if compat.is_scheduler(component):
                import_module("fairlead_airflow.lineage.statements")


def deliver_what_was_left() -> None:
    """After a power cut there may be events on the disk, and no next one that starts their delivery."""
    transport = FairleadTransport()
    if not transport.spool.is_empty():
        transport.see_to_delivery()
