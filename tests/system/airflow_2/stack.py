"""A real Airflow 2.11 beside the bridge: LocalExecutor on PostgreSQL, from an environment of its own.

What Airflow 2 needs keeps the bridge out of that environment; they meet on the wire only.
"""

from __future__ import annotations

import base64
import json
import os
import signal
import sqlite3
import subprocess
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

from demo.clients import Client, Json, Refused
from demo.processes import Program, free_port
from demo.stack import REPOSITORY, Ports, Stack

BIN = REPOSITORY / ".venv-airflow-2" / "bin"
FOLDER = Path(__file__).parent / "dags"
DAGS = {"mill", "market", "calendar"}
SECRET = "the-miller-s-own-w0rd"  # noqa: S105 - of a test
SCHEMA = """
    CREATE TABLE harvest (id INTEGER, kilos REAL);
    CREATE TABLE sacks (id INTEGER, kilos REAL);
"""


class Airflow2(Client):
    """Airflow's public API, version 1."""

    def log_in(self, user: str, password: str) -> None:
        word = base64.b64encode(f"{user}:{password}".encode()).decode()
        self._headers["Authorization"] = f"Basic {word}"

    def unhealthy(self) -> list[str]:
        """The parts of Airflow that do not run (yet)."""
        health = self.get("/health")
        parts = ("metadatabase", "scheduler", "triggerer")
        return [part for part in parts if (health.get(part) or {}).get("status") != "healthy"]

    def dags(self) -> set[str]:
        return {dag["dag_id"] for dag in self.get("/api/v1/dags")["dags"]}

    def trigger(self, dag_id: str) -> str:
        """Start a run of the DAG; returns its run id."""
        return str(self.ask("POST", f"/api/v1/dags/{dag_id}/dagRuns", {})["dag_run_id"])

    def states(self, dag_id: str) -> list[str]:
        runs = self.get(f"/api/v1/dags/{dag_id}/dagRuns")["dag_runs"]
        return [run["state"] for run in runs]

    def links(self, dag_id: str, run_id: str, task_id: str) -> Json:
        return self.get(f"/api/v1/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}/links")

    def report_update(self, uri: str, extra: dict[str, Any]) -> None:
        """An event of a dataset that no task of this Airflow caused."""
        self.ask("POST", "/api/v1/datasets/events", {"dataset_uri": uri, "extra": extra})


class Mill(Stack):
    """Airflow 2.11 with the DAGs beside this file, and the bridge."""

    def __init__(self, folder: Path, database: str) -> None:
        """`database` is the URL of an empty PostgreSQL."""
        super().__init__(folder, Ports(free_port(), free_port(), free_port()))
        self.api = Airflow2(f"http://127.0.0.1:{self.ports.airflow}")
        self.database = database
        self.data = folder / "mill"

    def start_airflow(self, patience: float = 300.0) -> None:
        """Start Airflow and wait until it runs whole and has read the DAGs."""
        self.data.mkdir(parents=True)
        with closing(sqlite3.connect(self.data / "mill.db")) as connection:
            connection.executescript(SCHEMA)
        self.airflow_program = Program(
            "Airflow",
            [str(BIN / "airflow"), "standalone"],
            self.airflow_environment(),
            self.folder / "logs" / "airflow.log",
            stop_signal=signal.SIGINT,
        )
        self.wait("Airflow runs", self._answers, patience)
        self.wait("Airflow has read the DAGs", lambda: self.api.dags() >= DAGS, patience)

    def _answers(self) -> bool:
        if not self._word.exists() or self.api.unhealthy():
            return False
        self.api.log_in("admin", self.password)
        return True

    @property
    def password(self) -> str:
        """Of the user admin."""
        return self._word.read_text()

    @property
    def _word(self) -> Path:
        return self.folder / "airflow" / "standalone_admin_password.txt"

    def unpause(self) -> None:
        for dag_id in DAGS:
            with suppress(Refused):
                self.api.ask("PATCH", f"/api/v1/dags/{dag_id}", {"is_paused": False})

    def airflow_environment(self) -> dict[str, str]:
        """Airflow's settings. What Fairlead needs is one of them, AIRFLOW__FAIRLEAD__URL."""
        environment = self._clean_environment()
        return {
            **environment,
            "PATH": f"{BIN}{os.pathsep}{environment['PATH']}",
            "AIRFLOW__FAIRLEAD__URL": self.bridge.address,
            # the mill
            "MILL_FOLDER": str(self.data),
            "AIRFLOW_CONN_MILL": json.dumps(
                {"conn_type": "sqlite", "host": f"{self.data}/mill.db"}
            ),
            "AIRFLOW_CONN_MILL_KEY": json.dumps({"conn_type": "generic", "password": SECRET}),
            # an Airflow for one person on one machine
            "AIRFLOW_HOME": str(self.folder / "airflow"),
            "AIRFLOW__API__AUTH_BACKENDS": "airflow.api.auth.backend.basic_auth",
            "AIRFLOW__CORE__DAGS_FOLDER": str(FOLDER),
            "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
            "AIRFLOW__CORE__HOSTNAME_CALLABLE": "socket.gethostname",
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__CORE__PARALLELISM": "4",
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": self.database.replace(
                "postgresql://", "postgresql+psycopg2://"
            ),
            "AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT": str(free_port()),
            "AIRFLOW__LOGGING__TRIGGER_LOG_SERVER_PORT": str(free_port()),
            "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
            "AIRFLOW__WEBSERVER__WEB_SERVER_HOST": "127.0.0.1",
            "AIRFLOW__WEBSERVER__WEB_SERVER_PORT": str(self.ports.airflow),
            "AIRFLOW__WEBSERVER__WORKERS": "1",
        }

    def inside(self, code: str) -> str:
        """What a process with this Airflow's settings prints last."""
        done = subprocess.run(
            [str(BIN / "python"), "-W", "ignore", "-c", code],
            env=self.airflow_environment(),
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.strip().splitlines()[-1]
