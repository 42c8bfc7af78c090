"""
OpenID Connect: people sign in with their company's account (authorization code with PKCE), and
programs send tokens of its issuer.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from fairlead_bridge.access import issuer as issuers
from fairlead_bridge.access.caller import Caller, Method
from fairlead_bridge.access.groups import Groups
from fairlead_bridge.access.issuer import Issuer
from fairlead_bridge.errors import BadToken


@dataclass(frozen=True, slots=True)
class Client:
    """How the issuer knows the bridge; `secret` is empty for a public client."""

    id: str
    secret: str
    redirect_uri: str
    scopes: str


@dataclass(frozen=True, slots=True)
class Attempt:
    """One sign-in that has begun; the browser stores it, signed, until it comes back."""

    state: str
    nonce: str
    verifier: str
    following: str
    until: int


class People:
    """Reads who a token is about. `groups_claim` and `name_claim` are names of its claims."""

    def __init__(self, groups: Groups, groups_claim: str, name_claim: str) -> None:
        self._groups = groups
        self._groups_claim = groups_claim
        self._name_claim = name_claim

    def caller(self, claims: Mapping[str, Any], method: Method) -> Caller:
        """The caller. Raises BadToken where none of the groups has a role, or a namespace."""
        verified = self._name_claim != "email" or claims.get("email_verified") is not False
        name = str((claims.get(self._name_claim) if verified else None) or claims["sub"])
        found = claims.get(self._groups_claim, [])
        groups = found if isinstance(found, list) else str(found).split()
        names = {name, str(claims["sub"])}
        caller = self._groups.caller(name, method, names, map(str, groups))
        if caller.method == "unknown":
            raise BadToken(caller.problem.rstrip("."))
        return caller


def begin(following: str, until: int) -> Attempt:
    """`until` is when the attempt ends, in microseconds since the epoch."""
    state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
    return Attempt(state, nonce, verifier, following, until)


def address(issuer: Issuer, client: Client, attempt: Attempt) -> str:
    """Where the browser goes to sign in. Raises IssuerUnavailable."""
    challenge = base64.urlsafe_b64encode(hashlib.sha256(attempt.verifier.encode()).digest())
    asked = {
        "response_type": "code",
        "client_id": client.id,
        "redirect_uri": client.redirect_uri,
        "scope": client.scopes,
        "state": attempt.state,
        "nonce": attempt.nonce,
        "code_challenge": challenge.rstrip(b"=").decode(),
        "code_challenge_method": "S256",
    }
    endpoint = str(issuer.about().get("authorization_endpoint", ""))
    return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(asked)}"


def finish(
    issuer: Issuer, client: Client, attempt: Attempt, answer: Mapping[str, str]
) -> dict[str, object]:
    """
    What the issuer says of the person, given the parameters with which the browser came back.

    Raises BadToken where they do not belong to this attempt, IssuerUnavailable.
    """
    if not secrets.compare_digest(answer.get("state", "").encode(), attempt.state.encode()):
        raise BadToken("this sign-in did not begin in this browser, or it is too old")
    if answer.get("iss", issuer.url) != issuer.url:
        raise BadToken("the answer is of another issuer")
    if "code" not in answer:
        raise BadToken(f"the issuer refuses: {answer.get('error', 'it sent no code')[:200]}")
    fields = {
        "grant_type": "authorization_code",
        "code": answer["code"],
        "redirect_uri": client.redirect_uri,
        "code_verifier": attempt.verifier,
        "client_id": client.id,
    }
    login = (client.id, client.secret) if client.secret else None
    found = issuers.exchange(str(issuer.about().get("token_endpoint", "")), fields, login)
    claims = issuer.claims(str(found.get("id_token", "")), client.id)
    if not secrets.compare_digest(str(claims.get("nonce", "")).encode(), attempt.nonce.encode()):
        raise BadToken("the token was made for another sign-in")
    audiences = claims["aud"] if isinstance(claims["aud"], list) else [claims["aud"]]
    if claims.get("azp", client.id) != client.id or (len(audiences) > 1 and "azp" not in claims):
        raise BadToken("the token was made for another client")
    return claims


def logout(issuer: Issuer, client: Client, root: str) -> str | None:
    """Where the browser goes to sign out there too, if the issuer offers it."""
    endpoint = issuer.about().get("end_session_endpoint")
    if not isinstance(endpoint, str):
        return None
    asked = {"client_id": client.id, "post_logout_redirect_uri": root}
    return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(asked)}"
