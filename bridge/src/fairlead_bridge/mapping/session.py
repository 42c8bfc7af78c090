"""
Names that mean something only inside one session of one job.

Flink calls the tables that a session makes `default_catalog.default_database.NAME`, whatever they
are tables of, and gives those that are in no store no namespace. Two jobs that choose the same name
mean two things by it.
"""

from __future__ import annotations

import re

_EMPTY = re.compile(rb'"namespace":\s*("\s*"|null)')
#: Flink's catalog in memory, which every session has anew.
_IN_MEMORY = "default_catalog."
#: Stores that have no tables: a table named there belongs to the session.
_WITHOUT_TABLES = ("kafka://", "pubsub", "kinesis://", "pulsar://")


def is_local(namespace: str, name: str) -> bool:
    """Whether a dataset of this name is another one in every job."""
    return not namespace.strip() or name.lower().startswith(_IN_MEMORY)


def is_local_table(namespace: str, name: str) -> bool:
    """Whether this second name of a dataset, a TABLE, is one that only a session gave it."""
    return is_local(namespace, name) or namespace.lower().startswith(_WITHOUT_TABLES)


def place_of(job_namespace: str, job_name: str) -> str:
    """The namespace of what only this job knows by its name."""
    return f"job:{job_namespace}/{job_name}"


def is_in(body: bytes) -> bool:
    """Whether a facet may name such a dataset; asked of its bytes, since few do."""
    without = body.count(b'"namespace"') < body.count(b'"field"')  # each column has both
    return without or _IN_MEMORY.encode() in body or _EMPTY.search(body) is not None
