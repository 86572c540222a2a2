"""What was replaced in records before they were stored, counted, and sealed originals."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the tables of findings, originals and erased records."""
    op.create_table(
        "findings",
        sa.Column("kind", sa.String, primary_key=True),
        sa.Column("record_id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("what", sa.String, primary_key=True),
        sa.Column("n", sa.Integer, nullable=False),
    )
    op.create_table(
        "originals",
        sa.Column("kind", sa.String, primary_key=True),
        sa.Column("record_id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        sa.Column("key_name", sa.String, nullable=False),
    )
    op.create_table("erased", sa.Column("key", sa.String(64), primary_key=True))


def downgrade() -> None:
    """Steps only go forwards; a backup is the way back."""
    raise NotImplementedError
