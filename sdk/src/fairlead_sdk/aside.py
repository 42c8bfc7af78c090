"""Records that a spool could not deliver, stored for inspection: rejected, damaged and dropped.

    rejected/<when>.jsonl   what the receiver will never take, with the reason; can be replayed
    damaged.log             lines that were torn or changed, as they were found
    dropped.jsonl           every drop: when, why, how many events

Bounded, because the disk is shared. The caller holds the spool's lock.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from fairlead_sdk.private import open_file
from fairlead_sdk.records import append_line, count_lines, size_of

_AGAIN = ".again"


class Aside:
    """The three of them, in a spool's folder."""

    def __init__(self, folder: Path, max_bytes: int) -> None:
        """`max_bytes` is for what was rejected; an eighth of it is the grain, and for the others."""
        self._rejected = folder / "rejected"
        self._damaged = folder / "damaged.log"
        self._dropped = folder / "dropped.jsonl"
        self._max_bytes = max_bytes
        self._grain = max(1, max_bytes // 8)

    def reject(self, event: str, reason: str, now: datetime) -> None:
        self._rejected.mkdir(exist_ok=True, mode=0o700)
        newest = max(self._rejected.glob("*.jsonl"), default=None)
        if newest is None or size_of(newest) >= self._grain:
            newest = self._rejected / f"{now.astimezone(UTC):%Y-%m-%dT%H%M%S.%f}.jsonl"
        _append(newest, _row({"at": now.isoformat(), "reason": reason, "event": event}))

    def rejected(self) -> Iterator[dict[str, str]]:
        """Oldest first: `at`, `reason` and `event` (its JSON text)."""
        for path in self._rejected_files():
            yield from rows(path)

    def reopen(self) -> list[Path]:
        """Close the files of what was rejected so far, and those whose replay was cut short."""
        for path in self._rejected.glob("*.jsonl"):
            path.rename(path.with_suffix(_AGAIN))
        return sorted(self._rejected.glob(f"*{_AGAIN}"))

    def trim(self) -> int:
        """Let go of what was rejected longest ago, beyond the limit. Returns how many events."""
        paths = self._rejected_files()
        total = sum(map(size_of, paths))
        lost = 0
        for path in paths[:-1]:
            if total <= self._max_bytes:
                break
            total -= size_of(path)
            lost += count_lines(path, 0)
            path.unlink(missing_ok=True)
        return lost

    def store_damaged(self, lines: Iterable[bytes]) -> None:
        """Store the lines within the size limit; if that fails they are only counted."""
        text = b"".join(line if line.endswith(b"\n") else line + b"\n" for line in lines)
        limit = self._grain - size_of(self._damaged)
        with suppress(OSError):
            _append(self._damaged, text[: max(0, limit)])

    def note_drop(self, reason: str, events: int, now: datetime) -> None:
        """Where it cannot be written, the totals still have it."""
        if size_of(self._dropped) < self._grain:
            with suppress(OSError):
                row = {"at": now.isoformat(), "reason": reason, "events": events}
                _append(self._dropped, _row(row))

    def _rejected_files(self) -> list[Path]:
        return sorted(p for p in self._rejected.glob("*") if p.suffix in (".jsonl", _AGAIN))


def rows(path: Path) -> Iterator[dict[str, str]]:
    """The whole rows of a file of rejected events."""
    with path.open("rb") as lines:
        for line in lines:
            with suppress(ValueError):  # torn by a kill, or damaged
                row = json.loads(line)
                if isinstance(row, dict) and isinstance(row.get("event"), str):
                    yield row


def _row(row: dict[str, object]) -> bytes:
    return json.dumps(row).encode() + b"\n"


def _append(path: Path, data: bytes) -> None:
    if not data:
        return
    fd = open_file(path, os.O_RDWR | os.O_APPEND | os.O_CREAT)
    try:
        append_line(fd, data)
    finally:
        os.close(fd)
