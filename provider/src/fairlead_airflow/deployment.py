"""Identifies this Airflow deployment by its metadata database.

Namespaces are what OpenLineage has for that, and two Airflows that are left with the default one look
like one. The run facet `fairlead_deployment` lets the catalog notice. Only what talks to the database
knows the name: the scheduler and the command line, not a task.
"""

from __future__ import annotations

import logging
from contextlib import suppress
from socket import gethostname
from typing import Any

from fairlead_airflow.compat.objects import Connection, DagRun
from fairlead_airflow.shield import shielded
from fairlead_sdk.documents import Json

log = logging.getLogger(__name__)

FACET = "fairlead_deployment"
_SCHEMA = "urn:fairlead:facets:1-0-0:FairleadDeploymentRunFacet"

#: Asks a server who it is; a copy that takes its place, after a failure, says the same.
_SERVER = {
    "postgresql": ("PostgreSQL", "SELECT system_identifier FROM pg_control_system()"),
    "mysql": ("MySQL", "SELECT @@server_uuid"),
}


def facet(name: str, producer: str) -> Json:
    """The run facet's value."""
    return {"_producer": producer, "_schemaURL": _SCHEMA, "name": name}


def name_of(dag_run: DagRun) -> str | None:
    """The name, asked in the DAG run's transaction without harm to it; None where it is not known."""
    from sqlalchemy.orm import object_session

    with shielded(log, "This Airflow deployment cannot be identified", level=logging.DEBUG):
        session = object_session(dag_run)
        return _name(session.connection()) if session is not None else None
    return None


def own_name() -> str | None:
    """The name, in a session of its own; None in a process without a database."""
    with suppress(Exception):
        from airflow.utils.session import create_session

        with create_session() as session:
            return _name(session.connection())
    return None


def _name(connection: Connection) -> str | None:
    url = connection.engine.url
    if url.get_backend_name() == "sqlite":
        return f"{url.database} on host {gethostname()}"
    if url not in _NAMES:
        _NAMES[url] = _on_server(connection, url)
    return _NAMES[url]


#: By the database's URL: a server is asked once by each process.
_NAMES: dict[object, str | None] = {}


def _on_server(connection: Connection, url: Any) -> str | None:
    from sqlalchemy import text

    backend = url.get_backend_name()
    server, query = _SERVER.get(backend, (backend, ""))
    if query:
        with suppress(Exception), connection.begin_nested():  # may not be allowed
            return f"database {url.database} of {server} server {connection.scalar(text(query))}"
    if not url.host:
        return None
    return f"database {url.database} of {server} at {url.host}:{url.port}"
