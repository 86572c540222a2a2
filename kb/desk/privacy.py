"""Privacy's side of the desk: what was found and replaced, the policy of each kind, and the key."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from kb.desk.front import Front
from kb.errors import BadSetting, NotFound
from kb.privacy.kinds import KINDS, PREFIX, Rules
from kb.privacy.sealing import NO_KEY
from kb.records import Record, Viewer


@dataclass(frozen=True, slots=True)
class Kept:
    """The state of privacy as one viewer may know it."""

    rules: Rules
    found: Mapping[str, Mapping[str, int]]
    """Kind → month ("2026-03", "" where not known) → how many placeholders stand there, in records this viewer sees."""
    key: bool
    """Whether originals can be sealed and read."""
    sealed: int
    """Of how many records originals are kept; 0 for who may not see every record."""


class Keeping(Front):
    """What the desk does with secrets and personal data."""

    def privacy(self, *, viewer: Viewer) -> Kept:
        """What was found and replaced, and the policy of each kind."""
        sealed = self.store.sealed_count() if viewer.sees_all else 0
        return Kept(self.store.rules(), self.store.found(viewer), self.store.sealer is not None, sealed)

    def set_privacy(self, kind: str, what: str, *, viewer: Viewer) -> None:
        """Change the policy of one kind; it counts from the next record on. Raises ``BadSetting``.

        What is stored already follows with ``seenbefore privacy apply``.
        """
        if kind not in KINDS:
            raise BadSetting(f"There is no kind {kind[:40]!r}: there are {', '.join(KINDS)}.")
        Rules.from_settings({f"{PREFIX}{kind}": what})
        if what == "entitled" and self.store.sealer is None:
            raise BadSetting(NO_KEY)
        self.store.set(f"{PREFIX}{kind}", what, by=viewer.name)

    def has_originals(self, record: Record, *, viewer: Viewer) -> bool:
        """Whether this viewer may see what placeholders of a record stand for, and there is something to see."""
        return viewer.may("originals") and self._seen_here(record, viewer) and self.store.has_originals(record, viewer)

    def originals(self, record: Record, *, viewer: Viewer) -> dict[str, str]:
        """What placeholders of a record stand for; every look is noted before it is shown.

        Raises ``NotFound`` where the viewer may not read it, ``StoreTrouble`` where it cannot be noted, ``BadSetting``
        or ``Damaged`` where it cannot be opened.
        """
        if not self.has_originals(record, viewer=viewer):
            raise NotFound(f"There are no originals of {record.number[:80]!r} that you may read.")
        self.store.note("saw", f"{record.ref.kind}:{record.id}", by=viewer.name, detail={"what": "originals"})
        return self.store.originals(record, viewer)

    def _seen_here(self, record: Record, viewer: Viewer) -> bool:
        return record.id is not None and bool(self.store.records(record.ref.kind, [record.id], viewer))
