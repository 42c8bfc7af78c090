"""What lineage costs a task, in real Airflow: OpenLineage off, its stock HTTP transport, and Fairlead,
each with a receiver that is healthy, takes 2 s, refuses connections, answers 500, or accepts and hangs.

    python -m bench.overhead [--tasks 3] [--runs 1] [--mode MODE ...] [--json FILE]

Two Airflows (standalone, SQLite, LocalExecutor, one task at a time) run side by side, each in a folder
of its own: one without lineage, one with it. Their DAG runs, chains of no-op tasks, take turns, so that
both meet the same machine. Two durations, medians with their quartiles: of a task, from start to end
as Airflow's database has it, and of its slot, from the fork of the task's process to the last that
the process does. (Airflow's supervisor often takes 5 s more to notice that a process has ended, with
lineage and without; that is not counted.) Then the receiver recovers, and what had not arrived has a
minute to arrive.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from fairlead_sdk.testing import Answer, Receiver, healthy

DAG = """
from __future__ import annotations

from datetime import datetime, timezone

from airflow.providers.standard.operators.python import PythonOperator
from airflow.sdk import DAG
from airflow.sdk.bases.operator import chain


def nothing() -> None:
    pass


with DAG("overhead", schedule=None, start_date=datetime(2026, 1, 1, tzinfo=timezone.utc)):
    chain(*(PythonOperator(task_id=f"t{n}", python_callable=nothing) for n in range(TASKS)))
"""

# Writes how long each task's process lived, in seconds, when it has nothing more to do.
LIFE = """
from __future__ import annotations

import json
import os
import time

import psutil
from airflow.listeners import hookimpl
from airflow.plugins_manager import AirflowPlugin


class Life:
    def __init__(self) -> None:
        self.run = None

    @hookimpl
    def on_task_instance_running(self, previous_state, task_instance):
        self.run = task_instance.run_id

    @hookimpl
    def before_stopping(self, component):
        if self.run is not None:
            seconds = time.time() - psutil.Process().create_time()
            with open(os.environ["AIRFLOW_HOME"] + "/lives.jsonl", "a") as lives:
                lives.write(json.dumps([self.run, seconds]) + "\\n")


class LifePlugin(AirflowPlugin):
    name = "life"
    listeners = [Life()]
"""

MODES = ("stock http", "fairlead", "fairlead in a thread")
OFF = "off"
RECEIVERS = ("healthy", "2 s slow", "refusing", "500", "hanging")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


class Stage:
    """A receiver's place on the network, which can be healthy, empty, broken or silent."""

    def __init__(self) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._receivers: list[Receiver] = []

    def arrived(self) -> list[dict[str, Any]]:
        """What was ever acknowledged; also by a receiver that was just going."""
        return [event for receiver in self._receivers for event in receiver.events]

    @contextmanager
    def playing(self, part: str) -> Iterator[Receiver | None]:
        if part == "refusing":
            yield None
        elif part == "hanging":
            with socket.create_server(("127.0.0.1", self.port), backlog=64):
                yield None
        else:
            moods = {"500": _broken, "2 s slow": _slow}
            with Receiver(moods.get(part, healthy), self.port) as receiver:
                self._receivers.append(receiver)
                yield receiver

    def recover(self, run_ids: list[str], expected: int, seconds: float) -> None:
        """Be healthy again until everything has arrived, or nobody waits for it any longer."""
        end = time.monotonic() + seconds
        with self.playing("healthy"):
            while time.monotonic() < end and len(reported(self.arrived(), run_ids)) < expected:
                time.sleep(0.5)


def _broken(path: str, events: list[dict[str, Any]]) -> Answer:
    return 500, {}, None


def _slow(path: str, events: list[dict[str, Any]]) -> Answer:
    time.sleep(2)
    return healthy(path, events)


def reported(events: list[dict[str, Any]], run_ids: list[str]) -> set[tuple[str, str]]:
    """Starts and ends of these DAG runs and their tasks; what only Fairlead sends is not counted."""
    return {
        (event["run"]["runId"], event["eventType"])
        for event in events
        if event["eventType"] != "OTHER" and _of_run(event) in run_ids
    }


def _of_run(event: dict[str, Any]) -> str | None:
    facets = event["run"]["facets"]
    place = facets.get("airflow") or facets.get("airflowDagRun") or {}
    return (place.get("dagRun") or {}).get("run_id")


def environment(home: Path, mode: str, url: str, port: int) -> dict[str, str]:
    stored = {k: v for k, v in os.environ.items() if not k.startswith(("AIRFLOW", "OPENLINEAGE"))}
    result = stored | {
        "PATH": f"{Path(sys.executable).parent}:{stored['PATH']}",
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(home / "dags"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__PARALLELISM": "1",
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"http://127.0.0.1:{port}/execution/",
        "AIRFLOW__API__PORT": str(port),
        "AIRFLOW__API__BASE_URL": f"http://127.0.0.1:{port}",
        "AIRFLOW__API__WORKERS": "1",
        "AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT": str(free_port()),
        "AIRFLOW__TRIGGERER__TRIGGERER_LOG_SERVER_PORT": str(free_port()),
        "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "5",
    }
    if mode == "fairlead in a thread":
        result["AIRFLOW__OPENLINEAGE__EXECUTE_IN_THREAD"] = "True"
    if mode.startswith("fairlead"):
        return result | {"AIRFLOW__FAIRLEAD__URL": url, "AIRFLOW__FAIRLEAD__IDLE_EXIT": "5"}
    result["AIRFLOW__FAIRLEAD__ENABLED"] = "False"
    if mode == "stock http":
        transport = json.dumps({"type": "http", "url": url})
        return result | {"AIRFLOW__OPENLINEAGE__TRANSPORT": transport}
    return result | {"AIRFLOW__OPENLINEAGE__DISABLED": "True"}


@dataclass(frozen=True)
class Durations:
    """Of one DAG run, in seconds: its tasks, and the slots that they held."""

    tasks: list[float]
    slots: list[float]


class Airflow:
    """A real Airflow in a folder of its own."""

    def __init__(self, home: Path, mode: str, url: str, tasks: int) -> None:
        self._home = home
        self._port = free_port()
        self._environment = environment(home, mode, url, self._port)
        (home / "dags").mkdir()
        (home / "dags" / "overhead.py").write_text(DAG.replace("TASKS", str(tasks)))
        (home / "plugins").mkdir()
        (home / "plugins" / "life.py").write_text(LIFE)
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Airflow:
        log = (self._home / "airflow.log").open("wb")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "airflow", "standalone"],
            env=self._environment,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        self._wait(self._is_healthy, 180, "Airflow to be up")
        self._wait(lambda: self._count("SELECT count(*) FROM dag"), 120, "the DAG to be parsed")
        self._cli("dags", "unpause", "overhead")
        return self

    def __exit__(self, *_: object) -> None:
        process = self._process
        if process is None:
            return
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def run(self, name: str) -> Durations:
        """Run the DAG once."""
        self._cli("dags", "trigger", "overhead", "--run-id", name)
        done = "SELECT count(*) FROM dag_run WHERE run_id = ? AND state IN ('success', 'failed')"
        self._wait(lambda: self._count(done, name), 900, f"DAG run {name}")
        with closing(self._database()) as database:
            tasks = database.execute(
                "SELECT start_date, end_date FROM task_instance WHERE run_id = ?", (name,)
            ).fetchall()
        # The last task's process goes on after the DAG run has ended.
        self._wait(lambda: len(self._lives(name)) == len(tasks), 60, "the processes to end")
        return Durations([_seconds(*task) for task in tasks], self._lives(name))

    def _lives(self, name: str) -> list[float]:
        file = self._home / "lives.jsonl"
        lines = file.read_text().splitlines() if file.exists() else []
        return [seconds for run, seconds in map(json.loads, lines) if run == name]

    def _is_healthy(self) -> bool:
        try:
            url = f"http://127.0.0.1:{self._port}/api/v2/monitor/health"
            with urllib.request.urlopen(url, timeout=5) as answer:
                return json.load(answer)["scheduler"]["status"] == "healthy"
        except (OSError, ValueError, KeyError):
            return False

    def _cli(self, *arguments: str) -> None:
        subprocess.run(
            [sys.executable, "-m", "airflow", *arguments],
            env=self._environment,
            check=True,
            capture_output=True,
        )

    def _database(self) -> sqlite3.Connection:
        return sqlite3.connect(f"file:{self._home}/airflow.db?mode=ro", uri=True, timeout=30)

    def _count(self, query: str, *values: str) -> int:
        with closing(self._database()) as database:
            return int(database.execute(query, values).fetchone()[0])

    @staticmethod
    def _wait(condition: Callable[[], object], seconds: float, what: str) -> None:
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > end:
                raise TimeoutError(f"Waited {seconds:g} s for {what}")
            time.sleep(0.5)


def _seconds(start: str, end: str) -> float:
    return (datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds()


def measure(mode: str, tasks: int, runs: int, receivers: Sequence[str]) -> Iterator[dict[str, Any]]:
    stage = Stage()
    expected = runs * (2 * tasks + 2)
    with _airflow(OFF, stage, tasks) as without, _airflow(mode, stage, tasks) as airflow:
        with stage.playing("healthy"):
            without.run("warm-up")
            airflow.run("warm-up")
        for part in receivers:
            names = [f"{part.replace(' ', '-')}-{n}" for n in range(runs)]
            with stage.playing(part):
                pairs = [(without.run(name), airflow.run(name)) for name in names]
            stage.recover(names, expected, 75 if mode.startswith("fairlead") else 15)
            off, own = zip(*pairs, strict=True)
            row = {
                "mode": mode,
                "receiver": part,
                "task_off": _quartiles([t for m in off for t in m.tasks]),
                "task": _quartiles([t for m in own for t in m.tasks]),
                "slot_off": _quartiles([t for m in off for t in m.slots]),
                "slot": _quartiles([t for m in own for t in m.slots]),
                "events": len(reported(stage.arrived(), names)),
                "expected": expected,
            }
            print(json.dumps(row), file=sys.stderr, flush=True)
            yield row


@contextmanager
def _airflow(mode: str, stage: Stage, tasks: int) -> Iterator[Airflow]:
    home = Path(tempfile.mkdtemp(prefix="overhead-"))
    try:
        with Airflow(home, mode, stage.url, tasks) as airflow:
            yield airflow
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _quartiles(values: list[float]) -> list[float]:
    return [round(value, 2) for value in statistics.quantiles(values, n=4, method="inclusive")]


def table(rows: list[dict[str, Any]]) -> str:
    lines = [
        "| mode | receiver | a task, s | without lineage | its slot, s | without | events arrived |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        shown = (_shown(row[key]) for key in ("task", "task_off", "slot", "slot_off"))
        lines.append(
            f"| {row['mode']} | {row['receiver']} | {' | '.join(shown)} "
            f"| {row['events']} of {row['expected']} |"
        )
    return "\n".join(lines)


def _shown(quartiles: list[float]) -> str:
    low, middle, high = quartiles
    return f"{middle:.2f} ({low:.2f} to {high:.2f})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tasks", type=int, default=3, help="tasks in the chain")
    parser.add_argument("--runs", type=int, default=1, help="DAG runs for each line")
    parser.add_argument("--mode", action="append", choices=MODES, help="only this mode")
    parser.add_argument(
        "--receiver", action="append", choices=RECEIVERS, help="only with this receiver"
    )
    parser.add_argument("--json", type=Path, help="write the figures here")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that Airflow is stopped as well
    rows = [
        row
        for mode in options.mode or MODES
        for row in measure(mode, options.tasks, options.runs, options.receiver or RECEIVERS)
    ]
    if options.json:
        options.json.write_text(json.dumps(rows, indent=2))
    print(table(rows))


if __name__ == "__main__":
    main()
