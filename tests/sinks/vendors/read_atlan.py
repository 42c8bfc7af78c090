"""Requests to Atlan, read by pyatlan's models."""

from __future__ import annotations

import json
from collections.abc import Iterator

from pyatlan.model import assets  # type: ignore[import-not-found]
from pyatlan.model.enums import AtlanDeleteType  # type: ignore[import-not-found]
from pyatlan.model.fields.atlan_fields import (  # type: ignore[import-not-found]
    KeywordField,
    KeywordTextField,
)
from pyatlan.model.typedef import CustomMetadataDef  # type: ignore[import-not-found]
from pyatlan.model.user import UserMinimalResponse  # type: ignore[import-not-found]
from reading import Request, left_out, main  # type: ignore[import-not-found]

#: Of pyatlan, by the names that a search may ask for exactly.
_EXACT = {
    field.elastic_field_name
    for field in (getattr(assets.Asset, name) for name in dir(assets.Asset) if name.isupper())
    if isinstance(field, KeywordField | KeywordTextField)
} | {"__state"}


def read(request: Request) -> Iterator[str | None]:
    if request["method"] == "DELETE":
        AtlanDeleteType(request["query"]["deleteType"])
        yield None if request["query"]["guid"] else "nothing to delete"
    elif request["path"].endswith("users/current"):
        yield None if "username" in UserMinimalResponse.__fields__ else "whose token?"
    elif request["path"].endswith("typedefs"):
        for definition in (request["body"] or {}).get("businessMetadataDefs", ()):
            stored = json.loads(
                CustomMetadataDef.parse_obj(definition).json(by_alias=True, exclude_unset=True)
            )
            yield left_out(definition, stored)
            for one, found in zip(
                definition["attributeDefs"], stored["attributeDefs"], strict=True
            ):
                yield left_out(one, found)
                yield left_out(one["options"], found["options"])
    elif request["path"].endswith("indexsearch"):
        query = request["body"]["dsl"]["query"]["bool"]
        for condition in (*query["filter"], *query.get("must_not", ())):
            ((_, what),) = condition.items()
            (field,) = what
            yield None if field in _EXACT else f"{field} is no keyword"
    else:
        for entity in request["body"]["entities"]:
            model = getattr(assets, entity["typeName"]).parse_obj(entity)
            stored = json.loads(model.json(by_alias=True, exclude_unset=True))
            yield left_out(entity, stored)
            sent_bodies, found = entity["attributes"], stored["attributes"]
            yield left_out(sent_bodies, found)
            for name, value in sent_bodies.items():
                if not isinstance(value, dict | list) and found[name] != value:
                    yield f"{name} became {found[name]!r}"
            added = entity.get("appendRelationshipAttributes")
            if added:
                fields = {field.alias for field in model.Attributes.__fields__.values()}
                yield None if set(added) <= fields else f"{sorted(added)}"


main(read)
