from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from fairlead_bridge.db.bulk import chunks, excluded, insert_new, insert_returning, upsert
from fairlead_bridge.db.engine import (
    checkpoint,
    one_absorber,
    open_database,
    parse_url,
    reading,
    writing,
)
from fairlead_bridge.db.migrate import migrate
from fairlead_bridge.db.sqlite import LARGE_LOG
from fairlead_bridge.db.tables import edge, event, quarantine, task_state_at_run_end, waiting
from fairlead_bridge.errors import BadSettings

_CAME = excluded(edge)
_LONGER: dict[str, sa.ColumnElement[int]] = {"last_at": edge.c.last_at + _CAME.last_at}


def _edge(src: int, first_at: int, last_at: int, last_run: int | None = None) -> dict[str, object]:
    return {
        "src": src,
        "dst": 1,
        "kind": "data",
        "first_at": first_at,
        "last_at": last_at,
        "last_run": last_run,
    }


def _edges(db: sa.Engine) -> list[tuple[object, ...]]:
    with reading(db) as tx:
        columns = edge.c["src", "first_at", "last_at", "last_run"]
        return [tuple(row) for row in tx.execute(sa.select(*columns).order_by(edge.c.src))]


def test_a_large_log_is_emptied_as_soon_as_readers_give_way(tmp_path: Path) -> None:
    """Else it grows where readers and writers follow each other without a gap."""
    engine = open_database(f"sqlite:///{tmp_path / 'fairlead.db'}")
    migrate(engine)
    log = tmp_path / "fairlead.db-wal"
    row = {"received_at": 1, "source": "test", "body": bytes(LARGE_LOG // 4 * 4096)}
    with reading(engine) as tx:
        assert tx.scalar(sa.select(sa.func.count()).select_from(event)) == 0
        for number in range(5):
            with writing(engine) as other:
                insert_new(other, event, [row | {"digest": bytes([number])}])
            checkpoint(engine)
        assert log.stat().st_size > LARGE_LOG * 4096
    checkpoint(engine)
    assert log.stat().st_size == 0
    engine.dispose()


def test_all_connections_of_a_process_together_hold_a_bounded_number_of_pages(
    tmp_path: Path,
) -> None:
    """Each of the web server's threads has one, and each of these would keep 64 MiB."""
    command = [sys.executable, "-c", _READ_ALL, f"sqlite:///{tmp_path / 'fairlead.db'}"]
    megabytes = int(subprocess.run(command, check=True, capture_output=True).stdout)
    assert megabytes < 280


_READ_ALL = """
import contextlib, pathlib, sys
import sqlalchemy as sa
from fairlead_bridge.db.engine import open_database, reading, writing
engine = open_database(sys.argv[1])
with writing(engine) as tx:
    tx.exec_driver_sql("CREATE TABLE big AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL "
                       "SELECT i + 1 FROM n WHERE i < 40000) SELECT i, randomblob(2000) AS b FROM n")
def taken():
    status = pathlib.Path("/proc/self/status").read_text()
    return int(status.partition("RssAnon:")[2].split()[0]) >> 10
before = taken()
with contextlib.ExitStack() as stack:
    for _ in range(10):
        tx = stack.enter_context(reading(engine))
        tx.exec_driver_sql("SELECT count(i), sum(length(b)) FROM big").all()
    print(taken() - before)
"""


def test_rows_that_are_there_already_are_left_alone(db: sa.Engine) -> None:
    with writing(db) as tx:
        insert_new(tx, edge, [_edge(2, 5, 5), _edge(1, 5, 5)])
        insert_new(tx, edge, [_edge(2, 9, 9), _edge(3, 9, 9), _edge(3, 9, 9)])
    assert _edges(db) == [(1, 5, 5, None), (2, 5, 5, None), (3, 9, 9, None)]


def test_only_new_rows_are_returned(db: sa.Engine) -> None:
    def row(digest: bytes) -> dict[str, object]:
        return {"digest": digest, "received_at": 1, "source": "test", "body": b""}

    with writing(db) as tx:
        first = insert_returning(tx, event, [row(b"a"), row(b"b")], "id")
        again = insert_returning(tx, event, [row(b"b"), row(b"c"), row(b"c")], "id")
        digests = tx.scalars(sa.select(event.c.digest).where(event.c.id.in_(again))).all()
    assert len(first) == 2
    assert digests == [b"c"]


def test_an_upsert_without_refresh_takes_what_came(db: sa.Engine) -> None:
    with writing(db) as tx:
        upsert(tx, edge, [_edge(1, 5, 5, 7)])
        upsert(tx, edge, [_edge(1, 6, 6)])
    assert _edges(db) == [(1, 6, 6, None)]


def test_an_upsert_refreshes_of_what_is_there_and_what_came(db: sa.Engine) -> None:
    with writing(db) as tx:
        upsert(tx, edge, [_edge(1, 5, 5, None), _edge(2, 5, 5, 3)], _LONGER)
        upsert(tx, edge, [_edge(2, 4, 4, None), _edge(1, 6, 6, 2)], _LONGER)
    assert _edges(db) == [(1, 5, 11, None), (2, 5, 9, 3)]


def test_an_upsert_changes_only_the_rows_it_may(db: sa.Engine) -> None:
    newer = _CAME.last_at > edge.c.last_at
    with writing(db) as tx:
        upsert(tx, edge, [_edge(1, 5, 5), _edge(2, 5, 5)])
        upsert(tx, edge, [_edge(1, 0, 4), _edge(2, 0, 6)], where=newer)
    assert _edges(db) == [(1, 5, 5, None), (2, 0, 6, None)]


def test_a_table_of_keys_alone_can_be_upserted(db: sa.Engine) -> None:
    with writing(db) as tx:
        upsert(tx, waiting, [{"event_id": 2}, {"event_id": 1}])
        upsert(tx, waiting, [{"event_id": 2}])
        assert tx.scalars(sa.select(waiting.c.event_id).order_by(waiting.c.event_id)).all() == [
            1,
            2,
        ]


def test_floats_texts_and_nulls_survive_the_bulk(db: sa.Engine) -> None:
    rows = [
        {"dag_run": 1, "task_id": "größer", "at": 2**62, "state": "success", "duration": 1.5},
        {"dag_run": 1, "task_id": "b", "at": -1, "state": "failed", "duration": None},
    ]
    with writing(db) as tx:
        upsert(tx, task_state_at_run_end, rows)
        found = (
            tx.execute(sa.select(task_state_at_run_end).order_by(task_state_at_run_end.c.at.desc()))
            .mappings()
            .all()
        )
    assert [dict(row) for row in found] == rows


def test_nothing_is_nothing(db: sa.Engine) -> None:
    with writing(db) as tx:
        insert_new(tx, edge, [])
        upsert(tx, edge, [])
        assert insert_returning(tx, event, [], "id") == []


def test_a_failed_transaction_leaves_nothing(db: sa.Engine) -> None:
    def fail() -> None:
        with writing(db) as tx:
            insert_new(tx, edge, [_edge(1, 5, 5)])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert _edges(db) == []


def test_a_reader_sees_one_snapshot_and_blocks_no_writer(db: sa.Engine) -> None:
    count = sa.select(sa.func.count()).select_from(edge)
    with reading(db) as reader:
        assert reader.scalar(count) == 0
        with writing(db) as tx:
            insert_new(tx, edge, [_edge(1, 5, 5)])
        assert reader.scalar(count) == 0
    with reading(db) as reader:
        assert reader.scalar(count) == 1


def test_a_reader_waits_for_no_writer(db: sa.Engine) -> None:
    with writing(db) as tx:
        insert_new(tx, edge, [_edge(1, 5, 5)])
        assert _edges(db) == []


def test_absorbers_take_turns(db: sa.Engine) -> None:
    order: list[str] = []
    first_is_in = threading.Event()

    def second() -> None:
        first_is_in.wait(10)
        with writing(db) as tx:
            one_absorber(tx)
            order.append("second")

    thread = threading.Thread(target=second)
    thread.start()
    with writing(db) as tx:
        one_absorber(tx)
        first_is_in.set()
        thread.join(0.2)
        order.append("first")
    thread.join(10)
    assert order == ["first", "second"]


def test_chunks_hold_everything_once() -> None:
    assert [list(piece) for piece in chunks(range(5), 2)] == [[0, 1], [2, 3], [4]]


@pytest.mark.parametrize(
    ("url", "meant"),
    [
        ("sqlite:///a/b.db", "sqlite:///a/b.db"),
        ("/srv/b.db", "sqlite:////srv/b.db"),
        ("postgres://u:p@h/n", "postgresql+psycopg://u:***@h/n"),
        ("postgresql://h/n", "postgresql+psycopg://h/n"),
    ],
)
def test_a_database_is_named_by_path_or_url(url: str, meant: str) -> None:
    assert str(parse_url(url)) == meant


@pytest.mark.parametrize(
    "url", ["sqlite://", "sqlite:///:memory:", "mysql://h/n", "x://", "a b://"]
)
def test_a_url_we_cannot_use_is_refused_with_what_to_write(url: str) -> None:
    with pytest.raises(BadSettings, match="write sqlite:///PATH or postgresql://"):
        open_database(url)


def test_a_refused_url_does_not_show_its_password() -> None:
    with pytest.raises(BadSettings) as refusal:
        open_database("mysql://me:secret@h/n")
    assert "secret" not in str(refusal.value)


def test_a_sqlite_commit_is_on_the_disk_before_it_returns(tmp_path: Path) -> None:
    engine = open_database(str(tmp_path / "fairlead.db"))
    with reading(engine) as tx:
        assert tx.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert tx.exec_driver_sql("PRAGMA synchronous").scalar() == 2
    engine.dispose()


def test_a_writer_that_never_rests_does_not_starve_the_others(db: sa.Engine) -> None:
    stop = threading.Event()

    def write_all_the_time() -> None:
        number = 0
        while not stop.is_set():
            with writing(db) as tx:
                number += 1
                insert_new(tx, edge, [_edge(number, 5, 5)])

    thread = threading.Thread(target=write_all_the_time)
    thread.start()
    try:
        for number in range(20):
            began = time.monotonic()
            with writing(db) as tx:
                insert_new(tx, edge, [_edge(-number, 5, 5)])
            assert time.monotonic() - began < 60  # for ever, where locks are not fair
    finally:
        stop.set()
        thread.join()


def test_a_row_may_have_its_columns_in_any_order(db: sa.Engine) -> None:
    row = {"reason": "odd", "at": 2, "event_id": 1}
    with writing(db) as tx:
        upsert(tx, quarantine, [row])
        assert [dict(each) for each in tx.execute(sa.select(quarantine)).mappings()] == [row]


# --- files --------------------------------------------------------------------------------------


def modes(folder: Path) -> dict[str, str]:
    return {path.name: oct(path.stat().st_mode & 0o777) for path in sorted(folder.iterdir())}


@pytest.fixture
def generous() -> Iterator[None]:
    """Files are created for everybody, as by default."""
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.mark.usefixtures("generous")
def test_the_files_of_a_database_are_their_owners_only(tmp_path: Path) -> None:
    engine = open_database(f"sqlite:///{tmp_path}/b.db")
    migrate(engine)
    with writing(engine) as tx:
        tx.exec_driver_sql("CREATE TABLE t (n INTEGER)")
        names = ["b.db", "b.db-line", "b.db-shm", "b.db-wal"]
        assert modes(tmp_path) == dict.fromkeys(names, "0o600")
    engine.dispose()


@pytest.mark.usefixtures("generous")
def test_a_database_of_an_older_version_is_closed_to_others(tmp_path: Path) -> None:
    (tmp_path / "b.db").touch(0o664)
    engine = open_database(f"{tmp_path}/b.db")
    migrate(engine)
    with writing(engine) as tx:
        tx.exec_driver_sql("CREATE TABLE t (n INTEGER)")
        assert modes(tmp_path)["b.db"] == modes(tmp_path)["b.db-wal"] == "0o660"
    engine.dispose()
