"""Who saw and did what, in a log that is only ever added to."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the log, and the triggers that refuse to change or delete a row of it."""
    op.create_table(
        "audit",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("by", sa.String, nullable=False),
        sa.Column("via", sa.String, nullable=False),
        sa.Column("act", sa.String, nullable=False),
        sa.Column("subject", sa.String, nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "actors",
        sa.Column("token", sa.String(32), primary_key=True),
        sa.Column("who", sa.String, nullable=False),
        sa.Column("salt", sa.String(32), nullable=False),
    )
    op.create_index("ix_actors_who", "actors", ["who"])
    op.create_index("ix_audit_at", "audit", ["at"])
    op.create_index("ix_audit_subject", "audit", ["subject"])
    if op.get_bind().dialect.name == "sqlite":
        for what in ("update", "delete"):
            op.execute(f"CREATE TRIGGER audit_no_{what} BEFORE {what.upper()} ON audit "
                       "BEGIN SELECT RAISE(ABORT, 'the audit log is only ever added to'); END")  # fmt: skip
    if op.get_bind().dialect.name == "postgresql":
        op.execute("CREATE FUNCTION audit_kept() RETURNS trigger LANGUAGE plpgsql AS "
                   "$$BEGIN RAISE EXCEPTION 'the audit log is only ever added to'; END$$")  # fmt: skip
        for what, each in (("update", "ROW"), ("delete", "ROW"), ("truncate", "STATEMENT")):
            op.execute(f"CREATE TRIGGER audit_no_{what} BEFORE {what.upper()} ON audit "
                       f"FOR EACH {each} EXECUTE FUNCTION audit_kept()")  # fmt: skip


def downgrade() -> None:
    """Steps only go forwards; a backup is the way back."""
    raise NotImplementedError
