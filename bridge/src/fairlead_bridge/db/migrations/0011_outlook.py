"""How datasets stood when they were evaluated last, as their entries have it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.add_column("watch", sa.Column("outlook", sa.LargeBinary))
