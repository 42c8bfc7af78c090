"""
Sessions of browsers: a signed cookie that says with which key it began.

The cookie holds no key. It ends with its key, at its time, or by signing out; the secret that signs
it is in the database, so that every process of the bridge takes it.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from http.cookies import CookieError, SimpleCookie

import sqlalchemy as sa
from itsdangerous import BadData, URLSafeSerializer

from fairlead_bridge.access.caller import Role
from fairlead_bridge.access.openid import Attempt
from fairlead_bridge.db.bulk import insert_new
from fairlead_bridge.db.tables import ended_session, signing_secret

COOKIE = "fairlead_session"


@dataclass(frozen=True, slots=True)
class Session:
    """
    `key` is a mark of the key that it began with. One that began at the company's issuer has the
    person's `name`, `roles` and `namespaces` instead. Times are microseconds since the epoch.
    """

    id: str
    key: str
    until: int
    name: str = ""
    roles: tuple[Role, ...] = ()
    namespaces: tuple[str, ...] = ()


class Signer:
    """Writes and reads cookies with the secret of the database, which is made with the first one."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret
        self._sessions = _serializer(secret, "session")
        self._attempts = _serializer(secret, "attempt")

    def mark(self, digest: bytes) -> str:
        """What a session says of its key: it finds the key, and does not help to guess it."""
        return hashlib.blake2b(digest, key=self._secret, digest_size=16).hexdigest()

    def write(self, session: Session) -> str:
        return str(self._sessions.dumps(asdict(session)))

    def read(self, cookie: str, now: int) -> Session | None:
        """The session; None where we did not sign it, or it is over."""
        try:
            found = Session(**self._sessions.loads(cookie))
        except (BadData, TypeError):
            return None
        return found if found.until > now else None

    def write_attempt(self, attempt: Attempt) -> str:
        return str(self._attempts.dumps(asdict(attempt)))

    def read_attempt(self, cookie: str, now: int) -> Attempt | None:
        """The sign-in that has begun; None where we did not sign it, or it took too long."""
        try:
            found = Attempt(**self._attempts.loads(cookie))
        except (BadData, TypeError):
            return None
        return found if found.until > now else None


def _serializer(secret: bytes, salt: str) -> URLSafeSerializer:
    return URLSafeSerializer(secret, salt=salt, signer_kwargs={"digest_method": hashlib.sha256})


def signer(tx: sa.Connection) -> Signer | None:
    """What signs; None where no process made the secret yet."""
    secret = tx.scalar(sa.select(signing_secret.c.secret))
    return Signer(secret) if secret is not None else None


def made_signer(tx: sa.Connection) -> Signer:
    """What signs, in a transaction that may write."""
    insert_new(tx, signing_secret, [{"id": 1, "secret": secrets.token_bytes(32)}])
    return Signer(tx.scalar(sa.select(signing_secret.c.secret)) or b"")


def begin(key: str, until: int) -> Session:
    return Session(secrets.token_urlsafe(16), key, until)


def of_person(name: str, roles: Sequence[Role], namespaces: Sequence[str], until: int) -> Session:
    return Session(secrets.token_urlsafe(16), "", until, name, tuple(roles), tuple(namespaces))


def end(tx: sa.Connection, session: Session, now: int) -> None:
    """End it for every process; forgets those whose time is over."""
    tx.execute(sa.delete(ended_session).where(ended_session.c.until_at < now))
    insert_new(tx, ended_session, [{"id": session.id, "until_at": session.until}])


def has_ended(tx: sa.Connection, session: Session) -> bool:
    found = sa.select(ended_session.c.id).where(ended_session.c.id == session.id)
    return tx.scalar(found) is not None


def cookie(headers: Mapping[bytes, str], name: str = COOKIE) -> str:
    """The cookie that the request sends, or nothing."""
    sent = headers.get(b"cookie", "")
    if name not in sent:
        return ""
    try:
        found = SimpleCookie(sent).get(name)
    except CookieError:
        return ""
    return found.value if found else ""
