"""What fixed it, as the first thing a reader sees, and what to ask and check; every line with where it stands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from kb.records import Answer, Article, Fix, Ref, Step
from kb.screens.paper import Node, copier, div, el, fold, link, prose, span
from kb.screens.wording import count, took

SHOWN = 3
CITED = 5
_FEW_FOR_A_DRAFT = 3


def block(answer: Answer, kept: Mapping[str, str]) -> Node:
    """Ways in which it was fixed, best proven first, and the checklist; nothing where there is neither."""
    titles = {hit.record.ref: hit.record.title for hit in answer.hits if isinstance(hit.record, Article)}
    ways = [_way(fix, kept, titles, first=not place) for place, fix in enumerate(answer.fixes)]
    rest = ways[SHOWN:]
    head = "What fixed it" if len(ways) > 1 else "What fixed it before"
    told = [
        el("h2", "kicker", head),
        div("ways", *ways[:SHOWN]),
        div("block-s", fold(count(len(rest), "more way"), div("ways", *rest), name="ways")) if rest else None,
    ]
    steps = _checklist(answer, kept)
    if not ways and steps is None:
        return None
    return el("section", "fixed", *(told if ways else []), steps, label="What fixed it")


def _way(fix: Fix, kept: Mapping[str, str], titles: Mapping[Ref, str], *, first: bool) -> dict[str, object]:
    often = el("strong", "", f"{len(fix.cited):,} of {fix.of:,} like this")
    facts = [f"median {took(fix.minutes)}" if fix.minutes is not None else "",
             f"{fix.reopened:,} reopened" if fix.reopened else ""]  # fmt: skip
    name = f"way:{fix.cited[0]}:{fix.text[:40]}"
    return div(
        "way first" if first else "way",
        div("way-head", often, *(span("", text) for text in facts if text), copier("Copy", fix.text, key="c")),
        prose(fix.text, "way-text", name=name, most=420),
        div("cited", *cited(fix.cited, kept, name=name), *_articles(fix, kept, titles), _draft(fix)),
        card=name,
    )  # fmt: skip


def cited(refs: Sequence[Ref], kept: Mapping[str, str], *, name: str, most: int = CITED) -> list[Node]:
    """Numbers that lead to their records; the rest folds away."""
    shown: list[Node] = [_number(ref, kept) for ref in refs[:most]]
    rest = [_number(ref, kept) for ref in refs[most:]]
    if rest:
        shown.append(fold(f"and {len(rest):,} more", div("cited", *rest), look="more", name=f"cited:{name}"))
    return shown


def _number(ref: Ref, kept: Mapping[str, str]) -> dict[str, object]:
    return link(span("number", ref.number), "search", **{**kept, ref.kind: ref.number, "source": ref.source})


def _articles(fix: Fix, kept: Mapping[str, str], titles: Mapping[Ref, str]) -> list[Node]:
    """The articles linked on these tickets, by their titles where the answer has them."""
    return [
        span("of-article", "Article ", link(titles.get(ref) or ref.number, "search",
                                            **{**kept, "article": ref.number, "source": ref.source}))
        for ref in fix.articles[:2]
    ]  # fmt: skip


def _draft(fix: Fix) -> Node:
    """The way to an article where several tickets were fixed like this and none is linked on them."""
    sources = {ref.source for ref in fix.cited}
    if fix.articles or len(fix.cited) < _FEW_FOR_A_DRAFT or len(sources) > 1:
        return None
    numbers = " ".join(ref.number for ref in fix.cited[:40])
    return span("push", link("Draft an article", "knowledge", show="draft", tickets=numbers, source=sources.pop()))


def _checklist(answer: Answer, kept: Mapping[str, str]) -> Node:
    """Questions first, then what to check; what stands above as a fix is not said again."""
    above = {" ".join(fix.text.split()).rstrip(".") for fix in answer.fixes[:SHOWN]}
    steps = [step for step in answer.steps if " ".join(step.text.split()).rstrip(".") not in above]
    if not steps:
        return None
    asks, checks = [s for s in steps if s.asks], [s for s in steps if not s.asks]
    groups = [_steps(title, some, kept) for title, some in (("Ask", asks), ("Check", checks)) if some]
    return div("asks", fold(f"Ask and check · {len(steps)}", div("steps", *groups), name="steps"))


def _steps(title: str, steps: Sequence[Step], kept: Mapping[str, str]) -> dict[str, object]:
    rows = [
        el("li", "", {"x": "tick", "k": [step.text], "name": step.text[:200]},
           span("cited", *cited(step.cited, kept, name=f"step:{step.text[:40]}", most=1)))
        for step in steps
    ]  # fmt: skip
    return div("", el("h3", "kicker", title), el("ul", "lines tight", *rows))
