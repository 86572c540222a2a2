"""Knowledge that lives: technicians' notes, known errors, marks of helpful and not, and what people set on articles."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

ONE_TARGET = (
    "(CASE WHEN target_ticket_id IS NULL THEN 0 ELSE 1 END) + (CASE WHEN target_article_id IS NULL THEN 0 ELSE 1 END)"
    " + (CASE WHEN target_problem_id IS NULL THEN 0 ELSE 1 END) = 1"
)


def upgrade() -> None:
    """Add problems and marks, and the columns that other tables need for them."""
    op.add_column("tickets", sa.Column("notes", sa.Text, nullable=False, server_default=""))
    op.create_index("ix_tickets_problem", "tickets", ["problem"])
    op.add_column("articles", sa.Column("state_here", sa.String, nullable=False, server_default=""))
    op.add_column("articles", sa.Column("owner_here", sa.String, nullable=False, server_default=""))
    op.create_table(
        "problems",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("source", sa.String, nullable=False),
        sa.Column("number", sa.String, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("symptom", sa.Text, nullable=False),
        sa.Column("impact", sa.Integer),
        sa.Column("probable_cause", sa.Text, nullable=False),
        sa.Column("root_cause", sa.Text, nullable=False),
        sa.Column("workaround", sa.Text, nullable=False),
        sa.Column("fix", sa.Text, nullable=False),
        sa.Column("owner", sa.String, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("category", sa.String, nullable=False),
        sa.Column("service", sa.String, nullable=False),
        sa.Column("pattern", sa.String, nullable=False),
        sa.Column("created_at", sa.BigInteger),
        sa.Column("updated_at", sa.BigInteger),
        sa.Column("resolved_at", sa.BigInteger),
        sa.Column("audience", sa.String, nullable=False),
        sa.Column("extra", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("known_error", sa.Boolean, nullable=False),
        sa.Column("text_hash", sa.String(64), nullable=False),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("seq", sa.BigInteger, nullable=False, index=True),
        sa.UniqueConstraint("source", "number", name="uq_problems_source_number"),
        sqlite_autoincrement=True,
    )
    _links_to_problems()
    op.create_table(
        "marks",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("target_ticket_id", sa.Integer, sa.ForeignKey("tickets.id", ondelete="CASCADE"), index=True),
        sa.Column("target_article_id", sa.Integer, sa.ForeignKey("articles.id", ondelete="CASCADE"), index=True),
        sa.Column("target_problem_id", sa.Integer, sa.ForeignKey("problems.id", ondelete="CASCADE"), index=True),
        sa.Column("ticket_id", sa.Integer, sa.ForeignKey("tickets.id", ondelete="CASCADE"), index=True),
        sa.Column("said", sa.String, nullable=False),
        sa.Column("question", sa.Text, nullable=False),
        sa.Column("question_hash", sa.String(64), nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("before", sa.Text, nullable=False),
        sa.Column("made_by", sa.String, nullable=False),
        sa.Column("made_at", sa.BigInteger),
        sa.Column("undone_by", sa.String, nullable=False),
        sa.Column("undone_at", sa.BigInteger),
        sa.CheckConstraint(ONE_TARGET, name="ck_marks_one_target"),
        sqlite_autoincrement=True,
    )


def _links_to_problems() -> None:
    """Let a link point at a problem too; SQLite cannot change a check, so there the table is written anew."""
    to_problem = sa.Column("target_problem_id", sa.Integer)
    if op.get_bind().dialect.name != "sqlite":
        op.add_column("links", to_problem)
        op.create_foreign_key(
            "fk_links_problem", "links", "problems", ["target_problem_id"], ["id"], ondelete="CASCADE"
        )
        op.drop_constraint("ck_links_one_target", "links", type_="check")
        op.create_check_constraint("ck_links_one_target", "links", ONE_TARGET)
        op.create_index("ix_links_target_problem_id", "links", ["target_problem_id"])
        return
    for name in ("ticket_id", "target_ticket_id", "target_article_id", "seq"):
        op.drop_index(f"ix_links_{name}", "links")
    op.rename_table("links", "links_before")
    op.create_table(
        "links",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("ticket_id", sa.Integer, sa.ForeignKey("tickets.id", ondelete="CASCADE"), nullable=False, index=True),
        sa.Column("target_ticket_id", sa.Integer, sa.ForeignKey("tickets.id", ondelete="CASCADE"), index=True),
        sa.Column("target_article_id", sa.Integer, sa.ForeignKey("articles.id", ondelete="CASCADE"), index=True),
        sa.Column("target_problem_id", sa.Integer, sa.ForeignKey("problems.id", ondelete="CASCADE"), index=True),
        sa.Column("linked_at", sa.BigInteger),
        sa.Column("made_by", sa.String, nullable=False),
        sa.Column("origin", sa.String, nullable=False),
        sa.Column("generic", sa.Boolean, nullable=False),
        sa.Column("seq", sa.BigInteger, nullable=False, index=True),
        sa.CheckConstraint(ONE_TARGET, name="ck_links_one_target"),
        sqlite_autoincrement=True,
    )
    kept = "id, ticket_id, target_ticket_id, target_article_id, linked_at, made_by, origin, generic, seq"
    op.execute(f"INSERT INTO links ({kept}) SELECT {kept} FROM links_before ORDER BY id")  # noqa: S608 - our own names
    op.drop_table("links_before")


def downgrade() -> None:
    """Steps only go forwards; a backup is the way back."""
    raise NotImplementedError
