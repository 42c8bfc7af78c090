from __future__ import annotations

import json
import socket
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from fairlead_bridge import inbox, outbox
from fairlead_bridge.cli import main
from fairlead_bridge.db.engine import open_database, reading, writing
from fairlead_bridge.db.migrate import migrate
from fairlead_bridge.db.tables import expectation, job, run
from fairlead_bridge.model import Name
from tests.bridge.absorbing import absorb, dump, understand
from tests.bridge.nightly import DAY, NIGHTLY, PLACE, nights
from tests.support.small import dataset, run_event, schema, uuid

EVENT = (
    b'{"eventType":"COMPLETE","eventTime":"2026-01-01T00:00:00Z","producer":"test",'
    b'"run":{"runId":"01939cd0-0000-7000-8000-%012d"},"job":{"namespace":"n","name":"j%d"}}'
)


def receive(path: Path, *bodies: bytes) -> None:
    engine = open_database(str(path))
    migrate(engine)
    with writing(engine) as tx:
        inbox.put(tx, bodies, "test", 1)
    engine.dispose()


def count(path: Path, table: sa.Table) -> int:
    engine = open_database(str(path))
    with reading(engine) as tx:
        found = tx.scalar(sa.select(sa.func.count()).select_from(table))
    engine.dispose()
    return found or 0


def test_migrate_makes_a_database_and_may_be_run_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = str(tmp_path / "b.db")
    assert main(["migrate", "--database-url", path]) == 0
    assert main(["migrate", "--database-url", path]) == 0
    assert "up to date" in capsys.readouterr().out


def test_replay_absorbs_the_log_again_and_leaves_what_is_odd(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "b.db"
    receive(path, EVENT % (1, 1), b"junk", EVENT % (2, 2))
    assert main(["replay", "--database-url", str(path)]) == 0
    assert "0 wait, 1 are in quarantine" in capsys.readouterr().out
    assert count(path, job) == 2
    assert main(["replay", "--quarantined", "--database-url", str(path)]) == 0
    assert capsys.readouterr().out.startswith("1 event to absorb")


def test_a_rebuilt_catalog_holds_only_what_the_log_says(tmp_path: Path) -> None:
    path = tmp_path / "b.db"
    receive(path, EVENT % (1, 1))
    main(["replay", "--database-url", str(path)])
    engine = open_database(str(path))
    with writing(engine) as tx:
        tx.execute(sa.update(job).values(name="somebody's fingers"))
    assert main(["replay", "--rebuild", "--database-url", str(path)]) == 0
    with reading(engine) as tx:
        assert tx.scalars(sa.select(job.c.name)).all() == ["j1"]
    engine.dispose()
    assert count(path, run) == 1


def test_what_people_stated_outlives_a_rebuilt_catalog(tmp_path: Path) -> None:
    path = tmp_path / "b.db"
    receive(path, EVENT % (1, 1))
    engine = open_database(str(path))
    row = {"source": "person", "node": "dataset:x:y", "kind": "every", "since_at": 1}
    with writing(engine) as tx:
        tx.execute(sa.insert(expectation), row | {"body": b"{}", "origin": "ann"})
    assert main(["replay", "--rebuild", "--database-url", str(path)]) == 0
    engine.dispose()
    assert count(path, expectation) == 1


def test_a_log_without_its_beginning_rebuilds_only_by_force(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "b.db"
    receive(path, EVENT % (1, 1), EVENT % (2, 2))
    main(["replay", "--database-url", str(path)])
    engine = open_database(str(path))
    with writing(engine) as tx:
        inbox.forget(tx, [1])
    engine.dispose()
    assert main(["replay", "--rebuild", "--database-url", str(path)]) == 2
    assert "--force" in capsys.readouterr().err
    assert count(path, job) == 2
    assert main(["replay", "--rebuild", "--force", "--database-url", str(path)]) == 0
    assert count(path, job) == 1


def test_status_is_for_people_and_for_programs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "b.db"
    receive(path, EVENT % (1, 1), EVENT % (2, 2))
    assert main(["status", "--database-url", str(path)]) == 0
    shown = capsys.readouterr().out
    assert [line.split()[:2] for line in shown.splitlines()[:3]] == [
        ["received", "2"],
        ["waiting", "2"],
        ["quarantined", "0"],
    ]
    assert main(["status", "--json", "--database-url", str(path)]) == 0
    assert json.loads(capsys.readouterr().out)["inbox"] == {
        "waiting": 2,
        "quarantined": 0,
        "received": 2,
        "last_received_at": "1970-01-01T00:00:00.000001+00:00",
        "oldest_waiting_at": "1970-01-01T00:00:00.000001+00:00",
    }


@pytest.mark.parametrize(
    ("url", "output_text"),
    [
        ("mysql://h/n", "write sqlite:///PATH or postgresql://"),
        ("sqlite:///no/such/folder/b.db", "unable to open database file"),
        ("postgresql://u:secret@127.0.0.1:1/n", "cannot be used: "),
    ],
)
def test_a_database_that_cannot_be_used_is_named(
    url: str,
    output_text: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("FAIRLEAD_DATABASE_WAIT", "0.1")
    assert main(["serve", "--port", "0", "--database-url", url]) == 2
    complaint = capsys.readouterr().err
    assert output_text in complaint
    assert "secret" not in complaint
    assert "Traceback" not in complaint


def test_a_port_that_is_taken_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        flags = ["--port", str(port), "--database-url", str(tmp_path / "b.db")]
        assert main(["serve", *flags]) == 2
    assert (
        f"cannot listen on 127.0.0.1:{port}: another program listens there"
        in capsys.readouterr().err
    )


def test_a_wrong_setting_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FAIRLEAD_LOG_LEVEL", "loud")
    monkeypatch.setenv("FAIRLEAD_PORT", "7070")
    assert main(["migrate"]) == 2
    assert "FAIRLEAD_LOG_LEVEL='loud'" in capsys.readouterr().err


def test_a_sink_that_is_not_there_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = str(tmp_path / "b.db")
    assert main(["sinks", "retry", "marquez", "--database-url", path]) == 2
    assert "there are no sinks; write a file of them" in capsys.readouterr().err
    assert main(["notify", "status", "--database-url", path]) == 2
    assert "there are no channels; write a file of them" in capsys.readouterr().err


def test_names_says_what_the_users_rules_would_join_and_changes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    url = f"sqlite:///{tmp_path / 'fairlead.db'}"
    engine = open_database(url)
    migrate(engine)
    columns = schema("id", "day")
    tables = [dataset("shop.orders", host, schema=columns) for host in _HOSTS]
    absorb(engine, understand([run_event("COMPLETE", "08:00:00", uuid(1), "j", outputs=tables)]))
    before = dump(engine)
    rules = tmp_path / "rules.toml"
    rules.write_text('[[host]]\nfrom = ["replica"]\nto = "primary"\n')

    assert main(["names", "--database-url", url]) == 0
    assert "possibly one dataset" in capsys.readouterr().out
    assert main(["names", "--database-url", url, "--identity-rules", str(rules)]) == 0
    assert "the rules join 1 group " in capsys.readouterr().out
    assert dump(engine) == before
    engine.dispose()


_HOSTS = ("postgres://primary:5432", "postgres://replica:5432")


def test_rules_that_cannot_be_read_are_refused_by_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    missing = tmp_path / "nowhere.toml"
    url = f"sqlite:///{tmp_path / 'fairlead.db'}"
    assert main(["names", "--database-url", url, "--identity-rules", str(missing)]) == 2
    assert "nowhere.toml" in capsys.readouterr().err


def test_a_sink_that_the_settings_no_longer_have_can_be_forgotten(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    url = f"sqlite:///{tmp_path / 'fairlead.db'}"
    engine = open_database(url)
    migrate(engine)
    with writing(engine) as tx:
        outbox.put(tx, [Name("job", 1), Name("job", 2)], {"old": {"job"}}, 1)
    assert main(["sinks", "forget", "--database-url", url]) == 2
    assert main(["sinks", "forget", "old", "--database-url", url]) == 0
    assert "old: 2 entries forgotten" in capsys.readouterr().out
    with reading(engine) as tx:
        assert outbox.counts(tx, ["old"], 2)["old"].waiting == 0
    engine.dispose()


def test_outlook_prints_for_people_and_for_programs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "b.db"
    engine = open_database(str(path))
    migrate(engine)
    start = DAY + timedelta(days=14, hours=5)
    soon = start + timedelta(minutes=4)
    absorb(engine, understand(nights(NIGHTLY, 14) + NIGHTLY.events(start, only_before=soon)))
    engine.dispose()
    output_text = ["outlook", f"{PLACE}report.orders", "--database-url", str(path)]
    assert main([*output_text, "--as-of", soon.isoformat()]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"{PLACE}report.orders is ok at 2026-11-16 05:04"
    assert lines[1] == "written     2026-11-15 05:35"
    assert lines[3].startswith("ETA         2026-11-16 05:35  80 %: 2026-11-16 05:3")
    assert lines[4].strip().startswith("nightly.load has run for 4 minutes, usually 10 minutes")
    assert main([*output_text, "--as-of", soon.isoformat(), "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["eta"]["p50"].startswith("2026-11-16T05:3")


def test_outlook_says_what_is_wrong_with_its_arguments(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = str(tmp_path / "b.db")
    assert main(["outlook", "dataset:a:b", "--database-url", path]) == 1
    assert "nothing is known as 'dataset:a:b'" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["outlook", "dataset:a:b", "--as-of", "yesterday", "--database-url", path])
    assert "not a time: 'yesterday'" in capsys.readouterr().err
