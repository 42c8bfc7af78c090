"""
The channels and routes of a TOML file, or of a variable with the same as JSON.

    [[channel]]
    name = "data-team"
    type = "slack"
    url_env = "SLACK_WEBHOOK"

    [[route]]
    owner = "data-team"
    channels = ["data-team"]

Secrets are named, never written: for a setting `url`, write `url_env` (a variable of the
environment) or `url_file` (a file that holds nothing else).
"""

from __future__ import annotations

import difflib
import json
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar
from zoneinfo import ZoneInfo

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from fairlead_bridge.access.scope import scope_of
from fairlead_bridge.channels import Channel
from fairlead_bridge.channels.apprise import Apprise
from fairlead_bridge.channels.base import ChannelSettings, DigestSettings, QuietSettings
from fairlead_bridge.channels.lines import line_of
from fairlead_bridge.channels.mail import Email
from fairlead_bridge.channels.message import Writer
from fairlead_bridge.channels.pagerduty import PagerDuty
from fairlead_bridge.channels.routes import Route
from fairlead_bridge.channels.slack import Slack
from fairlead_bridge.channels.target import ChannelTarget, Pusher
from fairlead_bridge.channels.teams import Teams
from fairlead_bridge.channels.webhook import Webhook
from fairlead_bridge.documents import Json
from fairlead_bridge.errors import BadSetting, BadSettings
from fairlead_bridge.model import CHANNELS
from fairlead_bridge.sinks.settings import secret_fields, with_secrets

FILE, INLINE = "FAIRLEAD_NOTIFICATIONS_FILE", "FAIRLEAD_NOTIFICATIONS"
TYPES: Json = {
    "webhook": Webhook,
    "email": Email,
    "slack": Slack,
    "teams": Teams,
    "pagerduty": PagerDuty,
    "apprise": Apprise,
}
#: Incidents claimed at once; each is recorded as soon as it is sent.
_BATCH = 500
#: Seconds in which a worker sends what it claimed, and after which another may claim it.
_BUDGET, _LEASE = 25.0, 75.0


#: Settings that are tables.
_PARTS: dict[str, type[BaseModel]] = {"quiet": QuietSettings, "digest": DigestSettings}
T = TypeVar("T", bound=BaseModel)


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


Patterns = Annotated[tuple[str, ...], BeforeValidator(_listed)]


class RouteSettings(BaseModel):
    """Which incidents go to which channels."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    channels: Patterns = Field(min_length=1)
    owner: Patterns = ()
    tag: Patterns = ()
    namespace: Patterns = ()
    dag: Patterns = ()
    dataset: Patterns = ()
    severity: Literal["warning", "critical"] | None = None
    last: bool = False


@dataclass(frozen=True)
class _Source:
    """What was written, and where, for messages about it."""

    origin: str
    text: str | None  # of a TOML file
    parts: Mapping[str, Any]

    def wrong(self, path: Sequence[str | int], message: str) -> BadSettings:
        line = line_of(self.text, path) if self.text is not None else None
        where = f"{self.origin}:{line}" if line else self.origin
        return BadSettings(f"{where}: {self._name(path)}: {message}")

    def _name(self, path: Sequence[str | int]) -> str:
        """`channel "data-team": digest.at`, and the number where a channel has no name."""
        if len(path) < 2 or not isinstance(path[1], int):
            return ".".join(map(str, path))
        part = self.parts[str(path[0])][path[1]]
        name = part.get("name") if isinstance(part, Mapping) else None
        head = f'{path[0]} "{name}"' if name else f"{path[0]} number {path[1] + 1}"
        return ": ".join([head, *([".".join(map(str, path[2:]))] if path[2:] else [])])


def read(environ: Mapping[str, str], public_url: str | None = None) -> list[ChannelTarget]:
    """
    Return the channels that the environment asks for. `public_url` is the page's address, for links.

    Raises BadSettings, which names file, line, channel and setting, and says what to write.
    """
    source = _source(environ)
    if source is None:
        return []
    unknown = [name for name in source.parts if name not in ("channel", "route")]
    if unknown:
        raise source.wrong((unknown[0],), "unknown table; write [[channel]] and [[route]]")
    channels = _tables(source, "channel")
    settings = [_channel(source, number, raw, environ) for number, raw in enumerate(channels)]
    _refuse_doubles(source, settings)
    routes = _routes(source, settings)
    return [
        _target(source, number, item, routes, public_url)
        for number, item in enumerate(settings)
        if item.enabled
    ]


def _source(environ: Mapping[str, str]) -> _Source | None:
    path, inline = environ.get(FILE), environ.get(INLINE)
    if path and inline:
        raise BadSettings(f"{FILE} and {INLINE} are both set: use one")
    if inline:
        return _Source(INLINE, None, _loaded(INLINE, inline, json.loads, "JSON"))
    if not path:
        return None
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadSettings(f"{FILE}={path} cannot be read: {error}") from error
    return _Source(path, text, _loaded(path, text, tomllib.loads, "TOML"))


def _loaded(origin: str, text: str, load: Callable[[str], Any], form: str) -> Mapping[str, Any]:
    try:
        found = load(text)
    except ValueError as error:
        raise BadSettings(f"{origin} is not {form}: {error}") from error
    if not isinstance(found, Mapping):
        raise BadSettings(f'{origin} must be an object: {{"channel": [...], "route": [...]}}')
    return found


def _tables(source: _Source, name: str) -> list[Mapping[str, Any]]:
    found = source.parts.get(name, [])
    if not isinstance(found, list) or not all(isinstance(item, Mapping) for item in found):
        raise source.wrong((name,), f"must be an array of tables; write [[{name}]] above each")
    return found


def _channel(
    source: _Source, number: int, raw: Mapping[str, Any], environ: Mapping[str, str]
) -> ChannelSettings:
    path = ("channel", number)
    kind = raw.get("type")
    if kind not in TYPES:
        problem = f"no such type: {json.dumps(kind)}" if "type" in raw else "is missing"
        raise source.wrong((*path, "type"), f"{problem}; there are {', '.join(sorted(TYPES))}")
    model: type[ChannelSettings] = TYPES[str(kind)].Settings
    try:
        plain = with_secrets("", raw, model, environ)
    except BadSetting as error:
        raise source.wrong((*path, error.field), error.problem) from None
    return _validated(source, path, model, plain)


def _routes(source: _Source, channels: Sequence[ChannelSettings]) -> tuple[Route, ...]:
    raw = _tables(source, "route")
    if not raw:  # every channel receives everything
        return (Route(tuple(channel.name for channel in channels)),)
    found = []
    for number, item in enumerate(raw):
        route = _validated(source, ("route", number), RouteSettings, item)
        _refuse_unknown(source, number, route, [channel.name for channel in channels])
        found.append(Route(**route.model_dump()))
    used = {name for route in found for name in route.channels}
    for number, channel in enumerate(channels):
        if channel.enabled and channel.name not in used:
            message = "no [[route]] leads to it; add one, or write enabled = false"
            raise source.wrong(("channel", number), message)
    return tuple(found)


def _validated(source: _Source, path: tuple[str, int], model: type[T], raw: Mapping[str, Any]) -> T:
    try:
        return model.model_validate(raw)
    except ValidationError as error:
        # A misspelt setting explains the one that is missing.
        first = min(error.errors(include_url=False), key=lambda it: it["type"] != "extra_forbidden")
        where = [part for part in first["loc"] if not (isinstance(part, int))]
        raise source.wrong((*path, *where), _message(first, model)) from None


def _message(error: Any, model: type[BaseModel]) -> str:
    """What is wrong with one setting, and what to write instead."""
    if error["type"] == "extra_forbidden":
        known = _written(_PARTS.get(str(error["loc"][0]), model))
        close = difflib.get_close_matches(str(error["loc"][-1]), known, 1)
        hint = f"did you mean {close[0]}?" if close else f"known are {', '.join(known)}"
        return f"unknown setting; {hint}"
    if error["type"] == "missing":
        name = str(error["loc"][-1])
        return f"is missing; write {name}_env" if name in secret_fields(model) else "is missing"
    message = str(error["msg"]).removeprefix("Value error, ")
    if error["type"] == "string_pattern_mismatch":
        return "write letters, digits, '-', '_' and '.', 64 at most"
    return f"{message[:1].lower()}{message[1:]}"


def _written(model: type[BaseModel]) -> list[str]:
    """The settings as they are written in a file."""
    secret = secret_fields(model)
    names = {field.alias or name: name for name, field in model.model_fields.items()}
    return [f"{shown}_env" if name in secret else shown for shown, name in names.items()]


def _refuse_doubles(source: _Source, channels: Sequence[ChannelSettings]) -> None:
    seen: set[str] = set()
    for number, channel in enumerate(channels):
        if channel.name in seen:
            raise source.wrong(("channel", number, "name"), "is taken; names must differ")
        seen.add(channel.name)


def _refuse_unknown(
    source: _Source, number: int, route: RouteSettings, known: Sequence[str]
) -> None:
    for name in route.channels:
        if name not in known:
            close = difflib.get_close_matches(name, known, 1)
            hint = f'did you mean "{close[0]}"?' if close else f"there are: {', '.join(known)}"
            raise source.wrong(("route", number, "channels"), f'no channel "{name}"; {hint}')


def _target(
    source: _Source,
    number: int,
    settings: ChannelSettings,
    routes: tuple[Route, ...],
    public_url: str | None,
) -> ChannelTarget:
    try:
        channel: Channel = TYPES[settings.type](settings)
    except BadSettings as error:
        raise source.wrong(("channel", number), str(error)) from error
    if settings.digest is not None and not channel.collects:
        message = f"a channel of type {settings.type} has no digests; remove the setting"
        raise source.wrong(("channel", number, "digest"), message)
    pusher = Pusher(channel, Writer(ZoneInfo(settings.zone), public_url, settings.affected))
    return ChannelTarget(
        name=f"{CHANNELS}{settings.name}",
        type=settings.type,
        sink=pusher,
        pusher=pusher,
        kinds=frozenset({"incident"}),
        batch=_BATCH,
        attempts=settings.attempts,
        budget=_BUDGET,
        lease=_LEASE,
        channel=settings.name,
        routes=routes,
        schedule=settings.schedule,
        scope=scope_of(settings.namespaces),
    )
