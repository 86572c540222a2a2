"""Drafts made from resolved tickets of one failure: what they share, by section, near doubles told once and cited."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kb.actions import vocabulary
from kb.drafts import (
    FEWEST,
    FIRST_PERSON,
    LONGEST,
    READ,
    SECRET,
    Draft,
    Line,
    complaints,
    is_solved,
    prepared,
    title_of,
    told_by_fix,
)
from kb.errors import TooLittle
from kb.identifiers import Identifier, identifiers
from kb.records import Ref, Ticket
from kb.sentences import Sentence, sentences
from kb.text import language

Floats = NDArray[np.float32]
MOST = 200
"""Tickets read at most, the latest."""
_SAME, _SAME_FIX = 0.72, 0.42
_TELLING = 2.5
_ISSUES, _ERRORS, _CAUSES, _STEPS, _FEW_STEPS, _VARIANTS = 6, 5, 4, 8, 4, 3
_CAUSAL = re.compile(
    r"\b(?:because|caused|root cause|cause(?: is| was|:)|due to|reason(?: is| was|:)"
    r"|the (?:problem|issue|culprit) (?:was|is)"
    r"|turned out|(?:was|were) .{1,60}, so\b"
    r"|as a result of|led to|leads to|weil|wegen|aufgrund|ursache|grund(?: war| ist|:)|lag (?:an|am)"
    r"|verursacht|das problem (?:war|ist)|à cause|parce que|en raison|dû à|due à|la cause|analysis:|analyse:)",
    re.IGNORECASE,
)
_FAULT = re.compile(
    r"\b(?:lost|blocked|expired|full|missing|corrupt\w*|wrong|outdated|stale|broken|stuck|hung|too (?:small|old|large)"
    r"|old|removed the|had (?:taken|been|lost|no)|switched .{0,30}off|no longer"
    r"|not (?:released|enabled|registered|allowed)"
    r"|kept|keeps|defekt|abgelaufen|veraltet\w*|fehlt\w*|voll|falsch\w*|blockiert\w*|gesperrt|beschädigt|alte[rsn]?"
    r"|expiré\w*|manquant\w*|périmé\w*|bloqué\w*|saturé\w*|ancien\w*)\b",
    re.IGNORECASE,
)
_WRONG = re.compile(
    r"\b(?:error|fail\w*|cannot|can't|could not|unable|not|denied|invalid|timed? ?out|refused|expired|locked|no"
    r"|fehler|nicht|verweigert|ungültig\w*|gesperrt|abgelaufen|kein\w*|erreur|échec|impossible|refusé|invalide|pas)\b",
    re.IGNORECASE,
)
_QUOTED = re.compile(
    r'(?<![^\s(:])"(?!\s)([^"\n]{8,200})(?<!\s)"|“([^”\n]{8,200})”'
    r"|„([^“”\n]{8,200})[“”]|«\s?([^»\n]{8,200}?)\s?»"
)
_SYSTEM = re.compile(
    r"\b(?:Windows (?:Server )?(?:\d{2,4}(?:\.\d)?|[78]|XP|Vista)(?: (?:Home|Pro|Enterprise))?"
    r"|mac ?OS(?: X)?(?: [A-Z]\w+| \d+(?:\.\d+)*)?"
    r"|(?:Ubuntu|Debian|Fedora|Linux Mint|openSUSE|RHEL|CentOS)(?: \d+(?:\.\d+)*)?|Linux|Android(?: \d+)?"
    r"|iOS(?: \d+)?|iPadOS(?: \d+)?|Chrome ?OS)\b"
)
_PRODUCT = re.compile(
    r"(?:(?!(?:Version|Update|Upgrade|Release|The|To|From|After|Since|My|In|On)\b)[A-Z][\w+-]{1,20} ){1,2}"
    r"(?:(?:version|client|v\.?|build) )?$"
)
_OWN = re.compile(r"\b(?:my|for me|mein\w*|mon|ma)\b", re.IGNORECASE)
_WORD = re.compile(r"[^\W_]+")
_ORDERS = vocabulary(
    "add ask check choose clear click close create delete disable enable find go install log look make open please"
    " press remove rename replace reset restart run see select set start stop try turn uninstall update use verify"
    " wait bitte prüfen öffnen entfernen starten"
)
_SMALL = vocabulary(
    "the a an and or of to in on at for with from by is are was were be been it its this that i my we our you your me"
    " so der die das ein eine und oder von zu in im am auf mit für ist sind war es ich mein wir sie le la les un une et"
    " de du des en pour avec est je mon ma nous"
)


def draft(tickets: Sequence[Ticket], *, title: str = "") -> Draft:
    """A skeleton of an article from resolved tickets of one failure; the same for any order of the tickets.

    Raises TooLittle where fewer than three of them are resolved with a fix written down.
    """
    known = {ticket.ref: ticket for ticket in tickets if is_solved(ticket)}
    latest = sorted(known.values(), key=lambda one: (one.opened_at.timestamp() if one.opened_at else 0.0, str(one.ref)))
    read = sorted(map(prepared, latest[-MOST:]), key=lambda one: (one.source, one.number))
    fixes = [told_by_fix(ticket) for ticket in read]
    written = sum(1 for fix in fixes if fix)
    if written < FEWEST:
        raise TooLittle(
            f"A draft takes {FEWEST} resolved tickets that say what fixed them; here are {written}. "
            "Add tickets of the same failure, or write down what fixed these."
        )
    named, issue, typical = _issue(read, language("\n".join(one.text for fix in fixes for one in fix)))
    names = [(identifiers(ticket.text[:READ]), identifiers(ticket.fix[:READ])) for ticket in read]
    cause, steps = _cause_and_steps(read, fixes, typical)
    return Draft(
        title=" ".join(title.split()) or named or "Untitled",
        tickets=tuple(ticket.ref for ticket in read),
        audiences=tuple(ticket.audience for ticket in read),
        issue=(*issue, *_errors(read, names)),
        environment=tuple(_environment(read, names)),
        cause=cause,
        resolution=steps,
    )


_Names = tuple[tuple[Identifier, ...], tuple[Identifier, ...]]
"""What :func:`identifiers` finds in a ticket's text and in its fix."""


@dataclass(frozen=True, slots=True)
class _Piece:
    text: str
    ticket: int
    sort: str = "rest"


# --- sections --------------------------------------------------------------------------------------------------


def _issue(read: Sequence[Ticket], spoken: str) -> tuple[str, tuple[Line, ...], Floats]:
    """The most central title, in this language if there is one, the complaints most tickets share, and how typical
    each ticket is of all of them, in [0, 1].
    """
    titles = [_Piece(line, n) for n, ticket in enumerate(read) if (line := title_of(ticket))]
    said = [*titles, *(_Piece(text, n) for n, ticket in enumerate(read) for text in complaints(ticket))]
    vectors, alike = _alike([piece.text for piece in said])
    groups = _groups(said, vectors, alike)
    shared = sum(1 for group in groups if len(_cited(group, read)) > 1)
    lines = tuple(Line(group[0].text, _cited(group, read)) for group in groups[: max(min(shared, _ISSUES), 3)])
    whole: Floats = np.zeros((len(read), vectors.shape[1]), np.float32)
    np.add.at(whole, [piece.ticket for piece in said], vectors)
    whole = _unit(whole)
    typical = whole @ whole.sum(axis=0)
    typical = typical / max(float(typical.max(initial=0.0)), 1e-6)
    if not titles:
        return "", lines, typical
    own, _ = _alike([piece.text for piece in titles])
    telling = [min(1.0, len(_WORD.findall(piece.text)) / 3) for piece in titles]
    central = own @ own.sum(axis=0) * typical[[piece.ticket for piece in titles]] * np.array(telling, np.float32)
    if spoken:
        same = [1.0 if language(read[piece.ticket].text) == spoken else 0.5 for piece in titles]
        central = central * np.array(same, np.float32)
    return titles[int(np.argmax(central.round(4)))].text, lines, typical


def _errors(read: Sequence[Ticket], names: Sequence[_Names]) -> Iterator[Line]:
    """Exact error texts and codes of the requesters, the most frequent first."""
    texts, codes = dict[str, list[_Piece]](), dict[str, list[_Piece]]()
    for n, ticket in enumerate(read):
        head = ticket.text[:READ]
        for match in _QUOTED.finditer(head):
            quoted = next(part for part in match.groups() if part).strip()
            if _WRONG.search(quoted) and len(_WORD.findall(quoted)) > 1:
                texts.setdefault(quoted.casefold().rstrip(".!"), []).append(_Piece(quoted, n))
        for found in names[n][0]:
            if found.kind in ("error", "exception", "event", "http") or (
                found.kind == "symbol" and _near_error(head, found)
            ):
                codes.setdefault(found.value, []).append(_Piece(head[found.start : found.end], n))
    yield from _counted(texts, "Error text", read, _ERRORS)
    yield from _counted(codes, "Error code", read, _ERRORS)


def _near_error(text: str, found: Identifier) -> bool:
    return bool(_WRONG.search(text[max(0, found.start - 80) : found.start]))


def _environment(read: Sequence[Ticket], names: Sequence[_Names]) -> Iterator[Line]:
    """Fields and names that several tickets share, each kind by how many tickets say it."""
    for label, name, most in (("Service", "service", 4), ("Configuration item", "ci", 6), ("Location", "location", 5)):
        said = dict[str, list[_Piece]]()
        for n, ticket in enumerate(read):
            value = next(iter(str(getattr(ticket, name)).strip().splitlines()), "").strip()
            if value:
                said.setdefault(value.casefold(), []).append(_Piece(value, n))
        yield from _counted(said, label, read, most, shared=name == "ci")
    systems, versions, hosts, patches = (dict[str, list[_Piece]]() for _ in range(4))
    for n, ticket in enumerate(read):
        for text, named in zip((ticket.text[:READ], ticket.fix[:READ]), names[n], strict=True):
            for match in _SYSTEM.finditer(text):
                systems.setdefault(match.group().casefold().replace(" ", ""), []).append(_Piece(match.group(), n))
            for found in named:
                if found.kind == "version":
                    before = _PRODUCT.search(text[max(0, found.start - 60) : found.start].rpartition("\n")[2])
                    start = found.start - (len(before.group()) if before else 0)
                    versions.setdefault(found.value, []).append(_Piece(text[start : found.end], n))
                elif found.kind in ("host", "kb"):
                    (hosts if found.kind == "host" else patches).setdefault(found.value, []).append(
                        _Piece(text[found.start : found.end], n)
                    )
    fields = {ticket.ci.casefold() for ticket in read}
    yield from _counted(systems, "System", read, 4)
    yield from _counted(versions, "Version", read, 5)
    yield from _counted({k: v for k, v in hosts.items() if k not in fields}, "Host", read, 5, shared=True)
    yield from _counted(patches, "Patch", read, 3)


def _counted(
    said: dict[str, list[_Piece]], label: str, read: Sequence[Ticket], most: int, *, shared: bool = False
) -> list[Line]:
    """One line a value, those of more tickets first; with ``shared`` only values that several tickets name."""
    lines = [Line(pieces[0].text, _cited(pieces, read), label) for pieces in said.values()]
    kept = [line for line in lines if len(line.cited) > 1 or not shared]
    return sorted(kept, key=lambda line: (-len(line.cited), line.text))[:most]


def _cause_and_steps(
    read: Sequence[Ticket], fixes: Sequence[tuple[Sentence, ...]], typical: Floats
) -> tuple[tuple[Line, ...], tuple[Line, ...]]:
    """Sentences that say why, and steps: the most central fix in its order, then what others add, then other ways."""
    causes, steps = list[_Piece](), list[_Piece]()
    for n, (ticket, fix) in enumerate(zip(read, fixes, strict=True)):
        for at, one in enumerate(fix):
            why = (_CAUSAL.search(one.text) and not _OWN.search(one.text)) or (
                at == 0 and len(fix) > 1 and _faulty(one.text)
            )
            (causes if why else steps).append(_Piece(one.text, n, one.sort))
        for one in sentences(ticket.notes[:READ]):
            if (
                one.sort in ("rest", "step")
                and not SECRET.search(one.text)
                and _CAUSAL.search(one.text)
                and len(one.text) <= LONGEST
            ):
                causes.append(_Piece(one.text, n))
    groups = _groups(causes, *_alike([piece.text for piece in causes]))
    said = tuple(Line(group[0].text, _cited(group, read)) for group in groups[:_CAUSES])
    return said, tuple(_steps(steps, read, typical))


def _faulty(text: str) -> bool:
    """Whether a sentence states a fault rather than an order or somebody's own story."""
    first = _WORD.search(text)
    opening = first.group().casefold() if first else ""
    told = FIRST_PERSON.search(text) or opening in _ORDERS or opening.endswith("ed")
    return not told and len(text) <= 160 and _FAULT.search(text) is not None


def _steps(pieces: Sequence[_Piece], read: Sequence[Ticket], typical: Floats) -> Iterator[Line]:
    if not pieces:
        return
    vectors, alike = _alike([piece.text for piece in pieces])
    owners = sorted({piece.ticket for piece in pieces})
    rows = {owner: [at for at, piece in enumerate(pieces) if piece.ticket == owner] for owner in owners}
    whole = _unit(np.stack([vectors[rows[owner]].sum(axis=0) for owner in owners]))
    near = np.clip(whole @ whole.T, 0.0, None)
    worth = np.array([_worth(read[owner], [pieces[at] for at in rows[owner]]) for owner in owners])
    worth *= 0.3 + 0.7 * typical[owners]
    left, taken = np.ones(len(owners), bool), np.zeros(len(pieces), bool)
    for variant in range(_VARIANTS + 1):
        if not left.any():
            return
        mass = (near * left).sum(axis=1) * worth * left
        best = int(np.argmax(mass.round(5)))
        members = np.flatnonzero((near[best] >= _SAME_FIX) & left)
        members = np.union1d(members, [best])
        left[members] = False
        if variant and len(members) == 1 and len(owners) > 2 * FEWEST:
            return
        order = [at for member in (best, *members[members != best]) for at in rows[owners[member]]]
        yield from _of_one_way(pieces, order, rows[owners[best]], alike, taken, read, variant)


def _of_one_way(
    pieces: Sequence[_Piece], order: Sequence[int], central: Sequence[int], alike: Floats,
    taken: NDArray[np.bool_], read: Sequence[Ticket], variant: int,
) -> Iterator[Line]:  # fmt: skip
    """Steps of the central fix, then what at least two others of its kind add; near doubles are folded into one."""
    told = 0
    for at in order:
        if taken[at] or told == (_FEW_STEPS if variant else _STEPS):
            continue
        same = np.flatnonzero((alike[at] >= _SAME) & ~taken)
        group = [pieces[at], *(pieces[i] for i in same.tolist() if i != at)]
        cited = _cited(group, read)
        if at in central or len(cited) > 1:
            taken[same] = taken[at] = True
            told += 1
            yield Line(pieces[at].text, cited, variant=variant)


def _worth(ticket: Ticket, pieces: Sequence[_Piece]) -> float:
    """How much a fix tells: steps and some length are good, reopened is bad; in (0, 2.3]."""
    told = min(1.0, sum(len(piece.text) for piece in pieces) / 160)
    stepped = 0.8 if any(piece.sort == "step" for piece in pieces) else 0.0
    return (0.5 + told + stepped) * (0.5 if ticket.reopen_count else 1.0)


# --- words -----------------------------------------------------------------------------------------------------


def _cited(group: Iterable[_Piece], read: Sequence[Ticket]) -> tuple[Ref, ...]:
    return tuple(read[n].ref for n in dict.fromkeys(piece.ticket for piece in group))


def _groups(pieces: Sequence[_Piece], vectors: Floats, alike: Floats) -> list[list[_Piece]]:
    """Near doubles together, each group led by its most central piece, groups of many tickets first."""
    if not pieces:
        return []
    central = (vectors @ vectors.sum(axis=0)).round(4)
    worth = central * np.array([min(1.0, 0.6 + len(piece.text) / 150) for piece in pieces])
    left, groups = np.ones(len(pieces), bool), []
    for at in np.argsort(-central, kind="stable").tolist():
        if left[at]:
            rows = np.flatnonzero((alike[at] >= _SAME) & left)
            left[rows] = left[at] = False
            lead = max([at, *rows.tolist()], key=lambda i: (round(float(worth[i]), 4), -i))
            group = [pieces[lead], *(pieces[i] for i in sorted({at, *rows.tolist()}) if i != lead)]
            groups.append((len({piece.ticket for piece in group}), float(central[at]), group))
    groups.sort(key=lambda one: (-one[0], -one[1]))
    return [group for _, _, group in groups]


def _alike(texts: Sequence[str]) -> tuple[Floats, Floats]:
    """Unit rows of the heads of words, small words counting little, and how alike each two texts are, in [0, 1].

    That is their cosine, or 0.8 of the share of the shorter one that stands in the longer, whichever is more.
    """
    place = dict[str, int]()
    bags = [
        {place.setdefault(word[:5], len(place)): 0.25 if word in _SMALL else 1.0 for word in _WORD.findall(folded)}
        for folded in map(str.casefold, texts)
    ]
    rows: Floats = np.zeros((len(texts), max(1, len(place))), np.float32)
    for row, bag in zip(rows, bags, strict=True):
        row[list(bag)] = list(bag.values())
    vectors, weights = _unit(rows), (rows * rows).sum(axis=1)
    shorter = np.minimum(weights[:, None], weights)
    within = np.divide(rows @ rows.T, shorter, out=np.zeros_like(shorter), where=shorter >= _TELLING)
    return vectors, np.maximum(vectors @ vectors.T, 0.8 * within)


def _unit(rows: Floats) -> Floats:
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    out = np.zeros_like(rows)
    np.divide(rows, norms, out=out, where=norms > 0)
    return out
