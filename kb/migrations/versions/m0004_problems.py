"""Problems that people work on here: what they set, each change with who and when, and what belongs to a problem."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the changes and ties of problems, and the columns that tell what an export gave."""
    op.add_column("problems", sa.Column("given", sa.Text, nullable=False, server_default=""))
    op.add_column("problems", sa.Column("merged_into", sa.Integer))
    op.create_index("ix_problems_merged_into", "problems", ["merged_into"])
    op.create_table(
        "problem_changes",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        _end("problem_id", "problems", nullable=False),
        sa.Column("what", sa.String, nullable=False),
        sa.Column("before", sa.Text, nullable=False),
        sa.Column("after", sa.Text, nullable=False),
        _end("target_ticket_id", "tickets"),
        _end("target_article_id", "articles"),
        _end("target_problem_id", "problems"),
        sa.Column("why", sa.Text, nullable=False),
        sa.Column("made_by", sa.String, nullable=False),
        sa.Column("made_at", sa.BigInteger, nullable=False),
        sa.Column("undone_by", sa.String, nullable=False),
        sa.Column("undone_at", sa.BigInteger),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "problem_ties",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        _end("problem_id", "problems", nullable=False),
        _end("ticket_id", "tickets"),
        _end("article_id", "articles"),
        sa.Column("belongs", sa.Boolean, nullable=False),
        sa.Column("first", sa.Boolean, nullable=False),
        sa.Column("made_by", sa.String, nullable=False),
        sa.Column("made_at", sa.BigInteger, nullable=False),
        sa.UniqueConstraint("problem_id", "ticket_id", name="uq_problem_ties_ticket"),
        sa.UniqueConstraint("problem_id", "article_id", name="uq_problem_ties_article"),
        sqlite_autoincrement=True,
    )


def _end(name: str, table: str, *, nullable: bool = True) -> sa.Column[int]:
    return sa.Column(name, sa.Integer, sa.ForeignKey(f"{table}.id", ondelete="CASCADE"), nullable=nullable, index=True)


def downgrade() -> None:
    """Steps only go forwards; a backup is the way back."""
    raise NotImplementedError
