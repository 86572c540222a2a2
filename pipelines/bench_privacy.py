"""Measure what the redactor finds: planted secrets and personal data, lines that only look like them, hostile
texts."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

from kb.fixes import wilson
from kb.identifiers import identifiers
from kb.privacy.kinds import Rules
from kb.privacy.learnt import learnt
from kb.privacy.redactor import WORDS, by_rules, find, redact
from kb.privacy.spans import Cover, Span, seen
from kb.records import Ticket
from kb.tables import Asked
from kb.tables.importing import rows as rows_of
from pipelines import ingest as importing
from pipelines.bench import FILES, Row
from pipelines.index import Say, quiet
from pipelines.plants.tickets import (
    DIAGNOSTIC,
    NUMBERED,
    PERSONAL,
    SECRETS,
    SEED,
    Half,
    Planted,
    harmless,
    planted,
)

PLANTED, HARMLESS = 10_000, 604
"""Tickets with one item each (more than 5,000 of them secrets), and tickets with none, in each part."""
ORDINARY = 5_000
"""Ordinary tickets that are read."""
PARTS: tuple[Half, ...] = ("ours", "held", "independent", "second", "third", "fourth", "fifth")
HOSTILE = (
    "@", "a@", "a.", "password ", "password: ", "pwd=", "p a s s ", "1 ", "4444 ", "+1 ", "(0", "<", "<a ", "&#1;",
    "a\u200b", "token=", "api key ", "-----BEGIN PRIVATE KEY-----\n", "://a:a", "eyJaaaaaaaa.", "xoxb-", "DE89 ",
    "login: a / ", "net use ", "password is is is ", "x as password ", "PIN: ", "curl -u ", "account number 1",
    "123-45-6789 ", "0123456789abcdef", "Emma Hartley, ", "a [at] ",
    "Passwort: Ab1! token=abcDEF1234567890 a@b.de +49 30 1234567\n",
)  # fmt: skip
"""What a text is made of, over and over, to cost as much time as it can."""


def run(*, say: Say = quiet) -> list[Row]:
    """Recall and precision by kind with 95 % Wilson intervals, harm to identifiers, and seconds for hostile texts.

    "ours" are phrasings by the author of the rules, "held" his own that he did not look at while he made them.
    "independent" to "fifth" are by five people who never saw the redactor. All but the fifth were read and learnt from
    after they had been measured with: what is found of them now says little. The fifth was not read, and measured with
    only when rules and weights were finished.
    """
    rows: list[Row] = []
    for place, half in enumerate(PARTS):
        rows += figures(half)
        say("Measuring", place + 1, len(PARTS) + 1)
    rows += list(_hostile())
    say("Measuring", len(PARTS) + 1, len(PARTS) + 1)
    return rows


def on(folder: Path, *, n: int = ORDINARY, say: Say = quiet) -> list[Row]:
    """On ordinary tickets: in how many a word is replaced by rules or by what was learnt, the share of identifiers
    that are, and the time.

    Nobody said which of them hold secrets, so these are no errors as such.
    """
    file = folder / FILES[0] if folder.is_dir() else folder
    said = (row for row in rows_of(importing.look(file, Asked(source="privacy"))) if isinstance(row, Ticket))
    texts = [seen("\n".join(getattr(one, name) for name in WORDS[Ticket])).text for one in islice(said, n)]
    ruled = learned = stood = harmed = 0
    started = time.process_time()
    for at, text in enumerate(texts):
        ruled += any(by_rules(text))
        spans = list(learnt(text))
        learned += bool(spans)
        things, touched = identifiers(text), Cover((one.start, one.end) for one in spans)
        stood += len(things)
        harmed += sum(touched.meets(Span(one.start, one.end, one.kind)) for one in things)
        if at % 500 == 0:
            say("Reading", at, len(texts))
    spent = time.process_time() - started
    return [
        _share(file.parent.name, "by rules", "touched", ruled, len(texts), spent),
        _share(file.parent.name, "by signs", "touched", learned, len(texts), spent),
        _share(file.parent.name, "identifiers", "harm", harmed, stood),
    ]


def figures(half: Half, *, n: int = PLANTED, lines: int = HARMLESS) -> Iterator[Row]:
    """Recall, precision and harm of one half, on ``n`` tickets with one item each and ``lines`` with none."""
    hit, all_, right, said = Counter[str](), Counter[str](), Counter[str](), Counter[str]()
    kept = stood = 0
    used, missed = set[str](), set[str]()
    started = time.perf_counter()
    for one in planted(half, n, seed=SEED):
        out = redact(one.text, Rules(), caller=one.caller)[0]
        all_[one.kind] += 1
        gone = _is_gone(one, out)
        hit[one.kind] += gone
        used.add(one.kind + one.phrase)
        if not gone:
            missed.add(one.kind + one.phrase)
        for kind, good in _named(one):
            said[kind] += 1
            right[kind] += good
        marks = [mark for mark in DIAGNOSTIC if mark in one.text.replace(one.value, "")]
        stood += len(marks)
        kept += sum(mark in out for mark in marks)
    spent = time.perf_counter() - started
    for kind in all_:
        yield _share(half, kind, "recall", hit[kind], all_[kind], spent)
    for name, kinds in (("all secrets", SECRETS), ("all personal data", PERSONAL), ("all numbers", NUMBERED)):
        yield _share(half, name, "recall", sum(hit[k] for k in kinds), sum(all_[k] for k in kinds))
    yield _share(half, "phrasings", "never missed", len(used) - len(missed), len(used))
    harmed = 0
    for one in harmless(half, lines, seed=SEED):
        found = find(one.text, caller=one.caller)
        harmed += bool(found)
        said.update(span.kind for span in found)
    for kind in said:
        yield _share(half, kind, "precision", right[kind], said[kind])
    yield _share(half, "identifiers", "harm", stood - kept, stood)
    yield _share(half, "harmless lines", "harm", harmed, lines)


def _is_gone(one: Planted, out: str) -> bool:
    return one.value not in out and seen(one.value).text not in seen(out).text


def _named(one: Planted) -> Iterator[tuple[str, bool]]:
    """Every find in a ticket, and whether it lies over what was planted or names the caller."""
    start = one.text.find(one.value)
    end = start + len(one.value)
    for span in find(one.text, caller=one.caller):
        over = span.start < end and start < span.end
        yield span.kind, over or (span.kind == "name" and one.text[span.start : span.end] in one.caller)


def _share(half: str, name: str, metric: str, good: int, n: int, spent: float = 0.0) -> Row:
    low, high = (wilson(good, n), 1 - wilson(n - good, n)) if n else (0.0, 1.0)
    return Row("planted", "privacy", half, name, metric, good / n if n else 0.0, low, high, n, spent)


def _hostile(size: int = 1_000_000) -> Iterator[Row]:
    """Processor seconds for the worst text of a million characters, and how they grow from half of it."""
    for unit in HOSTILE:
        spent: list[float] = []
        for n in (size // 2, size):
            text = (unit * (n // len(unit) + 1))[:n]
            started = time.process_time()
            redact(text, Rules(), caller="Emma Hartley")
            spent.append(time.process_time() - started)
        name = f"{unit.strip()[:24]!r} over and over"
        yield Row("planted", "privacy", "hostile", name, "seconds", spent[1], n=size)
        yield Row("planted", "privacy", "hostile", name, "growth", spent[1] / max(spent[0], 1e-3), n=size)


def worst(rows: Sequence[Row]) -> tuple[float, float]:
    """Most seconds and most growth over the hostile texts."""
    of = {
        metric: max((row.value for row in rows if row.metric == metric), default=0.0)
        for metric in ("seconds", "growth")
    }
    return of["seconds"], of["growth"]
