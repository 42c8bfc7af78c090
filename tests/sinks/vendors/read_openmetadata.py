"""Requests to OpenMetadata, read by openmetadata-ingestion's models, which forbid what they do not know."""

from __future__ import annotations

import re
import sys
import types
from collections.abc import Iterator
from importlib.util import find_spec


def _without_its_profiler() -> None:
    """Importing `metadata` itself would pull a profiler in, and all that it needs."""
    spec = find_spec("metadata")
    assert spec is not None
    assert spec.submodule_search_locations is not None
    package = types.ModuleType("metadata")
    package.__path__ = list(spec.submodule_search_locations)
    package.__spec__ = spec
    sys.modules["metadata"] = package


_without_its_profiler()

# ruff: noqa: E402
from metadata.generated.schema.api.classification.createClassification import (  # type: ignore[import-not-found]
    CreateClassificationRequest,
)
from metadata.generated.schema.api.classification.createTag import (  # type: ignore[import-not-found]
    CreateTagRequest,
)
from metadata.generated.schema.api.data.createDatabase import (  # type: ignore[import-not-found]
    CreateDatabaseRequest,
)
from metadata.generated.schema.api.data.createDatabaseSchema import (  # type: ignore[import-not-found]
    CreateDatabaseSchemaRequest,
)
from metadata.generated.schema.api.data.createPipeline import (  # type: ignore[import-not-found]
    CreatePipelineRequest,
)
from metadata.generated.schema.api.data.createTable import (  # type: ignore[import-not-found]
    CreateTableRequest,
)
from metadata.generated.schema.api.lineage.addLineage import (  # type: ignore[import-not-found]
    AddLineageRequest,
)
from metadata.generated.schema.api.services.createPipelineService import (  # type: ignore[import-not-found]
    CreatePipelineServiceRequest,
)
from metadata.generated.schema.api.tests.createTestCase import (  # type: ignore[import-not-found]
    CreateTestCaseRequest,
)
from metadata.generated.schema.api.tests.createTestCaseResolutionStatus import (  # type: ignore[import-not-found]
    CreateTestCaseResolutionStatus,
)
from metadata.generated.schema.api.tests.createTestCaseResult import (  # type: ignore[import-not-found]
    CreateTestCaseResult,
)
from metadata.generated.schema.api.tests.createTestDefinition import (  # type: ignore[import-not-found]
    CreateTestDefinitionRequest,
)
from metadata.generated.schema.entity.data.pipeline import (  # type: ignore[import-not-found]
    PipelineStatus,
)
from metadata.generated.schema.type.lifeCycle import LifeCycle  # type: ignore[import-not-found]
from metadata.generated.schema.type.pipelineObservability import (  # type: ignore[import-not-found]
    PipelineObservability,
)
from reading import Request, main  # type: ignore[import-not-found]

_BODIES = {
    r"/services/pipelineServices": CreatePipelineServiceRequest,
    r"/classifications": CreateClassificationRequest,
    r"/tags": CreateTagRequest,
    r"/pipelines": CreatePipelineRequest,
    r"/pipelines/.+/status": PipelineStatus,
    r"/databases": CreateDatabaseRequest,
    r"/databaseSchemas": CreateDatabaseSchemaRequest,
    r"/tables": CreateTableRequest,
    r"/tables/[^/]+/pipelineObservability/.+": PipelineObservability,
    r"/lineage": AddLineageRequest,
    r"/dataQuality/testDefinitions": CreateTestDefinitionRequest,
    r"/dataQuality/testCases": CreateTestCaseRequest,
    r"/dataQuality/testCases/testCaseResults/.+": CreateTestCaseResult,
    r"/dataQuality/testCases/testCaseIncidentStatus": CreateTestCaseResolutionStatus,
}
_EMPTY = r"(/lineage/table/[0-9a-f-]{36}/table|/dataQuality/testCases)/[0-9a-f-]{36}"


def read(request: Request) -> Iterator[str | None]:
    path = request["path"].removeprefix("/api/v1")
    match request["method"]:
        case "PUT" | "POST":
            model = next(found for way, found in _BODIES.items() if re.fullmatch(way, path))
            model.model_validate(request["body"])
            yield None
        case "PATCH" if "/testCaseResults/" in path:
            for one in request["body"]:
                field = one["path"].removeprefix("/")
                yield None if field in CreateTestCaseResult.model_fields else f"no {field}"
        case "PATCH":
            for one in request["body"]:
                sent_bodies = (
                    one["value"] if one["path"] == "/lifeCycle" else {"updated": one["value"]}
                )
                LifeCycle.model_validate(sent_bodies)
                yield None
        case "DELETE":
            yield None if re.fullmatch(_EMPTY, path) else "who is deleted?"


main(read)
