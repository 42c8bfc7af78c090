"""Every block of docs/how-to/run-in-production.md works as it stands."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import sqlite3
import subprocess
from pathlib import Path

import pytest
import sqlalchemy as sa
from pydantic import SecretStr

from fairlead_bridge import cli, inbox
from fairlead_bridge.access import keys
from fairlead_bridge.accounts import build_access, build_sign_in
from fairlead_bridge.app import build_database
from fairlead_bridge.db import tables
from fairlead_bridge.db.engine import open_database, reading, writing
from fairlead_bridge.db.migrate import migrate
from fairlead_bridge.intake import kafka_config
from fairlead_bridge.settings import Settings, load
from tests.support import postgres
from tests.support.production import BLOCKS, PAGE, variables
from tests.support.small import run_event, uuid

#: Blocks that tests of other files run.
_ELSEWHERE = {
    "in the server of data.example.com": "test_nginx.py",
    "in the server, with a login": "test_nginx.py",
    "its settings": "test_nginx.py",
}
EVENT = run_event("COMPLETE", "10:00", uuid(1), "a.b")


def given(title: str, monkeypatch: pytest.MonkeyPatch) -> Settings:
    for name, value in variables(title).items():
        monkeypatch.setenv(name, value)
    return load()


def test_every_block_has_a_title_and_a_test() -> None:
    fences = [line for line in PAGE.read_text().splitlines() if line.startswith("```")]
    assert len(fences) == 2 * len(BLOCKS)
    here = Path(__file__)
    for title in BLOCKS:
        file = here.with_name(_ELSEWHERE.get(title, here.name))
        assert f'"{title}"' in file.read_text().replace("_ELSEWHERE = {", "", 1), title


def test_the_bridge_accepts_its_settings_and_would_sign_people_in(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    settings = given("/etc/fairlead/bridge.env", monkeypatch)
    url = sa.make_url(settings.database_url)
    assert (url.query["sslmode"], url.query["sslrootcert"]) == ("verify-full", "system")
    engine = open_database(f"sqlite:///{tmp_path / 'x.db'}")
    migrate(engine)
    assert not build_access(settings, engine, lambda: 1).is_open
    assert build_sign_in(settings, engine, lambda: 1) is not None
    engine.dispose()


def test_the_bridge_accepts_its_settings_for_kafka(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    consumer = pytest.importorskip("confluent_kafka").Consumer
    settings = given("settings for Kafka", monkeypatch)
    assert settings.kafka_config is not None
    file = tmp_path / Path(settings.kafka_config.get_secret_value()).name
    assert str(settings.kafka_config.get_secret_value()) in BLOCKS
    file.write_text(BLOCKS["/etc/fairlead/kafka.json"])
    config = kafka_config.read(SecretStr(str(file)))
    assert config == json.loads(BLOCKS["/etc/fairlead/kafka.json"])
    consumer({"group.id": "g", **config}).close()  # librdkafka knows each of them


def test_systemd_accepts_the_unit(tmp_path: Path) -> None:
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("systemd-analyze is not here")
    unit = tmp_path / "fairlead-bridge.service"
    text = BLOCKS["/etc/systemd/system/fairlead-bridge.service"]
    installed = shutil.which("true")
    assert installed is not None
    unit.write_text(text.replace("/opt/fairlead/bin/fairlead-bridge", installed))
    found = subprocess.run(
        [program, "verify", "--man=no", unit], capture_output=True, text=True, check=False
    )
    problems = [line for line in found.stderr.splitlines() if "fairlead" in line]
    assert (found.returncode, problems) == (0, []), found.stderr
    (file,) = re.findall(r"EnvironmentFile=(.*)", text)
    assert file in BLOCKS


def test_the_programs_understand_their_roles(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cli.main(["serve", "--help"])
    known = capsys.readouterr().out
    for line in BLOCKS["one role a process"].splitlines():
        words = shlex.split(line, comments=True)
        assert words[:2] == ["fairlead-bridge", "serve"]
        assert [word for word in words if word.startswith("--") and word not in known] == []


def test_the_keys_are_made(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    url = f"sqlite:///{tmp_path / 'x.db'}"
    for line in BLOCKS["keys"].splitlines():
        assert cli.main([*shlex.split(line)[1:], "--database-url", url]) == 0
    capsys.readouterr()
    engine = open_database(url)
    with reading(engine) as tx:
        found = {key.name: (key.roles, key.namespaces) for key in keys.listed(tx)}
    engine.dispose()
    assert found == {
        "ann": (("admin",), ("*",)),
        "airflow-prod": (("sender", "viewer"), ("prod", "prod-*")),
    }


def run(title: str, folder: Path, environment: dict[str, str] | None = None) -> None:
    """Run a block, with its folders below `folder`."""
    script = BLOCKS[title].replace("/var/", f"{folder}/var/")
    subprocess.run(
        ["sh", "-euc", script], check=True, env={**os.environ, **(environment or {})}, timeout=120
    )


def store(engine: sa.Engine, body: bytes) -> None:
    with writing(engine) as tx:
        inbox.put(tx, [body], "http", 1)


def stored(engine: sa.Engine) -> int:
    with reading(engine) as tx:
        return tx.scalar(sa.select(sa.func.count()).select_from(tables.event)) or 0


def test_sqlite_is_backed_up_while_it_is_open_and_restored(tmp_path: Path) -> None:
    if shutil.which("sqlite3") is None:
        pytest.skip("sqlite3 is not here")
    for folder in ("lib/fairlead", "backups"):
        (tmp_path / "var" / folder).mkdir(parents=True)
    url = f"sqlite:///{tmp_path}/var/lib/fairlead/fairlead.db"
    engine = build_database(load({"database_url": url}))
    store(engine, EVENT)
    run("back up SQLite", tmp_path)
    store(engine, b"{}")
    engine.dispose()
    run("restore SQLite", tmp_path)
    again = build_database(load({"database_url": url}))
    assert stored(again) == 1
    store(again, b"{}")
    assert stored(again) == 2
    again.dispose()
    with sqlite3.connect(f"{tmp_path}/var/lib/fairlead/fairlead.db") as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


@pytest.mark.postgres
@pytest.mark.skipif(postgres.missing() is not None, reason=str(postgres.missing()))
def test_postgresql_is_made_backed_up_and_restored(tmp_path: Path) -> None:
    if shutil.which("pg_dump") is None or shutil.which("psql") is None:
        pytest.skip("pg_dump and psql are not here: apt-get install postgresql-client")
    (tmp_path / "var" / "backups").mkdir(parents=True)
    with postgres.running() as admin:
        subprocess.run(
            ["psql", "-qv", "ON_ERROR_STOP=1", admin],
            input=BLOCKS["psql"].replace("fairlead", "bridge"),  # there is a fairlead here
            text=True,
            check=True,
        )
        url = admin.replace("fairlead@/postgres", "bridge@/bridge")
        environment = {"FAIRLEAD_DATABASE_URL": url}
        engine = build_database(load({"database_url": url}))
        store(engine, EVENT)
        run("back up PostgreSQL", tmp_path, environment)
        store(engine, b"{}")
        engine.dispose()
        run("restore PostgreSQL", tmp_path, environment)
        again = build_database(load({"database_url": url}))
        assert stored(again) == 1
        store(again, b"{}")  # numbers go on behind those that are there
        assert stored(again) == 2
        with pytest.raises(sa.exc.DBAPIError, match="append-only"), writing(again) as tx:
            tx.execute(sa.text("TRUNCATE audit"))
        again.dispose()
