"""Whether a dataset is fresh: written lately, or since a moment, as the catalog has it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from fairlead_sdk.client import Client


@dataclass(frozen=True)
class Wanted:
    """How fresh a dataset must be: at most `within` seconds old, or written at or after `since`."""

    since: datetime | None = None
    within: float | None = None

    def met_by(self, written_at: datetime | None, now: datetime) -> bool:
        if written_at is None:
            return False
        if self.since is not None and written_at < self.since:
            return False
        return self.within is None or written_at >= now - timedelta(seconds=self.within)

    def __str__(self) -> str:
        parts = []
        if self.since is not None:
            parts.append(f"since {self.since.isoformat()}")
        if self.within is not None:
            parts.append(f"in the last {self.within:g} s")
        return " and ".join(parts)


def written_at(client: Client, namespace: str, name: str) -> datetime | None:
    """The end of the last successful run that wrote the dataset; None if the catalog knows of none.

    Raises Refused for an answer that will stay as it is, other FairleadErrors where it may change.
    """
    dataset = client.dataset(namespace, name)
    written: Any = (dataset or {}).get("written_at")
    return parse(written) if written else None


def parse(text: str | datetime) -> datetime:
    """A moment; without an offset it is UTC. ValueError where it is none."""
    at = text if isinstance(text, datetime) else datetime.fromisoformat(text.strip())
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
