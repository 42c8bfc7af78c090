"""Recognises the caller of a request by what it sends: a key, or the cookie of a session."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace

import sqlalchemy as sa

from fairlead_bridge import telemetry
from fairlead_bridge.access import keys, sessions
from fairlead_bridge.access.caller import (
    ANYONE,
    ROLES,
    UNKNOWN,
    Caller,
    Namespaces,
    with_included,
)
from fairlead_bridge.access.keys import Key
from fairlead_bridge.access.proxy import Proxy
from fairlead_bridge.access.sessions import Signer
from fairlead_bridge.db.engine import reading, writing
from fairlead_bridge.errors import BadToken
from fairlead_bridge.telemetry import Line

#: Seconds for which a caller who was recognised is not looked up again: a revoked key works as long.
TRUSTED_FOR = 2.0
#: Callers that are remembered at most.
_MOST = 10_000

Headers = Mapping[bytes, str]


class Access:
    """
    Who callers are.

    `is_open`: everything is allowed to everyone. `bootstrap` are keys of the settings, which have
    every role. `clock` gives microseconds since the epoch. `tokens` says who a token of the company's
    issuer is about, `proxy` who a proxy says that asks. `identify` is for one event loop, the rest for any thread.
    """

    def __init__(
        self,
        engine: sa.Engine,
        clock: Callable[[], int],
        *,
        is_open: bool,
        bootstrap: Collection[str] = (),
        session_seconds: int = 43_200,
        tokens: Callable[[str], Caller] | None = None,
        proxy: Proxy | None = None,
    ) -> None:
        self._engine = engine
        self._clock = clock
        self.is_open = is_open
        self.session_seconds = session_seconds
        self._tokens = tokens
        self._proxy = proxy
        everything = Caller("FAIRLEAD_API_KEYS", "key", frozenset(ROLES))
        self._bootstrap = {keys.digest(key): everything for key in bootstrap}
        self._recognised: dict[bytes, tuple[Caller, float]] = {}
        self._writing: set[asyncio.Task[None]] = set()

    async def identify(self, headers: Headers, peer: str) -> Caller:
        """
        The caller; `peer` is the address that the connection came from.

        Raises DBAPIError and IssuerUnavailable where the database or the issuer does not answer.
        """
        if self.is_open:
            return ANYONE
        secret = _key(headers)
        sent = secret or sessions.cookie(headers)
        if not sent:
            named = self._proxy.caller(headers, peer) if self._proxy else None
            return named or UNKNOWN
        digest = keys.digest(sent)
        caller, until = self._recognised.get(digest, (UNKNOWN, 0.0))
        if time.monotonic() < until:
            return caller
        find = self._by_key if secret else self._by_cookie
        caller, unused = await asyncio.to_thread(find, sent)
        self._remember(digest, caller)
        if unused is not None:
            task = asyncio.create_task(asyncio.to_thread(self._write_use, unused))
            self._writing.add(task)
            task.add_done_callback(self._writing.discard)
        return caller

    def sign_in(self, secret: str) -> tuple[Caller, str]:
        """The caller with this key, and the cookie of a new session of theirs, if they are known."""
        caller, _ = self._by_key(secret)
        if caller.method == "unknown":
            return caller, ""
        until = self._clock() + self.session_seconds * 1_000_000
        with writing(self._engine) as tx:
            signer = sessions.made_signer(tx)
        return caller, signer.write(sessions.begin(signer.mark(keys.digest(secret)), until))

    def sign_out(self, headers: Headers) -> None:
        """End the session that the request belongs to."""
        cookie = sessions.cookie(headers)
        with writing(self._engine) as tx:
            now = self._clock()
            found = sessions.made_signer(tx).read(cookie, now)
            if found is not None:
                sessions.end(tx, found, now)
        self._recognised.pop(keys.digest(cookie), None)

    def _remember(self, digest: bytes, caller: Caller) -> None:
        if caller.method == "unknown":
            self._recognised.pop(digest, None)
            return
        if len(self._recognised) >= _MOST:
            self._recognised.clear()
        self._recognised[digest] = (caller, time.monotonic() + TRUSTED_FOR)

    def _by_key(self, secret: str) -> tuple[Caller, int | None]:
        """The caller, and the id of the key if its use is to be written."""
        known = self._bootstrap.get(keys.digest(secret))
        if known is not None:
            return known, None
        if self._tokens is not None and secret.count(".") == 2:
            return _of_token(self._tokens, secret), None
        with reading(self._engine) as tx:
            return self._of(keys.find(tx, secret))

    def _by_cookie(self, cookie: str) -> tuple[Caller, int | None]:
        with reading(self._engine) as tx:
            signer = sessions.signer(tx)
            found = signer.read(cookie, self._clock()) if signer else None
            if signer is None or found is None or sessions.has_ended(tx, found):
                return _SESSION_OVER, None
            if found.name:
                namespaces = Namespaces(found.namespaces)
                return Caller(found.name, "session", frozenset(found.roles), namespaces), None
            caller, unused = self._marked(tx, signer, found.key)
        if caller.method == "unknown":
            return replace(caller, problem=_SESSION_OVER.problem), None
        return replace(caller, method="session"), unused

    def _marked(self, tx: sa.Connection, signer: Signer, mark: str) -> tuple[Caller, int | None]:
        for digest, caller in self._bootstrap.items():
            if signer.mark(digest) == mark:
                return caller, None
        found = (key for key in keys.listed(tx) if signer.mark(key.digest) == mark)
        return self._of(next(found, None))

    def _of(self, key: Key | None) -> tuple[Caller, int | None]:
        now = self._clock()
        if key is None:
            return UNKNOWN, None
        state = key.state(now)
        if state != "active":
            problem = f"The key {key.name} is {state}: send another."
            return Caller(key.name, "unknown", problem=problem), None
        caller = Caller(key.name, "key", with_included(key.roles), Namespaces(key.namespaces))
        return caller, key.id if key.use_is_old(now) else None

    def _write_use(self, id: int) -> None:
        try:
            with writing(self._engine) as tx:
                keys.write_use(tx, id, self._clock())
        except sa.exc.DBAPIError as error:  # the request does not depend on it
            telemetry.say(Line.CHORE_FAILED, logging.WARNING, chore="last use", reason=error)


_SESSION_OVER = Caller("unknown", "unknown", problem="The session is over: sign in again.")


def _of_token(tokens: Callable[[str], Caller], token: str) -> Caller:
    try:
        return tokens(token)
    except BadToken as error:
        text = str(error)
        return Caller("unknown", "unknown", problem=f"{text[:1].upper()}{text[1:]}.")


def _key(headers: Headers) -> str:
    """The key that is sent; apart from `Authorization` where a proxy's login needs that."""
    scheme, _, key = headers.get(b"authorization", "").partition(" ")
    sent = key if scheme.lower() == "bearer" else headers.get(b"x-api-key", "")
    return sent.strip()
