"""The spool, with real processes and real kills."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.support.waiting import HANG, until

from fairlead_sdk.delivery import read_tally
from fairlead_sdk.spool import Spool
from fairlead_sdk.totals import Totals

NOW = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)

APPENDER = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from fairlead_sdk.spool import Spool
spool, name, count, size = Spool(Path(sys.argv[1])), sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
n = 0
while n < count or not count:
    spool.append('{"by": "%s", "n": %d, "pad": "%s"}' % (name, n, "x" * size), datetime.now(UTC))
    n += 1
    print(n, flush=True)
"""


def appender(spool: Spool, name: str, count: int, size: int = 100) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", APPENDER, str(spool.folder), name, str(count), str(size)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def contents(spool: Spool) -> list[dict[str, object]]:
    spool.seal(NOW)
    records = [r for s in spool.segments() for r in s.read(0, 10**9, 10**12)]
    return [json.loads(r.body) for r in records if r.body is not None]


def damaged(spool: Spool) -> int:
    records = [r for s in spool.segments() for r in s.read(0, 10**9, 10**12)]
    return sum(r.body is None for r in records)


def test_many_processes_append_at_once_and_no_event_is_mixed_or_missing(spool: Spool) -> None:
    writers = [appender(spool, str(i), 200, 5000) for i in range(5)]
    for writer in writers:
        writer.communicate(timeout=HANG)
    events = contents(spool)
    assert damaged(spool) == 0
    for i in range(5):
        assert [e["n"] for e in events if e["by"] == str(i)] == list(range(200))


def test_an_event_whose_append_returned_survives_the_kill_of_its_writer(spool: Spool) -> None:
    writer = appender(spool, "victim", 0, 20_000)
    assert writer.stdout is not None
    acknowledged = 0
    while acknowledged < 1_000:
        acknowledged = int(writer.stdout.readline())
    writer.send_signal(signal.SIGKILL)
    rest = writer.communicate()[0].split()
    acknowledged = max([acknowledged, *map(int, rest)])
    numbers = [e["n"] for e in contents(spool)]
    assert numbers[:acknowledged] == list(range(acknowledged))


def test_a_torn_tail_harms_neither_the_event_before_nor_the_one_after(spool: Spool) -> None:
    spool.append('{"n": 1}', NOW)
    with (spool.folder / "active.log").open("ab") as file:
        file.write(b'0badc0de 1234567 {"n": "to')
    spool.append('{"n": 2}', NOW)
    assert contents(spool) == [{"n": 1}, {"n": 2}]
    assert damaged(spool) == 1


def test_a_changed_byte_is_noticed(spool: Spool) -> None:
    spool.append('{"n": 1}', NOW)
    spool.append('{"n": 2}', NOW)
    path = spool.folder / "active.log"
    path.write_bytes(path.read_bytes().replace(b'"n": 1', b'"n": 7'))
    assert contents(spool) == [{"n": 2}]


def test_names_of_segments_grow_also_after_all_of_them_are_gone(spool: Spool) -> None:
    names = []
    for seconds in (0, 1):
        spool.append("{}", NOW)
        spool.seal(NOW + timedelta(seconds=seconds))
        [segment] = spool.segments()
        names.append(int(segment.path.stem))
        segment.remove()
    assert names[1] - names[0] == 1_000_000


def test_a_full_disk_is_an_error_and_leaves_nothing_half_written(spool: Spool) -> None:
    """Linux gives a file that is always full to write to only by limit, so the limit is real."""
    spool.append('{"n": 1}', NOW)
    code = """
import resource, sys, signal
from datetime import UTC, datetime
from pathlib import Path
from fairlead_sdk.spool import Spool
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (3000, 3000))
try:
    Spool(Path(sys.argv[1])).append('{"pad": "%s"}' % ("x" * 5000), datetime.now(UTC))
except OSError as error:
    print(type(error).__name__)
"""
    command = [sys.executable, "-c", code, str(spool.folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "OSError"
    spool.append('{"n": 2}', NOW)
    assert contents(spool) == [{"n": 1}, {"n": 2}]
    assert damaged(spool) == 0


def test_an_append_takes_milliseconds(spool: Spool) -> None:
    event = json.dumps({"pad": "x" * 5000})
    spool.append(event, NOW)
    times = []
    for _ in range(200):
        start = time.perf_counter()
        spool.append(event, NOW)
        times.append(time.perf_counter() - start)
    assert sorted(times)[100] < 0.005


def test_only_one_process_delivers(spool: Spool) -> None:
    spool.append("{}", NOW)
    first = spool.take_delivery()
    assert first is not None
    assert spool.take_delivery() is None
    assert spool.status().delivering
    spool.release_delivery(first)
    assert not spool.status().delivering


def test_a_deliverer_does_not_leave_while_an_event_waits(spool: Spool) -> None:
    spool.append("{}", NOW)
    lock = spool.take_delivery()
    assert lock is not None
    assert not spool.leave_if_empty(lock)
    spool.seal(NOW)
    spool.segments()[0].remove()
    assert spool.leave_if_empty(lock)


def test_rejected_events_can_be_replayed(spool: Spool) -> None:
    spool.append('{"n": 1}', NOW)
    spool.reject('{"n": 0}', "HTTP 400: no", NOW)
    assert [r["reason"] for r in spool.rejected()] == ["HTTP 400: no"]
    assert spool.replay_rejected(NOW) == 1
    assert contents(spool) == [{"n": 1}, {"n": 0}]
    assert spool.status().rejected == 0


def test_a_folder_that_was_removed_is_made_again(spool: Spool) -> None:
    spool.append("{}", NOW)
    for path in spool.folder.iterdir():
        path.unlink()
    spool.folder.rmdir()
    spool.append("{}", NOW)
    assert spool.status().waiting == 1


def test_no_other_user_of_the_host_can_read_events(spool: Spool) -> None:
    spool.append("{}", NOW)
    assert spool.folder.stat().st_mode & 0o077 == 0
    assert (spool.folder / "active.log").stat().st_mode & 0o077 == 0


def test_a_spool_that_cannot_be_written_says_so() -> None:
    with pytest.raises(OSError, match="proc"):
        Spool(Path("/proc/fairlead")).append("{}", NOW)


def test_threads_of_one_process_do_not_mix_either(spool: Spool) -> None:
    def write(name: int) -> None:
        for n in range(100):
            spool.append(json.dumps({"by": name, "n": n}), NOW)

    threads = [threading.Thread(target=write, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    events = contents(spool)
    assert len(events) == 400
    assert damaged(spool) == 0


def test_a_process_that_was_forked_meanwhile_holds_no_lock(spool: Spool) -> None:
    """As a scheduler or an api-server forks, one thread knowing nothing of the other."""
    spool.append("{}", NOW)
    delivery = spool.take_delivery()
    assert delivery is not None
    child = os.fork()
    if child == 0:
        time.sleep(HANG)
        os._exit(0)
    try:
        spool.release_delivery(delivery)
        until(lambda: not spool.is_delivering(), "the child keeps the lock")
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def test_a_question_whether_a_process_delivers_is_not_taken_for_that_process(spool: Spool) -> None:
    spool.append("{}", NOW)
    stop = threading.Event()

    def ask() -> None:
        while not stop.is_set():
            spool.is_delivering()

    curious = [threading.Thread(target=ask) for _ in range(3)]
    for thread in curious:
        thread.start()
    try:
        for _ in range(300):
            delivery = spool.take_delivery()
            assert delivery is not None
            spool.release_delivery(delivery)
    finally:
        stop.set()
        for thread in curious:
            thread.join()


def test_what_a_full_disk_refuses_is_counted(spool: Spool) -> None:
    spool.append('{"n": 1}', NOW)
    code = """
import resource, sys, signal
from datetime import UTC, datetime
from pathlib import Path
from fairlead_sdk.spool import Spool
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (3000, 3000))
for _ in range(3):
    try:
        Spool(Path(sys.argv[1])).append('{"pad": "%s"}' % ("x" * 5000), datetime.now(UTC))
    except OSError:
        pass
"""
    subprocess.run([sys.executable, "-c", code, str(spool.folder)], check=True)
    assert spool.status().refused == 3
    assert spool.status().waiting == 1


def test_what_was_counted_is_reported_once(spool: Spool) -> None:
    spool.append("{}", NOW)
    spool.count(Totals(delivered=5))
    spool.count(Totals(delivered=2, failures=1))
    assert spool.take_unreported() == Totals(delivered=7, failures=1)
    assert spool.take_unreported() == Totals()
    spool.count(Totals(delivered=1))
    assert spool.take_unreported() == Totals(delivered=1)
    assert spool.status().delivered == 8


def test_a_note_of_progress_that_was_changed_makes_events_travel_again_not_vanish(
    spool: Spool,
) -> None:
    spool.append('{"n": 1}', NOW)
    spool.seal(NOW)
    segment = spool.segments()[0]
    segment.acknowledge(17)
    assert segment.offset == 17
    done = segment.path.with_suffix(".done")
    done.write_bytes(done.read_bytes().replace(b"17", b"97"))
    assert segment.offset == 0
    done.write_bytes(b"")
    assert segment.offset == 0


def test_files_of_others_in_the_folder_are_left_alone(spool: Spool) -> None:
    spool.append('{"n": 1}', NOW)
    spool.seal(NOW)
    stranger = spool.folder / "segments" / "notes.log"
    stranger.write_text("not a spool's\n")
    spool.append('{"n": 2}', NOW)
    assert contents(spool) == [{"n": 1}, {"n": 2}]
    for segment in spool.segments():
        segment.remove()
    assert spool.is_empty()
    assert stranger.exists()


def test_damaged_notes_do_not_stop_a_reader_from_asking(spool: Spool) -> None:
    spool.append("{}", NOW)
    spool.reject('{"n": 0}', "no", NOW)
    rejected = next((spool.folder / "rejected").iterdir())
    with rejected.open("ab") as file:
        file.write(b'\xff\xfe{"torn')
    spool.reject('{"n": 1}', "no", NOW)
    for name in ("totals", "destination", "deliverer.json", "dropped.jsonl"):
        (spool.folder / name).write_bytes(b"\xff{")
    assert spool.status().rejected == 2
    assert spool.wanted_destination() != ""
    spool.want_destination("ours")
    assert spool.wanted_destination() == "ours"
    assert read_tally(spool.folder) == {}


def test_a_replay_that_was_cut_short_is_done_again(spool: Spool) -> None:
    spool.append('{"n": 1}', NOW)
    spool.reject('{"n": 0}', "no", NOW)
    [path] = (spool.folder / "rejected").iterdir()
    path.rename(path.with_suffix(".again"))  # as a replay leaves it that is killed
    assert spool.status().rejected == 1
    assert spool.replay_rejected(NOW) == 1
    assert contents(spool) == [{"n": 1}, {"n": 0}]


def test_a_writer_does_not_wait_for_ever_for_one_that_was_frozen(
    spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool.append('{"n": 1}', NOW)
    code = """
import sys, time
from pathlib import Path
from fairlead_sdk import locks
with locks.holding(Path(sys.argv[1]), 1.0):
    print("held", flush=True)
    time.sleep(60)
"""
    command = [sys.executable, "-c", code, str(spool.folder / "append.lock")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as frozen:
        assert frozen.stdout is not None
        assert frozen.stdout.readline() == "held\n"
        frozen.send_signal(signal.SIGSTOP)
        monkeypatch.setattr("fairlead_sdk.spool._PATIENCE", 0.2)
        with pytest.raises(TimeoutError, match="held"):
            spool.append('{"n": 2}', NOW)
        frozen.kill()
    spool.append('{"n": 3}', NOW)
    assert contents(spool) == [{"n": 1}, {"n": 3}]


def test_a_spool_says_why_it_takes_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert Spool(tmp_path / "file").status().problem == "it is not a directory"
    assert Spool(tmp_path / "new").status().problem is None
