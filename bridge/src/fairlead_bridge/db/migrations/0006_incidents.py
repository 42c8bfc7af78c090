"""Incidents, maintenance windows, and the queue of what is to be evaluated next."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    _incident()
    _affected()
    _timeline()
    _maintenance()
    _watch()


def _number() -> sa.Column[int]:
    kind = sa.BigInteger().with_variant(sa.Integer, "sqlite")
    return sa.Column("id", kind, primary_key=True)


def _incident() -> None:
    op.create_table(
        "incident",
        _number(),
        sa.Column("cause", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("severity", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("node_id", sa.BigInteger, nullable=False),
        sa.Column("node", sa.Text, nullable=False),
        sa.Column("run_id", sa.Text),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("path", sa.Text, nullable=False),
        sa.Column("opened_at", sa.BigInteger, nullable=False),
        sa.Column("detected_at", sa.BigInteger, nullable=False),
        sa.Column("changed_at", sa.BigInteger, nullable=False),
        sa.Column("resolved_at", sa.BigInteger),
        sa.Column("resolved_by", sa.Text),
        sa.Column("acknowledged_by", sa.Text),
        sa.Column("muted_by", sa.Text),
        sa.Column("assigned_to", sa.Text),
        sa.Column("reopened", sa.Integer, nullable=False),
    )
    op.create_index(
        "incident_open",
        "incident",
        ["cause"],
        unique=True,
        sqlite_where=sa.text("state <> 'resolved'"),
        postgresql_where=sa.text("state <> 'resolved'"),
    )
    op.create_index("incident_cause", "incident", ["cause", "resolved_at"])
    op.create_index("incident_detected", "incident", ["detected_at"])
    op.create_index("incident_resolved", "incident", ["resolved_at"])


def _affected() -> None:
    op.create_table(
        "incident_affected",
        sa.Column("incident_id", sa.BigInteger, primary_key=True),
        sa.Column("node_id", sa.BigInteger, primary_key=True),
        sa.Column("since_at", sa.BigInteger, primary_key=True),
        sa.Column("until_at", sa.BigInteger),
        sa.Column("node", sa.Text, nullable=False),
        sa.Column("label", sa.Text, nullable=False),
        sa.Column("standing", sa.Text, nullable=False),
        sa.Column("owners", sa.Text, nullable=False),
        sa.Column("expected_by", sa.BigInteger),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "incident_affected_now",
        "incident_affected",
        ["node_id"],
        sqlite_where=sa.text("until_at IS NULL"),
        postgresql_where=sa.text("until_at IS NULL"),
    )


def _timeline() -> None:
    op.create_table(
        "incident_entry",
        _number(),
        sa.Column("incident_id", sa.BigInteger, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("what", sa.Text, nullable=False),
        sa.Column("by", sa.Text),
        sa.Column("text", sa.Text),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("severity", sa.Text, nullable=False),
        sa.Column("cause", sa.Text),
    )
    op.create_index("incident_entry_incident", "incident_entry", ["incident_id", "id"])


def _maintenance() -> None:
    op.create_table(
        "maintenance",
        _number(),
        sa.Column("namespace", sa.Text),
        sa.Column("dag", sa.Text),
        sa.Column("dataset", sa.Text),
        sa.Column("starts_at", sa.BigInteger, nullable=False),
        sa.Column("ends_at", sa.BigInteger, nullable=False),
        sa.Column("reason", sa.Text),
        sa.Column("created_by", sa.Text),
        sa.Column("created_at", sa.BigInteger, nullable=False),
    )
    op.create_index("maintenance_ends", "maintenance", ["ends_at"])


def _watch() -> None:
    op.create_table(
        "watch",
        sa.Column("node_id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("due_at", sa.BigInteger, nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("standing", sa.Text),
        sqlite_with_rowid=False,
    )
    op.create_index("watch_due", "watch", ["due_at", "node_id"])
    # What is there already is evaluated once, so that what stands now has its incident.
    op.execute(
        "INSERT INTO watch (node_id, due_at, version)"
        " SELECT id, 0, 1 FROM dataset WHERE id = asset_id"
    )
    op.execute(
        "INSERT INTO watch (node_id, due_at, version) SELECT id, 0, 1 FROM job"
        " WHERE kind NOT IN ('task', 'query', 'dag_file')"
        " AND id NOT IN (SELECT node_id FROM watch)"
    )
