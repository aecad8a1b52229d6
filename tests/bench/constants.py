"""What is left when the server does nothing: the same bytes, answered at once. The limit of any Python server here.

`asgi` is a bare ASGI callable, `app` a FastAPI application. BENCH_ANSWERS names the folder with the answers as files.
"""

import os
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import Any

_FOLDER = Path(os.environ["BENCH_ANSWERS"])
ANSWERS = {f"/{file.name}": file.read_bytes() for file in _FOLDER.iterdir()}

Message = MutableMapping[str, Any]


async def asgi(
    scope: MutableMapping[str, Any],
    receive: Callable[[], Awaitable[Message]],
    send: Callable[[Message], Awaitable[None]],
) -> None:
    """Read the body, answer the constant."""
    if scope["type"] != "http":
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})
        return
    while (await receive()).get("more_body"):
        pass
    body = ANSWERS[scope["path"]]
    status = 201 if scope["method"] == "POST" else 200
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def fastapi_app() -> Any:
    """The constant behind a FastAPI route (uvicorn's --factory)."""
    from fastapi import FastAPI, Request, Response

    app = FastAPI()

    @app.get("/{name}")
    async def read(name: str) -> Response:
        return Response(ANSWERS[f"/{name}"], media_type="application/json")

    @app.post("/{name}", status_code=201)
    async def create(name: str, request: Request) -> Response:
        await request.body()
        return Response(ANSWERS[f"/{name}"], 201, media_type="application/json")

    @app.patch("/{name}")
    async def update(name: str, request: Request) -> Response:
        await request.body()
        return Response(ANSWERS[f"/{name}"], media_type="application/json")

    return app
