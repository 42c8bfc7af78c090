"""A PostgreSQL server that the bridge reaches by TLS, and verifies."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
import trustme

from fairlead_bridge import trust
from fairlead_bridge.db.engine import open_database, reading
from tests.support import postgres
from tests.support.postgres import TlsPort

pytestmark = [
    pytest.mark.postgres,
    pytest.mark.skipif(postgres.missing() is not None, reason=str(postgres.missing())),
]
AUTHORITY = trustme.CA()


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        free = int(listener.getsockname()[1])
    pair = AUTHORITY.issue_cert("localhost")
    chain = b"".join(part.bytes() for part in pair.cert_chain_pems)
    with postgres.running(tls=TlsPort(free, pair.private_key_pem.bytes(), chain)):
        yield free


@pytest.fixture
def authority(tmp_path: Path) -> Iterator[Path]:
    file = tmp_path / "authority.pem"
    AUTHORITY.cert_pem.write_to_path(str(file))
    yield file
    trust.use(None)


def encrypted(url: str) -> bool:
    engine = open_database(url)
    try:
        with reading(engine) as tx:
            query = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
            return bool(tx.scalar(sa.text(query)))
    finally:
        engine.dispose()


def test_the_server_is_verified_by_the_authority_of_the_url_or_of_the_one_setting(
    port: int, authority: Path
) -> None:
    url = f"postgresql://fairlead@localhost:{port}/postgres?sslmode=verify-full"
    assert encrypted(f"{url}&sslrootcert={authority}")
    trust.use(authority)
    assert encrypted(url)


def test_a_server_of_another_name_or_another_authority_is_refused(
    port: int, authority: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other.pem"
    trustme.CA().cert_pem.write_to_path(str(other))
    for host, file in (("127.0.0.1", authority), ("localhost", other)):
        url = f"postgresql://fairlead@{host}:{port}/postgres?sslmode=verify-full&sslrootcert={file}"
        with pytest.raises(sa.exc.OperationalError, match="certificate"):
            encrypted(url)
