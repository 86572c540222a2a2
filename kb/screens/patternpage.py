"""One pattern on a page: what it is, its trend, what fixed it, what it costs, and what people said of it."""

from __future__ import annotations

from functools import partial

from kb.calendars import duration
from kb.desk import Desk
from kb.errors import NotFound
from kb.profiles import Profile, Rate, sentence
from kb.records import Ticket, Viewer
from kb.screens import hits, patternacts, patternfacts
from kb.screens.chrome import address, empty, notes, remembered
from kb.screens.paper import Node, bars, div, el, link, place, prose, sheet, span
from kb.screens.patternties import burst_notes, bursts_of, contrast_block, contrasts_of, problem_block, settled
from kb.screens.wording import count, day, money, now, roughly, share, worked
from kb.trends import LATELY, SAID

_BACK = "← All patterns"
_EMPTY = (
    "It has no tickets any more that you may see: they were deleted, or moved to other patterns. "
    "Its name and what people said of it are kept."
)


def page(desk: Desk, viewer: Viewer, pattern_id: str) -> None:
    """Draw the pattern of this id, or say where it went."""
    today, back = now(), div("over", link(_BACK, "patterns"))
    try:
        found = remembered(desk, viewer, ("pattern", pattern_id, today.date(), settled(desk)),
                           lambda: desk.profile(pattern_id, viewer=viewer, now=today))  # fmt: skip
    except NotFound as error:
        gone = "It may have dissolved when patterns were found anew, or its tickets were deleted."
        sheet("pattern", back, empty("Not here.", f"{error} {gone}"))
        return
    one = found.pattern
    apart = contrasts_of(desk, one.id, viewer, today) if address().get("apart") else None
    acts = desk.pattern_acts(one.id, viewer=viewer)
    names = _names(desk, viewer) if acts else {}
    moved = f"{pattern_id} was merged into this pattern." if one.id != pattern_id else ""
    top = [back, _title(found), notes((moved,)) if moved else None, patternacts.notice()]
    problem = problem_block(desk.problem_of_pattern(one.id, viewer=viewer), one.id)
    said = patternacts.history(acts, names, one.id)
    if not one.size:
        none = el("p", "soft block", _EMPTY)
        sheet("pattern", *top, none, problem, said, told=partial(patternacts.heard, desk, viewer, found))
        return
    sheet("pattern-top", *top, told=partial(patternacts.heard, desk, viewer, found))
    bursts = place()  # these take their time on a first look: the page does not wait for them
    sheet(
        "pattern",
        _figures(found),
        el("p", "small soft block-s", found.figures.assumed.handling),
        _trend(found),
        div(
            "two block",
            div("", patternfacts.fixes(found), contrast_block(apart, one.id), patternfacts.articles(found),
                _tickets(found)),
            div("", problem, patternfacts.whom(found), patternfacts.variants(found), patternfacts.words(found),
                patternfacts.alike(found), said),
        ),
        told=partial(patternacts.heard, desk, viewer, found),
    )  # fmt: skip
    with bursts:
        sheet("pattern-bursts", burst_notes(bursts_of(desk, viewer, today), here=one.id))


def _names(desk: Desk, viewer: Viewer) -> dict[str, str]:
    """Id of every pattern this viewer may see → its name."""
    return remembered(desk, viewer, ("pattern-names", settled(desk)),
                      lambda: {one.id: one.name for one in desk.patterns(viewer=viewer, dismissed=True)})  # fmt: skip


def _title(found: Profile) -> dict[str, object]:
    one = found.pattern
    evidence = ", ".join(f"{phrase} ({n})" for phrase, n in one.evidence[:10])
    named = el("h1", "", span("", one.name, title=f"Named after: {evidence}" if evidence else ""))
    hidden = span("chip warned", "dismissed") if one.dismissed else None
    said = el("p", "", sentence(found.figures)) if one.size else None
    return el("header", "head", named, said, hidden, patternacts.row(found))


# --- figures ------------------------------------------------------------------------------------------------------


def _figures(found: Profile) -> dict[str, object]:
    one, its = found.pattern, found.figures
    wanted = float(its.weeks.lately_expected[0])
    expected = f"{roughly(wanted)} to be expected"
    ends = dict.fromkeys((day(one.first_seen), day(one.last_seen)))
    seen = " – ".join(ends) if one.first_seen else "no dates"
    fast = its.took
    cost = money(its.cost, its.assumed.currency) if its.cost is not None else worked(its.hours)
    shown = [
        (f"{its.size:,}", "tickets in all", seen),
        (f"{int(its.weeks.lately[0]):,}", f"in the last {LATELY} weeks", expected if wanted == wanted else
         f"to {day(its.weeks.end)}"),
        (cost, "cost so far" if its.cost is not None else "of work so far",
         f"{worked(its.hours)} of work" if its.cost is not None else ""),
        (_hours(fast.median), "median to resolve, business time",
         f"9 of 10 in {_hours(fast.p90)}; desk {_hours(fast.desk_median)}" if fast.count else "no ticket says"),
        _rate(its.reopened, "reopened"),
        _rate(its.bounced, "changed groups"),
    ]  # fmt: skip
    return div("figures six", *(div("figure", el("strong", "", big), span("", words), el("small", "", small))
                            for big, words, small in shown))  # fmt: skip


def _hours(minutes: float | None) -> str:
    """Business time, in hours where it is long: a day of it would be taken for one of the calendar."""
    return "—" if minutes is None else duration(minutes, days=False)


def _rate(rate: Rate, words: str) -> tuple[str, str, str]:
    if rate.share is None:
        return "—", words, "no ticket says"
    desk = "" if rate.desk_share is None else f"desk {share(rate.desk_share)}"
    return share(rate.share), words, f"{desk}{': stands out' if rate.stands_out else ''}"


def _trend(found: Profile) -> Node:
    weeks = found.figures.weeks
    counts = weeks.counts[0].tolist()
    if not any(counts):
        return el("section", "block", el("h2", "kicker", "Tickets a week"),
                  el("p", "soft", "None of its tickets has a date in the weeks looked at."))  # fmt: skip
    band, values = [], []
    for week, n in enumerate(counts):
        low, high, mean = (float(line[0, week]) for line in (weeks.low, weeks.high, weeks.expected))
        known = mean == mean
        band.append((low, high, mean) if known else None)
        told = f", {mean:.1f} expected ({low:.0f} to {high:.1f})" if known else ""
        values.append((f"{day(weeks.start(week))}: {count(n, 'ticket')}{told}", n))
    over = [at for at, one in enumerate(band) if one is not None and counts[at] > one[1]]
    last = (
        f" Last above it: the week of {day(weeks.start(over[-1]))}, {count(len(over), 'week')} in all." if over else ""
    )
    said = f"{SAID}{last}" if any(band) else "Too few weeks of past to say what was to be expected."
    marks = sorted({0, len(counts) // 2, len(counts) - 1})
    return el(
        "section", "block",
        el("h2", "kicker", f"Tickets a week · at most {max(counts)}"),
        bars(values, label=f"Tickets a week, at most {max(counts)}.{last}", look="bars tall", marks=marks, band=band),
        el("p", "small soft block-s", said),
    )  # fmt: skip


# --- tickets ------------------------------------------------------------------------------------------------------


def _tickets(found: Profile) -> Node:
    today = now()

    def line(ticket: Ticket, note: str = "") -> Node:
        where = hits.here(ticket, {"of": found.pattern.id})
        named = link(ticket.title or ticket.number, "search", **where)
        body = " ".join(ticket.body.split())
        text = prose(body, "snippet", most=200, name=f"example:{ticket.ref}") if body and body != ticket.title else None
        return el("li", "", div("p-like", named, span("push", patternacts.none_of_it(ticket))), text,
                  div("facts", span("", note) if note else None, hits.facts(ticket, today=today)))  # fmt: skip

    best = el("section", "block", el("h2", "kicker", "Tickets that show it best"),
              el("ul", "lines", *(line(ticket) for ticket in found.examples)))  # fmt: skip
    if not found.odd:
        return best
    odd = el("section", "block", el("h2", "kicker", "The odd ones"),
             el("p", "small soft", "Farthest from the middle of the pattern: these may belong elsewhere."),
             el("ul", "lines block-s", *(line(ticket) for ticket, _ in found.odd)))  # fmt: skip
    return [best, odd]
