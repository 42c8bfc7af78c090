"""What the audit log answers."""

from __future__ import annotations

from datetime import datetime

from fairlead_bridge.web.base import Answer


class AuditEntry(Answer):
    """Who did what; `action` is the operation's name, `outcome` its HTTP status or `done`."""

    id: int
    at: datetime
    who: str
    method: str
    address: str
    action: str
    target: str
    outcome: str
    detail: str
