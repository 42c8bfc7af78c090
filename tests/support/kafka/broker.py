"""A real Kafka broker, on free ports of this machine."""

from __future__ import annotations

import shutil
import socket
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import trustme
from cryptography.hazmat.primitives import serialization

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


#: Listeners as companies have them: passwords (SCRAM) and tokens over TLS, and client certificates.
_SECURE = """\
listeners=PLAINTEXT://127.0.0.1:{broker},SASL://127.0.0.1:{sasl},CERT://127.0.0.1:{cert},\
CONTROLLER://127.0.0.1:{controller}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,SASL:SASL_SSL,CERT:SSL,CONTROLLER:PLAINTEXT
listener.name.sasl.sasl.enabled.mechanisms=SCRAM-SHA-256,OAUTHBEARER
listener.name.sasl.scram-sha-256.sasl.jaas.config=\
org.apache.kafka.common.security.scram.ScramLoginModule required;
listener.name.sasl.oauthbearer.sasl.jaas.config=\
org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required \
unsecuredLoginStringClaim_sub="broker";
listener.name.cert.ssl.client.auth=required
ssl.keystore.type=PEM
ssl.keystore.location={folder}/broker.pem
ssl.truststore.type=PEM
ssl.truststore.location={folder}/authority.pem
"""
USER, PASSWORD = "bridge", "correct-horse"


@dataclass(frozen=True)
class Secure:
    """
    Addresses of a broker that also takes plain connections; `authority` signed its certificate, and
    `client` is a key and certificate that it accepts.
    """

    plain: str
    sasl: str
    cert: str
    authority: Path
    client: Path


@contextmanager
def running_secure(folder: Path) -> Iterator[Secure]:
    """A broker with TLS, SASL and client certificates."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(folder / "authority.pem"))
    for name in ("broker", "client"):
        _write_pair(authority.issue_cert("127.0.0.1"), folder / f"{name}.pem")
    sasl, cert = _free_port(), _free_port()
    secure = _SECURE.replace("{sasl}", str(sasl)).replace("{cert}", str(cert))
    scram = f"SCRAM-SHA-256=[name={USER},password={PASSWORD}]"
    with running(folder, secure, ["-S", scram]) as plain:
        yield Secure(
            plain,
            f"127.0.0.1:{sasl}",
            f"127.0.0.1:{cert}",
            folder / "authority.pem",
            folder / "client.pem",
        )


def _write_pair(pair: trustme.LeafCert, file: Path) -> None:
    """A key in PKCS 8, the only form that Kafka reads, and its certificates."""
    key = serialization.load_pem_private_key(pair.private_key_pem.bytes(), None)
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8)
    text = key.private_bytes(*form, serialization.NoEncryption())
    file.write_bytes(text + b"".join(part.bytes() for part in pair.cert_chain_pems))


@contextmanager
def running(folder: Path, more: str = "", formatting: Sequence[str] = ()) -> Iterator[str]:
    """The address of a broker that keeps its data in `folder`; `more` settings count over ours."""
    jars = folder / "jars"
    subprocess.run(
        ["mvn", "-q", "-B", "-f", POM, "dependency:copy-dependencies", f"-DoutputDirectory={jars}"],
        check=True,
    )
    java = ["java", "-Xmx300m", "-cp", f"{jars}/*"]
    broker, controller = _free_port(), _free_port()
    settings = folder / "server.properties"
    text = _SETTINGS + more  # of two lines for one setting the last counts
    settings.write_text(text.format(broker=broker, controller=controller, folder=folder))
    with (folder / "broker.log").open("wb") as log:
        form = ["kafka.tools.StorageTool", "format", "-t", "AAAAAAAAQACAAAAAAAAAAQ", "-c", settings]
        form += formatting
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
