"""Every error of the FastAPI part, rendered in the one shape `{code, message, details, hint}`."""

import logging
from collections.abc import Sequence
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from rolltop.errors import RolltopError
from rolltop.web.refusals import InternalError

log = logging.getLogger("rolltop.web")

_CODES = {404: "not_found", 405: "method_not_allowed", 413: "too_large", 415: "unsupported_media_type"}


class FieldError(BaseModel):
    """One field that was refused."""

    field: str = Field(description="Where it stands, parts joined by dots.", examples=["columns.0.name"])
    message: str = Field(examples=["String should have at least 1 character"])


class Error(BaseModel):
    """What every failed request gets."""

    code: str = Field(description="A stable word for programs.", examples=["not_found"])
    message: str = Field(description="What happened, for people.")
    details: Any = Field(description="More about this case, or null.")
    hint: str | None = Field(description="What to do, or null.")


class RefusedFields(Error):
    """An error with the fields that were refused."""

    fields: list[FieldError]


def _render(status: int, content: dict[str, Any], headers: dict[str, str] | None = None) -> JSONResponse:
    return JSONResponse(content, status, headers)


def _known(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RolltopError)  # noqa: S101 (registered for this class only)
    return _render(error.status, error.fields(), error.headers)


def _framework(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101
    code = _CODES.get(error.status_code, "bad_request")
    message = "There is nothing at this address." if error.status_code == 404 else f"{error.detail}."
    hint = "GET /openapi.json lists every address." if error.status_code == 404 else None
    fields = {"code": code, "message": message, "details": None, "hint": hint}
    return _render(error.status_code, fields, dict(error.headers or {}))


def _field(location: Sequence[Any]) -> str:
    """The place without its source: `("body", "columns", 0, "name")` → `columns.0.name`."""
    return ".".join(str(part) for part in location[1:]) or str(location[0] if location else "body")


def _invalid(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101
    found = [{"field": _field(each["loc"]), "message": str(each["msg"])} for each in error.errors()]
    unreadable = any(each["type"] == "json_invalid" for each in error.errors())
    first = found[0] if found else {"field": "body", "message": "invalid"}
    return _render(
        400 if unreadable else 422,
        {
            "code": "bad_json" if unreadable else "invalid",
            "message": "The body is not valid JSON." if unreadable else f"{first['field']}: {first['message']}.",
            "details": first["message"] if unreadable else None,
            "hint": None,
            "fields": found,
        },
    )


def _unknown(request: Request, error: Exception) -> JSONResponse:
    log.error("Unexpected failure in %s %s", request.method, request.url.path, exc_info=error)
    return _render(500, InternalError().fields())


def install(app: FastAPI) -> None:
    """Render every error of `app` in the one shape."""
    app.add_exception_handler(RolltopError, _known)
    app.add_exception_handler(HTTPException, _framework)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(Exception, _unknown)
