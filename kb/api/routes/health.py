"""Is it alive, is it ready, and its figures for Prometheus."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, PlainTextResponse, Response
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool

from kb.api.keys import Asking, needs
from kb.errors import SeenBeforeError

router = APIRouter(tags=["about"])


class Live(BaseModel):
    """The process answers."""

    status: Literal["live"] = "live"


class Ready(BaseModel):
    """Whether the desk can be asked."""

    status: Literal["ready", "not ready"]


@router.get("/health/live", summary="Is the process alive?")
async def live() -> Live:
    """Answers as long as the process does, without looking at the desk."""
    return Live()


@router.get("/health/ready", summary="Can the desk be asked?", responses={503: {"model": Ready}})
async def ready(request: Request) -> Ready:
    """The store is readable, the desk is open, and its index fits."""

    def look() -> bool:
        try:
            request.app.state.store().seq()
            return request.app.state.is_open() and not request.app.state.desks().refusal
        except SeenBeforeError:
            return False

    good = await run_in_threadpool(look)
    told = Ready(status="ready" if good else "not ready")
    return told if good else JSONResponse(told.model_dump(), 503)  # type: ignore[return-value]


@router.get("/metrics", summary="Figures for Prometheus", response_class=PlainTextResponse)
def metrics(asking: Annotated[Asking, needs("metrics")]) -> Response:
    """Latencies by route, what this key may see, how fresh it is, and the names of what is in service."""
    state = asking.request.app.state
    text = state.metrics.text(asking.desk, asking.viewer, asking.now, state.turns())
    return PlainTextResponse(text, media_type="text/plain; version=0.0.4")
