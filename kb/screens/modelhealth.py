"""What keeps models honest over time: drift, the quality of what they learn from, search's bars, and their history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kb.screens.chrome import empty, with_commands
from kb.screens.modelcard import table
from kb.screens.paper import Node, button, div, el, fold, link, meter, span
from kb.screens.wording import count, share, target

NARROW, WIDE = 0.10, 0.25
"""Population stability: below the first nothing moved, from the second on it is another population."""
_MOST = 8


def drift(facts: Mapping[str, Any]) -> Node:
    """How far recent tickets have moved from those that were learnt from."""
    found = [one for one in _rows(facts, "drift") if isinstance(one.get("psi"), int | float)]
    title = _title("Drift", "Do new tickets still look like those learnt from?")
    if not found:
        return _part(title, empty("Not measured yet.", "With 50 new tickets or more: `seenbefore models drift`"))
    ranked = sorted(found, key=lambda one: -float(one["psi"]))[: 2 * _MOST]
    heads = ("What", "Of", "Moved", "", "By chance below", "Tickets")
    body = table(heads, [_moved(one) for one in ranked], words=2)
    said = "Population stability: below 0.10 nothing moved, from 0.25 on these are other tickets; train anew then."
    return _part(title, div("card", body), el("p", "small soft block-s", said))


def _moved(one: Mapping[str, Any]) -> Node:
    psi, bound = float(one["psi"]), one.get("by_chance")
    least = max(WIDE, float(bound)) if isinstance(bound, int | float) else WIDE
    word = "moved" if psi >= least else "a little" if psi >= NARROW else "steady"
    of = target(str(one["target"])) if one.get("target") else "What comes in"
    return el("tr", "", el("td", "", str(one.get("what", ""))), el("td", "", of),
              el("td", "right", f"{psi:.2f}"), el("td", "", meter(psi / (2 * WIDE)), " ",
                                                   span("warned small" if word == "moved" else "soft small", word)),
              el("td", "right", f"{float(bound):.2f}" if isinstance(bound, int | float) else "—"),
              el("td", "right", f"{int(one.get('n', 0)):,}"))  # fmt: skip


def quality(facts: Mapping[str, Any]) -> Node:
    """What the last report found wrong with the tickets that are learnt from."""
    report = facts.get("quality")
    title = _title("Data quality", "What stands in the way of learning?")
    if not isinstance(report, Mapping):
        return _part(title, empty("Not looked at yet.", "Look for mislabelled and empty tickets: `seenbefore "
                                  "data-quality`"))  # fmt: skip
    findings = _rows(report, "findings")
    if not findings:
        return _part(title, el("p", "soft", "The last report found nothing that stands in the way."))
    ranked = sorted(findings, key=lambda one: -int(one.get("count") or 0))
    rest = None
    if len(ranked) > _MOST:
        rest = div("block-s", fold(f"{len(ranked) - _MOST} more findings", _found(ranked[_MOST:]), name="findings"))
    return _part(title, _found(ranked[:_MOST]), rest, _suspects(_rows(report, "suspects")))


def _found(findings: Sequence[Mapping[str, Any]]) -> Node:
    rows = [
        el("tr", "", el("td", "nowrap", target(str(one.get("target"))) if one.get("target") else "Texts"),
           el("td", "", str(one.get("what", ""))), el("td", "soft", *with_commands(str(one.get("todo", "")))),
           el("td", "", *_tickets(one.get("tickets", ()))))
        for one in findings
    ]  # fmt: skip
    return div("card", table(("Of", "Found", "What to do", "Such as"), rows, words=4))


def _suspects(found: Sequence[Mapping[str, Any]]) -> Node:
    if not found:
        return None
    rows = [
        el("tr", "", el("td", "", *_tickets((one.get("number", ""),))), el("td", "", str(one.get("title", ""))[:160]),
           el("td", "", target(str(one.get("target", "")))), el("td", "", str(one.get("given", ""))),
           el("td", "", str(one.get("alternative", ""))),
           el("td", "right", share(float(one.get("suspicion", 0)))))
        for one in sorted(found, key=lambda one: -float(one.get("suspicion", 0)))[: 3 * _MOST]
    ]  # fmt: skip
    heads = ("Ticket", "Title", "Of", "Given", "Looks like", "Suspicion")
    words = f"{count(len(found), 'ticket')} probably mislabelled"
    return div("block-s", fold(words, div("card", table(heads, rows, words=5)), name="suspects"))


def _tickets(numbers: Any) -> list[Node]:
    if not isinstance(numbers, Sequence) or isinstance(numbers, str):
        return []
    return [[link(span("number", str(one)), "search", ticket=str(one)), " "] for one in numbers[:3] if one]


def search(models: Mapping[str, Any]) -> Node:
    """How the ranking of search came out of the same training."""
    gate = models.get("gate")
    said = [f"{kind.capitalize()}s: {ruling['why']}" for kind, ruling in dict(models.get("ranking") or {}).items()
            if isinstance(ruling, Mapping) and ruling.get("why")]  # fmt: skip
    if isinstance(gate, Mapping) and gate.get("why"):
        said.append(f"“Not seen before”: {gate['why']}")
    if not said:
        return None
    return _part(_title("Search", "What the same training did to its ranking"),
                 el("ul", "lines tight", *(el("li", "small", one) for one in said)))  # fmt: skip


def history(facts: Mapping[str, Any], *, can: bool) -> Node:
    """The generations that served, and the way back to each."""
    found = _rows(facts, "history")
    title = _title("History", "Every training, and the way back")
    if not found:
        return _part(title, empty("No history here.", "See every generation of models: `seenbefore models list`"))
    rows = [_generation(one, can=can) for one in found[: 2 * _MOST]]
    return _part(title, div("card", table(("Made", "Macro-F1", "Why", ""), rows, words=3)))


def _generation(one: Mapping[str, Any], *, can: bool) -> Node:
    name, serving = str(one.get("name", "")), bool(one.get("serving"))
    when = str(one.get("when") or one.get("made_at") or "")[:16].replace("T", " ")
    back: Node = None
    if serving:
        back = span("chip good", "serves")
    elif can and one.get("kept", True):
        ask = button("Yes, let it serve", "rollback", "little", generation=name)
        back = fold("Go back", div("block-s", ask), name=f"back:{name}", look="quiet")
    said = " ".join(str(text) for text in (one.get("note"), one.get("why") or _whys(one)) if text)
    return el("tr", "", el("td", "", when or name, div("soft small mono", name)), el("td", "", *_figures(one)),
              el("td", "small soft", said), el("td", "", back))  # fmt: skip


def _whys(one: Mapping[str, Any]) -> str:
    """Why each target's model was published or kept; once where it is the same for all."""
    found: dict[str, list[str]] = {}
    targets = one.get("targets")
    for name, about in targets.items() if isinstance(targets, Mapping) else ():
        if isinstance(about, Mapping) and about.get("why"):
            found.setdefault(str(about["why"]), []).append(target(str(name)))
    if len(found) == 1:
        return next(iter(found))
    return " ".join(f"{', '.join(names)}: {why}" for why, names in found.items())


def _figures(one: Mapping[str, Any]) -> list[Node]:
    given = one.get("figures") or one.get("targets")
    if not isinstance(given, Mapping):
        return ["—"]
    out: list[Node] = []
    for name, found in given.items():
        figure = found.get("macro_f1") if isinstance(found, Mapping) else found
        if isinstance(figure, int | float):
            out.append(div("small", span("soft", f"{target(str(name))} "), f"{figure:.3f}".lstrip("0")))
    return out or ["—"]


def _rows(facts: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    found = facts.get(name)
    if not isinstance(found, Sequence) or isinstance(found, str):
        return []
    return [one for one in found if isinstance(one, Mapping)]


def _title(name: str, said: str) -> Node:
    return div("title-row", el("h2", "", name), span("soft small", said))


def _part(*inside: Node) -> dict[str, object]:
    return el("section", "gap", *inside)
