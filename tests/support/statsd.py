"""A statsd server that adds up: what an Airflow counts in its own metrics."""

from __future__ import annotations

import socket
import threading
from collections import Counter


class Statsd:
    """Listens on a free port; `counters` by name, without Airflow's prefix."""

    def __init__(self) -> None:
        self.counters: Counter[str] = Counter()
        self.gauges: dict[str, float] = {}
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 * 1024 * 1024)
        self._socket.bind(("127.0.0.1", 0))
        self.port = int(self._socket.getsockname()[1])
        self._thread = threading.Thread(target=self._listen)

    @property
    def settings(self) -> dict[str, str]:
        """What makes an Airflow send its metrics."""
        return {
            "AIRFLOW__METRICS__STATSD_ON": "True",
            "AIRFLOW__METRICS__STATSD_HOST": "127.0.0.1",
            "AIRFLOW__METRICS__STATSD_PORT": str(self.port),
        }

    def __enter__(self) -> Statsd:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.sendto(b"", ("127.0.0.1", self.port))
        self._thread.join()
        self._socket.close()

    def _listen(self) -> None:
        while packet := self._socket.recv(65536):
            for line in packet.decode().splitlines():
                name, _, rest = line.removeprefix("airflow.").partition(":")
                value, kind = rest.split("|")[:2]
                if kind == "c":
                    self.counters[name] += int(value)
                elif kind == "g":
                    self.gauges[name] = float(value)
