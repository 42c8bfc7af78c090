"""An Airflow in trouble: what may happen to its tasks, workers, scheduler, deliverer and disk."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from demo.clients import FINAL
from demo.stack import Stack

from fairlead_sdk.delivery import read_tally
from fairlead_sdk.spool import Spool
from tests.support.statsd import Statsd
from tests.system.truth import DagRun, Instance, Metadata

DISK_BYTES = 4 * 1024 * 1024


@dataclass
class Storm:
    """What happened; DAG runs by the name of the trouble they ran in."""

    stack: Stack
    airflow: Metadata
    spool: Spool
    metrics: Statsd
    runs: dict[str, str] = field(default_factory=dict)
    kept: dict[str, int] = field(default_factory=dict)
    """Events that were acknowledged, by the name of the trouble."""
    lost: dict[str, int] = field(default_factory=dict)
    """Events that the disk refused."""
    status: dict[str, Any] = field(default_factory=dict)
    """What `airflow fairlead status` says in the end."""

    # --- DAG runs -----------------------------------------------------------------------------

    def start(self, name: str, dag_id: str) -> None:
        self.runs[name] = self.stack.airflow.trigger(dag_id, None)

    def finish(self, name: str) -> None:
        run_id = self.runs[name]

        def ended() -> bool:
            return any(
                run["dag_run_id"] == run_id and run["state"] in FINAL
                for run in self.stack.airflow.runs()
            )

        self.stack.wait(f"the run in which {name} has ended", ended, 120)
        counted_events = -1
        while counted_events != (counted_events := self.counted("spooled") + self.counted("lost")):
            time.sleep(1)  # listeners have their say after the end

    def run(self, name: str, dag_id: str = "steady") -> None:
        before = self.counted("spooled"), self.counted("lost")
        self.start(name, dag_id)
        self.finish(name)
        self.kept[name] = self.counted("spooled") - before[0]
        self.lost[name] = self.counted("lost") - before[1]

    def counted(self, name: str) -> int:
        """What Airflow's own metrics say of our events."""
        return self.metrics.counters[f"fairlead.events.{name}"]

    def delivered(self) -> bool:
        return self.spool.is_empty() and self.stack.bridge.health()["inbox"]["waiting"] == 0

    def wait_until_delivered(self) -> None:
        self.stack.wait("everything is delivered", self.delivered, 60)

    # --- processes ----------------------------------------------------------------------------

    def holder(self, name: str) -> dict[str, int]:
        """The processes that run the first try of the task, once it runs."""
        counted_events = self.stack.folder / "held" / f"{name}-1"
        self.stack.wait(f"the task {name} runs", counted_events.exists, 60)
        return dict(json.loads(counted_events.read_text()))

    def let_go(self, name: str) -> None:
        (self.stack.folder / "held" / f"{name}-goes-on").touch()

    def deliverer(self) -> int:
        self.stack.wait("a process delivers", self.spool.is_delivering, 30)
        return int(read_tally(self.spool.folder)["pid"])

    def kill_the_deliverer(self) -> None:
        pid = self.deliverer()
        os.kill(pid, signal.SIGKILL)
        self.stack.wait("it is gone", lambda: not Path(f"/proc/{pid}").exists(), 10)

    @contextmanager
    def hanging_bridge(self) -> Iterator[None]:
        """It takes connections and says nothing."""
        assert self.stack.bridge_program
        os.kill(self.stack.bridge_program.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(self.stack.bridge_program.pid, signal.SIGCONT)

    # --- what is known in the end -------------------------------------------------------------

    def events(self) -> list[dict[str, Any]]:
        """Every event that came in, once."""
        bridge = self.stack.bridge
        newest = bridge.health()["inbox"]["received"]
        return [bridge.get(f"/api/v1/events/{number}") for number in range(1, newest + 1)]

    def instances(self, *names: str) -> list[Instance]:
        """What Airflow says of every try."""
        run_ids = {self.runs[name] for name in names or self.runs}
        return [one for one in self.airflow.instances() if one.run_id in run_ids]

    def dag_runs(self, *names: str) -> list[DagRun]:
        run_ids = {self.runs[name] for name in names or self.runs}
        return [one for one in self.airflow.dag_runs() if one.run_id in run_ids]

    def known(self, kind: str) -> list[dict[str, Any]]:
        """What the catalog says of the runs of that kind."""
        return list(self.stack.bridge.all("/api/v1/runs", kind=kind))


def twenty_at_once(storm: Storm) -> None:
    storm.run("twenty without lineage", "untold")
    storm.run("twenty", "crowd")


def the_deliverer_is_killed_while_it_delivers(storm: Storm) -> None:
    with storm.hanging_bridge():
        storm.start("deliverer killed", "steady")
        storm.stack.wait("events wait", lambda: storm.spool.status().waiting > 2, 30)
        storm.kill_the_deliverer()
        storm.finish("deliverer killed")
    storm.wait_until_delivered()


def the_spool_is_damaged(storm: Storm) -> None:
    storm.wait_until_delivered()
    storm.stack.stop_bridge()
    storm.run("damaged")
    storm.kill_the_deliverer()
    damage(storm.spool.folder)
    storm.stack.start_bridge()
    storm.run("after the damage")
    storm.wait_until_delivered()


def damage(folder: Path) -> None:
    """A changed byte, a torn end, an empty file, files of others, and notes that say nonsense."""
    paths = [*sorted((folder / "segments").glob("*.log")), *folder.glob("active.log")]
    path, line = next(
        (path, line)
        for path in paths
        for line in path.read_bytes().splitlines(keepends=True)
        if b'"eventType": "START"' in line and b'"name": "steady.finish"' in line
    )
    path.write_bytes(
        path.read_bytes().replace(line, line.replace(b"steady.finish", b"steady-finish"))
    )
    with (folder / "active.log").open("ab") as file:
        file.write(b'0badc0de 1763713000000000 {"eventTime": "2026-')
    segments = folder / "segments"
    segments.mkdir(exist_ok=True)
    (segments / f"{1:020d}.log").touch()
    (segments / f"{2:020d}.log").write_bytes(b"\0" * 4096)
    (segments / "notes.log").write_text("not a spool's\n")
    (segments / "core").write_bytes(os.urandom(4096))
    for segment in segments.glob("[0-9]*.log"):
        segment.with_suffix(".done").write_text(f"{10**9:020d}")
    (folder / "deliverer.json").write_bytes(b"\xff{")
    (folder / "destination").write_bytes(b"\xfe\xff")


def a_task_and_a_worker_are_killed(storm: Storm) -> None:
    storm.start("killed", "killed")
    os.kill(storm.holder("task")["task"], signal.SIGKILL)
    os.kill(storm.holder("worker")["worker"], signal.SIGKILL)
    storm.finish("killed")
    storm.let_go("worker")  # what the worker left behind


def the_scheduler_is_killed_and_started_again(storm: Storm) -> None:
    storm.start("interrupted", "interrupted")
    worker = storm.holder("scheduler")["worker"]
    scheduler = parent_of(worker)
    storm.start("cut short", "steady")
    os.kill(scheduler, signal.SIGKILL)
    storm.stack.start_scheduler()
    storm.let_go("scheduler")
    storm.finish("interrupted")
    storm.finish("cut short")


def tasks_live_in_pods(storm: Storm) -> None:
    storm.run("pods", "pods")


def the_disk_is_full(storm: Storm) -> None:
    storm.wait_until_delivered()
    storm.stack.stop_bridge()
    storm.run("bridge away")
    ballast = storm.spool.folder.parent / "ballast"
    fill(ballast)
    storm.run("disk full")
    storm.stack.start_bridge()
    storm.wait_until_delivered()  # which needs no room
    ballast.unlink()


def the_spool_is_read_only(storm: Storm) -> None:
    storm.wait_until_delivered()
    folder = str(storm.spool.folder)
    mount("--bind", folder, folder)
    try:
        mount("-o", "remount,bind,ro", folder)
        storm.run("read-only")
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)
    storm.run("after the read-only spool")
    storm.wait_until_delivered()


def fill(path: Path) -> None:
    """Write until the disk takes no more."""
    with path.open("wb", buffering=0) as file:
        for size in (65536, 1024, 1):
            try:
                while file.write(b"\0" * size):
                    pass
            except OSError:
                continue


def parent_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def mount(*arguments: str) -> None:
    subprocess.run(["mount", *arguments], check=True)


@contextmanager
def small_disk(folder: Path) -> Iterator[bool]:
    """A file system of its own for the spool, in memory; False where one may not make any."""
    folder.mkdir()
    if os.geteuid() != 0 or not shutil.which("mount"):
        yield False
        return
    command = ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", str(folder)]
    if subprocess.run(command, check=False).returncode != 0:
        yield False
        return
    try:
        yield True
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)
