"""The card of one target's model: its promise and what it costs, whether it knows how sure it is, and where it errs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kb.live import Week
from kb.offers import Card, offer
from kb.offers import held as held
from kb.screens.chrome import with_commands
from kb.screens.paper import Node, div, el, fold, meter, span
from kb.screens.plot import Axis, Plot, Points, point
from kb.screens.wording import count, share, target, value

NAMED = 12
_FEW = 5


def draw(card: Card, live: Sequence[Week], *, chosen: float | None, promise: float | None) -> list[Node]:
    """The card; ``chosen`` is the promise looked at, ``promise`` the one that holds."""
    name = str(card["target"])
    return [
        div("m-two", _curve(card, chosen=chosen, promise=promise), _reliability(card)),
        div("m-two", _live(name, live), _confused(card)),
        div("m-two", _worst(card), _rare(card)),
        _made(card),
    ]


def section(title: str, said: str, *inside: Node) -> dict[str, object]:
    """One part of a card."""
    return el("section", "m-part", el("h3", "", title), el("p", "small soft", *with_commands(said)), *inside)


# --- the promise --------------------------------------------------------------------------------------------------


def _curve(card: Card, *, chosen: float | None, promise: float | None) -> Node:
    rows: Sequence[Mapping[str, float]] = card.get("curve") or ()
    if not rows:
        return section("Right, by how much it says", "Too few tickets to tell: run `seenbefore train` with more.")
    low = min(0.9, *(row["precision"] for row in rows))
    y = Axis(max(0.0, (10 * low // 1 - 1) / 10), 1.0, (0.0, 0.2, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0))
    line = [(row["coverage"], row["precision"]) for row in rows]
    band = [(row["coverage"], row["low"]) for row in rows] + [(r["coverage"], r["high"]) for r in reversed(rows)]
    at = offer(card, chosen if chosen is not None else promise)
    points = []
    for one in (one for one in card.get("promises", ()) if one["coverage"]):
        words = (f"Promise {share(one['promise'])}: speaks on {share(one['coverage'])}, "
                 f"{share(one['precision'])} of it right")  # fmt: skip
        look, size = ("chosen", 6.5) if at is one else ("offer", 4.5)
        where = {"target": str(card["target"]), "promise": f"{one['promise']:g}"}
        points.append(point(one["coverage"], one["precision"], words, look=look, size=size, **where))
    plot = Plot("Share right against share of tickets it speaks on", y=y, lines=(("curve", line),), bands=(band,),
                points=points)  # fmt: skip
    said = "Across: share of tickets it speaks on. Up: share of those that is right, with its 95 % interval. Each dot is a promise: press one to try it."  # noqa: E501
    return section("Right, by how much it says", said, plot.node())


def _reliability(card: Card) -> Node:
    rows: Sequence[Sequence[float]] = card.get("reliability") or ()
    ece = card["figures"].get("ece")
    if not rows:
        return section("Does it know how sure it is?", "Too few tickets to tell: run `seenbefore train` with more.")
    most = max(row[2] for row in rows)
    line: Points = [(row[0], row[1]) for row in rows]
    points = [
        point(sure, right, f"Said {share(sure)}, right {share(right)} of {count(int(n), 'ticket')}",
              look="quiet" if n < _FEW else "plain", size=2.5 + 4 * (n / most) ** 0.5)
        for sure, right, n in rows
    ]  # fmt: skip
    plot = Plot("Share right against how sure it was", lines=(("even", ((0, 0), (1, 1))), ("curve", line)),
                points=points)  # fmt: skip
    off = f" It is {100 * ece:.1f} points off on average." if isinstance(ece, int | float) else ""
    said = f"Across: how sure it said it was. Up: how often it was right. On the line it keeps its word.{off}"
    return section("Does it know how sure it is?", said, plot.node())


# --- where it errs ------------------------------------------------------------------------------------------------


def _confused(card: Card) -> Node:
    pairs: Sequence[Mapping[str, Any]] = card.get("confused") or ()
    name = str(card["target"])
    title = "What it mistakes for what"
    if not pairs:
        return section(title, "No mistake among the tickets it was judged on.")
    rows = [
        el("tr", "", el("td", "", value(name, str(one["truth"]))), el("td", "", value(name, str(one["said"]))),
           el("td", "right", f"{one['cases']:,}"), el("td", "right", share(float(one["share"]))))
        for one in pairs[:8]
    ]  # fmt: skip
    return section(title, "Its best guess, also where it kept silent.",
                   table(("It was", "It guessed", "Tickets", "Of all such"), rows, words=2))  # fmt: skip


def _worst(card: Card) -> Node:
    worst: Mapping[str, Any] = card.get("worst_tenth") or {}
    name, spoke = str(card["target"]), [row for row in card.get("classes", ()) if row.get("said")]
    title = "Values it is worst at"
    if not spoke:
        silent = ("It suggested nothing among the tickets it was judged on: the promise is too high for so few. "
                  "Press a lower one above, or import more tickets and run `seenbefore train`.")  # fmt: skip
        return section(title, silent)
    ranked = sorted(spoke, key=lambda row: (row["precision"], -row["said"]))[:8]
    rows = [
        el("tr", "", el("td", "", value(name, str(row["label"]))), el("td", "right", f"{row['learnt']:,}"),
           el("td", "right", f"{row['right']:,} of {row['said']:,}"),
           el("td", "right", f"{share(row['low'])} – {share(row['high'])}"))
        for row in ranked
    ]  # fmt: skip
    said = (f"The worst tenth together: {worst.get('right', 0):,} of {worst.get('said', 0):,} right "
            f"({_between(worst)}).")  # fmt: skip
    return section(title, said, table(("Value", "Learnt from", "Right", "95 % interval"), rows, words=1))


def _rare(card: Card) -> Node:
    name = str(card["target"])
    silent = [str(row["label"]) for row in card.get("classes", ()) if row.get("from") is None]
    pooled: Mapping[str, int] = card.get("pooled") or {}
    parts: list[Node] = []
    if silent:
        words = f"{count(len(silent), 'value')} cannot keep the promise yet, so nothing is said:"
        parts.append(_values(words, [(value(name, one), "") for one in silent], name=f"silent:{name}"))
    if pooled:
        words = f"{count(len(pooled), 'rare value')} with too few tickets to learn from, never suggested:"
        rare = [(value(name, one), f"{n:,}") for one, n in sorted(pooled.items(), key=lambda pair: -pair[1])]
        parts.append(_values(words, rare, name=f"rare:{name}"))
    said = "" if parts else "None: every value has enough tickets and keeps its promise."
    return section("Silent and rare values", said, *parts)


def _values(words: str, found: Sequence[tuple[str, str]], *, name: str) -> Node:
    chips: list[Node] = [span("chip", one, span("q-sure", n) if n else None) for one, n in found]
    rest = None
    if len(chips) > NAMED:
        rest = fold(f"and {len(chips) - NAMED} more", div("row tight", *chips[NAMED:]), name=name)
    return div("block-s", el("p", "small", words), div("row tight block-s", *chips[:NAMED]), rest)


# --- in use -------------------------------------------------------------------------------------------------------


def _live(name: str, live: Sequence[Week]) -> Node:
    mine = [row for row in live if row.target == name]
    title = "In use, week by week"
    if not any(row.accepted or row.replaced or row.skipped or row.judged for row in mine):
        return section(title, "Nobody has answered a suggestion yet: accept or correct some on the Triage page.")
    rows = []
    for row in mine[:8]:
        answered = row.accepted + row.replaced
        rate = row.accepted / answered if answered else None
        right = f"{row.right:,} of {row.judged:,}" if row.judged else "—"
        kept = [meter(rate), " ", share(rate)] if rate is not None else ["—"]
        rows.append(el("tr", "", el("td", "", f"{row.monday.day}.{row.monday.month}."), el("td", "", *kept),
                       *(el("td", "right", f"{n:,}") for n in (row.accepted, row.replaced, row.skipped, row.silent)),
                       el("td", "right", right)))  # fmt: skip
    heads = ("Week of", "Accepted", "Yes", "Changed", "Skipped", "Silent", "Right in the end")
    return section(title, "What people made of its suggestions, and what the tickets said once they were done.",
                   table(heads, rows, words=2))  # fmt: skip


# --- the small print ----------------------------------------------------------------------------------------------


def _made(card: Card) -> Node:
    made: Mapping[str, Any] = card.get("made") or {}
    weights: Mapping[str, float] = made.get("view_weights") or {}
    spoken = " · ".join(f"{name} {weight:.2f}" for name, weight in weights.items())
    fields = ", ".join(map(str, card.get("fields", ()))) or "none: words only"
    parts = [
        f"Learnt from {count(int(card.get('tickets', 0)), 'ticket')}",
        f"judged on {count(int(card.get('judged', 0)), 'ticket')} {_judged(card)}",
        f"views {spoken}" if spoken else "",
        f"fields {fields}",
        f"calibration {made['calibration']}" if made.get("calibration") else "",
        f"fitted in {card.get('fitted_in', '')}",
    ]
    return el("p", "small soft m-made", " · ".join(part for part in parts if part))


def _judged(card: Card) -> str:
    return "that came later" if card.get("judged_on") == "later" else "held out while learning"


def _between(one: Mapping[str, Any]) -> str:
    return f"{share(float(one.get('low', 0)))} to {share(float(one.get('high', 1)))} with 95 % certainty"


def table(heads: Sequence[str], rows: Sequence[Node], *, words: int) -> Node:
    """A table whose first ``words`` columns are words and the others figures."""
    named = [el("th", "" if at < words else "right", head) for at, head in enumerate(heads)]
    return div("scroll block-s", el("table", "table", el("thead", "", el("tr", "", *named)), el("tbody", "", *rows)))


def titled(name: str) -> str:
    """The heading of a card."""
    return target(name)
