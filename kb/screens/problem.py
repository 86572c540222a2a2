"""One problem in full: what is known of it, its state and the moves from it, its tickets and articles, its history."""

from __future__ import annotations

from functools import partial

from kb.desk import Desk
from kb.problems import ProblemUse, shown
from kb.records import PROBLEM_STATES, Article, Link, Mark, Problem, Record, Ticket, Viewer
from kb.rows import content_hash
from kb.screens import feedback, history, hits, originals, problemedit, problemhelp
from kb.screens.chrome import remembered
from kb.screens.feedback import About
from kb.screens.paper import Node, Told, button, choice, div, el, field, fold, form, link, prose, sheet, span, submit
from kb.screens.wording import LEVELS, ago, count, day, now

MOST = 500
"""Tickets of one problem that are read."""
SHOWN = 6
TEXTS = {"symptom": "Symptom", "probable_cause": "Probable cause", "root_cause": "Root cause",
         "workaround": "Workaround", "fix": "The lasting fix"}  # fmt: skip
_EMPTY = {"symptom": "Nobody wrote down what people see.", "probable_cause": "No suspicion yet.",
          "root_cause": "Not known yet.", "workaround": "None yet.", "fix": "None yet."}  # fmt: skip


def draw(desk: Desk, viewer: Viewer, found: Problem, *, top: Node, about: About) -> None:
    """Draw the record and listen to what is done with it."""
    body = _body(desk, viewer, found, about)
    sheet("record", top, *body, told=partial(_heard, desk, viewer, found, about))


def _heard(desk: Desk, viewer: Viewer, found: Problem, about: About, told: Told) -> None:
    if told.get("name") in ("say", "undo"):
        problemedit.hush(found.ref)
        feedback.heard(desk, viewer, about, told)
    elif told.get("name") == originals.SHOW:
        originals.heard(desk, viewer, found)
    else:
        problemedit.heard(desk, viewer, found, told)


def _body(desk: Desk, viewer: Viewer, found: Problem, about: About) -> list[Node]:
    tickets = remembered(desk, viewer, ("linked", found.ref), lambda: desk.linked_from(found, viewer=viewer, most=MOST))
    uses = remembered(desk, viewer, ("uses", day(now())), lambda: desk.problem_uses(viewer=viewer, now=now()))
    articles = desk.problem_articles(found, viewer=viewer)
    mine = feedback.standing(desk, viewer, [found], about)
    held = problemhelp.verdict_block(desk, found, viewer, now())
    chips = ["known error" if found.is_known_error else "problem", found.state, found.service]
    lead = hits.fix(found, found.workaround, name="record") if found.workaround else None
    return [
        _title(found, chips),
        _merged(desk, viewer, found),
        feedback.buttons(found, about, mine.get(found.ref, {})),
        _flags(desk, viewer, found),
        problemedit.told(found.ref),
        originals.block(desk, viewer, found),
        div(
            "record p-record",
            div(
                "",
                *([lead, _in_place(found, "workaround")] if lead else []),
                held,
                *(_text(found, name) for name in TEXTS if name != "workaround" or not lead),
                problemhelp.contrasts(found),
                _tickets(found, tickets),
                _articles(articles),
                _link(found, str(len(tickets) + len(articles))),
                history.section(desk, viewer, found),
            ),
            _side(desk, viewer, found, uses.get(found.id or 0, ProblemUse())),
        ),
    ]


def _title(found: Problem, chips: list[str]) -> Node:
    worn = [span("chip", text[:60]) for text in chips if text]
    look = "long" if len(found.title) > 90 else ""
    return el("header", "head", el("h1", look, found.title[:300] or "(no title)"),
              div("row tight small block-s", span("number", found.number), *worn))  # fmt: skip


def _merged(desk: Desk, viewer: Viewer, found: Problem) -> Node:
    if found.merged_into is None:
        return None
    end = desk.final_problem(found, viewer=viewer)
    if end is None:
        return div("heard gap-s", "This was merged into another problem.", role="status")
    return div("heard gap-s", "This was merged into ", link(end.title or end.number, "problems", problem=end.number,
               source=end.source), ", which has its tickets and articles now.", role="status")  # fmt: skip


def _flags(desk: Desk, viewer: Viewer, found: Problem) -> Node:
    marks = remembered(desk, viewer, ("flags", found.ref), lambda: desk.marks_of(found, viewer=viewer))
    flagged = [one for one in marks if one.said == "flag" and one.undone_at is None and one.target == found.ref]
    return div("notes", *(_flag(found, one) for one in flagged)) if flagged else None


def _flag(found: Problem, mark: Mark) -> Node:
    settle = button("Settled", "undo", "quiet", title="Take the flag away", id=str(mark.id), kind="problem",
                    source=found.source, number=found.number)  # fmt: skip
    by = " · ".join(text for text in (mark.by and f"by {mark.by}", day(mark.at)) if text)
    return div("note row tight", el("strong", "", "Flagged: "), mark.note, span("small", by), span("push", settle))


# --- what is known ------------------------------------------------------------------------------------------------


def _text(found: Problem, name: str) -> Node:
    """One text of the record and the form to change it in its place."""
    text = str(getattr(found, name))
    shown = prose(text, "body", name=f"body:{name}", most=4000) if text else el("p", "soft", _EMPTY[name])
    return el("section", "block p-text", el("h2", "kicker", TEXTS[name]), shown, _in_place(found, name),
              label=TEXTS[name])  # fmt: skip


def _in_place(found: Problem, name: str) -> Node:
    text, kept = str(getattr(found, name)), problemedit.kept(found.ref)
    asks = form(
        "set",
        field(name, TEXTS[name], kept.get(name, text), kind="area", hide=True),
        div("row tight", submit("Save", "little strong")),
        look="edit",
        seen=problemedit.seen(found),
    )
    edit = fold(
        "Edit" if text else "Write it down",
        asks,
        look="in-place",
        name=f"edit:{name}:{content_hash(text)[:8]}",
        opened=name in kept,
    )
    return {**edit, "into": True}


def _side(desk: Desk, viewer: Viewer, found: Problem, use: ProblemUse) -> Node:
    pattern = link("The pattern it was made from", "patterns", pattern=found.pattern) if found.pattern else None
    lately = f", {use.lately} of them in the last 4 weeks" if use.lately else ""
    details = {
        "Tickets": f"{use.linked:,}{lately}" if use.linked else "none yet",
        "Helped": count(use.helped, "time") if use.helped else "",
        "Last used": ago(use.last, to=now()),
        "Opened": day(found.created_at),
        "Updated": day(found.updated_at),
        "Resolved": day(found.resolved_at),
        "Source": found.source,
        "Only for": ", ".join(found.audience),
    }
    extra = {name[:60]: text for name, text in found.extra.items() if text}
    more = fold(f"{len(extra)} more fields", _list(extra), name="extra") if extra else None
    return el("aside", "side block", div("", _state(found), _fields(found)), div("block", el("h2", "kicker", "Details"),
              _list(details), div("block-s", pattern), more, _merge(found)))  # fmt: skip


def _state(found: Problem) -> Node:
    """The state as a list to choose from, and what a move still asks for."""
    states = list(PROBLEM_STATES) if found.state in PROBLEM_STATES else [found.state, *PROBLEM_STATES]
    seen = problemedit.seen(found)
    move = form("set", choice("state", "State", found.state, [(one, one.capitalize()) for one in states], sends=True),
                look="set", seen=seen)  # fmt: skip
    wanted = problemedit.wanted(found.ref)
    if wanted is None:
        return move
    name = "root_cause" if wanted == "root cause known" else "fix"
    asks = form("set", {**field(name, TEXTS[name], kind="area"), "grab": True},
                submit(f"Save and move to {wanted}", "little"), look="edit", state=wanted, seen=seen)  # fmt: skip
    return [move, div("block-s", asks)]


def _fields(found: Problem) -> Node:
    level = "" if found.impact is None else str(found.impact)
    levels = [("", "Not given"), *LEVELS.items(), *([(level, level)] if level not in ("", *LEVELS) else [])]
    resolved = "" if found.resolved_at is None else f"{found.resolved_at:%Y-%m-%d}"
    asks = form(
        "set",
        field("title", "Title", found.title, most=200),
        field("owner", "Owner", found.owner, most=120),
        choice("impact", "Impact", level, levels),
        field("service", "Service", found.service, most=120),
        field("category", "Category", found.category, most=120),
        field("resolved_at", "Fix in since", resolved, kind="date") if resolved else None,
        submit("Save", "little strong"),
        look="edit",
        seen=problemedit.seen(found),
    )
    facts = {"Owner": found.owner or "nobody", "Impact": LEVELS.get(level, level), "Service": found.service,
             "Category": found.category}  # fmt: skip
    change = {**fold("Change these", asks, name=f"fields:{content_hash(str(shown(found)))[:8]}"), "into": True}
    return [div("block-s", _list(facts)), div("block-s", change)]


def _merge(found: Problem) -> Node:
    if found.merged_into is not None:
        return None
    asks = form("merge", field("into", "Number of the problem that takes over", hint="PRB0000366", most=80),
                field("why", "Why (kept with it)", most=200), submit("Merge", "little"), look="edit")  # fmt: skip
    return div("block-s", {**fold("Merge into another", asks, name="merge"), "into": True})


def _list(pairs: dict[str, str]) -> Node:
    rows: list[Node] = []
    for name, text in pairs.items():
        if text:
            rows += [el("dt", "", name), el("dd", "", text[:300])]
    return el("dl", "list", *rows)


# --- what belongs to it -------------------------------------------------------------------------------------------


def _tickets(found: Problem, pairs: list[tuple[Link, Record]]) -> Node:
    rows = [_linked(one, made.by, (made.linked_at and day(made.linked_at)) or "") for made, one in pairs]
    more = " or more" if len(pairs) == MOST else ""
    title = f"Linked incidents · {len(pairs):,}{more}" if len(pairs) > 1 else "Linked incidents"
    return _ends(title, rows, "No ticket belongs to it yet.")


def _articles(articles: list[Article]) -> Node:
    return _ends("Articles", [_linked(one, "", "") for one in articles]) if articles else None


def _ends(title: str, rows: list[Node], none: str = "") -> Node:
    rest = rows[SHOWN:]
    return el(
        "section", "block", el("h2", "kicker", title),
        el("ul", "lines tight", *rows[:SHOWN]) if rows else el("p", "soft", none),
        fold(f"{len(rest):,} more", el("ul", "lines tight", *rest), name=f"ends:{title[:8]}") if rest else None,
        label=title,
    )  # fmt: skip


def _linked(one: Record, by: str, when: str) -> Node:
    state = (one.state or "") if isinstance(one, Ticket) else one.ref.kind
    shown = (state, by and f"by {by}", when)
    off = button("Does not belong", "unlink", "quiet", kind=one.ref.kind, source=one.source, number=one.number)
    named = link(one.title or one.number, "search", **hits.here(one))
    facts = div("facts", span("", span("number", one.number)), *(span("", text) for text in shown if text))
    return el("li", "p-end", div("", named, facts), span("push", off))


def _link(found: Problem, after: str) -> Node:
    """A field for a number; ``after`` is another once a link was made, so that it is empty again."""
    if found.merged_into is not None:
        return None
    asks = form("link", field("number", "Number of a ticket or an article", hint="INC0012345 or KB0004711", most=80),
                submit("Link", "little"), look="inline", after=after)  # fmt: skip
    return div("block-s", asks)
