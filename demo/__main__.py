"""
`make demo`: start everything, run the example DAGs, say where to look, and stop on Ctrl-C.

Everything it stores is in `.demo/`; a second time it goes on from there.
"""

from __future__ import annotations

import argparse
import fcntl
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import NoReturn

from demo import days, shop
from demo.clients import NoAnswer, Refused
from demo.processes import DemoError, is_taken
from demo.stack import BIN, PASSWORD, REPOSITORY, USER, Ports, Stack

#: Days that are run by hand, besides the one that Airflow starts by itself.
DAYS = 3


class Diary:
    """Says what happens, with the time since the start."""

    def __init__(self) -> None:
        self._started = time.monotonic()

    def __call__(self, line: str) -> None:
        seconds = int(time.monotonic() - self._started)
        print(f"{seconds // 60:3}:{seconds % 60:02}  {line}", flush=True)


def check(ports: Ports) -> None:
    """What can be known to be wrong before anything is started."""
    for program in ("airflow", "fairlead-bridge"):
        if not (BIN / program).exists():
            raise DemoError(f"{BIN / program} is not there. First: make install")
    settings = {"PORT": ports.bridge, "AIRFLOW_PORT": ports.airflow, "SHOP_PORT": ports.shop}
    for setting, port in settings.items():
        if is_taken(port):
            raise DemoError(
                f"Port {port} is taken by another program. "
                f"Stop it, or choose another: make demo {setting}={port + 1}"
            )


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """One demo a folder; the lock goes with the process, however it ends."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DemoError(
                f"A demo runs in {folder} already. Stop it with Ctrl-C there."
            ) from None
        yield


def run(stack: Stack, say: Diary) -> None:
    stack.open_shop()
    say(f"The shop's partners answer on http://127.0.0.1:{stack.ports.shop}")
    say("Starting the bridge")
    stack.start_bridge()
    say("Starting Airflow; it makes its database first, which takes a minute on a slow machine")
    stack.start_airflow()
    say(f"Airflow runs, and has read the DAGs in {REPOSITORY / 'dags'}")
    days.let_loose(stack, say)
    to_run = days.days_to_run(stack, shop.today() - timedelta(days=1), DAYS)
    if not to_run:
        say("The days up to yesterday have been run before; `make demo-clean` begins anew")
    for day in to_run:
        note = " (the carrier is busy)" if shop.is_busy(day) else ""
        note = (
            " (the carrier is out of order: expect a failure)"
            if shop.is_out_of_order(day)
            else note
        )
        say(f"Running the DAGs about {day:%A, %d %B}{note}")
        days.run_day(stack, day, say)
    say("Waiting until the bridge has heard of it all")
    stack.wait("the bridge has caught up", lambda: days.caught_up(stack), 120)
    stack.insist("the bridge counts what it knows", lambda: show(stack, say))


def attempt(stack: Stack, say: Diary, stay: bool) -> str | None:
    """Run the demo. What went wrong, where the page can stay up all the same; raises DemoError if not."""
    try:
        run(stack, say)
        return None
    except (DemoError, Refused, NoAnswer) as error:
        if not (stay and stack.page_is_up):
            raise DemoError(str(error)) from error
        say(f"The demo could not be finished. {error}")
        print(
            f"""
    What has arrived until now is shown   {stack.bridge.address}
    Airflow, if it still runs             {stack.airflow.address}   user {USER}, password {PASSWORD}
    Logs, also those of its tasks         {stack.folder / "logs"}
""",
            flush=True,
        )
        return str(error)


def stay_up(stack: Stack, say: Diary) -> None:
    """Until Ctrl-C, or until the bridge ends. That Airflow ends is said, and leaves the page up."""
    print("    Ctrl-C stops it all.\n", flush=True)
    watched = [program for program in (stack.airflow_program, stack.scheduler_program) if program]
    while True:
        if stack.bridge_program:
            stack.bridge_program.check()
        for program in [one for one in watched if not one.is_running()]:
            watched.remove(program)
            say(f"{program.name} has ended; the page stays up. Its log: {program.log}")
        time.sleep(0.5)


def show(stack: Stack, say: Diary) -> None:
    count = {
        "DAG runs": sum(1 for _ in stack.bridge.all("/api/v1/runs", kind="dag")),
        "task runs": sum(1 for _ in stack.bridge.all("/api/v1/runs", kind="task")),
        "datasets": sum(1 for _ in stack.bridge.all("/api/v1/datasets")),
    }
    say("The catalog knows " + ", ".join(f"{n} {what}" for what, n in count.items()))
    print(
        f"""
    The catalog   {stack.bridge.address}
    Its API       {stack.bridge.address}/docs
    Airflow       {stack.airflow.address}   user {USER}, password {PASSWORD}
    The report    {stack.folder / "shop" / "reports" / "sales.html"}
    Logs          {stack.folder / "logs"}

    shop_shipments fails on some days: look there for what that does to the rest.
""",
        flush=True,
    )


def stop(stack: Stack, say: Diary) -> None:
    if not stack.is_up:
        return
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # a second Ctrl-C would leave programs behind
    print()
    say("Stopping, Airflow first")
    stack.stop()
    say(f"Stopped. What was found out stays in {stack.folder}; make demo-clean forgets it")


def interrupt(*_: object) -> NoReturn:
    raise KeyboardInterrupt


def main() -> int:
    parser = argparse.ArgumentParser(prog="make demo", description="Show Fairlead on this machine.")
    parser.add_argument("--port", type=int, default=7070, help="of the bridge")
    parser.add_argument("--airflow-port", type=int, default=8080)
    parser.add_argument("--shop-port", type=int, default=7079, help="of the shop's partners")
    parser.add_argument("--folder", type=Path, default=REPOSITORY / ".demo")
    parser.add_argument("--exit-when-done", action="store_true", help="do not stay, for scripts")
    chosen = parser.parse_args()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, interrupt)

    say = Diary()
    folder = chosen.folder.resolve()
    stack = Stack(folder, Ports(chosen.port, chosen.airflow_port, chosen.shop_port))
    failed: str | None = None
    try:
        with alone_in(folder):
            try:
                check(stack.ports)
                failed = attempt(stack, say, not chosen.exit_when_done)
                if not chosen.exit_when_done:
                    stay_up(stack, say)
            finally:
                stop(stack, say)
    except KeyboardInterrupt:
        return 1 if failed else 0
    except DemoError as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
