"""Work notes of the sample desk: what technicians asked, tried and did between opening and resolution."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any

from pipelines.samples import clock, voice
from pipelines.samples.bank import Scenario
from pipelines.samples.people import FIRST, Technician
from pipelines.samples.story import Desk, Draft, stamp
from pipelines.samples.wording import bank, generic, listed, stopped, worded

FIRST_LINE = "Service Desk"
CHANCE = {"terse": 0.41, "normal": 0.57, "full": 0.73}
"""How likely a technician with this habit of writing leaves notes at all."""
Move = tuple[Technician, str]


@dataclass(slots=True)
class Writer:
    """One ticket's notes in the making: its own random numbers, so that nothing else of the desk depends on them."""

    desk: Desk
    draft: Draft
    rng: Random
    slots: Mapping[str, str]
    lang: str
    words: Mapping[str, Any]

    def say(self, key: str, **more: str) -> str:
        """One of the phrases of the language, filled."""
        return str(self.rng.choice(self.words[key])).format_map({**_all(self.slots, self.words[key]), **more})


def write(desk: Desk, draft: Draft) -> str:
    """The journal of a ticket, its newest entry first as the tool exports it; "" where nobody wrote anything."""
    row = draft.row
    if row["state"] in ("New", "Canceled") or not row["assigned_to"]:
        return ""
    rng = Random(f"notes of {row['number']}")
    solver = next(t for group in desk.technicians.values() for t in group if t.name == row["assigned_to"])
    if _is_parent(draft):
        return _outage(desk, draft, solver, rng)
    duplicate = row["close_code"] == "Duplicate"
    chance = 0.12 if row["contact_type"] == "monitoring" else 0.2 if duplicate else CHANCE[solver.style]
    if rng.random() > chance:
        return ""
    lang = (
        "de" if _is_german(solver) and rng.random() < (0.85 if draft.person.code in ("WIE", "LIF") else 0.04) else "en"
    )
    cast = voice.Cast(draft.person, desk.people, draft.at, rng, desk.phrases, "en")
    slots = voice.Slots(cast, draft.scenario)
    slots.update({key: value for key, value in draft.slots.items() if key not in ("since", "day")})
    slots["first"] = draft.person.first
    if row["cmdb_ci"]:
        slots["ci"] = row["cmdb_ci"]
    writer = Writer(desk, draft, rng, slots, lang, generic()[lang])
    if duplicate:
        older = draft.parent.row["number"] if draft.parent else "the first ticket"
        return _dated(draft, [(solver, writer.say("duplicate", parent=older))], rng)
    return _dated(draft, [move for move in _moves(writer, solver) if move[1].strip()], rng)


def _moves(writer: Writer, solver: Technician) -> list[Move]:
    rng, draft = writer.rng, writer.draft
    idle = rng.random() < 0.09
    front = _front(writer, solver)
    moves: list[Move] = []
    if draft.row["contact_type"] != "monitoring" and rng.random() < (0.9 if solver.asks else 0.6):
        moves.append((front, _questions(writer)))
    if idle or rng.random() < 0.14:
        moves.append((front, writer.say("chase")))
    if idle:
        return moves
    if rng.random() < 0.34:
        moves.append((front, _failed(writer)))
    if front is not solver:
        moves.append((front, _handed(writer)))
        if rng.random() < 0.2:
            moves.append((solver, writer.say("took")))
    moves += [(solver, text) for text in _steps(writer, solver)]
    if rng.random() < 0.08:
        moves.append((solver, writer.say("lost")))
    if draft.row["contact_type"] != "monitoring":
        moves.append((solver, writer.say("end" if draft.end else "open")))
    return _together(moves, rng)


def _front(writer: Writer, solver: Technician) -> Technician:
    """Who answered first: the first line for what it handed on."""
    rng, row = writer.rng, writer.draft.row
    handed = row["reassignment_count"] != "0" or rng.random() < 0.3
    if solver.group == FIRST_LINE or row["contact_type"] == "monitoring" or row["u_audience"] or not handed:
        return solver
    desk = writer.desk.technicians[FIRST_LINE]
    return rng.choice([t for t in desk if writer.lang == "en" or _is_german(t)] or [solver])


def _is_german(technician: Technician) -> bool:
    return technician.name.split()[0] in FIRST["de"].split()


def _questions(writer: Writer) -> str:
    rng, scenario, cause = writer.rng, writer.draft.scenario, writer.draft.cause
    known = bank()[scenario.id] if scenario else {}
    own = known.get("de", ()) if writer.lang == "de" else (*(scenario.asks if scenario else ()), *known.get("ask", ()))
    pool = list(own) or list(writer.words["ask"])
    if own and rng.random() < 0.25 and not (scenario and scenario.request):
        pool.append(rng.choice(writer.words["any"]))
    asked = rng.sample(pool, min(len(pool), rng.choice((1, 1, 2, 2, 2, 3))))
    joint = rng.choice((" ", " ", "\n"))
    text = writer.say("asked", q=joint.join(q.format_map(writer.slots) for q in asked))
    if rng.random() < 0.3:
        return text
    answer = str(rng.choice(writer.words[_answers(asked[0], writer.words["yes_or_no"])]))
    if cause and cause.hints and writer.lang == "en" and rng.random() < 0.5:
        answer = str(rng.choice(cause.hints))
    return f"{text}\n{writer.say('answer', a=answer.format_map(writer.slots))}"


def _answers(question: str, polar: Sequence[str]) -> str:
    """Which kind of answer a question gets."""
    first = question.split()[0].casefold()
    if first in ("since", "when", "seit", "wann", "from"):
        return "when"
    if question.casefold().startswith(("how many", "how often", "how long", "how much", "wie viele", "wie lange")):
        return "many"
    return "polar" if first in polar and " or " not in question and " oder " not in question else "vague"


def _failed(writer: Writer) -> str:
    """What led nowhere: an attempt of the failure's own, or the right step for another cause of it."""
    rng, scenario, cause = writer.rng, writer.draft.scenario, writer.draft.cause
    if scenario is None or cause is None or writer.lang == "de":
        return ""
    known = bank()[scenario.id]
    others = [part for at, part in enumerate(known["do"]) if scenario.causes[at] is not cause]
    if others and not scenario.request and rng.random() < 0.3:
        step = worded(rng.choice(rng.choice(others)[1:-1] or [""]), "en", rng, short=False)
        return writer.say("useless", d=stopped(step.format_map(writer.slots))) if step else ""
    dead = list(known.get("dead", ()))
    return writer.say("tried", d=rng.choice(dead).format_map(writer.slots)) if dead else ""


def _handed(writer: Writer) -> str:
    scenario, group = writer.draft.scenario, writer.draft.row["assignment_group"]
    why = bank()[scenario.id].get("pass", ()) if scenario else ()
    if not why or writer.lang == "de" or writer.rng.random() < 0.3:
        return writer.say("passed_bare", grp=group)
    return writer.say("passed", grp=group, why=writer.rng.choice(why).format_map(writer.slots))


def _steps(writer: Writer, solver: Technician) -> list[str]:
    """What was done, in the right order, often with steps left out; of what is still open only how it began."""
    rng, scenario, cause = writer.rng, writer.draft.scenario, writer.draft.cause
    if scenario is None or cause is None:
        return [str(rng.choice(writer.words["do"]))]
    steps = list(bank()[scenario.id]["do"][_at(scenario, writer.draft)])
    if writer.draft.end is None:
        steps = steps[: rng.randint(0, 2)]
    steps = [step for step in steps if rng.random() < {"terse": 0.6, "normal": 0.75, "full": 0.92}[solver.style]]
    german = [step for step in steps if "de:" in step] if writer.lang == "de" else []
    terse = solver.style == "terse" or rng.random() < 0.15
    lang = "de" if german else "en"
    said = [worded(step, lang, rng, short=terse).format_map(writer.slots) for step in german or steps]
    if not said:
        return []
    if terse:
        return [rng.choice((", ", "\n", "; ", " + ")).join(text.rstrip(".") for text in said)]
    cut = rng.randint(1, len(said)) if rng.random() < 0.45 else len(said)
    return [listed([stopped(text) for text in part], solver, rng) for part in (said[:cut], said[cut:]) if part]


def _at(scenario: Scenario, draft: Draft) -> int:
    return next(at for at, cause in enumerate(scenario.causes) if cause is draft.cause)


def _together(moves: Sequence[Move], rng: Random) -> list[Move]:
    """Neighbouring notes of one person are often one entry."""
    joined: list[Move] = []
    for who, text in moves:
        if text and joined and joined[-1][0] is who and rng.random() < 0.55:
            joined[-1] = (who, f"{joined[-1][1]}\n{text}")
        elif text:
            joined.append((who, text))
    return joined


def _dated(draft: Draft, moves: Sequence[Move], rng: Random) -> str:
    """The entries with times between opening and resolution, newest first."""
    limit = draft.end or clock.EXPORTED
    parts = sorted(rng.uniform(0.04, 0.97) for _ in moves)
    entries = []
    for (who, text), part in zip(moves, parts, strict=True):
        typed = voice.typed(text, who.typo * 1.6 + rng.choice((0.0, 0.0, 0.004)), rng)
        entries.append(f"{stamp(_moment(draft, limit, part))} - {who.name} (Work notes)\n{typed.strip()}")
    return "\n\n".join(reversed(entries))


def _moment(draft: Draft, limit: datetime, part: float) -> datetime:
    hours = draft.hours if draft.end else min(draft.hours, 30.0)
    at = clock.after_work(draft.at, hours * part)
    if at >= limit or (draft.end and clock.after_work(draft.at, hours) != limit):  # not in office hours
        return draft.at + (min(limit, draft.at + timedelta(days=4)) - draft.at) * part
    return at


def _all(slots: Mapping[str, str], phrases: Sequence[str]) -> dict[str, str]:
    """The gaps that these phrases have, filled; those named in the call come over them."""
    return {
        key: slots[key] for key in ("first", "ext", "coll", "mgr", "time", "mins") if any(key in p for p in phrases)
    }


def _is_parent(draft: Draft) -> bool:
    return (
        draft.is_outage and draft.parent is None and draft.row["priority"] == "1" and draft.row["u_department"] == "IT"
    )


def _outage(desk: Desk, draft: Draft, solver: Technician, rng: Random) -> str:
    scenario = draft.scenario
    lines = generic()["parents"][scenario.id] if scenario else ()
    front = rng.choice(desk.technicians[FIRST_LINE])
    entries: list[str] = []
    for line in lines:
        after, text = line.split(" | ")
        who = solver if entries else front
        entries.append(f"{stamp(draft.at + timedelta(minutes=int(after)))} - {who.name} (Work notes)\n{text}")
    return "\n\n".join(reversed(entries))
