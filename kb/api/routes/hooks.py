"""Tickets that a tool sends by itself: signed messages in the shape of that tool."""

from __future__ import annotations

import json
from typing import Annotated, Any

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool

from kb.api import answers
from kb.api.answers import TakenOut
from kb.api.keys import Asking, signed
from kb.errors import BadSetting
from kb.intake import take, unwrapped

router = APIRouter(tags=["webhooks"])
_BODY: dict[str, Any] = {
    "requestBody": {"required": True, "content": {"application/json": {
        "schema": {"type": "object", "additionalProperties": True},
        "examples": {
            "servicenow": {"value": {"number": "INC0012345", "short_description": "VPN drops", "state": "2"}},
            "jira": {"value": {"issue": {"key": "IT-17", "fields": {"summary": "VPN drops"}}}},
            "zammad": {"value": {"ticket": {"number": "31001", "title": "VPN drops", "state": {"name": "open"}}}},
        },
    }}},
    "parameters": [
        {"name": "webhook-id", "in": "header", "required": True, "schema": {"type": "string"},
         "description": "Names the message; each is taken once."},
        {"name": "webhook-timestamp", "in": "header", "required": True, "schema": {"type": "string"},
         "description": "Seconds since 1970; at most five minutes from now."},
    ],
}  # fmt: skip


@router.post("/webhooks/tickets", summary="A ticket is new or was changed", openapi_extra=_BODY)
async def tickets(request: Request, asking: Annotated[Asking, signed()]) -> TakenOut:
    """Read by the preset of the hook; all tickets of a message are taken, or none."""
    body = await request.body()
    return await run_in_threadpool(_take, asking, body)


def _take(asking: Asking, body: bytes) -> TakenOut:
    hook = asking.caller.hook
    store = asking.desk.store
    if hook is None:
        raise BadSetting("This address is for signed messages.")
    try:
        try:
            payload = json.loads(body)
        except (ValueError, RecursionError) as error:
            raise BadSetting("The message is not JSON that can be read.") from error
        done = take(store, "ticket", unwrapped(payload), source=hook.source or hook.name, viewer=asking.viewer,
                    preset=hook.preset or "generic", owns=True)  # fmt: skip
    except Exception:
        store.give_back_message(hook.id, asking.caller.message)
        raise
    return answers.taken(done)
