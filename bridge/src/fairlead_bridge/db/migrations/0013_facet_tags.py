"""Find tags without reading every facet: what is personal data is asked for on many pages."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    of_tags = sa.text("name = 'tags'")
    op.create_index(
        "facet_tags", "facet", ["digest"], sqlite_where=of_tags, postgresql_where=of_tags
    )
