"""Made-up tickets with a known number of secrets and personal data in them, and lines that only look like that."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib.resources import files
from random import Random
from typing import Literal

from pipelines.plants import values

Half = Literal[
    "ours", "held", "independent", "second", "third", "fourth", "fifth",
    "taught_callers", "taught_systems", "taught_words", "taught_harmless", "taught_long", "taught_own",
]  # fmt: skip
"""Whose phrasings: the rules' author's, those held back, those of five others who never saw the redactor (all but the
fifth were read and learnt from since), and those that were written to be learnt from."""
SEED = 2026
SECRETS = ("password", "code", "wifi", "token", "keyed", "connection", "private")
PERSONAL = ("phone", "email", "name")
NUMBERED = ("card", "iban", "account", "id")
WEIGHTS = {"password": 26, "code": 7, "wifi": 3, "token": 12, "keyed": 7, "connection": 6, "private": 2, "card": 6,
           "iban": 5, "account": 2, "id": 8, "phone": 11, "email": 9, "name": 9}  # fmt: skip
_BEFORE = ("Outlook closes after the update.", "VPN drops every few minutes.", "Cannot print to PRN-WIE-03.",
           "Hello IT,",
           "SAP GUI shows error 0x80070035.", "Bonjour, petit souci ce matin.", "Moin, kurze Frage:",
           "Laptop ALD-L2231 is slow.",
           "Since KB5034441 the laptop reboots.",
           "Hi,\nas discussed on the phone:", "Ticket INC0031207 came back.")  # fmt: skip
_AFTER = (
    "Thanks", "Please check.", "It worked until Monday.", "Host wie-fs02, IP 10.24.3.117, build 10.0.19045.3803.", "",
    "Event ID 4625, GUID 3f2504e0-4f89-11d3-9a0c-0305e82c3301.", "Danke und Grüße", "See RITM0010023.",
    "md5 5d41402abc4b2a76b9719d911017c592 of the file is right.", "Serial 5CG1234XYZ, driver 31.0.15.3623.",
)  # fmt: skip
DIAGNOSTIC = ("PRN-WIE-03", "0x80070035", "ALD-L2231", "KB5034441", "INC0031207", "wie-fs02",
              "10.24.3.117",
              "10.0.19045.3803", "4625", "3f2504e0-4f89-11d3-9a0c-0305e82c3301", "RITM0010023",
              "5d41402abc4b2a76b9719d911017c592", "5CG1234XYZ", "31.0.15.3623")  # fmt: skip
"""Identifiers that stand in the lines around: they must survive."""


@dataclass(frozen=True, slots=True)
class Planted:
    """One ticket's text with one thing that must go, or with nothing (kind "harmless")."""

    kind: str
    text: str
    value: str
    """What may not stand there afterwards; "" for harmless ones."""
    caller: str
    phrase: str
    """The phrasing it was made from."""


def phrasings(half: Half) -> dict[str, dict[str, list[str]]]:
    """Kind → language → phrasings of one author."""
    return tomllib.loads(files("pipelines.plants").joinpath(f"{half}.toml").read_text(encoding="utf-8"))


def planted(half: Half, n: int, *, seed: int) -> Iterator[Planted]:
    """That many tickets with one item each, in a fixed order for a seed; every phrasing is used."""
    rng = Random(f"{half}-{seed}")
    known = phrasings(half)
    kinds = list(WEIGHTS)
    for kind in rng.choices(kinds, [WEIGHTS[kind] for kind in kinds], k=n):
        yield _one(rng, kind, known[kind])


def harmless(half: Half, n: int, *, seed: int) -> Iterator[Planted]:
    """That many tickets in which nothing may be replaced."""
    rng = Random(f"{half}-harmless-{seed}")
    lines = phrasings(half)["harmless"]["lines"]
    for at in range(n):
        line = lines[at % len(lines)]
        yield filled(rng, "harmless", line)


@dataclass(frozen=True)
class Makers:
    """Who makes the values of a ticket, and the lines around."""

    person: Callable[[Random], tuple[str, str]] = values.person
    login: Callable[[Random], str] = values.login
    password: Callable[[Random], str] = values.password
    strong: Callable[[Random], str] = values.strong
    code: Callable[[Random], str] = values.code
    wifi: Callable[[Random], str] = values.wifi
    keyed: Callable[[Random], str] = values.keyed
    before: Sequence[str] = _BEFORE
    after: Sequence[str] = _AFTER


MEASURED = Makers()
"""Those that are measured with."""


def filled(rng: Random, kind: str, phrase: str, by: Makers = MEASURED) -> Planted:
    """A ticket of one phrasing, or an innocent one for the kind "harmless"."""
    if kind == "harmless":
        return Planted(kind, _around(rng, _unbraced(phrase), by), "", " ".join(by.person(rng)), phrase)
    return _one(rng, kind, {"any": [phrase], "bare": [phrase]} if kind == "id" else {"lines": [phrase]}, by)


def _one(rng: Random, kind: str, known: dict[str, list[str]], by: Makers = MEASURED) -> Planted:
    land, caller = rng.choice(_weighted(known)), by.person(rng)
    value, label = "", ""
    if kind == "id":
        label, value, told = values.national(rng)
        land = "bare" if told and rng.random() < 0.25 else "any"
    elif kind == "phone":
        value = values.phone(rng, land)
    elif kind == "password":
        value = _hidden(rng, by.password(rng))
    elif kind == "connection":
        value = by.strong(rng)
    elif kind != "name":
        value = str({"code": by.code, "wifi": by.wifi, "token": values.token, "keyed": by.keyed,
                     "private": values.private, "card": values.card, "iban": values.iban,
                     "account": values.account, "email": values.email}[kind](rng))  # fmt: skip
    phrase = rng.choice(known[land])
    if kind == "code" and "CVV" in phrase:
        value = value[:3]
    whole = " ".join(caller)
    if kind == "name":
        value = caller[0] if "{first}" in phrase and "{last}" not in phrase else caller[1]
        value = whole if "{v}" in phrase else value
    line = _unbraced(phrase)
    for slot, said in (("v", value if kind != "name" else whole), ("login", by.login(rng)), ("label", label),
                       ("caller", whole), ("first", caller[0]), ("last", caller[1])):  # fmt: skip
        line = line.replace(f"{{{slot}}}", said)
    return Planted(kind, _around(rng, line, by), value, whole, phrase)


def _unbraced(phrase: str) -> str:
    return phrase.replace("{{", "{").replace("}}", "}")


def _weighted(known: dict[str, list[str]]) -> Sequence[str]:
    """Languages as often as they have phrasings, English at least half of the time."""
    return [land for land, lines in known.items() for _ in lines if land != "bare"]


def _hidden(rng: Random, value: str) -> str:
    """Now and then with a zero-width sign inside, as copied from a web page."""
    return f"{value[:3]}\u200b{value[3:]}" if rng.random() < 0.03 else value


def _around(rng: Random, line: str, by: Makers) -> str:
    """The line in a ticket, at its beginning, in its middle or at its end."""
    return "\n".join(part for part in (rng.choice(by.before), line, rng.choice(by.after)) if part)
