"""
What we send, read by the vendors' own models: they must take it and give every field back.

Needs the vendors' packages, which do not go together with each other or with Airflow; each test is
for an environment of its own: `pip install fairlead-bridge pytest` and `acryl-datahub`, `pyatlan`,
or `openmetadata-ingestion` (that one with `--no-deps`, and `pydantic[email]`).
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any

import pytest

from fairlead_bridge.entries import AnyEntry
from fairlead_bridge.sinks import settings
from tests.sinks import entries as shop

SHOP: tuple[AnyEntry, ...] = (
    shop.ORDERS_ENTRY,
    shop.DAILY_ENTRY,
    shop.DAG_ENTRY,
    shop.EXTRACT_ENTRY,
    shop.LOAD_ENTRY,
    shop.dag_run(tasks=(shop.LOAD_WROTE,)),
    shop.dag_run(1, "failed", tasks=(shop.task_run(shop.EXTRACT, "failed", day=1),)),
    shop.LOAD_WROTE,
    shop.LOAD_FAILED,
    shop.task_run(shop.SCORE, map_index=2),
    shop.task_run(shop.REPORT, "skipped"),
    shop.task_run(shop.REPORT, "upstream_failed"),
    shop.task_run(shop.EXTRACT, "running"),
)


def payloads(kind: str, **raw: Any) -> Iterator[Any]:
    sink = settings.targets({"sinks": {"one": {"type": kind, **raw}}}, {"TOKEN": "x"})[0].sink
    for entry in SHOP:
        payload = sink.render(entry)
        if payload is not None:
            yield payload


@pytest.mark.skipif(find_spec("datahub") is None, reason="needs acryl-datahub")
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("style", ["plugin", "openlineage"])
def test_datahubs_classes_read_every_aspect_back(style: str) -> None:
    from datahub.emitter.serialization_helper import (  # type: ignore[import-not-found]
        post_json_transform,
        pre_json_transform,
    )
    from datahub.metadata.schema_classes import (  # type: ignore[import-not-found]
        ASPECT_NAME_MAP,
    )
    from datahub.metadata.urns import Urn  # type: ignore[import-not-found]

    naming = [{"namespace": "snowflake://*", "case": "lower"}]
    count = 0
    for payload in payloads(
        "datahub",
        url="http://x",
        schemas=True,
        urn_style=style,
        lineage="replace",
        naming=naming,
    ):
        for _, item in payload["upserts"]:
            Urn.from_string(item["urn"])
            for name, told in item.items():
                if name == "urn":
                    continue
                read = ASPECT_NAME_MAP[name].from_obj(post_json_transform(told["value"]))
                assert read.validate(), (name, told)
                kept = pre_json_transform(read.to_obj())
                missing = set(told["value"]) - set(kept)
                assert not missing, (name, missing)
                count += 1
    assert count > 40
