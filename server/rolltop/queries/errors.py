"""What can go wrong with saved queries."""

from typing import Any

from rolltop.errors import BadRequest, Conflict, Forbidden, NotFound, Unprocessable


class NoSuchQuery(NotFound):
    """There is no saved query of that name."""

    code = "queries.unknown"

    def __init__(self, name: str) -> None:
        super().__init__(f"There is no saved query {name!r}.", hint="GET /api/queries lists them all.")


class QueryNameTaken(Conflict):
    """Another saved query has the name."""

    code = "queries.name_taken"

    def __init__(self, name: str) -> None:
        super().__init__(f"A saved query named {name!r} already exists.", hint="Pick another name.")


class TooManyQueries(Conflict):
    """There are as many saved queries as one workspace holds."""

    code = "queries.too_many"

    def __init__(self, most: int) -> None:
        super().__init__(f"There are {most} saved queries already.", hint="Delete those that nobody calls any more.")


class BadSQL(BadRequest):
    """The SQL is not one statement that can run here."""

    code = "queries.bad_sql"


class RefusedSQL(Forbidden):
    """The SQL would do what nobody may do by a saved query (threat model S1)."""

    code = "queries.refused_sql"


class WrongParameters(Unprocessable):
    """The parameters that are declared are not those that the SQL names."""

    code = "queries.parameters"


class BadDefault(Unprocessable):
    """A default is no value of its parameter's type."""

    code = "queries.default"

    def __init__(self, name: str, message: str, hint: Any) -> None:
        super().__init__(
            f"The default of {name!r} does not fit its type: {message}.",
            details=f'Parameter "{name}"',
            hint=hint if isinstance(hint, str) else None,
        )
