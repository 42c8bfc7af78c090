"""
API keys: created, found, rotated and revoked. The database has their digests only.

A key is 256 random bits, so that a plain digest of it cannot be guessed. Times are microseconds since
the epoch.
"""

from __future__ import annotations

import hashlib
import json
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import sqlalchemy as sa

from fairlead_bridge.access.caller import Role
from fairlead_bridge.db.tables import access_key
from fairlead_bridge.errors import BadSettings, Conflict, NotFound

#: The first characters of every key, by which scanners for leaked credentials find them.
PREFIX = "fairlead_"
#: Microseconds after which the last use of a key is written again.
_USE_WRITTEN_EVERY = 600_000_000
_NAME = re.compile(r"[\w.@ -]{1,100}")

State = Literal["active", "expired", "revoked"]
_c = access_key.c


@dataclass(frozen=True, slots=True)
class Key:
    id: int
    name: str
    digest: bytes
    roles: tuple[Role, ...]
    namespaces: tuple[str, ...]
    created_at: int
    expires_at: int | None
    used_at: int | None
    revoked_at: int | None

    def state(self, now: int) -> State:
        if self.revoked_at is not None:
            return "revoked"
        return "expired" if self.expires_at is not None and self.expires_at <= now else "active"

    def use_is_old(self, now: int) -> bool:
        """Whether its last use, as it is stored, is long enough ago to be written again."""
        return self.used_at is None or now - self.used_at >= _USE_WRITTEN_EVERY


def digest(secret: str) -> bytes:
    """Digests are compared, not keys: the time it takes shows nothing."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()


def create(
    tx: sa.Connection,
    name: str,
    roles: Sequence[Role],
    namespaces: Sequence[str],
    now: int,
    expires_at: int | None = None,
) -> str:
    """
    Store a new key and return it; it cannot be shown again.

    Raises BadSettings for a name, roles or patterns that cannot be, Conflict where an active key has the name.
    """
    if not _NAME.fullmatch(name):
        raise BadSettings(
            f"{name!r} cannot be a key's name: use letters, digits, spaces and . _ @ -"
        )
    if not roles or not namespaces or not all(namespaces):
        raise BadSettings("a key needs at least one role and one pattern of namespaces")
    if _active(tx, name, now):
        raise Conflict(f"there is a key {name!r} already; rotate or revoke it, or choose a name")
    return _insert(tx, name, roles, namespaces, now, expires_at)


def rotate(tx: sa.Connection, name: str, now: int, overlap: int = 0) -> str:
    """
    Return a new key with the name, roles, namespaces and lifetime of the active one, which ends in `overlap`
    microseconds. Raises NotFound.
    """
    before = _active(tx, name, now)
    if not before:
        raise NotFound(f"there is no active key {name!r}; list them to see their names")
    newest = before[-1]
    lifetime = newest.expires_at and newest.expires_at - newest.created_at
    for old in before:
        ends = {"expires_at": min(old.expires_at or now + overlap, now + overlap)}
        tx.execute(_update(old.id).values(ends if overlap else {"revoked_at": now}))
    return _insert(
        tx, name, newest.roles, newest.namespaces, now, now + lifetime if lifetime else None
    )


def revoke(tx: sa.Connection, name: str, now: int) -> None:
    """End the keys of this name. Raises NotFound where none is active."""
    before = _active(tx, name, now)
    if not before:
        raise NotFound(f"there is no active key {name!r}; list them to see their names")
    for old in before:
        tx.execute(_update(old.id).values(revoked_at=now))


def listed(tx: sa.Connection) -> list[Key]:
    """Every key there ever was, in the order of their names."""
    return _read(tx, sa.select(access_key).order_by(_c.name, _c.id))


def page(tx: sa.Connection, limit: int, after: tuple[str, int] | None) -> list[Key]:
    """Keys in the order of their names, those behind this name and id, if given."""
    query = sa.select(access_key).order_by(_c.name, _c.id).limit(limit)
    if after is not None:
        query = query.where(sa.tuple_(_c.name, _c.id) > sa.tuple_(*after))
    return _read(tx, query)


def find(tx: sa.Connection, secret: str) -> Key | None:
    """The key, whatever its state."""
    found = _read(tx, sa.select(access_key).where(_c.digest == digest(secret)))
    return found[0] if found else None


def write_use(tx: sa.Connection, id: int, now: int) -> None:
    tx.execute(_update(id).values(used_at=now))


def _insert(
    tx: sa.Connection,
    name: str,
    roles: Sequence[Role],
    namespaces: Sequence[str],
    now: int,
    expires_at: int | None,
) -> str:
    secret = PREFIX + secrets.token_urlsafe(32)
    tx.execute(
        sa.insert(access_key).values(
            name=name,
            digest=digest(secret),
            roles=json.dumps(roles),
            namespaces=json.dumps(namespaces),
            created_at=now,
            expires_at=expires_at,
        )
    )
    return secret


def _active(tx: sa.Connection, name: str, now: int) -> list[Key]:
    found = _read(tx, sa.select(access_key).where(_c.name == name).order_by(_c.id))
    return [key for key in found if key.state(now) == "active"]


def _update(id: int) -> sa.Update:
    return sa.update(access_key).where(_c.id == id)


def _read(tx: sa.Connection, query: sa.Select[tuple[object, ...]]) -> list[Key]:
    return [
        Key(
            id=row.id,
            name=row.name,
            digest=row.digest,
            roles=tuple(json.loads(row.roles)),
            namespaces=tuple(json.loads(row.namespaces)),
            created_at=row.created_at,
            expires_at=row.expires_at,
            used_at=row.used_at,
            revoked_at=row.revoked_at,
        )
        for row in tx.execute(query)
    ]
