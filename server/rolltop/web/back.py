"""The FastAPI part, put together from the domains' routers.

It is built in a thread while the lean lane answers already: importing FastAPI and SQLModel takes over a second of CPU.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from fastapi import APIRouter, FastAPI

from rolltop.web import errors

DESCRIPTION = """\
Rolltop puts a real backend on your own desk: tables, their rows, and everything around them, on this machine only.

Every address needs a token: `Authorization: Bearer <token>`. `rolltop token` prints the one for your own scripts.
Every error has the same four fields: `code`, `message`, `details`, `hint`.
"""


def build(version: str, routers: Iterable[APIRouter], parts: Mapping[str, Any]) -> FastAPI:
    """The application with every router and, as `app.state`, the living parts."""
    app = FastAPI(
        title="Rolltop",
        version=version,
        description=DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        generate_unique_id_function=lambda route: route.name,
        responses={"default": {"model": errors.Error, "description": "The four fields of every error."}},
    )
    errors.install(app)
    for router in routers:
        app.include_router(router)
    for name, part in parts.items():
        setattr(app.state, name, part)
    return app
