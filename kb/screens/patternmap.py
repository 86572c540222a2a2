"""Patterns to look at: areas by cost coloured by growth, and weeks side by side; the same figures stand in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kb.screens.paper import Node, div, el, fold, link, span, strip, tiles
from kb.screens.treemap import Box, layout
from kb.screens.wording import count, day, money, share, worked
from kb.standings import NOTABLE, Standing, Standings

TILES = 50
ROWS = 40
WEEKS = 52
_TIGHT = 0.09
"""Width under which a name is written smaller."""
_STRONG = 4.0
"""Standard deviations from which growth is drawn strongly."""
_KEYS = (("up2", f"far more tickets lately than expected (over {_STRONG:g} standard deviations)"),
         ("up1", f"more than expected (over {NOTABLE:g})"), ("even", "as expected"),
         ("down", "fewer than expected"))  # fmt: skip


def areas(found: Standings, places: Sequence[int]) -> Node:
    """The treemap: area is work, colour is growth; of the smallest patterns only a sentence."""
    sized = sorted(places, key=lambda at: (-found.rows[at].hours, -found.rows[at].pattern.size,
                                           found.rows[at].pattern.id))  # fmt: skip
    shown, rest = sized[:TILES], sized[TILES:]
    weights = [float(found.rows[at].pattern.size) for at in shown]
    made = [_tile(found, at, box) for at, box in zip(shown, layout(weights), strict=True)]
    keys = [span("", span(f"key tone-{tone}", hidden="true"), words) for tone, words in _KEYS]
    return el(
        "section", "block",
        tiles(made, label="Patterns by hours of work"),
        div("keys-row", span("", "Area: hours of work."), *keys),
        el("p", "small soft block-s", _undrawn(found, sized, len(rest))) if rest else None,
        div("block-s", fold("The same as a table", div("scroll", _table(found, sized)), name="map-table")),
    )  # fmt: skip


def _undrawn(found: Standings, sized: Sequence[int], rest: int) -> str:
    sizes = [found.rows[at].pattern.size for at in sized]
    part = sum(sizes[-rest:]) / max(1, sum(sizes))
    return f"{count(rest, 'smaller pattern')} with {share(part)} of the work {'is' if rest == 1 else 'are'} not drawn."


def _tone(one: Standing) -> str:
    if one.moves == "growing":
        return "up2" if one.surprise >= _STRONG else "up1"
    return "down" if one.moves == "falling" else "even"


def _tile(found: Standings, at: int, box: Box) -> dict[str, Any]:
    one = found.rows[at]
    sign = {"growing": " ↑", "falling": " ↓", "steady": ""}[one.moves]
    spent = money(one.cost, found.assumed.currency) if one.cost is not None else worked(one.hours)
    facts = f"{count(one.pattern.size, 'ticket')} · {spent}"
    lately = f"; {one.lately:,} in the last 4 weeks"
    lately += f", expected {one.expected:.1f}" if one.expected is not None else ""
    lines = _fitting([f"{one.pattern.name}{sign}", facts], box)
    return {"at": [round(edge, 5) for edge in box], "tone": _tone(one),
            "words": f"{one.pattern.name}: {facts}{lately}",
            "lines": lines, "clamp": _rows(box, len(lines)), "tight": box[2] < _TIGHT, "page": "patterns",
            "where": {"pattern": one.pattern.id}}  # fmt: skip


def _fitting(lines: Sequence[str], box: Box) -> list[str]:
    """Lines that have room in a box; none in a sliver."""
    _, _, wide, high = box
    if wide < 0.045 or high < 0.06:
        return []
    return list(lines if wide > 0.1 and high > 0.13 else lines[:1])


def _rows(box: Box, lines: int) -> int:
    """Rows of text that a name may take in a box, on a small screen too."""
    return max(1, int((box[3] * 440 - 12) / (15 if box[2] < _TIGHT else 17)) - 2 * (lines - 1))


def _table(found: Standings, places: Sequence[int]) -> Node:
    heads = ("Pattern", "Tickets", "Hours", "Last 4 weeks", "Expected", "")
    rows = []
    for at in places:
        one = found.rows[at]
        expected = "—" if one.expected is None else f"{one.expected:.1f}"
        rows.append(el(
            "tr", "", el("td", "", link(one.pattern.name, "patterns", pattern=one.pattern.id)),
            *(el("td", "right", text) for text in (f"{one.pattern.size:,}", f"{one.hours:,.1f}", f"{one.lately:,}",
                                                   expected)),
            el("td", "soft", "" if one.moves == "steady" else one.moves),
        ))  # fmt: skip
    return el("table", "table", el("thead", "", el("tr", "", *(el("th", "", text) for text in heads))),
              el("tbody", "", *rows))  # fmt: skip


# --- week by week -------------------------------------------------------------------------------------------------


def weeks(found: Standings, places: Sequence[int]) -> Node:
    """A strip of the last year's weeks for each pattern; a week above what was to be expected stands out."""
    wide = found.weeks.counts.shape[1]
    first = max(0, wide - WEEKS)
    marks = [span("", day(found.weeks.start(week))) for week in (first, first + (wide - first) // 2, wide - 1)]
    parts: list[Node] = [span("soft small", ""), div("marks", *marks), span("soft small", "tickets")]
    for at in places[:ROWS]:
        parts += _strip(found, at, first)
    rest = len(places) - ROWS
    keys = [span("", span("key over", hidden="true"), "a week above what was to be expected")]
    return el(
        "section", "block",
        div("times", *parts),
        div("keys-row", span("", "Stronger colour: more tickets, each row by its own busiest week."), *keys),
        el("p", "small soft block-s", f"{count(rest, 'more pattern')} further down the list.") if rest > 0 else None,
    )  # fmt: skip


def _strip(found: Standings, at: int, first: int) -> list[Node]:
    one, all_ = found.rows[at], found.weeks
    counts, high = all_.counts[at][first:], all_.high[at][first:]
    most = max(1, int(counts.max(initial=0)))
    cells, out = [], []
    for place, (n, top) in enumerate(zip(counts.tolist(), high.tolist(), strict=True)):
        begins, above = day(all_.start(first + place)), bool(n > top)
        out += [f"{begins}: {n}"] if above else []
        expected = f", expected at most {top:.1f}" if top == top else ""
        cells.append((f"{begins}: {count(n, 'ticket')}{expected}", n / most, above))
    total = int(counts.sum())
    said = f"{one.pattern.name}: {count(total, 'ticket')} in {len(cells)} weeks, at most {most} in one"
    said += f"; above what was to be expected in the weeks of {', '.join(out[-6:])}" if out else ""
    return [link(one.pattern.name, "patterns", pattern=one.pattern.id), strip(cells, label=said),
            span("tally", f"{total:,}")]  # fmt: skip
