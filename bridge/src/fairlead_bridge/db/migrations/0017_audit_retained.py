"""Entries of the audit log are deleted only where retention said first how far it reaches."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"

_TOO_YOUNG = (
    "OLD.at >= coalesce((SELECT max(before_at) FROM audit_retention), -9223372036854775808)"
)


def upgrade() -> None:
    op.create_table(
        "audit_retention",
        sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("before_at", sa.BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE FUNCTION audit_is_retained() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$BEGIN IF TG_OP = 'TRUNCATE' OR {_TOO_YOUNG} THEN "
            "RAISE EXCEPTION 'the audit log is append-only'; END IF; RETURN OLD; END$$"
        )
        op.execute(
            "CREATE TRIGGER audit_is_retained BEFORE DELETE ON audit "
            "FOR EACH ROW EXECUTE FUNCTION audit_is_retained()"
        )
        op.execute(
            "CREATE TRIGGER audit_is_not_truncated BEFORE TRUNCATE ON audit "
            "FOR EACH STATEMENT EXECUTE FUNCTION audit_is_retained()"
        )
        return
    op.execute(
        f"CREATE TRIGGER audit_is_retained BEFORE DELETE ON audit WHEN {_TOO_YOUNG} "
        "BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END"
    )
    # REPLACE deletes without the trigger above.
    op.execute(
        "CREATE TRIGGER audit_is_not_replaced BEFORE INSERT ON audit "
        "WHEN EXISTS (SELECT 1 FROM audit WHERE id = NEW.id) "
        "BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END"
    )
