"""The columns of tables as the bridge knows them, where neither a statement nor its server says them.

Asked once in a process for each table, in a thread that nobody waits for longer than a second.
A bridge that does not answer is not asked again.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from threading import Thread

from fairlead_airflow import compat
from fairlead_airflow.config import Config, airflow_reader, connection_destination, session_for
from fairlead_airflow.lineage.columns_of_server import Columns
from fairlead_sdk.client import Client
from fairlead_sdk.datasets import Identity

log = logging.getLogger(__name__)

_PATIENCE = 1.0
"""Seconds to wait for the bridge: lineage of columns is not worth more of a task's time."""

_MOST = 50
"""Tables in one question."""


class Catalog:
    """The bridge, as far as the columns of tables are asked for."""

    def __init__(self) -> None:
        self._known: dict[Identity, dict[str, str]] = {}
        self._asked: set[Identity] = set()
        self._is_away = False

    def columns(self, tables: Sequence[Identity]) -> Columns:
        """Columns of those tables that the bridge knows as a whole, by name in lower case."""
        new = [table for table in dict.fromkeys(tables) if table not in self._asked][:_MOST]
        if new and not self._is_away:
            self._asked.update(new)
            self._ask(new)
        return {t.name.lower(): self._known[t] for t in tables if t in self._known}

    def _ask(self, tables: Sequence[Identity]) -> None:
        answered: list[dict[Identity, dict[str, str]]] = []
        try:
            # Here and not in the thread: connections are asked for over the task's own channel.
            client = _client()
        except Exception:  # a wrong connection fails in many ways; the task goes on
            log.debug("The bridge is not known", exc_info=True)
            client = None
        if client is None:
            self._is_away = True
            return

        def asking() -> None:
            try:
                answered.append(_asked(client, tables))
            except Exception:  # whatever the bridge answers, the statement is read without columns
                log.debug("The bridge does not say columns", exc_info=True)

        thread = Thread(target=asking, daemon=True, name="fairlead-catalog")
        thread.start()
        thread.join(_PATIENCE)
        self._is_away = not answered
        for found in answered:
            self._known |= found


def _client() -> Client | None:
    config = Config.read(airflow_reader(compat.conf()), compat.home())
    if not config.columns_from_bridge:
        return None
    destination = config.static_destination() or connection_destination(
        compat.get_connection(config.conn_id)
    )
    url = destination.get("url")
    return Client(url, timeout=_PATIENCE, session=session_for(destination)) if url else None


def _asked(client: Client, tables: Sequence[Identity]) -> dict[Identity, dict[str, str]]:
    by_node = {f"dataset:{table.namespace}:{table.name}": table for table in tables}
    found = client.get("schemas", node=list(by_node))["items"]
    return {
        by_node[item["asked"]]: {c["name"]: c["type"] or "" for c in item["columns"]}
        for item in found
        if item["whole"] and item["columns"]
    }


CATALOG = Catalog()
"""This process' own."""
