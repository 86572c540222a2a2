"""What was predicted for which ticket, by which models: so that suggestions can be scored and traced."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the predictions."""
    op.create_table(
        "predictions",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("ticket_id", sa.Integer, sa.ForeignKey("tickets.id", ondelete="CASCADE"), nullable=False),
        sa.Column("target", sa.String, nullable=False),
        sa.Column("value", sa.String),
        sa.Column("best", sa.String, nullable=False),
        sa.Column("confidence", sa.Float, nullable=False),
        sa.Column("code", sa.String, nullable=False),
        sa.Column("mode", sa.String, nullable=False),
        sa.Column("model", sa.String, nullable=False),
        sa.Column("made_at", sa.BigInteger, nullable=False, index=True),
        sa.UniqueConstraint("ticket_id", "target", "model", name="uq_predictions_ticket_target_model"),
        sqlite_autoincrement=True,
    )


def downgrade() -> None:
    """Steps only go forwards; a backup is the way back."""
    raise NotImplementedError
