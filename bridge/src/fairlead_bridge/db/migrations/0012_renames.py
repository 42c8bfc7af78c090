"""When each name of a dataset was reported last: tables that are renamed again and again."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.add_column(
        "symlink", sa.Column("last_at", sa.BigInteger, nullable=False, server_default="0")
    )
    op.execute("UPDATE symlink SET last_at = first_at")
