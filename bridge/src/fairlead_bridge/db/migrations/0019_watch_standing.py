"""What stands badly is found without reading what is well."""

from __future__ import annotations

from alembic import op

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    op.create_index("watch_standing", "watch", ["standing", "node_id"])
