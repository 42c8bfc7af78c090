"""
Reads the configured sinks, from one TOML file or from the environment.

    [sinks.marquez]
    type = "openlineage"
    preset = "marquez"
    url = "http://marquez:5000"

Secrets are named, never written: for a setting `token`, write `token_env` (a variable of the
environment) or `token_file` (a file that holds nothing else).
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping, Sequence
from importlib.metadata import entry_points
from pathlib import Path
from typing import Annotated, Any, ClassVar, Protocol, get_args
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, ValidationError

from fairlead_bridge.documents import Json
from fairlead_bridge.errors import BadSetting, BadSettings
from fairlead_bridge.model import Kind
from fairlead_bridge.sinks import Sink, Target
from fairlead_bridge.sinks.naming import Rule

GROUP = "fairlead_bridge.sinks"
FILE, INLINE = "FAIRLEAD_SINKS_FILE", "FAIRLEAD_SINKS"


def _http(url: str) -> str:
    if urlsplit(url).scheme not in ("http", "https"):
        raise ValueError("must begin with http:// or https://")
    return url


#: The address of a service.
Url = Annotated[str, AfterValidator(_http)]


class SinkSettings(BaseModel):
    """Settings of every sink; a sink's own settings derive from it."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    type: str
    enabled: bool = True
    kinds: frozenset[Kind] | None = Field(
        default=None,
        description='of "dataset", "job", "run", "event", "incident"; all that the sink can show',
    )
    namespaces: tuple[str, ...] = Field(
        ("*",), description="shell patterns; of jobs for jobs, runs and events"
    )
    batch: int = Field(100, ge=1, le=10_000, description="entries in one go")
    attempts: int = Field(20, ge=1, description="for an entry that fails while others are taken")
    concurrency: int = Field(4, ge=1, le=32, description="requests at once, at most")
    rate: float | None = Field(default=None, gt=0, description="requests a second, at most")
    timeout: float = Field(30.0, gt=0, description="seconds to wait for an answer")
    verify: bool | str = Field(True, description="check certificates; or the path of a CA bundle")
    retire_after_days: float | None = Field(
        default=None, gt=0, description="remove edges that no run showed for this many days"
    )
    naming: tuple[Rule, ...] = Field((), description="asked before the file's own [[naming]]")


class _FileSecret(SecretStr):
    """A secret that is read when it is needed, so that a renewed file needs no restart."""

    def __init__(self, where: str, path: object) -> None:
        self._where, self._path = where, Path(str(path))
        super().__init__(self.get_secret_value())

    def get_secret_value(self) -> str:
        """What the file holds now. Raises BadSettings where it cannot be read."""
        try:
            return self._path.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise BadSettings(
                f"{self._where}_file: {self._path} cannot be read: {error}"
            ) from error


class SinkType(Protocol):
    """What an entry point of the group `fairlead_bridge.sinks` names."""

    Settings: ClassVar[type[SinkSettings]]

    def __call__(self, name: str, settings: object) -> Sink: ...


def types() -> tuple[str, ...]:
    """The names of the types of sinks that are installed, ours and other packages'."""
    return tuple(sorted(point.name for point in entry_points(group=GROUP)))


def load(where: str, name: object) -> SinkType:
    """The type of sink of that name. Raises BadSettings where there is none, or it is broken."""
    for point in entry_points(group=GROUP):
        if point.name == name:
            try:
                found: SinkType = point.load()
            except (ImportError, AttributeError) as error:
                raise BadSettings(f"{where}: {point.value} cannot be loaded: {error}") from error
            return found
    raise BadSettings(f"{where}: no such sink: {name!r}; there are {', '.join(types())}")


def read(environ: Mapping[str, str]) -> list[Target]:
    """Return the configured sinks, ready for delivery. Raises BadSettings."""
    return targets(_asked(environ), environ)


def targets(asked: Mapping[str, Any], environ: Mapping[str, str]) -> list[Target]:
    """
    As `read`, from what a file would say: `{"sinks": {name: {...}}, "naming": [...]}`.

    Raises BadSettings where that means nothing to us.
    """
    unknown = sorted(set(asked) - {"sinks", "naming"})
    if unknown:
        raise BadSettings(f"no such part in the settings of sinks: {', '.join(unknown)}")
    sinks = asked.get("sinks", {})
    if not isinstance(sinks, Mapping):
        raise BadSettings("`sinks` must be a table of sinks by their names")
    shared = asked.get("naming", [])
    built = [_target(name, raw, shared, environ) for name, raw in sinks.items()]
    return [target for target in built if target is not None]


def _asked(environ: Mapping[str, str]) -> dict[str, object]:
    path, inline = environ.get(FILE), environ.get(INLINE)
    if path and inline:
        raise BadSettings(f"{FILE} and {INLINE} are both set: use one")
    if inline:
        try:
            asked = json.loads(inline)
        except ValueError as error:
            raise BadSettings(f"{INLINE} is not JSON: {error}") from error
        if not isinstance(asked, dict):
            raise BadSettings(f"{INLINE} must be a JSON object of sinks by their names")
        return asked if "sinks" in asked else {"sinks": asked}
    if not path:
        return {}
    try:
        return tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise BadSettings(f"{FILE}={path} cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadSettings(f"{FILE}={path} is not TOML: {error}") from error


def _target(
    name: str, raw: object, shared: Sequence[Any], environ: Mapping[str, str]
) -> Target | None:
    if not isinstance(raw, Mapping):
        raise BadSettings(f"sinks.{name} must be a table with a `type`")
    found = load(f"sinks.{name}.type", raw.get("type"))
    model = found.Settings
    plain = with_secrets(f"sinks.{name}.", raw, model, environ)
    plain["naming"] = [*plain.get("naming", ()), *shared]
    try:
        settings = model.model_validate(plain)
    except ValidationError as error:
        raise BadSettings(_explained(name, error)) from error
    if not settings.enabled:
        return None
    sink = found(name, settings)
    kinds = settings.kinds if settings.kinds is not None else sink.kinds
    if not kinds <= sink.kinds:
        cannot = ", ".join(sorted(kinds - sink.kinds))
        raise BadSettings(
            f"sinks.{name}.kinds: a sink of type {settings.type} does not take {cannot}"
        )
    return Target(
        name=name,
        type=settings.type,
        sink=sink,
        kinds=kinds,
        batch=settings.batch,
        attempts=settings.attempts,
        namespaces=settings.namespaces,
        retracts=settings.retire_after_days is not None,
    )


def secret_fields(model: type[BaseModel]) -> tuple[str, ...]:
    """The settings that are secrets, which are named and not written."""
    return tuple(
        name
        for name, about in model.model_fields.items()
        if about.annotation is SecretStr or SecretStr in get_args(about.annotation)
    )


def with_secrets(
    prefix: str, raw: Mapping[str, Any], model: type[BaseModel], environ: Mapping[str, str]
) -> Json:
    """
    Return `raw` with each secret in place of the variable or file that was named for it.

    Raises BadSetting, whose field has `prefix` before it.
    """
    plain = dict(raw)
    for field in secret_fields(model):
        where = f"{prefix}{field}"
        if field in plain:
            problem = f"write {field}_env or {field}_file; secrets are not stored here"
            raise BadSetting(where, problem)
        variable, path = plain.pop(f"{field}_env", None), plain.pop(f"{field}_file", None)
        if variable is not None and path is not None:
            raise BadSetting(f"{where}_env", f"{field}_file is set as well; use one")
        if variable is not None:
            if not environ.get(variable):
                raise BadSetting(f"{where}_env", f"the environment has no {variable}")
            plain[field] = environ[variable]
        if path is not None:
            plain[field] = _FileSecret(where, path)
    return plain


def _explained(name: str, error: ValidationError) -> str:
    """What is wrong, setting by setting, without the values."""
    wrong = (
        f"sinks.{'.'.join([name, *map(str, item['loc'])])}: {item['msg']}"
        for item in error.errors(include_input=False, include_url=False)
    )
    return "; ".join(wrong)
