"""Which worker has claimed the deliveries of a sink."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.add_column("sink", sa.Column("claimed_by", sa.Text))
