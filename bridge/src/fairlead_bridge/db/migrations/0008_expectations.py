"""Expectations that people, files, contracts and dbt state."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.create_table(
        "expectation",
        sa.Column("source", sa.Text, primary_key=True),
        sa.Column("node", sa.Text, primary_key=True),
        sa.Column("kind", sa.Text, primary_key=True),
        sa.Column("since_at", sa.BigInteger, primary_key=True),
        sa.Column("until_at", sa.BigInteger),
        sa.Column("target", sa.BigInteger),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("origin", sa.Text, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("expectation_node", "expectation", ["node"])
    op.create_index("expectation_target", "expectation", ["target"])
