"""A deliverer whose spool is empty ends after the program that started it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from fairlead_sdk.ancestry import Process, lineage_of
from fairlead_sdk.process import Orphanhood
from fairlead_sdk.spool import Spool
from fairlead_sdk.testing import Receiver

NOW = datetime.now(UTC)
ENDED = Process(2**22 + 1, 1)  # beyond the largest number that Linux gives

ONE_EVENT = """
import sys
from fairlead_sdk.transport import DurableConfig, DurableTransport
from fairlead_sdk.settings import Settings

folder, url = sys.argv[1:]
settings = Settings.from_dict({"spool": folder, "url": url, "orphan_exit": 1, "idle_exit": 0.5})
DurableTransport(DurableConfig(settings)).store({"eventType": "START"})
"""


def run_and_leave(folder: Path, url: str) -> None:
    """As a program of its own that is below no other Python, not even the one of these tests."""
    started = 'touch "$2.started"; "$0" -c "$1" "$2" "$3" && touch "$2.ended" &'
    subprocess.run(["/bin/sh", "-c", started, sys.executable, ONE_EVENT, folder, url], check=True)
    while not folder.with_name(f"{folder.name}.ended").exists():
        time.sleep(0.05)


def test_it_gives_up_on_a_dead_receiver_and_the_next_one_delivers_what_is_left(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "spool"
    run_and_leave(folder, "http://127.0.0.1:9")
    spool = Spool(folder)
    while spool.is_delivering():
        time.sleep(0.05)
    assert spool.status().waiting == 1
    with Receiver() as receiver:
        run_and_leave(folder, receiver.url)
        assert len(receiver.wait_for(2)) == 2


def test_it_goes_on_while_its_starter_runs_and_while_events_come_or_go(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool")
    spool.append("{}", NOW)
    watched = Orphanhood([ENDED, *lineage_of(os.getpid())], patience=900)
    assert not any(watched.is_over(spool, now) for now in (0, 1_000, 100_000))
    alone = Orphanhood([ENDED], patience=900)
    assert [alone.is_over(spool, now) for now in (0, 899)] == [False, False]
    spool.append("{}", NOW)
    assert [alone.is_over(spool, now) for now in (901, 1_800, 1_802)] == [False, False, True]
    assert alone.is_over(spool, 1_802.1), "once over, it stays over"


def test_it_ends_as_idle_where_nothing_waits(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool")
    alone = Orphanhood([ENDED], patience=900)
    assert [alone.is_over(spool, now) for now in (0, 10_000)] == [False, False]


def test_a_process_is_not_taken_for_an_earlier_one_of_its_number() -> None:
    [here, *_] = lineage_of(os.getpid())
    assert here.pid == os.getpid()
    assert here.is_alive
    assert not here.started or not Process(here.pid, here.started + 1).is_alive


def test_a_shell_is_no_program_that_holds_a_deliverer(tmp_path: Path) -> None:
    code = "import os; from fairlead_sdk.ancestry import lineage_of; print(len(lineage_of(os.getpid())))"
    command = ["/bin/sh", "-c", '"$0" -c "$1"; true', sys.executable, code]
    below = subprocess.run(command, check=True, capture_output=True, text=True)
    assert int(below.stdout) == 1 + len(lineage_of(os.getpid()))
