"""What cannot be seen is listed, with why."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from tests.bridge.asking import Api
from tests.support.small import dataset, run_event, uuid

ERROR = {"totalTasks": 1, "failedTasks": 1, "errors": [{"errorMessage": "the SQL is odd"}]}
UNKNOWN = {
    "unknownItems": [{"name": "VendorOperator", "type": "operator", "properties": {"key": "x"}}]
}


def ended(job: str, number: int, **facets: Any) -> bytes:
    return run_event("COMPLETE", "01:00:00", uuid(number), job, run=facets)


@pytest.fixture
def api(db: sa.Engine) -> Api:
    return Api(db)


def unseen(api: Api, **more: Any) -> dict[str, str]:
    return {item["name"]: item["no_lineage"] for item in api.pages("jobs", lineage="none", **more)}


def test_each_is_listed_with_why_and_what_has_lineage_is_not(api: Api) -> None:
    api.send(
        ended("broken", 1, extractionError=ERROR),
        ended("vendor", 2, unknownSourceAttribute=UNKNOWN),
        ended("ours", 3, fairlead_unseen={"reason": "The code used no hook."}),
        ended("stock", 4),
        run_event("START", "01:00:00", uuid(5), "going"),
        run_event("COMPLETE", "01:00:00", uuid(6), "reads", inputs=[dataset("a")]),
        run_event("COMPLETE", "01:00:00", uuid(7), "writes", outputs=[dataset("a")]),
    )
    found = unseen(api)
    assert found == {
        "broken": "Its lineage could not be extracted: the SQL is odd",
        "vendor": "No extractor for VendorOperator.",
        "ours": "The code used no hook.",
        "stock": "It reported neither inputs nor outputs.",
        "going": "Its newest run is running; what it reads and writes is known when it has ended.",
    }
    assert unseen(api, q="vend").keys() == {"vendor"}
    assert unseen(api, limit=1) == found
    assert {item["no_lineage"] for item in api.pages("jobs")} == {None}


def test_what_has_lineage_inside_is_not_listed(api: Api) -> None:
    parent = {"run": {"runId": uuid(1)}, "job": {"namespace": "prod", "name": "submit"}}
    api.send(
        ended("submit", 1),
        run_event(
            "COMPLETE",
            "01:00:00",
            uuid(2),
            "submit.inside",
            run={"parent": parent},
            outputs=[dataset("a")],
        ),
    )
    assert unseen(api) == {}


def test_attributes_of_an_unknown_operator_are_not_stored(api: Api) -> None:
    api.send(ended("vendor", 2, unknownSourceAttribute=UNKNOWN))
    assert "properties" not in api.http.get(f"/api/v1/runs/{uuid(2)}").text
