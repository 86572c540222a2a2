"""Who may sign in, their sessions, and what people said of an audience kept apart from what the rules make of it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the tables of sign-in and the columns that keep the audience as it was given."""
    for table in ("tickets", "articles", "problems"):
        op.add_column(table, sa.Column("audience_given", sa.String, nullable=False, server_default=""))
        op.execute(f"UPDATE {table} SET audience_given = audience")  # noqa: S608 - names of our own tables
    op.create_table(
        "people",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        *(sa.Column(name, sa.String, nullable=False) for name in ("name", "issuer", "subject", "secret", "roles")),
        sa.Column("groups", sa.String, nullable=False),
        sa.Column("claims", sa.Text, nullable=False),
        sa.Column("disabled", sa.Boolean, nullable=False),
        sa.Column("made_by", sa.String, nullable=False),
        sa.Column("made_at", sa.BigInteger, nullable=False),
        sa.UniqueConstraint("issuer", "subject", name="uq_people_issuer_subject"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "sessions",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("token_hash", sa.String(64), nullable=False, unique=True),
        sa.Column("person_id", sa.Integer, sa.ForeignKey("people.id", ondelete="CASCADE"), nullable=False, index=True),
        sa.Column("issued", sa.BigInteger, nullable=False),
        sa.Column("last_seen", sa.BigInteger, nullable=False),
        sa.Column("revoked", sa.BigInteger),
        sa.Column("revoked_by", sa.String, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "tries",
        sa.Column("name_hash", sa.String(64), primary_key=True),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("until", sa.BigInteger, nullable=False),
    )


def downgrade() -> None:
    """Steps only go forwards; a backup is the way back."""
    raise NotImplementedError
