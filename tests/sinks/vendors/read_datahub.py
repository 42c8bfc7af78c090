"""Requests to DataHub, read by acryl-datahub's classes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from datahub.emitter.serialization_helper import (  # type: ignore[import-not-found]
    post_json_transform,
    pre_json_transform,
)
from datahub.metadata.schema_classes import (  # type: ignore[import-not-found]
    ASPECT_NAME_MAP,
    EdgeClass,
    OwnerClass,
    TagAssociationClass,
)
from datahub.metadata.urns import Urn  # type: ignore[import-not-found]
from reading import Request, left_out, main  # type: ignore[import-not-found]

#: What a patch adds, by the first part of its path.
_MEMBERS = {
    "inputDatasetEdges": EdgeClass,
    "outputDatasetEdges": EdgeClass,
    "inputDatajobEdges": EdgeClass,
    "tags": TagAssociationClass,
    "owners": OwnerClass,
}


def read(request: Request) -> Iterator[str | None]:
    if request["path"].endswith("/batchGet"):
        return
    for items in request["body"].values():
        for item in items:
            Urn.from_string(item["urn"])
            for name, sent_bodies in item.items():
                if name != "urn":
                    yield from _aspect(request["method"], name, sent_bodies["value"])


def _aspect(method: str, name: str, value: Any) -> Iterator[str | None]:
    if method == "POST":
        yield _of(ASPECT_NAME_MAP[name], value)
        return
    for one in value["patch"]:
        parts = one["path"].split("/")[1:]
        field = parts[0]
        if field not in ASPECT_NAME_MAP[name].RECORD_SCHEMA.fields_dict:
            yield f"{name} has no {field}"
        elif one["op"] == "add" and field in _MEMBERS:
            yield _of(_MEMBERS[field], one["value"])
        else:
            urns = [part.replace("~1", "/") for part in parts if part.startswith("urn:")]
            yield None if all(Urn.from_string(urn) for urn in urns) and urns else f"no urn in {one}"


def _of(model: Any, value: dict[str, Any]) -> str | None:
    found = model.from_obj(post_json_transform(value))
    if hasattr(found, "validate") and not found.validate():
        return f"not valid: {value}"
    missing: str | None = left_out(value, pre_json_transform(found.to_obj()))
    return missing


main(read)
