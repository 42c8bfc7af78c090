"""Which channels an incident goes to."""

from __future__ import annotations

from typing import Any

import pytest

from fairlead_bridge.channels.routes import Route, channels_of
from tests.support.channels.incidents import incident


@pytest.mark.parametrize(
    ("condition", "takes"),
    [
        ({}, True),
        ({"owner": ("data-*",)}, True),  # of the cause
        ({"owner": ("team-2",)}, True),  # of what is affected
        ({"owner": ("kim",)}, True),  # it is assigned to her
        ({"owner": ("team-9",)}, False),
        ({"tag": ("pii",)}, True),
        ({"tag": ("gdpr", "fin*")}, True),
        ({"tag": ("gdpr",)}, False),
        ({"namespace": ("prod",)}, True),
        ({"namespace": ("postgres://dwh:*",)}, True),
        ({"namespace": ("dwh",)}, False),
        ({"dag": ("orders",)}, True),
        ({"dag": ("order",)}, False),
        ({"dataset": ("mart.*",)}, True),
        ({"dataset": ("orders.*",)}, False),  # that is a job
        ({"severity": "critical"}, False),
        ({"severity": "warning"}, True),
        ({"owner": ("data-team",), "tag": ("gdpr",)}, False),  # every condition counts
    ],
)
def test_a_route_takes_what_meets_all_of_its_conditions(
    condition: dict[str, Any], takes: bool
) -> None:
    about = incident(severity="warning", assigned_to="kim")
    assert Route(("c",), **condition).takes(about) is takes


def test_an_incident_goes_to_the_channels_of_every_route_that_takes_it() -> None:
    routes = [Route(("a", "b"), dag=("orders",)), Route(("c",), dag=("other",)), Route(("d",))]
    assert channels_of(routes, incident()) == {"a", "b", "d"}


def test_nothing_goes_beyond_a_route_that_says_it_is_the_last() -> None:
    routes = [Route(("a",), dag=("orders",), last=True), Route(("d",))]
    assert channels_of(routes, incident()) == {"a"}
    assert channels_of(routes, incident(dag_id="x", node="job:prod:x.y")) == {"d"}
