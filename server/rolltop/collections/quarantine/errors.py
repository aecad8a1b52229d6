"""What can go wrong with quarantined rows."""

from rolltop.errors import Conflict, NotFound, Unprocessable


class NoSuchQuarantine(NotFound):
    """No rows wait under that id."""

    code = "quarantine.unknown"

    def __init__(self, id: str) -> None:
        super().__init__(f"No rows of an import {id!r} wait.", hint="GET /api/quarantine lists those that do.")


class NoSuchRow(NotFound):
    """That row does not wait."""

    code = "quarantine.unknown_row"

    def __init__(self, row: int) -> None:
        super().__init__(f"Row {row:,} does not wait.", hint="It may have landed or been discarded meanwhile.")


class UnknownColumn(Unprocessable):
    """An edit or a fix names a column that the import does not have."""

    code = "quarantine.unknown_column"

    def __init__(self, name: str, columns: list[str]) -> None:
        super().__init__(
            f"There is no column {name!r} in the file.",
            details={"columns": columns},
            hint="Name it by its `source` in the quarantine's columns.",
        )


class UselessFix(Unprocessable):
    """A fix that has no meaning for the type of its column."""

    code = "quarantine.useless_fix"


class NoSuchFix(NotFound):
    """There is no fix at that place."""

    code = "quarantine.unknown_fix"

    def __init__(self, number: int, count: int) -> None:
        super().__init__(f"There is no fix number {number}: there are {count}.", hint="Fixes count from 1.")


class Retrying(Conflict):
    """A retry is under way."""

    code = "quarantine.retrying"

    def __init__(self) -> None:
        super().__init__("These rows are being tried again.", hint="Wait until that job is done, or cancel it.")


class TableGone(Conflict):
    """The table for which the rows wait is not there any more."""

    code = "quarantine.table_gone"

    def __init__(self, table: str, problem: str) -> None:
        super().__init__(problem, details={"table": table}, hint="Import the file again, or discard these rows.")
