"""Do the models keep their word? What each promised and kept, the settings of the promise, drift, and their history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any

import streamlit as st

from kb.desk import Desk
from kb.errors import SeenBeforeError
from kb.live import Week
from kb.offers import Card, held
from kb.policy import MODES, Policy
from kb.records import Viewer
from kb.screens import modelcard, modelhealth
from kb.screens.chrome import address, empty, head, notes, remembered
from kb.screens.modelcard import table
from kb.screens.paper import Node, Told, button, choice, div, el, form, link, sheet, span
from kb.screens.wording import count, now, share, target

ASKED = "Do the models keep their word?"
WORDS = {"off": "Off", "shadow": "Shadow", "recommend": "Recommend", "autofill": "Fill in"}
MEANT = (
    "Off: left alone. Shadow: predicted silently and scored. Recommend: suggested in the queue. "
    "Fill in: taken as accepted unless somebody changes it. Nothing is ever closed or merged."
)
_WEEKS = 4


def page(desk: Desk, viewer: Viewer) -> None:
    """Draw what is known of the models in service, one target's card at a time."""
    facts = _part(desk.facts, "models")
    targets = _part(facts, "targets")
    if not targets:
        warned = notes(desk.warnings())
        nothing = empty("Nothing is learnt yet.", "Learn from your resolved tickets: `seenbefore train`")
        sheet("models", head(ASKED), warned, div("models", nothing), told=partial(_heard, desk, viewer))
        return
    key = ("live", now().date(), repr(desk.policy), desk.store.corrections_seq())
    live, broken = remembered(desk, viewer, key, lambda: desk.live(viewer=viewer, now=now()))
    where = address()
    named = where.get("target", "")
    at = (
        named if named in targets else next((one for one in desk.policy.targets if one in targets), next(iter(targets)))
    )
    cards = _part(facts, "cards")
    lead = f"Learnt from {count(int(facts.get('tickets', 0)), 'ticket')}, {_until(facts)}."
    said = tuple(st.session_state.pop("sb-models-said", ()))
    sheet("models-head", head(ASKED, lead), notes((*said, *broken, *desk.warnings())))
    sheet(
        "models",
        div("models", _overview(desk.policy, facts, live, at)),
        _card(desk.policy, at, _part(cards, at), live, _tried(where)),
        modelhealth.drift(desk.facts),
        modelhealth.quality(desk.facts),
        modelhealth.search(facts),
        modelhealth.history(desk.facts, can=_may_go_back(desk)),
        told=partial(_heard, desk, viewer),
    )


def _may_go_back(desk: Desk) -> bool:
    return desk.rollback_with is not None


# --- all targets at a glance --------------------------------------------------------------------------------------


def _overview(policy: Policy, facts: Mapping[str, Any], live: Sequence[Week], at: str) -> Node:
    heads = ("Target", "Mode", "Promise", "Speaks on", "Right when it speaks", "Macro-F1", "Calibration error",
             "Accepted, 4 weeks")  # fmt: skip
    targets = _part(facts, "targets")
    named = [name for name in dict.fromkeys([*policy.targets, *targets]) if isinstance(targets.get(name), Mapping)]
    rows = [_target(policy, name, targets[name], _part(_part(facts, "cards"), name), live, at) for name in named]
    rows += [
        el("tr", "", el("td", "", target(name)), el("td", "soft", str(why), colspan=7))
        for name, why in _part(facts, "missing").items()
    ]
    return el("section", "", div("card", table(heads, rows, words=2)), el("p", "small soft block-s", MEANT))


def _target(
    policy: Policy, name: str, about: Mapping[str, Any], card: Card, live: Sequence[Week], at: str
) -> Node:  # fmt: skip
    its = _part(about, "judged") or _part(about, "held_out")
    promise = policy.promise_for(name)
    kept = held(card, promise, sure=policy.sure)
    titled = {**link(target(name), "models", "strongly", target=name), "current": name == at}
    modes = [(mode, WORDS[mode]) for mode in MODES]
    mode = choice("mode", f"Mode of {target(name)}", policy.mode(name), modes, sends=True, hide=True)
    right: Node = "—"
    if kept is not None and kept["coverage"]:
        right = [span("soft small", f"{share(kept['low'])} – {share(kept['high'])}  "), share(kept["precision"])]
    return el(
        "tr", "here" if name == at else "",
        el("td", "", titled),
        el("td", "", form("mode", mode, look="mode", target=name)),
        el("td", "right", share(promise) if promise else "none"),
        el("td", "right", share(kept["coverage"]) if kept else "—"),
        el("td", "right", right),
        el("td", "right", _figure(its, "macro_f1")),
        el("td", "right", _figure(its, "ece")),
        el("td", "right", _accepted(name, live)),
    )  # fmt: skip


def _accepted(name: str, live: Sequence[Week]) -> str:
    newest = sorted({row.monday for row in live}, reverse=True)[:_WEEKS]
    mine = [row for row in live if row.target == name and row.monday in newest]
    yes, no = sum(row.accepted for row in mine), sum(row.replaced for row in mine)
    return f"{yes:,} of {yes + no:,}" if yes + no else "—"


# --- one card -----------------------------------------------------------------------------------------------------


def _card(policy: Policy, at: str, card: Card, live: Sequence[Week], tried: float | None) -> Node:
    title = el("h2", "", target(at))
    if not card:
        nothing = empty("No card of this model.", "It was made by an older version; make one: `seenbefore train`")
        return el("section", "gap", div("title-row", title), nothing)
    promise = policy.promise_for(at)
    held = f"Promises {share(promise)}." if promise else "No promise: it speaks from a fixed confidence on."
    return el(
        "section", "gap",
        div("title-row", title, span("soft", held)),
        _choosing(policy, at, card, tried),
        div("card m-card", *modelcard.draw(card, live, chosen=tried, promise=promise)),
    )  # fmt: skip


def _choosing(policy: Policy, at: str, card: Card, tried: float | None) -> Node:
    """The promises to choose from, what the one looked at would bring, and the buttons that make it hold."""
    promise = policy.promise_for(at)
    looked = tried if tried is not None else promise
    shares = [float(one["promise"]) for one in card.get("promises", ())]
    links: list[Node] = [
        {**link(f"{100 * one:g} %", "models", target=at, promise=f"{one:g}"), "current": one == looked}
        for one in shares
    ]
    links.insert(0, {**link("none", "models", target=at, promise="none"), "current": looked in (None, 0.0)})
    return div(
        "m-promise",
        div("row tight", span("small", "Be right at least"), el("nav", "switch wraps", *links, label="Promise")),
        _brings(held(card, looked, sure=policy.sure), looked=looked, sure=policy.sure),
        _save(at, tried) if tried is not None and tried != (promise or 0.0) else None,
    )


def _brings(found: Mapping[str, float] | None, *, looked: float | None, sure: float) -> Node:
    from_sure = "" if looked else f"Without a promise it speaks from {share(sure)} sure on. "
    if found is None or not found["coverage"]:
        none = "It would keep silent: with the tickets it has, no value can be shown to keep this promise."
        return el("p", "", from_sure or none)
    return el("p", "", f"{from_sure}It would speak on {share(found['coverage'])} of tickets and be right on "
              f"{share(found['precision'])} of those ({share(found['low'])} to {share(found['high'])} "
              "with 95 % certainty).")  # fmt: skip


def _save(at: str, tried: float) -> Node:
    given = {"target": at, "promise": f"{tried:g}"}
    words = f"promise {share(tried)}" if tried else "no promise"
    return div("row tight", button(f"Save {words} for {target(at).lower()}", "promise", "strong little", **given),
               button("Save for all targets", "promise-all", "little", **given))  # fmt: skip


def _tried(where: Mapping[str, str]) -> float | None:
    """The promise that the address asks to look at; 0 is none at all, ``None`` where it asks for nothing."""
    text = where.get("promise", "")
    if text == "none":
        return 0.0
    try:
        found = float(text)
    except ValueError:
        return None
    return found if 0 < found < 1 else None


# --- what a reader changes ----------------------------------------------------------------------------------------


def _heard(desk: Desk, viewer: Viewer, told: Told) -> None:
    """Change a mode or a promise, or go back to earlier models; what went wrong is said on top."""
    name, at = told.get("name"), told.get("target", "")
    try:
        if name == "mode" and at:
            desk.set_rule("modes", modes_text(desk.policy, at, told.get("mode", "")), viewer=viewer)
            said = f"{target(at)} is now on “{WORDS.get(told.get('mode', ''), '')}”."
        elif name in ("promise", "promise-all"):
            made = float(told.get("promise") or 0)
            every = name == "promise-all"
            desk.set_rule("promise", promise_text(desk.policy, "" if every else at, made), viewer=viewer)
            words = f"Promised: {share(made)} right" if made else "No promise any more"
            said = f"{words}, for {'all targets' if every else target(at).lower()}. It counts from the next ticket on."
        elif name == "rollback":
            said = desk.rollback(told.get("generation", "")[:200], viewer=viewer)
        else:
            return
    except ValueError:
        said = "That is no share: choose one of the promises."
    except SeenBeforeError as error:
        said = str(error)
    st.session_state["sb-models-said"] = (said,)


def modes_text(policy: Policy, name: str, mode: str) -> str:
    """The setting ``modes`` with one target changed."""
    kept = {**policy.modes, name: mode}
    return ",".join(f"{one}={its}" for one, its in sorted(kept.items()))


def promise_text(policy: Policy, name: str, made: float) -> str:
    """The setting ``promise`` with one target's changed, or with one for all where no target is named."""
    if not name:
        return f"{made:g}" if made else ""
    own = {**policy.promises, name: made}
    every = [] if policy.promise is None else [f"{policy.promise:g}"]
    return ",".join([*every, *(f"{one}={its:g}" for one, its in sorted(own.items()) if its or policy.promise)])


# --- plain values -------------------------------------------------------------------------------------------------


def _until(facts: Mapping[str, Any]) -> str:
    try:
        last = datetime.fromisoformat(str(facts.get("trained_until"))).astimezone(UTC)
    except ValueError:
        return "of no known date"
    return f"the latest of {last.day}.{last.month}.{last.year}"


def _part(facts: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = facts.get(name)
    return found if isinstance(found, Mapping) else {}


def _figure(facts: Mapping[str, Any], name: str) -> str:
    found = facts.get(name)
    return f"{found:.3f}".lstrip("0") if isinstance(found, int | float) else "—"
