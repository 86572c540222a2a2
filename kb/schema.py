"""The tables of the store as they are today; kb/migrations tells how they came to be."""

from __future__ import annotations

import sqlalchemy as sa

metadata = sa.MetaData()
ONE_TARGET = (
    "(CASE WHEN target_ticket_id IS NULL THEN 0 ELSE 1 END) + (CASE WHEN target_article_id IS NULL THEN 0 ELSE 1 END)"
    " + (CASE WHEN target_problem_id IS NULL THEN 0 ELSE 1 END) = 1"
)
"""A link or a mark points at one record."""

tickets = sa.Table(
    "tickets",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("source", sa.String, nullable=False),
    sa.Column("number", sa.String, nullable=False),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("opened_at", sa.BigInteger),
    sa.Column("resolved_at", sa.BigInteger),
    sa.Column("closed_at", sa.BigInteger),
    sa.Column("state", sa.String),
    sa.Column("category", sa.String, nullable=False),
    sa.Column("subcategory", sa.String, nullable=False),
    sa.Column("impact", sa.Integer),
    sa.Column("urgency", sa.Integer),
    sa.Column("priority", sa.Integer),
    sa.Column("assignment_group", sa.String, nullable=False),
    sa.Column("assigned_to", sa.String, nullable=False),
    sa.Column("line", sa.Integer),
    sa.Column("service", sa.String, nullable=False),
    sa.Column("ci", sa.String, nullable=False),
    sa.Column("location", sa.String, nullable=False),
    sa.Column("department", sa.String, nullable=False),
    sa.Column("channel", sa.String, nullable=False),
    sa.Column("caller", sa.String, nullable=False),
    sa.Column("vip", sa.Boolean),
    sa.Column("resolution", sa.Text, nullable=False),
    sa.Column("notes", sa.Text, nullable=False, server_default=""),
    sa.Column("close_code", sa.String, nullable=False),
    sa.Column("reopen_count", sa.Integer),
    sa.Column("reassignment_count", sa.Integer),
    sa.Column("made_sla", sa.Boolean),
    sa.Column("problem", sa.String, nullable=False, index=True),
    sa.Column("parent", sa.String, nullable=False),
    sa.Column("audience", sa.String, nullable=False),
    sa.Column("audience_given", sa.String, nullable=False, server_default=""),
    sa.Column("extra", sa.Text, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("fix", sa.Text, nullable=False),
    sa.Column("text_hash", sa.String(64), nullable=False),
    sa.Column("fingerprint", sa.String(64), nullable=False),
    sa.Column("seq", sa.BigInteger, nullable=False, index=True),
    sa.UniqueConstraint("source", "number", name="uq_tickets_source_number"),
    sqlite_autoincrement=True,
)

articles = sa.Table(
    "articles",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("source", sa.String, nullable=False),
    sa.Column("number", sa.String, nullable=False),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("summary", sa.Text, nullable=False),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("state", sa.String, nullable=False),
    sa.Column("owner", sa.String, nullable=False),
    sa.Column("category", sa.String, nullable=False),
    sa.Column("created_at", sa.BigInteger),
    sa.Column("updated_at", sa.BigInteger),
    sa.Column("url", sa.String, nullable=False),
    sa.Column("audience", sa.String, nullable=False),
    sa.Column("audience_given", sa.String, nullable=False, server_default=""),
    sa.Column("extra", sa.Text, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("text_hash", sa.String(64), nullable=False),
    sa.Column("fingerprint", sa.String(64), nullable=False),
    sa.Column("seq", sa.BigInteger, nullable=False, index=True),
    sa.Column("state_here", sa.String, nullable=False, server_default=""),
    sa.Column("owner_here", sa.String, nullable=False, server_default=""),
    sa.UniqueConstraint("source", "number", name="uq_articles_source_number"),
    sqlite_autoincrement=True,
)
"""What people set here (``state_here``, ``owner_here``) stands over what an export says, and outlives the next
one."""

problems = sa.Table(
    "problems",
    metadata,
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
    sa.Column("audience_given", sa.String, nullable=False, server_default=""),
    sa.Column("extra", sa.Text, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("known_error", sa.Boolean, nullable=False),
    sa.Column("text_hash", sa.String(64), nullable=False),
    sa.Column("fingerprint", sa.String(64), nullable=False),
    sa.Column("seq", sa.BigInteger, nullable=False, index=True),
    sa.Column("merged_into", sa.Integer, index=True),
    sa.Column("given", sa.Text, nullable=False, server_default=""),
    sa.UniqueConstraint("source", "number", name="uq_problems_source_number"),
    sqlite_autoincrement=True,
)
"""``given``: what the export says of the fields that people set here, as JSON; their own column has people's word."""

problem_changes = sa.Table(
    "problem_changes",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("problem_id", sa.Integer, sa.ForeignKey("problems.id", ondelete="CASCADE"), nullable=False, index=True),
    sa.Column("what", sa.String, nullable=False),
    sa.Column("before", sa.Text, nullable=False),
    sa.Column("after", sa.Text, nullable=False),
    sa.Column("target_ticket_id", sa.Integer, sa.ForeignKey("tickets.id", ondelete="CASCADE"), index=True),
    sa.Column("target_article_id", sa.Integer, sa.ForeignKey("articles.id", ondelete="CASCADE"), index=True),
    sa.Column("target_problem_id", sa.Integer, sa.ForeignKey("problems.id", ondelete="CASCADE"), index=True),
    sa.Column("why", sa.Text, nullable=False),
    sa.Column("made_by", sa.String, nullable=False),
    sa.Column("made_at", sa.BigInteger, nullable=False),
    sa.Column("undone_by", sa.String, nullable=False),
    sa.Column("undone_at", sa.BigInteger),
    sqlite_autoincrement=True,
)
"""Each change of a problem: fields before and after as JSON, or the record that was linked, unlinked or merged
into."""

problem_ties = sa.Table(
    "problem_ties",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("problem_id", sa.Integer, sa.ForeignKey("problems.id", ondelete="CASCADE"), nullable=False, index=True),
    sa.Column("ticket_id", sa.Integer, sa.ForeignKey("tickets.id", ondelete="CASCADE"), index=True),
    sa.Column("article_id", sa.Integer, sa.ForeignKey("articles.id", ondelete="CASCADE"), index=True),
    sa.Column("belongs", sa.Boolean, nullable=False),
    sa.Column("first", sa.Boolean, nullable=False),
    sa.Column("made_by", sa.String, nullable=False),
    sa.Column("made_at", sa.BigInteger, nullable=False),
    sa.UniqueConstraint("problem_id", "ticket_id", name="uq_problem_ties_ticket"),
    sa.UniqueConstraint("problem_id", "article_id", name="uq_problem_ties_article"),
    sqlite_autoincrement=True,
)
"""What people say belongs to a problem or does not, over what exports say; ``first``: it was made with this one."""

links = sa.Table(
    "links",
    metadata,
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

marks = sa.Table(
    "marks",
    metadata,
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

corrections = sa.Table(
    "corrections",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("ticket_id", sa.Integer, sa.ForeignKey("tickets.id", ondelete="CASCADE"), nullable=False, index=True),
    sa.Column("target", sa.String, nullable=False),
    sa.Column("suggested", sa.String),
    sa.Column("chosen", sa.String, nullable=False),
    sa.Column("action", sa.String, nullable=False),
    sa.Column("made_by", sa.String, nullable=False),
    sa.Column("made_at", sa.BigInteger),
    sa.Column("why", sa.Text, nullable=False),
    sa.Column("model", sa.String, nullable=False),
    sqlite_autoincrement=True,
)

predictions = sa.Table(
    "predictions",
    metadata,
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

settings = sa.Table(
    "settings",
    metadata,
    sa.Column("name", sa.String, primary_key=True),
    sa.Column("value", sa.Text, nullable=False),
    sa.Column("changed_by", sa.String, nullable=False),
    sa.Column("changed_at", sa.BigInteger),
)

vectors = sa.Table(
    "vectors",
    metadata,
    sa.Column("content_hash", sa.String(64), primary_key=True),
    sa.Column("embedder", sa.String, primary_key=True),
    sa.Column("vector", sa.LargeBinary, nullable=False),
)

deletions = sa.Table(
    "deletions",
    metadata,
    sa.Column("kind", sa.String, primary_key=True),
    sa.Column("record_id", sa.Integer, primary_key=True),
    sa.Column("seq", sa.BigInteger, nullable=False, index=True),
)

imports = sa.Table(
    "imports",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("at", sa.BigInteger),
    sa.Column("file", sa.String, nullable=False),
    sa.Column("source", sa.String, nullable=False),
    sa.Column("kind", sa.String, nullable=False),
    sa.Column("added", sa.Integer, nullable=False),
    sa.Column("updated", sa.Integer, nullable=False),
    sa.Column("unchanged", sa.Integer, nullable=False),
    sa.Column("rejected", sa.Integer, nullable=False),
    sqlite_autoincrement=True,
)

counter = sa.Table(
    "counter",
    metadata,
    sa.Column("name", sa.String, primary_key=True),
    sa.Column("value", sa.BigInteger, nullable=False),
)

findings = sa.Table(
    "findings",
    metadata,
    sa.Column("kind", sa.String, primary_key=True),
    sa.Column("record_id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("what", sa.String, primary_key=True),
    sa.Column("n", sa.Integer, nullable=False),
)
"""How many placeholders of each kind stand in a record."""

originals = sa.Table(
    "originals",
    metadata,
    sa.Column("kind", sa.String, primary_key=True),
    sa.Column("record_id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("sealed", sa.LargeBinary, nullable=False),
    sa.Column("key_name", sa.String, nullable=False),
)
"""What placeholders of a record stand for, sealed with a key outside the home; only for kinds the desk keeps so."""

erased = sa.Table("erased", metadata, sa.Column("key", sa.String(64), primary_key=True))
"""Salted hashes of the names of erased records, so that the next export does not bring them back."""
audit = sa.Table(
    "audit",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("at", sa.BigInteger, nullable=False, index=True),
    sa.Column("by", sa.String, nullable=False),
    sa.Column("via", sa.String, nullable=False),
    sa.Column("act", sa.String, nullable=False),
    sa.Column("subject", sa.String, nullable=False, index=True),
    sa.Column("detail", sa.Text, nullable=False),
    sa.Column("hash", sa.String(64), nullable=False),
    sqlite_autoincrement=True,
)
"""Only ever added to: triggers refuse anything else. ``by`` is a token of ``actors``."""

actors = sa.Table(
    "actors",
    metadata,
    sa.Column("token", sa.String(32), primary_key=True),
    sa.Column("who", sa.String, nullable=False, index=True),
    sa.Column("salt", sa.String(32), nullable=False),
)
"""Whom the tokens of the audit log stand for: a token is a hash of salt and name, so that the chain covers the name
and a person can be erased all the same; the salt goes with the name."""

people = sa.Table(
    "people",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("name", sa.String, nullable=False),
    sa.Column("issuer", sa.String, nullable=False),
    sa.Column("subject", sa.String, nullable=False),
    sa.Column("secret", sa.String, nullable=False),
    sa.Column("roles", sa.String, nullable=False),
    sa.Column("groups", sa.String, nullable=False),
    sa.Column("claims", sa.Text, nullable=False),
    sa.Column("disabled", sa.Boolean, nullable=False),
    sa.Column("made_by", sa.String, nullable=False),
    sa.Column("made_at", sa.BigInteger, nullable=False),
    sa.UniqueConstraint("issuer", "subject", name="uq_people_issuer_subject"),
    sqlite_autoincrement=True,
)
"""Who may sign in: local accounts have issuer "" and their folded name as subject, and a password hash as secret."""

sessions = sa.Table(
    "sessions",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("token_hash", sa.String(64), nullable=False, unique=True),
    sa.Column("person_id", sa.Integer, sa.ForeignKey("people.id", ondelete="CASCADE"), nullable=False, index=True),
    sa.Column("issued", sa.BigInteger, nullable=False),
    sa.Column("last_seen", sa.BigInteger, nullable=False),
    sa.Column("revoked", sa.BigInteger),
    sa.Column("revoked_by", sa.String, nullable=False),
    sqlite_autoincrement=True,
)

tries = sa.Table(
    "tries",
    metadata,
    sa.Column("name_hash", sa.String(64), primary_key=True),
    sa.Column("failures", sa.Integer, nullable=False),
    sa.Column("until", sa.BigInteger, nullable=False),
)
"""Failed sign-ins by the hash of the name that was typed, whether there is such a person or not."""
api_keys = sa.Table(
    "api_keys",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("name", sa.String, nullable=False),
    sa.Column("prefix", sa.String, nullable=False, unique=True),
    sa.Column("hash", sa.String(64), nullable=False),
    sa.Column("scopes", sa.String, nullable=False),
    sa.Column("groups", sa.String, nullable=False),
    sa.Column("rate", sa.Integer, nullable=False),
    sa.Column("made_by", sa.String, nullable=False),
    sa.Column("made_at", sa.BigInteger, nullable=False),
    sa.Column("expires_at", sa.BigInteger, nullable=False),
    sa.Column("revoked_at", sa.BigInteger),
    sa.Column("revoked_by", sa.String, nullable=False),
    sa.Column("used_at", sa.BigInteger),
    sqlite_autoincrement=True,
)
"""Keys of programs: only the sha256 of a key is kept, and its first characters to know it by."""

api_calls = sa.Table(
    "api_calls",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Column("caller", sa.String, nullable=False),
    sa.Column("method", sa.String, nullable=False),
    sa.Column("route", sa.String, nullable=False),
    sa.Column("status", sa.Integer, nullable=False),
    sa.Column("ms", sa.Integer, nullable=False),
    sqlite_autoincrement=True,
)
"""The latest calls of programs: routes, never addresses with numbers or words in them."""

api_replays = sa.Table(
    "api_replays",
    metadata,
    sa.Column("caller", sa.String, primary_key=True),
    sa.Column("name", sa.String, primary_key=True),
    sa.Column("request_hash", sa.String(64), nullable=False),
    sa.Column("status", sa.Integer),
    sa.Column("answer", sa.LargeBinary),
    sa.Column("made_at", sa.BigInteger, nullable=False, index=True),
)
"""Answers kept under an idempotency key; ``status`` is NULL while the first request is still at work."""

hooks = sa.Table(
    "hooks",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("name", sa.String, nullable=False),
    sa.Column("way", sa.String, nullable=False),
    sa.Column("secret", sa.String, nullable=False),
    sa.Column("preset", sa.String, nullable=False),
    sa.Column("source", sa.String, nullable=False),
    sa.Column("url", sa.String, nullable=False),
    sa.Column("events", sa.String, nullable=False),
    sa.Column("with_text", sa.Boolean, nullable=False),
    sa.Column("active", sa.Boolean, nullable=False),
    sa.Column("made_by", sa.String, nullable=False),
    sa.Column("made_at", sa.BigInteger, nullable=False),
    sa.Column("used_at", sa.BigInteger),
    sqlite_autoincrement=True,
)
"""Webhooks, ``in`` and ``out``."""

hook_ids = sa.Table(
    "hook_ids",
    metadata,
    sa.Column("hook_id", sa.Integer, sa.ForeignKey("hooks.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("name", sa.String, primary_key=True),
    sa.Column("at", sa.BigInteger, nullable=False, index=True),
)
"""Messages that came in, remembered for as long as they could be sent again."""

deliveries = sa.Table(
    "deliveries",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("hook_id", sa.Integer, sa.ForeignKey("hooks.id", ondelete="CASCADE"), nullable=False),
    sa.Column("event", sa.String, nullable=False),
    sa.Column("about", sa.String, nullable=False),
    sa.Column("payload", sa.Text, nullable=False),
    sa.Column("state", sa.String, nullable=False),
    sa.Column("tries", sa.Integer, nullable=False),
    sa.Column("next_at", sa.BigInteger, nullable=False),
    sa.Column("made_at", sa.BigInteger, nullable=False),
    sa.Column("done_at", sa.BigInteger),
    sa.Column("trouble", sa.String, nullable=False),
    sa.UniqueConstraint("hook_id", "event", "about", name="uq_deliveries_hook_event_about"),
    sqlite_autoincrement=True,
)
"""Messages that go out: each event once for each hook; waiting, sent or dead."""
