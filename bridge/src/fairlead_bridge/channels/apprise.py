"""Everything else that Apprise reaches: Discord, Telegram, ntfy, Opsgenie, and a hundred more."""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from pydantic import SecretStr

from fairlead_bridge import masking
from fairlead_bridge.channels.base import ChannelSettings
from fairlead_bridge.channels.message import Digest, Message, lines, summary
from fairlead_bridge.errors import BadSettings, ServerFailed, Unavailable

#: Characters of a part of an address that may be a secret.
_SHORTEST = 6
_LEVELS = {"critical": "failure", "warning": "warning"}


class AppriseSettings(ChannelSettings):
    """A receiver by its Apprise address."""

    type: Literal["apprise"]
    url: SecretStr  # such as discord://ID/TOKEN


@dataclass(frozen=True, slots=True)
class Text:
    """A message as Apprise takes it."""

    title: str
    body: str
    level: str


class Apprise:
    """Sends through Apprise."""

    Settings: ClassVar[type[ChannelSettings]] = AppriseSettings
    collects = True
    has_own_incidents = False

    def __init__(self, settings: AppriseSettings) -> None:
        """Raises BadSettings without the package, or where it does not understand the address."""
        try:
            import apprise
        except ImportError as error:
            raise BadSettings(
                "a channel of type apprise needs a package that is not installed: "
                "install the extra fairlead-bridge[apprise]"
            ) from error
        self._apprise: Any = apprise.Apprise()
        url = settings.url.get_secret_value()
        self._secrets = [part for part in re.split(r"[/:@?&=]", url) if len(part) >= _SHORTEST]
        if not self._apprise.add(url):
            raise BadSettings(
                "Apprise does not understand the address in the variable that url_env names; "
                "its addresses are listed at https://appriseit.com"
            )

    def render(self, message: Message) -> Text:
        """Return title and text."""
        resolved = message.transition == "resolved"
        level = "success" if resolved else _LEVELS[message.incident.severity]
        return Text(message.title, "\n".join(lines(message)), level)

    def digest(self, digest: Digest) -> Text:
        """Return the messages as a list."""
        return Text(digest.title, "\n".join(map(summary, digest.messages)), "info")

    def send(self, payload: Text) -> None:
        """
        Send it. Raises Unavailable where there is no address to send to, and ServerFailed where it
        fails: Apprise does not say whether another attempt may help, so it is tried again.
        """
        with _warnings() as warnings:
            sent = self._apprise.notify(
                title=payload.title,
                body=payload.body,
                notify_type=payload.level,
                body_format="text",
            )
        if sent is None:
            raise Unavailable("Apprise has nothing to send to")
        if not sent:
            reason = " ".join(warnings)[:300]
            for secret in self._secrets:
                reason = reason.replace(secret, masking.MASK)
            raise ServerFailed(f"Apprise could not deliver the message: {reason}")

    def probe(self) -> list[str]:
        """What Apprise makes of the address."""
        names = ", ".join(str(server.service_name) for server in self._apprise)
        return [f"Apprise sends to {names}; `notify test` shows whether it takes messages"]


class _Collector(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.warnings: list[str] = []
        self._thread = threading.get_ident()

    def emit(self, record: logging.LogRecord) -> None:
        if record.thread == self._thread:
            self.warnings.append(record.getMessage())


@contextmanager
def _warnings() -> Iterator[list[str]]:
    """What Apprise logs in the block, which is how it explains failures."""
    logger = logging.getLogger("apprise")
    collector = _Collector()
    logger.addHandler(collector)
    try:
        yield collector.warnings
    finally:
        logger.removeHandler(collector)
