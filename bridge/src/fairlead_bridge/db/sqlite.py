"""
SQLite's way: a write-ahead log, synced at every commit, and writers in a line.

A writer takes the one write lock at BEGIN and so never fails half-way for want of it; a reader sees
a snapshot and never waits.
"""

from __future__ import annotations

import os
import sqlite3
import stat
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import sqlalchemy as sa

try:
    import fcntl
except ImportError:  # Windows: writers there take the lock as it comes
    fcntl = None  # type: ignore[assignment]

#: Seconds that a writer waits for another process's transaction.
BUSY_TIMEOUT = 10.0
#: Seconds between two looks whether the write lock is free.
_LOOK_AGAIN = 0.001
#: Pages in the write-ahead log at which a commit copies them into the database file itself.
AUTOCHECKPOINT = 4000
#: Pages in it above which it is emptied, and the milliseconds for each as many pages in which readers
#: must give way; at most so many.
LARGE_LOG, _EMPTY_WITHIN, _EMPTY_WITHIN_AT_MOST = 16_000, 250, 3_000
#: MiB of pages that one connection keeps in memory, and all connections of a process together.
_CACHE, _CACHES = 64, 128
#: The execution option of a connection that only reads.
READING = "fairlead_reading"


def listen(engine: sa.Engine) -> None:
    """Make the engine's connections behave so."""
    sa.event.listen(engine, "do_connect", _make_private)
    sa.event.listen(engine, "connect", _prepare)
    sa.event.listen(engine, "close", _forget)
    sa.event.listen(engine, "begin", _begin)


def checkpoint(engine: sa.Engine) -> None:
    """
    Copy the write-ahead log into the database file, beside readers and writers.

    Where readers follow each other without a gap, the log is never begun anew and grows; a large
    one is emptied while writers wait, for a moment, which is the longer the larger it is.
    """
    connection = engine.raw_connection()
    try:
        cursor = connection.cursor()
        _, pages, _ = cursor.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        if pages > LARGE_LOG:
            within = min(_EMPTY_WITHIN * pages // LARGE_LOG, _EMPTY_WITHIN_AT_MOST)
            cursor.execute(f"PRAGMA busy_timeout = {within}")
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            cursor.execute(f"PRAGMA busy_timeout = {round(BUSY_TIMEOUT * 1000)}")
    finally:
        connection.close()


def _make_private(
    _dialect: object, _record: object, arguments: Sequence[object], more: Any
) -> None:
    """
    A new database is readable by its owner only, an older one at most by its group.

    SQLite gives its other files (-wal, -shm) the mode that the database has.
    """
    path = str(arguments[0])
    if more.get("uri"):
        return
    with suppress(OSError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    for file in map(Path, (path, f"{path}-wal", f"{path}-shm")):
        with suppress(OSError):  # it is not there, or another user's
            mode = stat.S_IMODE(file.stat().st_mode)
            if mode & _OTHERS:
                file.chmod(mode & ~_OTHERS)


_OTHERS = 0o007


def _prepare(connection: Any, record: sa.pool.ConnectionPoolEntry) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute(f"PRAGMA wal_autocheckpoint = {AUTOCHECKPOINT}")
    connection.execute(f"PRAGMA cache_size = -{_CACHE << 10}")
    connection.execute(f"PRAGMA soft_heap_limit = {_CACHES << 20}")
    connection.execute("PRAGMA temp_store = MEMORY")
    if fcntl is not None:
        (_, _, path), *_ = connection.execute("PRAGMA database_list")
        record.info["line"] = os.open(f"{path}-line", os.O_RDWR | os.O_CREAT, 0o600)


def _forget(_connection: object, record: sa.pool.ConnectionPoolEntry) -> None:
    line = record.info.pop("line", None)
    if line is not None:
        os.close(line)


def _begin(connection: sa.Connection) -> None:
    if connection.get_execution_options().get(READING, False):
        connection.exec_driver_sql("BEGIN")
        return
    # SQLite's own waiting looks ever more seldom, up to ten times a second: too late for intake.
    driver = connection.connection.cursor()
    driver.execute("PRAGMA busy_timeout = 0")
    try:
        with _first_in_line(connection):
            _take_write_lock(driver)
    finally:
        driver.execute(f"PRAGMA busy_timeout = {round(BUSY_TIMEOUT * 1000)}")
        driver.close()


def _take_write_lock(driver: Any) -> None:
    # Not by tenacity: every write begins here, nearly always at the first attempt, and tenacity was
    # measured to make that a tenth of a millisecond longer.
    deadline = time.monotonic() + BUSY_TIMEOUT
    while True:
        try:
            driver.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(_LOOK_AGAIN)
        else:
            return


@contextmanager
def _first_in_line(connection: sa.Connection) -> Iterator[None]:
    """
    Only the first in line looks for the write lock; the others wait behind it.

    So a connection that has just written cannot write again before those that waited: without this, a
    process that writes all the time starves the others.
    """
    if fcntl is None:
        yield
        return
    line: int = connection.info["line"]
    fcntl.flock(line, fcntl.LOCK_EX)
    try:
        yield
    finally:
        fcntl.flock(line, fcntl.LOCK_UN)
