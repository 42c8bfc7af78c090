"""
Opening a database, and its transactions.

Readers see a snapshot and never wait, on SQLite and on PostgreSQL (through psycopg 3). What
differs between the two is in this folder and nowhere else.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa

from fairlead_bridge import masking, trust
from fairlead_bridge.db import sqlite
from fairlead_bridge.errors import BadSettings

#: The locks by which processes take turns on PostgreSQL: any numbers, the same everywhere.
_ABSORBER, _MIGRATOR, _MONITOR = 70701, 70702, 70703


def open_database(url: str) -> sa.Engine:
    """
    An engine for `sqlite:///PATH`, a plain path, or `postgresql://USER:PASSWORD@HOST/NAME`.

    Connects to nothing yet and creates no table (`migrate` does).
    Raises BadSettings where the URL means nothing to us.
    """
    parsed = parse_url(url)
    if parsed.get_backend_name() == "sqlite":
        engine = sa.create_engine(
            parsed,
            pool_size=10,
            max_overflow=50,  # as many as the web server has threads
            connect_args={"timeout": sqlite.BUSY_TIMEOUT, "cached_statements": 512},
        )
        sqlite.listen(engine)
        return engine
    try:
        parsed = _with_authorities(parsed)
        return sa.create_engine(parsed, pool_size=10, max_overflow=50, pool_pre_ping=True)
    except ModuleNotFoundError as error:
        raise BadSettings(
            "PostgreSQL needs psycopg, which the extra `postgres` of fairlead-bridge installs"
        ) from error


def _with_authorities(url: sa.URL) -> sa.URL:
    """The URL; where it verifies the server, by which authorities, unless it says so itself."""
    file = trust.chosen()
    if file is None or "sslrootcert" in url.query:
        return url
    verifies = str(url.query.get("sslmode", "")).startswith("verify-")
    return url.update_query_dict({"sslrootcert": file}) if verifies else url


def parse_url(url: str) -> sa.URL:
    """The URL as SQLAlchemy wants it. Raises BadSettings where it means nothing to us."""
    if "://" not in url:
        if _LOOKS_LIKE_URL.match(url):
            raise BadSettings(f"this is not a database URL: {shown(url)!r}; {_URLS}")
        url = f"sqlite:///{url}"
    try:
        parsed = sa.make_url(url)
    except (sa.exc.ArgumentError, ValueError) as error:
        raise BadSettings(f"this is not a database URL: {shown(url)!r}; {_URLS}") from error
    if parsed.drivername in ("sqlite", "sqlite+pysqlite"):
        if not parsed.database or parsed.database == ":memory:":
            raise BadSettings(f"the SQLite database needs a file: {shown(url)!r}; {_URLS}")
        return parsed
    if parsed.drivername in ("postgres", "postgresql", "postgresql+psycopg"):
        return parsed.set(drivername="postgresql+psycopg")
    raise BadSettings(f"no such database here: {shown(url)!r}; {_URLS}")


def has_password(url: str) -> bool:
    """Whether a secret stands in the URL; also where it means nothing to us otherwise."""
    try:
        parsed = sa.make_url(url)
    except (sa.exc.ArgumentError, ValueError):
        return False
    return bool(parsed.password) or any("password" in name for name in parsed.query)


_URLS = "write sqlite:///PATH or postgresql://USER:PASSWORD@HOST:PORT/NAME"


#: One whose colon or slash is missing, and no path.
_LOOKS_LIKE_URL = re.compile(r"\w+(\+\w+)?:/|(postgres|mysql|sqlite)\w*\W.*@", re.IGNORECASE)


def shown(url: str | sa.URL) -> str:
    """
    A database URL without anything that may be its password, however badly it is written.

    >>> shown("postgresql:/ann:hun/t@r2@db/shop?sslpassword=x"), shown("sqlite:///a.db")
    ('postgresql:/***@db/shop', 'sqlite:///a.db')
    """
    if not isinstance(url, str):
        name = url.database if url.get_backend_name() == "sqlite" else _behind_at(url.database)
        return url.set(query={}, database=name).render_as_string(hide_password=True)
    place, _, _query = url.partition("?")
    if "@" not in url:
        return masking.text(place)
    if "@" not in place:  # the password has a question mark
        place = url
    scheme = re.match(r"[\w+]*:?/{0,3}(?=[^/@]*[:@/])", place)
    return f"{scheme[0] if scheme else ''}***@{place.rpartition('@')[2].partition('?')[0]}"


def _behind_at(text: str | None) -> str | None:
    """What is left of a name that the end of a password with a slash stands in."""
    return text and text.rpartition("@")[2]


@contextmanager
def reading(engine: sa.Engine) -> Iterator[sa.Connection]:
    """A read-only transaction: one snapshot, which neither blocks writers nor waits for them."""
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            connection = connection.execution_options(**{sqlite.READING: True})
        else:
            connection = connection.execution_options(
                isolation_level="REPEATABLE READ", postgresql_readonly=True
            )
        with connection.begin():
            yield connection


@contextmanager
def writing(engine: sa.Engine) -> Iterator[sa.Connection]:
    """A transaction that may write: all of it is stored, durably, or nothing."""
    with engine.begin() as connection:
        yield connection


def one_absorber(tx: sa.Connection) -> None:
    """
    Wait until no other transaction absorbs; the turn ends with the transaction.

    On SQLite every writing transaction has its turn already.
    """
    _take_turn(tx, _ABSORBER)


def one_migrator(tx: sa.Connection) -> None:
    """Wait until no other transaction migrates; the turn ends with the transaction."""
    _take_turn(tx, _MIGRATOR)


def one_monitor(tx: sa.Connection) -> None:
    """Wait until no other transaction changes incidents; the turn ends with the transaction."""
    _take_turn(tx, _MONITOR)


def _take_turn(tx: sa.Connection, lock: int) -> None:
    if tx.dialect.name == "postgresql":
        tx.exec_driver_sql(f"SELECT pg_advisory_xact_lock({lock})")


def may_pass(error: sa.exc.DBAPIError) -> bool:
    """Whether the same transaction may succeed later: the database is busy, full or away."""
    if not isinstance(error, sa.exc.OperationalError):
        return error.connection_invalidated
    # PostgreSQL's class 54: what was written is too large, and always will be.
    return not (getattr(error.orig, "sqlstate", None) or "").startswith("54")


def reason(error: sa.exc.DBAPIError) -> str:
    """What the database said, in one line, without the statement it said it of."""
    lines = str(error.orig).strip().splitlines()
    return lines[0].rstrip(".") if lines else type(error.orig).__name__


def checkpoint(engine: sa.Engine) -> None:
    """Copy SQLite's write-ahead log into the database file; PostgreSQL sees to that itself."""
    if engine.dialect.name == "sqlite":
        sqlite.checkpoint(engine)
