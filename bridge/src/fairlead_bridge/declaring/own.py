"""
Our own format, in YAML or TOML, for what no event reports.

    datasets:
      - node: dataset:looker://bi.shop.example:dashboards/revenue
        type: dashboard
        description: Revenue by day and country
        owners: [finance]
        tags: [gold, {key: domain, value: sales}]
        classification: internal
        url: https://bi.shop.example/dashboards/42
        from: ["dataset:postgres://db:5432:shop.orders"]
        columns:
          - name: revenue
            type: numeric
            from:
              - {node: "dataset:postgres://db:5432:shop.orders", column: amount, by: aggregation}

    jobs:
      - node: job:crm:nightly_export
        owners: [crm]
        reads: ["dataset:crm://prod:customers"]
        writes: ["dataset:s3://lake:raw/customers"]
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, Literal

import msgspec

from fairlead_bridge.declaring.lines import Path
from fairlead_bridge.declaring.nouns import (
    Classification,
    Column,
    Declared,
    Flow,
    Origin,
    Ref,
    Tag,
)
from fairlead_bridge.errors import WrongDeclaration

By = Literal["identity", "transformation", "aggregation", "masking"]
Kind = Literal["dataset", "job"]

_AT = re.compile(r"\.(\w+)|\[(\d+|\.\.\.)\]")
_UNKNOWN = re.compile(r"unknown field `(.+?)`")


class _Name(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    namespace: str
    name: str


class _Tag(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    key: str
    value: str = ""


class _Origin(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    node: str | _Name
    column: str
    by: By = "identity"


class _Column(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"from_": "from"}):
    name: str
    type: str | None = None
    description: str | None = None
    classification: Classification | None = None
    tags: tuple[str | _Tag, ...] = ()
    from_: tuple[_Origin, ...] = ()


class _Dataset(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"from_": "from"}):
    node: str | _Name
    type: str | None = None
    description: str | None = None
    owners: tuple[str, ...] = ()
    tags: tuple[str | _Tag, ...] = ()
    classification: Classification | None = None
    url: str | None = None
    columns: tuple[_Column, ...] = ()
    from_: tuple[str | _Name, ...] = ()


class _Written(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    node: str | _Name
    columns: tuple[_Column, ...] = ()


class _Job(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    node: str | _Name
    description: str | None = None
    owners: tuple[str, ...] = ()
    tags: tuple[str | _Tag, ...] = ()
    reads: tuple[str | _Name, ...] = ()
    writes: tuple[str | _Written, ...] = ()


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    datasets: tuple[_Dataset, ...] = ()
    jobs: tuple[_Job, ...] = ()


_FIELDS: dict[str, type[msgspec.Struct]] = {
    "": _File,
    "datasets": _Dataset,
    "jobs": _Job,
    "columns": _Column,
    "from": _Origin,
    "tags": _Tag,
}


def declared(content: Any) -> Iterator[tuple[Path, Declared]]:
    """What the file says, each with the way to it in the file. Raises WrongDeclaration."""
    file = _converted(content)
    for number, dataset in enumerate(file.datasets):
        path = ("datasets", number)
        yield path, _dataset(dataset, path)
    for number, job in enumerate(file.jobs):
        path = ("jobs", number)
        yield path, _job(job, path)


def _converted(content: object) -> _File:
    if not isinstance(content, dict):
        raise WrongDeclaration((), "write `datasets:` and `jobs:`, each with a list")
    try:
        return msgspec.convert(_simplified(content), _File)
    except msgspec.ValidationError as error:
        raise _explained(error) from error


def _simplified(content: dict[str, object]) -> dict[str, object]:
    """A job's outputs, which are names or have columns, in one shape: no two structs are one type."""
    jobs = content.get("jobs")
    if not isinstance(jobs, list):
        return content
    return content | {"jobs": [_with_one_shape(job) for job in jobs]}


def _with_one_shape(job: object) -> object:
    if not isinstance(job, dict) or not isinstance(job.get("writes"), list):
        return job
    return job | {
        "writes": [
            {"node": each} if isinstance(each, dict) and "namespace" in each else each
            for each in job["writes"]
        ]
    }


def _explained(error: msgspec.ValidationError) -> WrongDeclaration:
    """msgspec's message, with the fields that are known where one is not."""
    message, _, at = str(error).partition(" - at `$")
    path = [
        int(number) if number.isdigit() else word
        for word, number in _AT.findall(at)
        if word or number.isdigit()
    ]
    unknown = _UNKNOWN.search(message)
    if unknown is None:
        return WrongDeclaration(path, message)
    names = [step for step in path if isinstance(step, str)]
    fields = _FIELDS.get(names[-1] if names else "")
    known = (
        ", ".join(field.encode_name for field in msgspec.structs.fields(fields)) if fields else ""
    )
    return WrongDeclaration(
        [*path, unknown[1]], f"there is no {unknown[1]!r} here; write one of {known}"
    )


def ref(node: str | _Name, kind: Kind, path: Path) -> Ref:
    """The dataset or job that `node` names. Raises WrongDeclaration."""
    if isinstance(node, _Name):
        return Ref(kind, node.namespace, node.name)
    word, _, rest = node.partition(":")
    namespace, _, name = rest.rpartition(":")
    if word != kind or not namespace or not name:
        raise WrongDeclaration(
            path,
            f"{node!r} names no {kind}; write {kind}:NAMESPACE:NAME, or the two apart as "
            "{namespace: ..., name: ...} where the name has a colon",
        )
    return Ref(kind, namespace, name)


def _dataset(given: _Dataset, path: Path) -> Declared:
    of_columns = (_tags(each.tags, each.classification, each.name) for each in given.columns)
    return Declared(
        ref=ref(given.node, "dataset", (*path, "node")),
        where="",
        type=given.type.upper() if given.type else None,
        description=given.description,
        owners=given.owners,
        tags=tuple(
            sorted(
                [
                    *_tags(given.tags, given.classification),
                    *(tag for some in of_columns for tag in some),
                ]
            )
        ),
        url=given.url,
        columns=tuple(Column(each.name, each.type, each.description) for each in given.columns),
        flow=Flow(_refs(given.from_, (*path, "from")), _origins(given.columns, path)),
    )


def _job(given: _Job, path: Path) -> Declared:
    writes: dict[Ref, Flow] = {}
    for number, each in enumerate(given.writes):
        place = (*path, "writes", number)
        written = each if isinstance(each, _Written) else _Written(each)
        writes[ref(written.node, "dataset", place)] = Flow((), _origins(written.columns, place))
    return Declared(
        ref=ref(given.node, "job", (*path, "node")),
        where="",
        description=given.description,
        owners=given.owners,
        tags=tuple(sorted(_tags(given.tags, None))),
        reads=_refs(given.reads, (*path, "reads")),
        writes=writes,
    )


def _refs(nodes: Iterable[str | _Name], path: Path) -> tuple[Ref, ...]:
    return tuple(ref(node, "dataset", (*path, at)) for at, node in enumerate(nodes))


def _origins(columns: Iterable[_Column], path: Path) -> dict[str, tuple[Origin, ...]]:
    found = {}
    for number, column in enumerate(columns):
        place = (*path, "columns", number, "from")
        if column.from_:
            found[column.name] = tuple(
                Origin(
                    ref(each.node, "dataset", (*place, at, "node")),
                    each.column,
                    "TRANSFORMATION" if each.by == "masking" else each.by.upper(),
                    each.by == "masking",
                )
                for at, each in enumerate(column.from_)
            )
    return found


def _tags(
    given: Iterable[str | _Tag], classification: Classification | None, column: str = ""
) -> Iterator[Tag]:
    for each in given:
        yield Tag(each, "", column) if isinstance(each, str) else Tag(each.key, each.value, column)
    if classification is not None:
        yield Tag("classification", classification, column)
