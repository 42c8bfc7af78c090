"""A plain event with odd changes, and the catalog in words after it came in."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

from fairlead_bridge import inbox
from fairlead_bridge.absorb import absorb_waiting
from fairlead_bridge.db.engine import reading, writing
from fairlead_bridge.mapping.identity import Normaliser
from fairlead_bridge.mapping.translate import Translator
from tests.bridge import readable
from tests.bridge.readable import Words
from tests.support.small import uuid

A, B = "postgres://h:5432 | d.s.a", "postgres://h:5432 | d.s.b"


RUN = "j (01)"


EDGES = {f"{A}  ->  odd | j": RUN, f"odd | j  ->  {B}": RUN}


Look = Callable[..., Words]


def event(**changes: Any) -> dict[str, Any]:
    """A plain event of run 1 of job `j`, with other values at its top level; `...` leaves out."""
    plain: dict[str, Any] = {
        "eventType": "COMPLETE",
        "eventTime": "2026-11-01T10:00:00Z",
        "producer": "https://example.com/p",
        "schemaURL": "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent",
        "run": {"runId": uuid(1)},
        "job": {"namespace": "odd", "name": "j"},
        "inputs": [{"namespace": "postgres://h:5432", "name": "d.s.a"}],
        "outputs": [{"namespace": "postgres://h:5432", "name": "d.s.b"}],
    }
    return {key: value for key, value in (plain | changes).items() if value is not ...}


def with_run_facets(**facets: Any) -> dict[str, Any]:
    return event(run={"runId": uuid(1), "facets": facets})


def with_job_facets(**facets: Any) -> dict[str, Any]:
    return event(job={"namespace": "odd", "name": "j", "facets": facets})


def with_output(**output: Any) -> dict[str, Any]:
    return event(outputs=[{"namespace": "postgres://h:5432", "name": "d.s.b", **output}])


def absorb(db: sa.Engine, *events: bytes | dict[str, Any]) -> Words:
    """The catalog in words, and what was set aside, after these events came in through the inbox."""
    bodies = [e if isinstance(e, bytes) else json.dumps(e).encode() for e in events]
    with writing(db) as tx:
        inbox.put(tx, bodies, "test", 1)
    translate = Translator(Normaliser())
    while absorb_waiting(db, translate, {}, 1):
        pass
    with reading(db) as tx:
        assert inbox.counts(tx).waiting == 0
        odd = [item.reason for item in inbox.quarantined(tx, 100)]
    return readable.words(db) | {"odd": odd}
