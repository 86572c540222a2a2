"""What does not come by chance: outages with many callers, single cases, duplicates, secrets, the untouched queue."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from pipelines.samples import clock, voice
from pipelines.samples.bank import read
from pipelines.samples.story import MATRIX, Desk, Draft, open_ticket, solve, stamp

WAITING = 40
"""How many of the newest tickets nobody has looked at."""
VPN_OUTAGE = datetime(2026, 3, 17, 6, 41, tzinfo=UTC)
MAIL_OUTAGE = datetime(2025, 10, 8, 11, 12, tzinfo=UTC)

GERMAN = ("Danke", "Gruß", "MfG")
REMINDED = ("still not solved.", "is waiting, nobody called back.", "wants to know when it is done.", "same problem.")


def planned(desk: Desk) -> list[Draft]:
    """The two outages with their parent tickets, and the single cases."""
    vpn = _outage(desk, "burst-vpn", VPN_OUTAGE, 38, 118)
    vpn[0].row.update(
        short_description="MAJOR: VPN client 5.1.8 does not connect, all sites",
        description="Parent ticket for the VPN outage. Client update 5.1.8 went to all laptops at 05:00 UTC. Service "
        "\"ORV Secure Access\" stops after start. Callers from all sites, home office without access. Network "
        "Operations and Workplace Engineering in the bridge call. Please link all VPN calls of today here.",
        close_notes="Root cause: package 5.1.8 installed the filter driver without the signing certificate chain, the "
        "service stops. Deployment stopped 07:25, rollback to 5.1.7 through the emergency gateway and Software Center "
        "from 08:10. All clients confirmed by 13:00. Follow-up in PRB0000431: pilot ring of 20 devices before rollout.",
    )  # fmt: skip
    mail = _outage(desk, "burst-mail", MAIL_OUTAGE, 15, 55)
    mail[0].row.update(
        short_description="External mail delayed, queue on ALD-MGW01",
        description="Parent ticket. Queue on ALD-MGW01 grows since 11:00 UTC (4,200 messages), nothing goes out or "
        "comes in. MGW02 is in maintenance. Link all calls about external mail here.",
        close_notes="Log volume of ALD-MGW01 was full after debug logging had been left on. Logs deleted, service "
        "restarted 13:35, queue empty at 14:20. Monitoring for the log volume added.",
    )  # fmt: skip
    return vpn + mail + _single(desk)


def _outage(desk: Desk, name: str, start: datetime, callers: int, minutes: int) -> list[Draft]:
    rng = desk.rng
    scenario = next(s for s in desk.scenarios if s.id == name)
    lead = rng.choice(desk.technicians["Service Desk"])
    parent = open_ticket(desk, scenario, start + timedelta(minutes=minutes // 4))
    solve(desk, parent)
    parent.row.update(
        impact="1", urgency="1", priority="1", contact_type="phone", caller_id=lead.name, u_department="IT",
        u_vip="false", cmdb_ci=scenario.items[0], assignment_group=scenario.group, u_line="2", reopen_count="0",
        close_code="Solved (Permanently)", location="Aldersby", category=scenario.category,
        subcategory=scenario.subcategory, problem_id=scenario.causes[0].problem,
        assigned_to=desk.technicians[scenario.group][0].name,
    )  # fmt: skip
    parent.hours = 5.5
    parent.solver = parent.row["assigned_to"]
    drafts = [parent]
    seen = set()
    for _ in range(callers):
        at = start + timedelta(minutes=rng.betavariate(1.6, 2.2) * minutes, seconds=rng.randrange(60))
        person = rng.choice([p for p in desk.people if p.full not in seen])
        seen.add(person.full)
        draft = open_ticket(desk, scenario, at, person=person)
        solve(desk, draft)
        draft.parent = parent if rng.random() < 0.85 else None
        draft.hours = rng.uniform(2.2, 6.5)
        drafts.append(draft)
    return drafts


def _single(desk: Desk) -> list[Draft]:
    rng, drafts = desk.rng, []
    days = [day for day in clock.days() if day.weekday() < 5]
    for line in read("oneoff")["rows"]:
        title, body, category, group, fix = (part.strip() for part in line.split(" | "))
        person = rng.choice(desk.people)
        draft = Draft(clock.moment(rng, rng.choice(days)), None, None, person)
        technician = rng.choice(desk.technicians[group])
        impact, urgency = rng.choices(((3, 3), (3, 2), (2, 3), (2, 2)), (6, 3, 1, 1))[0]
        draft.hours = clock.lasting(rng, 9.0, MATRIX[impact - 1][urgency - 1])
        draft.solver = technician.name
        cast = voice.Cast(person, desk.people, draft.at, rng, desk.phrases, "en")
        channel = rng.choices(("email", "phone", "self-service"), (6, 2, 3))[0]
        text = voice.mail(cast, voice.Slots(cast), [body]) if channel == "email" else body
        draft.row = {
            "opened_at": stamp(draft.at), "short_description": voice.typed(title, person.typo, rng),
            "description": voice.typed(text, person.typo, rng), "category": category, "subcategory": "",
            "impact": str(impact), "urgency": str(urgency), "priority": str(MATRIX[impact - 1][urgency - 1]),
            "assignment_group": group, "assigned_to": technician.name, "caller_id": person.full,
            "u_department": person.department, "location": person.site, "business_service": "", "cmdb_ci": "",
            "contact_type": channel, "close_code": "Solved (Permanently)", "close_notes": fix, "reopen_count": "0",
            "reassignment_count": str(rng.choice((0, 0, 1, 1, 2))), "u_line": "1" if group == "Service Desk" else "2",
            "u_vip": "true" if person.vip else "false", "problem_id": "", "parent_incident": "", "u_audience": "",
        }  # fmt: skip
        drafts.append(draft)
    return drafts


def repeats(tickets: int) -> int:
    """How many tickets say again what another one said."""
    return tickets // 22


def repeated(desk: Desk, drafts: list[Draft], count: int) -> list[Draft]:
    """Duplicates: the same caller again, a second copy from the mail gateway, or a colleague with the same words."""
    rng = desk.rng
    pool = [
        d
        for d in drafts
        if d.scenario and not d.scenario.monitor and not d.scenario.audience and not d.scenario.id.startswith("burst")
    ]
    again = []
    for first in rng.sample(pool, count):
        kind = rng.choices(("copy", "again", "colleague"), (3, 5, 2))[0]
        row = dict(first.row)
        delay = {"copy": rng.uniform(0.01, 0.2), "again": rng.uniform(2, 22), "colleague": rng.uniform(0.1, 5)}[kind]
        later = first.at + timedelta(hours=delay) if kind == "copy" else clock.after_work(first.at, delay)
        if later >= clock.EXPORTED:
            kind, later = "copy", first.at + timedelta(minutes=1)
        draft = Draft(later, first.scenario, first.cause, first.person, row)
        if kind == "again" and first.row["contact_type"] == "phone":
            row["description"] = f"{first.person.full} called again, {rng.choice(REMINDED)}\n{row['description']}"
        elif kind == "again":
            row["short_description"] = f"RE: {first.row['short_description']}"
            row["description"] = _reminder(desk, first)
            row["contact_type"] = "email"
        elif kind == "colleague":
            mate = rng.choice([p for p in desk.people if p.site == first.person.site])
            draft.person = mate
            row["caller_id"], row["u_department"], row["u_vip"] = mate.full, mate.department, str(mate.vip).lower()
            row["description"] = row["description"].replace(first.person.full, mate.full)
            row["description"] = row["description"].replace(first.person.mail, mate.mail)
        row["opened_at"] = stamp(draft.at)
        if rng.random() < 0.8:
            draft.parent = first
            row["close_code"] = "Duplicate"
            row["close_notes"] = rng.choice(("duplicate", "Duplicate, see parent.", "double", "same caller, see first "
                                             "ticket", "dup - closed", "Duplicate of earlier ticket"))  # fmt: skip
        row["reopen_count"] = row["reassignment_count"] = "0"
        if rng.random() < 0.5:
            row["assignment_group"], row["u_line"] = "Service Desk", "1"
        draft.solver = row["assigned_to"] = rng.choice(desk.technicians[row["assignment_group"]]).name
        draft.hours = rng.uniform(0.1, 6)
        again.append(draft)
    return again


def _reminder(desk: Desk, first: Draft) -> str:
    rng = desk.rng
    text = {
        "de": ("Hallo,\ngibt es hierzu schon etwas Neues?", "Problem besteht weiterhin!", "Bitte um Rückmeldung."),
        "fr": ("Bonjour,\navez-vous des nouvelles ?", "Toujours le même problème."),
    }.get(first.person.lang, (
        "Hi,\nany news on this?", "Hello, the problem is still there.", "I did not hear anything since my last mail.",
        "Still not working!! Please call me.", "Reminder - see below.", "it happened again just now",
    ))  # fmt: skip
    quoted = "\n".join(f"> {line}" for line in first.row["description"].split("\n"))
    head = f"On {first.at:%d/%m/%Y %H:%M} {first.person.full} <{first.person.mail}> wrote:"
    return f"{rng.choice(text)}\n\n{first.person.first}\n\n{head}\n{quoted}"


def afterwards(desk: Desk, drafts: list[Draft]) -> None:
    """Cancelled tickets, secrets that callers wrote down, and the newest ones that nobody has looked at."""
    rng = desk.rng
    plain = [d for d in drafts if d.scenario and not d.scenario.monitor and d.parent is None]
    for draft in rng.sample(plain, len(drafts) // 80):
        if draft.end is not None and not draft.is_outage:
            draft.row.update(state="Canceled", close_code="", problem_id="")
            draft.row["close_notes"] = rng.choice(("", "cancelled by caller", "opened by mistake", "wrong ticket type"))
    homes = [d for d in plain if d.scenario and d.scenario.category in ("Access", "Business Applications")]
    for draft in rng.sample([d for d in homes if d.row["contact_type"] == "email"], 16):
        cast = voice.Cast(draft.person, desk.people, draft.at, rng, desk.phrases, "en")
        words = desk.phrases["desk"]
        german = draft.row["description"].endswith(GERMAN) or " ich " in draft.row["description"]
        secret = rng.choice(words["secret_de" if german else "secret"]).format_map(voice.Slots(cast))
        if draft.scenario and draft.scenario.id == "sap-idoc":
            secret = words["key"]
        lines = draft.row["description"].split("\n")
        lines.insert(min(2, len(lines)), secret)
        draft.row["description"] = "\n".join(lines)
    for draft in drafts[-WAITING:]:
        draft.row.update(state="New", resolved_at="", closed_at="", close_code="", close_notes="", made_sla="true")
        draft.row.update(category="", subcategory="", impact="", urgency="", priority="", assignment_group="")
        draft.row.update(assigned_to="", u_line="", reopen_count="0", reassignment_count="0", problem_id="")
        draft.row.update(parent_incident="")
        draft.end = None
