"""Constructs the processes from the settings; the only module that constructs services."""

from __future__ import annotations

import asyncio
import gc
import logging
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from urllib.parse import quote

import sqlalchemy as sa
from fastapi import FastAPI

from fairlead_bridge import accounts, masking, telemetry, trust
from fairlead_bridge.absorb import Translate
from fairlead_bridge.access import caller as callers
from fairlead_bridge.access.caller import CALLER, PEER, Refusal
from fairlead_bridge.access.identify import Access
from fairlead_bridge.access.origins import Origins
from fairlead_bridge.access.rates import Rates
from fairlead_bridge.channels import settings as channel_settings
from fairlead_bridge.channels.target import ChannelTarget
from fairlead_bridge.condition import Condition
from fairlead_bridge.db.engine import open_database, writing
from fairlead_bridge.db.migrate import migrate
from fairlead_bridge.db.waiting import until_reachable
from fairlead_bridge.errors import BadSettings, IssuerUnavailable
from fairlead_bridge.insight.personal import USUAL
from fairlead_bridge.insight.personal import Rules as PersonalRules
from fairlead_bridge.intake import http, kafka_config
from fairlead_bridge.intake.body import Receive
from fairlead_bridge.intake.commit import Committer
from fairlead_bridge.intake.kafka import Kafka
from fairlead_bridge.mapping import rules_file
from fairlead_bridge.mapping.finding import finder
from fairlead_bridge.mapping.identity import Normaliser
from fairlead_bridge.mapping.translate import Translator
from fairlead_bridge.model import Kind
from fairlead_bridge.monitoring import leaks, personal_file, windows
from fairlead_bridge.monitoring.evaluate import Rules
from fairlead_bridge.monitoring.maintenance import Stored
from fairlead_bridge.monitoring.stated import file as stated_file
from fairlead_bridge.monitoring.stated import store as stated_store
from fairlead_bridge.settings import Settings, environment
from fairlead_bridge.sinks import Target, interests
from fairlead_bridge.sinks import settings as sink_settings
from fairlead_bridge.telemetry import Line
from fairlead_bridge.web import api, headers, live, metrics, needs
from fairlead_bridge.web.audit.recording import Recording
from fairlead_bridge.web.login import routes as login
from fairlead_bridge.web.page import Page


def build(
    settings: Settings,
    on_commit: Callable[[], None] = lambda: None,
    worker: Callable[[], Condition | None] = lambda: None,
) -> App:
    """
    Everything the web process serves, over a database that is created or migrated here.

    `on_commit` is called when events became durable, by another thread; `worker` says how the
    worker process stands, None where there is none. Raises BadSettings.
    """
    engine = build_database(settings, settings.database_wait)
    store_expectations(settings, engine)
    evaluate_personal(settings, engine)
    events = build_intake(settings, engine, on_commit) if "intake" in settings.roles else None
    access = accounts.build_access(settings, engine, api.utc_now)
    sign_in = accounts.build_sign_in(settings, engine, api.utc_now)
    web = build_web(settings, engine, worker)
    web.include_router(login.routes(access, sign_in, settings.frame_ancestors))
    web.state.open_paths = needs.open_paths(web)
    web.mount("/", Page(frame_ancestors=settings.frame_ancestors))
    origins = Origins(settings.allowed_hosts, settings.is_local)
    rates = Rates(settings.key_requests, settings.key_events)
    return App(web, events, engine, origins, access, rates)


def prepare(settings: Settings) -> None:
    """What holds for the whole process: whom it trusts, and what it masks. Raises BadSettings."""
    trust.use(settings.ca_file)
    masking.extend(settings.mask_keys, settings.mask_patterns)


def build_database(settings: Settings, wait: float = 0.0) -> sa.Engine:
    """The database, created or migrated; `wait` is for its server, in seconds. Raises BadSettings."""
    prepare(settings)
    engine = open_database(settings.database_url)
    if wait:
        until_reachable(engine, wait)
    migrate(engine)
    return engine


def build_normaliser(settings: Settings) -> Normaliser:
    """The rules of identity, the user's included. Raises BadSettings."""
    file = settings.identity_rules
    if file is None:
        return Normaliser()
    try:
        return rules_file.normaliser(file.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise BadSettings(f"the identity rules in {file} cannot be read: {error}") from error


def build_translator(settings: Settings) -> Translate:
    """What reads events for `absorb_waiting`. Raises BadSettings."""
    return Translator(build_normaliser(settings))


def build_sinks(settings: Settings) -> list[Target]:
    """The sinks that the settings ask for. Raises BadSettings."""
    prepare(settings)
    return sink_settings.read(environment(settings))


def build_channels(settings: Settings) -> list[ChannelTarget]:
    """The notification channels that the settings ask for. Raises BadSettings."""
    prepare(settings)
    return channel_settings.read(environment(settings), settings.public_url)


def build_intake(
    settings: Settings, engine: sa.Engine, on_commit: Callable[[], None]
) -> http.Intake:
    committer = Committer(
        engine,
        source="http",
        queue_events=settings.queue_events,
        queue_bytes=settings.queue_bytes,
        on_commit=on_commit,
    )
    return http.Intake(
        committer,
        max_body_bytes=settings.max_body_bytes,
        body_timeout=settings.body_timeout,
        queue_bytes=settings.queue_bytes,
    )


def build_kafka(settings: Settings, engine: sa.Engine, now: Callable[[], int]) -> Kafka:
    """What reads events from Kafka; `now` gives microseconds. Raises BadSettings."""
    prepare(settings)
    return Kafka(
        engine,
        settings.kafka_servers,
        settings.kafka_topics,
        settings.kafka_group,
        now,
        config=kafka_config.read(settings.kafka_config),
        namespaces=settings.kafka_namespaces,
        dead_letter_topic=settings.kafka_dead_letter_topic,
    )


def build_interests(settings: Settings) -> dict[str, frozenset[Kind]]:
    """Which sinks and channels want which kinds of entries. Raises BadSettings."""
    return interests([*build_sinks(settings), *build_channels(settings)])


def build_rules(settings: Settings) -> Rules:
    """How incidents are made. Raises BadSettings."""
    return Rules(
        lost_after=settings.lost_after,
        reopen_within=settings.incident_reopen,
        windows=tuple(stored.window for stored in build_windows(settings)),
        identify=finder(build_normaliser(settings)),
        risk_quantile=settings.risk_quantile,
        personal=build_personal(settings),
    )


def store_expectations(settings: Settings, engine: sa.Engine) -> None:
    """
    The database has the expectations of the file, and no others of a file. Raises BadSettings.

    Where no file is given, a process that does not monitor leaves those of another process.
    """
    file = settings.expectations_file
    if file is None and "monitor" not in settings.roles:
        return
    found = stated_file.load(file) if file is not None else []
    with writing(engine) as tx:
        stated_store.replace(tx, found, finder(build_normaliser(settings)), api.utc_now())


def build_personal(settings: Settings) -> PersonalRules:
    """Which tags mean personal data, and where it may be. Raises BadSettings."""
    file = settings.personal_data_file
    return personal_file.load(file) if file is not None else USUAL


def evaluate_personal(settings: Settings, engine: sa.Engine) -> None:
    """What holds personal data is evaluated by the policy of now. Raises BadSettings."""
    rules = build_personal(settings)
    if rules.policy is not None and "monitor" in settings.roles:
        with writing(engine) as tx:
            leaks.touch(tx, rules, api.utc_now())


def build_windows(settings: Settings) -> list[Stored]:
    """The maintenance windows of the file, where there is one. Raises BadSettings."""
    file = settings.maintenance_file
    if file is None:
        return []
    try:
        return [Stored(None, window, reason) for window, reason in windows.read(_text(file))]
    except BadSettings as error:
        raise BadSettings(f"the maintenance windows in {file}: {error}") from error


def _text(file: Path) -> str:
    try:
        return file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadSettings(f"it cannot be read: {error}") from error


def build_web(
    settings: Settings, engine: sa.Engine, worker: Callable[[], Condition | None]
) -> FastAPI:
    """Everything that reads: the API and the metrics."""
    targets = [*build_sinks(settings), *build_channels(settings)]
    sinks = {target.name: target.type for target in targets}
    normalise = build_normaliser(settings)
    web = api.build_api(
        engine,
        settings,
        sinks,
        worker=worker,
        normalise=normalise,
        interests=interests(targets),
        windows=build_windows(settings),
        personal_rules=build_personal(settings),
    )
    web.include_router(metrics.router(engine, list(sinks), worker))
    return web


class App:
    """The web process as an ASGI application: the intake of events, and everything else."""

    def __init__(
        self,
        web: FastAPI,
        events: http.Intake | None,
        engine: sa.Engine,
        origins: Origins,
        access: Access,
        rates: Rates,
    ) -> None:
        self._web = web
        self._events = events
        self._engine = engine
        self._origins = origins
        self._access = access
        self._rates = rates
        self._recording = Recording(engine, api.utc_now)
        web.router.lifespan_context = self._life

    async def __call__(self, scope: http.Scope, receive: Receive, send: http.Send) -> None:
        _once(scope)
        if scope["type"] == "http":
            send = headers.secured(send)
        intake = http.is_ours(scope)
        refusal = await self._refusal(scope, intake) if scope["type"] == "http" else None
        if refusal:
            await http.answer(send, refusal.status, refusal.detail, refusal.headers)
        elif self._events and intake:
            await self._events(scope, receive, send, self._count_events(scope))
        elif scope["type"] == "http":
            await self._web(scope, *self._recording.around(scope, receive, send))
        else:
            await self._web(scope, receive, send)

    async def _refusal(self, scope: http.Scope, intake: bool) -> Refusal | None:
        """Why the request is refused before anything of it is read; else its caller is in the scope."""
        sent = {name: value.decode("latin-1") for name, value in scope["headers"]}
        refusal = self._origins.refusal(scope["method"], sent, intake=intake)
        if refusal:
            return refusal
        try:
            again = scope[live.AGAIN] = partial(self._access.identify, sent, _peer(scope))
            caller = scope[CALLER] = await again()
        except (sa.exc.DBAPIError, IssuerUnavailable) as error:
            telemetry.say(Line.QUERY_FAILED, logging.ERROR, reason=error)
            return _BUSY
        if caller.method == "session" and not self._origins.is_own(scope["method"], sent):
            return _NOT_FROM_PAGE
        if not intake and _path(scope) in self._web.state.open_paths:
            return None
        if intake or _path(scope).startswith(api.PREFIX):
            refusal = self._rates.refusal(caller, _peer(scope), sends=intake)
            if refusal:
                return refusal
        if intake:
            return callers.refusal(caller, "sender")
        refusal = callers.refusal(caller, None)
        return _to_login(scope) if refusal and _shows_page(scope, sent) else refusal

    def _count_events(self, scope: http.Scope) -> Callable[[int], None]:
        return lambda count: self._rates.count_events(scope[CALLER], _peer(scope), count)

    def hang_up(self) -> None:
        """End the streams that pages listen to: a server that stops waits for open answers."""
        self._web.state.live.close()

    @asynccontextmanager
    async def _life(self, _web: FastAPI) -> AsyncIterator[Mapping[str, object]]:
        if self._events:
            self._events.committer.start()
        gc.freeze()  # what is there now stays: collections need not look at it again
        yield {}
        if self._events:
            await self._events.committer.stop()
        await asyncio.to_thread(self._engine.dispose)


def _peer(scope: http.Scope) -> str:
    """The address that the connection came from, whatever its headers say."""
    peer: str | None = scope.get(PEER)
    client = scope.get("client")
    return peer or (client[0] if client else "")


def _path(scope: http.Scope) -> str:
    path: str = scope["path"]
    return path.removeprefix(scope.get("root_path", ""))


def _shows_page(scope: http.Scope, headers: Mapping[bytes, str]) -> bool:
    """Whether a person would see the answer: a browser opens a page."""
    return scope["method"] == "GET" and "text/html" in headers.get(b"accept", "")


def _to_login(scope: http.Scope) -> Refusal:
    query = scope["query_string"].decode("latin-1")
    following = quote(f"{_path(scope)}?{query}" if query else _path(scope), safe="")
    location = f"{scope.get('root_path', '')}/login?next={following}"
    return Refusal(303, "Sign in.", ((b"location", location.encode("ascii")),))


_NOT_FROM_PAGE = Refusal(
    403, "Only the page changes something in a session. Programs send an API key instead."
)
_BUSY = Refusal(
    503, "It cannot be found out now who you are. Try again later.", ((b"retry-after", b"5"),)
)


def _once(scope: http.Scope) -> None:
    """
    The root path once in the address: the server puts it before what was asked, and a proxy that
    hands addresses on as they are has left it there.
    """
    root = scope.get("root_path")
    if root and scope["path"].startswith(f"{root}{root}/"):
        scope["path"] = scope["path"].removeprefix(root)
        scope["raw_path"] = scope["raw_path"].removeprefix(root.encode("ascii"))
