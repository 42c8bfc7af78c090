"""Slack: an incoming webhook, with blocks."""

from __future__ import annotations

from typing import ClassVar, Literal

import msgspec
from pydantic import SecretStr

from fairlead_bridge.channels.base import ChannelSettings
from fairlead_bridge.channels.message import Digest, Message, affected_title, cut, summary
from fairlead_bridge.channels.posting import Poster

# Slack's limits, in characters; those of a whole message are lower than documented, about 13,000.
_HEADER, _SECTION, _FIELD, _BUTTON, _URL, _FALLBACK = 150, 2_900, 1_900, 75, 3_000, 3_000
_FIELDS, _LINES = 10, 30
_COLOURS = {"critical": ":red_circle:", "warning": ":large_yellow_circle:"}

Block = dict[str, object]


class SlackSettings(ChannelSettings):
    """A channel of Slack."""

    type: Literal["slack"]
    url: SecretStr  # of the incoming webhook


class Slack:
    """Posts to a Slack channel."""

    Settings: ClassVar[type[ChannelSettings]] = SlackSettings
    collects = True
    has_own_incidents = False

    def __init__(self, settings: SlackSettings) -> None:
        self._poster = Poster(settings.url.get_secret_value(), timeout=settings.timeout)

    def render(self, message: Message) -> bytes:
        """Return the message as blocks."""
        blocks = [_header(f"{_sign(message)} {message.title}"), _section(escape(message.text))]
        if message.facts:
            fields = [f"*{escape(label)}*\n{escape(value)}" for label, value in message.facts]
            blocks.append(
                {"type": "section", "fields": [_text(item, _FIELD) for item in fields[:_FIELDS]]}
            )
        if message.way:
            blocks.append(_section(f"*Path*\n{escape(message.way)}"))
        if message.affected:
            blocks.append(_section(_affected(message)))
        if buttons := _buttons(message):
            blocks.append({"type": "actions", "elements": buttons})
        return _body(message.title, blocks)

    def digest(self, digest: Digest) -> bytes:
        """Return the messages as a list."""
        shown = digest.messages[:_LINES]
        lines = [f"{_sign(item)} {_linked(item)}" for item in shown]
        if len(digest.messages) > len(shown):
            lines.append(f"and {len(digest.messages) - len(shown)} more")
        blocks = [_header(digest.title), *map(_section, _packed(lines))]
        return _body(digest.title, blocks)

    def send(self, payload: bytes) -> None:
        """Post it."""
        self._poster.post(payload)

    def probe(self) -> list[str]:
        """Whether Slack answers."""
        return self._poster.probe()


def escape(text: str) -> str:
    """Text in which Slack finds no link, mention or markup of its own."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _sign(message: Message) -> str:
    resolved = message.transition == "resolved"
    return ":large_green_circle:" if resolved else _COLOURS[message.incident.severity]


def _affected(message: Message) -> str:
    lines = [f"*{affected_title(message)}*"]
    length = len(lines[0])
    for line in message.affected:
        item = f"• {escape(cut(line, 400))}"
        if length + len(item) > _SECTION - 40:
            break
        lines.append(item)
        length += len(item) + 1
    more = message.more + len(message.affected) - len(lines) + 1
    return "\n".join([*lines, *([f"• and {more} more"] if more else [])])


def _linked(message: Message) -> str:
    line = escape(cut(summary(message), 280))
    url = message.links[0].url if message.links else ""
    return f"<{url}|{line}>" if url and len(url) < 400 and "|" not in url else line


def _packed(lines: list[str]) -> list[str]:
    """The lines in as few sections as hold them."""
    packed = [""]
    for line in lines:
        if len(packed[-1]) + len(line) + 1 > _SECTION:
            packed.append("")
        packed[-1] = f"{packed[-1]}\n{line}".lstrip("\n")
    return packed


def _buttons(message: Message) -> list[Block]:
    return [
        {
            "type": "button",
            "text": {"type": "plain_text", "text": cut(link.label, _BUTTON)},
            "url": link.url,
        }
        for link in message.links
        if len(link.url) <= _URL
    ]


def _header(text: str) -> Block:
    return {
        "type": "header",
        "text": {"type": "plain_text", "text": cut(text, _HEADER), "emoji": True},
    }


def _section(text: str) -> Block:
    return {"type": "section", "text": _text(text, _SECTION)}


def _text(text: str, limit: int) -> Block:
    return {"type": "mrkdwn", "text": cut(text, limit)}


def _body(title: str, blocks: list[Block]) -> bytes:
    return msgspec.json.encode({"text": cut(escape(title), _FALLBACK), "blocks": blocks})
