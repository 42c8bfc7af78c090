"""
The shop, a real Airflow and a bridge on this machine, in one folder; the system tests use it too.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from demo import shop
from demo.clients import Airflow, Bridge, NoAnswer
from demo.processes import DemoError, Program, free_port

Answer = TypeVar("Answer")

REPOSITORY = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
USER, PASSWORD = "admin", "admin"  # of an Airflow that only this machine can reach

#: The example DAGs in the order in which they are let loose: those that wait for data, then those
#: that go by the clock. The parcels come after the orders, as they do in a shop.
WAITING = ("shop_report", "shop_sales")
EVENING = ("shop_catalogue", "shop_rates", "shop_orders")
PARCELS = "shop_shipments"
DAGS = {*WAITING, *EVENING, PARCELS}


@dataclass(frozen=True)
class Ports:
    bridge: int
    airflow: int
    shop: int


@dataclass(frozen=True)
class Deployment:
    """What Airflow and the bridge are started with besides: DAGs, and settings of one's own."""

    folder: Path = REPOSITORY / "dags"
    dag_ids: frozenset[str] = frozenset(DAGS)
    settings: Mapping[str, str] = field(default_factory=dict)
    bridge_settings: Mapping[str, str] = field(default_factory=dict)


class Stack:
    """Starts and stops each part; everything it stores is in `folder`."""

    def __init__(
        self,
        folder: Path,
        ports: Ports,
        deployment: Deployment = Deployment(),
    ) -> None:
        self.folder = folder
        self.ports = ports
        self.deployment = deployment
        self.bridge = Bridge(f"http://127.0.0.1:{ports.bridge}")
        self.airflow = Airflow(f"http://127.0.0.1:{ports.airflow}")
        self.bridge_program: Program | None = None
        self.airflow_program: Program | None = None
        self.scheduler_program: Program | None = None
        self._shop_closed = threading.Event()
        self._shop: threading.Thread | None = None

    @property
    def is_up(self) -> bool:
        """Whether any part was started."""
        return bool(self._shop or self.bridge_program or self.airflow_program)

    # --- the parts ----------------------------------------------------------------------------

    def open_shop(self) -> None:
        """Write its exports, make its warehouse, and let its partners answer."""
        data = self.folder / "shop"
        shop.make_folder(data, shop.today())
        server = shop.PartnersServer("127.0.0.1", self.ports.shop)
        self._shop = threading.Thread(
            target=shop.hold_open, args=(data, server, self._shop_closed), daemon=True
        )
        self._shop.start()

    def start_bridge(self, patience: float = 60.0) -> None:
        """Start the bridge and wait until it answers."""
        database = self.folder / "catalog.db"
        self.bridge_program = Program(
            "The bridge",
            [
                str(BIN / "fairlead-bridge"),
                "serve",
                *("--host", "127.0.0.1"),
                *("--port", str(self.ports.bridge)),
                *("--database-url", f"sqlite:///{database}"),
            ],
            {
                **self._clean_environment(),
                "FAIRLEAD_FRAME_ANCESTORS": f"http://127.0.0.1:{self.ports.airflow}",  # its tabs
                **self.deployment.bridge_settings,
            },
            self.folder / "logs" / "bridge.log",
        )
        self.wait("the bridge answers", self._bridge_answers, patience)

    def stop_bridge(self) -> None:
        if self.bridge_program:
            program, self.bridge_program = self.bridge_program, None  # nobody is to miss it
            program.stop()

    def kill_bridge(self) -> None:
        """As a power cut would."""
        if self.bridge_program:
            program, self.bridge_program = self.bridge_program, None
            program.kill()

    def start_airflow(self, patience: float = 300.0) -> None:
        """Start Airflow and wait until it runs whole and has read all its DAGs."""
        home = self.folder / "airflow"
        home.mkdir(parents=True, exist_ok=True)
        passwords = home / "simple_auth_manager_passwords.json.generated"
        passwords.write_text(json.dumps({USER: PASSWORD}) + "\n")
        self.airflow_program = Program(
            "Airflow",
            [str(BIN / "airflow"), "standalone"],
            self.airflow_environment(),
            self.folder / "logs" / "airflow.log",
            stop_signal=signal.SIGINT,
        )
        self.wait("Airflow runs", self._airflow_answers, patience)
        self.wait("Airflow has read the DAGs", self._dags_are_there, patience)

    def start_scheduler(self) -> None:
        """Start a scheduler by itself, where Airflow's own was killed."""
        self.scheduler_program = Program(
            "The scheduler",
            [str(BIN / "airflow"), "scheduler"],
            self.airflow_environment(),
            self.folder / "logs" / "scheduler.log",
        )

    def airflow_environment(self) -> dict[str, str]:
        """Airflow's settings. What Fairlead needs is one of them, AIRFLOW__FAIRLEAD__URL."""
        address = f"http://127.0.0.1:{self.ports.airflow}"
        warehouse = {"conn_type": "sqlite", "host": str(self.folder / "shop" / "warehouse.db")}
        partners = f"http://127.0.0.1:{self.ports.shop}"
        return {
            **self._clean_environment(),
            "AIRFLOW__FAIRLEAD__URL": self.bridge.address,
            # the shop
            "SHOP_DATA": str(self.folder / "shop"),
            "SHOP_API": partners,
            "AIRFLOW_CONN_SHOP_WAREHOUSE": json.dumps(warehouse),
            "AIRFLOW_CONN_SHOP_PARTNERS": partners,
            # an Airflow for one person on one machine
            "AIRFLOW_HOME": str(self.folder / "airflow"),
            "AIRFLOW__CORE__DAGS_FOLDER": str(self.deployment.folder),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__CORE__PARALLELISM": "4",
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": f"{USER}:admin",
            "AIRFLOW__CORE__HOSTNAME_CALLABLE": "socket.gethostname",
            "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{address}/execution/",
            "AIRFLOW__API__BASE_URL": address,
            "AIRFLOW__API__HOST": "127.0.0.1",
            "AIRFLOW__API__PORT": str(self.ports.airflow),
            "AIRFLOW__API__WORKERS": "1",
            "AIRFLOW__WORKERS__EXECUTION_API_TIMEOUT": "60",  # a busy machine answers late
            "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(self.folder / "logs" / "airflow"),
            "AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT": str(free_port()),
            "AIRFLOW__LOGGING__TRIGGER_LOG_SERVER_PORT": str(free_port()),
            "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
            **self.deployment.settings,
        }

    def stop(self) -> None:
        """Stop every part that runs, Airflow first, so that the bridge hears of its end."""
        for program in (self.scheduler_program, self.airflow_program, self.bridge_program):
            if program:
                program.stop()
        self._shop_closed.set()
        if self._shop:
            self._shop.join()

    def kill(self) -> None:
        """Stop every part that runs as a power cut would, which is quicker."""
        for program in (self.scheduler_program, self.airflow_program, self.bridge_program):
            if program:
                program.kill()
        self._shop_closed.set()

    # --- waiting ------------------------------------------------------------------------------

    def wait(self, what: str, done: Callable[[], bool], patience: float) -> None:
        """Until `done()`; raises DemoError when a program dies or it takes over `patience` s."""
        until = time.monotonic() + patience
        reply = ""
        while True:
            for program in (self.bridge_program, self.airflow_program, self.scheduler_program):
                if program:
                    program.check()
            try:
                if done():
                    return
                reply = ""
            except NoAnswer as silence:
                reply = f" The last answer: {silence}."
            if time.monotonic() > until:
                raise DemoError(
                    f"Waited {patience:.0f} s until {what}, in vain.{reply} "
                    f"The logs are in {self.folder / 'logs'}."
                )
            time.sleep(0.5)

    def insist(self, what: str, ask: Callable[[], Answer], patience: float = 300.0) -> Answer:
        """What `ask` returns, asked again while the server is too busy to answer."""
        answers: list[Answer] = []

        def asked() -> bool:
            answers.append(ask())
            return True

        self.wait(what, asked, patience)
        return answers[0]

    @property
    def page_is_up(self) -> bool:
        return bool(self.bridge_program and self.bridge_program.is_running())

    def _bridge_answers(self) -> bool:
        return bool(self.bridge.health())

    def _airflow_answers(self) -> bool:
        if self.airflow.unhealthy():
            return False
        self.airflow.log_in(USER, PASSWORD)
        return True

    def _dags_are_there(self) -> bool:
        if errors := self.airflow.import_errors():
            raise DemoError("Airflow cannot read these DAGs:\n\n" + "\n\n".join(errors))
        return set(self.airflow.dags()) >= self.deployment.dag_ids

    def _clean_environment(self) -> dict[str, str]:
        """Ours, without what somebody set for another Airflow or bridge."""
        strangers = ("AIRFLOW", "OPENLINEAGE", "FAIRLEAD", "SHOP_", "PYTHON")
        stored = {
            name: value for name, value in os.environ.items() if not name.startswith(strangers)
        }
        local = "127.0.0.1,localhost"
        return {
            **stored,
            "PATH": f"{BIN}{os.pathsep}{stored.get('PATH', '')}",
            "NO_PROXY": local,
            "no_proxy": local,
        }
