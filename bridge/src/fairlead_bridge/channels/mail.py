"""E-mail over SMTP, as text and HTML. Messages about one incident are one thread."""

from __future__ import annotations

import smtplib
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import formatdate
from html import escape
from typing import Annotated, ClassVar, Literal, Self

from pydantic import AfterValidator, Field, SecretStr, model_validator

from fairlead_bridge import trust
from fairlead_bridge.channels.base import ChannelSettings
from fairlead_bridge.channels.message import Digest, Message, affected_title, lines, summary
from fairlead_bridge.errors import Misconfigured, Rejected, Unavailable

_PORTS = {"starttls": 587, "tls": 465, "none": 25}


def _address(value: str) -> str:
    try:
        Address(addr_spec=value)
    except (ValueError, IndexError):
        raise ValueError(
            f'not an e-mail address: "{value}"; write one such as a@example.com'
        ) from None
    if "@" not in value:
        raise ValueError(f'not an e-mail address: "{value}"; write one such as a@example.com')
    return value


EmailAddress = Annotated[str, AfterValidator(_address)]


class MailSettings(ChannelSettings):
    """Recipients of e-mail, and the SMTP server that takes it."""

    type: Literal["email"]
    host: str
    port: int | None = Field(None, ge=1, le=65535)
    tls: Literal["starttls", "tls", "none"] = "starttls"
    username: str | None = None
    password: SecretStr | None = None
    sender: EmailAddress = Field(alias="from")
    to: tuple[EmailAddress, ...] = Field(min_length=1)
    ca_file: str | None = Field(None, description="path of a CA bundle, for a server of your own")

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if (self.username is None) != (self.password is None):
            raise ValueError("write username and password_env, or neither")
        if self.tls == "none" and self.password is not None:
            raise ValueError(
                'tls = "none" would send the password in clear; write tls = "starttls"'
            )
        return self


@dataclass(frozen=True, slots=True)
class Mail:
    """What a message consists of; `thread` is the Message-ID that its thread hangs on."""

    id: str
    subject: str
    text: str
    html: str
    thread: str


class Email:
    """Sends e-mail."""

    Settings: ClassVar[type[ChannelSettings]] = MailSettings
    collects = True
    has_own_incidents = False

    def __init__(self, settings: MailSettings) -> None:
        self._settings = settings
        self._domain = settings.sender.rpartition("@")[2]

    def render(self, message: Message) -> Mail:
        """Return the message as text and HTML."""
        return Mail(
            message.id,
            message.title,
            "\n".join(lines(message)) + "\n",
            _page(_part(message)),
            message.key,
        )

    def digest(self, digest: Digest) -> Mail:
        """Return the messages as one mail: a line each, then each whole."""
        text = [summary(message) for message in digest.messages]
        html = [f"<ul>{''.join(f'<li>{escape(line)}</li>' for line in text)}</ul>"]
        for message in digest.messages:
            text += ["", "----", message.title, *lines(message)]
            html.append(f"<hr>{_part(message)}")
        return Mail(
            digest.id, digest.title, "\n".join(text) + "\n", _page("".join(html)), digest.id
        )

    def send(self, payload: Mail) -> None:
        """Hand it to the server, for all recipients at once."""
        mail = self._written(payload)
        with self._connection() as server:
            server.send_message(mail, self._settings.sender, list(self._settings.to))

    def probe(self) -> list[str]:
        """Connect, and log in where a user is set."""
        with self._connection() as server:
            server.noop()
        user = f" as {self._settings.username}" if self._settings.username else ""
        return [f"{self._settings.host} accepts connections{user}"]

    def _written(self, payload: Mail) -> EmailMessage:
        mail = EmailMessage()
        mail["From"] = self._settings.sender
        mail["To"] = ", ".join(self._settings.to)
        mail["Subject"] = payload.subject
        mail["Date"] = formatdate(usegmt=True)
        mail["Message-ID"] = f"<{payload.id}@{self._domain}>"
        mail["References"] = f"<{payload.thread}@{self._domain}>"
        mail["Auto-Submitted"] = "auto-generated"
        mail.set_content(payload.text)
        mail.add_alternative(payload.html, subtype="html")
        return mail

    @contextmanager
    def _connection(self) -> Iterator[smtplib.SMTP]:
        """A session with the server; errors of SMTP become ours."""
        where = f"the mail server {self._settings.host}:{self._port}"
        try:
            with self._connected() as server:
                yield server
        except (smtplib.SMTPAuthenticationError, smtplib.SMTPNotSupportedError) as error:
            raise Misconfigured(f"{where} refuses the log-in or TLS: {_reply(error)}") from error
        except ssl.SSLError as error:
            raise Misconfigured(f"no trusted connection to {where}: {error}") from error
        except smtplib.SMTPRecipientsRefused as error:
            raise _refused(where, error) from error
        except smtplib.SMTPSenderRefused as error:
            raise _failed(where, error, Misconfigured) from error
        except smtplib.SMTPResponseException as error:
            raise _failed(where, error, Rejected) from error
        except (OSError, smtplib.SMTPException, socket.gaierror) as error:
            raise Unavailable(f"{where} cannot be reached: {error}") from error

    @property
    def _port(self) -> int:
        return self._settings.port or _PORTS[self._settings.tls]

    @contextmanager
    def _connected(self) -> Iterator[smtplib.SMTP]:
        given = self._settings
        context = ssl.create_default_context(cafile=given.ca_file or trust.chosen())
        if given.tls == "tls":
            server: smtplib.SMTP = smtplib.SMTP_SSL(
                given.host, self._port, timeout=given.timeout, context=context
            )
        else:
            server = smtplib.SMTP(given.host, self._port, timeout=given.timeout)
        with server:
            if given.tls == "starttls":
                server.starttls(context=context)
            if given.username is not None and given.password is not None:
                server.login(given.username, given.password.get_secret_value())
            yield server


def _reply(error: smtplib.SMTPException) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        text = error.smtp_error
        return f"{error.smtp_code} {text.decode(errors='replace') if isinstance(text, bytes) else text}"
    return str(error)


def _refused(where: str, error: smtplib.SMTPRecipientsRefused) -> Rejected | Unavailable:
    """All recipients were refused; for good where one of them was."""
    replies = "; ".join(
        f"{name}: {code} {text.decode(errors='replace')}"
        for name, (code, text) in error.recipients.items()
    )
    if all(400 <= code < 500 for code, _ in error.recipients.values()):
        return Unavailable(f"{where} cannot take mail for {replies}")
    return Misconfigured(f"{where} refuses every recipient: {replies}")


def _failed(
    where: str, error: smtplib.SMTPResponseException, final: type[Rejected | Unavailable]
) -> Rejected | Unavailable:
    message = f"{where} refuses the message: {_reply(error)}"
    return Unavailable(message) if 400 <= error.smtp_code < 500 else final(message)


def _part(message: Message) -> str:
    """The message as HTML."""
    rows = "".join(
        f"<tr><th align='left'>{escape(label)}</th><td>{escape(value)}</td></tr>"
        for label, value in (*message.facts, *([("Path", message.way)] if message.way else []))
    )
    items = "".join(f"<li>{escape(line)}</li>" for line in message.affected)
    items += f"<li>and {message.more} more</li>" if message.more else ""
    affected = f"<p><b>{affected_title(message)}</b></p><ul>{items}</ul>" if items else ""
    links = " · ".join(
        f'<a href="{escape(link.url)}">{escape(link.label)}</a>' for link in message.links
    )
    return (
        f"<h3>{escape(message.title)}</h3><p>{escape(message.text)}</p>"
        f"<table cellpadding='4'>{rows}</table>{affected}<p>{links}</p>"
    )


def _page(body: str) -> str:
    return f"<!doctype html><html><body style='font-family: sans-serif'>{body}</body></html>"
