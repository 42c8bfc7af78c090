"""What the addresses of API keys take and answer."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from fairlead_bridge.access.caller import Role
from fairlead_bridge.web.base import Answer

#: Days for which a key may live at most, and hours for which one that was rotated still works.
_MOST_DAYS, _MOST_HOURS = 3650, 720


class Key(Answer):
    """A key; `used_at` is within ten minutes. The key itself is stored nowhere."""

    id: int
    name: str
    state: Literal["active", "expired", "revoked"]
    roles: list[Role]
    namespaces: list[str]
    created_at: datetime
    expires_at: datetime | None
    used_at: datetime | None
    revoked_at: datetime | None


class NewKey(Answer):
    """A key to create. `namespaces` are shell patterns; without `expires_days` it does not expire."""

    name: str = Field(min_length=1, max_length=100)
    roles: list[Role] = Field(min_length=1, max_length=5)
    namespaces: list[str] = Field(default=["*"], min_length=1, max_length=100)
    expires_days: float | None = Field(default=None, gt=0, le=_MOST_DAYS)


class Rotation(Answer):
    """`overlap_hours`: how long the key before still works."""

    overlap_hours: float = Field(default=0, ge=0, le=_MOST_HOURS)


class Secret(Answer):
    """A new key, which is shown this once."""

    name: str
    key: str
