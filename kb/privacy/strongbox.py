"""A stream sealed under a passphrase: written and read in pieces, each of which is authentic and in its place.

Scrypt (RFC 7914) makes the key; the pieces are AES-256-GCM with a counter and a mark of the last one in the nonce
(the STREAM construction of Hoang, Reyhanitabar, Rogaway and Vizár, 2015), so that none can be cut off or moved.
"""

from __future__ import annotations

import hmac
import io
import secrets
from typing import IO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from kb.errors import BadSetting, Damaged

MAGIC = b"SEENBEFORE-SEALED-1\n"
PIECE = 1 << 20
_COST = 1 << 15
"""Scrypt's work for a key: 32 MiB and about a tenth of a second."""
_SALT, _PREFIX, _CHECK, _TAG = 16, 7, 16, 16
_HEAD = len(MAGIC) + _SALT + _PREFIX + _CHECK


class SealedWriter(io.RawIOBase):
    """Seals what is written to it; :meth:`close` writes the last piece and leaves the file underneath open."""

    def __init__(self, file: IO[bytes], passphrase: str) -> None:
        salt, self._prefix = secrets.token_bytes(_SALT), secrets.token_bytes(_PREFIX)
        key, check = _keys(passphrase, salt)
        self._file, self._box, self._at, self._held = file, AESGCM(key), 0, bytearray()
        self._head = MAGIC + salt + self._prefix + check
        file.write(self._head)

    def writable(self) -> bool:
        """Always."""
        return True

    def write(self, data: bytes | bytearray | memoryview, /) -> int:  # type: ignore[override]
        """Take bytes; whole pieces go to the file."""
        self._held += data
        while len(self._held) > PIECE:  # the last piece is never written before closing
            self._put(bytes(self._held[:PIECE]), last=False)
            del self._held[:PIECE]
        return len(data)

    def close(self) -> None:
        """Seal what is left as the last piece."""
        if not self.closed:
            try:
                self._put(bytes(self._held), last=True)
            finally:
                super().close()

    def abandon(self) -> None:
        """Write nothing more: what is there will not open."""
        super().close()

    def _put(self, plain: bytes, *, last: bool) -> None:
        self._file.write(self._box.encrypt(_nonce(self._prefix, self._at, last), plain, self._head))
        self._at += 1


class SealedReader(io.RawIOBase):
    """Opens what :class:`SealedWriter` sealed, from a file that stands at its beginning.

    Raises ``BadSetting`` for another passphrase; reading raises ``Damaged`` for a piece that is not as it was sealed.
    """

    def __init__(self, file: IO[bytes], passphrase: str) -> None:
        self._file, self._at, self._held, self._ended = file, 0, b"", False
        self._head = file.read(_HEAD)
        if len(self._head) < _HEAD:
            raise Damaged("it ends too early")
        salt = self._head[len(MAGIC) : len(MAGIC) + _SALT]
        self._prefix = self._head[len(MAGIC) + _SALT :][:_PREFIX]
        key, check = _keys(passphrase, salt)
        if not hmac.compare_digest(check, self._head[-_CHECK:]):
            raise BadSetting("The passphrase in SEENBEFORE_BACKUP_PASSPHRASE or its file does not open this backup.")
        self._box = AESGCM(key)
        self._next = file.read(PIECE + _TAG)

    def readable(self) -> bool:
        """Always."""
        return True

    def readinto(self, buffer: bytearray | memoryview, /) -> int:  # type: ignore[override]
        """Up to ``len(buffer)`` bytes; 0 at the end."""
        while not self._held and not self._ended:
            self._held = self._take()
        part = self._held[: len(buffer)]
        buffer[: len(part)] = part
        self._held = self._held[len(part) :]
        return len(part)

    def _take(self) -> bytes:
        sealed, self._next = self._next, self._file.read(PIECE + _TAG)
        self._ended = not self._next
        try:
            plain = self._box.decrypt(_nonce(self._prefix, self._at, self._ended), sealed, self._head)
        except InvalidTag as error:
            raise Damaged("a piece of it is not as it was sealed, or it ends too early") from error
        self._at += 1
        return plain


def _nonce(prefix: bytes, at: int, last: bool) -> bytes:
    return prefix + at.to_bytes(4, "big") + (b"\1" if last else b"\0")


def _keys(passphrase: str, salt: bytes) -> tuple[bytes, bytes]:
    """The key, and what tells a wrong passphrase from a damaged file."""
    made = Scrypt(salt=salt, length=32 + _CHECK, n=_COST, r=8, p=1).derive(passphrase.encode())
    return made[:32], made[32:]
