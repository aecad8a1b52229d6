"""What the door says to those it does not let in, and when a request comes to no end."""

from rolltop.errors import (
    Conflict,
    Forbidden,
    MethodNotAllowed,
    Misdirected,
    RolltopError,
    Unauthorized,
    UnsupportedMediaType,
)


class InternalError(RolltopError):
    """A fault of ours."""

    def __init__(self) -> None:
        super().__init__(
            "Something went wrong inside Rolltop.",
            hint="The server's log says more; `rolltop paths` shows where it is.",
        )


class Ending(Conflict):
    """The answer would come after the server's end. Not 503, on which clients ask again at once."""

    code = "web.ending"

    def __init__(self) -> None:
        super().__init__(
            "The server was ended before this could be answered.",
            hint="Start Rolltop again, and look whether a change was made before you repeat it.",
        )


class UnknownHost(Misdirected):
    code = "web.unknown_host"


class UnknownMethod(MethodNotAllowed):
    code = "web.unknown_method"


class RowsUnknownMethod(UnknownMethod):
    """The same in the rows dialect's words (section 1.1)."""

    code = "PGRST117"


class ForeignOrigin(Forbidden):
    code = "web.foreign_origin"


class WrongBodyType(UnsupportedMediaType):
    code = "web.body_type"


class TokenMissing(Unauthorized):
    code = "auth.token_missing"


class TokenUnknown(Unauthorized):
    code = "auth.token_unknown"


class TicketUnknown(Unauthorized):
    code = "auth.ticket_unknown"


class RowsTokenMissing(TokenMissing):
    """The same in the rows dialect's words (section 1.2)."""

    code = "PGRST302"


class RowsTokenUnknown(TokenUnknown):
    code = "PGRST301"
