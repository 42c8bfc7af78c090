"""An executor of short-lived pods, without a Kubernetes."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from airflow.executors.base_executor import BaseExecutor

#: A PID namespace: when its first process ends, the kernel kills all others, as with a pod.
POD = ["unshare", "--pid", "--fork", "--mount-proc"]
TASK = [sys.executable, "-m", "airflow.sdk.execution_time.execute_workload", "--json-string"]


class PodExecutor(BaseExecutor):
    """Each task has processes and a disk of its own, and both end with it.

    The command is KubernetesExecutor's; the disks are folders in `$PODS_FOLDER`.
    """

    def start(self) -> None:
        self._pods: dict[Any, tuple[subprocess.Popen[bytes], Path]] = {}

    def _process_workloads(self, workload_items: Sequence[Any]) -> None:
        for workload in workload_items:
            key = workload.ti.key
            del self.queued_tasks[key]
            self.running.add(key)
            disk = Path(tempfile.mkdtemp(dir=os.environ["PODS_FOLDER"]))
            env = {
                **os.environ,
                "AIRFLOW__FAIRLEAD__SPOOL": str(disk / "spool"),
                "AIRFLOW__FAIRLEAD__WAIT": "8",
            }
            pod = subprocess.Popen([*POD, *TASK, workload.model_dump_json()], env=env)
            self._pods[key] = pod, disk

    def sync(self) -> None:
        for key, (pod, disk) in list(self._pods.items()):
            if pod.poll() is None:
                continue
            del self._pods[key]
            shutil.rmtree(disk)
            if pod.returncode == 0:
                self.success(key)
            else:
                self.fail(key)

    def end(self) -> None:
        for pod, _ in self._pods.values():
            pod.wait()
        self.sync()
