"""What can go wrong with collections."""

from rolltop.errors import Conflict, NotFound


class NoSuchCollection(NotFound):
    """There is no table or view of that name."""

    code = "collections.unknown"

    def __init__(self, name: str) -> None:
        super().__init__(f"There is no table or view {name!r}.", hint="GET /api/collections lists them all.")


class StillReferenced(Conflict):
    """Rows of other tables point to this one."""

    code = "collections.still_referenced"

    def __init__(self, name: str, others: list[str]) -> None:
        listed = ", ".join(repr(other) for other in others)
        super().__init__(
            f"{name!r} cannot be deleted: {listed} refers to it.",
            details={"referenced_by": others},
            hint="Delete the tables that refer to it first.",
        )
