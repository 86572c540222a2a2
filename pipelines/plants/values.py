"""Seeded values in documented formats: passwords as people choose them, tokens, cards, ids, phones, addresses."""

from __future__ import annotations

import base64
import string
from random import Random

_ALNUM = string.ascii_letters + string.digits
_HEX = "0123456789abcdef"
_SAID = """
summer winter autumn spring sunshine dragon monkey football welcome company printer tiger banana orange silver london
berlin coffee holiday garden guitar rabbit window pumpkin diamond rocket
Sommer Winter Urlaub Passau Bonjour Soleil Verano Madrid Estate Zomer Lato Praia Kaffee Hund Katze
Emma Oliver Priya Tomasz Callum Aisha Niamh Katrin Jürgen Élodie Mathieu Søren Ingrid Paolo Marek
Hartley Nowak Okafor Pemberton Brandes Yıldız Kühnel Garnier Lefort O'Brien Kowalska Petrov Lindqvist
"""
_ENGLISH, _MORE, _NATIVE, _FIRST, _LAST = (line.split() for line in _SAID.strip().splitlines())
_USUAL = ("P@ssw0rd", "Passw0rd!", "Qwertz123", "abc123!", "Welcome1", "Start123", "Hunter2", "admin123")
_WORDS = _ENGLISH + _MORE


def _some(rng: Random, letters: str, n: int) -> str:
    return "".join(rng.choice(letters) for _ in range(n))


def password(rng: Random) -> str:
    """A password as people choose or are given one."""
    word, year = rng.choice(_WORDS), str(rng.randint(1985, 2027))
    cap, sign = word.capitalize(), rng.choice("!!!?#$%&*@+.")
    made = rng.choices(
        (
            lambda: cap + year + sign,
            lambda: rng.choice(_NATIVE) + year + sign,
            lambda: cap + str(rng.randint(1, 999)),
            lambda: cap + sign + str(rng.randint(1, 99)),
            lambda: word + str(rng.randint(1, 9999)),
            lambda: word.replace("a", "@").replace("o", "0").replace("e", "3") + sign + str(rng.randint(1, 9)),
            lambda: "-".join(rng.choice(_WORDS).capitalize() for _ in range(3)) + str(rng.randint(1, 9)),
            lambda: _some(rng, _ALNUM, 9) + rng.choice("!#%") + _some(rng, string.digits, 2),
            lambda: _some(rng, _ALNUM + "!#$%&*+-_=?@^~", 13) + str(rng.randint(0, 9)),
            lambda: rng.choice(_USUAL),
            lambda: cap + "_" + rng.choice(_WORDS) + str(rng.randint(10, 99)),
            lambda: word,
        ),
        (14, 8, 10, 8, 8, 6, 6, 8, 8, 6, 6, 3),
    )[0]()  # fmt: skip
    return str(made)


def strong(rng: Random) -> str:
    """A generated password without signs that end a URL part or a connection string."""
    return (
        _some(rng, string.ascii_letters, 6) + _some(rng, string.digits, 3) + rng.choice("!*_-.") + _some(rng, _ALNUM, 4)
    )


def code(rng: Random) -> str:
    """A PIN or a one-time code."""
    return rng.choice((_some(rng, string.digits, 4), _some(rng, string.digits, 6), _some(rng, string.digits, 6),
                       f"{rng.randint(100, 999)} {rng.randint(100, 999)}", _some(rng, string.digits, 8)))  # fmt: skip


def wifi(rng: Random) -> str:
    """A key of a wireless network."""
    return rng.choice((_some(rng, string.digits, 16), _some(rng, _ALNUM, 12), rng.choice(_WORDS).capitalize()
                       + str(rng.randint(100, 9999)), _some(rng, _HEX, 26).upper()))  # fmt: skip


def jwt(rng: Random) -> str:
    """A JSON Web Token (RFC 7519) with a random signature."""
    parts = (
        '{"alg":"HS256","typ":"JWT"}',
        f'{{"sub":"{rng.randint(10**6, 10**9)}","iat":{rng.randint(10**9, 2 * 10**9)}}}',
    )
    head = [base64.urlsafe_b64encode(part.encode()).decode().rstrip("=") for part in parts]
    return ".".join([*head, _some(rng, _ALNUM + "-_", 43)])


def token(rng: Random) -> str:
    """A token whose issuer gave it a form of its own."""
    n = string.ascii_lowercase + string.digits
    made = (
        lambda: "AKIA" + _some(rng, string.ascii_uppercase + "234567", 16),
        lambda: "ASIA" + _some(rng, string.ascii_uppercase + "234567", 16),
        lambda: rng.choice(("ghp_", "gho_", "ghs_", "ghu_")) + _some(rng, _ALNUM, 36),
        lambda: "github_pat_" + _some(rng, _ALNUM, 22) + "_" + _some(rng, _ALNUM, 59),
        lambda: "glpat-" + _some(rng, _ALNUM + "-_", 19) + "a",
        lambda: f"xoxb-{rng.randint(10**11, 10**12)}-{rng.randint(10**11, 10**12)}-{_some(rng, _ALNUM, 24)}",
        lambda: f"xoxp-{rng.randint(10**10, 10**11)}-{rng.randint(10**10, 10**11)}-{_some(rng, _HEX, 32)}",
        lambda: "/".join(("https://hooks.slack.com/services", "T" + _some(rng, n.upper(), 8),
                          "B" + _some(rng, n.upper(), 10), _some(rng, _ALNUM, 24))),
        lambda: "AIza" + _some(rng, _ALNUM, 35),
        lambda: rng.choice(("sk_live_", "rk_live_", "sk_test_")) + _some(rng, _ALNUM, 24),
        lambda: "SG." + _some(rng, _ALNUM, 22) + "." + _some(rng, _ALNUM, 43),
        lambda: "npm_" + _some(rng, _ALNUM, 36),
        lambda: "pypi-AgEIcHlwaS5vcmc" + _some(rng, _ALNUM, 60),
        lambda: "hf_" + _some(rng, string.ascii_letters, 34),
        lambda: "sk-" + _some(rng, _ALNUM, 48),
        lambda: "dop_v1_" + _some(rng, _HEX, 64),
        lambda: "dapi" + _some(rng, _HEX, 32),
        lambda: "hvs." + _some(rng, _ALNUM, 24),
        lambda: "shpat_" + _some(rng, _HEX, 32),
        lambda: f"{rng.randint(10**8, 10**9)}:AA{_some(rng, _ALNUM + '-_', 32)}b",
        lambda: "ATATT3xFfGF0" + _some(rng, _ALNUM, 60),
        lambda: "key-" + _some(rng, n, 32),
        lambda: "GOCSPX-" + _some(rng, _ALNUM, 28),
        lambda: "AGE-SECRET-KEY-1" + _some(rng, "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L", 58),
        lambda: _some(rng, _ALNUM, 3) + "8Q~" + _some(rng, _ALNUM, 34),
        lambda: jwt(rng),
        lambda: "-".join(_bitlocker(rng) for _ in range(8)),
    )  # fmt: skip
    return str(rng.choice(made)())


def _bitlocker(rng: Random) -> str:
    return f"{11 * rng.randint(0, 65535):06d}"


def keyed(rng: Random) -> str:
    """A secret without a form of its own: only the words before it tell."""
    plain = base64.b64encode(rng.randbytes(30)).decode()
    return rng.choice((_some(rng, _HEX, 32), _some(rng, _ALNUM, 40), _some(rng, _ALNUM, 24), plain, str(_guid(rng))))


def _guid(rng: Random) -> str:
    raw = _some(rng, _HEX, 32)
    return f"{raw[:8]}-{raw[8:12]}-{raw[12:16]}-{raw[16:20]}-{raw[20:]}"


def private(rng: Random) -> str:
    """A private key in PEM (RFC 7468); the body is random."""
    kind = rng.choice(
        ("RSA PRIVATE KEY", "PRIVATE KEY", "OPENSSH PRIVATE KEY", "EC PRIVATE KEY", "ENCRYPTED PRIVATE KEY")
    )
    body = base64.b64encode(rng.randbytes(rng.choice((180, 600)))).decode()
    lines = [body[at : at + 64] for at in range(0, len(body), 64)]
    return "\n".join([f"-----BEGIN {kind}-----", *lines, f"-----END {kind}-----"])


def luhn(digits: str) -> str:
    """The check digit (ISO/IEC 7812-1) that these digits want."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 == 0 else 1)
        total += value - 9 if value > 9 else value
    return str(-total % 10)


def card(rng: Random) -> str:
    """A card number with a valid check digit, as people write it."""
    head, n = rng.choice(
        (("4", 16), ("51", 16), ("55", 16), ("2221", 16), ("37", 15), ("6011", 16), ("3528", 16), ("36", 14))
    )
    digits = head + _some(rng, string.digits, n - len(head) - 1)
    digits += luhn(digits)
    cuts = (4, 10) if n in (14, 15) else (4, 8, 12)
    sep = rng.choice(("", " ", "-", " "))
    return sep.join(digits[a:b] for a, b in zip((0, *cuts), (*cuts, n), strict=True))


def iban(rng: Random) -> str:
    """An IBAN (ISO 13616) with valid check digits, in fours or in one."""
    land, rest = rng.choice((
        ("DE", _some(rng, string.digits, 18)),
        ("FR", _some(rng, string.digits, 20) + "A" + _some(rng, string.digits, 2)),
        ("GB", "NWBK" + _some(rng, string.digits, 14)), ("ES", _some(rng, string.digits, 20)),
        ("IT", "X" + _some(rng, string.digits, 22)), ("NL", "ABNA" + _some(rng, string.digits, 10)),
        ("PL", _some(rng, string.digits, 24)), ("CH", _some(rng, string.digits, 17)),
        ("BE", _some(rng, string.digits, 12)),
        ("AT", _some(rng, string.digits, 16)), ("PT", _some(rng, string.digits, 21)),
    ))  # fmt: skip
    value = int("".join(str(int(sign, 36)) for sign in rest + land + "00"))
    whole = f"{land}{98 - value % 97:02d}{rest}"
    return whole if rng.random() < 0.4 else " ".join(whole[at : at + 4] for at in range(0, len(whole), 4))


def account(rng: Random) -> str:
    """A bank account without a check that we know of."""
    return _some(rng, "123456789", 1) + _some(rng, string.digits, rng.choice((7, 8, 9)))


def national(rng: Random) -> tuple[str, str, bool]:
    """(name of the id, a valid one, whether its form alone tells what it is)."""
    d = string.digits
    made = (
        lambda: ("SSN", f"{rng.randint(1, 665):03d}-{rng.randint(1, 99):02d}-{rng.randint(1, 9999):04d}", True),
        lambda: ("National Insurance number", f"AB {_some(rng, d, 2)} {_some(rng, d, 2)} {_some(rng, d, 2)} C", True),
        lambda: ("NI number", "JG" + _some(rng, d, 6) + rng.choice("ABCD"), True),
        lambda: ("Steuer-ID", _tax_de(rng), False),
        lambda: ("numéro de sécurité sociale", _nir(rng), True),
        lambda: ("codice fiscale", _codice(rng), True),
        lambda: ("DNI", _dni(rng), True),
        lambda: ("BSN", _bsn(rng), False),
        lambda: ("PESEL", _pesel(rng), False),
        lambda: ("AHV", _ahv(rng), True),
        lambda: ("CPF", _cpf(rng), True),
        lambda: ("passport", rng.choice("CFGHJK") + _some(rng, d, 8), False),
        lambda: ("passport", _some(rng, d, 9), False),
        lambda: ("СНИЛС", f"{_some(rng, d, 3)}-{_some(rng, d, 3)}-{_some(rng, d, 3)} {_some(rng, d, 2)}", True),
    )  # fmt: skip
    return rng.choice(made)()


def _tax_de(rng: Random) -> str:
    digits = list(rng.sample("123456789", 1)) + rng.sample("0123456789", 9)
    product = 10
    for digit in digits:
        total = (int(digit) + product) % 10 or 10
        product = total * 2 % 11
    return "".join(digits) + str((11 - product) % 10)


def _nir(rng: Random) -> str:
    parts = [rng.choice("12"), f"{rng.randint(40, 99):02d}", f"{rng.randint(1, 12):02d}", f"{rng.randint(1, 95):02d}",
             f"{rng.randint(1, 989):03d}", f"{rng.randint(1, 999):03d}"]  # fmt: skip
    return " ".join([*parts, f"{97 - int(''.join(parts)) % 97:02d}"])


_ODD = dict(zip("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ",
                (1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12,
                 14, 16, 10, 22, 25, 24, 23), strict=True))  # fmt: skip


def _codice(rng: Random) -> str:
    up = string.ascii_uppercase
    body = (f"{_some(rng, up, 6)}{rng.randint(40, 99):02d}{rng.choice('ABCDEHLMPRST')}{rng.randint(1, 31):02d}"
            f"{rng.choice('ABCDEFGHIL')}{rng.randint(1, 999):03d}")  # fmt: skip
    total = sum(_ODD[c] if i % 2 == 0 else int(c) if c.isdigit() else up.index(c) for i, c in enumerate(body))
    return body + up[total % 26]


def _dni(rng: Random) -> str:
    n = rng.randint(10_000_000, 99_999_999)
    return f"{n}{'TRWAGMYFPDXBNJZSQVHLCKE'[n % 23]}"


def _bsn(rng: Random) -> str:
    while True:
        digits = _some(rng, "123456789", 1) + _some(rng, string.digits, 7)
        rest = sum(int(d) * w for d, w in zip(digits, range(9, 1, -1), strict=True)) % 11
        if rest < 10:
            return digits + str(rest)


def _pesel(rng: Random) -> str:
    body = f"{rng.randint(40, 99):02d}{rng.randint(1, 12):02d}{rng.randint(1, 28):02d}{rng.randint(0, 9999):04d}"
    return body + str(-sum(int(d) * w for d, w in zip(body, (1, 3, 7, 9) * 3, strict=False)) % 10)


def _ahv(rng: Random) -> str:
    body = "756" + _some(rng, string.digits, 9)
    check = -sum(int(d) * (1, 3)[i % 2] for i, d in enumerate(body)) % 10
    return f"756.{body[3:7]}.{body[7:11]}.{body[11]}{check}"


def _cpf(rng: Random) -> str:
    digits = [rng.randint(0, 9) for _ in range(9)]
    for n in (10, 11):
        rest = sum(d * w for d, w in zip(digits, range(n, 1, -1), strict=True)) * 10 % 11 % 10
        digits.append(rest)
    s = "".join(map(str, digits))
    return f"{s[:3]}.{s[3:6]}.{s[6:9]}-{s[9:]}"


def phone(rng: Random, land: str = "en") -> str:
    """A telephone number as it is written in a country of that language."""

    forms = {
        "en": ("+44 1632 ######", "(@##) 55#-####", "@##-@##-####", "+1 @## 555 ####", "07700 900###",
               "+44 (0)20 7946 0###", "+1-@##-555-####"),
        "de": ("+49 89 #######", "0171 @######", "089/@######", "+49 (0) 30 ########", "0049 30 #######",
               "0151@#######"),
        "fr": ("01 ## ## ## ##", "+33 6 ## ## ## ##", "06.##.##.##.##", "04 ## ## ## ##"),
        "es": ("+34 6## ### ###", "6## ## ## ##"), "it": ("+39 3## #######", "3## #######"),
        "nl": ("+31 6 ########", "06-########"), "pl": ("+48 5## ### ###", "6## ### ###"),
        "ru": ("+7 (9##) ###-##-##", "8 (495) ###-##-##"), "pt": ("+351 91# ### ###", "91# ### ###", "(11) 9####-####"),
    }  # fmt: skip
    shape = rng.choice(forms.get(land, forms["en"]))
    return "".join({"#": rng.choice(string.digits), "@": rng.choice("23456789")}.get(sign, sign) for sign in shape)


def email(rng: Random) -> str:
    """An address as companies and people have them."""
    first, last = rng.choice(_FIRST).lower(), rng.choice(_LAST).lower().replace("'", "")
    first, last = (part.encode("ascii", "ignore").decode() or "x" for part in (first, last))
    local = rng.choice((f"{first}.{last}", f"{first[0]}{last}", f"{last}_{first}", f"{first}{rng.randint(1, 99)}",
                        f"{first}.{last}+it", f"{first}-{last}"))  # fmt: skip
    host = rng.choice(
        ("corp.example", "mail.example.co.uk", "example.com", "firma-beispiel.de", "contoso.onmicrosoft.com")
    )
    return f"{local}@{host}"


def person(rng: Random) -> tuple[str, str]:
    """(first, last) name."""
    return rng.choice(_FIRST), rng.choice(_LAST)


def login(rng: Random) -> str:
    """A login name."""
    return rng.choice(("jdoe", "mmuster", "ehartley", "svc_backup", "a.nowak", "admin", "CORP\\pkuehnel", "u123456"))
