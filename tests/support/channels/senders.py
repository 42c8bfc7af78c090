"""Channels that lead to the fakes, and what they send."""

from __future__ import annotations

import base64
from typing import Any

from pydantic import SecretStr

from fairlead_bridge.channels import Channel, Digest
from fairlead_bridge.channels.mail import Email, MailSettings
from fairlead_bridge.channels.message import Writer
from fairlead_bridge.channels.notice import Received, cause_of, notice
from fairlead_bridge.channels.pagerduty import PagerDuty, PagerDutySettings
from fairlead_bridge.channels.slack import Slack, SlackSettings
from fairlead_bridge.channels.teams import Teams, TeamsSettings
from fairlead_bridge.channels.webhook import Webhook, WebhookSettings
from tests.support.channels import vendors
from tests.support.channels.incidents import BEGAN, BERLIN, incident, message
from tests.support.channels.smtp import Mailbox
from tests.support.sinks.server import Fake

SECRET = f"whsec_{base64.b64encode(bytes(range(32))).decode()}"


OLD_SECRET = f"whsec_{base64.b64encode(bytes(range(1, 33))).decode()}"


ROUTING_KEY = "R0123456789ABCDEFGHIJKLMNOPQRSTU"


def webhook_to(fake: Fake, **more: Any) -> Webhook:
    given = {"name": "w", "type": "webhook", "url": f"{fake.url}/hook", "secret": SECRET}
    return Webhook(WebhookSettings.model_validate(given | more))


def slack_to(fake: Fake) -> Slack:
    url = SecretStr(f"{fake.url}{vendors.Slack.path}")
    return Slack(SlackSettings(name="s", type="slack", url=url))


def teams_to(fake: Fake) -> Teams:
    url = SecretStr(f"{fake.url}/workflows/abc/triggers/manual/paths/invoke?sig=signaturesignature")
    return Teams(TeamsSettings(name="t", type="teams", url=url))


def pagerduty_to(fake: Fake, key: str = ROUTING_KEY) -> PagerDuty:
    given = {"name": "p", "type": "pagerduty", "url": fake.url, "routing_key": key}
    return PagerDuty(PagerDutySettings.model_validate(given))


def mail_to(box: Mailbox, **more: Any) -> Email:
    given = {
        "name": "m",
        "type": "email",
        "host": "127.0.0.1",
        "port": box.port,
        "tls": "none",
        "from": "fairlead@example.com",
        "to": ["data@example.com", "ops@example.com"],
    }
    return Email(MailSettings.model_validate(given | more))


def send(channel: Channel, *about: Any, received: Received | None = None) -> None:
    for item in about:
        channel.send(channel.render(message(item, received)))


def received_of(about: Any) -> Received:
    return Received(1, "open", about.severity, cause_of(about), text=about.text)


def digest(*about: Any) -> Digest:
    notices = [notice("c", item, Received()) for item in about]
    return Writer(BERLIN, "https://lineage.example.com").digest([it for it in notices if it])


RESOLVED = incident(state="resolved", resolved_at=BEGAN + 7_200_000_000)
