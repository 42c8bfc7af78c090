"""Bringing a database to the schema this version knows: forward only, safe to run twice."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from fairlead_bridge import masking
from fairlead_bridge.db.engine import one_migrator, shown, writing
from fairlead_bridge.errors import BadSettings

_FOLDER = Path(__file__).parent / "migrations"


def migrate(engine: sa.Engine, revision: str | None = None) -> str:
    """
    Create the schema, or bring it up to date, in one transaction; returns its revision.

    `revision` stops at an older one, so that a test can upgrade a database that has data in it.
    Raises BadSettings where the database cannot be opened, or is newer than this program.
    """
    scripts = ScriptDirectory(str(_FOLDER), version_locations=[str(_FOLDER)])
    head = scripts.get_current_head()
    assert head is not None  # noqa: S101  (the folder is never empty)
    try:
        with writing(engine) as tx:
            one_migrator(tx)
            _refuse_newer(tx, scripts, head)
            _upgrade(tx, scripts, revision or head)
    except sa.exc.DBAPIError as error:
        raise BadSettings(_cannot_open(engine, error)) from error
    return revision or head


def _refuse_newer(tx: sa.Connection, scripts: ScriptDirectory, head: str) -> None:
    known = {script.revision for script in scripts.walk_revisions()}
    for revision in MigrationContext.configure(tx).get_current_heads():
        if revision not in known:
            raise BadSettings(
                f"the database's schema is {revision}, this program knows {head} and older: "
                "install the newer fairlead-bridge, or name another database"
            )


def _upgrade(tx: sa.Connection, scripts: ScriptDirectory, revision: str) -> None:
    def steps(current: Any, _context: MigrationContext) -> object:
        return scripts._upgrade_revs(revision, current)

    with EnvironmentContext(Config(), scripts, fn=steps, destination_rev=revision) as environment:
        environment.configure(connection=tx, transactional_ddl=True, render_as_batch=True)
        environment.run_migrations()


def _cannot_open(engine: sa.Engine, error: sa.exc.DBAPIError) -> str:
    reason = masking.text(str(error.orig).strip().splitlines()[0])
    return f"the database {shown(engine.url)} cannot be used: {reason}"
