"""An article begun from resolved tickets: what they say of issue, environment, cause and resolution, every line cited.

Extractive only: each line stands word for word in the first ticket it cites; a person finishes it. The order of the
sections is that of KCS v6 (Issue, Environment, Cause, Resolution).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from kb.errors import BadSetting, TooLittle
from kb.identifiers import Identifier, identifiers
from kb.records import Article, Ref, Ticket
from kb.sentences import Sentence, sentences
from kb.text import language, prepare

Floats = NDArray[np.float32]
FEWEST = 3
"""Resolved tickets with a written fix that a draft takes."""
MOST = 200
"""Tickets read at most, the latest."""
_READ = 2_500
_PIECES = 14
_LONGEST = 360
_SHOWN = 6
_SAME, _SAME_FIX = 0.72, 0.42
_TELLING = 2.5
_ISSUES, _ERRORS, _CAUSES, _STEPS, _FEW_STEPS, _VARIANTS = 6, 5, 4, 8, 4, 3


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


_UNSOLVED_CODE = re.compile(
    r"caller|user|not (?:re)?solved|duplicat|cancel|reproduc|no response|rejected", re.IGNORECASE
)
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
_FIRST_PERSON = re.compile(
    r"\b(?:I|we|my|our|ich|wir|mein\w*|unser\w*|je|nous|mon|notre|how|why|wie|warum|comment)\b", re.I
)
_CHAT = re.compile(
    r"\bhelp\b.{0,30}\bappreciated|\bplease help|\bhelp me\b|\bthank|had a look"
    r"|bitte um hilfe|\bdanke\b|\bmerci\b|\bgrazie\b",
    re.IGNORECASE,
)
_FURNITURE = re.compile(
    r"\b(?:GmbH|AG|Ltd|LLC|Inc|Adressat\w*|addressees?|recipients?|destinataires?|vertraulich\w*|confidential\w*"
    r"|confidentiel\w*|disclaimer|Durchwahl|Geschäftsführ\w+|Handelsregister|legally privileged)\b"
)
_SIGNED = re.compile(
    r"(?:mfg|lg|vg|br|mit freundlich\w*|freundliche|(?:viele|liebe|beste|schöne) grüße|gruß"
    r"|(?:best |kind |warm )?regards|sincerely|cheers|cordialement|bien à vous|sent from|gesendet von|--)(?:\W|$)",
    re.IGNORECASE,
)
_SECRET = re.compile(
    r"\b(?:password|passphrase|pwd|pw|passcode|passwort|kennwort|mot de passe|pin)\b.{0,12}?"
    r"(?:\bis\b|\bist\b|\blautet\b|\best\b|:|=)\s*\S*[\d!#$%&]",
    re.IGNORECASE,
)
_REPLY = re.compile(r"^(?:(?:re|fwd?|aw|wg|tr)\s?:\s*)+", re.IGNORECASE)
_OWN = re.compile(r"\b(?:my|for me|mein\w*|mon|ma)\b", re.IGNORECASE)
_FORM = re.compile(r"[^\s:?][^:?\n]{0,28}[:?](?:\s|$)")
_WORD = re.compile(r"[^\W_]+")
_ORDERS = _names(
    "add ask check choose clear click close create delete disable enable find go install log look make open please"
    " press remove rename replace reset restart run see select set start stop try turn uninstall update use verify"
    " wait bitte prüfen öffnen entfernen starten"
)
_SMALL = _names(
    "the a an and or of to in on at for with from by is are was were be been it its this that i my we our you your me"
    " so der die das ein eine und oder von zu in im am auf mit für ist sind war es ich mein wir sie le la les un une et"
    " de du des en pour avec est je mon ma nous"
)


@dataclass(frozen=True, slots=True)
class Line:
    """Words of a ticket: they stand word for word in ``cited[0]``, and nearly so in the others."""

    text: str
    cited: tuple[Ref, ...]
    label: str = ""
    """What it is where the words do not say: "Service", "Error code" ..."""
    variant: int = 0
    """0 for the fix most tickets share; 1, 2 ... for other ways."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A skeleton of an article: lines with the most tickets behind them first, steps in the order they were taken."""

    title: str
    tickets: tuple[Ref, ...]
    """All tickets that were read, also those no line cites."""
    audiences: tuple[tuple[str, ...], ...] = ()
    """The audience of each of them."""
    issue: tuple[Line, ...] = ()
    environment: tuple[Line, ...] = ()
    cause: tuple[Line, ...] = ()
    resolution: tuple[Line, ...] = ()

    @property
    def sections(self) -> tuple[tuple[str, tuple[Line, ...]], ...]:
        """Heading and lines of the four sections, in the order of KCS; a section may be empty."""
        return (
            ("Issue", self.issue), ("Environment", self.environment), ("Cause", self.cause),
            ("Resolution", self.resolution),
        )  # fmt: skip

    @property
    def note(self) -> str:
        """The sentence every draft begins with."""
        return f"Draft made from {len(self.tickets)} tickets, in their words, for a person to check and finish."

    def as_markdown(self) -> str:
        """The draft with headings and citations; what tickets say cannot bring Markdown, links or HTML of its own."""
        return "\n".join(self._lines(_escaped, "# ", "## ")) + "\n"

    def as_article(self, number: str, source: str = "seenbefore", *, now: datetime | None = None) -> Article:
        """A work in progress with the draft as plain text; who may see it may see every ticket it was made from.

        Raises BadSetting where no group may see all of them.
        """
        body = "\n".join(self._lines(_folded, "", "", titled=False))
        summary = self.issue[0].text if self.issue else self.title
        return prepare(
            Article(
                source, number, title=self.title, summary=summary, body=body, state="work in progress",
                created_at=now, updated_at=now, audience=self.audience(),
            )
        )  # fmt: skip

    def audience(self) -> tuple[str, ...]:
        """Groups each of which may see every ticket read; empty where all tickets are for everybody.

        Raises BadSetting where there is no such group.
        """
        restricted = [frozenset(groups) for groups in self.audiences if groups]
        if not restricted:
            return ()
        common = frozenset.intersection(*restricted)
        if not common:
            raise BadSetting(
                "No group may see all the tickets of this draft, so nobody could be shown the article: "
                "leave out the restricted tickets, or those of one of the groups."
            )
        return tuple(sorted(common))

    def _lines(self, write: Callable[[str], str], top: str, heading: str, *, titled: bool = True) -> Iterator[str]:
        yield self.note
        if titled:
            yield from ("", f"{top}{write(self.title)}")
        for name, lines in self.sections:
            yield from ("", f"{heading}{name}", *([""] if heading else []))
            if not lines:
                yield "(nothing found in the tickets)"
            variant = number = 0
            for line in lines:
                if line.variant != variant:
                    variant, number = line.variant, 0
                    yield from (["", "Or:", ""] if heading else ["Or:"])
                number += 1
                mark = f"{number}." if name == "Resolution" else "-"
                yield f"{mark} {_said(line, write)}"


def _said(line: Line, write: Callable[[str], str]) -> str:
    label = f"{line.label}: " if line.label else ""
    count = f" ({len(line.cited)}×)" if line.label else ""
    cited = " ".join(f"[{write(ref.number)}]" for ref in line.cited[:_SHOWN])
    more = f" and {len(line.cited) - _SHOWN} more" if len(line.cited) > _SHOWN else ""
    return f"{label}{write(line.text)}{count} {cited}{more}"


def is_written(ticket: Ticket) -> bool:
    """Whether it was resolved and its resolution says what was done, rather than "done" or "closed by caller"."""
    return _is_solved(ticket) and bool(_fix_pieces(ticket))


def sayings(ticket: Ticket) -> tuple[str, ...]:
    """The texts of a ticket that a draft takes words from; every line stands in one of them."""
    ticket = _prepared(ticket)
    return ticket.text, ticket.fix, ticket.notes, ticket.service, ticket.ci, ticket.location


def draft(tickets: Sequence[Ticket], *, title: str = "") -> Draft:
    """A skeleton of an article from resolved tickets of one failure; the same for any order of the tickets.

    Raises TooLittle where fewer than three of them are resolved with a fix written down.
    """
    known = {ticket.ref: ticket for ticket in tickets if _is_solved(ticket)}
    latest = sorted(known.values(), key=lambda one: (one.opened_at.timestamp() if one.opened_at else 0.0, str(one.ref)))
    read = sorted(map(_prepared, latest[-MOST:]), key=lambda one: (one.source, one.number))
    fixes = [_fix_pieces(ticket) for ticket in read]
    written = sum(1 for fix in fixes if fix)
    if written < FEWEST:
        raise TooLittle(
            f"A draft takes {FEWEST} resolved tickets that say what fixed them; here are {written}. "
            "Add tickets of the same failure, or write down what fixed these."
        )
    named, issue, typical = _issue(read, language("\n".join(one.text for fix in fixes for one in fix)))
    names = [(identifiers(ticket.text[:_READ]), identifiers(ticket.fix[:_READ])) for ticket in read]
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


def _is_solved(ticket: Ticket) -> bool:
    return ticket.is_done and ticket.state != "cancelled" and not _UNSOLVED_CODE.search(ticket.close_code)


def _prepared(ticket: Ticket) -> Ticket:
    return ticket if ticket.text or ticket.fix else prepare(ticket)


_Names = tuple[tuple[Identifier, ...], tuple[Identifier, ...]]
"""What :func:`identifiers` finds in a ticket's text and in its fix."""


@dataclass(frozen=True, slots=True)
class _Piece:
    text: str
    ticket: int
    sort: str = "rest"


def _fix_pieces(ticket: Ticket) -> tuple[Sentence, ...]:
    """What a resolution says was done or was the matter; without idle talk, questions and what did not help."""
    ticket = _prepared(ticket)
    said = sentences(ticket.fix[:_READ])
    return tuple(
        one for one in said
        if one.sort in ("step", "rest") and not one.failed and len(one.text) <= _LONGEST and _tells(one.text)
        and not _SECRET.search(one.text)
    )[:_PIECES]  # fmt: skip


def _tells(text: str) -> bool:
    """Whether it says something beside an address: two words, four where there is one."""
    bare = _LINKED.sub("", text)
    return len(_WORD.findall(bare)) >= (2 if bare == text else 4)


# --- sections --------------------------------------------------------------------------------------------------


def _issue(read: Sequence[Ticket], spoken: str) -> tuple[str, tuple[Line, ...], Floats]:
    """The most central title, in this language if there is one, the complaints most tickets share, and how typical
    each ticket is of all of them, in [0, 1].
    """
    titles = [_Piece(line, n) for n, ticket in enumerate(read) if (line := _title(ticket))]
    said = [*titles, *(_Piece(text, n) for n, ticket in enumerate(read) for text in _complaints(ticket))]
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


def _title(ticket: Ticket) -> str:
    """The title as it stands in ``text``, without "RE:"; "" where it says nothing or was never cleaned into it."""
    line, said = ticket.text.partition("\n")[0], " ".join(ticket.title.split())
    if said and line[: len(said)].casefold() == said.casefold():
        line = line[: len(said)]
    line = _REPLY.sub("", line).rstrip(" ,;:-")
    return line if said and not _SECRET.search(line) and len(_WORD.findall(line)) > 1 and len(line) <= _LONGEST else ""


def _complaints(ticket: Ticket) -> Iterator[str]:
    """Sentences of the requester that say what is wrong; no greetings, form fields or questions to anybody."""
    title = _title(ticket)
    kept = 0
    for one in sentences(ticket.text[:_READ]):
        if _SIGNED.match(one.text) and kept:
            return
        words = len(_WORD.findall(one.text))
        form = _FORM.match(one.text) is not None
        asks = one.text.endswith("?") and not _FIRST_PERSON.search(one.text)
        if (
            one.sort == "idle"
            or _unfit(one.text)
            or form
            or asks
            or words < 4
            or len(one.text) > _LONGEST
            or one.text == title
        ):
            continue
        yield one.text
        kept += 1
        if kept == _PIECES:
            return


def _unfit(text: str) -> bool:
    """Whether a line does not belong into an article: thanks, the foot of a mail, or a password somebody wrote."""
    return any(look.search(text) for look in (_CHAT, _FURNITURE, _SECRET))


def _errors(read: Sequence[Ticket], names: Sequence[_Names]) -> Iterator[Line]:
    """Exact error texts and codes of the requesters, the most frequent first."""
    texts, codes = dict[str, list[_Piece]](), dict[str, list[_Piece]]()
    for n, ticket in enumerate(read):
        head = ticket.text[:_READ]
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
        for text, named in zip((ticket.text[:_READ], ticket.fix[:_READ]), names[n], strict=True):
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
        for one in sentences(ticket.notes[:_READ]):
            if (
                one.sort in ("rest", "step")
                and not _SECRET.search(one.text)
                and _CAUSAL.search(one.text)
                and len(one.text) <= _LONGEST
            ):
                causes.append(_Piece(one.text, n))
    groups = _groups(causes, *_alike([piece.text for piece in causes]))
    said = tuple(Line(group[0].text, _cited(group, read)) for group in groups[:_CAUSES])
    return said, tuple(_steps(steps, read, typical))


def _faulty(text: str) -> bool:
    """Whether a sentence states a fault rather than an order or somebody's own story."""
    first = _WORD.search(text)
    opening = first.group().casefold() if first else ""
    told = _FIRST_PERSON.search(text) or opening in _ORDERS or opening.endswith("ed")
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


_SPECIAL = re.compile(r"[\\`*_\[\]<>&~$:|^{}!]")
_LINKED = re.compile(r"(?:https?://|ftp://|www\.|mailto:)[^\s`]*|[^\s`@]+@[^\s`@]+", re.IGNORECASE)
_OPENING = re.compile(r"^(\s*)(?=[#+=\-])|^(\s*\d{1,9})(?=[.)](?:\s|$))")


def _folded(text: str) -> str:
    return " ".join(text.split())


def _escaped(text: str) -> str:
    """One line of Markdown that shows exactly these words: addresses as code, so that nothing becomes a link."""
    text, out, at = _folded(text), list[str](), 0
    for match in _LINKED.finditer(text):
        out += [_SPECIAL.sub(r"\\\g<0>", text[at : match.start()]), f"`{match.group()}`"]
        at = match.end()
    out.append(_SPECIAL.sub(r"\\\g<0>", text[at:]))
    return _OPENING.sub(lambda found: f"{found[1] or found[2] or ''}\\", "".join(out))
