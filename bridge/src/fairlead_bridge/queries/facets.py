"""What facets say in words that lists show: descriptions, owners, tags, operators, SQL."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec
import sqlalchemy as sa

from fairlead_bridge.access.redact import redacted
from fairlead_bridge.db import tables as t
from fairlead_bridge.documents import Json
from fairlead_bridge.facts import CONFIRMED, DECLARATION
from fairlead_bridge.queries.snapshot import Snapshot, among

Facet = Json
Facets = dict[str, Facet]
#: Facets by name, each with the time of the event that said it (microseconds).
Timed = dict[str, tuple[int, Facet]]

#: Facets that lists read; the others are read for one asset at a time.
LISTED = (
    *("documentation", "ownership", "tags", "fairlead_dag", "fairlead_task", "fairlead_tasks"),
    DECLARATION,
)

#: Facets that name owners.
OWNERS = ("ownership", "fairlead_dag", "fairlead_task")

_FACETS = (
    sa.select(t.facet.c.owner_id, t.facet.c.name, t.facet.c.at, t.facet.c.digest, t.content.c.body)
    .join_from(t.facet, t.content, t.content.c.digest == t.facet.c.digest)
    .where(among(t.facet.c.owner_id))
)
_IS_CONFIRMED = t.facet.c.name.startswith(CONFIRMED, autoescape=True)
_LISTED = _FACETS.where(sa.or_(t.facet.c.name.in_(LISTED), _IS_CONFIRMED))

_decode = msgspec.json.Decoder(Json).decode


def of(
    snapshot: Snapshot, members: Mapping[int, int], names: Iterable[str] | None = None
) -> dict[int, Facets]:
    """
    The facets of jobs and datasets, decoded, without `_producer` and `_schemaURL`.

    `members` says for each row's id whose it is: an asset with two names has the newest of each
    facet. `names` are the facets wanted, all if None.
    """
    return {
        owner: {name: body for name, (_, body) in facets.items()}
        for owner, facets in with_times(snapshot, members, names).items()
    }


def with_times(
    snapshot: Snapshot, members: Mapping[int, int], names: Iterable[str] | None = None
) -> dict[int, Timed]:
    """As `of`, each facet with the time of the event that said it."""
    statement = _FACETS
    if names is not None:
        wanted = list(names)
        among_them: sa.ColumnElement[bool] = t.facet.c.name.in_(wanted)
        if "tags" in wanted:  # what people confirm are tags, too
            among_them = sa.or_(among_them, _IS_CONFIRMED)
        statement = _LISTED if names is LISTED else statement.where(among_them)
    newest: dict[tuple[int, str], Any] = {}
    for row in snapshot.each(statement, members):
        key = (members[row.owner_id], row.name)
        if key not in newest or (row.at, row.digest) > (newest[key].at, newest[key].digest):
            newest[key] = row
    found: dict[int, Timed] = {}
    for (owner, name), row in newest.items():
        body = decode(row.body)
        if body is not None:
            body = redacted(snapshot.scope, body)
            found.setdefault(owner, {})[name] = (row.at, body)
    return found


def decode(body: bytes) -> Facet | None:
    """A facet's body; None where it is no JSON object."""
    try:
        facet = _decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    return {key: value for key, value in facet.items() if key not in ("_producer", "_schemaURL")}


def description(facets: Facets) -> str | None:
    return text(facets, "documentation", "description") or text(
        facets, "fairlead_dag", "description"
    )


def owners(facets: Facets) -> list[tuple[str, str | None]]:
    """(name, type) of each owner; an Airflow job without the facet has its `owner`."""
    listed = [
        (item["name"], _text(item.get("type")))
        for item in items(facets, "ownership", "owners")
        if _text(item.get("name"))
    ]
    if listed:
        return listed
    own = text(facets, "fairlead_task", "owner") or text(facets, "fairlead_dag", "owner") or ""
    return [(name.strip(), None) for name in own.split(",") if name.strip()]


def tags(facets: Facets) -> list[dict[str, str | None]]:
    """
    key, value, source and field of each tag; a DAG without the facet has Airflow's tags.

    What people confirm of columns are tags of the source PERSON.
    """
    listed = [
        {name: _text(item.get(name)) for name in ("key", "value", "source", "field")}
        for item in items(facets, "tags", "tags")
        if _text(item.get("key"))
    ]
    listed += _confirmed(facets)
    if listed:
        return listed
    own = facets.get("fairlead_dag", {}).get("tags")
    return [
        {"key": str(tag), "value": None, "source": "AIRFLOW", "field": None}
        for tag in (own if isinstance(own, list) else ())
    ]


def _confirmed(facets: Facets) -> Iterator[dict[str, str | None]]:
    for name in sorted(facets):
        key = _text(facets[name].get("tag")) if name.startswith(CONFIRMED) else None
        if key is not None:
            column = name.removeprefix(CONFIRMED)
            value = "true" if facets[name].get("personal") is True else "false"
            yield {"key": key, "value": value, "source": "PERSON", "field": column}


def operator(facets: Facets) -> str | None:
    """The class of a task's operator, without its module."""
    own = text(facets, "fairlead_task", "operator_class") or text(
        facets, "fairlead_task", "operator"
    )
    return own.rpartition(".")[2] if own else None


def text(facets: Facets, facet: str, key: str) -> str | None:
    """A text within a facet; None where it is absent, empty or something else."""
    return _text(facets.get(facet, {}).get(key))


def items(facets: Facets, facet: str, key: str) -> list[Json]:
    """The objects of a list within a facet."""
    found = facets.get(facet, {}).get(key)
    return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []


def texts(facets: Facets, facet: str, key: str) -> list[str]:
    """The texts of a list within a facet."""
    found = facets.get(facet, {}).get(key)
    return [item for item in found if isinstance(item, str)] if isinstance(found, list) else []


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
