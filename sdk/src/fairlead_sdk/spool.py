"""Events on local disk between the process that made them and the one that delivers them.

A spool is a folder that any number of processes append to and one deliverer empties:

    active.log              what was appended last, one record a line
    segments/<n>.log        sealed, oldest first; <n>.done says how far it has been delivered
    totals                  what became of the events so far
    append.lock             held for the microseconds of one append
    deliverer.lock          held for the life of the one deliverer

and what `fairlead_sdk.aside` keeps for people. Writers open with O_APPEND under one lock, so records
never mix. A writer that is killed in the middle leaves a torn line: the next writer ends that line
first, and the reader finds that its checksum is wrong. One shared file, rather than one for each
process, keeps the order of events across processes and leaves no crowd of tiny files behind short
tasks.
"""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from fairlead_sdk import locks
from fairlead_sdk.aside import Aside, rows
from fairlead_sdk.private import check_folder, make_folder, open_file, replace_text
from fairlead_sdk.records import (
    Segment,
    append_line,
    count_lines,
    encode,
    first_time,
    microseconds,
    size_of,
)
from fairlead_sdk.totals import Totals, TotalsFile

log = logging.getLogger(__name__)

MEBIBYTE = 1024 * 1024
_SEGMENT_BYTES = 8 * MEBIBYTE
#: Seconds that a writer waits for its turn. A turn takes microseconds, unless a process was frozen in
#: his; Airflow gives a listener ten.
_PATIENCE = 5.0


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
class Status:
    """What a spool holds, and what became of the rest.

    `oldest` is when the oldest waiting event was appended; `rejected` is how many are stored as rejected;
    `problem` says why nothing can be appended, as far as that shows without trying.
    """

    folder: str
    waiting: int
    bytes: int
    oldest: datetime | None
    rejected: int
    delivered: int
    damaged: int
    dropped: int
    refused: int
    delivering: bool
    problem: str | None


class Spool:
    """A folder of events. Every method may be called by any process at any time."""

    def __init__(self, folder: Path, limits: Limits | None = None, *, sync: bool = False) -> None:
        """`sync` makes every append wait for the disk (fdatasync); see the docs for what that buys."""
        self.folder = folder
        self.limits = limits or Limits()
        self.sync = sync
        self._is_ours = False
        self._active = folder / "active.log"
        self._segments = folder / "segments"
        self._totals = TotalsFile(folder / "totals")
        self._aside = Aside(folder, self.limits.max_bytes // 4)

    # --- writing ------------------------------------------------------------------------------

    def append(self, event: str, now: datetime) -> None:
        """Keep one event. When this returns, the event survives the death of every process here.

        OSError: it could not be stored (disk full, folder read-only); nothing is half-written,
        and it is counted as refused where even that can be written.
        """
        record = encode(event, now)
        try:
            try:
                size = self._append(record)
            except FileNotFoundError:  # the first event here, or the folder was removed
                self._make_folder()
                size = self._append(record)
        except TimeoutError:  # to count would mean to wait for the same lock
            raise
        except OSError:
            self.count(Totals(refused=1))
            raise
        if size >= self.limits.segment_bytes:
            try:
                self.seal(now)
                self.enforce(now)
            except OSError as error:  # the event is safe; the next one tries again
                log.warning("The spool cannot be kept within its limits now: %s", error)

    def _make_folder(self) -> None:
        make_folder(self.folder)
        if self.sync:
            _sync(self.folder.parent)

    def _append(self, record: bytes) -> int:
        with self._lock():
            fd = open_file(self._active, os.O_RDWR | os.O_APPEND | os.O_CREAT)
            try:
                if is_new := os.fstat(fd).st_size == 0:
                    self._totals.make()
                size = append_line(fd, record)
                if self.sync:
                    os.fdatasync(fd)
            finally:
                os.close(fd)
            if self.sync and is_new:
                _sync(self.folder)
            return size

    def count(self, more: Totals) -> None:
        """Add to the totals; never raises."""
        with suppress(OSError), self._lock():
            self._totals.add(more)

    # --- what waits ---------------------------------------------------------------------------

    def segments(self) -> list[Segment]:
        """The sealed segments, oldest first. Files of other names are not ours."""
        paths = (path for path in self._segments.glob("*.log") if path.stem.isdecimal())
        return [Segment(path) for path in sorted(paths)]

    def seal(self, now: datetime) -> None:
        """Make a segment of what was appended last, so that it can be delivered."""
        if not size_of(self._active):
            return
        with self._lock():
            if not size_of(self._active):
                return
            self._segments.mkdir(exist_ok=True, mode=0o700)
            newest = max((int(s.path.stem) for s in self.segments()), default=0)
            # Named by time, so that names keep growing after all segments are gone.
            name = max(newest + 1, microseconds(now))
            self._active.rename(self._segments / f"{name:020d}.log")
            if self.sync:
                _sync(self._segments)
                _sync(self.folder)

    def flush_to_disk(self) -> None:
        """Put everything waiting on the platter, without keeping any writer waiting.

        Cheap where nothing changed since the last time.
        """
        for path in [
            *(segment.path for segment in self.segments()),
            self._active,
            self._segments,
            self.folder,
        ]:
            _sync(path)

    def is_empty(self) -> bool:
        """True when everything appended has been delivered, set aside or dropped."""
        return not size_of(self._active) and not self.segments()

    # --- limits -------------------------------------------------------------------------------

    def enforce(self, now: datetime) -> None:
        """Drop what the limits no longer allow, oldest first."""
        if self.folder.exists():
            with self._lock():
                self._enforce(now)

    def _enforce(self, now: datetime) -> None:
        held = self.segments()
        total = size_of(self._active) + sum(size_of(s.path) for s in held)
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
        if lost := self._aside.trim():
            self._note_drop("too many rejected events", lost, now)

    def _drop(self, segment: Segment, reason: str, now: datetime) -> None:
        events = count_lines(segment.path, segment.offset)
        self._note_drop(reason, events, now)
        segment.remove()

    def _note_drop(self, reason: str, events: int, now: datetime) -> None:
        if not events:
            return
        log.error("Dropped %d lineage events from %s: %s", events, self.folder, reason)
        self._totals.add(Totals(dropped=events))
        self._aside.note_drop(reason, events, now)

    # --- what cannot be delivered -------------------------------------------------------------

    def reject(self, event: str, reason: str, now: datetime) -> None:
        """Store an event that the receiver refuses for good, so that it can be inspected and replayed."""
        with self._lock():
            self._aside.reject(event, reason, now)
            self._totals.add(Totals(rejected=1))

    def rejected(self) -> Iterator[dict[str, str]]:
        """What was rejected, oldest first: `at`, `reason` and `event` (its JSON text)."""
        return self._aside.rejected()

    def replay_rejected(self, now: datetime) -> int:
        """Append every rejected event again and forget that it was rejected. Returns how many."""
        with self._lock():
            paths = self._aside.reopen()
        count = 0
        for path in paths:
            for row in rows(path):
                self.append(row["event"], now)
                count += 1
            path.unlink()
        return count

    def set_damaged_aside(self, lines: Sequence[bytes]) -> None:
        """Keep the lines for a person to look at, and count each as an event that is lost."""
        log.error("%d torn or damaged lines in the spool %s", len(lines), self.folder)
        with self._lock():
            self._aside.store_damaged(lines)
            self._totals.add(Totals(damaged=len(lines)))

    # --- what is known of it ------------------------------------------------------------------

    def status(self) -> Status:
        held = [(s.path, s.offset) for s in self.segments()]
        held.append((self._active, 0))
        totals = self._totals.totals()
        return Status(
            folder=str(self.folder),
            waiting=sum(count_lines(path, offset) for path, offset in held),
            bytes=self.size(),
            oldest=next((at for path, offset in held if (at := first_time(path, offset))), None),
            rejected=sum(1 for _ in self.rejected()),
            delivered=totals.delivered,
            damaged=totals.damaged,
            dropped=totals.dropped,
            refused=totals.refused,
            delivering=self.is_delivering(),
            problem=self._problem(),
        )

    def size(self) -> int:
        """Bytes of the files that hold waiting events."""
        return size_of(self._active) + sum(size_of(segment.path) for segment in self.segments())

    def take_unreported(self) -> Totals:
        """Return what was counted since the last call; zeros if that cannot be recorded."""
        try:
            with self._lock():
                return self._totals.take_unreported()
        except OSError:
            return Totals()

    def _problem(self) -> str | None:
        if not self.folder.exists():
            return None  # it is made for the first event
        if not self.folder.is_dir():
            return "it is not a directory"
        if not os.access(self.folder, os.W_OK):
            return "it cannot be written"
        if not shutil.disk_usage(self.folder).free:
            return "the disk is full"
        return None

    # --- who delivers -------------------------------------------------------------------------

    def _check_folder(self) -> None:
        """PermissionError where the folder may be another user's; looked at once."""
        if not self._is_ours:
            check_folder(self.folder)
            self._is_ours = self.folder.exists()

    def _lock(self) -> AbstractContextManager[None]:
        self._check_folder()
        return locks.holding(self.folder / "append.lock", _PATIENCE)

    def take_delivery(self) -> int | None:
        """Become the deliverer: an open file that holds the lock, or None if another process is.

        `release_delivery` ends it, and so does the death of every process that holds it: it can be
        handed to a program that is started.
        """
        with self._lock():  # so that a mere check (below) is not taken for the deliverer
            return locks.take(self.folder / "deliverer.lock")

    def release_delivery(self, delivery: int) -> None:
        """Let go of it in this process."""
        locks.release(delivery)

    def leave_if_empty(self, delivery: int) -> bool:
        """Stop being the deliverer, unless an event came. No event can fall between the two.

        A writer appends under the append lock and looks for a deliverer after that. So either its
        event is seen here, or it finds no deliverer and starts one.
        """
        if not self.folder.exists():
            locks.release(delivery)
            return True
        with self._lock():
            if not self.is_empty():
                return False
            locks.release(delivery)
            return True

    def is_delivering(self) -> bool:
        """True while some process is the deliverer."""
        try:
            with self._lock():
                fd = locks.take(self.folder / "deliverer.lock")
                if fd is None:
                    return True
                locks.release(fd)
        except OSError:
            pass
        return False

    def wanted_destination(self) -> str:
        """The fingerprint of the destination that writers asked for last."""
        try:
            return (self.folder / "destination").read_text(encoding="ascii", errors="replace")
        except FileNotFoundError:
            return ""

    def want_destination(self, fingerprint: str) -> None:
        """Say where events shall go. A deliverer with another destination then steps aside."""
        if self.wanted_destination() != fingerprint:
            self._check_folder()
            replace_text(self.folder / "destination", fingerprint)


def _sync(path: Path) -> None:
    with suppress(FileNotFoundError):
        fd = os.open(path, os.O_RDONLY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)
