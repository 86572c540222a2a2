"""Who is looking: the person of this browser's session, the page for who has none, and looking as somebody else."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, Protocol

import streamlit as st

from kb.desk import Desk
from kb.errors import SeenBeforeError
from kb.records import Viewer
from kb.roster import Person
from kb.screens.chrome import head
from kb.screens.paper import Told, button, div, door, el, sheet
from kb.store import Store

COOKIE = "seenbefore_session"
_AS = "sb-view-as"


class Elsewhere(Protocol):
    """The sign-in of the organisation."""

    label: str
    claims: tuple[str, ...]


def person(store: Store, elsewhere: Elsewhere | None) -> Person | None:
    """Who has signed in from this browser; looked up at every step, so that an end of it counts at once."""
    now = datetime.now(UTC)
    token = st.context.cookies.get(COOKIE, "")
    found = store.of_session(token, now=now) if token else None
    if found is not None or elsewhere is None or not st.user.is_logged_in:
        return found
    said: dict[str, Any] = dict(st.user.to_dict())
    subject, issued = str(said.get("sub") or ""), _issued(said.get("iat"))
    if not subject or issued is None:
        return None
    name = str(said.get("name") or said.get("preferred_username") or said.get("email") or subject)
    return store.vouched(
        str(said.get("iss") or "elsewhere"), subject, name, _values(said, elsewhere.claims), issued=issued,
        token=_token(said), now=now,
    )  # fmt: skip


def viewer(desk: Desk, who: Person) -> Viewer:
    """What this person sees and may do now: as somebody else, where he asked to look so."""
    mine, other = who.viewer, st.session_state.get(_AS)
    if isinstance(other, int):
        if mine.may("view as"):
            with suppress(SeenBeforeError):
                return desk.view_as(other, viewer=mine)
        st.session_state.pop(_AS)
    return mine


def look_as(person_id: int | None) -> None:
    """Look at the desk as this person from now on, ``None`` for oneself again; in this tab only."""
    if person_id is None:
        st.session_state.pop(_AS, None)
    else:
        st.session_state[_AS] = person_id


def hand_over(elsewhere: Elsewhere | None) -> None:
    """The page that leads to the sign-in of the organisation, and back."""
    if elsewhere is not None and not st.user.is_logged_in:
        st.login()
        nobody("One moment.", f"You are taken to {elsewhere.label}.")
    else:
        nobody("You cannot come in with this sign-in.", "It is over, was ended, or lets you into nothing here.",
               elsewhere=elsewhere)  # fmt: skip


def nobody(title: str, sentence: str, *, elsewhere: Elsewhere | None = None) -> None:
    """The page of who is not signed in, or has no role yet."""
    again = button("Sign in again", "again", "strong") if elsewhere is not None and st.user.is_logged_in else None
    sheet("nobody", head(title, sentence), div("row gap", again or door("To the sign-in page")), told=_again)


def no_role(who: Person) -> None:
    """The page of who is known and may do nothing yet."""
    told = f"You are signed in as {who.name}, but nobody has given you a role yet: ask an admin of this desk for one."
    ways = [button("Sign out", "out") if who.issuer else door("Sign out", out=True)]
    sheet("nobody", head("You have no role yet.", told), el("div", "row gap", *ways), told=_again)


def sign_out(store: Store) -> None:
    """End the session of who signed in with his organisation, here and there."""
    with suppress(SeenBeforeError):
        store.sign_out(_token(dict(st.user.to_dict())), now=datetime.now(UTC))
    st.logout()


def _again(told: Told) -> None:
    if told.get("name") in ("again", "out"):
        st.session_state["sb-sign-out"] = True


def leaving(store: Store) -> bool:
    """Sign out where that was asked for; whether it was."""
    if not st.session_state.pop("sb-sign-out", False):
        return False
    sign_out(store)
    return True


def ask_to_leave() -> None:
    """Sign out at the next step."""
    st.session_state["sb-sign-out"] = True


def _token(said: Mapping[str, Any]) -> str:
    """What stands for this one sign-in: its claims, which carry a nonce and a time."""
    kept = {name: value for name, value in said.items() if name != "is_logged_in"}
    text = json.dumps(kept, ensure_ascii=False, sort_keys=True, default=str)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _values(said: Mapping[str, Any], claims: Sequence[str]) -> list[str]:
    found: list[str] = []
    for claim in claims:
        value = said.get(claim)
        found += [value] if isinstance(value, str) else [str(one) for one in value] if isinstance(value, list) else []
    return [value[:200] for value in found[:500]]


def _issued(value: Any) -> datetime | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        return datetime.fromtimestamp(float(value), UTC)
    except (ValueError, OverflowError, OSError):
        return None


__all__ = ["ask_to_leave", "hand_over", "leaving", "look_as", "no_role", "nobody", "person", "viewer"]
