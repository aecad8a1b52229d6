"""The event stream over HTTP."""

import re
from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Query, Request
from fastapi.responses import StreamingResponse

from rolltop.auth import Actor
from rolltop.events.access import Listener
from rolltop.events.event import NEEDS, ROW_KINDS, Wanted
from rolltop.events.schemas import described
from rolltop.events.service import Events
from rolltop.web.guard import token_of

router = APIRouter(prefix="/api/events", tags=["Events"])

_KIND = "|".join([*NEEDS, *sorted(ROW_KINDS)])
_KINDS = rf"^({_KIND})(,({_KIND}))*$"
_STREAM: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Events as they happen, each with its kind (`event`), its number (`id`) and one line of JSON "
        "(`data`). `hello` comes first; `reset` says that events were missed.",
        "content": {"text/event-stream": {"schema": described()}},
    }
}


def _events(request: Request) -> Events:
    events: Events = request.app.state.events
    return events


def _who(request: Request) -> Callable[[], Actor | None]:
    """Asks again whose token it is, for it may be taken away while the stream goes on."""
    who: Callable[[str], Actor | None] = request.app.state.who
    token = token_of(request.scope) or ""
    return lambda: who(token)


def _wanted(
    table: Annotated[
        list[Annotated[str, Query(min_length=1, max_length=255)]] | None,
        Query(
            max_length=500,
            description="Only changes of these tables; may be given several times. Without `kinds`, only `rows` and "
            "`schema` come then. Changes of which nobody knows the table come, too.",
        ),
    ] = None,
    kinds: Annotated[
        str | None,
        Query(
            pattern=_KINDS,
            max_length=200,
            description="Only events of these kinds, with commas in between; `insert`, `update` and `delete` choose "
            "among `rows`. `hello` and `reset` come always.",
            examples=["insert,schema"],
        ),
    ] = None,
) -> Wanted:
    return Wanted(frozenset(table or ()), frozenset(kinds.split(",") if kinds else ()))


@router.get("", response_class=StreamingResponse, responses=_STREAM)
async def stream_events(
    events: Annotated[Events, Depends(_events)],
    who: Annotated[Callable[[], Actor | None], Depends(_who)],
    wanted: Annotated[Wanted, Depends(_wanted)],
    _actor: Listener,
    last_event_id: Annotated[
        str | None, Header(description="Go on after this event. Anything but a number starts afresh.")
    ] = None,
) -> StreamingResponse:
    """Listen to changes of rows, tables and saved queries, and to the progress of jobs: to those you may know of.

    Read it with `fetch` or any client that can send the token. A comment comes every 15 seconds. The stream ends when
    the token is no longer good, and when the server stops.
    """
    last_id = int(last_event_id) if last_event_id and re.fullmatch(r"[0-9]{1,18}", last_event_id) else None
    return StreamingResponse(
        events.stream(last_id, wanted, who),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )
