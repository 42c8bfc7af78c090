"""A real Kafka broker, on free ports of this machine."""

from __future__ import annotations

import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.waiting import until

POM = Path(__file__).with_name("pom.xml")

_SETTINGS = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{broker},CONTROLLER://127.0.0.1:{controller}
controller.listener.names=CONTROLLER
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs={folder}/data
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
group.initial.rebalance.delay.ms=0
num.partitions=3
"""


def missing() -> str | None:
    """What this machine lacks to run a broker, as a sentence; None if nothing."""
    lacking = [program for program in ("java", "mvn") if shutil.which(program) is None]
    if lacking:
        return f"a Kafka broker needs {' and '.join(lacking)}: `apt-get install maven` brings both"
    return None


@contextmanager
def running(folder: Path) -> Iterator[str]:
    """The address of a broker that keeps its data in `folder`."""
    jars = folder / "jars"
    subprocess.run(
        ["mvn", "-q", "-B", "-f", POM, "dependency:copy-dependencies", f"-DoutputDirectory={jars}"],
        check=True,
    )
    java = ["java", "-Xmx300m", "-cp", f"{jars}/*"]
    broker, controller = _free_port(), _free_port()
    settings = folder / "server.properties"
    settings.write_text(_SETTINGS.format(broker=broker, controller=controller, folder=folder))
    with (folder / "broker.log").open("wb") as log:
        form = ["kafka.tools.StorageTool", "format", "-t", "AAAAAAAAQACAAAAAAAAAAQ", "-c", settings]
        subprocess.run([*java, *form], check=True, stdout=log, stderr=log)
        process = subprocess.Popen([*java, "kafka.Kafka", settings], stdout=log, stderr=log)
        try:
            _wait(process, folder / "broker.log")
            yield f"127.0.0.1:{broker}"
        finally:
            process.kill()
            process.wait()


def _wait(process: subprocess.Popen[bytes], log: Path) -> None:
    started = "Kafka Server started"
    until(lambda: started in log.read_text(), f"the Kafka broker did not start, see {log}", process)


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
