"""A real PostgreSQL server, started for the tests and the benches from Debian's programs."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from fairlead_bridge.db.engine import open_database
from tests.support.waiting import until

_PROGRAMS = "/usr/lib/postgresql"
#: English, not C: text must not come out in another order than on SQLite.
_LANGUAGE = ("--encoding=UTF8", "--locale=C", "--locale-provider=icu", "--icu-locale=en-US")


@dataclass(frozen=True)
class TlsPort:
    port: int
    key: bytes
    certificate: bytes


def missing() -> str | None:
    """What this machine lacks to run a server, as a sentence; None if nothing."""
    if not _initdb():
        return (
            "PostgreSQL's programs are not here: `apt-get install postgresql` (no service is "
            "needed), or name a server in FAIRLEAD_TEST_POSTGRES"
        )
    if os.geteuid() == 0 and _unprivileged() is None:
        return "PostgreSQL does not run as root, and there is no user postgres or nobody"
    return None


@contextmanager
def running(*, durable: bool = False, tls: TlsPort | None = None) -> Iterator[str]:
    """
    The URL of a server in a folder of its own; `durable` makes its commits wait for the disk, and
    `tls` lets it listen on a port of 127.0.0.1 too.
    """
    initdb = _initdb()
    assert initdb is not None, missing()
    folder = Path(tempfile.mkdtemp(prefix="fairlead-pg-"))
    user = _unprivileged() if os.geteuid() == 0 else None
    if user is not None:
        os.chown(folder, user, -1)
    data = folder / "data"
    try:
        subprocess.run(
            [initdb, "-D", data, "-U", "fairlead", "--no-sync", *_LANGUAGE],
            check=True,
            capture_output=True,
            user=user,
            cwd=folder,
        )
        with _serving(initdb.with_name("postgres"), data, folder, user, durable, tls) as url:
            yield url
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _initdb() -> Path | None:
    found = sorted(Path(_PROGRAMS).glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    return found[-1] if found else None


def _unprivileged() -> int | None:
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name).pw_uid
        except KeyError:
            continue
    return None


@contextmanager
def _serving(
    program: Path, data: Path, folder: Path, user: int | None, durable: bool, tls: TlsPort | None
) -> Iterator[str]:
    settings = ["max_connections=200", "shared_buffers=64MB", *_listening(tls, folder, user)]
    settings.append(f"fsync={'on' if durable else 'off'}")
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(
            [program, "-D", data, "-k", folder, *(f"-c{setting}" for setting in settings)],
            stdout=log,
            stderr=subprocess.STDOUT,
            user=user,
            cwd=folder,
        )
    port = f"&port={tls.port}" if tls else ""
    url = f"postgresql://fairlead@/postgres?host={folder}{port}"
    try:
        _wait_for(url, server, folder / "log")
        yield url
    finally:
        server.send_signal(signal.SIGQUIT)
        server.wait(30)


def _listening(tls: TlsPort | None, folder: Path, user: int | None) -> list[str]:
    if tls is None:
        return ["listen_addresses="]
    for name, text in (("server.key", tls.key), ("server.crt", tls.certificate)):
        (folder / name).write_bytes(text)
        (folder / name).chmod(0o600)
        if user is not None:
            os.chown(folder / name, user, -1)
    return [
        "listen_addresses=127.0.0.1",
        f"port={tls.port}",
        "ssl=on",
        f"ssl_cert_file={folder}/server.crt",
        f"ssl_key_file={folder}/server.key",
    ]


def _wait_for(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    engine = open_database(url)

    def answers() -> bool:
        try:
            engine.connect().close()
        except sa.exc.OperationalError:
            return False
        return True

    until(answers, f"PostgreSQL did not start, see {log}", server)
    engine.dispose()
