"""Passwords of local accounts: hashed with argon2id, checked in the same time whether there is such a person or not."""

from __future__ import annotations

import secrets
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError, VerifyMismatchError

from kb.errors import BadSetting

SHORTEST, LONGEST = 10, 200
_ALPHABET = "abcdefghijkmnopqrstuvwxyz23456789"
_HASHER = PasswordHasher()


def hashed(password: str, *, name: str = "") -> str:
    """The argon2id hash of a new password. Raises ``BadSetting`` for one that is too short, too long or the name."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise BadSetting(f"A password has {SHORTEST} to {LONGEST} characters: choose another.")
    if len(set(password)) < 4 or (name and name.casefold() in password.casefold() and len(password) < 2 * len(name)):
        raise BadSetting("This password is too easy to guess: choose one that is not your name and not one sign.")
    return _HASHER.hash(password)


def right(secret: str, password: str) -> bool:
    """Whether the password is the one that was hashed; "" (nobody, or no password) takes as long and is never right."""
    try:
        _HASHER.verify(secret or _dummy(), password[: 2 * LONGEST])
    except (VerifyMismatchError, VerificationError, InvalidHashError):
        return False
    return bool(secret) and len(password) <= LONGEST


def made_up() -> str:
    """A first password for somebody else, 100 bits, in letters that are told apart on paper."""
    return "-".join("".join(secrets.choice(_ALPHABET) for _ in range(5)) for _ in range(4))


@cache
def _dummy() -> str:
    return _HASHER.hash(secrets.token_hex(16))
