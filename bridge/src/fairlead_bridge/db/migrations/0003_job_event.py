"""Which events told of which job, where no run leads to it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "job_event",
        sa.Column("job_id", sa.BigInteger, primary_key=True),
        sa.Column("event_id", sa.BigInteger, primary_key=True),
        sqlite_with_rowid=False,
    )
    op.create_index("job_event_event", "job_event", ["event_id"])
