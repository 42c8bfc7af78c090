"""Events as they lie in a file: a record a line, `crc32 microseconds json`.

A writer that is killed in the middle leaves a torn line, a failing disk a changed one; the checksum
distinguishes both from intact records.
"""

from __future__ import annotations

import os
import zlib
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from fairlead_sdk.private import open_file

ABSENT = (FileNotFoundError, NotADirectoryError)
"""What opening a file raises where there is none, or no folder for it."""

_CHUNK = 1024 * 1024


@dataclass(frozen=True)
class Record:
    """One event as it lies on disk; `end` is the offset behind it in its segment.

    `body` is None where the line is torn or damaged; `line` then holds what was found.
    """

    at: datetime | None
    body: str | None
    end: int
    line: bytes = b""


@dataclass(frozen=True)
class Segment:
    """A sealed part of a spool, to which no more records are appended."""

    path: Path

    @property
    def _done(self) -> Path:
        return self.path.with_suffix(".done")

    @property
    def exists(self) -> bool:
        return self.path.exists()

    @property
    def offset(self) -> int:
        """How many bytes of it have been delivered; 0, so that all is sent again, if in doubt."""
        try:
            number, _, checksum = self._done.read_bytes().partition(b" ")
            return int(number) if zlib.crc32(number) == int(checksum, 16) else 0
        except (FileNotFoundError, ValueError):
            return 0

    def acknowledge(self, offset: int) -> None:
        """Remember that everything before `offset` has been delivered.

        One fixed-width write in place: a kill leaves the old number or the new one.
        """
        number = b"%020d" % offset
        fd = open_file(self._done, os.O_WRONLY | os.O_CREAT)
        try:
            os.pwrite(fd, b"%s %08x" % (number, zlib.crc32(number)), 0)
        finally:
            os.close(fd)

    def remove(self) -> None:
        # The log goes first: a .done without its log is litter, a log without its .done is sent twice.
        self.path.unlink(missing_ok=True)
        self._done.unlink(missing_ok=True)

    def read(self, offset: int, max_events: int, max_bytes: int) -> list[Record]:
        """At least one record from `offset` on if there is one, within the limits of events and bytes."""
        records: list[Record] = []
        with self.path.open("rb") as file:
            file.seek(offset)
            end = offset
            for line in file:
                if records and end + len(line) - offset > max_bytes:
                    break
                end += len(line)
                if line.strip():
                    records.append(_decode(line, end))
                if len(records) >= max_events:
                    break
        return records


def encode(event: str, now: datetime) -> bytes:
    """The line of an event, with its end."""
    # A newline inside JSON is only ever white space between its parts.
    body = b"%d %s" % (microseconds(now), event.replace("\n", " ").encode())
    return b"%08x %s\n" % (zlib.crc32(body), body)


def _decode(line: bytes, end: int) -> Record:
    checksum, _, body = line.rstrip(b"\n").partition(b" ")
    try:
        if int(checksum, 16) != zlib.crc32(body):
            raise ValueError("checksum")
        at, _, event = body.partition(b" ")
        return Record(datetime.fromtimestamp(int(at) / 1e6, UTC), event.decode(), end)
    except ValueError:
        return Record(None, None, end, line)


def microseconds(at: datetime) -> int:
    """Since the epoch."""
    return int(at.timestamp() * 1_000_000)


def append_line(fd: int, line: bytes) -> int:
    """Append a line to an open file (O_RDWR, O_APPEND): all of it, or nothing and OSError.

    A line that a killed writer left unfinished is ended first. Returns the file's new size.
    """
    size = os.fstat(fd).st_size
    if size and os.pread(fd, 1, size - 1) != b"\n":
        line = b"\n" + line
    try:
        written = os.write(fd, line)
        while written < len(line):
            written += os.write(fd, line[written:])
    except OSError:
        os.ftruncate(fd, size)  # a full disk must not leave half a record behind
        raise
    return size + len(line)


def size_of(path: Path) -> int:
    """Bytes; 0 where there is no such file (any more)."""
    try:
        return path.stat().st_size
    except ABSENT:
        return 0


def count_lines(path: Path, offset: int) -> int:
    """How many lines end behind `offset`; 0 where there is no such file (any more)."""
    try:
        with path.open("rb") as file:
            file.seek(offset)
            return sum(chunk.count(b"\n") for chunk in iter(lambda: file.read(_CHUNK), b""))
    except ABSENT:
        return 0


def first_time(path: Path, offset: int) -> datetime | None:
    """When the first whole record behind `offset` was appended."""
    try:
        with path.open("rb") as file:
            file.seek(offset)
            for line in file:
                if at := _decode(line, 0).at:
                    return at
    except ABSENT:
        pass
    return None
