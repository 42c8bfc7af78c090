"""`GET /api/v1/schemas`: the columns of many datasets in one answer."""

from __future__ import annotations

import sqlalchemy as sa

from tests.bridge.asking import Api
from tests.support.small import dataset, run_event, schema, uuid


def test_the_columns_of_many_datasets_are_one_answer(db: sa.Engine) -> None:
    api = Api(db)
    api.send(
        run_event(
            "COMPLETE",
            "06:00",
            uuid(1),
            "load",
            inputs=[dataset("read", schema=schema("a"))],
            outputs=[dataset("written", schema=schema("b", "c")), dataset("bare")],
        )
    )
    known = dataset("read")["namespace"]
    asked = [f"dataset:{known}:{name}" for name in ("written", "read", "bare", "none")]
    found = api.get("schemas", node=asked)["items"]
    assert [(each["asked"], each["whole"]) for each in found] == [
        (asked[0], True),
        (asked[1], False),
    ]
    assert [c["name"] for c in found[0]["columns"]] == ["b", "c"]


def test_too_many_are_refused(db: sa.Engine) -> None:
    api = Api(db)
    assert "100" in api.problem(422, "schemas", node=["dataset:a:b"] * 101)
    api.problem(422, "schemas")
