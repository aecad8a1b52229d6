"""The event stream over HTTP."""

import re
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Request
from fastapi.responses import StreamingResponse

from rolltop.events.access import Listener
from rolltop.events.service import Events

router = APIRouter(prefix="/api/events", tags=["Events"])

_STREAM: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Events as they happen: `hello {instance}`, `rows {table}` (null: something changed from "
        "outside), `schema {}`, `job {job}`, `import {id}`, and `reset {}` when events were missed.",
        "content": {"text/event-stream": {"schema": {"type": "string"}}},
    }
}


def _events(request: Request) -> Events:
    events: Events = request.app.state.events
    return events


@router.get("", response_class=StreamingResponse, responses=_STREAM)
async def stream_events(
    events: Annotated[Events, Depends(_events)],
    _actor: Listener,
    last_event_id: Annotated[
        str | None, Header(description="Go on after this event. Anything but a number starts afresh.")
    ] = None,
) -> StreamingResponse:
    """Listen to changes and to the progress of jobs. Read it with `fetch`; a comment comes every 15 seconds."""
    last_id = int(last_event_id) if last_event_id and re.fullmatch(r"[0-9]{1,18}", last_event_id) else None
    return StreamingResponse(
        events.stream(last_id),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )
