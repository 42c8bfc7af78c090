"""What was said of DAGs before: schedules as of a moment in the past."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.create_table(
        "dag_version",
        sa.Column("job_id", sa.BigInteger, primary_key=True),
        sa.Column("digest", sa.LargeBinary, primary_key=True),
        sa.Column("first_at", sa.BigInteger, nullable=False),
        sa.Column("last_at", sa.BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )
    op.execute(
        "INSERT INTO dag_version (job_id, digest, first_at, last_at) "
        "SELECT facet.owner_id, facet.digest, job.first_at, facet.at FROM facet "
        "JOIN job ON job.id = facet.owner_id WHERE facet.name = 'fairlead_dag'"
    )
