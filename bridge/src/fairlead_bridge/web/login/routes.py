"""Signing in with a key, signing out, and who is signed in."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import parse_qs

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, RedirectResponse

from fairlead_bridge.access import sessions
from fairlead_bridge.access.caller import CALLER, ROLES, Caller, refusal
from fairlead_bridge.access.identify import Access
from fairlead_bridge.access.sessions import COOKIE
from fairlead_bridge.access.signin import COOKIE as ATTEMPT
from fairlead_bridge.access.signin import SECONDS, SignIn
from fairlead_bridge.errors import BadToken, IssuerUnavailable
from fairlead_bridge.web.base import Answer
from fairlead_bridge.web.login import page
from fairlead_bridge.web.needs import CalledBy, needs

#: Bytes of the form at most.
_FORM = 16 << 10


class Who(Answer):
    """Who asks. `method` is `open` where the bridge asks for nothing."""

    name: str
    method: str
    roles: list[str]
    namespaces: list[str]


def routes(access: Access, company: SignIn | None, ancestors: Sequence[str]) -> APIRouter:
    """
    `/login` and `/logout`. `company` signs people in with their company's account, where it can;
    `ancestors` are the origins that may show the page in a frame.
    """
    router = APIRouter(include_in_schema=False, dependencies=[needs("anyone", shows="nothing")])

    @router.get("/login")
    def login(request: Request, next: str = "/") -> Response:
        return page.document(_root(request), _inside(next), ancestors, company is not None)

    @router.post("/login")
    async def sign_in(request: Request) -> Response:
        form = await _form(request)
        root, following = _root(request), _inside(form.get("next", "/"))
        caller, cookie = await run_in_threadpool(access.sign_in, form.get("key", "").strip())
        request.scope[CALLER] = caller  # as the audit log has it
        problem = _problem(caller)
        if problem:
            return page.document(root, following, ancestors, company is not None, problem, 401)
        response = RedirectResponse(f"{root}{following}", 303)
        _set(response, request, COOKIE, cookie, access.session_seconds)
        return response

    @router.post("/logout")
    def sign_out(request: Request) -> Response:
        access.sign_out({b"cookie": request.headers.get("cookie", "")})
        elsewhere = company.logout() if company else None
        response = JSONResponse({"next": elsewhere or f"{_root(request)}/login"})
        response.delete_cookie(COOKIE, path=_root(request) or "/")
        return response

    if company is not None:
        _with_company(router, company, ancestors)
    return router


def _with_company(router: APIRouter, company: SignIn, ancestors: Sequence[str]) -> None:
    @router.get("/login/start")
    def start(request: Request, next: str = "/") -> Response:
        try:
            address, cookie = company.begin(_inside(next))
        except IssuerUnavailable as error:
            return page.document(
                _root(request), _inside(next), ancestors, True, _sentence(error), 503
            )
        response = RedirectResponse(address, 303)
        _set(response, request, ATTEMPT, cookie, SECONDS)
        return response

    @router.get("/login/callback")
    def come_back(request: Request) -> Response:
        cookie = sessions.cookie({b"cookie": request.headers.get("cookie", "")}, ATTEMPT)
        root = _root(request)
        try:
            caller, following, session = company.finish(dict(request.query_params), cookie)
        except (BadToken, IssuerUnavailable) as error:
            return page.document(root, "/", ancestors, True, _sentence(error), 401)
        request.scope[CALLER] = caller
        if refusal(caller, "viewer"):
            return page.document(root, "/", ancestors, True, "You may only send events.", 403)
        response = RedirectResponse(f"{root}{following}", 303)
        response.delete_cookie(ATTEMPT, path=root or "/")
        _set(response, request, COOKIE, session, company.session_seconds)
        return response


def _set(response: Response, request: Request, name: str, value: str, seconds: int) -> None:
    response.set_cookie(
        name,
        value,
        max_age=seconds,
        path=_root(request) or "/",
        secure=request.url.scheme == "https",
        httponly=True,
        samesite="lax",
    )


def _sentence(error: Exception) -> str:
    text = str(error)
    return f"{text[:1].upper()}{text[1:]}."


router = APIRouter(tags=["operations"], dependencies=[needs("viewer", shows="nothing")])


@router.get("/session")
def get_session(caller: CalledBy) -> Who:
    """Who asks, with which roles."""
    return Who(
        name=caller.name,
        method=caller.method,
        roles=[role for role in ROLES if role in caller.roles],
        namespaces=list(caller.namespaces.patterns),
    )


def _problem(caller: Caller) -> str:
    """Why the caller cannot sign in, if they cannot."""
    if caller.method == "unknown":
        return "This key is not known, or it is expired or revoked."
    return "This key may only send events." if refusal(caller, "viewer") else ""


def _root(request: Request) -> str:
    return str(request.scope.get("root_path", ""))


def _inside(address: str) -> str:
    """An address of this server; the start page instead of one elsewhere.

    >>> [_inside(each) for each in ("/runs?state=failed", "//evil.example", "https://evil.example")]
    ['/runs?state=failed', '/', '/']
    """
    plain = address.isprintable() and "\\" not in address
    return address if plain and address[:1] == "/" and address[1:2] != "/" else "/"


async def _form(request: Request) -> dict[str, str]:
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > _FORM:
            return {}
    fields = parse_qs(body.decode("latin-1"))
    return {name: values[0] for name, values in fields.items()}
