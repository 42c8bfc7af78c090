"""The demo starts nothing that it does not stop, and says what is wrong."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest
from demo.__main__ import Diary, alone_in, attempt, check
from demo.clients import Refused
from demo.days import unasked
from demo.processes import DemoError, Program, free_port, is_taken
from demo.stack import Ports, Stack

from tests.support.waiting import until

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


class Moody(BaseHTTPRequestHandler):
    """Answers with these statuses, one after the other; the last one stays."""

    statuses: ClassVar[list[int]] = []

    def do_GET(self) -> None:
        status = self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]
        body = b'{"dags": [], "detail": "database is locked"}'
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET  # noqa: N815 - as http.server wants it

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def airflow(*statuses: int) -> Iterator[Stack]:
    """A stack whose Airflow has these moods."""
    handler = type("Handler", (Moody,), {"statuses": list(statuses)})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield Stack(Path("/nowhere"), Ports(1, server.server_port, 3))
        server.shutdown()


def test_a_busy_airflow_is_asked_again() -> None:
    with airflow(500, 503, 429, 200) as stack:
        assert stack.insist("Airflow lists its DAGs", stack.airflow.dags) == {}


def test_an_airflow_that_stays_busy_is_reported_with_what_it_says() -> None:
    with (
        airflow(500) as stack,
        pytest.raises(DemoError, match=r"HTTP 500(.|\n)*database is locked"),
    ):
        stack.insist("Airflow lists its DAGs", stack.airflow.dags, patience=0)


def test_a_run_whose_start_was_answered_with_a_failure_is_not_started_twice() -> None:
    with airflow(500, 409) as stack:
        stack.insist("the DAG starts", lambda: stack.airflow.trigger("d", datetime.now(UTC)))


def test_a_refusal_is_not_asked_again() -> None:
    with airflow(403) as stack, pytest.raises(Refused, match="403"):
        stack.insist("Airflow lists its DAGs", stack.airflow.dags)


def asked(*days: str, kind: str = "manual") -> list[dict[str, str]]:
    return [{"logical_date": f"{day}T22:00:00Z", "run_type": kind} for day in days]


def test_a_first_demo_runs_the_newest_days_and_leaves_out_what_airflow_ran_by_itself() -> None:
    runs = asked("2026-11-28", kind="scheduled")
    found = unasked(runs, date(2026, 11, 28), 3)
    assert found == [date(2026, 11, 25), date(2026, 11, 26), date(2026, 11, 27)]


def test_a_second_demo_goes_on_and_never_back() -> None:
    runs = asked("2026-11-25", "2026-11-26", "2026-11-27")
    assert unasked(runs, date(2026, 11, 27), 3) == []
    assert unasked(runs, date(2026, 11, 29), 3) == [date(2026, 11, 28), date(2026, 11, 29)]


def test_what_fails_leaves_the_page_up_where_a_user_looks_at_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    stack = Stack(tmp_path, Ports(free_port(), 2, 3))
    stack.bridge_program = _start(tmp_path, "exec sleep 60")

    def fail(*_: object) -> None:
        raise DemoError("Waited 300 s until Airflow has started shop_orders, in vain.")

    monkeypatch.setattr("demo.__main__.run", fail)
    try:
        assert "in vain" in str(attempt(stack, Diary(), stay=True))
        assert stack.page_is_up
        assert stack.bridge.address in capsys.readouterr().out
        with pytest.raises(DemoError):  # a script is not kept waiting
            attempt(stack, Diary(), stay=False)
    finally:
        stack.bridge_program.kill()


def test_packages_are_installed_with_the_certificates_of_the_system() -> None:
    """As a company's proxy needs; the environment can say otherwise."""
    root = Path(__file__).parents[2]
    show = ["make", "--no-print-directory", "--eval", "show:; @echo $$UV_SYSTEM_CERTS", "show"]
    for own, expected in (({}, "1"), ({"UV_SYSTEM_CERTS": "0"}, "0")):
        inherited = {name: value for name, value in os.environ.items() if name != "UV_SYSTEM_CERTS"}
        made = subprocess.run(show, cwd=root, env=inherited | own, capture_output=True, text=True)
        assert made.stdout.strip() == expected, made.stderr


def test_the_demo_installs_no_tools_of_developers() -> None:
    root = Path(__file__).parents[2]
    wanted = (root / "constraints" / "demo.in").read_text()
    tools = ("pytest", "ruff", "mypy", "playwright", "hypothesis", "import-linter", "nodejs")
    assert not [tool for tool in tools if tool in wanted]
    makefile = (root / "Makefile").read_text()
    assert re.search(r"^demo: \$\(DEMO\)", makefile, re.MULTILINE)
