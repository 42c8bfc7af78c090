"""
What we send, read by the vendors' own models: they must take it and give every field back.

Needs the vendors' packages, which do not go together with each other or with Airflow; each test is
for a throw-away environment of its own, from the repository's root:

    uv venv --python 3.11 /tmp/vendor
    uv pip install --python /tmp/vendor/bin/python -e sdk -e bridge pytest httpx acryl-datahub
    PYTEST_DISABLE_PLUGIN_AUTOLOAD=1 /tmp/vendor/bin/python -m pytest tests/sinks/test_vendor_models.py

and again with `pyatlan`, and with `openmetadata-ingestion`: that one with `--no-deps`, and
`pydantic[email]`; its own plugin of pytest would fail then, hence no plugins.
"""

from __future__ import annotations

import sys
import types
from collections.abc import Iterator
from dataclasses import replace
from importlib.util import find_spec
from typing import Any

import pytest

from fairlead_bridge.entries import AnyEntry
from fairlead_bridge.sinks import settings
from tests.sinks import entries as shop
from tests.sinks.atlan import FakeAtlan
from tests.sinks.openmetadata import FakeOpenMetadata
from tests.sinks.server import serving

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


def _without_its_profiler() -> None:
    """Importing `metadata` itself would pull a profiler in, and all that it needs."""
    spec = find_spec("metadata")
    assert spec is not None
    assert spec.submodule_search_locations is not None
    if "metadata" not in sys.modules:
        package = types.ModuleType("metadata")
        package.__path__ = list(spec.submodule_search_locations)
        package.__spec__ = spec
        sys.modules["metadata"] = package


@pytest.mark.skipif(find_spec("metadata") is None, reason="needs openmetadata-ingestion")
@pytest.mark.filterwarnings("ignore")
def test_openmetadatas_models_take_every_body() -> None:
    _without_its_profiler()
    from metadata.generated.schema.api.data.createPipeline import (  # type: ignore[import-not-found]
        CreatePipelineRequest,
    )
    from metadata.generated.schema.entity.data.pipeline import (  # type: ignore[import-not-found]
        PipelineStatus,
    )
    from metadata.generated.schema.entity.data.table import (  # type: ignore[import-not-found]
        Column,
    )

    naming = [
        {"namespace": "postgres://*", "service": "pg"},
        {"namespace": "snowflake://*", "service": "snow"},
    ]
    seen = set()
    for told in payloads("openmetadata", url="http://x", naming=naming, create_tables=True):
        seen.add(type(told).__name__)
        match type(told).__name__:
            case "PipelineTold":
                CreatePipelineRequest.model_validate(told.body)
            case "StatusTold":
                PipelineStatus.model_validate(told.body)
            case "TableTold":
                for column in told.columns:
                    Column.model_validate(column)
    assert seen == {"PipelineTold", "StatusTold", "TableTold", "EdgesTold"}


@pytest.mark.skipif(find_spec("metadata") is None, reason="needs openmetadata-ingestion")
@pytest.mark.filterwarnings("ignore")
def test_openmetadatas_models_take_every_request() -> None:
    """What went over the wire to the fake: lineage, observability, prerequisites."""
    _without_its_profiler()
    from metadata.generated.schema.api.classification.createTag import (  # type: ignore[import-not-found]
        CreateTagRequest,
    )
    from metadata.generated.schema.api.lineage.addLineage import (  # type: ignore[import-not-found]
        AddLineageRequest,
    )
    from metadata.generated.schema.api.services.createPipelineService import (  # type: ignore[import-not-found]
        CreatePipelineServiceRequest,
    )
    from metadata.generated.schema.type.lifeCycle import (  # type: ignore[import-not-found]
        LifeCycle,
    )
    from metadata.generated.schema.type.pipelineObservability import (  # type: ignore[import-not-found]
        PipelineObservability,
    )

    fake = FakeOpenMetadata()
    fake.table("pg.sales.public.orders", "id", "amount")
    fake.table("snow.ANALYTICS.REPORTING.DAILY_ORDERS", "ORDER_ID", "AMOUNT")
    naming = [
        {"namespace": "postgres://*", "service": "pg"},
        {"namespace": "snowflake://*", "service": "snow"},
    ]
    fresh = replace(shop.DAILY_ENTRY, written_at=shop.START, written_by=shop.LOAD_WROTE)
    with serving(fake) as url:
        raw = {"type": "openmetadata", "url": url, "naming": naming, "airflow_url": "http://a"}
        sink = settings.targets({"sinks": {"one": raw}}, {})[0].sink
        told = [sink.render(entry) for entry in (shop.DAG_ENTRY, shop.LOAD_ENTRY, fresh)]
        assert list(sink.push(told)) == [None, None, None]
    read = 0
    for request in fake.seen:
        for ending, model in (
            ("/pipelineServices", CreatePipelineServiceRequest),
            ("/tags", CreateTagRequest),
            ("/lineage", AddLineageRequest),
            ("/pipelineObservability/airflow.orders_sync", PipelineObservability),
        ):
            if request.method == "PUT" and request.path.endswith(ending):
                model.model_validate(request.json())
                read += 1
        if request.method == "PATCH":
            LifeCycle.model_validate(request.json()[0]["value"])
            read += 1
    assert read == 6


@pytest.mark.skipif(find_spec("pyatlan") is None, reason="needs pyatlan")
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("family", ["airflow", "flow"])
def test_pyatlans_models_give_every_attribute_back(family: str) -> None:
    """They drop what they do not know and say nothing; so what was read is written and compared."""
    import json

    from pyatlan.model import assets  # type: ignore[import-not-found]

    fake = FakeAtlan()
    fake.table("default/postgres/1/sales/public/orders", "id", "amount")
    fake.table("default/snowflake/2/ANALYTICS/REPORTING/DAILY_ORDERS", "ORDER_ID", "AMOUNT")
    raw = {
        "type": "atlan",
        "connection": "default/airflow/1",
        "family": family,
        "token_env": "TOKEN",
        "naming": [
            {"namespace": "postgres://*", "connection": "default/postgres/1"},
            {"namespace": "snowflake://*", "connection": "default/snowflake/2"},
        ],
    }
    fresh = replace(shop.DAILY_ENTRY, written_at=shop.START, written_by=shop.LOAD_WROTE)
    with serving(fake) as url:
        environ = {"TOKEN": "x"}
        sink = settings.targets({"sinks": {"one": {**raw, "url": url}}}, environ)[0].sink
        told = [sink.render(entry) for entry in (*SHOP, fresh)]
        told = [payload for payload in told if payload is not None]
        outcomes = list(sink.push(told))
    assert len([outcome for outcome in outcomes if outcome is None]) >= len(told) - 1
    read = 0
    for request in fake.seen:
        for entity in request.json().get("entities", ()):
            model = getattr(assets, entity["typeName"]).parse_obj(entity)
            kept = json.loads(model.json(by_alias=True, exclude_unset=True))["attributes"]
            assert set(entity["attributes"]) == set(kept), entity["typeName"]
            for name, value in entity["attributes"].items():
                if not isinstance(value, dict | list):
                    assert kept[name] == value, name
            read += 1
    assert read > 8
