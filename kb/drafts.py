"""An article begun from resolved tickets, how it reads, and what each ticket says that may stand in it.

Extractive only: each line stands word for word in the first ticket it cites; a person finishes it. The order of the
sections is that of KCS v6 (Issue, Environment, Cause, Resolution).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from kb.errors import BadSetting
from kb.markup import ADDRESS, escaped, folded
from kb.records import Article, Ref, Ticket
from kb.sentences import Sentence, sentences
from kb.text import prepare

FEWEST = 3
"""Resolved tickets with a written fix that a draft takes."""
READ = 2_500
"""Characters of a text that are read."""
LONGEST = 360
"""Characters of a line at most."""
_PIECES = 14
_SHOWN = 6
_UNSOLVED_CODE = re.compile(
    r"caller|user|not (?:re)?solved|duplicat|cancel|reproduc|no response|rejected", re.IGNORECASE
)
FIRST_PERSON = re.compile(
    r"\b(?:I|we|my|our|ich|wir|mein\w*|unser\w*|je|nous|mon|notre|how|why|wie|warum|comment)\b", re.I
)
"""Somebody's own story or question."""
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
SECRET = re.compile(
    r"\b(?:password|passphrase|pwd|pw|passcode|passwort|kennwort|mot de passe|pin)\b.{0,12}?"
    r"(?:\bis\b|\bist\b|\blautet\b|\best\b|:|=)\s*\S*[\d!#$%&]"
    r"|\[(?:password|code|key|private-key)(?:-\d{1,5})?\]",
    re.IGNORECASE,
)
"""A password somebody wrote down, or what stands in for it."""
_REPLY = re.compile(r"^(?:(?:re|fwd?|aw|wg|tr)\s?:\s*)+", re.IGNORECASE)
_FORM = re.compile(r"[^\s:?][^:?\n]{0,28}[:?](?:\s|$)")
_WORD = re.compile(r"[^\W_]+")


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
        return "\n".join(self._lines(escaped, "# ", "## ")) + "\n"

    def as_article(self, number: str, source: str = "seenbefore", *, now: datetime | None = None) -> Article:
        """A work in progress with the draft as plain text; who may see it may see every ticket it was made from.

        Raises BadSetting where no group may see all of them.
        """
        body = "\n".join(self._lines(folded, "", "", titled=False))
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
        common = shared_audience(self.audiences)
        if common is None:
            raise BadSetting(
                "No group may see all the tickets of this draft, so nobody could be shown the article: "
                "leave out the restricted tickets, or those of one of the groups."
            )
        return common

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


# --- what one ticket says --------------------------------------------------------------------------------------


def is_written(ticket: Ticket) -> bool:
    """Whether it was resolved and its resolution says what was done, rather than "done" or "closed by caller"."""
    return is_solved(ticket) and bool(told_by_fix(ticket))


def sayings(ticket: Ticket) -> tuple[str, ...]:
    """The texts of a ticket that a draft takes words from; every line stands in one of them."""
    ticket = prepared(ticket)
    return ticket.text, ticket.fix, ticket.notes, ticket.service, ticket.ci, ticket.location


def is_solved(ticket: Ticket) -> bool:
    """Whether the desk resolved it, going by its state and close code."""
    return ticket.is_done and ticket.state != "cancelled" and not _UNSOLVED_CODE.search(ticket.close_code)


def prepared(ticket: Ticket) -> Ticket:
    """The ticket with its texts cleaned, if they are not yet."""
    return ticket if ticket.text or ticket.fix else prepare(ticket)


def told_by_fix(ticket: Ticket) -> tuple[Sentence, ...]:
    """What a resolution says was done or was the matter; without idle talk, questions and what did not help."""
    ticket = prepared(ticket)
    said = sentences(ticket.fix[:READ])
    return tuple(
        one for one in said
        if one.sort in ("step", "rest") and not one.failed and len(one.text) <= LONGEST and _tells(one.text)
        and not SECRET.search(one.text)
    )[:_PIECES]  # fmt: skip


def _tells(text: str) -> bool:
    """Whether it says something beside an address: two words, four where there is one."""
    bare = ADDRESS.sub("", text)
    return len(_WORD.findall(bare)) >= (2 if bare == text else 4)


def title_of(ticket: Ticket) -> str:
    """The title as it stands in ``text``, without "RE:"; "" where it says nothing or was never cleaned into it."""
    line, said = ticket.text.partition("\n")[0], " ".join(ticket.title.split())
    if said and line[: len(said)].casefold() == said.casefold():
        line = line[: len(said)]
    line = _REPLY.sub("", line).rstrip(" ,;:-")
    return line if said and not SECRET.search(line) and len(_WORD.findall(line)) > 1 and len(line) <= LONGEST else ""


def complaints(ticket: Ticket) -> Iterator[str]:
    """Sentences of the requester that say what is wrong; no greetings, form fields or questions to anybody."""
    title = title_of(ticket)
    kept = 0
    for one in sentences(ticket.text[:READ]):
        if _SIGNED.match(one.text) and kept:
            return
        words = len(_WORD.findall(one.text))
        form = _FORM.match(one.text) is not None
        asks = one.text.endswith("?") and not FIRST_PERSON.search(one.text)
        if (
            one.sort == "idle"
            or _unfit(one.text)
            or form
            or asks
            or words < 4
            or len(one.text) > LONGEST
            or one.text == title
        ):
            continue
        yield one.text
        kept += 1
        if kept == _PIECES:
            return


def _unfit(text: str) -> bool:
    """Whether a line does not belong into an article: thanks, the foot of a mail, or a password somebody wrote."""
    return any(look.search(text) for look in (_CHAT, _FURNITURE, SECRET))


def shared_audience(audiences: Iterable[tuple[str, ...]]) -> tuple[str, ...] | None:
    """Groups each of which may see every one of these; empty for everybody, ``None`` where no group may."""
    restricted = [frozenset(groups) for groups in audiences if groups]
    if not restricted:
        return ()
    return tuple(sorted(frozenset.intersection(*restricted))) or None
