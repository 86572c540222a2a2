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
_SEALED = "sealed:"
NO_KEY = (
    "Originals are to be kept for entitled readers, but there is no key: make one with `seenbefore privacy key"
    " FILE` outside "
    "the home and name it in SEENBEFORE_PRIVACY_KEY_FILE."
)
LOST_KEY = (
    "Originals of this record are sealed and there is no key: set SEENBEFORE_PRIVACY_KEY_FILE to the key they were"
    " sealed with."
)
NO_KEY_TO_SEAL = (
    "Secrets of webhooks are kept sealed, but there is no key: make one with `seenbefore privacy key FILE` outside the"
    " home and name it in SEENBEFORE_PRIVACY_KEY_FILE."
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

    def seal_secret(self, secret: str, about: str) -> str:
        """One secret as text for a column of the store."""
        return _SEALED + base64.b64encode(self.seal({"secret": secret}, about)).decode()


def is_sealed(text: str) -> bool:
    """Whether this is what :meth:`Sealer.seal_secret` made."""
    return text.startswith(_SEALED)


def open_secret(text: str, about: str, sealer: Sealer | None, *, named: str) -> str:
    """The secret in a column of the store, also one that was never sealed.

    Raises ``BadSetting`` where there is no key, ``Damaged`` where it is another; both name whose secret it is.
    """
    if not is_sealed(text):
        return text
    way_out = "or remove it and make it anew."
    if sealer is None:
        raise BadSetting(
            f"The secret of {named} is sealed and there is no key: set SEENBEFORE_PRIVACY_KEY_FILE, {way_out}"
        )
    try:
        return sealer.open(base64.b64decode(text.removeprefix(_SEALED)), about)["secret"]
    except (Damaged, ValueError, KeyError) as error:
        raise Damaged(
            f"The secret of {named} does not open with the key that is set: set SEENBEFORE_PRIVACY_KEY_FILE to the key"
            f" it was sealed with, {way_out}"
        ) from error


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
