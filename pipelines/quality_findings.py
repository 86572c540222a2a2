"""Findings on what would be learnt from, each in a sentence with what to do: of one target, and of the texts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kb.policy import Policy, target_of
from kb.records import Ticket
from kb.text import language
from kb.triage import known_at_opening
from models import leaks, quality
from models.names import one_spelling, twin_names
from pipelines.learnable import Learnable, retired

EXAMPLES = 5
"""Ticket numbers named with a finding."""
MOST = 5
"""Findings of one kind told apart; the last of them says how many there are in all."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong, in a sentence, how many tickets it touches, some of them, and what to do about it."""

    kind: str
    """mislabelled, names, overlap, conflict, leak, rare, retired, nothing-to-learn, empty, short, boilerplate, copies
    or languages."""
    target: str
    """"" where it is about the texts."""
    what: str
    todo: str
    count: int
    tickets: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Suspect:
    """A ticket's label and how suspicious it is."""

    number: str
    source: str
    title: str
    target: str
    given: str
    alternative: str
    suspicion: float
    """Probability in [0, 1] that the label is not the one given."""
    likely: bool
    """Whether it is probably wrong: one other value is likelier than not."""


# --- one target -----------------------------------------------------------------------------------------------------


def of_target(
    pool: Learnable, looked: quality.Looked, marks: leaks.Marks, target: str, confirmed: Mapping[int | None, str]
) -> tuple[list[Finding], list[Suspect]]:
    """Findings of one target, and its tickets by suspicion. What a person has corrected counts as right."""
    labels: list[str | None] = [confirmed.get(ticket.id, target_of(ticket, target)) or None for ticket in pool.tickets]
    if not any(labels):
        return [], []
    gone = retired(labels, pool.times)
    kept = [None if label in gone else label for label in labels]
    rated = quality.rate(looked, kept)
    rows = [row for row in rated.ranked.tolist() if pool.tickets[row].id not in confirmed]
    ranked = [_suspect(pool.tickets[row], target, labels[row], rated, row) for row in rows]
    told = _Told(pool.tickets, target)
    findings = [
        *_mislabelled(told, [suspect for suspect in ranked if suspect.likely]),
        *_names(told, [_written(ticket, target) for ticket in pool.tickets]),
        *_overlaps(told, rated),
        *_conflicts(told, quality.conflicts(looked, kept)),
        *_leaks(told, leaks.leaks(marks, kept, _fields(pool.tickets))),
        *_unused(told, labels, rated, gone),
    ]
    return findings, ranked


@dataclass(frozen=True, slots=True)
class _Told:
    tickets: Sequence[Ticket]
    target: str

    def __call__(self, kind: str, what: str, todo: str, count: int, rows: Sequence[int]) -> Finding:
        return Finding(kind, self.target, what, todo, count, _numbers(self.tickets, rows))


def _mislabelled(told: _Told, suspects: Sequence[Suspect]) -> Iterator[Finding]:
    if suspects:
        first = suspects[0]
        yield Finding(
            "mislabelled", told.target,
            f"{len(suspects):,} tickets probably have the wrong {told.target}: {first.number} says {first.given!r} and "
            f"looks like {first.alternative!r} ({sure(first.suspicion)}).",
            "Check them, most suspicious first (--csv writes the list), and correct those that are wrong.",
            len(suspects), tuple(suspect.number for suspect in suspects[:EXAMPLES]),
        )  # fmt: skip


def _names(told: _Told, written: Sequence[str]) -> Iterator[Finding]:
    found = twin_names(written)
    for at, twins in enumerate(found[:MOST]):
        names = " and ".join(f"{name!r} ({count:,})" for name, count in twins.names.items())
        rarer = list(twins.names)[1:]
        rows = [row for row, label in enumerate(written) if label in rarer]
        how = "differ in writing only" if twins.exact else "differ by a letter"
        best = next(iter(twins.names))
        yield told(
            "names", f"{names} {how}.{_more(found, at)}", f"If they are one, give {best!r} everywhere.", len(rows), rows
        )


def _overlaps(told: _Told, rated: quality.Rated) -> Iterator[Finding]:
    found = quality.overlaps(rated)
    for at, pair in enumerate(found[:MOST]):
        yield told(
            "overlap",
            f"{pair.one!r} and {pair.other!r} are taken for one another: {pair.one_as_other:.0%} of the first look "
            f"like the second, {pair.other_as_one:.0%} the other way round.{_more(found, at)}",
            "Merge them, or write down what tells them apart and sort their tickets again.",
            len(pair.rows), pair.rows,
        )  # fmt: skip


def _conflicts(told: _Told, found: Sequence[quality.Conflict]) -> Iterator[Finding]:
    for at, conflict in enumerate(found[:MOST]):
        labels = ", ".join(f"{label!r} ({count:,})" for label, count in list(conflict.labels.items())[:4])
        same = "the same" if conflict.identical else "nearly the same"
        yield told(
            "conflict",
            f"{len(conflict.rows):,} tickets say {same} and have different values: {labels}.{_more(found, at)}",
            "Agree on one value and correct the others.", len(conflict.rows), conflict.rows,
        )  # fmt: skip


_LEAK = {
    "closing": (
        "{what!r} stands in {count:,} tickets and {precision:.0%} of them are {label!r}: it was probably written when "
        "the ticket was closed.",
        "Import the text as it was at opening, without what was added later.",
    ),
    "last words": (
        "{what!r} ends nearly all {label!r} tickets and no others ({count:,}): it looks added by a tool or afterwards.",
        "Find out where it comes from; if it is written after opening, take it out of the text.",
    ),
    "label": (
        "The value {label!r} itself stands in {count:,} tickets, and {precision:.0%} of them have it.",
        "If it is written after sorting, take it out of the text.",
    ),
    "field": (
        "The field {what!r} alone settles the value in {precision:.0%} of {count:,} tickets.",
        "If it is filled in after opening, or from the value itself, leave it out of the import.",
    ),
}


def _leaks(told: _Told, found: Sequence[leaks.Leak]) -> Iterator[Finding]:
    for at, leak in enumerate(found[:MOST]):
        what, todo = _LEAK[leak.kind]
        yield told("leak", what.format(what=leak.what, label=leak.label, count=leak.count, precision=leak.precision)
                   + _more(found, at), todo, leak.count, leak.rows)  # fmt: skip


def _unused(told: _Told, labels: Sequence[str | None], rated: quality.Rated, gone: set[str]) -> Iterator[Finding]:
    """Values that are not learnt: too rare, not given any more; or there is nothing to learn at all."""
    if gone:
        rows = [row for row, label in enumerate(labels) if label in gone]
        yield told("retired", f"Not given any more and left out: {_list(sorted(gone))}.",
                   "Nothing, if the desk gave them up; else use today's name.", len(rows), rows)  # fmt: skip
    count = sum(rated.pooled.values())
    if not rated.classes:
        yield told("nothing-to-learn", f"There is nothing to learn here: {len(rated.pooled):,} different values in "
                   f"{count:,} tickets.", "It takes 20 tickets and two values that repeat.", count, [])  # fmt: skip
    elif rated.pooled:
        spelt = one_spelling(labels)
        rows = [row for row, label in enumerate(spelt) if label in rated.pooled]
        names = sorted(rated.pooled, key=lambda name: (-rated.pooled[name], name))
        yield told("rare", f"{len(names):,} values have too few tickets to learn from and are never suggested: "
                   f"{_list(names)}.", "Merge them with others, or wait for more tickets.", count, rows)  # fmt: skip


def _suspect(ticket: Ticket, target: str, given: str | None, rated: quality.Rated, row: int) -> Suspect:
    other = rated.classes[int(rated.alternative[row])] if rated.alternative[row] >= 0 else ""
    return Suspect(ticket.number, ticket.source, ticket.title or ticket.text[:80], target, given or "", other,
                   round(float(rated.suspicion[row]), 4), bool(rated.listed[row]))  # fmt: skip


def _written(ticket: Ticket, target: str) -> str:
    """The value as it was written, blanks and all."""
    value = getattr(ticket, target, None) if target in Ticket.__slots__ else ticket.extra.get(target)
    return "" if value is None else str(value)


def _fields(tickets: Sequence[Ticket]) -> dict[str, list[str]]:
    known = [known_at_opening(ticket) for ticket in tickets]
    names = sorted({name for row in known for name in row} - {"hour"})
    return {name: [row.get(name, "") for row in known] for name in names}


# --- the texts ------------------------------------------------------------------------------------------------------


def of_texts(pool: Learnable, policy: Policy) -> Iterator[Finding]:
    """Texts that say nothing, too little, what many others say, or what an earlier one said."""
    shares = quality.shares(pool.texts, fewest_words=policy.fewest_words)
    n = len(pool.tickets)
    line, least = next(iter(shares.lines), ""), policy.fewest_words
    for kind, rows, what, todo in (
        ("empty", shares.empty, "say nothing at all", "Map the column that holds the text, or ask for one at opening."),
        ("short", shares.short, f"have fewer than {least} words", "They get no suggestions: ask more at opening."),
        ("boilerplate", shares.boilerplate, f"say only what many others say word for word, such as {line[:80]!r}",
         "Take the template out of the text, or sort such tickets by a rule."),
        ("copies", shares.copies, "say word for word what an earlier one said",
         "Nothing is wrong with that; a rule or a known error may save the work."),
    ):  # fmt: skip
        if len(rows):
            yield Finding(kind, "", f"{len(rows):,} of {n:,} tickets ({len(rows) / n:.1%}) {what}.", todo, len(rows),
                          _numbers(pool.tickets, rows.tolist()))  # fmt: skip


def languages(texts: Sequence[str]) -> dict[str, float]:
    """Language → share of the texts, the most spoken first; of many texts, of some 4,000 evenly picked."""
    step = max(1, len(texts) // 4000)
    spoken = Counter(language(text) for text in texts[::step])
    return {name: count / spoken.total() for name, count in spoken.most_common()}


def of_languages(spoken: Mapping[str, float], n: int) -> Iterator[Finding]:
    """Languages too few of n tickets are written in."""
    few = {name: share for name, share in spoken.items() if name and share < 0.02}
    if few:
        names = ", ".join(f"{name} ({share:.1%})" for name, share in few.items())
        todo = "Expect silence for such tickets until there are more."
        yield Finding("languages", "", f"Hardly any tickets are in {names}.", todo, round(sum(few.values()) * n))


def _numbers(tickets: Sequence[Ticket], rows: Sequence[int]) -> tuple[str, ...]:
    return tuple(tickets[row].number for row in rows[:EXAMPLES])


def _list(names: Sequence[str], most: int = 8) -> str:
    rest = f" and {len(names) - most:,} more" if len(names) > most else ""
    return ", ".join(repr(name) for name in names[:most]) + rest


def _more(found: Sequence[Any], at: int) -> str:
    return f" There are {len(found) - MOST:,} more like this." if at == MOST - 1 < len(found) - 1 else ""


def sure(share: float) -> str:
    """A suspicion in per cent, never said to be certain."""
    return "over 99%" if share > 0.99 else f"{share:.0%}"
