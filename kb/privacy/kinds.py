"""What is looked for, and the desk's policy for each kind: redact, keep, or keep sealed for entitled readers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

from kb.errors import BadSetting

What = Literal["redact", "keep", "entitled"]
KINDS: Mapping[str, str] = {
    "password": "In words, in commands, in connection strings and in addresses",
    "code": "PINs, TANs, and codes sent by text message",
    "key": "API keys, session cookies, keys of networks and of disks",
    "private-key": "Whole blocks, from BEGIN to END",
    "card": "Those with a right check digit (Luhn)",
    "bank": "IBANs with right check digits (mod 97), and account numbers",
    "id": "Insurance, tax, identity card and passport numbers",
    "phone": "International and national forms, and what is called a number to ring",
    "email": "Also spelt ones, such as jdoe [at] example.com",
    "name": "Where the caller field gives the name",
    "caller": "What one calls back by; a pseudonym that lasts stands in where it is replaced",
}
"""Every kind in the order in which they are shown, and what it covers."""
SECRETS = ("password", "code", "key", "private-key")
KEPT = ("caller",)
"""Kept unless the desk says otherwise: the caller field is what one calls back by, and what callers are counted
by."""
PREFIX = "privacy."
GROUPS = f"{PREFIX}groups"
"""The setting that names the groups whose members may read sealed originals."""


@dataclass(frozen=True, slots=True)
class Rules:
    """The desk's policy; what is not named is redacted, and the caller field is kept."""

    said: Mapping[str, What] = field(default_factory=dict)
    groups: tuple[str, ...] = ()
    """Groups whose members may read what is kept for entitled readers."""

    def of(self, kind: str) -> What:
        """What is done with this kind."""
        return self.said.get(kind, "keep" if kind in KEPT else "redact")

    @property
    def kept(self) -> frozenset[str]:
        """The kinds that are left alone."""
        return frozenset(kind for kind in KINDS if self.of(kind) == "keep")

    @property
    def sealed(self) -> frozenset[str]:
        """The kinds whose originals are kept for entitled readers."""
        return frozenset(kind for kind in KINDS if self.of(kind) == "entitled")

    @classmethod
    def from_settings(cls, settings: Mapping[str, str]) -> Rules:
        """From the settings of the desk. Raises ``BadSetting`` for a kind or a policy that there is not."""
        said: dict[str, What] = {}
        for name, value in settings.items():
            if not name.startswith(PREFIX) or name == GROUPS:
                continue
            kind = name.removeprefix(PREFIX)
            what = next((what for what in get_args(What) if what == value), None)
            if kind not in KINDS:
                raise BadSetting(f"There is no setting {name!r}: {PREFIX}KIND is for {', '.join(KINDS)}.")
            if what is None:
                raise BadSetting(f"{name} is {value!r}: give {', '.join(get_args(What))}.")
            said[kind] = what
        groups = tuple(part.strip() for part in settings.get(GROUPS, "").split(",") if part.strip())
        return cls(said, groups)


def shown(settings: Mapping[str, str]) -> dict[str, str]:
    """Every setting of privacy as text, with what holds where nobody set it."""
    rules = Rules.from_settings(settings)
    return {**{f"{PREFIX}{kind}": rules.of(kind) for kind in KINDS}, GROUPS: ",".join(rules.groups)}
