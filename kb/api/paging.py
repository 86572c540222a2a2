"""Pages of a list: the cursor names the last record that was given, so that nothing is missed or given twice."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Annotated, Any

from fastapi import Query

from kb.errors import BadSetting

Limit = Annotated[int, Query(ge=1, le=200, description="At most so many.")]
Cursor = Annotated[str | None, Query(max_length=400, pattern=r"^[A-Za-z0-9_\-]+$",
                                     description="`next` of the page before.")]  # fmt: skip
_CHECK = 8


def cursor(what: str, *place: Any) -> str:
    """A place in the list ``what`` as an opaque word."""
    body = json.dumps([what, *place], separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(_check(body) + body).decode().rstrip("=")


def place(what: str, given: str | None) -> list[Any] | None:
    """The place a cursor names; ``None`` at the beginning. Raises ``BadSetting`` for one that is not ours."""
    if given is None:
        return None
    try:
        raw = base64.urlsafe_b64decode(given + "=" * (-len(given) % 4))
        check, body = raw[:_CHECK], raw[_CHECK:]
        found = json.loads(body) if check == _check(body) else None
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, list) or not found or found[0] != what:
        raise BadSetting("This cursor is not one of ours: begin again without it.")
    return found[1:]


def _check(body: bytes) -> bytes:
    return hashlib.sha256(b"seenbefore cursor" + body).digest()[:_CHECK]
