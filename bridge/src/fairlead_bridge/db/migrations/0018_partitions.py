"""Which partition a run wrote."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    op.add_column("run_dataset", sa.Column("partition_at", sa.BigInteger))
    known = sa.text("partition_at IS NOT NULL")
    op.create_index(
        "run_dataset_partition",
        "run_dataset",
        ["dataset_id", "partition_at"],
        postgresql_where=known,
        sqlite_where=known,
    )
