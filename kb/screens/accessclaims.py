"""What the sign-in of an organisation says of its people, and which roles and groups each value of it gives here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

import streamlit as st

from kb.desk import Desk
from kb.errors import BadSetting, SeenBeforeError
from kb.records import Viewer
from kb.roles import ROLES
from kb.roster import Person, granted
from kb.screens.accessrules import listed
from kb.screens.chrome import notes
from kb.screens.paper import Node, Told, button, choice, div, el, field, form, sheet, span, submit
from kb.screens.wording import count

_TROUBLE, _TRIED = "sb-claims-trouble", "sb-claims-tried"
_LONGEST, _MOST = 200, 200
Meaning = dict[str, dict[str, list[str]]]


def section(desk: Desk, viewer: Viewer) -> None:
    """Draw what each value gives, those that give nothing yet, and a trial with the values of one person."""
    meaning, people = desk.claims(viewer=viewer), [one for one in desk.people(viewer=viewer) if one.issuer]
    brought = {value: sum(value in one.claims for one in people) for one in people for value in one.claims}
    lead = ("People who sign in with your organisation bring claims, such as the groups of your directory. Add each "
            "value that shall mean something here, then press the roles and enter the groups it gives. It counts from "
            "everybody's next step on. A value that is not listed gives nothing.")  # fmt: skip
    cards = [_card(value, means, brought.get(value, 0)) for value, means in sorted(meaning.items(), key=_by_name)]
    loose = sorted((value for value in brought if value not in meaning), key=str.casefold)
    trouble = st.session_state.pop(_TROUBLE, "")
    sheet(
        "access-claims",
        notes((trouble,) if trouble else ()),
        el("section", "gap", el("p", "soft lead", lead),
           div("stack block-s", *cards) if cards else el("p", "block-s", "No value gives anything yet.")),
        el("section", "gap", el("h2", "", "Add a value"), _adding(loose, brought)),
        _trial(meaning, people),
        told=partial(_heard, desk, viewer),
    )  # fmt: skip


def _by_name(pair: tuple[str, Mapping[str, Sequence[str]]]) -> str:
    return pair[0].casefold()


def _card(value: str, means: Mapping[str, Sequence[str]], people: int) -> Node:
    chips = [button(role, "role", "little strong" if role in means["roles"] else "little", value=value, role=role)
             for role in ROLES]  # fmt: skip
    return div(
        "card",
        div("row", el("h3", "", value), span("soft small", _brought(people)),
            div("row push", button("Take out", "out", "bare little", value=value))),
        div("rights", div("row tight", *chips), form("groups", div("row-form", field("groups", "Groups it gives",
            ", ".join(means["groups"]), hint="none"), submit("Save", "")), value=value)),
    )  # fmt: skip


def _adding(loose: Sequence[str], brought: Mapping[str, int]) -> Node:
    value = field("value", "Value of a claim", hint="desk-technicians", most=_LONGEST)
    new = form("add", div("row-form block-s", value, submit("Add")))
    chips = [button(one, "add", "little", value=one, title=_brought(brought[one])) for one in loose[:_MOST]]
    told = el("p", "small soft", "Brought by people and without a meaning yet; press one to add it:")
    return [new, div("gap-s", told, div("row tight", *chips)) if chips else None]


def _brought(people: int) -> str:
    return f"{count(people, 'person', 'people')} brought it" if people else "nobody brought it yet"


def _trial(meaning: Meaning, people: Sequence[Person]) -> Node:
    """What the values of a person, or any others, give as things stand."""
    tried: str = st.session_state.get(_TRIED, "")
    values = [value for line in tried.splitlines() if (value := " ".join(line.split()))]
    roles, groups = granted(values, meaning)
    unknown = [value for value in values if value not in meaning]
    said = (f"Roles: {', '.join(role for role in ROLES if role in roles) or 'none, so such a person may do nothing'}. "
            f"Groups: {', '.join(sorted(groups, key=str.casefold)) or 'none'}.")  # fmt: skip
    if unknown:
        said += f" These give nothing: {'; '.join(unknown)}."
    named = [("", "Choose …"), *((str(one.id), one.name) for one in people)]
    who = choice("person", "Somebody who signed in", "", named, sends=True)
    return el(
        "section", "gap", el("h2", "", "What would somebody get?"),
        form("person", div("block-s", who)) if people else None,
        form("try", div("row-form block-s", field("values", "Values of their claims, one a line", tried, kind="area",
                                                  hint="desk-technicians", most=4_000), submit("Try", ""))),
        el("p", "block-s", said, role="status") if values else None,
    )  # fmt: skip


def _heard(desk: Desk, viewer: Viewer, told: Told) -> None:
    meaning, name = desk.claims(viewer=viewer), told.get("name", "")
    value = " ".join(told.get("value", "").split())
    try:
        if name == "person":
            found = [one for one in desk.people(viewer=viewer) if str(one.id) == told.get("person", "")]
            st.session_state[_TRIED] = "\n".join(found[0].claims) if found else ""
        elif name == "try":
            st.session_state[_TRIED] = told.get("values", "")
        elif name in ("add", "role", "groups", "out"):
            changed = _changed(meaning, name, value, told)
            if changed != meaning:
                desk.set_claims(changed, viewer=viewer)
    except SeenBeforeError as error:
        st.session_state[_TROUBLE] = str(error)


def _changed(meaning: Meaning, name: str, value: str, told: Told) -> Meaning:
    """The meaning with one thing said otherwise. Raises ``BadSetting``."""
    if not value or len(value) > _LONGEST:
        raise BadSetting("Enter the value just as your organisation's sign-in sends it, such as desk-technicians.")
    if name == "add":
        return {value: {"roles": [], "groups": []}, **meaning}
    if value not in meaning:
        raise BadSetting("This value was taken out meanwhile: add it again.")
    its = meaning[value]
    if name == "out":
        return {one: means for one, means in meaning.items() if one != value}
    if name == "groups":
        return {**meaning, value: {**its, "groups": list(listed(told.get("groups", "")))}}
    return {**meaning, value: {**its, "roles": sorted({*its["roles"]} ^ {told.get("role", "")})}}
