from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from fairlead_bridge.db.engine import open_database, reading, writing
from fairlead_bridge.db.migrate import migrate
from fairlead_bridge.db.tables import edge, metadata
from fairlead_bridge.errors import BadSettings


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
