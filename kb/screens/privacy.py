"""What was kept out of the desk? Finds by kind and month, counts only, and what is done with each kind."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import partial

import streamlit as st

from kb.desk import Desk
from kb.desk.privacy import Kept
from kb.errors import SeenBeforeError
from kb.privacy.kinds import KINDS
from kb.records import Viewer
from kb.screens.chrome import head, notes, with_commands
from kb.screens.modelcard import table
from kb.screens.paper import Node, Told, bars, choice, copier, div, el, form, sheet, span
from kb.screens.wording import count, now

ASKED = "What is kept out of the desk?"
NAMES = {
    "password": "Passwords", "code": "PINs and one-time codes", "key": "Keys and tokens", "private-key": "Private keys",
    "card": "Payment cards", "bank": "Bank accounts", "id": "National ids", "phone": "Telephone numbers",
    "email": "E-mail addresses", "name": "Callers' names in texts", "caller": "The caller field",
}  # fmt: skip
WORDS = {"redact": "Replace", "keep": "Leave as it is", "entitled": "Replace and seal"}
MEANT = (
    "Replaced before anything is stored, embedded or learnt from, by a placeholder such as [password] or [email-2]: "
    "the same address has the same number throughout a ticket. Error codes, versions, hosts, hashes and numbers of "
    "records stay. “Replace and seal” keeps the original, encrypted, for readers who are entitled to it."
)
APPLY = "seenbefore privacy apply"
_MONTHS = 12


def page(desk: Desk, viewer: Viewer) -> None:
    """Draw counts, policy and the state of the key."""
    state = desk.privacy(viewer=viewer)
    total = sum(sum(months.values()) for months in state.found.values())
    lead = f"{count(total, 'placeholder')} in the records you see." if total else "Nothing was found yet."
    said = tuple(st.session_state.pop("sb-privacy-said", ()))
    sheet("privacy-head", head(ASKED, lead), notes(said))
    sheet(
        "privacy",
        el("section", "", div("card", _kinds(state)), el("p", "small soft block-s", MEANT)),
        _key(state),
        told=partial(_heard, desk, viewer),
    )


def _kinds(state: Kept) -> Node:
    months = _last_months(now())
    rows = [_kind(state, kind, months) for kind in KINDS]
    return table(("Kind", "What is done with it", f"Last {_MONTHS} months", "In all"), rows, words=3)


def _kind(state: Kept, kind: str, months: list[str]) -> Node:
    mine: Mapping[str, int] = state.found.get(kind, {})
    name, total = NAMES[kind], sum(mine.values())
    drawn = bars([(f"{mine.get(month, 0):,} in {month}", mine.get(month, 0)) for month in months],
                 label=f"{name} by month")  # fmt: skip
    what = choice("what", f"What is done with {name.lower()}", state.rules.of(kind), list(WORDS.items()),
                  sends=True, hide=True)  # fmt: skip
    return el(
        "tr", "",
        el("td", "", el("strong", "", name), div("small soft", KINDS[kind])),
        el("td", "", form("policy", what, look="mode", kind=kind)),
        el("td", "", drawn if any(mine.get(month, 0) for month in months) else span("soft", "none")),
        el("td", "right", f"{total:,}" if total else "—"),
    )  # fmt: skip


def _last_months(today: datetime) -> list[str]:
    """The last months, oldest first."""
    at = [today.year * 12 + today.month - 1 - back for back in range(_MONTHS)]
    return [f"{one // 12}-{one % 12 + 1:02d}" for one in reversed(at)]


def _key(state: Kept) -> Node:
    if state.key:
        words = "A key is set: originals of kinds kept for entitled readers are sealed with it."
        sealed = f"{count(state.sealed, 'record')} with sealed originals." if state.sealed else ""
    else:
        words = ("No key is set. Without one nothing can be kept for entitled readers: `seenbefore privacy key FILE`, "
                 "then name the file in SEENBEFORE_PRIVACY_KEY_FILE.")  # fmt: skip
        sealed = ""
    groups = ", ".join(state.rules.groups)
    who = f"Entitled: {groups}." if groups else "Nobody is entitled yet: `seenbefore settings privacy.groups GROUP`"
    later = "A change counts from the next record on; what is stored already follows with `seenbefore privacy apply`"
    return el(
        "section", "gap",
        div("title-row", el("h2", "", "Originals and what is stored already")),
        div("card", *(el("p", "", *with_commands(text)) for text in (words, sealed, who) if text),
            div("row tight", el("span", "", *with_commands(later)), copier("Copy command", APPLY))),
    )  # fmt: skip


def _heard(desk: Desk, viewer: Viewer, told: Told) -> None:
    """Change the policy of a kind; what went wrong is said on top."""
    kind = told.get("kind", "")
    if told.get("name") != "policy" or kind not in NAMES:
        return
    try:
        desk.set_privacy(kind, told.get("what", ""), viewer=viewer)
        said = (f"{NAMES[kind]}: “{WORDS[told['what']]}” from the next record on. For what is stored already: "
                "`seenbefore privacy apply`")  # fmt: skip
    except SeenBeforeError as error:
        said = str(error)
    st.session_state["sb-privacy-said"] = (said,)
