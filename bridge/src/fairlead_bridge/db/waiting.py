"""Waiting at start for a database server that is still starting itself."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

import sqlalchemy as sa
import tenacity

from fairlead_bridge import telemetry
from fairlead_bridge.db.engine import reason, shown
from fairlead_bridge.telemetry import Line

#: What a server says that is there, and will not let us in later either. (psycopg has no code for
#: what goes wrong before a connection stands, only the text.)
_FINAL = ("authentication failed", "does not exist", "pg_hba.conf", "not permitted to log in")


def until_reachable(
    engine: sa.Engine, seconds: float, sleep: Callable[[float], None] = time.sleep
) -> None:
    """
    Return when the server takes a connection, after `seconds` at the latest, or when it refuses for good.

    Raises nothing: opening the database next raises why it cannot be used. SQLite has no server.
    """
    if engine.dialect.name == "sqlite":
        return
    retrying = tenacity.Retrying(
        retry=tenacity.retry_if_exception(_may_come),
        stop=tenacity.stop_after_delay(seconds),
        wait=tenacity.wait_exponential(multiplier=0.5, max=5),
        before_sleep=lambda state: _say(engine, state),
        sleep=sleep,
    )
    try:
        retrying(lambda: engine.connect().close())
    except (sa.exc.DBAPIError, tenacity.RetryError):
        return


def _may_come(error: BaseException) -> bool:
    return isinstance(error, sa.exc.OperationalError) and not any(
        final in str(error.orig) for final in _FINAL
    )


def _say(engine: sa.Engine, state: tenacity.RetryCallState) -> None:
    error = state.outcome.exception() if state.outcome else None
    why = reason(error) if isinstance(error, sa.exc.DBAPIError) else str(error)
    again = state.next_action.sleep if state.next_action else 0
    url = shown(engine.url)
    telemetry.say(
        Line.DATABASE_AWAITED, logging.WARNING, database=url, reason=why, again_in=f"{again:g} s"
    )
