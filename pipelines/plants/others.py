"""Values to be learnt from, of other makes than those that are measured with: else one would learn the maker's hand."""

from __future__ import annotations

import base64
import string
from functools import cache
from random import Random

_ALNUM = string.ascii_letters + string.digits
_SIGNS = "!#$%&*+-=?@^~_.,;:/§"
_UNITS = ("px", "pt", "MB", "GB", "am", "Bit", "th", "ms", "x", "-bit", "%", "€")
_LEET = {"a": "@4", "e": "3", "i": "1!", "o": "0", "s": "$5", "t": "7"}
_ONSETS = [
    "b",
    "br",
    "d",
    "dr",
    "f",
    "g",
    "gr",
    "h",
    "j",
    "k",
    "kl",
    "l",
    "m",
    "n",
    "p",
    "pr",
    "r",
    "s",
    "sch",
    "st",
    "t",
    "tr",
    "v",
    "w",
    "z",
]
_VOWELS = ["a", "e", "i", "o", "u", "au", "ei", "ie"]
_CODAS = ["", "", "n", "r", "s", "l", "k", "ng", "tt"]


def syllables(rng: Random, n: int) -> str:
    """A word that nobody knows."""
    return "".join(rng.choice(_ONSETS) + rng.choice(_VOWELS) + rng.choice(_CODAS) for _ in range(n))


def person(rng: Random) -> tuple[str, str]:
    """(first, last) name of nobody."""
    return syllables(rng, 2).capitalize(), syllables(rng, rng.choice((1, 2, 3))).capitalize()


def login(rng: Random) -> str:
    """A login name, as one desk or another makes them."""
    first, last = (part.lower() for part in person(rng))
    n = rng.randint(1, 99)
    return rng.choice((f"{first[0]}{last}", f"{first}.{last}", f"{last}{first[0]}", f"{first[0]}.{last}{n}",
                       f"svc_{last}", f"{first}_{last}", f"u{rng.randint(1000, 999999)}", f"EMEA\\{last}{n}",
                       f"adm-{last}", first, f"{last}@{syllables(rng, 2)}.example"))  # fmt: skip


def password(rng: Random) -> str:
    """A password: one of those most used, one made of them, or one that a machine made."""
    word, number = chosen(rng), str(rng.randint(0, 10 ** rng.randint(1, 4)))
    sign = rng.choice(_SIGNS)
    made = rng.choices(
        (
            lambda: word,
            lambda: word.capitalize() + number + sign,
            lambda: word.capitalize() + number,
            lambda: word.capitalize() + sign + number,
            lambda: word + number + rng.choice(("", sign)),
            lambda: sign + word.capitalize() + number,
            lambda: number + word.capitalize() + rng.choice(("", sign)),
            lambda: sign.join((word, chosen(rng).capitalize(), number)),
            lambda: rng.choice("-_. ").strip().join((word.capitalize(), chosen(rng).capitalize(), chosen(rng))),
            lambda: _leet(rng, word) + rng.choice((number, sign, number + sign, "")),
            lambda: syllables(rng, 2).capitalize() + number + sign,
            lambda: syllables(rng, 3) + number,
            lambda: person(rng)[0] + str(rng.randint(1950, 2030)) + rng.choice(("", sign)),
            lambda: _some(rng, string.ascii_uppercase, 2) + _some(rng, string.digits, 6) + rng.choice(("", sign)),
            lambda: _mixed(rng, _ALNUM, rng.randint(8, 20)),
            lambda: _mixed(rng, _ALNUM + _SIGNS, rng.randint(8, 20)),
        ),
        (4, 12, 8, 6, 7, 3, 4, 4, 4, 7, 6, 4, 5, 3, 8, 9),
    )[0]()
    return str(made) if len(made) > 3 else str(made) + number + "Xy"


def code(rng: Random) -> str:
    """A PIN or a one-time code."""
    n = rng.choice((4, 4, 4, 5, 6, 6, 6, 7, 8))
    digits = _some(rng, string.digits, n)
    return f"{digits[:3]}{rng.choice(' -')}{digits[3:]}" if n == 6 and rng.random() < 0.3 else digits


def wifi(rng: Random) -> str:
    """A key of a wireless network."""
    return rng.choice((
        lambda: _some(rng, string.digits, rng.choice((8, 10, 16, 20))),
        lambda: _mixed(rng, _ALNUM, rng.randint(8, 16)),
        lambda: _some(rng, "0123456789ABCDEF", rng.choice((10, 26, 32, 64))),
        lambda: password(rng),
    ))()  # fmt: skip


def keyed(rng: Random) -> str:
    """A secret without a form of its own, as interfaces, vaults and licences have them."""
    return str(rng.choice((
        lambda: _some(rng, "0123456789abcdef", rng.choice((16, 24, 32, 40, 48, 64))),
        lambda: _mixed(rng, _ALNUM, rng.randint(16, 64)),
        lambda: _mixed(rng, _ALNUM + "-_~.", rng.randint(20, 48)),
        lambda: base64.b64encode(rng.randbytes(rng.randint(15, 64))).decode(),
        lambda: "-".join(_some(rng, "0123456789abcdef", n) for n in (8, 4, 4, 4, 12)),
        lambda: "-".join(_some(rng, string.ascii_uppercase + string.digits, 5) for _ in range(rng.randint(3, 5))),
    ))())  # fmt: skip


def strong(rng: Random) -> str:
    """A password without signs that end a part of an address."""
    return _mixed(rng, _ALNUM + "!*_-.", rng.randint(10, 22))


def thing(rng: Random) -> str:
    """What a machine could take for a secret and is none: hosts, files, versions, sizes, numbers of things."""
    word, n = syllables(rng, rng.choice((1, 2))), rng.randint(1, 999)
    digits = _some(rng, string.digits, rng.randint(4, 8))
    return str(rng.choice((
        lambda: f"{word[:3]}-{syllables(rng, 1)}{n:02d}.{word}.example",
        lambda: f"{word[:3].upper()}-{rng.choice(('SRV', 'L', 'PRN', 'SW', 'AP'))}-{n:03d}",
        lambda: f"{word}{n}", lambda: f"{word.capitalize()} {digits[:4]}", lambda: word.capitalize() + str(n % 30),
        lambda: digits, lambda: digits[:4], lambda: digits[:5], lambda: str(rng.randint(1990, 2030)),
        lambda: f"{word}={digits}", lambda: f"size={digits}", lambda: f"{word}Id={n}{digits}",
        lambda: f"{rng.randint(1, 140)}.{n % 20}.{n % 7}{rng.choice(('', 'esr', 'b2', '-rc1'))}",
        lambda: f"{rng.randint(1, 99)},{n:03d}{rng.choice(('', '+', '!', '?'))}", lambda: f"{n}{rng.choice(_UNITS)}",
        lambda: f"C:\\{word.capitalize()}\\{syllables(rng, 2)}\\{_mixed(rng, _ALNUM, 8).lower()}.default-release",
        lambda: f"/var/{word}/{syllables(rng, 2)}/{_some(rng, _ALNUM, 8)}.log",
        lambda: f"{word}_{syllables(rng, 1)}_{n}", lambda: f"{word.capitalize()}-{n}", lambda: f"#{digits}",
        lambda: f"{word}.{syllables(rng, 2)}.{rng.choice(('enabled', 'port', 'loglevel', 'default'))}",
        lambda: f"{syllables(rng, 2)}_{digits}.{rng.choice(('xlsx', 'pdf', 'docx', 'png', 'zip', 'log'))}",
        lambda: f"{word.capitalize()}{syllables(rng, 1).capitalize()}({syllables(rng, 1)})",
        lambda: f"({word.upper()}{n})?", lambda: f"{word[:2].upper()}{n}!", lambda: f"{word}@{n}", lambda: login(rng),
        lambda: f"----=_NextPart_{digits}_{_some(rng, '0123456789ABCDEF', 8)}", lambda: f"=C{n % 10}={n % 90}{word}",
        lambda: base64.b64encode(rng.randbytes(45)).decode(), lambda: f"20240{n % 9}12T{digits[:6]}",
        lambda: ":".join(_some(rng, "0123456789abcdef", 2) for _ in range(6)), lambda: f"%2F{word}%2F{word}%3D{n}",
        lambda: f"{word}/{n % 100}.{n % 10}", lambda: f"bp-{keyed(rng)[:8]}-{digits}", lambda: chosen(rng),
        lambda: f"{chosen(rng)}.{chosen(rng)}.org", lambda: f"{chosen(rng).capitalize()}/{chosen(rng).capitalize()}",
    ))())  # fmt: skip


@cache
def _most_used() -> tuple[str, ...]:
    """Passwords in the order of how many people use them (zxcvbn)."""
    from zxcvbn.frequency_lists import FREQUENCY_LISTS

    return tuple(word for word in FREQUENCY_LISTS["passwords"] if len(word) > 3 and not word.isdigit())


def chosen(rng: Random) -> str:
    """One of the passwords most used, the more used the likelier."""
    known = _most_used()
    return known[int(len(known) ** rng.random()) - 1]


def _leet(rng: Random, word: str) -> str:
    return "".join(rng.choice(_LEET[sign]) if sign in _LEET and rng.random() < 0.6 else sign for sign in word)


def _some(rng: Random, letters: str, n: int) -> str:
    return "".join(rng.choice(letters) for _ in range(n))


def _mixed(rng: Random, letters: str, n: int) -> str:
    """With a small letter, a capital and a digit at least."""
    made = [rng.choice(of) for of in (string.ascii_lowercase, string.ascii_uppercase, string.digits)]
    made += [rng.choice(letters) for _ in range(n - 3)]
    rng.shuffle(made)
    return "".join(made)
