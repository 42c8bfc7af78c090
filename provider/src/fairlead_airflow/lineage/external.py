"""Facets of work that another system does: its code, where that lies, and the run's id over there."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from openlineage.client.facet_v2 import (
    external_query_run,
    source_code_job,
    source_code_location_job,
)

from fairlead_airflow import compat
from fairlead_airflow.lineage.parts import Facets


def code(language: str, text: object) -> Facets:
    """Job facets: the code itself; nothing for what is no text."""
    if not isinstance(text, str) or not text:
        return {}
    return {"sourceCode": source_code_job.SourceCodeJobFacet(language=language, sourceCode=text)}


def location(kind: str, url: Any) -> Facets:
    """Job facets: where the code lies, as `kind` ("git", "docker", "s3", ...) and a URL."""
    if not url:
        return {}
    facet = source_code_location_job.SourceCodeLocationJobFacet(type=kind, url=str(url))
    return {"sourceCodeLocation": facet}


def script(url: Any) -> Facets:
    """Job facets: a script, with the type of its store from the URL's scheme."""
    scheme = urlsplit(str(url)).scheme if url else ""
    return location(scheme or "file", url)


def run(identifier: Any, source: str) -> Facets:
    """Run facets: the run's id in the system that does the work, and that system or its page.

    Nothing before the id is known, or where a test or a template left something else in its place.
    """
    if not isinstance(identifier, str | int) or not identifier:
        return {}
    facet = external_query_run.ExternalQueryRunFacet(externalQueryId=str(identifier), source=source)
    return {"externalQuery": facet}


def page(conn_id: str, default: str = "") -> str:
    """`https://host[:port]` of a connection, without what is secret about it."""
    connection = compat.get_connection(conn_id)
    host = connection.host or default
    if "://" not in host:
        host = f"https://{host}"
    parts = urlsplit(host)
    port = parts.port or connection.port
    return f"{parts.scheme}://{parts.hostname}" + (f":{port}" if port else "")
