"""
The background work of `serve`: absorbing, delivering and chores, in a process of its own.

The web process and this one share nothing but the database and two pipes: one wakes the worker
(and its closing ends it, however the web process died), one brings the worker's metrics back.
A process of its own, since absorbing keeps a core busy and would keep requests waiting.
"""

from __future__ import annotations

import contextlib
import gc
import logging
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Collection
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess

import sqlalchemy as sa

from fairlead_bridge import flow, inbox, telemetry
from fairlead_bridge.app import build_kafka, build_sinks, build_translator
from fairlead_bridge.db.engine import (
    checkpoint,
    may_pass,
    one_absorber,
    open_database,
    reading,
    writing,
)
from fairlead_bridge.outbox import Interests
from fairlead_bridge.settings import Settings
from fairlead_bridge.sinks import Target, interests
from fairlead_bridge.telemetry import Line

#: Seconds between two rounds of work, in which others come to write: on SQLite one writes at a time.
GAP = 0.003
#: Seconds that absorbing a batch should take, since intake waits that long to write; and the
#: events a batch has at least.
ABSORB_WITHIN, _FEWEST = 0.03, 20
#: Seconds after which a loop looks for work that nobody woke it for (another process's events).
IDLE = 0.25
#: Seconds between two looks at what sinks are due.
DELIVER_IDLE = 1.0
#: Seconds to wait after a round that failed, doubled each time up to the second figure.
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 30.0
#: Seconds that a worker may take to finish its transactions when asked to stop.
STOP_WITHIN = 20.0

_HOUR = 3600.0
#: Seconds between two looks at edges that may have come of age.
_REVIEW = 6 * _HOUR
_DAY = 86_400_000_000  # microseconds


def now() -> int:
    """Microseconds since the epoch."""
    return time.time_ns() // 1000


# --- in the web process ---------------------------------------------------------------------


class Workers:
    """Keeps one worker process alive; a worker that died is started again."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._stopping = threading.Event()
        self._keeper = threading.Thread(target=self._keep, name="worker-keeper")
        self._bell: Connection | None = None
        self._metrics = b""

    @property
    def metrics(self) -> bytes:
        """The worker's metrics as Prometheus text, at most a second old."""
        return self._metrics

    def start(self) -> None:
        self._keeper.start()

    def wake(self) -> None:
        """There is something to absorb. Never waits: a full pipe holds enough wake-ups."""
        bell = self._bell
        if bell is not None:
            with contextlib.suppress(OSError, ValueError):
                os.write(bell.fileno(), b"\0")

    def stop(self) -> None:
        """Let the worker finish its transactions, and end it."""
        self._stopping.set()
        self._hang_up()
        self._keeper.join()

    def _hang_up(self) -> None:
        bell, self._bell = self._bell, None
        if bell is not None:
            bell.close()

    def _keep(self) -> None:
        pause = FIRST_PAUSE
        while not self._stopping.is_set():
            began = time.monotonic()
            process, news = self._spawn()
            with contextlib.suppress(EOFError, OSError):
                while True:
                    self._metrics = news.recv_bytes()
            news.close()
            self._hang_up()
            _end(process)
            if self._stopping.is_set():
                return
            telemetry.say(Line.WORKER_DIED, logging.ERROR, code=process.exitcode, again_in=pause)
            self._stopping.wait(pause)
            lived = time.monotonic() - began
            pause = FIRST_PAUSE if lived > LONGEST_PAUSE else min(pause * 2, LONGEST_PAUSE)

    def _spawn(self) -> tuple[BaseProcess, Connection]:
        context = multiprocessing.get_context("spawn")
        heard, bell = context.Pipe(duplex=False)
        news, told = context.Pipe(duplex=False)
        os.set_blocking(bell.fileno(), False)
        process = context.Process(
            target=work, args=(self._settings, heard, told), name="fairlead-worker"
        )
        process.start()
        heard.close()
        told.close()
        self._bell = bell
        if self._stopping.is_set():
            self._hang_up()
        return process, news


def _end(process: BaseProcess) -> None:
    process.join(STOP_WITHIN)
    if process.is_alive():
        process.kill()  # safe at any line
        process.join()


# --- in the worker process ------------------------------------------------------------------


def work(settings: Settings, heard: Connection, told: Connection) -> None:
    """The worker process: runs until the other end of `heard` is closed."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # the web process decides when we end
    telemetry.configure_logging(settings.log_level, settings.log_format)
    engine = open_database(settings.database_url)
    loops = _Loops()
    _start_loops(loops, settings, engine, told)
    telemetry.say(Line.WORKER_STARTED, roles=",".join(settings.roles), process=os.getpid())
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
    while os.read(heard.fileno(), 4096):
        loops.wake("absorb")
    loops.stop()
    engine.dispose()


def _start_loops(loops: _Loops, settings: Settings, engine: sa.Engine, told: Connection) -> None:
    targets = build_sinks(settings)
    if "intake" in settings.roles and settings.kafka_servers:
        loops.start("kafka", build_kafka(settings, engine, now), 0.0)
    if "absorb" in settings.roles:
        translate = build_translator(settings)
        step = Absorb(
            engine,
            translate,
            interests(targets),
            settings.absorb_batch,
            ABSORB_WITHIN,
            lambda: loops.wake("deliver"),
        )
        loops.start("absorb", step, IDLE)
        names = [target.name for target in targets]
        loops.start("forget", Forget(engine, names, settings.retention_days), _HOUR)
    if "deliver" in settings.roles:
        for target in targets:
            loops.start("deliver", Deliver(engine, target), DELIVER_IDLE)
            if target.retires:
                loops.start("review", Review(engine, target), _REVIEW)
    loops.start("chores", lambda: _chores(engine, told), 1.0)


def _chores(engine: sa.Engine, told: Connection) -> int:
    checkpoint(engine)
    with contextlib.suppress(OSError):  # the web process is gone; we shall hear of it
        told.send_bytes(telemetry.exposition(telemetry.WORK))
    return 0


class Absorb:
    """
    A step of absorbing: at most `most` events, fewer where they would take longer than `within`
    (seconds of work; waiting for one's turn does not count).

    `on_news` is called after a step that absorbed something.
    """

    def __init__(
        self,
        engine: sa.Engine,
        translate: flow.Translate,
        interests: Interests,
        most: int,
        within: float | None = None,
        on_news: Callable[[], None] = lambda: None,
    ) -> None:
        self._engine = engine
        self._translate = translate
        self._interests = interests
        self._most = self._limit = most
        self._within = within
        self._on_news = on_news

    def __call__(self) -> int:
        began, worked = time.perf_counter(), time.thread_time()
        try:
            count = self._absorb(self._limit)
        except Exception as error:
            if _may_pass(error):
                raise  # again later, all of it
            # One of these events is our undoing: which?
            telemetry.say(Line.ABSORB_FAILED, logging.ERROR, exc_info=True, reason=error)
            count = self._one_by_one()
        if count:
            telemetry.ABSORBED.inc(count)
            telemetry.ABSORB_EVENTS.observe(count)
            telemetry.ABSORB_SECONDS.observe(time.perf_counter() - began)
            self._pace(count, time.thread_time() - worked)
            self._on_news()
        return count

    def _pace(self, count: int, worked: float) -> None:
        if self._within and worked:  # a coarse clock may say that it took no time
            self._limit = max(_FEWEST, min(self._most, int(count * self._within / worked)))

    def _absorb(self, limit: int) -> int:
        return flow.absorb(self._engine, self._translate, self._interests, now(), limit)

    def _one_by_one(self) -> int:
        """The same events, each alone; those that still fail go to quarantine."""
        failed: list[int] = []
        done = 0
        while done < self._limit:
            suspect = self._oldest()
            try:
                if not self._absorb(1):
                    break
            except Exception as error:
                if _may_pass(error):
                    raise
                failed += self._set_aside(suspect, error)
            done += 1
        telemetry.say(Line.QUARANTINED, logging.ERROR, count=len(failed), first=failed[:10])
        return done

    def _oldest(self) -> list[int]:
        with reading(self._engine) as tx:
            return [arrival.id for arrival in inbox.claim(tx, 1)]

    def _set_aside(self, suspect: list[int], error: Exception) -> list[int]:
        """To quarantine, unless another absorber came between: then nobody knows who it was."""
        reason = f"this bridge failed on it, which is a mistake of ours: {error!r}"[:1000]
        with writing(self._engine) as tx:
            one_absorber(tx)
            if [arrival.id for arrival in inbox.claim(tx, 1)] != suspect:
                return []
            inbox.quarantine(tx, [(number, reason) for number in suspect], now())
            inbox.settle(tx, suspect)
        return suspect


def _may_pass(error: Exception) -> bool:
    return isinstance(error, sa.exc.DBAPIError) and may_pass(error)


class Deliver:
    """A step of telling one sink."""

    def __init__(self, engine: sa.Engine, target: Target) -> None:
        self._engine = engine
        self._target = target

    def __call__(self) -> int:
        began = time.perf_counter()
        count = flow.deliver(self._engine, self._target, now())
        if count:
            telemetry.DELIVERED.labels(self._target.name).inc(count)
            took = time.perf_counter() - began
            telemetry.DELIVER_SECONDS.labels(self._target.name).observe(took)
        return count


class Review:
    """A step of staleness: a sink that retires edges looks which have come of age."""

    def __init__(self, engine: sa.Engine, target: Target) -> None:
        self._engine = engine
        self._target = target

    def __call__(self) -> int:
        flow.review(self._engine, self._target, now())
        return 0


class Forget:
    """A step of retention: the log's oldest events go when their time is over."""

    def __init__(self, engine: sa.Engine, sinks: Collection[str], days: float) -> None:
        self._engine = engine
        self._sinks = sinks
        self._days = days

    def __call__(self) -> int:
        if not self._days:
            return 0
        count = flow.forget(self._engine, self._sinks, now() - round(self._days * _DAY))
        if count:
            telemetry.say(Line.FORGOT, events=count)
        return count


class _Loops:
    """Steps repeated in threads: at once while there is work, else when woken or after a while."""

    def __init__(self) -> None:
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []
        self._bells: dict[str, list[threading.Event]] = {}

    def start(self, name: str, step: Callable[[], int], idle: float) -> None:
        bell = threading.Event()
        self._bells.setdefault(name, []).append(bell)
        thread = threading.Thread(target=self._run, args=(name, step, idle, bell), name=name)
        self._threads.append(thread)
        thread.start()

    def wake(self, name: str) -> None:
        for bell in self._bells.get(name, ()):
            bell.set()

    def stop(self) -> None:
        self._stopping.set()
        for name in self._bells:
            self.wake(name)
        for thread in self._threads:
            thread.join()

    def _run(self, name: str, step: Callable[[], int], idle: float, bell: threading.Event) -> None:
        pause = FIRST_PAUSE
        while not self._stopping.is_set():
            bell.clear()
            try:
                busy = step()
            except Exception as error:  # noqa: BLE001  (logged, counted, and tried again)
                telemetry.FAILURES.labels(name).inc()
                telemetry.say(
                    _FAILED.get(name, Line.CHORE_FAILED),
                    logging.ERROR,
                    reason=error,
                    again_in=pause,
                )
                self._stopping.wait(pause)
                pause = min(pause * 2, LONGEST_PAUSE)
                continue
            pause = FIRST_PAUSE
            if busy:
                time.sleep(GAP)
            else:
                bell.wait(idle)


_FAILED = {
    "absorb": Line.ABSORB_FAILED,
    "deliver": Line.DELIVER_FAILED,
    "kafka": Line.KAFKA_FAILED,
}
