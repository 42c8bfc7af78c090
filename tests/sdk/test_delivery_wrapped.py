"""Delivery through other OpenLineage transports."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from openlineage.client.transport import transform
from tests.sdk.delivering import FAST, running, wait_until_empty

from fairlead_sdk.delivery import Deliverer
from fairlead_sdk.destinations import (
    TransportDestination,
    synchronous,
)
from fairlead_sdk.spool import Spool
from fairlead_sdk.testing import Receiver, healthy


def event(n: int) -> dict[str, Any]:
    job = {"namespace": "shop", "name": f"dag.task{n}"}
    parent = {"run": {"runId": f"0199aaaa-0000-7000-8000-{9:012d}"}, "job": job}
    return {
        "eventTime": "2026-11-21T08:00:00+00:00",
        "eventType": "COMPLETE",
        "producer": "https://example.com",
        "run": {
            "runId": f"0199aaaa-0000-7000-8000-{n:012d}",
            "facets": {"parent": parent, "mine": {"a": [1, None], "b": "x"}},
        },
        "job": job,
        "inputs": [{"namespace": "n", "name": "i", "facets": {"f": {"x": 1}}}],
        "outputs": [],
    }


def test_any_openlineage_transport_can_be_wrapped(spool: Spool, receiver: Receiver) -> None:
    for n in range(3):
        spool.append(json.dumps(event(n)), datetime.now(UTC))
    wrapped = TransportDestination(
        {
            "type": "composite",
            "continue_on_failure": False,
            "transports": [{"type": "async_http", "url": receiver.url}],
        }
    )
    Deliverer(spool, wrapped, FAST).pass_once()
    wrapped.close()
    assert [e["job"]["name"] for e in receiver.events] == ["dag.task0", "dag.task1", "dag.task2"]
    assert receiver.events[0]["run"]["facets"]["mine"]["b"] == "x"
    assert receiver.events[0]["inputs"] == event(0)["inputs"]


def test_events_of_datasets_and_jobs_pass_a_wrapped_transport_whole(
    spool: Spool, receiver: Receiver
) -> None:
    facets = {"documentation": {"description": "d"}}
    common = {"eventTime": "2026-11-01T00:00:00Z", "producer": "p"}
    table = {"namespace": "n", "name": "t", "facets": facets}
    of_dataset: dict[str, Any] = common | {"dataset": table}
    of_job: dict[str, Any] = common | {
        "job": {"namespace": "n", "name": "j", "facets": facets},
        "inputs": [table],
        "outputs": [{"namespace": "n", "name": "o", "facets": {}}],
    }
    for each in (of_dataset, of_job):
        spool.append(json.dumps(each), datetime.now(UTC))
    wrapped = TransportDestination({"type": "http", "url": receiver.url})
    Deliverer(spool, wrapped, FAST).pass_once()
    wrapped.close()
    assert len(receiver.events) == 2
    for sent, arrived in zip((of_dataset, of_job), receiver.events, strict=True):
        assert {key: arrived[key] for key in sent} == sent


def test_a_wrapped_transport_that_fails_is_tried_again(spool: Spool, receiver: Receiver) -> None:
    moods = iter([500, 500])
    receiver.responder = lambda path, events: (
        (bad, {}, None) if (bad := next(moods, None)) else healthy(path, events)
    )
    spool.append(json.dumps(event(1)), datetime.now(UTC))
    retry = {"total": 0}
    wrapped = TransportDestination({"type": "http", "url": receiver.url, "retry": retry})
    with running(spool, wrapped):
        wait_until_empty(spool)
    wrapped.close()
    assert len(receiver.events) == 1


def test_a_wrapped_transport_that_chokes_on_one_event_is_not_stuck_for_ever(
    spool: Spool, receiver: Receiver
) -> None:
    spool.append('["no event"]', datetime.now(UTC))
    spool.append(json.dumps(event(1)), datetime.now(UTC))
    wrapped = TransportDestination(
        {
            "type": "transform",
            "transport": {"type": "http", "url": receiver.url},
            "transformer_class": f"{transform.__name__}.JobNamespaceReplaceTransformer",
            "transformer_properties": {"new_job_namespace": "new", "include_parent_facet": True},
        }
    )
    with running(spool, wrapped):
        wait_until_empty(spool)
    wrapped.close()
    assert [r["event"] for r in spool.rejected()] == ['["no event"]']
    [arrived] = receiver.events
    assert arrived["job"]["namespace"] == "new"
    assert arrived["run"]["facets"]["parent"]["job"]["namespace"] == "new"


def test_transports_that_answer_too_early_are_replaced() -> None:
    config = {"type": "composite", "transports": {"a": {"type": "async_http", "url": "u"}}}
    assert synchronous(config)["transports"]["a"] == {"type": "http", "url": "u"}
    assert config["transports"] == {"a": {"type": "async_http", "url": "u"}}
