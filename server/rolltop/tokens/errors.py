"""What can go wrong with tokens."""

from rolltop.errors import Conflict, Forbidden, NotFound, Unprocessable


class NoSuchToken(NotFound):
    """There is no token of that id, or it is somebody else's."""

    code = "tokens.unknown"

    def __init__(self, id: str) -> None:
        super().__init__(f"There is no token {id!r}.", hint="GET /api/tokens lists yours.")


class TokenMakesToken(Forbidden):
    """A token cannot make others, for they would outlive it."""

    code = "tokens.of_token"

    def __init__(self) -> None:
        super().__init__("A token cannot make another one.", hint="Sign in as a person, and make it there.")


class TooManyTokens(Conflict):
    """There are as many tokens as one workspace holds."""

    code = "tokens.too_many"

    def __init__(self, most: int) -> None:
        super().__init__(f"There are {most} tokens already.", hint="Revoke those that nobody uses any more.")


class ExpiredAlready(Unprocessable):
    """A token was to end before it begins."""

    code = "tokens.expired"

    def __init__(self) -> None:
        super().__init__("The moment at which the token ends has passed.", hint="Name a later one, or none.")


class NoSuchTable(Unprocessable):
    """A token was to open a table that is not there."""

    code = "tokens.no_such_table"

    def __init__(self, name: str, similar: str | None) -> None:
        hint = None if similar is None else f"Perhaps you meant {similar!r}."
        super().__init__(f"There is no table {name!r}.", hint=hint)
