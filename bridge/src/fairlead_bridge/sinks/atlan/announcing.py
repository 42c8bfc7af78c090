"""
Decides what becomes of an asset's announcement: ours is written and removed, a person's stays.

Ours begins with our title and was last changed by the user of our token.
"""

from __future__ import annotations

import time

from fairlead_bridge.documents import Json
from fairlead_bridge.errors import HttpRejected
from fairlead_bridge.sinks.atlan.standing import PREFIX, Announcement
from fairlead_bridge.sinks.http import Client

TITLE, KIND, MESSAGE, BY = (
    "announcementTitle",
    "announcementType",
    "announcementMessage",
    "announcementUpdatedBy",
)
#: Seconds before we ask again whose the token is.
_ASKED_FOR = 3_600.0
ATTRIBUTES = (TITLE, KIND, MESSAGE, BY)


class Announcer:
    """Announcements in one Atlan, as far as it says whose our token is."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._own: str | None = None
        self._until = float("-inf")

    def own_user(self) -> str | None:
        """Return the name of the token's user; None where Atlan does not say."""
        if self._own is None and time.monotonic() > self._until:
            try:
                found = self._client.json("GET", "/api/service/users/current") or {}
                self._own = found.get("username")
            except HttpRejected:
                pass  # `probe` says so
            self._until = time.monotonic() + _ASKED_FOR
        return self._own

    def changes(self, held: Json, wanted: Announcement, of: str = PREFIX) -> Json:
        """
        The attributes to write so that the asset shows what is wanted; {} where all stays.

        `of` is how the title begins of those that may be removed.
        """
        own = self.own_user()
        if own is None:
            return {}
        title = held.get(TITLE) or ""
        shows_any = bool(title or held.get(KIND) or held.get(MESSAGE))
        is_ours = title.startswith(PREFIX) and held.get(BY) in (own, None)
        if wanted.kind:
            after = {TITLE: wanted.title, KIND: wanted.kind, MESSAGE: wanted.message}
            same = all(held.get(name) == value for name, value in after.items())
            return after if not same and (is_ours or not shows_any) else {}
        return dict.fromkeys((TITLE, KIND, MESSAGE)) if is_ours and title.startswith(of) else {}

    def probe(self) -> str:
        """Whether announcements are delivered."""
        if self.own_user() is None:
            return (
                "NO ANNOUNCEMENTS: Atlan does not say whose the token is, so ours cannot be "
                "distinguished from others'"
            )
        return f"announcements of {self.own_user()} are removed when they are over; others' stay"
