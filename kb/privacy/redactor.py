"""One text or one record in, the same with placeholders out: the same value keeps its number within a record."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from kb.privacy.commands import commands
from kb.privacy.glance import Glance
from kb.privacy.ids import ids
from kb.privacy.keys import keys
from kb.privacy.kinds import SECRETS, Rules
from kb.privacy.learnt import learnt
from kb.privacy.names import names
from kb.privacy.numbers import numbers
from kb.privacy.passwords import passwords
from kb.privacy.people import emails, phones
from kb.privacy.spans import PLACEHOLDER, Cover, Span, apart, seen
from kb.records import Article, Problem, Record, Ticket

WORDS: Mapping[type[Record], tuple[str, ...]] = {
    Ticket: ("title", "body", "resolution", "notes"),
    Article: ("title", "summary", "body"),
    Problem: ("title", "symptom", "probable_cause", "root_cause", "workaround", "fix"),
}
"""The fields of each kind of record that hold free text, in the order in which placeholders are numbered."""
ALL = Rules()
_ROUNDS = 5
"""How often a text is looked through at most; the second time mostly finds nothing more."""


@dataclass
class Placeholders:
    """Hands out placeholders for one record: numbered ones are the same for the same value."""

    rules: Rules
    taken: set[str] = field(default_factory=set)
    """Placeholders that stand there already and are not to be given to another value."""
    given: dict[tuple[str, str], str] = field(default_factory=dict)
    originals: dict[str, str] = field(default_factory=dict)
    """Placeholder → what it stands for, of the kinds that are kept for entitled readers."""

    def of(self, kind: str, value: str) -> str:
        """The placeholder of a value."""
        if kind in SECRETS and self.rules.of(kind) != "entitled":
            return f"[{kind}]"
        key = (kind, _same(kind, value))
        if key not in self.given:
            n = 1
            while (made := f"[{kind}-{n}]") in self.taken:
                n += 1
            self.given[key] = made
            self.taken.add(made)
            if self.rules.of(kind) == "entitled":
                self.originals[made] = value
        return self.given[key]


@dataclass(frozen=True, slots=True)
class Redacted:
    """A record without what its rules replace, how many placeholders stand in it, and the originals to be sealed."""

    record: Record
    counts: Mapping[str, int]
    originals: Mapping[str, str]
    """Placeholder → what it stands for, of the kinds that are kept for entitled readers."""


def find(text: str, *, caller: str = "") -> list[Span]:
    """Everything in a text that may have to go, in reading order, none over another."""
    if not text or text.isspace():
        return []
    found = list(_found(text, caller))
    if PLACEHOLDER.search(text):
        there = Cover(match.span() for match in PLACEHOLDER.finditer(text))
        found = [one for one in found if not there.meets(one)]
    return apart(found)


def redact(
    text: str, rules: Rules = ALL, *, caller: str = "", numbered: Placeholders | None = None
) -> tuple[str, Counter[str]]:
    """The text with placeholders, and how many were put in by kind. What is redacted already stays as it is."""
    hand, counts = numbered, Counter[str]()
    for _ in range(_ROUNDS):  # what is left reads differently without what is gone
        spans = [one for one in find(text, caller=caller) if rules.of(one.kind) != "keep"]
        if not spans:
            break
        hand = hand or Placeholders(rules, {match.group() for match in PLACEHOLDER.finditer(text)})
        counts.update(one.kind for one in spans)
        parts, at = [], 0
        for one in spans:
            parts += [text[at : one.start], hand.of(one.kind, text[one.start : one.end])]
            at = one.end
        text = "".join([*parts, text[at:]])
    return text, counts


def redact_record(record: Record, rules: Rules = ALL) -> Redacted:
    """The record as it may be stored; ``text``, ``fix`` and the caller field stay as they are.

    Free text of every field and the values of further columns are looked through; names are those of the caller.
    """
    caller = record.caller if isinstance(record, Ticket) and rules.of("name") != "keep" else ""
    fields = {name: str(getattr(record, name)) for name in WORDS[type(record)]}
    further = dict(record.extra)
    hand = Placeholders(
        rules, {m.group() for text in (*fields.values(), *further.values()) for m in PLACEHOLDER.finditer(text)}
    )
    made = {name: redact(text, rules, caller=caller, numbered=hand)[0] for name, text in fields.items()}
    extra = {
        name: redact(text, rules, caller=caller, numbered=hand)[0] if len(text) > 3 else text
        for name, text in further.items()
    }
    changes: dict[str, Any] = {name: text for name, text in made.items() if text != fields[name]}
    if extra != further:
        changes["extra"] = extra
    return Redacted(
        replace(record, **changes) if changes else record, count((*made.values(), *extra.values())), hand.originals
    )


def count(texts: tuple[str, ...]) -> Counter[str]:
    """Placeholders that stand in these texts, by kind."""
    return Counter(match[1] for text in texts if "[" in text for match in PLACEHOLDER.finditer(text))


def _found(text: str, caller: str) -> Iterator[Span]:
    plain = seen(text)
    found = [plain.raw(one) for one in by_rules(plain.text, caller)]
    read = plain
    if ("</" in text or "<br" in text.lower()) and (bare := seen(text, markup=True)).text != plain.text:
        found += [bare.raw(one) for one in by_rules(bare.text, caller)]
        read = bare
    yield from found
    ruled = Cover((one.start, one.end) for one in found)
    yield from (one for one in map(read.raw, learnt(read.text)) if not ruled.meets(one))


def by_rules(text: str, caller: str = "") -> Iterator[Span]:
    """What the rules find in a text as its reader sees it; finds may lie over another."""
    glance = Glance(text)
    yield from keys(glance)
    yield from commands(glance)
    yield from passwords(glance)
    yield from numbers(glance)
    yield from ids(glance)
    yield from emails(glance)
    yield from phones(glance)
    if caller:
        yield from names(text, caller)


def _same(kind: str, value: str) -> str:
    if kind == "phone":
        return "".join(sign for sign in value if sign.isdigit())
    return " ".join(value.split()).casefold()
