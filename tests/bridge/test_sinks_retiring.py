"""Edges that no run shows any more: from events, through the outbox, to each catalog's fake."""

from __future__ import annotations

import json
from typing import Any

import pytest
import sqlalchemy as sa

from fairlead_bridge import flow, inbox
from fairlead_bridge.db.engine import writing
from fairlead_bridge.mapping.identity import Normaliser
from fairlead_bridge.mapping.translate import Translator
from fairlead_bridge.sinks import interests
from tests.sinks import events
from tests.sinks.together import CONNECTION, DATABASE, Together, together

NOW, HOUR = 1_795_000_000_000_000, 3_600_000_000
FLOW = "urn:li:dataFlow:(airflow,dag_000,prod)"
TASK = f"urn:li:dataJob:({FLOW},task_00)"


def absorb(db: sa.Engine, sinks: Together, bodies: list[bytes], now: int) -> None:
    with writing(db) as tx:
        inbox.put(tx, bodies, "test", now)
    while flow.absorb(db, Translator(Normaliser()), interests(list(sinks.targets.values())), now):
        pass


def tell(db: sa.Engine, sinks: Together, now: int) -> None:
    for target in sinks.targets.values():
        flow.review(db, target, now)
        while flow.deliver(db, target, now):
            pass


def reads(body: bytes, table: str, *, fails: bool = False) -> bytes:
    """The event, as of a task that reads another table from now on."""
    event: dict[str, Any] = json.loads(body)
    for item in event["inputs"]:
        item["name"] = table
    for item in event["outputs"]:
        item["facets"].pop("columnLineage")
    if fails and event["eventType"] == "COMPLETE":
        event["eventType"] = "FAIL"
        event["run"]["facets"].pop("airflowState", None)
    return json.dumps(event).encode()


def data(sinks: Together) -> tuple[int, int]:
    """Inputs of the task in DataHub, and of its process in Atlan."""
    lineage = sinks.datahub.aspects[TASK]["dataJobInputOutput"]
    process = sinks.atlan.assets[f"{CONNECTION}/dag_000/task_00/process"]
    return len(lineage["inputDatasetEdges"]), len(process["refs"]["inputs"])


@pytest.mark.parametrize(
    ("days", "fails", "left"),
    [(0.1, False, (2, 1)), (0.1, True, (3, 2)), (10, False, (3, 2)), (None, False, (3, 2))],
)
def test_an_edge_goes_when_successful_runs_no_longer_show_it(
    db: sa.Engine, days: float | None, fails: bool, left: tuple[int, int]
) -> None:
    """The third input in DataHub is one that somebody drew; it stays whatever comes."""
    runs = list(events.dag_runs(6, 1, 1))
    more = {"retire_after_days": days} if days else {}
    with together(2, 1, **more) as sinks:
        absorb(db, sinks, runs[:4], NOW)
        tell(db, sinks, NOW)
        drawn = {"destinationUrn": "urn:li:dataset:(urn:li:dataPlatform:excel,plan,PROD)"}
        sinks.datahub.aspects[TASK]["dataJobInputOutput"]["inputDatasetEdges"].append(drawn)
        sinks.atlan.assets[f"{CONNECTION}/dag_000"]["attributes"]["ownerUsers"] = ["ann"]
        other = [reads(body, events.table(1, 0), fails=fails) for body in runs[4:]]
        absorb(db, sinks, other, NOW + HOUR)
        tell(db, sinks, NOW + HOUR)
        assert data(sinks) == left
        edges = sinks.datahub.aspects[TASK]["dataJobInputOutput"]["inputDatasetEdges"]
        assert drawn in edges
        assert sinks.atlan.assets[f"{CONNECTION}/dag_000"]["attributes"]["ownerUsers"] == ["ann"]
        assert f"{DATABASE}/shop/core/table_000_00" in sinks.atlan.assets
        assert len(sinks.openmetadata.edges) == 2
