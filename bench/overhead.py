"""What lineage costs a task, in real Airflow: OpenLineage off, its stock HTTP transport, and Fairlead,
each with a receiver that is healthy, refuses connections, answers 500, or accepts and hangs.

    python bench/overhead.py [--tasks 3] [--runs 1] [--json FILE]

Airflow (standalone, SQLite, LocalExecutor, one task at a time) is started once a mode, in a folder of
its own. The DAG is a chain of no-op tasks. Durations are from Airflow's database: of a task, from
start to end as Airflow shows it, and of the whole DAG run. Then the receiver recovers, and what had
not arrived has a minute to arrive.
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
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from fairlead.testing import Answer, Receiver, healthy

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

MODES = ("off", "stock http", "fairlead")
RECEIVERS = ("healthy", "refusing", "500", "hanging")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


class Stage:
    """A receiver's place on the network, which can be healthy, empty, broken or silent."""

    def __init__(self) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.arrived: list[dict[str, Any]] = []

    @contextmanager
    def playing(self, part: str) -> Iterator[Receiver | None]:
        if part == "refusing":
            yield None
        elif part == "hanging":
            with socket.create_server(("127.0.0.1", self.port), backlog=64):
                yield None
        else:
            mood = _broken if part == "500" else healthy
            with Receiver(mood, self.port) as receiver:
                yield receiver
                self.arrived += receiver.events

    def recover(self, run_ids: list[str], expected: int, seconds: float) -> None:
        """Be healthy again until everything has arrived, or nobody waits for it any longer."""
        end = time.monotonic() + seconds
        with self.playing("healthy") as receiver:
            while receiver and time.monotonic() < end:
                if len(told(self.arrived + receiver.events, run_ids)) >= expected:
                    break
                time.sleep(0.5)


def _broken(path: str, events: list[dict[str, Any]]) -> Answer:
    return 500, {}, None


def told(events: list[dict[str, Any]], run_ids: list[str]) -> set[tuple[str, str]]:
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
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("AIRFLOW", "OPENLINEAGE"))}
    result = kept | {
        "PATH": f"{Path(sys.executable).parent}:{kept['PATH']}",
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
    if mode == "fairlead":
        return result | {"AIRFLOW__FAIRLEAD__URL": url, "AIRFLOW__FAIRLEAD__IDLE_EXIT": "5"}
    result["AIRFLOW__FAIRLEAD__ENABLED"] = "False"
    if mode == "stock http":
        transport = json.dumps({"type": "http", "url": url})
        return result | {"AIRFLOW__OPENLINEAGE__TRANSPORT": transport}
    return result | {"AIRFLOW__OPENLINEAGE__DISABLED": "True"}


class Airflow:
    """A real Airflow in a folder of its own."""

    def __init__(self, home: Path, mode: str, url: str, tasks: int) -> None:
        self._home = home
        self._port = free_port()
        self._environment = environment(home, mode, url, self._port)
        (home / "dags").mkdir()
        (home / "dags" / "overhead.py").write_text(DAG.replace("TASKS", str(tasks)))
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

    def run(self, name: str) -> tuple[list[float], float]:
        """Run the DAG once: durations of its tasks, and of the whole, in seconds."""
        self._cli("dags", "trigger", "overhead", "--run-id", name)
        done = "SELECT count(*) FROM dag_run WHERE run_id = ? AND state IN ('success', 'failed')"
        self._wait(lambda: self._count(done, name), 900, f"DAG run {name}")
        with closing(self._database()) as database:
            tasks = database.execute(
                "SELECT start_date, end_date FROM task_instance WHERE run_id = ?", (name,)
            ).fetchall()
            [whole] = database.execute(
                "SELECT start_date, end_date FROM dag_run WHERE run_id = ?", (name,)
            ).fetchall()
        return [_seconds(*task) for task in tasks], _seconds(*whole)

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
    from datetime import datetime

    return (datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds()


def measure(mode: str, tasks: int, runs: int) -> list[dict[str, Any]]:
    home = Path(tempfile.mkdtemp(prefix="overhead-"))
    stage = Stage()
    expected = runs * (2 * tasks + 2) if mode != "off" else 0
    rows = []
    try:
        with Airflow(home, mode, stage.url, tasks) as airflow:
            with stage.playing("healthy"):
                airflow.run("warm-up")
            for part in RECEIVERS if mode != "off" else RECEIVERS[:1]:
                names = [f"{part}-{n}" for n in range(runs)]
                with stage.playing(part):
                    measured = [airflow.run(name) for name in names]
                stage.recover(names, expected, 75 if mode == "fairlead" else 15)
                row = {
                    "mode": mode,
                    "receiver": part if mode != "off" else "-",
                    "task": round(statistics.median(t for ts, _ in measured for t in ts), 2),
                    "dag_run": round(statistics.median(whole for _, whole in measured), 1),
                    "events": len(told(stage.arrived, names)),
                    "expected": expected,
                }
                rows.append(row)
                print(json.dumps(row), file=sys.stderr, flush=True)
    finally:
        shutil.rmtree(home, ignore_errors=True)
    return rows


def table(rows: list[dict[str, Any]]) -> str:
    off = next((r for r in rows if r["mode"] == "off"), None)
    lines = [
        "| mode | receiver | a task, s | to off | DAG run, s | events arrived |",
        "|---|---|---|---|---|---|",
    ]
    for row in rows:
        ratio = f"{row['task'] / off['task']:.2f}" if off and off["task"] else "-"
        arrived = f"{row['events']} of {row['expected']}" if row["expected"] else "-"
        lines.append(
            f"| {row['mode']} | {row['receiver']} | {row['task']:.2f} | {ratio} "
            f"| {row['dag_run']:.1f} | {arrived} |"
        )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tasks", type=int, default=3, help="tasks in the chain")
    parser.add_argument("--runs", type=int, default=1, help="DAG runs for each line")
    parser.add_argument("--mode", action="append", choices=MODES, help="only this mode")
    parser.add_argument("--json", type=Path, help="write the figures here")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that Airflow is stopped as well
    rows = [
        row for mode in options.mode or MODES for row in measure(mode, options.tasks, options.runs)
    ]
    if options.json:
        options.json.write_text(json.dumps(rows, indent=2))
    print(table(rows))


if __name__ == "__main__":
    main()
