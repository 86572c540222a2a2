"""Which programs may call, who sends tickets, who is told of what, and what became of the latest calls and messages."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import streamlit as st

from kb.access import require
from kb.alerts import trial
from kb.apikeys import LONGEST, RATE, ApiKey
from kb.desk import Desk
from kb.errors import BadSetting, SeenBeforeError
from kb.hooks import EVENTS, TRIES, Delivery, Hook
from kb.privacy.sealing import NO_KEY_TO_SEAL
from kb.records import Viewer
from kb.screens.chrome import empty, head, notes
from kb.screens.paper import Node, Told, button, choice, copier, div, el, field, fold, form, sheet, submit
from kb.screens.wording import ago, count, day, moment, now
from kb.tables import presets

BUNDLES: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "tool": ("A ticketing tool: search, triage, tickets, feedback",
             ("search", "triage", "tickets:read", "tickets:write", "feedback")),
    "reader": ("Reading: search, tickets, knowledge, patterns, problems, measures",
               ("search", "tickets:read", "knowledge", "patterns", "problems", "measures")),
    "monitor": ("Monitoring: metrics", ("metrics",)),
    "all": ("Everything", ("admin",)),
}  # fmt: skip
"""What a key is for → its words and its scopes."""
_SHOWN = 30
_STATES = {"good": "", "expired": "expired", "revoked": "revoked"}
_TIMES = "%d.%m. %H:%M:%S"


def page(desk: Desk, viewer: Viewer) -> None:
    """Draw all of it. Raises ``NotAllowed``."""
    require(viewer, "integrations")
    keys, hooks = desk.store.keys(), desk.store.hooks()
    good = sum(one.state(now()) == "good" for one in keys)
    said = _Said(*st.session_state.pop("sb-int-said", ("", "", "")))
    lead = f"{count(good, 'key')} in use, {count(len(hooks), 'webhook')}. Nothing leaves but to addresses entered here."
    sheet(
        "integrations",
        head("Which programs talk to the desk?", lead),
        notes(tuple(desk.store.hook_trouble())),
        _keys(keys, said),
        _incoming(desk, [one for one in hooks if one.way == "in"], said),
        _outgoing(desk, [one for one in hooks if one.way == "out"], said),
        _messages(desk, {one.id: one.name for one in hooks}, said),
        _calls(desk),
        told=partial(_heard, desk, viewer),
    )


@dataclass(frozen=True, slots=True)
class _Said:
    """What the last act answered, and a key or secret that was just made, for this one time."""

    part: str
    words: str
    secret: str

    def under(self, part: str) -> Node:
        """The answer, where it belongs."""
        if part != self.part:
            return None
        if not self.secret:
            return notes((self.words,)) if self.words else None
        return div("card", el("h3", "", self.words), div("command gap-s", el("code", "", self.secret),
                   copier("Copy", self.secret)), el("p", "small soft block-s", "It is shown only now. Keep it where "
                   "your tool keeps its secrets."), role="status")  # fmt: skip


# --- keys ---------------------------------------------------------------------------------------------------------


def _keys(keys: Sequence[ApiKey], said: _Said) -> Node:
    asks = form(
        "add-key",
        div("p-pair", field("who", "Who uses it", most=80), choice("bundle", "What it is for", "tool",
            [(name, words) for name, (words, _) in BUNDLES.items()])),
        div("p-pair", field("groups", "Groups whose restricted records it may see", hint="none"),
            field("days", f"Days it holds, at most {LONGEST.days}", "90", most=3)),
        div("row", submit("Make the key")),
        look="edit", n=str(len(keys)),
    )  # fmt: skip
    rows = [_key(one) for one in sorted(keys, key=lambda one: one.state(now()) != "good")]
    heads = ("Key", "For", "Until", "Last used", "")
    listed = div("card scroll", _table(heads, rows)) if rows else el("p", "soft", "No program may call yet.")
    lead = "A key lets one program call the API under /api/v1, for what it is for and nothing else."
    new = fold("New key", asks, look="gap-s", name=f"new-key-{len(keys)}")
    return _section("Keys", lead, said.under("key"), listed, new)


def _key(one: ApiKey) -> Node:
    state = one.state(now())
    ends: Node = button("Revoke", "revoke", "quiet little", prefix=one.prefix) if state == "good" else None
    groups = div("small soft", f"and what is for {', '.join(one.groups)}") if one.groups else None
    return el(
        "tr", "",
        el("td", "", el("strong", "", one.name), div("small soft", el("code", "", f"{one.prefix}…"))),
        el("td", "", ", ".join(one.scopes), groups),
        el("td", "", _STATES[state] or day(one.expires_at)),
        el("td", "", ago(one.used_at, to=now()) or "never"),
        el("td", "right", ends),
    )  # fmt: skip


# --- webhooks -----------------------------------------------------------------------------------------------------


def _incoming(desk: Desk, hooks: Sequence[Hook], said: _Said) -> Node:
    names = [(one.name, one.title) for one in presets() if one.kind == "tickets"]
    asks = form(
        "add-in",
        div("p-pair", field("who", "Which tool sends", most=80), choice("preset", "Its tickets look like", "generic",
                                                                         names)),
        div("row", submit("Let it send")),
        look="edit", n=str(len(hooks)),
    )  # fmt: skip
    rows = [
        el("tr", "", el("td", "", el("strong", "", one.name), _rests(one)), el("td", "", one.preset or "generic"),
           el("td", "", ago(one.used_at, to=now()) or "never"),
           el("td", "right", *_acts(one)))
        for one in hooks
    ]  # fmt: skip
    listed = div("card scroll", _table(("Tool", "Preset", "Last message", ""), rows)) if rows else el(
        "p", "soft", "No tool sends tickets by itself yet.")  # fmt: skip
    lead = ("A tool sends each new or changed ticket to /api/v1/webhooks/tickets, signed with a secret of its own. "
            "Forged, old and repeated messages are refused.")  # fmt: skip
    return _section(
        "Tickets that come in",
        lead,
        said.under("in"),
        listed,
        _new(desk, "New sender", asks, f"new-in-{len(hooks)}"),
    )


def _outgoing(desk: Desk, hooks: Sequence[Hook], said: _Said) -> Node:
    events = [("", "Everything"), *((event, event.capitalize()) for event in EVENTS)]
    asks = form(
        "add-out",
        div("p-pair", field("who", "Who is told", most=80), field("url", "Address", hint="https://…", most=500)),
        div("p-pair", choice("event", "Told of", "", events),
            choice("words", "Messages carry", "", [("", "Ids, names and counts"), ("yes", "Titles of tickets too")])),
        div("row", submit("Tell it")),
        look="edit", n=str(len(hooks)),
    )  # fmt: skip
    rows = [
        el("tr", "", el("td", "", el("strong", "", one.name), _rests(one)), el("td", "", one.url),
           el("td", "", ", ".join(one.events) + (", with titles" if one.with_text else "")),
           el("td", "right", button("Test", "test", "quiet little", id=str(one.id)), *_acts(one)))
        for one in hooks
    ]  # fmt: skip
    listed = div("card scroll", _table(("Who", "Address", "Told of", ""), rows)) if rows else el(
        "p", "soft", "Nobody is told: nothing leaves this machine.")  # fmt: skip
    lead = "Bursts, fixes that did not hold, and broken promises, counted over what everybody may see."
    return _section(
        "Messages that go out",
        lead,
        said.under("out"),
        listed,
        _new(desk, "New receiver", asks, f"new-out-{len(hooks)}"),
    )


def _new(desk: Desk, title: str, asks: Node, name: str) -> Node:
    """The form folded away; where secrets cannot be sealed what to do about that."""
    if desk.store.sealer is None:
        return notes((NO_KEY_TO_SEAL,))
    return fold(title, asks, look="gap-s", name=name)


def _rests(one: Hook) -> Node:
    return None if one.active else div("small soft", "rests")


def _acts(one: Hook) -> tuple[Node, ...]:
    pause = button("Pause" if one.active else "Wake", "pause", "quiet little", id=str(one.id),
                   part=one.way, to="" if one.active else "yes")  # fmt: skip
    return pause, button("Remove", "drop", "quiet little", id=str(one.id), part=one.way)


def _messages(desk: Desk, names: Mapping[int, str], said: _Said) -> Node:
    found = [*desk.store.messages(states=("dead",), most=_SHOWN), *desk.store.messages(states=("waiting",), most=10)]
    if not found:
        return None
    rows = [_message(one, names) for one in found]
    lead = f"After {TRIES} tries a message is dead until it is sent again."
    table = div("card scroll", _table(("Made", "Who", "What", "Tries", "Trouble", ""), rows))
    return _section("Messages that have not arrived", lead, said.under("messages"), table)


def _message(one: Delivery, names: Mapping[int, str]) -> Node:
    again = button("Send again", "again", "quiet little", id=str(one.id)) if one.state == "dead" else None
    what = one.trouble or "waits to be sent"
    return el("tr", "", el("td", "nowrap", moment(one.made_at)), el("td", "", names.get(one.hook, "")),
              el("td", "nowrap", one.event), el("td", "", str(one.tries)),
              el("td", "", f"dead: {what}" if one.state == "dead" else what), el("td", "right", again))  # fmt: skip


def _calls(desk: Desk) -> Node:
    rows = [
        el("tr", "", el("td", "nowrap", one.at.strftime(_TIMES)), el("td", "", one.caller),
           el("td", "mono", f"{one.method} {one.route}"), el("td", "right", str(one.status)),
           el("td", "right", f"{one.ms:,} ms"))
        for one in desk.store.calls(_SHOWN)
    ]  # fmt: skip
    shown: Node = div("card scroll", _table(("When (UTC)", "Who", "What", "Answer", "Took"), rows)) if rows else empty(
        "No calls yet.", "Make a key and try: `curl -H \"Authorization: Bearer sb_…\" "
        "http://127.0.0.1:8501/api/v1/tickets`")  # fmt: skip
    return _section("Latest calls", "", shown)


# --- acts ---------------------------------------------------------------------------------------------------------


def _heard(desk: Desk, viewer: Viewer, told: Told) -> None:
    """Do what the browser asked for; what goes wrong is one sentence on top."""
    acts: Mapping[str, tuple[str, Callable[[Desk, Viewer, Told], tuple[str, str]]]] = {
        "add-key": ("key", _add_key), "revoke": ("key", _revoke), "add-in": ("in", _add_in),
        "add-out": ("out", _add_out), "pause": (told.get("part", ""), _pause), "drop": (told.get("part", ""), _drop),
        "test": ("out", _test), "again": ("messages", _again),
    }  # fmt: skip
    if told.get("name", "") not in acts:
        return
    part, act = acts[told["name"]]
    try:
        require(viewer, "integrations")
        said = act(desk, viewer, told)
    except SeenBeforeError as error:
        said = str(error), ""
    st.session_state["sb-int-said"] = (part, *said)


def _add_key(desk: Desk, viewer: Viewer, told: Told) -> tuple[str, str]:
    days = told.get("days", "").strip()
    if not (days.isascii() and days.isdecimal() and len(days) < 5):
        raise BadSetting(f"Say for how many days the key holds: a number from 1 to {LONGEST.days}.")
    _, scopes = BUNDLES.get(told.get("bundle", ""), ("", ()))
    made, token = desk.store.add_key(told.get("who", ""), scopes=scopes, groups=told.get("groups", "").split(","),
                                     days=int(days), rate=RATE, now=now(), by=viewer.name)  # fmt: skip
    return f"The key of {made.name}", token


def _revoke(desk: Desk, viewer: Viewer, told: Told) -> tuple[str, str]:
    gone = desk.store.revoke_key(told.get("prefix", ""), now=now(), by=viewer.name)
    return f"The key of {gone.name} opens nothing any more.", ""


def _add_in(desk: Desk, viewer: Viewer, told: Told) -> tuple[str, str]:
    known = {one.name for one in presets() if one.kind == "tickets"}
    preset = told.get("preset", "")
    made = desk.store.add_hook(told.get("who", ""), way="in", preset=preset if preset in known else "",
                               source=told.get("who", ""), now=now(), by=viewer.name)  # fmt: skip
    return f"The secret with which {made.name} signs", made.secret


def _add_out(desk: Desk, viewer: Viewer, told: Told) -> tuple[str, str]:
    events = [told["event"]] if told.get("event") else list(EVENTS)
    made = desk.store.add_hook(told.get("who", ""), way="out", url=told.get("url", ""), events=events,
                               with_text=told.get("words") == "yes", now=now(), by=viewer.name)  # fmt: skip
    return f"The secret with which {made.name} checks what it gets", made.secret


def _pause(desk: Desk, viewer: Viewer, told: Told) -> tuple[str, str]:
    one = desk.store.hook(told.get("id", ""))
    desk.store.pause_hook(one.id, active=told.get("to") == "yes", by=viewer.name)
    return f"{one.name} is awake again." if told.get("to") == "yes" else f"{one.name} rests.", ""


def _drop(desk: Desk, viewer: Viewer, told: Told) -> tuple[str, str]:
    one = desk.store.hook(told.get("id", ""))
    desk.store.drop_hook(one.id, by=viewer.name)
    return f"{one.name} is gone, with its messages.", ""


def _test(desk: Desk, viewer: Viewer, told: Told) -> tuple[str, str]:
    one = desk.store.hook(told.get("id", ""), "out")
    made = trial(now())
    desk.store.queue_message(one.id, made.event, made.about, made.payload(one, now()), now=now())
    return (f"A test for {one.name} goes out within seconds while the desk is served, else with "
            "`seenbefore hooks send`.", "")  # fmt: skip


def _again(desk: Desk, viewer: Viewer, told: Told) -> tuple[str, str]:
    message = told.get("id", "")
    if not (message.isascii() and message.isdecimal() and len(message) < 16):
        raise BadSetting("There is no such message any more: look at the page again.")
    desk.store.send_again(int(message), now=now())
    return "It waits to be sent again.", ""


# --- inside -------------------------------------------------------------------------------------------------------


def _section(title: str, lead: str, *inside: Node) -> Node:
    told = el("p", "soft small", lead) if lead else None
    return el("section", "gap", el("h2", "", title), told, div("gap-s", *inside))


def _table(heads: Sequence[str], rows: Sequence[Node]) -> Node:
    named = [el("th", "right" if head in ("Answer", "Took") else "", head) for head in heads]
    return el("table", "table", el("thead", "", el("tr", "", *named)), el("tbody", "", *rows))
