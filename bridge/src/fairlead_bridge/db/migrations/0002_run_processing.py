"""Whether a run is a stream or a service: the run's own word instead of its job's newest."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("run", sa.Column("processing", sa.Text))
    op.execute(
        "UPDATE run SET processing = (SELECT job.processing FROM job WHERE job.id = run.job_id"
        " AND job.processing IN ('STREAMING', 'SERVICE')) WHERE state = 'running'"
    )
