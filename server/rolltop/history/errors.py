"""What can go wrong with the history; what stands against an undo is said in `data.history.undo`."""

from rolltop.errors import Conflict, Unprocessable


class HistoryOff(Conflict):
    """Nothing is recorded, so nothing can be taken back: that would be a change, too."""

    code = "history.off"

    def __init__(self) -> None:
        super().__init__(
            "The history of this file is off.",
            hint='PATCH /api/history/retention with {"on": true} turns it on, unless the setting history_mb is 0.',
        )


class NotPossible(Conflict):
    """The log cannot be made in this file, or the settings keep nothing."""

    code = "history.not_possible"


class RightsInTheWay(Conflict):
    """Roles or tokens speak of a table that would get former names back, and would not follow."""

    code = "history.rights_in_the_way"

    def __init__(self, names: list[str]) -> None:
        super().__init__(
            "Roles or tokens speak of this table, and would then mean something else.",
            details={"roles_and_tokens": names},
            hint="Change the table by hand, which they follow; or take it out of them first.",
        )


class UnknownTime(Unprocessable):
    """A time without a zone: whose would it be?"""

    code = "history.unknown_time"
