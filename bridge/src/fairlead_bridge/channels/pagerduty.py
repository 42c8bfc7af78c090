"""PagerDuty: Events API v2. Its incidents follow ours, by the deduplication key."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, ClassVar, Literal

import msgspec
from pydantic import AfterValidator, SecretStr

from fairlead_bridge.channels.base import ChannelSettings
from fairlead_bridge.channels.message import PAGE, Digest, Message, cut
from fairlead_bridge.channels.posting import Poster, without_secrets
from fairlead_bridge.documents import Json
from fairlead_bridge.errors import HttpRejected, Misconfigured
from fairlead_bridge.sinks.settings import Url

_SUMMARY, _SOURCE = 1_024, 255
_ROUTING_KEY = 32
_TRIGGERS = ("opened", "changed", "reopened")


def _routing_key(value: SecretStr) -> SecretStr:
    length = len(value.get_secret_value())
    if length != _ROUTING_KEY:
        raise ValueError(
            f"the routing key has {length} characters; write the 32 characters of the "
            "integration key of an Events API v2 integration into the variable"
        )
    return value


class PagerDutySettings(ChannelSettings):
    """A service of PagerDuty."""

    type: Literal["pagerduty"]
    routing_key: Annotated[SecretStr, AfterValidator(_routing_key)]
    url: Url = "https://events.pagerduty.com"  # of the EU: https://events.eu.pagerduty.com


class PagerDuty:
    """Triggers, acknowledges and resolves."""

    Settings: ClassVar[type[ChannelSettings]] = PagerDutySettings
    collects = False
    has_own_incidents = True

    def __init__(self, settings: PagerDutySettings) -> None:
        self._key = settings.routing_key.get_secret_value()
        self._poster = Poster(f"{settings.url.rstrip('/')}/v2/enqueue", timeout=settings.timeout)

    def render(self, message: Message) -> tuple[bytes, ...]:
        """Return the events, without the routing key: nearly always one."""
        acknowledged = message.incident.state == "acknowledged"
        if message.transition in _TRIGGERS:
            events = [_trigger(message)]
            events += [_event("acknowledge", message)] if acknowledged else []
        else:
            end = message.transition == "resolved"
            events = [_event("resolve" if end else "acknowledge", message)]
        return tuple(map(msgspec.json.encode, events))

    def digest(self, digest: Digest) -> tuple[bytes, ...]:
        """Return the events of all messages; PagerDuty groups by itself."""
        return tuple(event for message in digest.messages for event in self.render(message))

    def send(self, payload: tuple[bytes, ...]) -> None:
        """Send the events, in order."""
        for event in payload:
            body = msgspec.json.encode({"routing_key": self._key, **msgspec.json.decode(event)})
            with without_secrets(self._key):
                self._send(body)

    def _send(self, body: bytes) -> None:
        try:
            self._poster.post(body)
        except HttpRejected as error:
            # PagerDuty answers 400 to everything that is wrong; only the text says what it is.
            if "routing key" in str(error).lower() or "routing_key" in str(error):
                raise Misconfigured(f"{error}; is the integration key right?") from None
            raise

    def probe(self) -> list[str]:
        """Whether PagerDuty answers; whether it knows the key shows with the first event."""
        return [
            f"{self._poster.host} is PagerDuty's address; `notify test` shows whether it takes the key"
        ]


def _event(action: str, message: Message) -> Json:
    return {"event_action": action, "dedup_key": message.key}


def _trigger(message: Message) -> dict[str, object]:
    about = message.incident
    page = next((link.url for link in message.links if link.label == PAGE), None)
    details = dict(message.facts) | {
        "Path": message.way,
        "Affected": list(message.affected),
        "Affected in all": len(message.affected) + message.more,
    }
    return {
        **_event("trigger", message),
        "payload": {
            "summary": cut(message.title, _SUMMARY),
            "source": cut(about.node, _SOURCE),
            "severity": about.severity,
            "timestamp": datetime.fromtimestamp(about.at / 1_000_000, UTC).isoformat(
                timespec="milliseconds"
            ),
            "component": about.label,
            "class": about.kind,
            "custom_details": details,
        },
        "client": "Fairlead",
        **({"client_url": page} if page else {}),
        "links": [{"href": link.url, "text": link.label} for link in message.links],
    }
