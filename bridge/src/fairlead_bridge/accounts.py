"""Constructs from the settings what recognises callers and signs people in."""

from __future__ import annotations

from collections.abc import Callable

import sqlalchemy as sa

from fairlead_bridge.access.caller import Caller
from fairlead_bridge.access.groups import Groups
from fairlead_bridge.access.identify import Access
from fairlead_bridge.access.issuer import Issuer
from fairlead_bridge.access.openid import Client, People
from fairlead_bridge.access.proxy import Proxy
from fairlead_bridge.access.signin import SignIn
from fairlead_bridge.errors import BadSettings
from fairlead_bridge.settings import Settings

Clock = Callable[[], int]


def build_access(settings: Settings, engine: sa.Engine, clock: Clock) -> Access:
    """Who callers are. Raises BadSettings where everyone who reaches the address would be let in."""
    keys = [key.get_secret_value() for key in settings.api_keys]
    if keys and "none" in settings.auth:
        raise BadSettings(
            "FAIRLEAD_AUTH=none asks for no keys, and FAIRLEAD_API_KEYS has some: set one of the two"
        )
    if not (keys or settings.auth or settings.is_local):
        raise BadSettings(
            f"{settings.host} can be reached from other machines, and nothing asks who they are: set "
            "FAIRLEAD_AUTH=keys and create keys with `fairlead-bridge keys create`, or "
            "FAIRLEAD_AUTH=none if everyone who reaches it may read and change everything"
        )
    return Access(
        engine,
        clock,
        is_open=not keys and settings.auth in ((), ("none",)),
        bootstrap=keys,
        session_seconds=_session_seconds(settings),
        tokens=_tokens(settings),
        proxy=_proxy(settings),
    )


def build_sign_in(settings: Settings, engine: sa.Engine, clock: Clock) -> SignIn | None:
    """What signs people in with their company's account, if they can. Raises BadSettings."""
    if "oidc" not in settings.auth or settings.oidc_client_id is None:
        return None
    if settings.public_url is None:
        raise BadSettings(
            "FAIRLEAD_OIDC_CLIENT_ID needs FAIRLEAD_PUBLIC_URL: the issuer leads people back there"
        )
    page = settings.public_url.rstrip("/")
    secret = settings.oidc_client_secret
    client = Client(
        settings.oidc_client_id,
        secret.get_secret_value() if secret else "",
        f"{page}/login/callback",
        settings.oidc_scopes,
    )
    return SignIn(
        engine,
        clock,
        _issuer(settings),
        client,
        _people(settings),
        _session_seconds(settings),
        page,
    )


def _tokens(settings: Settings) -> Callable[[str], Caller] | None:
    if "oidc" not in settings.auth:
        return None
    issuer, people = _issuer(settings), _people(settings)
    audience = settings.oidc_audience
    if audience is None:
        if settings.oidc_client_id is None:
            raise BadSettings(
                "FAIRLEAD_AUTH=oidc needs FAIRLEAD_OIDC_CLIENT_ID for people, or FAIRLEAD_OIDC_AUDIENCE "
                "for tokens of programs"
            )
        return None
    return lambda token: people.caller(issuer.claims(token, audience), "token")


def _issuer(settings: Settings) -> Issuer:
    if settings.oidc_issuer is None:
        raise BadSettings("FAIRLEAD_AUTH=oidc needs FAIRLEAD_OIDC_ISSUER")
    return Issuer(settings.oidc_issuer)


def _people(settings: Settings) -> People:
    groups = _groups(settings)
    return People(groups, settings.oidc_groups_claim, settings.oidc_name_claim)


def _groups(settings: Settings) -> Groups:
    if not settings.group_roles:
        raise BadSettings(
            "FAIRLEAD_GROUP_ROLES says who may do what, such as data-team=editor,*=viewer: set it"
        )
    return Groups(settings.group_roles, settings.group_namespaces)


def _proxy(settings: Settings) -> Proxy | None:
    if "proxy" not in settings.auth:
        return None
    return Proxy(
        settings.proxy_addresses,
        settings.proxy_user_header,
        settings.proxy_groups_header,
        _groups(settings),
    )


def _session_seconds(settings: Settings) -> int:
    return int(settings.session_hours * 3600)
