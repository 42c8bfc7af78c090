from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from fairlead_bridge.db import migrations
from fairlead_bridge.db.engine import open_database, reading, writing
from fairlead_bridge.db.migrate import migrate
from fairlead_bridge.db.tables import edge, metadata
from fairlead_bridge.errors import BadSettings

FOLDER = Path(migrations.__file__).parent
REVISIONS = sorted(path.name[:4] for path in FOLDER.glob("[0-9]*.py"))
#: What these tests write into a column of each type.
SAMPLES: dict[str, Any] = {"INTEGER": 7, "BIGINT": 7, "TEXT": "x", "BLOB": b"x", "BYTEA": b"x"}
OTHERWISE = 1.5


def test_the_migrated_schema_is_the_one_in_tables(db: sa.Engine) -> None:
    with reading(db) as tx:
        context = MigrationContext.configure(tx, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_migrating_twice_changes_nothing(db: sa.Engine) -> None:
    with writing(db) as tx:
        tx.execute(
            sa.insert(edge).values(src=1, dst=2, kind="data", first_at=1, last_at=1, last_run=None)
        )
    assert migrate(db) == migrate(db)
    with reading(db) as tx:
        assert tx.scalar(sa.select(sa.func.count()).select_from(edge)) == 1


@pytest.mark.parametrize("path", sorted(FOLDER.glob("[0-9]*.py")), ids=lambda path: path.stem)
def test_a_migration_is_frozen_it_reads_nothing_of_the_program(path: Path) -> None:
    """What it does today it does for ever, whatever becomes of `tables`."""
    assert not re.search(r"\bfairlead_bridge\b", path.read_text())


@pytest.mark.parametrize("revision", REVISIONS)
def test_a_database_of_every_older_schema_is_upgraded_with_its_rows(
    empty_db: sa.Engine, revision: str
) -> None:
    migrate(empty_db, revision)
    old = sa.MetaData()
    old.reflect(empty_db)
    with writing(empty_db) as tx:
        for table in old.sorted_tables:
            if table.name != "alembic_version":
                tx.execute(table.insert().values(_row(table)))
    migrate(empty_db)
    with reading(empty_db) as tx:
        context = MigrationContext.configure(tx, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
        for table in old.sorted_tables:
            if table.name in metadata.tables:
                assert tx.scalar(sa.select(sa.func.count()).select_from(table)) == 1, table.name


def _row(table: sa.Table) -> dict[str, Any]:
    return {column.name: SAMPLES.get(str(column.type), OTHERWISE) for column in table.columns}


def test_a_newer_database_is_refused(db: sa.Engine) -> None:
    with writing(db) as tx:
        tx.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(BadSettings, match=r"schema is 9999.*install the newer fairlead-bridge"):
        migrate(db)


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    engine = open_database(str(tmp_path / "no" / "fairlead.db"))
    with pytest.raises(BadSettings, match=r"no/fairlead\.db cannot be used: unable to open"):
        migrate(engine)
    engine.dispose()


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    (tmp_path / "fairlead.db").write_text("a letter to grandmother " * 100)
    engine = open_database(str(tmp_path / "fairlead.db"))
    with pytest.raises(BadSettings, match="file is not a database"):
        migrate(engine)
    engine.dispose()
