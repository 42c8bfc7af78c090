"""The first schema, whole: as 0.1.0 has it. Frozen; what changes later has a file of its own."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "column_lineage",
        sa.Column("dataset_id", sa.BigInteger, primary_key=True),
        sa.Column("job_id", sa.BigInteger, primary_key=True),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("column_lineage_job", "column_lineage", ["job_id"])
    op.create_table(
        "column_lineage_version",
        sa.Column("dataset_id", sa.BigInteger, primary_key=True),
        sa.Column("job_id", sa.BigInteger, primary_key=True),
        sa.Column("digest", sa.LargeBinary, primary_key=True),
        sa.Column("first_at", sa.BigInteger, nullable=False),
        sa.Column("last_at", sa.BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "content",
        sa.Column("digest", sa.LargeBinary, primary_key=True),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "dataset",
        sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("namespace", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("asset_id", sa.BigInteger, nullable=False),
        sa.Column("kind", sa.Text),
        sa.Column("first_at", sa.BigInteger, nullable=False),
        sa.Column("last_at", sa.BigInteger, nullable=False),
        sa.Column("written_at", sa.BigInteger),
        sa.Column("written_by", sa.BigInteger),
        sa.Column("updated_at", sa.BigInteger),
        sa.Column("dropped_at", sa.BigInteger),
        sa.UniqueConstraint("namespace", "name"),
    )
    op.create_index("dataset_asset", "dataset", ["asset_id"])
    op.create_index("dataset_written", "dataset", ["written_at"])
    op.create_table(
        "dataset_name",
        sa.Column("namespace", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("dataset_id", sa.BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("dataset_name_dataset", "dataset_name", ["dataset_id"])
    op.create_table(
        "delivery",
        sa.Column("sink", sa.Text, primary_key=True),
        sa.Column("kind", sa.Text, primary_key=True),
        sa.Column("key", sa.BigInteger, primary_key=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("news_at", sa.BigInteger, nullable=False),
        sa.Column("due_at", sa.BigInteger, nullable=False),
        sa.Column("reason", sa.Text),
        sa.Column("sent", sa.LargeBinary),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "delivery_due",
        "delivery",
        ["sink", "state", "due_at"],
        sqlite_where=sa.text("kind || '' <> 'event'"),
        postgresql_where=sa.text("kind || '' <> 'event'"),
    )
    op.create_index(
        "delivery_event",
        "delivery",
        ["sink", "state", "key"],
        sqlite_where=sa.text("kind || '' = 'event'"),
        postgresql_where=sa.text("kind || '' = 'event'"),
    )
    op.create_table(
        "edge",
        sa.Column("src", sa.BigInteger, primary_key=True),
        sa.Column("dst", sa.BigInteger, primary_key=True),
        sa.Column("kind", sa.Text, primary_key=True),
        sa.Column("first_at", sa.BigInteger, nullable=False),
        sa.Column("last_at", sa.BigInteger, nullable=False),
        sa.Column("last_run", sa.BigInteger),
        sqlite_with_rowid=False,
    )
    op.create_index("edge_reverse", "edge", ["dst", "src", "kind"])
    op.create_table(
        "event",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True),
        sa.Column("digest", sa.LargeBinary, nullable=False, unique=True),
        sa.Column("received_at", sa.BigInteger, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "facet",
        sa.Column("owner_id", sa.BigInteger, primary_key=True),
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "job",
        sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("namespace", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("integration", sa.Text),
        sa.Column("processing", sa.Text),
        sa.Column("dag_id", sa.Text),
        sa.Column("task_id", sa.Text),
        sa.Column("parent_id", sa.BigInteger),
        sa.Column("first_at", sa.BigInteger, nullable=False),
        sa.Column("last_at", sa.BigInteger, nullable=False),
        sa.UniqueConstraint("namespace", "name"),
    )
    op.create_index("job_kind", "job", ["kind", "namespace", "name"])
    op.create_index("job_parent", "job", ["parent_id"])
    op.create_table(
        "pulse",
        sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("settled", sa.BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "quarantine",
        sa.Column("event_id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "run",
        sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("run_id", sa.Text, nullable=False),
        sa.Column("job_id", sa.BigInteger, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("dag_id", sa.Text),
        sa.Column("dag_run_id", sa.Text),
        sa.Column("task_id", sa.Text),
        sa.Column("map_index", sa.Integer),
        sa.Column("try_number", sa.Integer),
        sa.Column("dag_run", sa.BigInteger),
        sa.Column("instance", sa.BigInteger),
        sa.Column("parent_id", sa.BigInteger),
        sa.Column("root_id", sa.BigInteger),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("queued_at", sa.BigInteger),
        sa.Column("started_at", sa.BigInteger),
        sa.Column("ended_at", sa.BigInteger),
        sa.Column("duration", sa.Float),
        sa.Column("nominal_start_at", sa.BigInteger),
        sa.Column("nominal_end_at", sa.BigInteger),
        sa.Column("first_at", sa.BigInteger, nullable=False),
        sa.Column("last_at", sa.BigInteger, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("error", sa.Text),
        sa.Column("facts", sa.LargeBinary, nullable=False),
    )
    op.create_index("run_at", "run", ["at"])
    op.create_index("run_dag", "run", ["dag_run_id", "dag_id"])
    op.create_index("run_dag_at", "run", ["dag_id", "at"])
    op.create_index("run_dag_run", "run", ["dag_run"])
    op.create_index("run_instance", "run", ["instance"])
    op.create_index("run_job", "run", ["job_id", "at"])
    op.create_index("run_parent", "run", ["parent_id"])
    op.create_index("run_state", "run", ["state", "at"])
    op.create_table(
        "run_alias",
        sa.Column("alias", sa.BigInteger, primary_key=True),
        sa.Column("run_id", sa.Text, nullable=False),
        sa.Column("id", sa.BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("run_alias_run_id", "run_alias", ["run_id"])
    op.create_table(
        "run_dataset",
        sa.Column("run_id", sa.BigInteger, primary_key=True),
        sa.Column("dataset_id", sa.BigInteger, primary_key=True),
        sa.Column("role", sa.Text, primary_key=True),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("written_at", sa.BigInteger),
        sa.Column("row_count", sa.BigInteger),
        sa.Column("byte_count", sa.BigInteger),
        sa.Column("file_count", sa.BigInteger),
        sa.Column("schema_digest", sa.LargeBinary),
        sa.Column("facets", sa.LargeBinary, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("run_dataset_at", "run_dataset", ["dataset_id", "role", "at"])
    op.create_index("run_dataset_written", "run_dataset", ["dataset_id", "written_at"])
    op.create_table(
        "run_event",
        sa.Column("run_id", sa.BigInteger, primary_key=True),
        sa.Column("event_id", sa.BigInteger, primary_key=True),
        sqlite_with_rowid=False,
    )
    op.create_index("run_event_event", "run_event", ["event_id"])
    op.create_table(
        "schema_version",
        sa.Column("dataset_id", sa.BigInteger, primary_key=True),
        sa.Column("digest", sa.LargeBinary, primary_key=True),
        sa.Column("first_at", sa.BigInteger, nullable=False),
        sa.Column("first_run", sa.BigInteger),
        sa.Column("last_at", sa.BigInteger, nullable=False),
        sa.Column("written", sa.Integer, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("schema_version_first", "schema_version", ["first_at"])
    op.create_table(
        "sink",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("due_at", sa.BigInteger, nullable=False),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("told_at", sa.BigInteger),
        sa.Column("error", sa.Text),
        sa.Column("error_at", sa.BigInteger),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "symlink",
        sa.Column("dataset_id", sa.BigInteger, primary_key=True),
        sa.Column("other_id", sa.BigInteger, primary_key=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("first_at", sa.BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("symlink_other", "symlink", ["other_id"])
    op.create_table(
        "verdict",
        sa.Column("dag_run", sa.BigInteger, primary_key=True),
        sa.Column("task_id", sa.Text, primary_key=True),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("duration", sa.Float),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "waiting",
        sa.Column("event_id", sa.BigInteger, primary_key=True, autoincrement=False),
        sqlite_with_rowid=False,
    )
