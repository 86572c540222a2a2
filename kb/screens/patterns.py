"""What keeps coming back? All patterns ranked by cost, growth or pain: as a list, as areas, or week by week."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import streamlit as st

from kb.bursts import Burst
from kb.desk import Desk
from kb.errors import SeenBeforeError
from kb.records import Pattern, Viewer
from kb.screens import patternlist, patternmap, patternpage
from kb.screens.chrome import address, empty, go, head, notes, remembered
from kb.screens.paper import Node, Told, choice, div, el, field, fold, form, link, place, sheet, submit
from kb.screens.patternties import burst_notes, bursts_of, settled
from kb.screens.wording import count, day, money, now, share, worked
from kb.standings import GROWTH_SAID, ORDERS, PAIN_SAID, Order, Standing, Standings

ASKED = "What keeps coming back?"
SHOWN = 40
BY: Mapping[Order, str] = {"cost": "Cost", "growth": "Growth", "pain": "Pain"}
VIEWS: Mapping[str, str] = {"": "List", "map": "Map", "time": "Timeline"}
ONLY: Mapping[str, str] = {"": "All", "gap": "Without an article", "burst": "Bursting", "dismissed": "Dismissed"}
_FACETS_SHOWN = 40


@dataclass(frozen=True, slots=True)
class Asked:
    """What the address asks for."""

    by: Order = "cost"
    view: str = ""
    service: str = ""
    group: str = ""
    only: str = ""
    most: int = SHOWN

    @classmethod
    def of(cls, where: Mapping[str, str]) -> Asked:
        """From a query string; nonsense in it asks for nothing."""
        by: Order = next((one for one in ORDERS if one == where.get("by")), "cost")
        view = where.get("view", "") if where.get("view", "") in VIEWS else ""
        only = where.get("only", "") if where.get("only", "") in ONLY else ""
        return cls(by, view, where.get("service", ""), where.get("group", ""), only, _number(where.get("show", "")))

    def where(self, **changes: str) -> dict[str, str]:
        """The query string for the same with changes."""
        own = {"by": "" if self.by == "cost" else self.by, "view": self.view, "service": self.service,
               "group": self.group, "only": self.only}  # fmt: skip
        return {name: value for name, value in {**own, **changes}.items() if value}


def page(desk: Desk, viewer: Viewer) -> None:
    """Draw the list, or the pattern the address names."""
    where = address()
    if desk.patterns_made is None:
        none = empty("No patterns are built yet.", "Find what keeps coming back: `seenbefore patterns`")
        sheet("patterns", head(ASKED), none)
    elif where.get("pattern"):
        patternpage.page(desk, viewer, where["pattern"])
    else:
        _all(desk, viewer, Asked.of(where))


def known(desk: Desk, viewer: Viewer) -> list[Pattern]:
    """All patterns this viewer may see; counted anew only when a ticket changed or somebody said something of one."""
    return remembered(desk, viewer, ("patterns", settled(desk)), lambda: desk.patterns(viewer=viewer))


def _all(desk: Desk, viewer: Viewer, asked: Asked) -> None:
    today = now()
    found = remembered(desk, viewer, ("standings", today.date(), settled(desk)),
                       lambda: desk.standings(viewer=viewer, now=today))  # fmt: skip
    said = tuple(st.session_state.pop("sb-patterns-said", ()))
    top = [head(ASKED, _lead(desk, found)), notes((*said, *desk.warnings()))]
    if not any(not one.pattern.dismissed for one in found.rows) and asked.only != "dismissed":
        gone = any(one.pattern.dismissed for one in found.rows)
        none = empty("Nothing comes back.", "All patterns were dismissed.") if gone else empty(
            "Nothing comes back yet.", "Too few tickets resemble each other, or you may see none of them.")  # fmt: skip
        again = div("block-s", link("Show the dismissed ones", "patterns", only="dismissed")) if gone else None
        sheet("patterns", *top, none, again)
        return
    places = _chosen(found, asked, bursts_of(desk, viewer, today) if asked.only == "burst" else ())
    drawn: Node = el("p", "soft gap", _none(asked))
    if places and asked.view == "map":
        drawn = patternmap.areas(found, places)
    elif places and asked.view == "time":
        drawn = patternmap.weeks(found, places)
    elif places:
        drawn = [div("ranks block-s", *(patternlist.row(found, at, asked.by) for at in places[: asked.most])),
                 _more(len(places), asked)]  # fmt: skip
    sheet("patterns-top", *top)
    bursts = place()  # these take their time on a first look: the list does not wait for them
    sheet(
        "patterns",
        _controls(found, asked),
        el("p", "small soft p-said", _order_said(found, asked)),
        drawn,
        _assumptions(found),
        _ended(desk.retired_patterns(viewer=viewer)),
        told=partial(_heard, desk, viewer, asked),
    )
    with bursts:
        sheet("patterns-bursts", burst_notes(bursts_of(desk, viewer, today)))


def _lead(desk: Desk, found: Standings) -> str:
    shown = [one for one in found.rows if not one.pattern.dismissed]
    inside, hours = sum(one.pattern.size for one in shown), sum(one.hours for one in shown)
    cost = sum(one.cost or 0.0 for one in shown)
    spent = f", {money(cost, found.assumed.currency)}" if cost else ""
    made = desk.patterns_made
    loose = f" {share(made.noise_share)} of the {count(len(made.ticket), 'ticket')} looked at are in no pattern." if (
        made is not None and len(made.ticket)) else ""  # fmt: skip
    return (
        f"{count(len(shown), 'pattern')} hold {count(inside, 'ticket')}: about {worked(hours)} of work{spent}.{loose}"
    )


# --- choosing -----------------------------------------------------------------------------------------------------


def _chosen(found: Standings, asked: Asked, bursts: Sequence[Burst]) -> list[int]:
    """Places of the patterns the reader asked for, in the order asked for."""
    bursting = {burst.pattern for burst in bursts if burst.state == "open"}

    def fits(one: Standing) -> bool:
        if one.pattern.dismissed != (asked.only == "dismissed"):
            return False
        return (
            (not asked.service or asked.service in one.services)
            and (not asked.group or asked.group in one.groups)
            and (asked.only != "gap" or not one.has_article)
            and (asked.only != "burst" or one.pattern.id in bursting)
        )

    return [at for at in found.ranked(asked.by) if fits(found.rows[at])]


def _controls(found: Standings, asked: Asked) -> Node:
    orders = [_tab(words, asked.where(by="" if by == "cost" else by), by == asked.by) for by, words in BY.items()]
    views = [_tab(words, asked.where(view=view), view == asked.view) for view, words in VIEWS.items()]
    narrow = form(
        "narrow",
        *(_facet(name, getattr(asked, name), found) for name in ("service", "group")),
        choice("only", "Show", asked.only, list(ONLY.items()), sends=True, hide=True),
    )
    return div("p-controls", el("nav", "switch", *orders, label="Order"), el("nav", "switch", *views, label="View"),
               narrow)  # fmt: skip


def _tab(words: str, where: Mapping[str, str], chosen: bool) -> dict[str, object]:
    return {**link(words, "patterns", **where), "current": chosen}


def _facet(name: str, value: str, found: Standings) -> Node:
    counts = Counter(one for row in found.rows if not row.pattern.dismissed for one in getattr(row, f"{name}s"))
    if not counts and not value:
        return None
    options = [("", f"Any {name}"), *((one, f"{one} ({n:,})") for one, n in counts.most_common(_FACETS_SHOWN))]
    if value and value not in dict(options):
        options.append((value, value))
    return choice(name, name.capitalize(), value, options, sends=True, hide=True)


def _none(asked: Asked) -> str:
    if asked.only == "burst":
        return "Nothing is bursting now."
    if asked.only == "dismissed":
        return "Nothing was dismissed."
    return "No pattern is like that: choose another service, group or show all."


def _order_said(found: Standings, asked: Asked) -> str:
    window = f"Weeks up to {day(found.weeks.end)}."
    said = {"cost": found.assumed.handling, "growth": GROWTH_SAID, "pain": PAIN_SAID}[asked.by]
    return " ".join(text for text in (said, window) if text)


def _assumptions(found: Standings) -> Node:
    """The two settings behind hours and cost, to change where they are read."""
    assumed = found.assumed
    cost = f"{assumed.cost_per_hour:g} {assumed.currency}".strip() if assumed.cost_per_hour else ""
    fields = form(
        "assume",
        field("handling_minutes", "Minutes of work a ticket", f"{assumed.handling_minutes:g}", most=8),
        field("cost_per_hour", "Cost of an hour", cost, hint="45 EUR", most=14),
        submit("Save", "little"), look="inline",
    )  # fmt: skip
    return div("gap", fold("What is assumed of time and money", el("p", "small soft", assumed.handling),
                           div("block-s", fields), name="assumed"))  # fmt: skip


def _ended(retired: Sequence[Pattern]) -> Node:
    """Patterns people spoke of whose tickets are gone: kept, since the failure may return."""
    if not retired:
        return None
    said = el("p", "small soft", "People named these or made problems of them. The same failure takes its name again.")
    rows = [el("li", "", link(one.name, "patterns", pattern=one.id), f" ({one.id})") for one in retired]
    return div("gap", fold(f"Without tickets now ({len(retired)})", said, el("ul", "", *rows), name="ended"))


def _more(all_: int, asked: Asked) -> Node:
    rest = all_ - asked.most
    if rest <= 0:
        return None
    words = f"Show {min(rest, SHOWN)} more of {rest:,}"
    return div("block-s", link(words, "patterns", **asked.where(show=str(asked.most + SHOWN))))


# --- listening ----------------------------------------------------------------------------------------------------


def _heard(desk: Desk, viewer: Viewer, asked: Asked, told: Told) -> None:
    """Narrow the list, or change what is assumed of time and money."""
    if told.get("name") == "narrow":
        given = {name: told.get(name, "") for name in ("service", "group", "only")}
        go(asked.where(**given) if given["only"] in ONLY else asked.where())
    elif told.get("name") == "assume":
        said = "Counted with this from now on."
        try:
            for name in ("handling_minutes", "cost_per_hour"):
                desk.set_rule(name, told.get(name, "").strip(), viewer=viewer)
        except SeenBeforeError as error:
            said = str(error)
        st.session_state["sb-patterns-said"] = (said,)


def _number(text: str) -> int:
    return max(SHOWN, min(1000, int(text))) if text.isdigit() and len(text) < 6 else SHOWN
