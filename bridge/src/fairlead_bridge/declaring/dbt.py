"""dbt's manifest: models, sources, seeds and snapshots, and the exposures that read them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from fairlead_bridge.declaring.lines import Path
from fairlead_bridge.declaring.nouns import Column, Declared, Flow, Ref, Tag
from fairlead_bridge.documents import Json
from fairlead_bridge.errors import WrongDeclaration

_TABLES = ("model", "seed", "snapshot")
_VIEWS = ("view",)


def is_manifest(content: Any) -> bool:
    return isinstance(content, dict) and "nodes" in content and "exposures" in content


def declared(content: Mapping[str, Any], namespace: str) -> Iterator[tuple[Path, Declared]]:
    """
    The project's tables, whose namespace is given, and its exposures, of the namespace dbt://PROJECT.

    Raises WrongDeclaration where the namespace is missing.
    """
    if not namespace:
        raise WrongDeclaration(
            (), "a manifest does not say where its tables are: give --namespace postgres://db:5432"
        )
    nodes = _dicts(content.get("nodes"))
    tables = {
        key: node
        for key, node in (nodes | _dicts(content.get("sources"))).items()
        if node.get("resource_type") in (*_TABLES, "source") and _name(node)
    }
    refs = {key: Ref("dataset", namespace, _name(node)) for key, node in tables.items()}
    for key, node in sorted(tables.items()):
        if not _is_ephemeral(node):
            yield (key,), _table(node, refs[key], content, refs)
    project = str(_dict(content.get("metadata")).get("project_name") or "project")
    for key, exposure in sorted(_dicts(content.get("exposures")).items()):
        yield (key,), _exposure(exposure, project, content, refs)


def _table(
    node: Mapping[str, Any], ref: Ref, content: Mapping[str, Any], refs: Mapping[str, Ref]
) -> Declared:
    columns = _dicts(node.get("columns")).values()
    materialised = str(_dict(node.get("config")).get("materialized") or "")
    of_columns = (
        Tag(str(tag), "", str(column.get("name")))
        for column in columns
        for tag in column.get("tags") or ()
    )
    return Declared(
        ref=ref,
        where="",
        type="VIEW" if materialised in _VIEWS else "TABLE",
        description=_text(node, "description"),
        owners=tuple(_owners(node, content)),
        tags=tuple(sorted({*(Tag(str(tag)) for tag in node.get("tags") or ()), *of_columns})),
        columns=tuple(
            Column(str(each.get("name")), _text(each, "data_type"), _text(each, "description"))
            for each in columns
        ),
        flow=Flow(tuple(_upstream(node, content, refs))),
        is_fallback=True,
    )


def _exposure(
    exposure: Mapping[str, Any],
    project: str,
    content: Mapping[str, object],
    refs: Mapping[str, Ref],
) -> Declared:
    owner = _dict(exposure.get("owner"))
    name = owner.get("name") or owner.get("email")
    return Declared(
        ref=Ref("dataset", f"dbt://{project}", f"exposures/{exposure.get('name')}"),
        where="",
        type=str(exposure.get("type") or "exposure").upper(),
        description=_text(exposure, "description") or _text(exposure, "label"),
        owners=(str(name),) if name else (),
        tags=tuple(sorted(Tag(str(tag)) for tag in exposure.get("tags") or ())),
        url=_text(exposure, "url"),
        flow=Flow(tuple(_upstream(exposure, content, refs))),
    )


def _upstream(
    node: Mapping[str, Any], content: Mapping[str, Any], refs: Mapping[str, Ref]
) -> Iterable[Ref]:
    """The tables that it reads, through ephemeral models, which are none."""
    nodes = _dicts(content.get("nodes"))
    waiting, seen, found = list(_depends(node)), set[str](), set[Ref]()
    while waiting:
        key = waiting.pop()
        if key in seen:
            continue
        seen.add(key)
        if key in refs and not _is_ephemeral(nodes.get(key, {})):
            found.add(refs[key])
        else:
            waiting.extend(_depends(nodes.get(key, {})))
    return sorted(found)


def _depends(node: Mapping[str, Any]) -> Iterator[str]:
    for key in _dict(node.get("depends_on")).get("nodes") or ():
        yield str(key)


def _owners(node: Mapping[str, Any], content: Mapping[str, Any]) -> Iterator[str]:
    """`meta.owner` of the node, else the owner of its group."""
    meta = _dict(_dict(node.get("config")).get("meta")) | _dict(node.get("meta"))
    if meta.get("owner"):
        yield str(meta["owner"])
        return
    group = node.get("group") or _dict(node.get("config")).get("group")
    for each in _dicts(content.get("groups")).values():
        owner = _dict(each.get("owner"))
        if group and each.get("name") == group and (owner.get("name") or owner.get("email")):
            yield str(owner.get("name") or owner.get("email"))


def _name(node: Mapping[str, object]) -> str:
    last = node.get("alias") or node.get("identifier") or node.get("name")
    return ".".join(str(each) for each in (node.get("database"), node.get("schema"), last) if each)


def _is_ephemeral(node: Mapping[str, object]) -> bool:
    return _dict(node.get("config")).get("materialized") == "ephemeral"


def _text(of: Mapping[str, Any], key: str) -> str | None:
    given = of.get(key)
    return given if isinstance(given, str) and given else None


def _dict(given: Any) -> Json:
    return given if isinstance(given, dict) else {}


def _dicts(given: Any) -> dict[str, Json]:
    return {key: each for key, each in _dict(given).items() if isinstance(each, dict)}
