"""The first code of ours that Airflow loads, in every process: its settings load cluster policies
from entry points before they load any plugin, whatever order the plugins come in. There is no
policy here; loading the module sets OpenLineage up.
"""

from __future__ import annotations

import logging

log = logging.getLogger(__name__)


def _set_up() -> None:
    try:
        from fairlead_airflow import bootstrap

        bootstrap.apply()
    except Exception as error:  # noqa: BLE001 - Airflow must start, whatever is wrong with us
        log.warning("Fairlead could not be set up, lineage will not be sent: %s", error)


_set_up()
