"""The invented organisation of the sample desk: sites, callers with their habits, and the technicians of each group."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from random import Random
from typing import Literal

Lang = Literal["en", "de", "fr"]

SITES: tuple[tuple[str, str, float, float], ...] = (
    ("Aldersby", "ALD", 0.40, 0.0),
    ("Aldersby Warehouse", "ALW", 0.08, 0.0),
    ("Wiesenrode", "WIE", 0.31, 0.70),
    ("Lichtenfurt", "LIF", 0.05, 0.70),
    ("Saint-Aubrac", "SAB", 0.16, 0.60),
)
"""Name, code in host names, share of the staff, share of its callers who write in the local language."""

DEPARTMENTS: tuple[tuple[str, float], ...] = (
    ("Production", 0.20), ("Logistics", 0.11), ("Quality", 0.09), ("Engineering", 0.12), ("Sales", 0.13),
    ("Purchasing", 0.07), ("Finance", 0.07), ("Human Resources", 0.04), ("Maintenance", 0.05),
    ("Customer Service", 0.07), ("Marketing", 0.03), ("Management", 0.02),
)  # fmt: skip

OFFICE = {"LIF": ("Sales", "Customer Service", "Marketing", "Finance"), "ALW": ("Logistics", "Logistics", "Quality")}
"""Small sites where only some departments sit."""

FIRST = {
    "en": "Emma Oliver Priya Tomasz Grace Callum Aisha Liam Megan Rajesh Niamh Jack Chloe Samuel Fatima Owen Hannah "
    "Kwame Beth Marek Lucy Dylan Amara George Siobhan Ibrahim Ruth Ewa Connor Zainab Harriet Leon Yusuf Isla",
    "de": "Anna Jürgen Katrin Murat Stefan Ayşe Lena Holger Svenja Piotr Ulrike Dirk Melanie Emre Björn Sabine Nils "
    "Claudia Andrej Jana Thorsten Petra Mehmet Birgit Florian Ilona Kemal Silke Rainer Olena Markus Heike",
    "fr": "Camille Julien Nadia Mathieu Élodie Karim Sandrine Thomas Amélie Youssef Céline Benoît Inès Laurent "
    "Aurélie Mamadou Hélène Pascal Léa Rachid Sophie Didier Océane Bruno Linh Gaëlle",
}
LAST = {
    "en": "Hartley Nowak Okafor Pemberton Patel Whitcombe Doyle Sutcliffe Ahmed Kowalska Braithwaite Mensah Lockwood "
    "Singh Fairburn Gallagher Iqbal Thornhill Wojcik Ashworth Osei Redfern Begum Holloway Chaudhry Marsden Penrose",
    "de": "Brandes Yıldız Kühnel Hoffmeister Schröter Demir Lindqvist Wachowiak Bergmann Özdemir Pohlmann Reuter "
    "Kaminski Thielemann Vogelsang Arslan Dreesen Hartwig Kovač Niemeyer Steinbrink Walther Zeller Marquardt Petrov",
    "fr": "Garnier Benali Rousselot Lefort Traoré Chevallier Moreau Diallo Perrin Vasseur Haddad Blanchet Cordier "
    "Nguyen Faure Marchetti Delmas Roche Boulanger Kaddour Tissier Aubry Lemoine",
}

GROUPS: dict[str, int] = {
    "Service Desk": 9, "On-Site Support UK": 3, "On-Site Support EU": 4, "Network Operations": 4,
    "Messaging & Collaboration": 3, "Identity & Access": 3, "Workplace Engineering": 4, "Server & Storage": 4,
    "SAP Basis": 3, "SAP Applications": 4, "Manufacturing IT": 4, "Engineering Applications": 2, "Telephony": 2,
    "Information Security": 3, "HR Systems": 2,
}  # fmt: skip
"""Assignment groups and how many technicians each has. The Service Desk is the first line."""

AFFINITY: dict[str, tuple[str, ...]] = {
    "ForgeLine MES": ("Production",), "Warehouse": ("Logistics",), "LabTrace": ("Quality",),
    "CAD & PLM": ("Engineering",), "CRM": ("Sales", "Customer Service"), "Time & Attendance": ("Production", "Quality"),
    "SAP ERP": ("Logistics", "Purchasing", "Finance", "Sales", "Production"), "BI": ("Finance", "Sales", "Management"),
}  # fmt: skip
"""Services and the departments that call about them."""


@dataclass(frozen=True, slots=True)
class Person:
    """One caller and how this person writes."""

    first: str
    last: str
    login: str
    site: str
    code: str
    department: str
    lang: Lang
    vip: bool
    pc: str
    ext: str
    typo: float
    lower: bool
    wordy: float
    signature: int
    """0 none, 1 name only, 2 name, title and phone, 3 the whole with a disclaimer."""

    @property
    def full(self) -> str:
        """First and last name."""
        return f"{self.first} {self.last}"

    @property
    def mail(self) -> str:
        """Address at the invented domain."""
        return f"{plain(self.first)}.{plain(self.last)}@orrveld.example".lower()


@dataclass(frozen=True, slots=True)
class Technician:
    """One technician: group, and how close notes are written (terse, normal or full)."""

    name: str
    group: str
    style: Literal["terse", "normal", "full"]
    asks: bool
    typo: float


def plain(text: str) -> str:
    """The text in ASCII letters, as logins and addresses are made."""
    swaps = {"ı": "i", "ø": "o", "ß": "ss", "ü": "ue", "ö": "oe", "ä": "ae", "Ö": "Oe", "Ü": "Ue"}
    swapped = "".join(swaps.get(letter, letter) for letter in text)
    return "".join(c for c in unicodedata.normalize("NFKD", swapped) if c.isascii() and c.isalpha())


def staff(rng: Random, count: int) -> list[Person]:
    """That many callers over all sites, no two with the same full name, in a fixed order."""
    people: list[Person] = []
    names: set[tuple[str, str]] = set()
    logins: set[str] = set()
    while len(people) < count:
        site, code, _, local = rng.choices(SITES, [s[2] for s in SITES])[0]
        home = {"WIE": "de", "LIF": "de", "SAB": "fr"}.get(code, "en")
        first = rng.choice(FIRST[home if rng.random() < 0.9 else "en"].split())
        last = rng.choice(LAST[home if rng.random() < 0.85 else rng.choice(("en", "de", "fr"))].split())
        if (first, last) in names:
            continue
        names.add((first, last))
        login = base = (plain(first)[0] + plain(last)[:6]).lower()
        while login in logins:
            login = f"{base}{rng.randint(2, 9)}"
        logins.add(login)
        department = rng.choices([d[0] for d in DEPARTMENTS], [d[1] for d in DEPARTMENTS])[0]
        if code in OFFICE and department not in OFFICE[code]:
            department = rng.choice(OFFICE[code])
        lang: Lang = "de" if home == "de" else "fr" if home == "fr" else "en"
        people.append(
            Person(
                first=first, last=last, login=login, site=site, code=code, department=department,
                lang=lang if rng.random() < local else "en", vip=department == "Management" or rng.random() < 0.01,
                pc=f"{code}-L{rng.randint(1000, 4999)}", ext=str(rng.randint(2000, 6999)),
                typo=rng.choice((0.0, 0.001, 0.003, 0.006, 0.012, 0.022)), lower=rng.random() < 0.13,
                wordy=rng.random(), signature=rng.choices((0, 1, 2, 3), (3, 4, 3, 1.5))[0],
            )
        )  # fmt: skip
    return people


def technicians(rng: Random) -> dict[str, list[Technician]]:
    """The technicians of every group, each with a habit of writing."""
    desk: dict[str, list[Technician]] = {}
    taken: set[str] = set()
    for group, size in GROUPS.items():
        desk[group] = []
        while len(desk[group]) < size:
            home = "de" if group.endswith("EU") else rng.choice(("en", "en", "de", "fr"))
            name = f"{rng.choice(FIRST[home].split())} {rng.choice(LAST[home].split())}"
            if name in taken:
                continue
            taken.add(name)
            style: Literal["terse", "normal", "full"] = rng.choices(("terse", "normal", "full"), (4, 4, 3))[0]
            desk[group].append(Technician(name, group, style, rng.random() < 0.45, rng.choice((0.0, 0.002, 0.007))))
    return desk
