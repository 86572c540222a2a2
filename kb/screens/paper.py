"""What every screen draws on: a tree of plain values that the browser turns into text, never into Markdown or HTML.

Ticket text is untrusted. Here a string is always text: ``assets/paper.js`` makes each node with ``createElement`` and
``textContent`` from a closed list of tags and attributes, so no ticket can bring a link, an image, a style or a script.
Links lead to our own pages only. Nothing else under ``kb/screens`` may call Streamlit's own drawing functions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

import streamlit as st

from kb.records import Span
from kb.screens.mirror import mirrored

Node: TypeAlias = "str | dict[str, Any] | Sequence[Node] | None"
"""Text, an element, a row of nodes, or nothing."""
Told: TypeAlias = dict[str, Any]
"""What the browser sent: the name of an action and its fields, all of them strings. Never to be trusted."""

ASSETS = Path(__file__).parent / "assets"
_PLAIN, _LOOK = "seenbefore.paper", "seenbefore.look"
LONG = 600
"""Characters of a text shown before the rest is folded away."""
MOST = 200_000
"""Characters of one text sent to the browser at all."""


# --- nodes --------------------------------------------------------------------------------------------------------


def el(tag: str, look: str = "", *inside: Node, **more: Any) -> dict[str, Any]:
    """An element of the closed list in paper.js, with CSS classes and children.

    ``more`` are attributes of the closed list there (``id``, ``title``, ``label``, ``role``, ``lang`` …).
    """
    return {"t": tag, "c": look, "k": list(inside), **({"a": more} if more else {})}


def div(look: str, *inside: Node, **more: Any) -> dict[str, Any]:
    """A block."""
    return el("div", look, *inside, **more)


def span(look: str, *inside: Node, **more: Any) -> dict[str, Any]:
    """A run of text."""
    return el("span", look, *inside, **more)


def link(inside: Node, page: str, look: str = "", **where: str) -> dict[str, Any]:
    """A link to one of our own pages; ``where`` becomes the query string."""
    return {"x": "link", "c": look, "k": [inside], "page": page, "where": {k: v for k, v in where.items() if v}}


def door(label: str, look: str = "", *, out: bool = False) -> dict[str, Any]:
    """The way to the sign-in page, which is none of ours; with ``out`` a button that signs out on the way."""
    return {"x": "door", "c": look, "k": [label], "out": out}


def button(label: str, name: str, look: str = "", *, key: str = "", title: str = "", **value: str) -> dict[str, Any]:
    """A button that sends the action ``name`` with ``value``; ``key`` presses it while its card has the focus."""
    return {"x": "act", "c": look, "k": [label], "name": name, "value": value, "key": key, "title": title}


def copier(label: str, text: str, *, key: str = "") -> dict[str, Any]:
    """A button that puts a text on the clipboard."""
    return {"x": "copy", "k": [label], "text": text[:MOST], "key": key}


def form(name: str, *inside: Node, look: str = "", **value: str) -> dict[str, Any]:
    """A form that sends the action ``name`` with ``value`` and what its fields hold."""
    return {"x": "form", "c": look, "k": list(inside), "name": name, "value": value}


def field(name: str, label: str, value: str = "", *, kind: str = "text", **more: Any) -> dict[str, Any]:
    """A labelled field: ``kind`` is text, area, ask (grows, Enter sends) or date; ``more``: hint, focus, hide, most."""
    return {"x": "field", "kind": kind, "name": name, "label": label, "value": value[:MOST], **more}


def choice(name: str, label: str, value: str, options: Sequence[tuple[str, str]], **more: Any) -> dict[str, Any]:
    """A labelled list to choose from: ``options`` are (value, words); ``more``: sends (as soon as it changes)."""
    return {
        "x": "field",
        "kind": "choice",
        "name": name,
        "label": label,
        "value": value,
        "options": list(options),
        **more,
    }


def submit(label: str, look: str = "strong") -> dict[str, Any]:
    """The button that sends the form around it."""
    return {"x": "submit", "c": look, "k": [label]}


def fold(head: Node, *inside: Node, look: str = "", **more: Any) -> dict[str, Any]:
    """Something that opens on a click. ``more``: ``name`` keeps it open through a redraw, ``opened``, ``key``."""
    return {"x": "fold", "c": look, "head": head, "k": list(inside), **more}


def bars(
    values: Sequence[tuple[str, int]], *, label: str, look: str = "bars", marks: Sequence[int] = (),
    band: Sequence[tuple[float, float, float] | None] = (),
) -> dict[str, Any]:  # fmt: skip
    """A small chart of counts: (words shown on hover, count) each; ``marks`` are those whose words stand below too.

    ``band`` has for each (low, high, expected), or ``None`` where nothing was to be expected.
    """
    laid = [None if one is None else [round(value, 2) for value in one] for one in band]
    return {"x": "bars", "c": look, "v": [[words, int(count)] for words, count in values], "label": label,
            "marks": list(marks), **({"band": laid} if laid else {})}  # fmt: skip


def tiles(values: Sequence[dict[str, Any]], *, label: str) -> dict[str, Any]:
    """Areas in a unit square, with ``at`` (x, y, width, height), ``tone``, ``words``, ``lines``, and where it leads."""
    return {"x": "tiles", "c": "tiles", "v": list(values), "label": label}


def strip(values: Sequence[tuple[str, float, bool]], *, label: str) -> dict[str, Any]:
    """A row of squares, stronger for more: (words shown on hover, share in [0, 1], whether it stands out) each."""
    return {"x": "strip", "c": "strip", "v": [[words, round(share, 3), out] for words, share, out in values],
            "label": label}  # fmt: skip


def meter(share: float, look: str = "") -> dict[str, Any]:
    """A bar filled to a share in [0, 1]."""
    return {"x": "meter", "c": look, "v": round(min(1.0, max(0.0, share)), 3)}


# --- text ---------------------------------------------------------------------------------------------------------


def marked(text: str, spans: Sequence[Span]) -> list[Node]:
    """A text with the spans marked; spans that overlap or stick out are met sensibly."""
    out: list[Node] = []
    at = 0
    for one in sorted(spans, key=lambda s: (s.start, s.end)):
        start, end = max(one.start, at), min(one.end, len(text))
        if start < end:
            out += [text[at:start], el("mark", "", text[start:end])]
            at = end
    return [*out, text[at:]]


def prose(text: str, look: str = "", *, name: str = "", most: int = LONG) -> dict[str, Any]:
    """A text as it was written, line breaks kept; what is longer than ``most`` characters folds away."""
    text = text.strip()[:MOST]
    if len(text) <= most * 1.2:
        return div(f"prose {look}", text)
    cut = text.rfind(" ", most // 2, most)
    cut = cut if cut > 0 else most
    rest = fold(f"… show all {len(text):,} characters", div("prose", text[cut:]), look="rest", name=name)
    return div(look, div("prose", text[:cut]), rest)


# --- drawing ------------------------------------------------------------------------------------------------------


def sheet(key: str, *nodes: Node, told: Callable[[Told], None] | None = None) -> None:
    """Draw nodes. ``told`` is called, before the page is drawn again, with what the browser sent from here."""
    _draw(_PLAIN, key, list(nodes), told)


def look(key: str, *nodes: Node, told: Callable[[Told], None] | None = None) -> None:
    """Draw nodes and dress the whole page; once a page, before anything else."""
    _draw(_LOOK, key, list(nodes), told)


def place() -> AbstractContextManager[Any]:
    """A place on the page for sheets that are drawn later, so that what takes its time keeps nothing waiting."""
    return st.container()


def wished() -> tuple[str, dict[str, str]] | None:
    """Where the reader asked to go by a link on a sheet, as (page, query string); asked for once."""
    wish = st.session_state.pop("sb-go", None)
    if not isinstance(wish, dict) or not isinstance(wish.get("page"), str):
        return None
    where = wish.get("where")
    return wish["page"], {str(k): str(v) for k, v in where.items()} if isinstance(where, dict) else {}


def _draw(name: str, key: str, nodes: list[Node], told: Callable[[Told], None] | None) -> None:
    _known_here()

    def went() -> None:
        st.session_state["sb-go"] = _sent(key, "go")

    def acted() -> None:
        value = _sent(key, "act")
        if told is not None and isinstance(value, Mapping) and isinstance(value.get("name"), str):
            told({str(field): str(text)[:MOST] for field, text in value.items()})

    seen_by = st.session_state.get("sb-viewer")
    _mount(name)(key=key, data={"nodes": mirrored(key, nodes, seen_by)}, on_go_change=went, on_act_change=acted)


def _sent(key: str, what: str) -> Any:
    return getattr(st.session_state.get(key), what, None)


@cache
def _mount(name: str) -> Any:
    style = (ASSETS / "paper.css").read_text("utf-8") if name == _LOOK else None
    return st.components.v2.component(name, js="paper.js", css=style, isolate_styles=False)


def _known_here() -> None:
    """Tell this runtime where our script lies, so that it is served as a file and the policy needs no ``blob:``."""
    from streamlit.components.v2.get_bidi_component_manager import get_bidi_component_manager
    from streamlit.components.v2.manifest_scanner import ComponentConfig, ComponentManifest

    manager = get_bidi_component_manager()
    if manager.get_component_asset_root(_PLAIN) is None:
        parts = [ComponentConfig(name.rpartition(".")[2], "assets") for name in (_PLAIN, _LOOK)]
        manager.register_from_manifest(ComponentManifest("seenbefore", "1", parts), ASSETS.parent)
