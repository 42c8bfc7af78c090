"""
Signed webhook: CloudEvents 1.0 in JSON, with the signature of Standard Webhooks.

A receiver that remembers `webhook-id` sees each message once: it is the same in every attempt.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, ClassVar, Literal

import msgspec
from pydantic import AfterValidator, Field, SecretStr

from fairlead_bridge.channels.base import ChannelSettings
from fairlead_bridge.channels.message import Digest, Message
from fairlead_bridge.channels.posting import Poster
from fairlead_bridge.documents import Json
from fairlead_bridge.sinks.settings import Url

_TYPE = "io.fairlead.incident"
_CONTENT_TYPE = "application/cloudevents+json; charset=utf-8"


def _secret(value: SecretStr | None) -> SecretStr | None:
    if value is not None:
        key_of(value)
    return value


class WebhookSettings(ChannelSettings):
    """A receiver of signed webhooks."""

    type: Literal["webhook"]
    url: Url
    secret: Annotated[SecretStr, AfterValidator(_secret)]
    previous_secret: Annotated[SecretStr | None, AfterValidator(_secret)] = None
    verify: bool | str = Field(True, description="check certificates; or the path of a CA bundle")


def key_of(secret: SecretStr) -> bytes:
    """The key in `whsec_` and base64. Raises ValueError where it is none of 24 to 64 bytes."""
    text = secret.get_secret_value()
    wanted = "write whsec_ and the base64 of 24 to 64 random bytes into the variable"
    if not text.startswith("whsec_"):
        raise ValueError(f"the secret does not begin with whsec_; {wanted}")
    try:
        key = base64.b64decode(text.removeprefix("whsec_"), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError(f"the secret is not base64; {wanted}") from None
    if not 24 <= len(key) <= 64:
        raise ValueError(f"the secret has {len(key)} bytes; {wanted}")
    return key


@dataclass(frozen=True, slots=True)
class Event:
    """A CloudEvent and its id."""

    id: str
    body: bytes


class Webhook:
    """Sends signed CloudEvents; `clock` gives seconds since the epoch, for the signature."""

    Settings: ClassVar[type[ChannelSettings]] = WebhookSettings
    collects = True
    has_own_incidents = False

    def __init__(self, settings: WebhookSettings, clock: Callable[[], float] = time.time) -> None:
        given = (settings.secret, settings.previous_secret)
        self._keys = [key_of(secret) for secret in given if secret is not None]
        self._poster = Poster(settings.url, timeout=settings.timeout, verify=settings.verify)
        self._clock = clock

    def render(self, message: Message) -> Event:
        """Return the incident as a CloudEvent."""
        kind = f"{_TYPE}.{message.transition}"
        return _event(message.id, kind, message.subject, _moment(message), incident(message))

    def digest(self, digest: Digest) -> Event:
        """Return the incidents as one CloudEvent."""
        data = {"text": digest.title, "incidents": [incident(item) for item in digest.messages]}
        newest = max(_moment(item) for item in digest.messages)
        return _event(digest.id, f"{_TYPE}.digest", "digest", newest, data)

    def send(self, payload: Event) -> None:
        """Send it, signed at this moment."""
        stamp = str(int(self._clock()))
        headers = {
            "Content-Type": _CONTENT_TYPE,
            "webhook-id": payload.id,
            "webhook-timestamp": stamp,
            "webhook-signature": " ".join(
                signature(key, payload.id, stamp, payload.body) for key in self._keys
            ),
        }
        self._poster.post(payload.body, headers)

    def probe(self) -> list[str]:
        """Whether a server answers there."""
        return self._poster.probe()


def signature(key: bytes, message_id: str, timestamp: str, body: bytes) -> str:
    """The signature of Standard Webhooks, version 1."""
    signed = b".".join((message_id.encode(), timestamp.encode(), body))
    mac = hmac.new(key, signed, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(mac).decode()}"


def incident(message: Message) -> Json:
    """The data of a message's CloudEvent."""
    about = message.incident
    shown = len(message.affected)
    return {
        "incident": message.subject,
        "transition": message.transition,
        "reached": list(message.reached),
        "state": about.state,
        "severity": about.severity,
        "title": message.title,
        "text": message.text,
        "cause": {
            "kind": about.kind,
            "node": about.node,
            "run_id": about.run_id,
            "at": _iso(about.at),
        },
        "path": list(about.path),
        "opened_at": _iso(about.opened_at),
        "detected_at": _iso(about.detected_at),
        "resolved_at": _iso(about.resolved_at),
        "acknowledged_by": about.acknowledged_by,
        "resolved_by": about.resolved_by,
        "assigned_to": about.assigned_to,
        "affected": [
            {
                "node": item.node,
                "label": item.label,
                "standing": item.standing,
                "owners": list(item.owners),
                "expected_by": _iso(item.expected_by),
                "eta": None
                if item.eta is None
                else dict(zip(("p50", "low", "high"), map(_iso, item.eta), strict=True)),
            }
            for item in message.ranked[:shown]
        ],
        "affected_total": shown + message.more,
        "links": {link.label: link.url for link in message.links},
    }


def _event(key: str, kind: str, subject: str, at: int, data: Json) -> Event:
    event = {
        "specversion": "1.0",
        "id": key,
        "source": "/fairlead",
        "type": kind,
        "subject": subject,
        "time": _iso(at),
        "datacontenttype": "application/json",
        "data": data,
    }
    return Event(key, msgspec.json.encode(event))


def _moment(message: Message) -> int:
    about = message.incident
    if message.transition == "opened":
        return about.opened_at
    if message.transition == "resolved" and about.resolved_at is not None:
        return about.resolved_at
    return about.changed_at


def _iso(at: int | None) -> str | None:
    if at is None:
        return None
    return datetime.fromtimestamp(at / 1_000_000, UTC).isoformat(timespec="milliseconds")
