"""What stands between a record and the store: its secrets and personal data replaced by the desk's own policy."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from kb.privacy.kinds import Rules
from kb.privacy.redactor import WORDS, Redacted, redact, redact_record
from kb.records import Record, Ref, Ticket
from kb.text import prepare

GUARD_VERSION = 1
"""Goes up whenever the same record could be redacted otherwise; `seenbefore privacy apply` then goes over all
again."""
PSEUDONYM = "person-"
R = TypeVar("R", bound=Record)


@dataclass(frozen=True, slots=True)
class Guard:
    """The policy at work. ``salt`` makes pseudonyms that cannot be guessed from a list of names without it."""

    rules: Rules
    salt: str = ""

    def record(self, record: Record) -> Redacted:
        """The record as it may be stored, with ``text`` and ``fix`` made anew where anything was replaced."""
        found = redact_record(record, self.rules)
        made = found.record
        if made is not record:
            made = prepare(made)
        elif record.text and not any(getattr(record, name) for name in WORDS[type(record)]):
            made = replace(made, text=redact(record.text, self.rules)[0])
        if not isinstance(made, Ticket) or self.rules.of("caller") == "keep" or not made.caller.strip():
            return replace(found, record=made)
        if made.caller.startswith(PSEUDONYM):
            return replace(found, record=made)
        stands = self.pseudonym(made.caller)
        originals = {**found.originals, **({stands: made.caller} if self.rules.of("caller") == "entitled" else {})}
        return Redacted(replace(made, caller=stands), {**found.counts, "caller": 1}, originals)

    def text(self, text: str) -> str:
        """A text that belongs to no record, with placeholders; nothing of it is kept for anybody."""
        return redact(text, self.rules)[0] if text else text

    def fields(self, values: Mapping[str, str | int | None]) -> dict[str, str | int | None]:
        """Free text among the fields of a problem, redacted as one record would be."""
        return {name: self.text(value) if isinstance(value, str) else value for name, value in values.items()}

    def pseudonym(self, caller: str) -> str:
        """The same for the same caller of this desk, however it is spelt in capitals or blanks."""
        plain = " ".join(caller.split()).casefold()
        return (
            PSEUDONYM + hmac.new(self.salt.encode(), plain.encode("utf-8", "replace"), hashlib.sha256).hexdigest()[:12]
        )

    def erased(self, ref: Ref) -> str:
        """The key under which it is remembered that a record was erased; the name cannot be read from it."""
        return hmac.new(self.salt.encode(), f"erased {ref}".encode("utf-8", "replace"), hashlib.sha256).hexdigest()


@dataclass(frozen=True, slots=True)
class Ready:
    """Records that were prepared and redacted before they are written, and the policy that did it."""

    guard: Guard
    records: Sequence[Redacted]

    @classmethod
    def by(cls, guard: Guard, records: Sequence[Record]) -> Ready:
        """All of them, in their order."""
        return cls(guard, [guard.record(prepare(record)) for record in records])
