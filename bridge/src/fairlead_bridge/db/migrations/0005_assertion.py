"""How each check of a dataset went when it was made last."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "assertion",
        sa.Column("dataset_id", sa.BigInteger, primary_key=True),
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("column_name", sa.Text, primary_key=True),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("success", sa.Integer, nullable=False),
        sa.Column("severity", sa.Text),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("run", sa.BigInteger),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "assertion_failed",
        "assertion",
        ["at"],
        sqlite_where=sa.text("success = 0"),
        postgresql_where=sa.text("success = 0"),
    )
