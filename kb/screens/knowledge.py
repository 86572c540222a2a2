"""What do we know, and what is missing? The articles, what wants doing to them, and drafts of new ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import streamlit as st

from kb.desk import Desk
from kb.library import Library
from kb.records import ARTICLE_STATES, Article, Mark, Ref, Viewer
from kb.screens import drafts, feedback, hits
from kb.screens.chrome import address, calmly, empty, forget, go, head, notes, remembered
from kb.screens.feedback import About
from kb.screens.paper import (
    Node,
    Told,
    button,
    choice,
    div,
    el,
    form,
    link,
    meter,
    prose,
    sheet,
    span,
)
from kb.screens.wording import ago, count, now, share, took
from kb.upkeep import Conflict, Gap, Pair, Stale, Use

SECTIONS: Mapping[str, str] = {"articles": "Articles", "gaps": "Gaps", "stale": "To look at", "doubles": "Doubles",
                               "conflicts": "Conflicts", "draft": "Draft"}  # fmt: skip
SHOWN = 50
FEW = 20
SORTS: Mapping[str, Callable[[tuple[Article, Use]], Any]] = {
    "used": lambda one: (-one[1].linked, one[0].title.casefold()),
    "last": lambda one: (-(one[1].last.timestamp() if one[1].last else 0.0), one[0].title.casefold()),
    "title": lambda one: one[0].title.casefold(),
}
_PAGE = About()


def page(desk: Desk, viewer: Viewer) -> None:
    """Draw the section that the address names."""
    where = address()
    show = where.get("show", "") if where.get("show", "") in SECTIONS else "articles"
    library = _library(desk, viewer, show)
    sheet(
        "knowledge",
        head("What do we know, and what is missing?", _lead(library)),
        notes(desk.warnings()),
        _tabs(library, show),
        _said(),
    )
    if show == "draft":
        drafts.section(desk, viewer, where)
        return
    drawn = {"articles": lambda: _articles(library, where), "gaps": lambda: _gaps(library, where, desk),
             "stale": lambda: _stale(library, where), "doubles": lambda: _doubles(library, where),
             "conflicts": lambda: _conflicts(library, where)}  # fmt: skip
    sheet(f"knowledge-{show}", div("gap", drawn[show]()), told=partial(_heard, desk, viewer))


def _library(desk: Desk, viewer: Viewer, show: str) -> Library:
    """Everything at once; what was changed in one section stays in its place there until another one is opened."""
    if st.session_state.get("sb-section") != show:
        st.session_state["sb-section"] = show
        feedback.hush(_PAGE)
        if st.session_state.pop("sb-changed", False):
            forget("library")
    return remembered(desk, viewer, "library", lambda: desk.library(viewer=viewer))


def _lead(library: Library) -> str:
    living = [use for article, use in library.articles if article.state != "archived"]
    used = sum(bool(use.linked) for use in living)
    return f"{count(len(living), 'article')}, {used:,} of them used on a ticket." if living else ""


def _tabs(library: Library, show: str) -> dict[str, object]:
    sizes = {"articles": library.articles, "gaps": library.gaps, "stale": library.stale, "doubles": library.doubles,
             "conflicts": library.conflicts, "draft": ()}  # fmt: skip
    tabs = []
    for name, words in SECTIONS.items():
        size = span("tally", f"{len(sizes[name]):,}") if sizes[name] else None
        made = link([words, size], "knowledge", show="" if name == "articles" else name)
        tabs.append({**made, "current": name == show})
    return el("nav", "switch wraps", *tabs, label="Sections")


def _said() -> Node:
    told = st.session_state.pop("sb-kept-draft", None)
    if told is None:
        return None
    number, title, source = told
    return div("heard gap-s", "Saved as work in progress: ",
               link(title, "search", article=number, source=source, back="articles"), role="status")  # fmt: skip


# --- articles -----------------------------------------------------------------------------------------------------


def _articles(library: Library, where: Mapping[str, str]) -> Node:
    if not library.articles:
        return empty("No articles yet.", "Bring in an export of your knowledge base: `seenbefore ingest FILE`")
    known = list(dict.fromkeys([*ARTICLE_STATES, *(article.state for article, _ in library.articles)]))
    state, by = where.get("state", ""), where.get("by", "") if where.get("by", "") in SORTS else "used"
    found = [one for one in library.articles if not state or one[0].state == state]
    sizes = {name: sum(article.state == name for article, _ in library.articles) for name in known}
    options = [("", "Any"), *((name, f"{name.capitalize()} ({n:,})") for name, n in sizes.items() if n)]
    if state and state not in dict(options):
        options.append((state, state))
    narrow = form("filter", choice("state", "State", state, options, sends=True), look="narrow", by=by)
    ordered = sorted(found, key=SORTS[by])
    most = _number(where.get("most", ""), SHOWN)
    columns = (("title", "Title"), ("", "State"), ("", "Owner"), ("used", "Used on"), ("last", "Last used"), ("", ""))
    cells = [el("th", "", _sorter(name, words, by, state) if name else words) for name, words in columns]
    table = el("table", "table", el("thead", "", el("tr", "", *cells)),
               el("tbody", "", *(_row(one, use) for one, use in ordered[:most])))  # fmt: skip
    none = el("p", "soft block-s", "No article is in this state.")
    shown = div("scroll block-s", table) if found else none
    return [narrow, shown, _more(len(ordered), most, show="", by=by, state=state)]


def _sorter(name: str, words: str, by: str, state: str) -> dict[str, object]:
    made = link(words, "knowledge", "sorter", by="" if name == "used" else name, state=state)
    return {**made, "current": name == by}


def _row(article: Article, use: Use) -> dict[str, object]:
    named = link(article.title or article.number, "search", **hits.here(article), back="articles")
    flags = span("chip warned", count(use.flags, "flag")) if use.flags else None
    return el(
        "tr", "", el("td", "", div("", named), span("number", article.number)), el("td", "", _state(article)),
        el("td", "", article.owner), el("td", "", count(use.linked, "ticket") if use.linked else "—"),
        el("td", "", ago(use.last, to=now()) or "never"), el("td", "", flags),
    )  # fmt: skip


def _state(article: Article) -> dict[str, object]:
    look = {"validated": "good", "archived": "", "work in progress": "warned"}.get(article.state, "mid")
    return span(f"chip {look}", article.state)


def _more(all_: int, most: int, **where: str) -> Node:
    rest = all_ - most
    if rest <= 0:
        return None
    words = f"Show {min(rest, SHOWN)} more of {rest:,}"
    return div("block-s", link(words, "knowledge", **where, most=str(most + SHOWN)))


# --- gaps ---------------------------------------------------------------------------------------------------------


def _gaps(library: Library, where: Mapping[str, str], desk: Desk) -> Node:
    if desk.patterns_made is None:
        return empty("No patterns are built yet.", "Gaps are failures that keep coming back without an article. "
                     "Find what keeps coming back: `seenbefore patterns`")  # fmt: skip
    if not library.gaps:
        return empty("No gaps.", "Every failure that came back five times or more in a year has an article near it or "
                     "linked on its tickets.")  # fmt: skip
    most = _number(where.get("most", ""), FEW)
    lead = "Failures that keep coming back and have no article, those that cost most time first."
    return [el("p", "soft", lead), div("ranks block-s", *(_gap(one) for one in library.gaps[:most])),
            _more(len(library.gaps), most, show="gaps")]  # fmt: skip


def _gap(gap: Gap) -> dict[str, object]:
    pattern = gap.pattern
    linked = f"{share(gap.linked_share)} have an article" if gap.linked_share else "no article on any of them"
    facts = [f"last {ago(gap.last, to=now())}" if gap.last else "", linked,
             f"{took(gap.hours * 60)} spent in all" if gap.hours else ""]  # fmt: skip
    draft: Node = span("small soft", "Too few written fixes for a draft")
    if gap.can_draft:
        draft = link("Draft an article", "knowledge", show="draft", pattern=pattern.id)
    return div(
        "rank gap-row",
        div("size", f"{gap.count:,}", el("small", "", "tickets")),
        div("", el("h3", "", link(pattern.name, "patterns", pattern=pattern.id)),
            div("facts", *(span("", text) for text in facts if text))),
        draft,
        card=pattern.id,
    )  # fmt: skip


# --- what wants doing ---------------------------------------------------------------------------------------------


def _stale(library: Library, where: Mapping[str, str]) -> Node:
    if not library.stale:
        return empty("Nothing to look at.", "An article comes here when it is flagged, when tickets it solved come "
                     "back, when it is marked as not helpful, or when nobody has used it for long.")  # fmt: skip
    most = _number(where.get("most", ""), FEW)
    return [div("ranks", *(_look_at(one) for one in library.stale[:most])),
            _more(len(library.stale), most, show="stale")]  # fmt: skip


def _look_at(one: Stale) -> dict[str, object]:
    article = one.article
    reasons = el("ul", "reasons", *(el("li", "", text[:1].upper() + text[1:]) for text in one.reasons))
    named = link(article.title or article.number, "search", **hits.here(article), back="stale")
    owner = span("", article.owner) if article.owner else None
    facts = div("facts", span("", span("number", article.number)), span("", _state(article)), owner)
    return div("rank look-at", div("", el("h3", "", named), facts, reasons), _states(article), card=str(article.ref))


def _states(article: Article) -> dict[str, object]:
    """One press each to archive or validate; then one sentence with "Undo"."""
    heard = feedback.notice(_PAGE, article.ref)
    if heard is not None:
        return div("say", heard)
    ref = article.ref
    to = {"archived": "Archive", "validated": "Validate"}
    return div("say", div("say-row", *(
        button(words, "state", "quiet", kind=ref.kind, source=ref.source, number=ref.number, to=state)
        for state, words in to.items() if state != article.state
    )))  # fmt: skip


def _doubles(library: Library, where: Mapping[str, str]) -> Node:
    if not library.doubles:
        return empty("No doubles.", "Two articles come here when they say the same thing in nearly the same words.")
    used, most = {article.ref: use for article, use in library.articles}, _number(where.get("most", ""), FEW)
    return [div("stack", *(_pair(one, used) for one in library.doubles[:most])),
            _more(len(library.doubles), most, show="doubles")]  # fmt: skip


def _pair(pair: Pair, used: Mapping[Ref, Use]) -> dict[str, object]:
    alike = div("row tight small", meter(pair.score), span("soft", f"{share(max(0.0, pair.score))} alike · "
                f"{share(pair.overlap)} of their words shared"))  # fmt: skip
    sides = [
        div("", el("h3", "", link(one.title or one.number, "search", **hits.here(one), back="doubles")),
            div("facts", span("", span("number", one.number)), span("", _state(one)),
                span("", "used on " + count(used.get(one.ref, Use()).linked, "ticket"))),
            prose(one.summary or one.body, "snippet", most=260, name=f"double:{pair.left.number}:{one.ref}"),
            _states(one))
        for one in (pair.left, pair.right)
    ]  # fmt: skip
    return div("card", alike, div("evidence", *sides), card=f"{pair.left.ref} {pair.right.ref}")


def _conflicts(library: Library, where: Mapping[str, str]) -> Node:
    if not library.conflicts:
        return empty("No conflicts.", "Two articles come here when sentences of theirs are the same but for one “not”, "
                     "one opposite word or one value.")  # fmt: skip
    most = _number(where.get("most", ""), FEW)
    return [div("stack", *(_conflict(one) for one in library.conflicts[:most])),
            _more(len(library.conflicts), most, show="conflicts")]  # fmt: skip


def _conflict(one: Conflict) -> dict[str, object]:
    sides = [
        div("", el("p", "says", says), div("facts", link(article.title or article.number, "search",
            **hits.here(article), back="conflicts"), span("", span("number", article.number)),
            span("", _state(article))), _states(article))
        for article, says in ((one.left, one.left_says), (one.right, one.right_says))
    ]  # fmt: skip
    return div("card", div("small soft", one.why[:1].upper() + one.why[1:] + "."), div("evidence", *sides),
               card=f"{one.left.ref} {one.right.ref} {one.left_says[:40]}")  # fmt: skip


# --- listening ----------------------------------------------------------------------------------------------------


def _heard(desk: Desk, viewer: Viewer, told: Told) -> None:
    """Filter, or change the state of an article and take that back."""
    name = told.get("name")
    if name == "filter":
        go({"state": told.get("state", ""), "by": told.get("by", "")})
    elif name == "state":
        ref = Ref("article", told.get("source", ""), told.get("number", ""))
        to = told.get("to", "")
        st.session_state["sb-changed"] = True
        feedback.hear(_PAGE, ref, f"Now {to}.", lambda: calmly(
            desk, lambda: desk.mark(Mark(ref, "state", note=to), viewer=viewer)))  # fmt: skip
    elif name == "undo":
        st.session_state["sb-changed"] = True
        feedback.heard(desk, viewer, _PAGE, told)


def _number(text: str, least: int) -> int:
    return max(least, min(1_000, int(text))) if text.isdigit() and len(text) < 6 else least
