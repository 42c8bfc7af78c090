"""A bound on what one reading transaction may cost, whatever is asked in it."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa

from fairlead_bridge.errors import TooExpensive

#: Steps of SQLite's virtual machine between two looks at the clock: well below a millisecond.
_STEPS = 10_000
#: How much longer than its processor time a statement of PostgreSQL may last, which has other work too.
_LONGER = 5
#: PostgreSQL's code of a statement that took longer than it may.
_CANCELED = "57014"


@contextmanager
def bounded(tx: sa.Connection, seconds: float) -> Iterator[None]:
    """
    Let the transaction take so many seconds of processor time; 0 for any number.

    On SQLite that is the time of the statements and of what is done between them. PostgreSQL's work
    is not ours to measure: each statement ends after five times as long. Raises TooExpensive.
    """
    if not seconds:
        yield
        return
    spent = _Spent(seconds)
    driver: Any = tx.connection.driver_connection
    if tx.dialect.name == "sqlite":
        driver.set_progress_handler(spent.is_over, _STEPS)
    else:
        tx.exec_driver_sql(f"SET LOCAL statement_timeout = {round(seconds * _LONGER * 1000)}")
    sa.event.listen(tx, "before_cursor_execute", spent.check)
    try:
        yield
    except sa.exc.DBAPIError as error:
        if _was_stopped(error):
            raise TooExpensive(seconds) from error
        raise
    finally:
        if tx.dialect.name == "sqlite":
            driver.set_progress_handler(None, 0)


class _Spent:
    """The processor time of the thread that reads; another one begins where it takes over."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._thread = 0
        self._began = 0.0

    def is_over(self) -> bool:
        return time.thread_time() - self._began > self._seconds

    def check(self, *_event: Any) -> None:
        thread = threading.get_ident()
        if thread != self._thread:
            self._thread, self._began = thread, time.thread_time()
        if self.is_over():
            raise TooExpensive(self._seconds)


def _was_stopped(error: sa.exc.DBAPIError) -> bool:
    if getattr(error.orig, "sqlstate", None) == _CANCELED:
        return True
    code = getattr(error.orig, "sqlite_errorcode", 0)
    return bool(code & 0xFF == sqlite3.SQLITE_INTERRUPT)
