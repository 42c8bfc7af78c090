"""Reads the SQL and the source code that jobs had, and how they changed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa

from fairlead_bridge.access.redact import redacted
from fairlead_bridge.db import tables as t
from fairlead_bridge.queries import facets as f
from fairlead_bridge.queries import patches
from fairlead_bridge.queries.snapshot import NOW, Row, Snapshot, among

#: Versions of a job that are read at most, the newest.
MOST = 100
#: The texts within the facets.
_TEXTS = {"sql": "query", "sourceCode": "sourceCode"}


@dataclass(frozen=True, slots=True)
class Version:
    """A text that the code of a job was, from when until when (microseconds)."""

    job_id: int
    name: str  # of the facet: "sql" or "sourceCode"
    digest: bytes
    first_at: int
    last_at: int
    text: str
    language: str | None
    diff: list[str] | None = None  # lines of a patch; None of the first version


def versions(snapshot: Snapshot, job_id: int) -> list[Version]:
    """The versions of a job's code, oldest first; what differs in other fields alone is none."""
    c = t.code_version.c
    statement = sa.select(t.code_version).where(c.job_id == job_id)
    if snapshot.past:
        statement = statement.where(c.first_at <= NOW)
    rows = snapshot.rows(statement.order_by(c.first_at.desc(), c.digest.desc()).limit(MOST))
    bodies = _bodies(snapshot, rows)
    found: dict[str, list[Version]] = {}
    for row in reversed(rows):
        version = _version(row, bodies)
        if version is None:
            continue
        of_name = found.setdefault(row.name, [])
        if of_name and of_name[-1].text == version.text:
            last_at = max(of_name[-1].last_at, version.last_at)
            of_name[-1] = replace(of_name[-1], last_at=last_at)
        else:
            patch = patches.lines(of_name[-1].text, version.text) if of_name else None
            of_name.append(replace(version, diff=patch))
    listed = [version for of_name in found.values() for version in of_name]
    return sorted(listed, key=lambda version: (version.first_at, version.name))


def facets_at(snapshot: Snapshot, job_id: int) -> dict[str, f.Facet]:
    """The facets with code that the job had at the moment that is asked for."""
    c = t.code_version.c
    statement = sa.select(t.code_version).where(c.job_id == job_id, c.first_at <= NOW)
    held: dict[str, Row] = {}
    for row in snapshot.rows(statement):
        known = held.get(row.name)
        if known is None or snapshot.held(row) > snapshot.held(known):
            held[row.name] = row
    bodies = _bodies(snapshot, held.values())
    return {name: bodies[row.digest] for name, row in held.items() if row.digest in bodies}


Key = tuple[int, int, str]


def changes(snapshot: Snapshot, limit: int, after: Key | None = None) -> list[tuple[Key, Version]]:
    """
    Code that became another, newest first, with (first_at, job id, facet) of each.

    `after` is that of the last one seen. The first code of a job is no change, nor is what differs
    in other fields than the text.
    """
    found: list[tuple[Key, Version]] = []
    while len(found) < limit:
        rows = snapshot.rows(_maybe_changes(after).limit(limit))
        bodies = _bodies(snapshot, rows)
        for row in rows:
            version, before = _version(row, bodies), _text(row.name, bodies.get(row.before))
            if version is not None and before is not None and before != version.text:
                key = (row.first_at, row.job_id, row.name)
                found.append((key, replace(version, diff=patches.lines(before, version.text))))
        if len(rows) < limit:
            break
        after = (rows[-1].first_at, rows[-1].job_id, rows[-1].name)
    return found[:limit]


def _maybe_changes(after: Key | None) -> sa.Select[Any]:
    """Code of jobs that had other code before, with the digest of that."""
    mine, other = t.code_version, t.code_version.alias("other")
    earlier = (
        sa.select(other.c.digest)
        .where(other.c.job_id == mine.c.job_id, other.c.name == mine.c.name)
        .where(
            sa.tuple_(other.c.first_at, other.c.digest) < sa.tuple_(mine.c.first_at, mine.c.digest)
        )
        .order_by(other.c.first_at.desc(), other.c.digest.desc())
        .limit(1)
        .correlate(mine)
        .scalar_subquery()
    )
    statement = sa.select(*mine.c, earlier.label("before")).where(earlier.is_not(None))
    key = (mine.c.first_at, mine.c.job_id, mine.c.name)
    if after is not None:
        statement = statement.where(sa.tuple_(*key) < sa.tuple_(*after))
    return statement.order_by(*(column.desc() for column in key))


_BODIES = sa.select(t.content).where(among(t.content.c.digest))


def _bodies(snapshot: Snapshot, rows: Iterable[Row]) -> dict[bytes, f.Facet]:
    digests = {digest for row in rows for digest in _digests(row)}
    found = {}
    for row in snapshot.each(_BODIES, digests):
        body = f.decode(row.body)
        if body is not None:
            found[row.digest] = redacted(snapshot.scope, body)
    return found


def _digests(row: Row) -> Iterator[bytes]:
    yield row.digest
    if "before" in row._fields:
        yield row.before


def _version(row: Row, bodies: Mapping[bytes, f.Facet]) -> Version | None:
    body = bodies.get(row.digest, {})
    text, language = _text(row.name, body), body.get("language")
    if text is None:
        return None
    return Version(
        row.job_id,
        row.name,
        row.digest,
        row.first_at,
        row.last_at,
        text,
        language if isinstance(language, str) else None,
    )


def _text(name: str, body: f.Facet | None) -> str | None:
    return f.text({name: body or {}}, name, _TEXTS[name])
