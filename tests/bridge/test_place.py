"""The namespace that an event is for, as intake reads it in one go."""

from __future__ import annotations

import json

import pytest

from fairlead_bridge.mapping import decode, place
from tests.support.small import run_event, uuid

EVENT = json.loads(run_event("START", "2026-11-02T01:00:00Z", uuid(1), "j", namespace="team-a"))


def without(name: str, **more: object) -> bytes:
    return json.dumps({key: value for key, value in EVENT.items() if key != name} | more).encode()


BODIES = [
    without(""),
    without("eventTime"),
    without("job"),
    without("run", job=None, dataset={"namespace": "lake", "name": "t"}),
    without("job", job=None, dataset={"namespace": "lake", "name": "t"}),
    without("job", job={"namespace": None}),
    without("job", job={"namespace": 7, "name": "j"}),
    without("job", job="team-a"),
    without("job", job={"namespace": "team-\u0000a", "name": "j"}),
    without("").replace(b'"team-a"', b'"team-\xff"'),
    without("") + b"}",
    b"[" * 5_000,
    b'{"job":' + b"[" * 5_000 + b"]" * 5_000 + b"}",
    b'{"job": {"namespace": "a"}, "job": {"namespace": "b"}, "eventTime": 1}',
    b"[]", b"", b"null", b"NaN",
]  # fmt: skip


@pytest.mark.parametrize("body", BODIES, ids=range(len(BODIES)))
def test_one_look_says_what_two_readings_say(body: bytes) -> None:
    assert place.look(body) == (decode.outline(body), place.namespace(body))
