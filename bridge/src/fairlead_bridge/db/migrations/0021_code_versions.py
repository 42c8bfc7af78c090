"""The SQL and the source code that jobs had before, beyond the retention of the log."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    op.create_table(
        "code_version",
        sa.Column("job_id", sa.BigInteger, primary_key=True),
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("digest", sa.LargeBinary, primary_key=True),
        sa.Column("first_at", sa.BigInteger, nullable=False),
        sa.Column("last_at", sa.BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("code_version_first", "code_version", ["first_at"])
    op.execute(
        "INSERT INTO code_version (job_id, name, digest, first_at, last_at) "
        "SELECT facet.owner_id, facet.name, facet.digest, facet.at, facet.at FROM facet "
        "JOIN job ON job.id = facet.owner_id "
        "WHERE facet.name IN ('sql', 'sourceCode') AND facet.digest <> ''"
    )
