"""Errors as programs read them: problem details (RFC 9457) that say what to do and nothing about what is hidden."""

from __future__ import annotations

import json
import logging
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fastapi.exceptions import RequestValidationError, ResponseValidationError
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from kb.errors import (
    BadSetting,
    ChangedMeanwhile,
    Damaged,
    NotAHome,
    NotAllowed,
    NotATable,
    NotBuilt,
    NotFound,
    RowsRefused,
    SeenBeforeError,
    StoreAway,
    StoreTrouble,
    TooLittle,
    WrongEmbedder,
)
from kb.text import without_hidden

if TYPE_CHECKING:
    from fastapi import FastAPI, Request

LOG = logging.getLogger("seenbefore.api")
MEDIA = "application/problem+json"
TITLES: Mapping[int, str] = {
    400: "Malformed request", 401: "No valid key", 403: "Not for this key", 404: "Not found",
    405: "Method not allowed", 408: "Too slow", 409: "Conflict", 413: "Too large", 415: "Unsupported media type",
    422: "Not acceptable as it is", 429: "Too many requests", 500: "Something went wrong on our side",
    503: "Not available now",
}  # fmt: skip
_SORRY = "Nothing was changed. Try again; if it stays, `seenbefore doctor` looks for the cause."
_MOST = 100
_STATUS: tuple[tuple[type[SeenBeforeError], int], ...] = (
    (NotFound, 404), (NotAllowed, 403), (ChangedMeanwhile, 409), (RowsRefused, 422), (BadSetting, 422),
    (TooLittle, 422), (NotATable, 422), (NotBuilt, 503), (WrongEmbedder, 503), (NotAHome, 503), (Damaged, 503),
    (StoreTrouble, 503),
)  # fmt: skip


class Refusal(Exception):
    """What the gate turns away, with the status and the sentence it says."""

    def __init__(self, status: int, detail: str, *, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status, self.detail, self.headers = status, detail, dict(headers or {})


def problem(status: int, detail: str, *, headers: Mapping[str, str] | None = None, **more: Any) -> Response:
    """A problem as an answer; ``more`` are members of its own, such as ``errors`` and ``rows``."""
    title = TITLES.get(status, "Error")
    told = {"type": "about:blank", "title": title, "status": status, "detail": detail, **more}
    body = json.dumps(told, ensure_ascii=False).encode("utf-8", "replace")
    return Response(body, status, dict(headers or {}), MEDIA)


def refused(refusal: Refusal) -> Response:
    """What the gate says."""
    return problem(refusal.status, refusal.detail, headers=refusal.headers)


def went_wrong(error: BaseException) -> Response:
    """An error nobody foresaw: the log says where, and never what stood in a ticket; the answer says neither."""
    last = traceback.extract_tb(error.__traceback__)[-1:]
    where = f"{Path(last[0].filename).name}, line {last[0].lineno}" if last else "no place"
    LOG.error("A request failed: %s in %s", type(error).__name__, where)
    return problem(500, _SORRY)


def register(app: FastAPI) -> None:
    """Let every error of the app be a problem."""

    async def http(request: Request, error: Exception) -> Response:
        if not isinstance(error, HTTPException):
            return went_wrong(error)
        headers = dict(error.headers or {})
        if error.status_code == 404:
            return problem(404, "There is nothing at this address.", headers=headers)
        if error.status_code == 405:
            headers["Allow"] = ", ".join(app.state.addresses.methods(request.scope["path"]))
            return problem(405, "This address does not take that method.", headers=headers)
        if error.status_code == 400:
            return problem(400, "The body cannot be read: send JSON in UTF-8.", headers=headers)
        return problem(error.status_code, str(error.detail), headers=headers)

    async def invalid(request: Request, error: Exception) -> Response:
        found = error.errors() if isinstance(error, RequestValidationError) else []
        return problem(422, "Some values cannot be used; see errors.", errors=[_pointed(one) for one in found[:_MOST]])

    async def ours(request: Request, error: Exception) -> Response:
        if not isinstance(error, SeenBeforeError):
            return went_wrong(error)
        return of(error)

    async def other(request: Request, error: Exception) -> Response:
        return went_wrong(error)

    app.add_exception_handler(HTTPException, http)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(ResponseValidationError, other)
    app.add_exception_handler(SeenBeforeError, ours)
    app.add_exception_handler(Exception, other)


def of(error: SeenBeforeError) -> Response:
    """One of our own errors as a problem."""
    status = next((status for kind, status in _STATUS if isinstance(error, kind)), 500)
    if isinstance(error, StoreAway):
        LOG.warning("A request could not be answered: %s", type(error).__name__)
        return problem(503, str(error), headers={"Retry-After": "5"})
    if status == 503:
        LOG.warning("A request could not be answered: %s", type(error).__name__)
        return problem(503, "The desk cannot answer this now: `seenbefore status` on its machine says what is missing.",
                       headers={"Retry-After": "60"})  # fmt: skip
    if isinstance(error, RowsRefused):
        rows = [{"row": one.row, "field": one.column, "value": without_hidden(one.value), "reason": one.reason}
                for one in error.rows[:_MOST]]  # fmt: skip
        return problem(422, str(error), rows=rows)
    return problem(status, without_hidden(str(error)))


def _pointed(one: Mapping[str, Any]) -> dict[str, str]:
    """Where a value stands, and why it cannot be used; never the value itself."""
    place: Sequence[Any] = one.get("loc", ())
    where, *rest = [str(part) for part in place] or [""]
    pointer = "/".join(part.replace("~", "~0").replace("/", "~1") for part in rest)
    told = {"detail": without_hidden(str(one.get("msg", "")))[:300]}
    return {**told, "pointer": f"#/{pointer}"} if where == "body" else {**told, "parameter": "/".join(rest) or where}
