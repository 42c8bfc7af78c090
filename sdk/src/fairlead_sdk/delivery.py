"""Empties a spool: one deliverer, in order, again and again until the other side has every event.

Order is the order of appending, across all runs, so it also is the order within each root run. A
batch is finished before the next one is sent; only a kill between the receiver's answer and the note
of it makes events travel twice.
"""

from __future__ import annotations

import json
import logging
import math
import os
import random
import signal
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from fairlead_sdk.destinations import Again, Destination, Never, Outcome, Unclear
from fairlead_sdk.documents import Json
from fairlead_sdk.private import replace_text
from fairlead_sdk.records import ABSENT, Record, Segment
from fairlead_sdk.spool import Spool
from fairlead_sdk.totals import Totals

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Pace:
    """How a deliverer goes about it; times in seconds."""

    batch_events: int = 200
    batch_bytes: int = 1024 * 1024
    first_wait: float = 0.5
    longest_wait: float = 60.0
    idle_exit: float = 60.0
    poll: float = 0.2
    tries_when_unclear: int = 5
    pause: float = 1.0
    """After the spool itself could not be read or written."""


def backoff(failures: int, asked: float | None, pace: Pace, dice: float) -> float:
    """Seconds to wait after that many failures in a row; `dice` in [0, 1) spreads many deliverers.

    What the receiver asked for is a lower bound, within reason.

    >>> pace = Pace(first_wait=1, longest_wait=60)
    >>> [backoff(n, None, pace, 0.999) for n in (1, 2, 3, 10)] # doctest: +ELLIPSIS
    [0.99..., 1.99..., 3.99..., 59.9...]
    >>> backoff(1, 30, pace, 0.0)
    30.0
    """
    wait: float = min(pace.longest_wait, pace.first_wait * 2 ** min(failures - 1, 30)) * (
        0.5 + dice / 2
    )
    return max(wait, min(float(asked or 0), 10 * pace.longest_wait))


@dataclass
class Tally:
    """What this deliverer has done since it started; stored in `deliverer.json` for `status`."""

    pid: int = field(default_factory=os.getpid)
    started_at: str = field(default_factory=lambda: datetime.now(UTC).isoformat())
    delivered: int = 0
    rejected: int = 0
    failures: int = 0
    last_delivered_at: str | None = None
    last_error: str | None = None
    last_error_at: str | None = None
    destination: str = ""
    """`Settings.fingerprint` of where it delivers to."""

    def save(self, folder: Path) -> None:
        """Note it for `status`. Delivery continues if the disk is full."""
        with suppress(OSError):
            replace_text(folder / "deliverer.json", json.dumps(vars(self)))


def read_tally(folder: Path) -> Json:
    """What the last deliverer of this spool noted; empty if there was none."""
    try:
        noted = json.loads((folder / "deliverer.json").read_bytes())
    except (*ABSENT, ValueError):
        return {}
    return noted if isinstance(noted, dict) else {}


class Deliverer:
    """Delivers a spool to a destination. The caller holds the spool's deliverer lock."""

    def __init__(
        self,
        spool: Spool,
        destination: Destination,
        pace: Pace | None = None,
        *,
        fingerprint: str = "",
        still_wanted: Callable[[], bool] = lambda: True,
    ) -> None:
        """`fingerprint` identifies the destination in what is noted for `status`. `still_wanted` is
        asked before each batch; when it says no, the deliverer steps aside."""
        self._spool = spool
        self._destination = destination
        self._pace = pace or Pace()
        self._still_wanted = still_wanted
        self._stop = threading.Event()
        self._end = math.inf
        self._complaint = ""
        self.tally = Tally(destination=fingerprint)

    def stop(self) -> None:
        """Finish the batch in hand and return from `run`."""
        self._stop.set()

    def stopped(self, wait: float = 0.0) -> bool:
        """True once `stop` was called; waits that many seconds for it."""
        return self._stop.wait(wait)

    @property
    def _going(self) -> bool:
        return not self._stop.is_set() and time.monotonic() < self._end and self._still_wanted()

    def run(self, delivery: int | None = None) -> None:
        """Deliver until stopped or, given the lock file `delivery`, until idle for a while."""
        self.tally.save(self._spool.folder)
        idle = 0.0
        while self._going:
            try:
                busy = self.pass_once()
                self._complaint = ""
                if busy:
                    idle = 0.0
                    continue
                if delivery is not None and idle >= self._pace.idle_exit:
                    if self._spool.leave_if_empty(delivery):
                        return
                    continue
            except OSError as error:  # its disk is full, read-only or failing: that may pass
                self._complain(f"The spool cannot be worked on, again soon: {error}")
                self._stop.wait(self._pace.pause)
                continue
            self._stop.wait(self._pace.poll)
            idle += self._pace.poll

    def pass_once(self, end: float = math.inf) -> bool:
        """Deliver what is there now, until `end`, in seconds of `time.monotonic()`. False if nothing was.

        OSError where a part of the spool could not be read or written; the others were delivered.
        """
        self._end = end
        now = datetime.now(UTC)
        self._spool.enforce(now)
        segments = self._spool.segments()
        if not segments:
            self._spool.seal(now)
            segments = self._spool.segments()
        failed: OSError | None = None
        for segment in segments:
            if self._going:
                try:
                    self._deliver(segment)
                except OSError as error:  # one bad sector, or no space to store what was rejected
                    failed = error
        if failed:
            raise failed
        return bool(segments)

    def _deliver(self, segment: Segment) -> None:
        offset = segment.offset
        try:
            while batch := segment.read(offset, self._pace.batch_events, self._pace.batch_bytes):
                if not self._deliver_batch(segment, batch):
                    return
                offset = batch[-1].end
                self._note_progress(segment, offset)
                self.tally.save(self._spool.folder)
            segment.remove()
        except FileNotFoundError:  # dropped meanwhile, because the spool was full
            log.warning("Segment %s was dropped while it was being delivered", segment.path.name)

    def _note_progress(self, segment: Segment, offset: int) -> None:
        try:
            segment.acknowledge(offset)
        except OSError as error:  # a full disk gets room by delivering, so go on
            log.warning("Events may be sent twice, progress cannot be noted: %s", error)
        if not segment.exists:  # dropped meanwhile; what was noted of it is litter
            segment.remove()

    def _deliver_batch(self, segment: Segment, batch: Sequence[Record]) -> bool:
        """Bring every record of the batch to an end. False if stopped or dropped before that."""
        waiting = [record.body for record in batch if record.body is not None]
        tries = failures = 0
        while waiting:
            if not self._going or not segment.exists:
                return False
            outcomes = self._destination.deliver(waiting)
            tries = tries + 1 if any(isinstance(o, Unclear) for o in outcomes) else 0
            if tries >= self._pace.tries_when_unclear:
                outcomes = [Never(o.reason) if isinstance(o, Unclear) else o for o in outcomes]
                tries = 0
            before, waiting = len(waiting), self._sort(waiting, outcomes)
            if waiting:
                failures = 1 if len(waiting) < before else failures + 1
                self._wait(outcomes, failures)
        if damaged := [record.line for record in batch if record.body is None]:
            self._spool.set_damaged_aside(damaged)
        return True

    def _sort(self, events: Sequence[str], outcomes: Sequence[Outcome]) -> list[str]:
        """Note what was taken and what never will be; give back what must be sent again."""
        again = []
        if taken := sum(outcome is None for outcome in outcomes):
            self.tally.delivered += taken
            self.tally.last_delivered_at = datetime.now(UTC).isoformat()
            self._spool.count(Totals(delivered=taken))
        for event, outcome in zip(events, outcomes, strict=True):
            if outcome is None:
                continue
            if isinstance(outcome, Never):
                self._reject(event, outcome.reason)
            else:
                again.append(event)
        return again

    def _reject(self, event: str, reason: str) -> None:
        log.error("A lineage event was rejected and stored in the spool: %s", reason)
        self._spool.reject(event, reason, datetime.now(UTC))
        self.tally.rejected += 1

    def _wait(self, outcomes: Sequence[Outcome], failures: int) -> None:
        failed = next(o for o in outcomes if isinstance(o, Again | Unclear))
        asked = max((o.after or 0 for o in outcomes if isinstance(o, Again)), default=None)
        wait = backoff(failures, asked, self._pace, random.random())  # noqa: S311 - jitter, no secret
        log.warning("Delivery failed, again in %.1f s: %s", wait, failed.reason)
        now = datetime.now(UTC)
        self.tally.failures += 1
        self._spool.count(Totals(failures=1))
        self.tally.last_error, self.tally.last_error_at = failed.reason, now.isoformat()
        self.tally.save(self._spool.folder)
        # In small steps: what arrives meanwhile goes to the platter within a second or so, and a
        # change of destination is noticed soon.
        while wait > 0 and self._going:
            self._flush_spool()
            self._stop.wait(min(wait, 1.0))
            wait -= 1.0

    def _flush_spool(self) -> None:
        """Sync waiting events to disk, and drop what exceeds the limits."""
        try:
            self._spool.enforce(datetime.now(UTC))
            self._spool.flush_to_disk()
        except OSError as error:
            self._complain(f"What waits in the spool cannot be synced to disk now: {error}")

    def _complain(self, text: str) -> None:
        """Once, until something else is wrong: the log lies on the same disk."""
        if text != self._complaint:
            log.warning("%s", text)
            self._complaint = text


def stop_on_signals(deliverer: Deliverer) -> None:
    """SIGTERM and SIGINT end the deliverer after the batch in hand."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: deliverer.stop())
