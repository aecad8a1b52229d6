"""The one family of errors that a caller may see.

Every error has the four fields of PostgREST (`code, message, details, hint`) and a true status. A domain adds its own
classes beside its code; `rolltop.web.errors` renders them over HTTP, `rolltop.cli` on the command line.
"""

from typing import Any, ClassVar


class RolltopError(Exception):
    """Something went wrong in a way that can be said to the person who asked."""

    status: ClassVar[int] = 500
    code: ClassVar[str] = "internal"
    exit_code: ClassVar[int] = 1

    def __init__(
        self,
        message: str,
        *,
        details: Any = None,
        hint: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.details = details
        self.hint = hint
        self.headers = headers or {}

    def fields(self) -> dict[str, Any]:
        """The four fields, as they stand in the answer."""
        return {"code": self.code, "message": self.message, "details": self.details, "hint": self.hint}


class BadRequest(RolltopError):
    """The request cannot be understood (400)."""

    status = 400
    code = "bad_request"


class Unauthorized(RolltopError):
    """No credentials, or bad ones (401); carries the challenge that RFC 9110 section 11.6.1 asks for."""

    status = 401
    code = "unauthorized"

    def __init__(self, message: str, *, details: Any = None, hint: str | None = None) -> None:
        super().__init__(message, details=details, hint=hint, headers={"WWW-Authenticate": 'Bearer realm="rolltop"'})


class Forbidden(RolltopError):
    """Known, but not allowed (403)."""

    status = 403
    code = "forbidden"


class NotFound(RolltopError):
    """There is nothing of that name (404)."""

    status = 404
    code = "not_found"


class MethodNotAllowed(RolltopError):
    """The thing exists, but not with this method (405)."""

    status = 405
    code = "method_not_allowed"


class Conflict(RolltopError):
    """The request is fine, the state of things is not (409)."""

    status = 409
    code = "conflict"


class TooLarge(RolltopError):
    """The body is larger than the server takes (413)."""

    status = 413
    code = "too_large"


class UnsupportedMediaType(RolltopError):
    """The body is of a type that this route does not take (415)."""

    status = 415
    code = "unsupported_media_type"


class Misdirected(RolltopError):
    """The request was sent to a host name that is not ours (421, threat model B1)."""

    status = 421
    code = "misdirected"


class Unprocessable(RolltopError):
    """The request is well formed, its content is not (422)."""

    status = 422
    code = "unprocessable"


class TooManyRequests(RolltopError):
    """Busy; the caller may try again (429)."""

    status = 429
    code = "busy"


class OutOfSpace(RolltopError):
    """The disk or the quota is full (507); reads go on and nothing is lost."""

    status = 507
    code = "out_of_space"


class StartError(RolltopError):
    """The server cannot start. The message and the hint go to the person, the exit code to scripts."""

    code = "start"
    exit_code = 5
