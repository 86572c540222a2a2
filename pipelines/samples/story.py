"""The life of one sample ticket: who calls, how it is worded, who solves it, when, and what is written down."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any

from pipelines.samples import clock, voice
from pipelines.samples.bank import Cause, Scenario
from pipelines.samples.people import AFFINITY, Person, Technician

COLUMNS = (
    "number", "opened_at", "resolved_at", "closed_at", "state", "short_description", "description", "category",
    "subcategory", "impact", "urgency", "priority", "assignment_group", "assigned_to", "caller_id", "u_department",
    "location", "business_service", "cmdb_ci", "contact_type", "close_code", "close_notes", "reopen_count",
    "reassignment_count", "made_sla", "u_line", "u_vip", "problem_id", "parent_incident", "u_audience", "work_notes",
)  # fmt: skip
MATRIX = ((1, 2, 3), (2, 3, 4), (3, 4, 5))
"""Priority of impact (row) and urgency (column), both from 1, as ITIL has it."""
TARGETS = (4.0, 8.0, 16.0, 30.0, 50.0)
"""Working hours in which a priority is to be solved."""
CONFUSED = {
    "Access": "Email & Calendar", "Email & Calendar": "Software", "Network": "Hardware", "Hardware": "Software",
    "Printing": "Hardware", "Software": "Hardware", "Business Applications": "Access", "Telephony & Meetings":
    "Software", "Files & Servers": "Network", "Manufacturing Systems": "Hardware", "Security": "Email & Calendar",
}  # fmt: skip
"""The category that a hurried first line picks instead."""


@dataclass(slots=True)
class Draft:
    """A ticket in the making: its row, and what later steps must know of how it came about."""

    at: datetime
    scenario: Scenario | None
    cause: Cause | None
    person: Person
    row: dict[str, str] = field(default_factory=dict)
    hours: float = 0.0
    solver: str = ""
    parent: Draft | None = None
    end: datetime | None = None
    slots: Mapping[str, str] = field(default_factory=dict)
    """Names and numbers that its words hold; notes speak of the same ones."""

    @property
    def is_outage(self) -> bool:
        """Whether it is one of the many calls of a planned outage."""
        return self.scenario is not None and self.scenario.weight == 0


@dataclass(frozen=True, slots=True)
class Desk:
    """Everybody and everything that the tickets are made of."""

    rng: Random
    people: Sequence[Person]
    weights: Sequence[float]
    """How often each person calls."""
    technicians: Mapping[str, Sequence[Technician]]
    phrases: Mapping[str, Any]
    scenarios: Sequence[Scenario]

    def caller(self, service: str) -> Person:
        """Somebody who would call about this service."""
        wanted = AFFINITY.get(service)
        for _ in range(12):
            person = self.rng.choices(self.people, self.weights)[0]
            if wanted is None or person.department in wanted or self.rng.random() < 0.08:
                return person
        return self.rng.choices(self.people, self.weights)[0]


def open_ticket(desk: Desk, scenario: Scenario, at: datetime, *, person: Person | None = None) -> Draft:
    """A new ticket about a failure, as it looks when the first line has written it down."""
    rng = desk.rng
    person = person or desk.caller(scenario.service)
    causes = scenario.causes_on(at.date())
    cause = rng.choices(causes, [c.weight for c in causes])[0]
    draft = Draft(at, scenario, cause, person)
    title, body, channel, shift, slots = _worded(desk, draft)
    draft.slots = dict(slots)
    impact, urgency = _severity(desk, draft, shift)
    category = scenario.category
    if rng.random() < 0.04 and not scenario.audience:
        category = CONFUSED.get(category, category)
    draft.row = {
        "opened_at": stamp(at), "short_description": title, "description": body, "category": category,
        "subcategory": scenario.subcategory if category == scenario.category else "",
        "impact": str(impact), "urgency": str(urgency), "priority": str(MATRIX[impact - 1][urgency - 1]),
        "caller_id": _machine(scenario) if channel == "monitoring" else person.full,
        "u_department": "IT" if channel == "monitoring" else person.department,
        "location": person.site, "business_service": scenario.service if rng.random() < 0.85 else "",
        "cmdb_ci": slots["ci"] if rng.random() < 0.7 or scenario.monitor else "", "contact_type": channel,
        "u_vip": "true" if person.vip and channel != "monitoring" else "false", "u_audience": scenario.audience,
        "problem_id": cause.problem if cause.problem and rng.random() < 0.75 else "", "parent_incident": "",
    }  # fmt: skip
    if scenario.monitor:
        draft.row["location"] = _place(slots["ci"], person.site)
    return draft


def _machine(scenario: Scenario) -> str:
    return {"Backup": "VAULT", "Malware": "EDR"}.get(scenario.subcategory, "LANWATCH")


def _place(item: str, otherwise: str) -> str:
    places = {"ALD": "Aldersby", "WIE": "Wiesenrode", "SAB": "Saint-Aubrac", "LIF": "Lichtenfurt", "ALW":
              "Aldersby Warehouse"}  # fmt: skip
    return places.get(item[:3], otherwise)


def _worded(desk: Desk, draft: Draft) -> tuple[str, str, str, int, voice.Slots]:
    scenario, cause, person, rng = draft.scenario, draft.cause, draft.person, desk.rng
    if scenario is None or cause is None:
        raise ValueError("only a ticket about a known failure can be worded")
    channel = rng.choices(("email", "phone", "self-service", "chat"), (43, 30, 17, 10))[0]
    if channel == "phone" and not scenario.says["en.phone"]:
        channel = "email"
    lang = person.lang if scenario.says[f"{person.lang}.says"] and channel != "phone" else "en"
    cast = voice.Cast(person, desk.people, draft.at, rng, desk.phrases, lang)
    slots = voice.Slots(cast, scenario)
    titles = cause.fitting(scenario.says[f"{lang}.titles"])
    if scenario.monitor:
        body = rng.choice(cause.fitting(scenario.says["en.says"]))
        return voice.akin(titles, body, rng).format_map(slots), body.format_map(slots), "monitoring", 0, slots
    agent = rng.choice([t for t in desk.technicians["Service Desk"] if not t.name.startswith(person.first)])
    if channel == "phone":
        core, body = voice.note(cast, slots, scenario, cause)
        title = voice.akin(cause.fitting(scenario.says["en.titles"]), body, rng).format_map(slots)
        if rng.random() < 0.2:
            title = voice.cut(core, 70)
        return voice.typed(title, agent.typo, rng), voice.typed(body, agent.typo * 1.5, rng), channel, 0, slots
    title, lines, shift = _said(desk, cast, slots, scenario, cause)
    if channel == "self-service":
        body = voice.form(cast, slots, lines, scenario.service)
    elif channel == "chat":
        body = voice.chat(cast, slots, lines, scenario.asks, agent.name.split()[0])
    else:
        body = voice.mail(cast, slots, lines)
    if person.lower and channel != "self-service":
        title, body = title.lower(), _lowered(body, person)
    return voice.typed(title, person.typo, rng), voice.typed(body, person.typo, rng), channel, shift, slots


def _said(
    desk: Desk, cast: voice.Cast, slots: voice.Slots, scenario: Scenario, cause: Cause
) -> tuple[str, list[str], int]:
    """The title, the sentences and the shift of urgency in a caller's own words; now and then hopelessly vague."""
    rng, titles = desk.rng, cause.fitting(scenario.says[f"{cast.lang}.titles"])
    if not scenario.audience and rng.random() < 0.035:
        title = rng.choice((voice.fill(cast, slots, "vague_t"), rng.choice(titles).format_map(slots)))
        return title, [voice.fill(cast, slots, "vague")], 0
    lines = voice.symptom(cast, slots, scenario, cause)
    title = voice.akin(titles, lines[0], rng).format_map(slots)
    if scenario.audience:
        return title, lines, 0
    title = _title(cast, slots, title, lines[0])
    more, shift = voice.around(cast, slots)
    if cast.lang == "en" and rng.random() < 0.015:
        other = rng.choice([s for s in desk.scenarios if s.weight >= 1.5 and not s.monitor and not s.audience])
        more.append("By the way, " + rng.choice(other.says["en.says"]).format_map(voice.Slots(cast, other)))
    return title, lines + more, shift


def _lowered(body: str, person: Person) -> str:
    kept = (
        "received from",
        "Orrveld",
        "Tel",
        "Phone",
        "Durchwahl",
        "[cid",
        person.last,
        person.department,
        person.full,
    )
    return "\n".join(
        line if line.startswith(kept) or line[1:2].isupper() else line[:1].lower() + line[1:]
        for line in body.split("\n")
    ).replace(" I ", " i ")


def _title(cast: voice.Cast, slots: voice.Slots, title: str, first: str) -> str:
    rng = cast.rng
    roll = rng.random()
    if roll < 0.055:
        return voice.fill(cast, slots, "vague_t")
    if roll < 0.2:
        words = first.rstrip(".").split()
        return " ".join(words[: rng.randint(5, 9)])
    if roll < 0.26:
        return rng.choice(("RE: ", "FW: ", "WG: ", "URGENT: ", "Fwd: ")) + title
    if roll < 0.29:
        return title.upper() + rng.choice(("", "!!", "!"))
    return title


def _severity(desk: Desk, draft: Draft, shift: int) -> tuple[int, int]:
    scenario, rng = draft.scenario, desk.rng
    if scenario is None:
        return 3, 3
    impact, urgency = scenario.impact, scenario.urgency
    if shift and rng.random() < 0.65:
        urgency += shift
    if draft.person.vip and rng.random() < 0.5:
        urgency -= 1
    if rng.random() < 0.06:
        impact += rng.choice((-1, 1))
    if rng.random() < 0.10:
        urgency += rng.choice((-1, 1))
    return min(3, max(1, impact)), min(3, max(1, urgency))


def solve(desk: Desk, draft: Draft) -> None:
    """Who takes it, how long it lasts, how often it bounces or comes back, and what is written at the end."""
    rng, row, scenario, cause = desk.rng, draft.row, draft.scenario, draft.cause
    if scenario is None or cause is None:
        raise ValueError("only a ticket about a known failure can be solved from the bank")
    group = _group(desk, draft)
    bounced = _bounces(rng, scenario, group)
    reopened = int(not scenario.request and rng.random() < (0.13 if cause.problem == "PRB0000402" else 0.045))
    technician = rng.choice(desk.technicians[group])
    line = 1 if group == "Service Desk" else 2
    if rng.random() < 0.015:
        line = 3 - line
    draft.solver = technician.name
    draft.hours = clock.lasting(rng, scenario.hours * (1 + 0.7 * bounced + 1.5 * reopened), int(row["priority"]))
    row.update(
        assignment_group=group, assigned_to=technician.name, u_line=str(line),
        reopen_count=str(reopened + int(reopened and rng.random() < 0.15)), reassignment_count=str(bounced),
        close_code=rng.choices(
            ("Solved (Permanently)", "Solved Remotely (Permanently)", "Solved (Work Around)",
             "Solved Remotely (Work Around)", "Not Solved (Not Reproducible)", "Closed/Resolved by Caller"),
            (50, 24, 11, 6, 4, 5))[0],
        close_notes=close_note(desk, draft, technician, bounced, reopened),
    )  # fmt: skip
    if scenario.request and not row["close_code"].startswith("Solved"):
        row["close_code"] = "Solved (Permanently)"
    if row["close_code"] in ("Not Solved (Not Reproducible)", "Closed/Resolved by Caller") and rng.random() < 0.8:
        row["close_notes"] = rng.choice(("User says it works now without doing anything.", "Could not be reproduced.",
                                         "not reproducible, user will call again", "user closed it himself",
                                         "Caller: solved by itself, please close."))  # fmt: skip


def _group(desk: Desk, draft: Draft) -> str:
    rng, scenario, cause = desk.rng, draft.scenario, draft.cause
    if scenario is None or cause is None:
        return "Service Desk"
    group = cause.group or scenario.group
    if group == "Service Desk" and rng.random() < 0.045 and scenario.wrong:
        group = rng.choice(scenario.wrong)
    elif group != "Service Desk" and not scenario.audience and not scenario.monitor and rng.random() < 0.04:
        group = "Service Desk"
    if group == "On-Site Support":
        group = "On-Site Support UK" if draft.person.code in ("ALD", "ALW") else "On-Site Support EU"
    return group


def _bounces(rng: Random, scenario: Scenario, group: str) -> int:
    chance = 0.03 if group == "Service Desk" else 0.14 if scenario.monitor else 0.32
    if scenario.wrong and not group.startswith(scenario.group):
        chance += 0.25
    count = 0
    while count < 5 and rng.random() < chance:
        count, chance = count + 1, chance * 0.55
    return count


def close_note(desk: Desk, draft: Draft, technician: Technician, bounced: int, reopened: int) -> str:
    """What the technician left behind: from nothing at all to questions, failed attempts and the whole fix."""
    rng, words, scenario, cause = desk.rng, desk.phrases["desk"], draft.scenario, draft.cause
    idle = {"terse": 0.24, "normal": 0.15, "full": 0.07}[technician.style]
    if scenario is None or cause is None or (rng.random() < idle and not scenario.audience):
        return str(rng.choice(words["useless"]))
    cast = voice.Cast(draft.person, desk.people, draft.at, rng, desk.phrases, "en")
    slots = voice.Slots(cast, scenario)
    if draft.row["cmdb_ci"]:
        slots["ci"] = draft.row["cmdb_ci"]
    short, long = cause.fixes[0], cause.fixes[1:] or cause.fixes
    terse = technician.style == "terse" or (technician.style == "normal" and rng.random() < 0.3)
    fix = short if terse else rng.choice(long)
    others = [
        c.fixes[0]
        for c in scenario.causes
        if c is not cause and c.group == cause.group and c.end >= draft.at.date() >= c.start and not scenario.request
    ]
    if others and not terse and rng.random() < 0.14:
        fix = str(rng.choice(words["retry"])).format(other=rng.choice(others), fix=fix)
    if not terse and not scenario.monitor:
        tail = str(rng.choice(words["tail"]))
        fix = str(rng.choice(words["lead"])) + fix + ("." if tail and fix[-1] not in ".!" else "") + tail
    if scenario.asks and technician.asks and technician.style != "terse" and rng.random() < 0.6:
        questions = " ".join(rng.sample(scenario.asks, min(len(scenario.asks), rng.randint(1, 2))))
        forms = ("Asked: {q}\n{f}", "Questions to user: {q}\n{f}", "{f}\n(asked first: {q})", "Q: {q}\n-> {f}")
        fix = rng.choice(forms).replace("{q}", questions).replace("{f}", fix)
    if reopened:
        fix = str(rng.choice(words["reopened"])).format(n=rng.randint(1, 9)) + fix
    if bounced and scenario.wrong and not terse and rng.random() < 0.3:
        fix = str(rng.choice(words["bounced"])).format(grp0=rng.choice(scenario.wrong)) + fix
    return voice.typed(fix.format_map(slots) if "{" in fix else fix, technician.typo, rng)


def finish(desk: Desk, draft: Draft) -> None:
    """Set state and times as they stood when the export was made."""
    rng, row = desk.rng, draft.row
    night = draft.row["contact_type"] == "monitoring" or row["priority"] == "1"
    end = draft.end or (draft.at + timedelta(hours=draft.hours) if night else clock.after_work(draft.at, draft.hours))
    draft.end = end
    recent = draft.at > clock.EXPORTED - timedelta(days=35)
    if end >= clock.EXPORTED or (recent and draft.parent is None and rng.random() < 0.13):
        row.update(state=rng.choice(("In Progress", "In Progress", "On Hold")), resolved_at="", closed_at="")
        row.update(close_code="", close_notes="", made_sla="true", reopen_count="0")
        draft.end = None
        return
    closed = end + timedelta(days=5) if rng.random() < 0.8 else end + timedelta(minutes=rng.randint(1, 2000))
    done = closed < clock.EXPORTED
    row.update(
        resolved_at=stamp(end), closed_at=stamp(closed) if done else "", state="Closed" if done else "Resolved",
        made_sla="true" if draft.hours <= TARGETS[int(row["priority"]) - 1] else "false",
    )  # fmt: skip


def stamp(moment: datetime) -> str:
    """A moment as the export writes it, UTC."""
    return moment.strftime("%Y-%m-%d %H:%M:%S")
