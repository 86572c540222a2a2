"""How people on the sample desk write: mails, phone notes, forms and chats, with typos, noise and vague callers."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from random import Random
from typing import Any

from pipelines.samples.bank import Cause, Scenario
from pipelines.samples.people import Person, plain

NEAR = {
    "a": "sq", "b": "vn", "c": "xv", "d": "sf", "e": "wr", "f": "dg", "g": "fh", "h": "gj", "i": "uo", "j": "hk",
    "k": "jl", "l": "k", "m": "n", "n": "bm", "o": "ip", "p": "o", "r": "et", "s": "ad", "t": "ry", "u": "yi",
    "v": "cb", "w": "qe", "x": "zc", "y": "tu", "z": "x",
}  # fmt: skip
MISSPELT = {
    "receive": "recieve", "password": "pasword", "connection": "conection", "available": "availible",
    "connected": "conected", "address": "adress", "successful": "succesfull", "printer": "priner",
    "necessary": "neccessary", "which": "wich", "working": "workign", "because": "becuase", "access": "acces",
    "until": "untill", "another": "an other", "cannot": "can not", "different": "diffrent", "please": "pls",
    "calendar": "calender", "separate": "seperate", "problem": "problm", "drucken": "druken", "nicht": "nciht",
}  # fmt: skip
RUDE = ("shit", "suck", "fuck", "cunt", "dick", "tits", "piss", "sexy")
"""What no slip of the finger may make."""
DAYS = {
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday"),
    "de": ("Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag"),
    "fr": ("lundi", "mardi", "mercredi", "jeudi", "vendredi"),
}
SINCE = {
    "en": ("this morning", "yesterday", "Monday", "last week", "about 9 o'clock", "the weekend", "Thursday", "lunch",
           "a few days", "the last restart"),
    "de": ("heute früh", "gestern", "Montag", "letzter Woche", "dem Wochenende", "ein paar Tagen"),
    "fr": ("ce matin", "hier", "lundi", "la semaine dernière"),
}  # fmt: skip
CODES = {"ALD": "ALD", "ALW": "ALD", "WIE": "WIE", "LIF": "LIF", "SAB": "SAB"}


@dataclass(frozen=True, slots=True)
class Cast:
    """Who writes, when, and everybody else who may be named."""

    person: Person
    everybody: Sequence[Person]
    at: datetime
    rng: Random
    phrases: Mapping[str, Any]
    lang: str


class Slots(dict[str, str]):
    """Values for the gaps in a phrase, made when first asked for and kept within one ticket."""

    def __init__(self, cast: Cast, scenario: Scenario | None = None) -> None:
        super().__init__()
        self._cast = cast
        person, rng = cast.person, cast.rng
        code = CODES[person.code]
        other = rng.choice([p for p in cast.everybody if p.site == person.site and p.first != person.first])
        boss = rng.choice([p for p in cast.everybody if p.department == person.department and p is not person])
        self.update(
            pc=person.pc, login=person.login, ext=person.ext, site=person.site, sc=code, coll=other.first,
            collfull=other.full, mgr=boss.full, since=rng.choice(SINCE[cast.lang]), day=rng.choice(DAYS[cast.lang]),
        )  # fmt: skip
        for name, values in (scenario.slots if scenario else {}).items():
            self[name] = rng.choice(values)
            self[name] = self[name].format_map(self)
        if scenario:
            local = [item for item in scenario.items if item.startswith(code)]
            foreign = [item for item in scenario.items if not item.startswith(("ALD", "WIE", "SAB", "LIF"))]
            self["ci"] = rng.choice(local + foreign or list(scenario.items)).format_map(self)

    def __missing__(self, name: str) -> str:
        self[name] = value = self._make(name)
        return value

    def _make(self, name: str) -> str:
        rng, org, code = self._cast.rng, self._cast.phrases["org"], self["sc"]
        hexs = "0123456789ABCDEF"
        lists = {"partner": "partners", "machine": "machines", "share": "shares", "mbx": "mailboxes",
                 "tcode": "tcodes"}  # fmt: skip
        if name == "room":
            return str(rng.choice(org[f"rooms_{code}"]))
        if name in lists:
            return str(rng.choice(org[lists[name]]))
        if name == "ordinal":
            return str(rng.choice(org["ordinal"]))
        makers: dict[str, str] = {
            "n": str(rng.randint(2, 8)), "n2": str(rng.randint(10, 59)), "n9": str(rng.randint(91, 99)),
            "mins": str(rng.choice((5, 10, 15, 20, 30, 40))),
            "time": f"{rng.randint(8, 16)}:{rng.choice(('00', '15', '30'))}",
            "printer": f"{code}-PRN-{rng.randint(1, 38):02d}", "order": str(rng.randint(4500010000, 4500099999)),
            "date": f"{self._cast.at.day}.{self._cast.at.month}.", "grp": rng.choice(("QS", "SALES", "PLAN", "LOG")),
            "hex": "".join(rng.choice(hexs) for _ in range(8)), "hexs": f"{rng.choice('CEJ')}{rng.randint(1000, 7999)}",
        }  # fmt: skip
        return makers[name]


def typed(text: str, rate: float, rng: Random) -> str:
    """The text as somebody types it who gets about ``rate`` of the letters wrong; codes and names with digits stay."""
    if rate <= 0:
        return text

    def one(match: re.Match[str]) -> str:
        word = match.group()
        if rng.random() > rate * len(word):
            return word
        if word.lower() in MISSPELT and rng.random() < 0.5:
            return MISSPELT[word.lower()]
        slip = _slip(word, rng)
        return word if any(bad in slip.lower() for bad in RUDE) else slip

    return re.sub(r"(?<![\w.\\/:@{-])[a-zäöüéè]{4,}(?![\w\\/@:{-]|\.\w| from:)", one, text)


def cut(text: str, room: int) -> str:
    """The text up to the last whole word that fits into so many characters."""
    return text if len(text) <= room else text[:room].rsplit(" ", 1)[0].strip(" .:,")


def _slip(word: str, rng: Random) -> str:
    at = rng.randrange(1, len(word) - 1)
    kind = rng.randrange(4)
    if kind == 0:
        return word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    if kind == 1:
        return word[:at] + word[at + 1 :]
    if kind == 2:
        return word[:at] + word[at] + word[at:]
    return word[:at] + rng.choice(NEAR.get(word[at].lower(), word[at])) + word[at + 1 :]


def fill(cast: Cast, slots: Slots, key: str) -> str:
    """One phrase of the caller's language with its gaps filled."""
    return str(cast.rng.choice(cast.phrases[cast.lang][key])).format_map(slots)


def akin(phrases: Sequence[str], text: str, rng: Random) -> str:
    """One of the phrases, most likely one that shares long words with the text."""
    stems = {word[:5].lower() for word in re.findall(r"\w{4,}", text)}
    weights = [1 + 12 * sum(w[:5].lower() in stems for w in set(re.findall(r"\w{4,}", p))) for p in phrases]
    return rng.choices(phrases, weights)[0]


def capital(text: str) -> str:
    """The text with a capital at its start."""
    return text[:1].upper() + text[1:]


def symptom(cast: Cast, slots: Slots, scenario: Scenario, cause: Cause) -> list[str]:
    """The sentences that tell what is wrong: symptom, sometimes another one, a hint at the cause, some context."""
    rng, lang = cast.rng, cast.lang
    says = cause.fitting(scenario.says[f"{lang}.says"])
    lines = [rng.choice(says)]
    if len(says) > 1 and rng.random() < 0.12 + 0.1 * cast.person.wordy:
        lines.append(rng.choice([s for s in says if s != lines[0]]))
    if lang == "en":
        if cause.hints and rng.random() < 0.62:
            lines.append(rng.choice(cause.hints))
        if scenario.says["en.more"] and rng.random() < 0.2 + 0.4 * cast.person.wordy:
            lines.append(rng.choice(scenario.says["en.more"]))
    return [line.format_map(slots) for line in lines]


def around(cast: Cast, slots: Slots) -> tuple[list[str], int]:
    """What callers add: tried, how bad; and the shift of urgency (-1 more urgent, 0, 1 less) that it tells."""
    rng, lines, shift = cast.rng, [], 0
    if rng.random() < 0.15 + 0.2 * cast.person.wordy:
        lines.append(fill(cast, slots, "tried"))
    mood = rng.random()
    if mood < 0.17:
        lines.append(fill(cast, slots, "hot"))
        shift = -1
    elif mood < 0.27:
        lines.append(fill(cast, slots, "cool"))
        shift = 1
    return lines, shift


def mail(cast: Cast, slots: Slots, lines: list[str]) -> str:
    """A mail around the sentences: received-from line, greeting, closing, signature, disclaimer."""
    rng, person = cast.rng, cast.person
    parts: list[str] = []
    if rng.random() < 0.4:
        parts.append(f"received from: {person.mail}\n")
    if rng.random() < 0.86:
        parts.append(fill(cast, slots, "greet"))
    if rng.random() < 0.16:
        lines = [fill(cast, slots, "open"), *lines]
    text = _join(lines, rng)
    parts.append(text if parts and parts[-1].endswith(",") and cast.lang == "de" else capital(text))
    ask = fill(cast, slots, "ask")
    if ask and rng.random() < 0.6:
        parts.append(ask)
    parts.append(f"\n{fill(cast, slots, 'close')}" if rng.random() < 0.85 else "")
    parts.append(_signature(cast, slots))
    body = "\n".join(part for part in parts if part)
    if rng.random() < 0.05:
        body += f"\n\n[cid:image001.png@01DC{rng.randrange(1 << 24):06X}.{rng.randrange(1 << 32):08X}]"
    return body


def _join(lines: list[str], rng: Random) -> str:
    if not lines:
        return ""
    text = lines[0]
    for line in lines[1:]:
        text += rng.choice((" ", " ", " ", "\n")) + (line if text.endswith((":", " but")) else capital(line))
    return text


def _signature(cast: Cast, slots: Slots) -> str:
    person, rng = cast.person, cast.rng
    if person.signature == 0:
        return ""
    if person.signature == 1:
        return person.first if rng.random() < 0.5 else person.full
    local = cast.phrases[{"WIE": "de", "LIF": "de", "SAB": "fr"}.get(person.code, "en")]
    units = {"WIE": "Strömungstechnik GmbH", "LIF": "Strömungstechnik GmbH", "SAB": "Fluides SAS"}
    unit = units.get(person.code, "Flow Systems Ltd")
    role = {"Management": "Head of Site"}.get(person.department, person.department)
    lines = [person.full, role, f"Orrveld {unit}, {person.site}", str(rng.choice(local["sig"])).format_map(slots)]
    if person.signature == 3:
        lines.append("\n" + str(rng.choice(local["disclaimer"])))
    return "\n".join(lines)


def form(cast: Cast, slots: Slots, lines: list[str], service: str) -> str:
    """The answers to the self-service form."""
    rng = cast.rng
    since = f"seit {slots['since']}" if cast.lang == "de" else slots["since"]
    body = f"What is the problem?\n{capital(_join(lines, rng))}\n\nSince when? {since}"
    body += f"\nWho is affected? {rng.choice(('me', 'only me', 'me', 'my team', 'several people', '-'))}"
    if rng.random() < 0.6:
        body += f"\nDevice: {rng.choice((slots['pc'], slots['pc'].lower(), '?', 'my laptop'))}"
    if rng.random() < 0.3:
        body += f"\nApplication or service: {service}"
    return body


def chat(cast: Cast, slots: Slots, lines: list[str], asks: Sequence[str], agent: str) -> str:
    """A chat; half of the time with the questions of the first line in it."""
    rng, me = cast.rng, cast.person.first
    if rng.random() < 0.5 or not asks or cast.lang != "en":
        return " ".join(lines)
    talk = [f"{me}: hi", f"{me}: {lines[0]}", f"{agent}: Hi {me}, {rng.choice(asks).format_map(slots)}"]
    answers = lines[1:] or ["not sure", "yes I think", "I don't know, sorry", "hm, moment", "no"]
    talk += [f"{me}: {answers[0]}" if lines[1:] else f"{me}: {rng.choice(answers)}"]
    talk += [f"{me}: {line}" for line in lines[2:]]
    talk.append(f"{agent}: {rng.choice(('ok, I open a ticket for it.', 'I pass it on.', 'Let me check.'))}")
    return "\n".join(talk)


def note(cast: Cast, slots: Slots, scenario: Scenario, cause: Cause) -> tuple[str, str]:
    """What the first line wrote down while the caller was speaking: the core of it, and the whole note."""
    rng, person = cast.rng, cast.person
    core = text = rng.choice(cause.fitting(scenario.says["en.phone"])).format_map(slots)
    if cause.hints and rng.random() < 0.5:
        text += rng.choice((". usr: ", " - says: ", "\n")) + rng.choice(cause.hints).format_map(slots)
    if rng.random() < 0.3:
        more = rng.choice(scenario.says["en.more"] or ("",)).format_map(slots)
        text += (" " if text.endswith(".") else ". ") + more if more else ""
    head = rng.choice(("", "", f"{person.full} called. ", f"Caller {plain(person.last)}, ext {person.ext}: ",
                       f"usr {person.login}: ", f"{slots['pc']} / {person.ext}\n", "Phone call. "))  # fmt: skip
    tails = ["", "", "", f"\ncall back {person.ext}", " pls check"]
    if not scenario.request and not scenario.audience:
        tails += ["\nTV id given", "\nremote tried, no change"]
    tail = rng.choice(tails)
    return core, head + text + tail
