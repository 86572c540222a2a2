"""Originals sealed for entitled readers: AES-256-GCM under a key that lies outside the home."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from kb.errors import BadSetting, Damaged

_BYTES, _NONCE = 32, 12
NO_KEY = (
    "Originals are to be kept for entitled readers, but there is no key: make one with `seenbefore privacy key"
    " FILE` outside "
    "the home and name it in SEENBEFORE_PRIVACY_KEY_FILE."
)


@dataclass(frozen=True, slots=True)
class Sealer:
    """Seals and opens with one key."""

    key: bytes = field(repr=False)

    @property
    def name(self) -> str:
        """What tells this key from another, and nothing else about it."""
        return hashlib.sha256(b"seenbefore key" + self.key).hexdigest()[:12]

    def seal(self, originals: Mapping[str, str], about: str) -> bytes:
        """Originals of one record as bytes that open for this record only: nonce, then text and tag."""
        nonce = secrets.token_bytes(_NONCE)
        plain = json.dumps(dict(originals), ensure_ascii=False, sort_keys=True).encode("utf-8", "replace")
        return nonce + AESGCM(self.key).encrypt(nonce, plain, about.encode("utf-8", "replace"))

    def open(self, sealed: bytes, about: str) -> dict[str, str]:
        """What :meth:`seal` sealed. Raises ``Damaged`` where it was sealed with another key or for another record."""
        try:
            plain = AESGCM(self.key).decrypt(sealed[:_NONCE], sealed[_NONCE:], about.encode("utf-8", "replace"))
        except (InvalidTag, ValueError) as error:
            raise Damaged(
                "These originals do not open with the key that is set: set SEENBEFORE_PRIVACY_KEY_FILE to the"
                " key they were "
                "sealed with."
            ) from error
        return {str(name): str(value) for name, value in json.loads(plain).items()}


def new_key() -> str:
    """A fresh key as text for a file: base64 of 32 random bytes."""
    return base64.urlsafe_b64encode(secrets.token_bytes(_BYTES)).decode()


def read_key(text: str, name: str) -> Sealer:
    """The sealer of a key written by :func:`new_key`. Raises ``BadSetting`` naming where it came from."""
    try:
        key = base64.urlsafe_b64decode(text.strip().encode("ascii"))
    except ValueError:
        key = b""
    if len(key) != _BYTES:
        raise BadSetting(
            f"{name} holds no key: give base64 of {_BYTES} bytes, as `seenbefore privacy key FILE` writes it."
        )
    return Sealer(key)
