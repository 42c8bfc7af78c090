"""Signing people in with their company's account: what the browser stores meanwhile, and its session."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import sqlalchemy as sa

from fairlead_bridge.access import openid, sessions
from fairlead_bridge.access.caller import ROLES, Caller
from fairlead_bridge.access.issuer import Issuer
from fairlead_bridge.access.openid import Client, People
from fairlead_bridge.access.sessions import Signer
from fairlead_bridge.db.engine import writing
from fairlead_bridge.errors import BadToken, IssuerUnavailable

#: The cookie of a sign-in that has begun, and the seconds that it may take.
COOKIE = "fairlead_login"
SECONDS = 600


class SignIn:
    """`page` is the address of the page, without a slash at its end. For any thread."""

    def __init__(
        self,
        engine: sa.Engine,
        clock: Callable[[], int],
        issuer: Issuer,
        client: Client,
        people: People,
        session_seconds: int,
        page: str,
    ) -> None:
        self._engine = engine
        self._clock = clock
        self._issuer = issuer
        self._client = client
        self._people = people
        self.session_seconds = session_seconds
        self._page = page

    def begin(self, following: str) -> tuple[str, str]:
        """Where the browser goes to sign in, and the cookie that it comes back with."""
        attempt = openid.begin(following, self._clock() + SECONDS * 1_000_000)
        address = openid.address(self._issuer, self._client, attempt)
        return address, self._signer().write_attempt(attempt)

    def finish(self, answer: Mapping[str, str], cookie: str) -> tuple[Caller, str, str]:
        """
        Who came back, where they want to go, and the cookie of their session.

        Raises BadToken, IssuerUnavailable.
        """
        signer = self._signer()
        now = self._clock()
        attempt = signer.read_attempt(cookie, now)
        if attempt is None:
            raise BadToken("this sign-in did not begin in this browser, or it took too long")
        claims = openid.finish(self._issuer, self._client, attempt, answer)
        caller = self._people.caller(claims, "session")
        roles = [role for role in ROLES if role in caller.roles]
        until = now + self.session_seconds * 1_000_000
        session = sessions.of_person(caller.name, roles, caller.namespaces.patterns, until)
        return caller, attempt.following, signer.write(session)

    def logout(self) -> str | None:
        """Where the browser goes to sign out at the issuer too, if that is offered."""
        try:
            return openid.logout(self._issuer, self._client, f"{self._page}/login")
        except IssuerUnavailable:
            return None

    def _signer(self) -> Signer:
        with writing(self._engine) as tx:
            return sessions.made_signer(tx)
