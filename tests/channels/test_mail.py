"""Mail against a real SMTP server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fairlead_bridge.errors import Misconfigured, Rejected, Unavailable
from tests.support.channels.incidents import affected, huge, incident
from tests.support.channels.senders import RESOLVED, digest, mail_to, received_of, send
from tests.support.channels.smtp import Mailbox, smtp_server


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with smtp_server() as box:
        yield box


def test_a_mail_has_text_and_html_and_is_in_the_thread_of_its_incident(mailbox: Mailbox) -> None:
    channel = mail_to(mailbox)
    send(channel, incident(affected=affected(50)))
    send(channel, RESOLVED, received=received_of(RESOLVED))
    opened, resolved = mailbox.mails
    assert mailbox.recipients[0] == ["data@example.com", "ops@example.com"]
    text = opened.get_body(("plain",))
    html = opened.get_body(("html",))
    assert text
    assert html
    assert "Since: 29 Nov 2026, 06:42 CET" in text.get_content()
    assert "- and 30 more" in text.get_content()
    assert "&lt;connection&gt; refused &amp; closed" in html.get_content()
    assert opened["References"] == resolved["References"]
    assert opened["Message-ID"] != resolved["Message-ID"]
    assert resolved["Subject"].startswith("Resolved: ")
    send(channel, incident(affected=affected(50)))
    assert mailbox.mails[2]["Message-ID"] == opened["Message-ID"]  # by which servers find doubles


def test_a_line_break_in_an_error_does_not_break_a_mail(mailbox: Mailbox) -> None:
    send(mail_to(mailbox), incident(text="failed\r\nBcc: all@example.com\n\nx"), huge())
    assert mailbox.mails[0]["Bcc"] is None
    assert mailbox.mails[0]["Subject"] == "Critical: failed Bcc: all@example.com x"


def test_a_digest_is_one_mail(mailbox: Mailbox) -> None:
    channel = mail_to(mailbox)
    channel.send(channel.digest(digest(incident(1), RESOLVED)))
    (mail,) = mailbox.mails
    assert mail["Subject"] == "2 incidents: 1 open, 1 resolved"


def test_mail_is_sent_over_tls_with_a_log_in(tmp_path: Path) -> None:
    with smtp_server(tmp_path) as box:
        given: dict[str, Any] = {
            "tls": "starttls",
            "username": "fairlead",
            "ca_file": box.authority,
        }
        right = mail_to(box, password="right-password", **given)  # noqa: S106
        assert right.probe() == ["127.0.0.1 accepts connections as fairlead"]
        send(right, incident())
        assert len(box.mails) == 1
        with pytest.raises(Misconfigured, match="log-in") as caught:
            send(mail_to(box, password="wrong-password", **given), incident())  # noqa: S106
        assert "wrong-password" not in str(caught.value)
        given["ca_file"] = None
        with pytest.raises(Misconfigured, match="no trusted connection"):
            send(mail_to(box, password="right-password", **given), incident())  # noqa: S106


@pytest.mark.parametrize(
    ("reply", "error"),
    [("451 try later", Unavailable), ("554 spam", Rejected)],
)
def test_a_mail_server_says_whether_trying_again_helps(
    mailbox: Mailbox, reply: str, error: type[Exception]
) -> None:
    mailbox.refuse = lambda _: reply
    with pytest.raises(error, match=reply[4:]) as caught:
        send(mail_to(mailbox), incident())
    assert type(caught.value) is error


def test_a_mail_server_that_is_away_is_tried_again(mailbox: Mailbox) -> None:
    with pytest.raises(Unavailable, match="cannot be reached"):
        send(mail_to(mailbox, port=9), incident())
