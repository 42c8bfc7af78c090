"""The REST API: every route, its errors in sentences, and the one document that describes it."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from importlib.metadata import version
from typing import Any

import sqlalchemy as sa
from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.utils import get_openapi
from fastapi.responses import HTMLResponse, JSONResponse
from starlette.routing import BaseRoute

from fairlead_bridge import outbox, telemetry
from fairlead_bridge.condition import Condition
from fairlead_bridge.db.engine import reason
from fairlead_bridge.documents import Json
from fairlead_bridge.errors import Conflict, NotFound, TooExpensive
from fairlead_bridge.insight.personal import USUAL, Rules
from fairlead_bridge.mapping.finding import finder
from fairlead_bridge.mapping.identity import Identity, Normaliser
from fairlead_bridge.monitoring.maintenance import Stored
from fairlead_bridge.settings import Settings
from fairlead_bridge.telemetry import Line
from fairlead_bridge.web import catalog_metrics, live, needs, reference
from fairlead_bridge.web.audit import routes as audit
from fairlead_bridge.web.base import Problem
from fairlead_bridge.web.contracts import routes as contracts
from fairlead_bridge.web.datasets import routes as datasets
from fairlead_bridge.web.declarations import routes as declarations
from fairlead_bridge.web.events import routes as events
from fairlead_bridge.web.expectations import routes as expectations
from fairlead_bridge.web.forgetting import routes as forgetting
from fairlead_bridge.web.health import routes as health
from fairlead_bridge.web.impact import routes as impact
from fairlead_bridge.web.impact import schema_check
from fairlead_bridge.web.incidents import routes as incidents
from fairlead_bridge.web.jobs import routes as jobs
from fairlead_bridge.web.keys import routes as keys
from fairlead_bridge.web.lineage import graph
from fairlead_bridge.web.lineage import routes as lineage
from fairlead_bridge.web.login import routes as login
from fairlead_bridge.web.operations import routes as operations
from fairlead_bridge.web.outlook import routes as outlook
from fairlead_bridge.web.overview import routes as overview
from fairlead_bridge.web.parameters import Catalog, Clock, only_known_parameters
from fairlead_bridge.web.personal import routes as personal
from fairlead_bridge.web.reliability import routes as reliability
from fairlead_bridge.web.runs import routes as runs

PREFIX = "/api/v1"

_PARTS = (
    health.router,
    operations.router,
    events.router,
    runs.router,
    jobs.router,
    datasets.router,
    lineage.router,
    graph.router,
    impact.router,
    schema_check.router,
    personal.router,
    contracts.router,
    outlook.router,
    expectations.router,
    declarations.router,
    forgetting.router,
    incidents.router,
    reliability.router,
    overview.router,
    live.router,
    login.router,
    audit.router,
    keys.router,
)

_PROBLEMS: dict[int | str, dict[str, Any]] = {
    400: {"model": Problem, "description": "The cursor is not one of ours."},
    404: {"model": Problem, "description": "There is no such thing."},
    422: {"model": Problem, "description": "A parameter is wrong; `detail` says how to write it."},
}


def utc_now() -> int:
    """Microseconds since the epoch."""
    return time.time_ns() // 1000


def build_api(
    engine: sa.Engine,
    settings: Settings,
    sinks: Mapping[str, str] | None = None,
    clock: Clock = utc_now,
    worker: Callable[[], Condition | None] = lambda: None,
    normalise: Callable[[str, str], Identity] | None = None,
    interests: outbox.Interests | None = None,
    windows: Sequence[Stored] = (),
    personal_rules: Rules = USUAL,
) -> FastAPI:
    """
    The API as an application: `/api/v1/...`, `/openapi.json`, and `/docs` to read it.

    `sinks` has the kind of each sink by its name; `worker` says how the worker process stands,
    None where there is none. Intake (`POST /api/v1/lineage`) is not in it,
    but described by it.
    `normalise` gives datasets their names. `interests` says which sinks and channels want which
    kinds of entries; `windows` are the maintenance windows of the file; `personal_rules` say what personal data is. `app.state.live.close()` ends the streams that pages listen to.
    """
    identify = finder(normalise or Normaliser())
    file_windows = tuple(each.window for each in windows)
    catalog = Catalog(
        engine,
        settings.lost_after,
        clock,
        identify,
        settings.risk_quantile,
        file_windows,
        settings.read_seconds,
        personal_rules,
        settings.stale_days,
    )
    app = FastAPI(
        title="Fairlead",
        version=version("fairlead-bridge"),
        summary="What made a table, when, how long it took, and who is affected.",
        docs_url=None,  # FastAPI's pages load scripts from elsewhere
        redoc_url=None,
        openapi_url=None,  # FastAPI's route declares no role
    )
    kinds = sinks or {}
    app.state.catalog = catalog
    app.state.sinks = kinds
    app.state.interests = interests or {}
    app.state.windows = windows
    app.state.live = live.Live(catalog)
    app.state.check = health.Check(catalog, health.Self(settings.roles, kinds, worker))
    app.state.catalog_metrics = catalog_metrics.CatalogMetrics(
        catalog, settings.metrics_patterns, settings.metrics_limit
    )
    app.router.routes.extend(_routes())
    app.add_exception_handler(NotFound, _not_found)
    app.add_exception_handler(Conflict, _conflict)
    app.add_exception_handler(TooExpensive, _too_expensive)
    app.add_exception_handler(RequestValidationError, _wrong)
    app.add_exception_handler(sa.exc.OperationalError, _no_database)
    app.openapi = lambda: _openapi(app)  # type: ignore[method-assign]
    return app


@cache
def _routes() -> Sequence[BaseRoute]:
    """The routes of every bridge; FastAPI takes long to build them."""
    every = APIRouter()
    for part in _PARTS:
        every.include_router(
            part,
            prefix=PREFIX,
            responses=_PROBLEMS,
            dependencies=[Depends(only_known_parameters)],
        )
    for part in (health.probe, catalog_metrics.router, _documents):
        every.include_router(part)
    return every.routes


_documents = APIRouter(
    include_in_schema=False, dependencies=[needs.needs("viewer", shows="nothing")]
)


@_documents.get("/docs")
def docs(request: Request) -> HTMLResponse:
    return HTMLResponse(reference.page(request.app.openapi()), headers=reference.headers())


@_documents.get("/openapi.json")
def openapi(request: Request) -> JSONResponse:
    return JSONResponse(request.app.openapi())


def _not_found(_request: Request, error: Exception) -> JSONResponse:
    return JSONResponse({"detail": _as_sentence(error)}, status_code=404)


def _conflict(_request: Request, error: Exception) -> JSONResponse:
    return JSONResponse({"detail": _as_sentence(error)}, status_code=409)


def _too_expensive(_request: Request, error: Exception) -> JSONResponse:
    return JSONResponse({"detail": _as_sentence(error)}, status_code=422)


def _as_sentence(error: Exception) -> str:
    text = str(error)
    return f"{text[:1].upper()}{text[1:]}."


def _no_database(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, sa.exc.OperationalError)  # noqa: S101  (registered for it alone)
    telemetry.say(Line.QUERY_FAILED, logging.ERROR, reason=error)
    detail = f"The database does not answer: {reason(error)}. Try again later."
    return JSONResponse({"detail": detail}, status_code=503, headers={"Retry-After": "5"})


def _wrong(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101  (registered for it alone)
    sentences = [_sentence(problem) for problem in error.errors()]
    return JSONResponse({"detail": " ".join(sentences)}, status_code=422)


def _sentence(problem: Mapping[str, Any]) -> str:
    """
    What is wrong with one parameter.

    >>> _sentence({"loc": ("query", "depth"), "msg": "Input should be a valid integer"})
    'depth: Input should be a valid integer.'
    """
    name = str(problem["loc"][-1])
    if problem.get("type") == "missing":
        return f"{name} is missing: this address needs it."
    return f"{name}: {problem['msg']}."


def _openapi(app: FastAPI) -> Json:
    if app.openapi_schema is None:
        described = get_openapi(
            title=app.title, version=app.version, summary=app.summary, routes=app.routes
        )
        for path, methods in reference.INTAKE.items():
            described["paths"].setdefault(path, {}).update(methods)
            needs.describe_operation(methods["post"], "sender")
        needs.describe(app, described)
        app.openapi_schema = described
    return app.openapi_schema
