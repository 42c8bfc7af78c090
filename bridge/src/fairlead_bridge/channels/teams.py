"""Microsoft Teams: the webhook of a workflow, with an adaptive card."""

from __future__ import annotations

from typing import ClassVar, Literal

import msgspec
from pydantic import SecretStr

from fairlead_bridge.channels.base import ChannelSettings
from fairlead_bridge.channels.message import (
    PAGE,
    Digest,
    Link,
    Message,
    affected_title,
    cut,
    summary,
)
from fairlead_bridge.channels.posting import Poster

#: Bytes of a message that Teams takes, less a reserve for what the workflow adds.
_BYTES = 24_000
_COLOURS = {"critical": "attention", "warning": "warning"}

Element = dict[str, object]


class TeamsSettings(ChannelSettings):
    """A channel or chat of Microsoft Teams."""

    type: Literal["teams"]
    url: SecretStr  # of the workflow "when a Teams webhook request is received"


class Teams:
    """Posts adaptive cards."""

    Settings: ClassVar[type[ChannelSettings]] = TeamsSettings
    collects = True
    has_own_incidents = False

    def __init__(self, settings: TeamsSettings) -> None:
        self._poster = Poster(settings.url.get_secret_value(), timeout=settings.timeout)

    def render(self, message: Message) -> bytes:
        """Return the message as a card."""
        body = [_title(message.title, _colour(message)), _text(cut(message.text, 2_000))]
        facts = [{"title": label, "value": cut(value, 500)} for label, value in message.facts]
        if message.way:
            facts.append({"title": "Path", "value": cut(message.way, 2_000)})
        body.append({"type": "FactSet", "facts": facts})
        if not message.affected:
            return _fitting(body, [], 0, message.links)
        body.append(_title(affected_title(message), "default"))
        return _fitting(
            body, [cut(line, 400) for line in message.affected], message.more, message.links
        )

    def digest(self, digest: Digest) -> bytes:
        """Return the messages as a list."""
        lines = [cut(summary(message), 300) for message in digest.messages]
        links = [link for link in digest.messages[0].links[:1] if link.label == PAGE]
        return _fitting([_title(digest.title, "default")], lines, 0, tuple(links))

    def send(self, payload: bytes) -> None:
        """Post it."""
        self._poster.post(payload)

    def probe(self) -> list[str]:
        """Whether the workflow's server answers."""
        return self._poster.probe()


def _colour(message: Message) -> str:
    return "good" if message.transition == "resolved" else _COLOURS[message.incident.severity]


def _title(text: str, colour: str) -> Element:
    return {**_text(text), "weight": "bolder", "size": "medium", "color": colour}


def _text(text: str) -> Element:
    return {"type": "TextBlock", "text": escape(text), "wrap": True}


def escape(text: str) -> str:
    """Text in which Teams finds no markdown: names are full of underscores and asterisks."""
    return "".join(f"\\{sign}" if sign in "\\*_[]`#" else sign for sign in text)


def _fitting(body: list[Element], lines: list[str], more: int, links: tuple[Link, ...]) -> bytes:
    """The card with as many of the lines as fit, and how many did not."""
    shown = len(lines)
    while True:
        listed = [f"- {escape(line)}" for line in lines[:shown]]
        hidden = more + len(lines) - shown
        listed += [f"- and {hidden} more"] if hidden else []
        items = [{"type": "TextBlock", "text": "\n".join(listed), "wrap": True}] if listed else []
        content = _message([*body, *items], links)
        if len(content) <= _BYTES or not shown:
            return content
        shown = shown * 3 // 4


def _action(link: Link) -> Element:
    return {"type": "Action.OpenUrl", "title": link.label, "url": link.url}


def _message(body: list[Element], links: tuple[Link, ...]) -> bytes:
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "msteams": {"width": "Full"},
        "body": body,
        "actions": [_action(link) for link in links if len(link.url) <= 2_000],
    }
    attachment = {
        "contentType": "application/vnd.microsoft.card.adaptive",
        "contentUrl": None,
        "content": card,
    }
    return msgspec.json.encode({"type": "message", "attachments": [attachment]})
