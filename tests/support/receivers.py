"""Receivers of notifications for the bench `notify`: strict fakes that note what came, and when."""

from __future__ import annotations

import base64
import json
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from typing import Any

from fairlead_bridge.channels import settings
from tests.support.channels import vendors
from tests.support.channels.smtp import Mailbox, smtp_server
from tests.support.sinks.server import Answer, Request, serving

SECRET = f"whsec_{base64.b64encode(bytes(range(32))).decode()}"
ROUTING_KEY = "R0123456789ABCDEFGHIJKLMNOPQRSTU"
NAMES = ("webhook", "slack", "teams", "pagerduty", "email")


def name_of(fault: int) -> str:
    """The job that breaks."""
    return f"fault-{fault:04d}"


@dataclass
class Receivers:
    """What each channel received: (fault, kind) with the id of the message and when."""

    seen: dict[str, list[tuple[str, str, str, float]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    away: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, channel: str, text: str, key: str) -> None:
        kind = "resolved" if text.startswith("Resolved") or "Resolved:" in text[:40] else "opened"
        fault = text[text.index("fault-") :][: len(name_of(0))]
        with self.lock:
            self.seen[channel].append((fault, kind, key, time.time()))

    def trouble(self, _: Request) -> Answer | None:
        return Answer(503, {}) if self.away else None

    def messages(self, channel: str, kind: str, since: float) -> list[tuple[str, str, float]]:
        with self.lock:
            return [
                (f, key, at) for f, k, key, at in self.seen[channel] if k == kind and at >= since
            ]


@contextmanager
def receivers() -> Iterator[tuple[Receivers, dict[str, Any]]]:
    """All five, and the channels that lead to them, as a settings file would have them."""
    found = Receivers()
    hook, slack, teams = vendors.Receiver(SECRET), vendors.Slack(), vendors.Teams()
    pager = vendors.PagerDuty(ROUTING_KEY)
    reads: list[tuple[str, Any, Callable[[Request], tuple[str, str]]]] = [
        ("webhook", hook, _of_webhook),
        ("slack", slack, lambda request: (vendors.body(request)["text"], "")),
        ("teams", teams, _of_card),
        ("pagerduty", pager, _of_event),
    ]
    with ExitStack() as stack:
        for name, fake, read in reads:
            fake.trouble = found.trouble
            fake.answer = _noting(found, name, fake.answer, read)
            stack.enter_context(serving(fake))
        box = stack.enter_context(smtp_server())
        _note_mails(found, box)
        yield found, _channels(hook.url, slack.url, teams.url, pager.url, box.port)


def _noting(
    found: Receivers,
    name: str,
    answer: Callable[[Request], Answer],
    read: Callable[[Request], tuple[str, str]],
) -> Callable[[Request], Answer]:
    def noted(request: Request) -> Answer:
        stated = answer(request)
        if stated.status < 300:
            text, key = read(request)
            found.note(name, text, key or text)
        return stated

    return noted


def _of_webhook(request: Request) -> tuple[str, str]:
    data = vendors.body(request)["data"]
    return data["title"], request.headers["webhook-id"]


def _of_card(request: Request) -> tuple[str, str]:
    card = vendors.body(request)["attachments"][0]["content"]
    return card["body"][0]["text"].replace("\\", ""), ""


_summaries: dict[str, str] = {}  # of PagerDuty's incidents: an event that resolves has none


def _of_event(request: Request) -> tuple[str, str]:
    event = vendors.body(request)
    key = event["dedup_key"]
    if event["event_action"] == "trigger":
        _summaries[key] = event["payload"]["summary"]
        return _summaries[key], key
    return f"Resolved: {_summaries[key]}", key


def _note_mails(found: Receivers, box: Mailbox) -> None:
    def look(envelope: Any) -> str | None:
        if found.away:
            return "451 try later"
        mail = message_from_bytes(envelope.original_content, policy=policy.default)
        found.note("email", str(mail["Subject"]), str(mail["Message-ID"]))
        return None

    box.refuse = look


def _channels(hook: str, slack: str, teams: str, pager: str, port: int) -> dict[str, Any]:
    environ = {
        "HOOK_SECRET": SECRET,
        "SLACK": f"{slack}{vendors.Slack.path}",
        "TEAMS": f"{teams}/workflows/abc?sig=signaturesignature",
        "PAGER": ROUTING_KEY,
    }
    mail = {"host": "127.0.0.1", "port": port, "tls": "none", "from": "f@x.org", "to": ["t@x.org"]}
    channels = [
        {"name": "webhook", "type": "webhook", "url": hook, "secret_env": "HOOK_SECRET"},
        {"name": "slack", "type": "slack", "url_env": "SLACK"},
        {"name": "teams", "type": "teams", "url_env": "TEAMS"},
        {"name": "pagerduty", "type": "pagerduty", "url": pager, "routing_key_env": "PAGER"},
        {"name": "email", "type": "email", **mail},
    ]
    return environ | {settings.INLINE: json.dumps({"channel": channels})}
