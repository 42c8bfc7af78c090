"""Edges that follow from declarations, and finding what is declared without reading every facet."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    op.add_column("edge", sa.Column("is_derived", sa.Integer, nullable=False, server_default="0"))
    declared = sa.text("name = 'fairlead_declaration'")
    op.create_index(
        "facet_declaration",
        "facet",
        ["owner_id"],
        sqlite_where=declared,
        postgresql_where=declared,
    )
