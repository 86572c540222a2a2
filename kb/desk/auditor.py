"""The auditor's side of the desk: what stands in the audit log, and whether it is whole."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from kb.audit import Checked, Entry
from kb.desk.front import Front
from kb.records import Viewer
from kb.shelves import KINDS

CHECKED = 20_000
"""Rows that are checked while somebody waits; longer logs are checked by ``seenbefore audit verify``."""


class Auditor(Front):
    """The log for who may read it: ids of records are told by their number only to who may see the record."""

    def audit(
        self, *, viewer: Viewer, since: datetime | None = None, until: datetime | None = None, by: str = "",
        act: str = "", before: int | None = None, most: int = 50,
    ) -> list[Entry]:  # fmt: skip
        """Rows of the log, newest first; that it was looked into is noted too."""
        found = self.store.audit_entries(since=since, until=until, by=by, act=act, before=before, most=most)
        self._noted(viewer, "saw", "audit")
        return found

    def audit_people(self, *, viewer: Viewer) -> list[str]:
        """Everybody who did anything here."""
        return self.store.audit_names()

    def audit_numbers(self, entries: Sequence[Entry], *, viewer: Viewer) -> dict[str, str]:
        """Subject of an entry ("ticket:17") → the number of that record, where this viewer may see it."""
        wanted = {one.target for one in entries if one.target is not None}
        found: dict[str, str] = {}
        for kind in KINDS:
            ids = sorted(number for name, number in wanted if name == kind)
            found |= {f"{kind}:{one.id}": one.number for one in self.records(kind, ids, viewer=viewer)}
        return found

    def audit_state(self, *, viewer: Viewer) -> Checked | None:
        """Whether the chain is whole; ``None`` where it is too long to be read while somebody waits."""
        head = self.store.audit_head()
        if head.id > CHECKED:
            return None
        kept = self.kept.get("audited")
        if kept is None or kept.head != head:
            kept = self.kept["audited"] = self.store.audit_check()
        return kept if isinstance(kept, Checked) else None
