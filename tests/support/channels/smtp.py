"""A real SMTP server in this process."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session


class Mailbox:
    """What came in; `refuse` is asked first and may answer with an SMTP reply."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.recipients: list[list[str]] = []
        self.logins: list[str] = []
        self.refuse: Any = lambda _: None
        self.port = 0
        self.authority = ""

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        refusal = self.refuse(envelope)
        if refusal:
            return str(refusal)
        content = envelope.original_content or b""
        mail = message_from_bytes(content, policy=policy.default)
        assert isinstance(mail, EmailMessage)
        self.mails.append(mail)
        self.recipients.append(list(envelope.rcpt_tos))
        return "250 Message accepted for delivery"

    def login(self, server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> Any:
        self.logins.append(data.login.decode())
        return AuthResult(success=data.password == b"right-password", handled=False)


class _OnAFreePort(Controller):
    def _trigger_server(self) -> None:
        assert self.server is not None
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


@contextmanager
def smtp_server(folder: Path | None = None) -> Iterator[Mailbox]:
    """A server on a free port; with a folder for its authority, one that asks for TLS and a log-in."""
    box = Mailbox()
    more: dict[str, Any] = {}
    if folder is not None:
        authority = trustme.CA()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("127.0.0.1").configure_cert(context)
        authority.cert_pem.write_to_path(str(folder / "authority.pem"))
        box.authority = str(folder / "authority.pem")
        more = {
            "tls_context": context,
            "require_starttls": True,
            "authenticator": box.login,
            "auth_required": True,
        }
    controller = _OnAFreePort(box, hostname="127.0.0.1", port=0, **more)
    controller.start()
    box.port = controller.port
    try:
        yield box
    finally:
        controller.stop()
