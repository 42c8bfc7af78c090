"""Events on local disk between the process that made them and the one that delivers them.

A spool is a folder that any number of processes append to and one deliverer empties:

    active.log              what was appended last, one record a line
    segments/<n>.log        sealed, oldest first; <n>.done says how far it has been delivered
    rejected/<day>.jsonl    what the receiver will never take, with the reason
    dropped.jsonl           every loss: when, why, how many events
    append.lock             held for the microseconds of one append
    deliverer.lock          held for the life of the one deliverer

A record is `crc32 microseconds json`. Writers open with O_APPEND under one lock, so records never
mix. A writer that is killed in the middle leaves a torn line: the next writer ends that line first,
and the reader finds that its checksum is wrong. One shared file, rather than one for each process,
keeps the order of events across processes and leaves no crowd of tiny files behind short tasks.
"""

from __future__ import annotations

import fcntl
import getpass
import json
import logging
import os
import socket
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

log = logging.getLogger(__name__)

MEBIBYTE = 1024 * 1024
_SEGMENT_BYTES = 8 * MEBIBYTE


@dataclass(frozen=True)
class Limits:
    """What a spool may hold. Beyond that its oldest segments are dropped, counted and logged."""

    max_bytes: int = 512 * MEBIBYTE
    max_age: timedelta = timedelta(days=14)

    @property
    def segment_bytes(self) -> int:
        """The grain of dropping: an eighth of the whole, and never more than 8 MiB."""
        return max(1, min(_SEGMENT_BYTES, self.max_bytes // 8))


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
    """A sealed part of the spool. Nobody appends to it any more."""

    path: Path

    @property
    def _done(self) -> Path:
        return self.path.with_suffix(".done")

    @property
    def exists(self) -> bool:
        return self.path.exists()

    @property
    def offset(self) -> int:
        """How many bytes of it have been delivered."""
        try:
            return int(self._done.read_text() or 0)
        except (FileNotFoundError, ValueError):
            return 0

    def settle(self, offset: int) -> None:
        """Remember that everything before `offset` has been delivered.

        One fixed-width write in place: a kill leaves the old number or the new one.
        """
        fd = os.open(self._done, os.O_WRONLY | os.O_CREAT, 0o600)
        try:
            os.pwrite(fd, b"%020d" % offset, 0)
        finally:
            os.close(fd)

    def remove(self) -> None:
        # The log goes first: a .done without its log is litter, a log without its .done is sent twice.
        self.path.unlink(missing_ok=True)
        self._done.unlink(missing_ok=True)

    def read(self, offset: int, max_events: int, max_bytes: int) -> list[Record]:
        """At least one record from `offset` on if there is one, at most so many events and bytes."""
        records: list[Record] = []
        with self.path.open("rb") as file:
            file.seek(offset)
            end = offset
            for line in file:
                if records and end + len(line) - offset > max_bytes:
                    break
                end += len(line)
                if line.strip():
                    records.append(_parse(line, end))
                if len(records) >= max_events:
                    break
        return records


@dataclass(frozen=True)
class Status:
    """What a spool holds. `oldest` is when the oldest waiting event was appended."""

    folder: str
    waiting: int
    bytes: int
    oldest: datetime | None
    rejected: int
    dropped: int
    delivering: bool


class Spool:
    """A folder of events. Every method may be called by any process at any time."""

    def __init__(self, folder: Path, limits: Limits | None = None, *, sync: bool = False) -> None:
        """`sync` makes every append wait for the disk (fdatasync); see the docs for what that buys."""
        self.folder = folder
        self.limits = limits or Limits()
        self.sync = sync
        self._active = folder / "active.log"
        self._segments = folder / "segments"
        self._rejected = folder / "rejected"
        self._dropped = folder / "dropped.jsonl"

    def append(self, event: str, now: datetime) -> None:
        """Keep one event. When this returns, the event survives the death of every process here.

        OSError says that it could not be kept (disk full, folder read-only); nothing is half-written.
        """
        record = _record(event, now)
        try:
            self._append(record, now)
        except FileNotFoundError:  # the first event here, or somebody removed the folder
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._append(record, now)

    def _append(self, record: bytes, now: datetime) -> None:
        with self._lock():
            fd = os.open(self._active, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
            try:
                size = os.fstat(fd).st_size
                if size and os.pread(fd, 1, size - 1) != b"\n":  # somebody was killed while writing
                    record = b"\n" + record
                _write_whole(fd, record, size)
                if self.sync:
                    os.fdatasync(fd)
            finally:
                os.close(fd)
            if size + len(record) >= self.limits.segment_bytes:
                self._seal(now)
                self._enforce(now)

    def segments(self) -> list[Segment]:
        """The sealed segments, oldest first."""
        return [Segment(path) for path in sorted(self._segments.glob("*.log"))]

    def seal(self, now: datetime) -> None:
        """Make a segment of what was appended last, so that it can be delivered."""
        if self._active.exists():
            with self._lock():
                self._seal(now)

    def _seal(self, now: datetime) -> None:
        if not _size(self._active):
            return
        self._segments.mkdir(exist_ok=True, mode=0o700)
        newest = max((int(s.path.stem) for s in self.segments()), default=0)
        # Named by time, so that names keep growing after all segments are gone.
        name = max(newest + 1, _microseconds(now))
        self._active.rename(self._segments / f"{name:020d}.log")

    def flush_to_disk(self) -> None:
        """Put everything waiting on the platter, without keeping any writer waiting.

        Cheap where nothing changed since the last time.
        """
        for path in [*(segment.path for segment in self.segments()), self._active]:
            with suppress(FileNotFoundError):
                fd = os.open(path, os.O_RDONLY)
                try:
                    os.fsync(fd)
                finally:
                    os.close(fd)

    def enforce(self, now: datetime) -> None:
        """Drop what the limits no longer allow, oldest first."""
        if self.folder.exists():
            with self._lock():
                self._enforce(now)

    def _enforce(self, now: datetime) -> None:
        held = self.segments()
        total = _size(self._active) + sum(_size(s.path) for s in held)
        for segment in held:
            with suppress(FileNotFoundError):  # the deliverer finished it meanwhile
                stat = segment.path.stat()
                if total > self.limits.max_bytes:
                    self._drop(segment, "the spool is full", now)
                elif stat.st_mtime < (now - self.limits.max_age).timestamp():
                    self._drop(segment, "too old", now)
                else:
                    break
                total -= stat.st_size
        self._trim_rejected(now)

    def _drop(self, segment: Segment, reason: str, now: datetime) -> None:
        events = _count_lines(segment.path, segment.offset)
        self._note_loss(reason, events, now)
        segment.remove()

    def _trim_rejected(self, now: datetime) -> None:
        days = sorted(self._rejected.glob("*.jsonl"))
        total = sum(_size(day) for day in days)
        for day in days[:-1]:
            if total <= self.limits.max_bytes // 4:
                break
            total -= _size(day)
            self._note_loss("too many rejected events", _count_lines(day, 0), now)
            day.unlink(missing_ok=True)

    def _note_loss(self, reason: str, events: int, now: datetime) -> None:
        if not events:
            return
        log.error("Dropped %d lineage events from %s: %s", events, self.folder, reason)
        _append_json(self._dropped, {"at": now.isoformat(), "reason": reason, "events": events})

    def reject(self, event: str, reason: str, now: datetime) -> None:
        """Keep aside what the receiver will never take, so that a person can look and replay it."""
        self._rejected.mkdir(exist_ok=True, mode=0o700)
        path = self._rejected / f"{now.astimezone(UTC):%Y-%m-%d}.jsonl"
        _append_json(path, {"at": now.isoformat(), "reason": reason, "event": event})

    def rejected(self) -> Iterator[dict[str, str]]:
        """What was rejected, oldest first: `at`, `reason` and `event` (its JSON text)."""
        for day in sorted(self._rejected.glob("*.jsonl")):
            with day.open(encoding="utf-8") as lines:
                for line in lines:
                    with suppress(ValueError):  # torn by a kill
                        yield json.loads(line)

    def replay_rejected(self, now: datetime) -> int:
        """Append every rejected event again and forget that it was rejected. Returns how many."""
        days = sorted(self._rejected.glob("*.jsonl"))
        events = [row["event"] for row in self.rejected()]
        for event in events:
            self.append(event, now)
        for day in days:
            day.unlink()
        return len(events)

    def is_empty(self) -> bool:
        """True when everything appended has been delivered, rejected or dropped."""
        return not _size(self._active) and not self.segments()

    def status(self) -> Status:
        held = [(s.path, s.offset) for s in self.segments()]
        held.append((self._active, 0))
        return Status(
            folder=str(self.folder),
            waiting=sum(_count_lines(path, offset) for path, offset in held),
            bytes=sum(_size(path) for path, _ in held),
            oldest=next((at for path, offset in held if (at := _first_time(path, offset))), None),
            rejected=sum(1 for _ in self.rejected()),
            dropped=self._lost(),
            delivering=self.is_delivering(),
        )

    def _lost(self) -> int:
        try:
            lines = self._dropped.read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return 0
        return sum(json.loads(line)["events"] for line in lines)

    @contextmanager
    def _lock(self) -> Iterator[None]:
        # Opened anew each time: a flock belongs to the open file, which a fork would share.
        fd = os.open(self.folder / "append.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX)
            yield
        finally:
            os.close(fd)

    def take_delivery(self) -> int | None:
        """Become the deliverer: an open file that holds the lock, or None if somebody else is.

        Closing the file ends it, and so does the death of every process that holds it: it can be
        handed to a child process.
        """
        fd = os.open(self.folder / "deliverer.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(fd)
            return None
        return fd

    def leave_if_empty(self, delivery: int) -> bool:
        """Stop being the deliverer, unless an event came. No event can fall between the two.

        A writer appends under the append lock and looks for a deliverer after that. So either its
        event is seen here, or it finds that nobody delivers and starts somebody.
        """
        with self._lock():
            if not self.is_empty():
                return False
            os.close(delivery)
            return True

    def is_delivering(self) -> bool:
        """True while some process is the deliverer."""
        try:
            fd = self.take_delivery()
        except OSError:
            return False
        if fd is None:
            return True
        os.close(fd)
        return False

    def wanted_destination(self) -> str:
        """The fingerprint of the destination that writers asked for last."""
        try:
            return (self.folder / "destination").read_text()
        except FileNotFoundError:
            return ""

    def want_destination(self, fingerprint: str) -> None:
        """Say where events shall go. A deliverer with another destination then steps aside."""
        if self.wanted_destination() != fingerprint:
            temporary = self.folder / f"destination.{os.getpid()}"
            temporary.write_text(fingerprint)
            temporary.rename(self.folder / "destination")


def default_folder() -> Path:
    """Where a spool is kept when nobody says: `$FAIRLEAD_SPOOL`, the user's state folder, or /tmp."""
    if given := os.environ.get("FAIRLEAD_SPOOL"):
        return resolve_folder(given)
    state = Path(os.environ.get("XDG_STATE_HOME") or "~/.local/state")
    try:
        home = state.expanduser()
        home.mkdir(parents=True, exist_ok=True)
        if os.access(home, os.W_OK):
            return home / "fairlead" / "spool"
    except (OSError, RuntimeError):  # no home folder, or one that cannot be written
        pass
    return Path(tempfile.gettempdir()) / f"fairlead-{os.getuid()}" / "spool"


def resolve_folder(path: str) -> Path:
    """A folder as configured: `~`, and `{hostname}` and `{user}` for volumes that many share."""
    if "{user}" in path:
        path = path.replace("{user}", getpass.getuser())
    return Path(path.replace("{hostname}", socket.gethostname())).expanduser()


def _microseconds(at: datetime) -> int:
    return int(at.timestamp() * 1_000_000)


def _record(event: str, now: datetime) -> bytes:
    # A newline inside JSON is only ever white space between its parts.
    body = b"%d %s" % (_microseconds(now), event.replace("\n", " ").encode())
    return b"%08x %s\n" % (zlib.crc32(body), body)


def _parse(line: bytes, end: int) -> Record:
    checksum, _, body = line.rstrip(b"\n").partition(b" ")
    try:
        if int(checksum, 16) != zlib.crc32(body):
            raise ValueError("checksum")
        at, _, event = body.partition(b" ")
        return Record(datetime.fromtimestamp(int(at) / 1e6, UTC), event.decode(), end)
    except ValueError:
        return Record(None, None, end, line)


def _write_whole(fd: int, data: bytes, size: int) -> None:
    try:
        written = os.write(fd, data)
        while written < len(data):
            written += os.write(fd, data[written:])
    except OSError:
        os.ftruncate(fd, size)  # a full disk must not leave half a record behind
        raise


def _append_json(path: Path, row: dict[str, object]) -> None:
    fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        _write_whole(fd, json.dumps(row).encode() + b"\n", os.fstat(fd).st_size)
    finally:
        os.close(fd)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _count_lines(path: Path, offset: int) -> int:
    try:
        with path.open("rb") as file:
            file.seek(offset)
            return sum(chunk.count(b"\n") for chunk in iter(lambda: file.read(MEBIBYTE), b""))
    except FileNotFoundError:
        return 0


def _first_time(path: Path, offset: int) -> datetime | None:
    try:
        with path.open("rb") as file:
            file.seek(offset)
            for line in file:
                if at := _parse(line, 0).at:
                    return at
    except FileNotFoundError:
        pass
    return None
