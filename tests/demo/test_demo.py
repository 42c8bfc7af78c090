"""The demo starts nothing that it does not stop, and says what is wrong."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from demo.__main__ import alone_in, check
from demo.processes import DemoError, Program, free_port, is_taken
from demo.stack import Ports, Stack

from tests.waiting import until

linux = pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")


def _start(tmp_path: Path, script: str) -> Program:
    command = ["/bin/sh", "-c", script]
    return Program("The program", command, {"PATH": os.environ["PATH"]}, tmp_path / "log")


def _pids(tmp_path: Path, count: int) -> list[int]:
    """The process ids that the script has written, once all are there."""

    def written() -> list[int]:
        return [int(path.read_text() or 0) for path in tmp_path.glob("*.pid")]

    until(lambda: len(pids := written()) == count and all(pids), "the script did not start")
    return written()


def _runs(pid: int) -> bool:
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


@pytest.fixture
def listener() -> Iterator[int]:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield int(server.getsockname()[1])


SLEEP = "echo $$ > {name}.pid; exec sleep 60"


@linux
@pytest.mark.parametrize("way", ["stop", "kill"])
def test_what_a_program_started_ends_with_it_even_in_another_session(
    tmp_path: Path, way: str
) -> None:
    script = "cd {here}; sh -c '{one}' & setsid sh -c '{two}' & {three}".format(
        here=tmp_path,
        one=SLEEP.format(name="one"),
        two=SLEEP.format(name="two"),
        three=SLEEP.format(name="three"),
    )
    program = _start(tmp_path, script)
    started = _pids(tmp_path, 3)
    getattr(program, way)()
    assert [pid for pid in started if _runs(pid)] == []


@linux
def test_a_program_that_does_not_listen_is_stopped_all_the_same(tmp_path: Path) -> None:
    program = _start(tmp_path, f"cd {tmp_path}; trap '' TERM; echo $$ > it.pid; sleep 60; sleep 60")
    (pid,) = _pids(tmp_path, 1)
    program.stop(patience=0.2)
    assert not _runs(pid)


def test_a_program_that_died_is_reported_with_the_end_of_its_log(tmp_path: Path) -> None:
    program = _start(tmp_path, "echo no room on the disk; exit 3")
    until(lambda: not program.is_running())
    with pytest.raises(DemoError, match=r"exit code 3(.|\n)*no room on the disk"):
        program.check()


def test_a_taken_port_is_reported_with_the_setting_that_changes_it(listener: int) -> None:
    with pytest.raises(DemoError, match=f"Port {listener} is taken.*AIRFLOW_PORT={listener + 1}"):
        check(Ports(bridge=free_port(), airflow=listener, shop=free_port()))


def test_free_ports_are_not_complained_about() -> None:
    port = free_port()
    assert not is_taken(port)
    check(Ports(port, free_port(), free_port()))


def test_a_second_demo_in_the_same_folder_is_refused(tmp_path: Path) -> None:
    with alone_in(tmp_path), pytest.raises(DemoError, match="runs in"), alone_in(tmp_path):
        pass
    with alone_in(tmp_path):  # the lock went with the first
        pass


def test_settings_of_another_airflow_do_not_leak_into_the_demo(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AIRFLOW__CORE__EXECUTOR", "OPENLINEAGE_URL", "FAIRLEAD_PORT", "PYTHONPATH"):
        monkeypatch.setenv(name, "somebody else's")
    environment = Stack(tmp_path, Ports(1, 2, 3)).airflow_environment()
    assert "somebody else's" not in environment.values()
    assert environment["AIRFLOW__FAIRLEAD__URL"] == "http://127.0.0.1:1"
