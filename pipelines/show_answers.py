"""How answers and the knowledge base look in a terminal: what fixed it first, then where that stands."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from kb.library import Library
from kb.records import Answer, Fix, Hit, Ticket
from pipelines.show import day, line, table

_FIXES, _STEPS = 3, 6


def show_answer(answer: Answer, *, nearest: bool = False) -> None:
    """The answer as a person reads it: seen or not, then what fixed it."""
    looked = " and ".join(f"{n:,} {kind}" for kind, n in answer.looked_at.items())
    line("Seen before." if answer.seen else f"Not seen before (looked at {looked}).", style="bold")
    if answer.fixes:
        line("\nWhat fixed it:", style="bold")
    for fix in answer.fixes[:_FIXES]:
        _show_fix(fix)
    if answer.steps:
        line("\nAsk and check:", style="bold")
    for step in answer.steps[:_STEPS]:
        line(f"  {'?' if step.asks else '-'} {' '.join(step.text.split())[:200]}  [{step.cited[0].number}]")
    for hit in answer.hits:
        _show_hit(hit)
    if answer.nearest and nearest:
        line("Nearest misses:", style="dim")
        for hit in answer.nearest:
            _show_hit(hit)
    for note in answer.notes:
        line(note, style="yellow")


def _show_fix(fix: Fix) -> None:
    facts = [f"median {fix.minutes:.0f} min" if fix.minutes is not None else "",
             f"{fix.reopened} reopened" if fix.reopened else ""]  # fmt: skip
    said = " · ".join([f"{len(fix.cited)} of {fix.of} like this", *filter(None, facts)])
    line(f"  {' '.join(fix.text.split())[:240]}")
    more = f" and {len(fix.cited) - 4} more" if len(fix.cited) > 4 else ""
    line(f"      {said} · {', '.join(ref.number for ref in fix.cited[:4])}{more}", style="dim")


def _show_hit(hit: Hit) -> None:
    record = hit.record
    when = f", {day(record.opened_at)}" if isinstance(record, Ticket) and record.opened_at else ""
    line(f"\n{hit.relevance:>4.0%}  {record.title or record.text[:100]}  [{record.number}{when}]", style="bold")
    fix = " ".join(hit.resolution.split())
    line(f"      {fix[:400]}{'…' if len(fix) > 400 else ''}" if fix else "      (no resolution was written down)")
    if hit.why:
        line(f"      {' · '.join(hit.why)}", style="dim")


def show_library(library: Library, *, most: int) -> None:
    """What the knowledge base needs: gaps first, since those are what callers meet."""
    line(f"{len(library.articles):,} articles, {sum(use.linked for _, use in library.articles):,} times linked.")
    gaps = [(g.pattern.id, g.pattern.name, g.count, f"{g.hours:,.0f} h", "yes" if g.can_draft else "no")
            for g in library.gaps[:most]]  # fmt: skip
    table(f"{len(library.gaps)} recurring failures without an article", ("id", "name", "tickets", "", "can be drafted"),
          gaps, right=(2, 3))  # fmt: skip
    stale = [(s.article.number, s.article.title, s.kind, "; ".join(s.reasons[:2])) for s in library.stale[:most]]
    table(f"{len(library.stale)} articles to look at", ("number", "title", "", "why"), stale)
    twins = [(p.left.number, p.right.number, p.left.title, f"{p.score:.2f}") for p in library.doubles[:most]]
    table(f"{len(library.doubles)} pairs that say the same", ("", "", "title", "score"), twins, right=(3,))
    against = [(c.left.number, c.left_says, c.right.number, c.right_says) for c in library.conflicts[:most]]
    table(f"{len(library.conflicts)} contradictions", ("", "says", "", "says"), against)


def library_json(library: Library) -> dict[str, Any]:
    """What ``seenbefore knowledge --json`` prints."""
    return {
        "articles": [{"id": a.number, "source": a.source, "title": a.title, "state": a.state, "owner": a.owner,
                      **asdict(use)} for a, use in library.articles],
        "gaps": [{"pattern": g.pattern.id, "name": g.pattern.name, "tickets": g.count, "hours": round(g.hours, 1),
                  "can_draft": g.can_draft, "why": list(g.why)} for g in library.gaps],
        "stale": [{"id": s.article.number, "kind": s.kind, "why": list(s.reasons)} for s in library.stale],
        "doubles": [{"left": p.left.number, "right": p.right.number, "score": round(p.score, 4)}
                    for p in library.doubles],
        "conflicts": [{"left": c.left.number, "left_says": c.left_says, "right": c.right.number,
                       "right_says": c.right_says, "why": c.why} for c in library.conflicts],
    }  # fmt: skip
