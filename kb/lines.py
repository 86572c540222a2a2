"""First or second line, with a reason: who solved resolved tickets like it, how fast, and what bounced."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from kb.calendars import duration
from kb.fixes import is_solved, wilson
from kb.records import LineReason, Ref, Ticket

FEWEST = 5
"""Below so many resolved tickets like it nothing is claimed from them."""
_CALLED: Mapping[int | None, str] = {1: "First line", 2: "Second line", None: "No line suggested"}
_FEW_LINKS = 2


@dataclass(frozen=True, slots=True)
class FirstPick:
    """How often the first suggestion is the group that finally solved it, on tickets that bounced."""

    right: int
    of: int
    """Bounced tickets with a suggestion and a known group."""
    silent: int
    """Bounced tickets without a suggestion."""

    @property
    def share(self) -> float | None:
        """Of the suggestions made; ``None`` where there was none."""
        return self.right / self.of if self.of else None

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % Wilson interval of the share; (0, 1) where nothing was counted."""
        return (wilson(self.right, self.of), 1 - wilson(self.of - self.right, self.of)) if self.of else (0.0, 1.0)


def reason(
    like: Sequence[Ticket], articles: Mapping[int, tuple[Ref, ...]], *, line: int | None, group: str | None
) -> LineReason:
    """What resolved tickets like it say for or against the line suggested.

    ``like`` are tickets like it that the viewer may see, most alike first; those not solved, or that do not say by
    which line, are left out. ``articles`` are what was linked on a ticket, by store id. ``line`` and ``group`` are
    what the model suggests; ``None`` where it is silent. A line is never suggested here: where the past says otherwise
    than the model, or the model says nothing, the sentence tells what the past says and the line stays as it was.
    """
    known = [ticket for ticket in like if is_solved(ticket) and ticket.line is not None]
    kept = [ticket for ticket in known if ticket.line == 1 and not ticket.reopen_count]
    back = [ticket for ticket in known if ticket.line == 1 and ticket.reopen_count]
    after = [ticket for ticket in known if ticket.line == 2]
    if len(known) < FEWEST:
        sentence = f"{_called(line, group)}: {_too_few(len(known), line)}"
        return LineReason(line, sentence, tuple(t.ref for t in known), len(kept), len(known))
    first = 2 * len(kept) > len(known)
    if first:
        told, cited = _first(kept, back, articles, len(known))
    else:
        told, cited = _second(after, back, group if line == 2 else None, len(known))
    if line is None or (first == (line == 1) and 2 * len(kept) != len(known)):
        return LineReason(line, f"{_called(line, group)}: {told}", cited, len(kept), len(known))
    clear = wilson(max(len(kept), len(known) - len(kept)), len(known)) > 0.5
    doubt = ", but the past says otherwise" if clear else "; the past is divided"
    sentence = f"{_called(line, group)} says the model{doubt}: {told}"
    return LineReason(line, sentence, cited, len(kept), len(known))


def first_pick(tickets: Sequence[Ticket], picks: Sequence[str | None]) -> FirstPick:
    """How often ``picks``, the first suggestion for each ticket in order, is the group that finally solved it.

    Only tickets that bounced (``reassignment_count`` of 1 or more) and are resolved with a group are counted.
    """
    right = of = silent = 0
    for ticket, pick in zip(tickets, picks, strict=True):
        if not ticket.reassignment_count or not ticket.is_done or not _plain(ticket.assignment_group):
            continue
        if pick is None:
            silent += 1
            continue
        of += 1
        right += _plain(pick) == _plain(ticket.assignment_group)
    return FirstPick(right, of, silent)


# --- sentences ---------------------------------------------------------------------------------------------------


def _called(line: int | None, group: str | None) -> str:
    return f"{_CALLED[2]}, {' '.join(group.split())}" if line == 2 and group else _CALLED.get(line, f"Line {line}")


def _too_few(known: int, line: int | None) -> str:
    counted = "no resolved ticket" if not known else f"only {known} resolved ticket{'s' if known > 1 else ''}"
    alone = "; the model alone says so" if line else ""
    return f"{counted} like it {'say' if known > 1 else 'says'} which line solved it, too few for a reason{alone}."


def _first(
    kept: Sequence[Ticket], back: Sequence[Ticket], articles: Mapping[int, tuple[Ref, ...]], of: int
) -> tuple[str, tuple[Ref, ...]]:
    """What speaks for the first line."""
    minutes = [m for ticket in kept if (m := ticket.minutes_to_resolve) is not None]
    took = f" in {duration(median(minutes))} (median)" if minutes else ""
    links = Counter(ref for t in kept for ref in dict.fromkeys(articles.get(t.id, ()) if t.id is not None else ()))
    best, times = min(links.items(), key=lambda pair: (-pair[1], str(pair[0])), default=(None, 0))
    named = ""
    if best is not None and times >= _FEW_LINKS:
        named = (
            f" with article {best.number}" if times == len(kept) else f", {times} of them with article {best.number}"
        )
    came_back = f"; {len(back)} that it solved came back" if back else ""
    cited = (*(ticket.ref for ticket in (*kept, *back)), *((best,) if named and best is not None else ()))
    return f"{len(kept)} of {of} like it were solved by the desk{took}{named}{came_back}.", cited


def _second(after: Sequence[Ticket], back: Sequence[Ticket], group: str | None, of: int) -> tuple[str, tuple[Ref, ...]]:
    """What speaks for the second line; with a group, how many ended with it."""
    groups = Counter(_plain(ticket.assignment_group) for ticket in after if ticket.assignment_group.strip())
    most = ""
    if groups:
        name, times = groups.most_common(1)[0]
        written = next(t.assignment_group for t in after if _plain(t.assignment_group) == name)
        most = f", most with {' '.join(written.split())} ({times})"
    there = groups[_plain(group)] if group else 0
    if not group:
        ended = f"{len(after)} of {of} like it ended in the second line{most}"
    elif not there:
        others = f", {len(after)} with other groups of the second line{most}" if after else ""
        ended = f"none of {of} like it ended there{others}"
    else:
        others = f", {len(after) - there} with other groups of the second line" if there < len(after) else ""
        ended = f"{there} of {of} like it ended there{others}"
    bounced = sum((ticket.reassignment_count or 0) > 0 for ticket in after)
    passed = f"; {bounced} bounced before" if bounced else ""
    came_back = f"; {len(back)} that the desk kept came back" if back else ""
    return f"{ended}{passed}{came_back}.", tuple(ticket.ref for ticket in (*after, *back))


def _plain(name: str) -> str:
    return " ".join(name.casefold().split())
