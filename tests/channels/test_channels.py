"""Each channel against a receiver that enforces the vendor's rules."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from pydantic import SecretStr
from standardwebhooks.webhooks import Webhook as Verifier
from standardwebhooks.webhooks import WebhookVerificationError

from fairlead_bridge.channels.apprise import Apprise, AppriseSettings
from fairlead_bridge.channels.slack import Slack, SlackSettings
from fairlead_bridge.channels.teams import Teams, TeamsSettings
from fairlead_bridge.errors import Misconfigured, Rejected, Unavailable
from tests.support.channels import vendors
from tests.support.channels.incidents import affected, huge, incident
from tests.support.channels.senders import (
    OLD_SECRET,
    RESOLVED,
    ROUTING_KEY,
    SECRET,
    digest,
    pagerduty_to,
    received_of,
    send,
    slack_to,
    teams_to,
    webhook_to,
)
from tests.support.sinks.server import Answer, Fake, Request, serving


@pytest.fixture
def receiver() -> Iterator[vendors.Receiver]:
    fake = vendors.Receiver(SECRET)
    with serving(fake):
        yield fake


@pytest.fixture
def slack() -> Iterator[vendors.Slack]:
    fake = vendors.Slack()
    with serving(fake):
        yield fake


@pytest.fixture
def teams() -> Iterator[vendors.Teams]:
    fake = vendors.Teams()
    with serving(fake):
        yield fake


@pytest.fixture
def pagerduty() -> Iterator[vendors.PagerDuty]:
    fake = vendors.PagerDuty(ROUTING_KEY)
    with serving(fake):
        yield fake


# --- signed webhook -------------------------------------------------------------------------------


def test_a_webhook_is_a_signed_cloud_event_with_all_there_is_to_know(
    receiver: vendors.Receiver,
) -> None:
    send(webhook_to(receiver), incident(affected=affected(50)))
    ((key, event),) = receiver.events.items()
    assert event["id"] == key
    assert event["type"] == "io.fairlead.incident.opened"
    data = event["data"]
    assert (data["incident"], data["severity"], data["state"]) == ("7", "critical", "open")
    assert data["cause"] == {
        "kind": "failed_run",
        "node": "job:prod:orders.load",
        "run_id": "0198b2f0-0000-7000-8000-000000000001",
        "at": "2026-11-29T05:42:00.000+00:00",
    }
    assert (len(data["affected"]), data["affected_total"]) == (20, 50)
    assert data["affected"][0]["owners"] == ["team-1"]
    assert data["affected"][0]["eta"]["p50"] == "2026-11-29T07:42:00.000+00:00"
    assert data["path"] == ["orders.load", "staging.orders", "mart.table_0"]
    assert data["links"]["Airflow log"].endswith("/tasks/load")


def test_a_webhook_that_is_sent_again_has_the_same_id_and_body(receiver: vendors.Receiver) -> None:
    channel = webhook_to(receiver)
    for _ in range(2):
        send(channel, incident())
    first, second = receiver.seen
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert first.body == second.body
    assert len(receiver.events) == 1


def test_a_changed_body_or_another_secret_does_not_verify(receiver: vendors.Receiver) -> None:
    send(webhook_to(receiver), incident())
    (request,) = receiver.seen
    with pytest.raises(WebhookVerificationError):
        Verifier(SECRET).verify(request.body + b" ", request.headers)
    with pytest.raises(WebhookVerificationError):
        Verifier(OLD_SECRET).verify(request.body, request.headers)


def test_while_a_secret_changes_both_verify(receiver: vendors.Receiver) -> None:
    send(webhook_to(receiver, previous_secret=OLD_SECRET), incident())
    (request,) = receiver.seen
    for secret in (SECRET, OLD_SECRET):
        Verifier(secret).verify(request.body, request.headers)


def test_a_digest_is_one_cloud_event(receiver: vendors.Receiver) -> None:
    channel = webhook_to(receiver)
    channel.send(channel.digest(digest(incident(1), incident(2, severity="warning"))))
    ((_, event),) = receiver.events.items()
    assert event["type"] == "io.fairlead.incident.digest"
    assert [item["incident"] for item in event["data"]["incidents"]] == ["1", "2"]


@pytest.mark.parametrize(
    ("status", "error"),
    [(400, Rejected), (410, Misconfigured), (404, Misconfigured), (401, Misconfigured)],
)
def test_a_receiver_that_refuses_one_message_is_no_receiver_that_is_gone(
    receiver: vendors.Receiver, status: int, error: type[Exception]
) -> None:
    receiver.trouble = lambda _: Answer(status, {"error": "no"})
    with pytest.raises(error):
        send(webhook_to(receiver), incident())


def test_a_receiver_that_is_busy_says_when_to_try_again(receiver: vendors.Receiver) -> None:
    receiver.trouble = lambda _: Answer(429, {}, {"Retry-After": "30"})
    with pytest.raises(Unavailable) as caught:
        send(webhook_to(receiver), incident())
    assert caught.value.retry_after == 30


# --- Slack ----------------------------------------------------------------------------------------


def test_slack_takes_every_message_within_its_limits(slack: vendors.Slack) -> None:
    resolved = RESOLVED
    send(slack_to(slack), incident(), huge())
    send(slack_to(slack), resolved, received=received_of(resolved))
    assert len(slack.posts) == 3
    first, long, last = (json.dumps(post) for post in slack.posts)
    assert "Affected: 3 assets" in first
    assert "team-1" in first
    assert "https://lineage.example.com/lineage?focus=job%3Aprod%3Aorders.load" in first
    assert "Affected: 1000 assets" in long
    shown = long.count("\\u2022") - 1
    assert f"and {1000 - shown} more" in long
    assert ":large_green_circle: Resolved: orders.load failed" in last


def test_what_looks_like_markup_is_text_in_slack(slack: vendors.Slack) -> None:
    send(slack_to(slack), incident(text="<!channel> a & b"))
    assert slack.posts[0]["blocks"][1]["text"]["text"] == "&lt;!channel&gt; a &amp; b"


def test_slack_takes_digests_of_any_length(slack: vendors.Slack) -> None:
    channel = slack_to(slack)
    channel.send(channel.digest(digest(*(incident(n, affected=()) for n in range(500)))))
    channel.send(channel.digest(digest(huge(), RESOLVED)))
    assert "and 470 more" in json.dumps(slack.posts[0])
    assert slack.posts[1]["text"] == "2 incidents: 1 open, 1 resolved"


def test_errors_do_not_repeat_the_address_which_is_a_secret(slack: vendors.Slack) -> None:
    channel = slack_to(slack)
    slack.trouble = lambda request: Answer(403, f"invalid_token for {request.path}")
    with pytest.raises(Misconfigured) as refused:
        send(channel, incident())
    gone = Slack(
        SlackSettings(name="s", type="slack", url=SecretStr("http://127.0.0.1:9/hush-key"))
    )
    with pytest.raises(Unavailable) as away:
        send(gone, incident())
    for caught in (refused, away):
        assert "secretsecret" not in str(caught.value)
        assert "hush-key" not in str(caught.value)
        assert caught.value.__cause__ is None
        assert "127.0.0.1" in str(caught.value)


# --- Microsoft Teams ------------------------------------------------------------------------------


def test_teams_takes_every_message_within_its_limits(teams: vendors.Teams) -> None:
    channel = teams_to(teams)
    send(channel, incident(), huge())
    channel.send(channel.digest(digest(*(incident(n, text="long " * 400) for n in range(300)))))
    first, long, _ = (json.dumps(card) for card in teams.cards)
    assert "team-1" in first
    assert "and " in long
    assert '"attention"' in first
    (facts,) = (it["facts"] for it in teams.cards[0]["body"] if it["type"] == "FactSet")
    assert {"title": "Since", "value": "29 Nov 2026, 06:42 CET"} in facts


def test_a_wrong_signature_is_a_setting_to_change(teams: vendors.Teams) -> None:
    url = SecretStr(f"{teams.url}/workflows/abc?sig=no")
    with pytest.raises(Misconfigured):
        send(Teams(TeamsSettings(name="t", type="teams", url=url)), incident())


# --- PagerDuty ------------------------------------------------------------------------------------


def test_an_incident_is_one_of_pagerdutys_from_its_trigger_to_its_end(
    pagerduty: vendors.PagerDuty,
) -> None:
    channel = pagerduty_to(pagerduty)
    about = incident()
    send(channel, about, about)  # sent again after a crash
    send(channel, incident(severity="warning"), received=received_of(about))
    assert (list(pagerduty.incidents.values()), pagerduty.opened) == (["triggered"], 1)
    send(channel, incident(state="acknowledged"), received=received_of(about))
    assert list(pagerduty.incidents.values()) == ["acknowledged"]
    send(channel, RESOLVED, received=received_of(about))
    assert (list(pagerduty.incidents.values()), pagerduty.opened) == (["resolved"], 1)


def test_what_was_acknowledged_before_it_reached_pagerduty_is_acknowledged_there(
    pagerduty: vendors.PagerDuty,
) -> None:
    send(pagerduty_to(pagerduty), incident(state="acknowledged", acknowledged_by="kim"))
    assert list(pagerduty.incidents.values()) == ["acknowledged"]


def test_pagerduty_takes_every_trigger_within_its_limits(pagerduty: vendors.PagerDuty) -> None:
    send(pagerduty_to(pagerduty), huge())
    (event,) = pagerduty.triggers
    assert event["payload"]["custom_details"]["Affected in all"] == 1000


def test_a_wrong_integration_key_is_a_setting_to_change_and_is_not_shown(
    pagerduty: vendors.PagerDuty,
) -> None:
    wrong = "W0123456789ABCDEFGHIJKLMNOPQRSTU"
    with pytest.raises(Misconfigured, match="integration key") as caught:
        send(pagerduty_to(pagerduty, wrong), incident())
    assert wrong not in str(caught.value)


# --- Apprise --------------------------------------------------------------------------------------


class Anything(Fake):
    def __init__(self) -> None:
        super().__init__()
        self.status = 200

    def answer(self, request: Request) -> Answer:
        return Answer(self.status, {})


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of Apprise's own imports
def test_apprise_sends_what_no_other_channel_does() -> None:
    fake = Anything()
    with serving(fake) as url:
        address = SecretStr(f"json://{url.removeprefix('http://')}/token-of-somebody")
        channel = Apprise(AppriseSettings(name="a", type="apprise", url=address))
        send(channel, incident())
        channel.send(channel.digest(digest(incident(1), RESOLVED)))
        first, second = (request.json() for request in fake.seen)
        assert first["title"].startswith("Critical: orders.load failed")
        assert "Affected: 3 assets" in first["message"]
        assert second["title"] == "2 incidents: 1 open, 1 resolved"
        fake.status = 503
        with pytest.raises(Unavailable) as caught:
            send(channel, incident())
        assert "token-of-somebody" not in str(caught.value)
