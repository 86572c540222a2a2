"""The API put together: its routes behind the gate, its errors, its specification."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic.json_schema import models_json_schema

from kb.api import errors
from kb.api.addresses import Addresses
from kb.api.answers import ProblemDetails
from kb.api.gate import Gate
from kb.api.keys import Asking, any_key
from kb.api.limits import Limits
from kb.api.metrics import Metrics
from kb.api.routes import feedback, health, hooks, knowledge, measures, patterns, problems, search, tickets, triage
from kb.desk import Desk
from kb.store import Store

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

PREFIX = "/api/v1"
OPEN = frozenset((f"{PREFIX}/health/live", f"{PREFIX}/health/ready"))
SIGNED = frozenset((f"{PREFIX}/webhooks/tickets",))
ASKS = frozenset(f"{PREFIX}/{name}" for name in ("search", "search/like", "triage", "triage/stored"))
"""What only asks, although it is sent: its answers are not kept under idempotency keys."""
ABOUT = (
    "Has this been seen before, what is it, and what keeps coming back? Every request but the health checks needs a "
    "key (`seenbefore key add`), sent as `Authorization: Bearer sb_…`. A key sees what is for everybody and what is "
    "for its groups; what it may not see is answered as what does not exist. Errors are problem details (RFC 9457). "
    "Send an `Idempotency-Key` with writes that you may have to repeat."
)
KEYED = any_key()
_STATUSES = (400, 401, 403, 404, 405, 408, 409, 413, 415, 422, 429, 500, 503)


@dataclass(frozen=True, slots=True)
class Api:
    """The API as an ASGI app, and what stands beside it."""

    gate: Gate
    routes: FastAPI
    metrics: Metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        await self.gate(scope, receive, send)


def make(
    desks: Callable[[], Desk], store: Callable[[], Store], *, limits: Limits | None = None,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC), is_open: Callable[[], bool] = lambda: True,
) -> Api:  # fmt: skip
    """The API over whatever desk ``desks`` hands out now; ``store`` must answer before the desk is open.

    ``is_open`` says without waiting whether ``desks`` would answer at once.
    """
    app = _routed()
    addresses = Addresses(specification()["paths"])
    app.state.desks, app.state.store, app.state.clock, app.state.is_open = desks, store, clock, is_open
    app.state.metrics, app.state.addresses = Metrics(), addresses
    gate = Gate(app, store=store, clock=clock, metrics=app.state.metrics, limits=limits or Limits(), open_to_all=OPEN,
                signed=SIGNED, asks=ASKS, addresses=addresses)  # fmt: skip
    app.state.turns = lambda: {"working": gate.turns.working, "waiting": gate.turns.waiting}
    return Api(gate, app, app.state.metrics)


def _routed() -> FastAPI:
    app = FastAPI(title="Seen Before", version="1", description=ABOUT, openapi_url=None, docs_url=None, redoc_url=None,
                  redirect_slashes=False, responses=_problems())  # fmt: skip
    errors.register(app)
    for part in (health, search, triage, tickets, knowledge, feedback, patterns, problems, measures, hooks):
        app.include_router(part.router, prefix=PREFIX)

    @app.get(f"{PREFIX}/openapi.json", tags=["about"], summary="This specification", response_model=dict[str, Any])
    def shown(asking: Annotated[Asking, KEYED]) -> dict[str, Any]:
        return specification()

    return app


@cache
def specification() -> dict[str, Any]:
    """The whole API as OpenAPI 3.1."""
    app = _routed()
    spec = get_openapi(title=app.title, version=app.version, description=ABOUT, routes=app.routes)
    schemas = spec["components"]["schemas"]
    shapes = models_json_schema([(ProblemDetails, "serialization")], ref_template="#/components/schemas/{model}")
    schemas.update(shapes[1]["$defs"])
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    for path, operations in spec["paths"].items():
        for method, operation in operations.items():
            if method in ("post", "patch", "delete") and path not in ASKS | SIGNED:
                operation.setdefault("parameters", []).append(_IDEMPOTENT)
    return spec


_IDEMPOTENT = {
    "name": "Idempotency-Key", "in": "header", "required": False,
    "schema": {"type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[ -~]+$"},
    "description": "A word of your own: the same request sent again within a day gets the same answer.",
}  # fmt: skip


def _problems() -> dict[int | str, dict[str, Any]]:
    """The errors that any route may answer with."""
    shape = {"schema": {"$ref": "#/components/schemas/ProblemDetails"}}
    return {
        status: {"description": errors.TITLES[status], "content": {errors.MEDIA: shape}} for status in _STATUSES
    }  # fmt: skip
