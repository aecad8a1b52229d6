"""What can go wrong with roles."""

from rolltop.errors import Conflict, Forbidden, NotFound, Unprocessable


class NoSuchRole(NotFound):
    """There is no role of that name."""

    code = "roles.unknown"

    def __init__(self, name: str) -> None:
        super().__init__(f"There is no role {name!r}.", hint="GET /api/roles lists them all.")


class RoleNameTaken(Conflict):
    """Another role has the name."""

    code = "roles.name_taken"

    def __init__(self, name: str) -> None:
        super().__init__(f"A role named {name!r} already exists.", hint="Pick another name.")


class RoleFixed(Conflict):
    """The role is one of those that are always there."""

    code = "roles.fixed"

    def __init__(self, name: str) -> None:
        super().__init__(f"The role {name!r} is always as it is.", hint="Make a role of your own beside it.")


class RoleInUse(Conflict):
    """Somebody has the role."""

    code = "roles.in_use"

    def __init__(self, name: str, people: list[str]) -> None:
        super().__init__(
            f"The role {name!r} is in use.", details={"people": people}, hint="Give these people another role first."
        )


class BadRights(Unprocessable):
    """A role speaks of tables or columns that are not there."""

    code = "roles.bad_rights"


class BeyondOwnRights(Forbidden):
    """Somebody would grant what he has not himself (threat model A7)."""

    code = "roles.beyond_own_rights"

    def __init__(self, scopes: list[str]) -> None:
        super().__init__(
            "Nobody can grant rights that he does not have himself.",
            details={"scopes": scopes} if scopes else None,
            hint="Ask somebody who has them.",
        )
