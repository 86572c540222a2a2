"""The blocks of a pattern's page: what fixed it, articles, variants, whom it hits, its words, and what is like it."""

from __future__ import annotations

from collections.abc import Sequence

from kb.profiles import Profile
from kb.records import Fix
from kb.screens import hits, patternacts
from kb.screens.fixed import cited
from kb.screens.paper import Node, copier, div, el, fold, link, meter, prose, span
from kb.screens.wording import count, share, took
from kb.standings import ANSWERED

FIXES = 3
_SHOWN = 4
_FACETS = (("service", "Service"), ("place", "Where"), ("group", "Handled by"), ("category", "Category"))


def fixes(found: Profile) -> Node:
    """The ways in which it was fixed, best proven first, as search tells them."""
    title = el("h2", "kicker", "What fixed it")
    if not found.fixes:
        none = "None of its tickets was solved yet." if not found.solved else "Nobody wrote down what fixed it."
        return el("section", "", title, el("p", "soft", none))
    name = found.pattern.id
    ways = [_way(fix, name, first=not at) for at, fix in enumerate(found.fixes)]
    rest = ways[FIXES:]
    looked = f"Of the {count(found.solved, 'solved ticket')} nearest its middle, the best proven way first."
    return el(
        "section", "fixed", title, el("p", "small soft", looked), div("ways block-s", *ways[:FIXES]),
        div("block-s", fold(count(len(rest), "more way"), div("ways", *rest), name="ways")) if rest else None,
    )  # fmt: skip


def _way(fix: Fix, pattern: str, *, first: bool) -> Node:
    held = f"{fix.reopened:,} reopened" if fix.reopened else "none reopened" if len(fix.cited) > 1 else ""
    facts = [f"median {took(fix.minutes)}" if fix.minutes is not None else "", held]
    name = f"way:{fix.cited[0]}:{fix.text[:40]}"
    return div(
        "way first" if first else "way",
        div("way-head", el("strong", "", f"{len(fix.cited):,} of {fix.of:,}"), *(span("", one) for one in facts if one),
            copier("Copy", fix.text, key="c")),
        prose(fix.text, "way-text", name=name, most=420),
        div("cited", *cited(fix.cited, {"of": pattern}, name=name)),
        card=name,
    )  # fmt: skip


def articles(found: Profile) -> Node:
    """The articles linked on its tickets, or the way to a draft where there is none."""
    size = found.figures.size
    title = el("h2", "kicker", "Articles")
    draft = link("Draft an article", "knowledge", show="draft", pattern=found.pattern.id)
    if not found.articles:
        return el("section", "block", title, el("p", "p-like", span("soft", "No article yet."), draft))
    rows = [
        el("li", "p-like", link(article.title or article.number, "search",
                                **hits.here(article, {"of": found.pattern.id})),
           span("small soft", f"on {count(n, 'ticket')}"))
        for article, n in found.articles
    ]  # fmt: skip
    told = f"An article is linked on {found.answered:,} of {count(size, 'ticket')}."
    few = found.answered < ANSWERED * size
    more = fold(f"{len(rows) - _SHOWN} more", el("ul", "lines tight", *rows[_SHOWN:]), name="articles")
    return el(
        "section", "block", title, el("ul", "lines tight", *rows[:_SHOWN]), more if len(rows) > _SHOWN else None,
        el("p", "small soft block-s p-like", span("", told), draft if few else None),
    )  # fmt: skip


def variants(found: Profile) -> Node:
    """The finer groups inside it, each with a ticket that shows it and the way to split it off."""
    if not found.variants:
        return None
    size = found.figures.size
    rows = [
        el("li", "", div("p-like", link(ticket.title or ticket.number, "search",
                                        **hits.here(ticket, {"of": found.pattern.id})),
                         span("small soft push", f"{count(one.size, 'ticket')}, {share(one.size / size)}"),
                         patternacts.split_off(ticket)))
        for one, ticket in found.variants
    ]  # fmt: skip
    return el("section", "block", el("h2", "kicker", "Variants"),
              el("p", "small soft", "Finer groups inside it, each by its most typical ticket."),
              el("ul", "lines tight block-s", *rows))  # fmt: skip


def whom(found: Profile) -> Node:
    """Callers, priorities, services, sites and groups; callers are counted and never named."""
    its = found.figures
    facts = []
    if its.callers is not None:
        facts.append(("Callers", f"{its.callers:,}"))
        facts.append(("Tickets of VIPs", f"{its.vips:,}")) if its.vips else None
    facts.append(("Still open", f"{its.still_open:,}")) if its.still_open else None
    rows: list[Node] = []
    for name, value in facts:
        rows += [el("dt", "", name), el("dd", "", value)]
    told = sum(n for _, n in its.priorities)
    mix = _shares("Priority", [(f"Priority {at}", n) for at, n in its.priorities], told, 5)
    parts = [_shares(title, its.facets[name], sum(n for _, n in its.facets[name]), _SHOWN) for name, title in _FACETS]
    affected = el("section", "block", el("h2", "kicker", "Who is affected"), el("dl", "list", *rows)) if rows else None
    return div("", affected, mix, *parts)


def _shares(title: str, values: Sequence[tuple[str, int]], total: int, most: int) -> Node:
    if not total:
        return None
    rows = [div("share", span("", text), span("soft", f"{n:,} · {share(n / total)}"), meter(n / total))
            for text, n in values[:most]]  # fmt: skip
    more = el("p", "small soft p-more", f"and {len(values) - most:,} more") if len(values) > most else None
    return el("section", "block", el("h2", "kicker", title), div("shares", *rows), more)


def words(found: Profile) -> Node:
    """The phrases behind the name, each with the tickets that hold it."""
    if not found.pattern.evidence:
        return None
    chips = [span("chip", phrase, span("tally", f"{n:,}")) for phrase, n in found.pattern.evidence[:10]]
    return el("section", "block evidence-words", el("h2", "kicker", "Words behind the name"), div("row tight", *chips))


def alike(found: Profile) -> Node:
    """Patterns whose middles are nearest."""
    if not found.alike:
        return None
    rows = [
        el("li", "p-like", link(other.name, "patterns", pattern=other.id), span("small soft", f"{other.size:,}"))
        for other, _ in found.alike
    ]  # fmt: skip
    return el("section", "block", el("h2", "kicker", "Patterns like it"), el("ul", "lines tight", *rows))
