"""
The one place that reads the environment: everything that can be set, checked at start.

Each setting is an environment variable: its name in capitals with FAIRLEAD_ before it. A variable
that starts so and is not a setting is refused, so that a misspelt one does not go unnoticed.
"""

from __future__ import annotations

import difflib
import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from fairlead_bridge.errors import BadSettings

PREFIX = "FAIRLEAD_"

#: Variables that are the SDK's, the build's or the tests'; they may be set for the bridge too.
NEIGHBOURS = frozenset(
    f"{PREFIX}{name}" for name in ("URL", "API_KEY", "SPOOL", "TRANSPORT", "SKIP_UI", "CORPUS")
)

Role = Literal["intake", "absorb", "deliver", "monitor"]
ROLES: tuple[Role, ...] = ("intake", "absorb", "deliver", "monitor")

List = Annotated[tuple[str, ...], NoDecode]
Auth = Annotated[tuple[Literal["keys", "oidc", "proxy", "none"], ...], NoDecode]
Patterns = Annotated[tuple[str, ...], NoDecode]
Secrets = Annotated[tuple[SecretStr, ...], NoDecode]


class Settings(BaseSettings):
    """Bytes are bytes, times are seconds, lists are separated by commas."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_ignore_empty=True, extra="forbid", frozen=True
    )

    host: str = Field("127.0.0.1", description="address to listen on")
    port: int = Field(7070, ge=0, le=65535, description="port to listen on; 0 takes a free one")
    database_url: str = Field(
        "sqlite:///fairlead.db",
        repr=False,  # it may hold a password
        min_length=1,
        description="sqlite:///PATH or postgresql://USER:PASSWORD@HOST:PORT/NAME",
    )
    database_url_file: Path | None = Field(
        None, description="file that holds the database URL and nothing else, instead of it"
    )

    database_wait: float = Field(
        60.0,
        ge=0,
        description="seconds that a start waits for a database server that does not answer",
    )

    intake: bool = Field(default=False, description="receive events; without any role, all of them")
    absorb: bool = Field(default=False, description="read received events into the catalog")
    deliver: bool = Field(default=False, description="deliver to the sinks")
    monitor: bool = Field(
        default=False, description="evaluate what is late or failed, and open incidents"
    )

    auth: Auth = Field(
        (),
        description="keys: API keys; oidc: accounts and tokens of the company's issuer; proxy: a header "
        "of a proxy; several with commas; none: everyone may read and change everything. Needed where "
        "other machines reach the address",
    )
    api_keys: Secrets = Field(
        (),
        description="keys with every role, for the first start of containers; FAIRLEAD_AUTH=keys "
        "goes without saying",
    )
    session_hours: float = Field(12.0, gt=0, description="hours after which people sign in again")
    group_roles: List = Field(
        (),
        description="GROUP=ROLE of people and tokens of the company; user:NAME=ROLE for one, *=ROLE "
        "for all",
    )
    group_namespaces: List = Field(
        (),
        description="GROUP=PATTERN: namespaces of those groups, as shell patterns, and of no others; "
        "without any, all",
    )
    oidc_issuer: str | None = Field(None, description="the company's issuer, as in `iss` of tokens")
    oidc_client_id: str | None = Field(
        None, description="the bridge's client id at the issuer, with which people sign in"
    )
    oidc_client_secret: SecretStr | None = Field(None, description="its secret, if it has one")
    oidc_audience: str | None = Field(
        None, description="audience of tokens that programs send; none are accepted without it"
    )
    oidc_groups_claim: str = Field("groups", description="claim with a person's groups")
    oidc_name_claim: str = Field("email", description="claim with a person's name")
    oidc_scopes: str = Field("openid profile email", description="scopes that the bridge asks for")
    proxy_addresses: List = Field(
        (), description="addresses or networks of proxies whose X-Forwarded headers count"
    )
    proxy_user_header: str = Field(
        "X-Forwarded-User", description="header in which a proxy names the person"
    )
    proxy_groups_header: str = Field(
        "X-Forwarded-Groups", description="header with the person's groups, separated by commas"
    )
    allowed_hosts: List = Field(
        (),
        description="names by which browsers reach the bridge; without any, one that listens on "
        "this machine alone refuses names of the public DNS",
    )
    max_body_bytes: int = Field(64 << 20, ge=1024, description="largest request body, unpacked")
    queue_events: int = Field(20_000, ge=1, description="events that may wait for their commit")
    queue_bytes: int = Field(
        128 << 20, ge=1024, description="bytes that may be received or wait for their commit"
    )
    body_timeout: float = Field(
        30.0, gt=0, description="seconds a body may take, and one more for each 256 KiB"
    )
    max_connections: int = Field(5000, ge=10, description="connections open at once")

    max_peer_connections: int = Field(
        1000,
        ge=0,
        description="connections open at once from one address but proxies and this machine; 0 for any number",
    )
    key_requests: float = Field(
        0.0, ge=0, description="requests a second of one key, token or person; 0 for any number"
    )
    key_events: float = Field(
        0.0, ge=0, description="events a second of one key or token; 0 for any number"
    )
    read_seconds: float = Field(
        2.0, ge=0, description="processor time that a question to the catalog may take; 0 for any"
    )

    mask_keys: List = Field(
        (), description="parts of names whose values are masked, beside those that sound secret"
    )
    mask_patterns: Patterns = Field(
        (), description="JSON list of regular expressions; what they match in an event is masked"
    )

    ca_file: Path | None = Field(
        None,
        description="certificates of the authorities to trust, in PEM, instead of the system's: for sinks, "
        "channels, the issuer, Kafka and PostgreSQL",
    )

    kafka_servers: List = Field((), description="HOST:PORT of Kafka brokers to read events from")
    kafka_topics: List = Field(("openlineage.events",), description="topics to read")
    kafka_group: str = Field("fairlead", description="consumer group that shares the reading")
    kafka_config: SecretStr | None = Field(
        None,
        description="settings of librdkafka as a JSON object, or the path of a file with one: SASL, TLS",
    )
    kafka_namespaces: List = Field(
        ("*",), description="shell patterns of the namespaces that may be sent to through Kafka"
    )
    kafka_dead_letter_topic: str = Field(
        "", description="topic that also receives the messages that go to quarantine at once"
    )

    absorb_batch: int = Field(500, ge=1, le=10_000, description="events absorbed in a transaction")
    lost_after: float = Field(
        86_400.0, gt=0, description="silence after which a run that never ended counts as lost"
    )
    risk_quantile: float = Field(
        0.5,
        gt=0,
        lt=1,
        description="quantile of an ETA past which a dataset is at risk before it is late",
    )
    retention_days: float = Field(
        0.0,
        ge=0,
        description="days that received events are retained in the log; 0 retains them all",
    )
    stale_days: float = Field(
        90.0,
        ge=0,
        description="days without an event after which datasets and jobs are marked as stale; 0 marks none",
    )
    audit_days: float = Field(
        365.0, ge=0, description="days that the audit log is retained; 0 retains it all"
    )
    incident_reopen: float = Field(
        3600.0,
        ge=0,
        description="seconds after it resolved in which an incident comes back instead of a new one",
    )

    maintenance_file: Path | None = Field(
        None, description="TOML file with maintenance windows, in which no incident opens"
    )
    identity_rules: Path | None = Field(
        None, description="TOML file with your own rules of how datasets are named"
    )

    personal_data_file: Path | None = Field(
        None,
        description="TOML file that says which tags mean personal data, and where it may be",
    )

    expectations_file: Path | None = Field(
        None, description="TOML file that says when datasets should be fresh"
    )

    sinks_file: Path | None = Field(None, description="TOML file that describes the sinks")
    sinks: str | None = Field(None, description="the sinks as JSON, instead of a file")
    notifications_file: Path | None = Field(
        None, description="TOML file that describes notification channels and routes"
    )
    notifications: str | None = Field(
        None, description="channels and routes as JSON, instead of a file"
    )
    public_url: str | None = Field(
        None,
        pattern=r"^https?://[^\s/?#]+[^\s?#]*$",
        description="address at which people reach the page, for links in messages",
    )

    metrics_patterns: List = Field(
        ("*",),
        description="shell patterns of the nodes in /metrics/catalog, such as job:prod:* or "
        "dataset:postgres*",
    )
    metrics_limit: int = Field(
        2_000, ge=0, le=100_000, description="jobs, and datasets, in /metrics/catalog at most"
    )

    root_path: str = Field(
        "",
        pattern=r"^(/[\w.~-]+)*$",
        description="path under which a proxy shows the bridge, such as /catalog",
    )
    frame_ancestors: List = Field((), description="origins that may show the page in a frame")
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="debug, info, warning or error"
    )
    log_format: Literal["text", "json"] = Field("text", description="text or json")

    @field_validator(
        "auth",
        "group_roles",
        "group_namespaces",
        "proxy_addresses",
        "api_keys",
        "allowed_hosts",
        "frame_ancestors",
        "kafka_servers",
        "kafka_topics",
        "kafka_namespaces",
        "mask_keys",
        "metrics_patterns",
        mode="before",
    )
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @field_validator("mask_patterns", mode="before")
    @classmethod
    def _as_patterns(cls, value: object) -> object:
        try:
            found: Any = json.loads(value) if isinstance(value, str) else value
            patterns: list[str] = [*found] if isinstance(found, list | tuple) else [found]
            for pattern in patterns:
                re.compile(pattern)
        except (ValueError, TypeError, re.error) as error:
            raise ValueError(f"it is no JSON list of regular expressions: {error}") from error
        return found

    @field_validator("log_level", "log_format", mode="before")
    @classmethod
    def _lower(cls, value: object) -> object:
        return value.lower() if isinstance(value, str) else value

    @field_validator("auth")
    @classmethod
    def _none_is_alone(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if "none" in value and len(value) > 1:
            raise ValueError("none goes with no other method")
        return value

    @property
    def is_local(self) -> bool:
        """Whether only this machine reaches the bridge."""
        return self.host in ("localhost", "::1") or self.host.startswith("127.")

    @property
    def roles(self) -> tuple[Role, ...]:
        """What this process is to do: the roles that were asked for, or all."""
        asked = tuple(role for role in ROLES if getattr(self, role))
        return asked or ROLES


def load(given: Mapping[str, Any] | None = None) -> Settings:
    """
    The settings: `given` (command-line flags; None means not given) over the environment.

    Raises BadSettings, which names every wrong variable and says what to write instead.
    """
    unknown = _unknown(os.environ)
    if unknown:
        raise BadSettings("\n".join(unknown))
    flags = {name: value for name, value in (given or {}).items() if value is not None}
    try:
        settings = Settings(**flags)
        return settings if settings.database_url_file is None else _with_url_of_file(settings)
    except ValidationError as error:
        raise BadSettings("\n".join(_problem(item, flags) for item in error.errors())) from error


def _with_url_of_file(settings: Settings) -> Settings:
    file = settings.database_url_file
    if "database_url" in settings.model_fields_set:
        raise BadSettings("a database URL and FAIRLEAD_DATABASE_URL_FILE are both given: use one")
    try:
        url = Path(str(file)).read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise BadSettings(f"FAIRLEAD_DATABASE_URL_FILE={file} cannot be read: {error}") from error
    if not url:
        raise BadSettings(
            f"FAIRLEAD_DATABASE_URL_FILE={file} is empty: write the database URL in it"
        )
    return settings.model_copy(update={"database_url": url})


def environment(settings: Settings) -> dict[str, str]:
    """The environment with the settings of sinks and channels as given; both name secrets in it."""
    given = {
        "SINKS_FILE": settings.sinks_file,
        "SINKS": settings.sinks,
        "NOTIFICATIONS_FILE": settings.notifications_file,
        "NOTIFICATIONS": settings.notifications,
    }
    flags = {f"{PREFIX}{name}": str(value) for name, value in given.items() if value is not None}
    return {**os.environ, **flags}


def _unknown(environ: Mapping[str, str]) -> list[str]:
    known = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields}
    problems = []
    for name in sorted(environ):
        if not name.startswith(PREFIX) or name in known or name in NEIGHBOURS:
            continue
        if name.startswith(f"{PREFIX}TEST_"):
            continue
        close = difflib.get_close_matches(name, known, 1)
        hint = f"did you mean {close[0]}?" if close else f"known are {', '.join(sorted(known))}"
        problems.append(f"unknown setting {name}; {hint}")
    return problems


def _problem(item: Any, flags: Mapping[str, object]) -> str:
    name = str(item["loc"][0])
    shown = f"--{name.replace('_', '-')}" if name in flags else f"{PREFIX}{name.upper()}"
    field = Settings.model_fields.get(name)
    meaning = f" ({field.description})" if field and field.description else ""
    secret = name in ("api_keys", "oidc_client_secret", "database_url", "kafka_config")
    value = "" if secret else f"={item['input']!r}"
    return f"{shown}{value}{meaning}: {item['msg'][:1].lower()}{item['msg'][1:]}"
