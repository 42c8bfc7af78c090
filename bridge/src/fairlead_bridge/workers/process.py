"""The worker process: which steps run in it, in which loops."""

from __future__ import annotations

import contextlib
import gc
import os
import signal
from functools import partial
from multiprocessing.connection import Connection

import sqlalchemy as sa

from fairlead_bridge import outbox, telemetry
from fairlead_bridge.app import (
    build_channels,
    build_kafka,
    build_rules,
    build_sinks,
    build_translator,
    prepare,
)
from fairlead_bridge.condition import Report
from fairlead_bridge.db.engine import checkpoint, open_database, writing
from fairlead_bridge.intake.kafka import Kafka
from fairlead_bridge.settings import Settings
from fairlead_bridge.sinks import interests
from fairlead_bridge.telemetry import Line
from fairlead_bridge.workers.loops import Loops
from fairlead_bridge.workers.steps import Absorb, Deliver, Forget, Monitor, Review, now

#: Seconds that absorbing a batch should take, since intake waits that long to write.
ABSORB_WITHIN = 0.03
#: Seconds after which a loop looks for work without a wake-up (another process's events).
IDLE = 0.25
#: Seconds between two looks at what sinks are due.
DELIVER_IDLE = 1.0
#: Seconds between two looks at what is due to be evaluated.
MONITOR_IDLE = 1.0

_HOUR = 3600.0
#: Seconds between two looks at edges that may have become stale.
_REVIEW = 6 * _HOUR


def work(settings: Settings, wakeups: Connection, reports: Connection, name: str) -> None:
    """
    The worker process: runs until the other end of `wakeups` is closed.

    `name` is also that of the worker that it replaces, which is dead.
    """
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # the web process decides when we end
    telemetry.configure_logging(settings.log_level, settings.log_format)
    prepare(settings)
    engine = open_database(settings.database_url)
    loops = Loops()
    kafka = None
    if "intake" in settings.roles and settings.kafka_servers:
        kafka = build_kafka(settings, engine, now)
        loops.start("kafka", kafka, 0.0)
    _start_loops(loops, settings, engine, name)
    loops.start("chores", lambda: _chores(engine, loops, kafka, reports), 1.0)
    telemetry.say(Line.WORKER_STARTED, roles=",".join(settings.roles), process=os.getpid())
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
    while os.read(wakeups.fileno(), 4096):
        loops.wake("absorb")
    loops.stop()
    if kafka:
        kafka.close()  # the group shares its partitions out at once, not when a session times out
    engine.dispose()


def _start_loops(loops: Loops, settings: Settings, engine: sa.Engine, name: str) -> None:
    targets = [*build_sinks(settings), *build_channels(settings)]
    if "absorb" in settings.roles:
        translate = build_translator(settings)
        step = Absorb(
            engine,
            translate,
            interests(targets),
            settings.absorb_batch,
            ABSORB_WITHIN,
            lambda: _absorbed(loops),
        )
        loops.start("absorb", step, IDLE)
        names = [target.name for target in targets]
        loops.start(
            "forget", Forget(engine, names, settings.retention_days, settings.audit_days), _HOUR
        )
    if "monitor" in settings.roles:
        rules = build_rules(settings)
        wake = partial(loops.wake, "deliver")
        loops.start("monitor", Monitor(engine, interests(targets), rules, wake), MONITOR_IDLE)
    if "deliver" in settings.roles:
        with writing(engine) as tx:
            outbox.reclaim(tx, name, now())
        for target in targets:
            loops.start("deliver", Deliver(engine, target, name), DELIVER_IDLE)
            if target.retracts:
                loops.start("review", Review(engine, target), _REVIEW)


def _absorbed(loops: Loops) -> None:
    loops.wake("deliver")
    loops.wake("monitor")


def _chores(engine: sa.Engine, loops: Loops, kafka: Kafka | None, reports: Connection) -> int:
    lag = kafka.lag if kafka else None
    report = Report(now(), telemetry.exposition(telemetry.WORK), loops.states, lag)
    with contextlib.suppress(OSError):  # the web process is gone; the other pipe says so as well
        reports.send(report)
    checkpoint(engine)
    return 0
