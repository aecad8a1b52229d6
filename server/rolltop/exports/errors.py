"""What can stand in the way of an export."""

from collections.abc import Iterable

from rolltop.errors import NotFound, Unprocessable


class UnknownFormat(NotFound):
    """The file's ending is none of ours."""

    code = "exports.unknown_format"

    def __init__(self, name: str, formats: Iterable[str]) -> None:
        super().__init__(
            f"{name!r} names no format.",
            hint=f"End the name in one of {', '.join(f'.{each}' for each in formats)}, such as `flights.csv`.",
        )


class Unrepresentable(Unprocessable):
    """The format cannot hold the result."""

    code = "exports.unrepresentable"


class SameName(Unrepresentable):
    """Two columns of one name, in a format that tells columns apart by it."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"Two columns are called {name!r}; this format needs names that differ in more than case.",
            hint="Name one of them differently: `select=id,other:name`.",
        )


class TooManyColumns(Unrepresentable):
    """More columns than the format has."""

    def __init__(self, columns: int, most: int) -> None:
        super().__init__(
            f"The result has {columns:,} columns; this format holds {most:,}.",
            hint="Choose fewer by `select`, or another format.",
        )


class CellTooLong(Unrepresentable):
    """A text that is longer than a cell of a workbook."""

    def __init__(self, column: str, row: int, length: int, most: int) -> None:
        super().__init__(
            f"Row {row:,} has {length:,} characters in {column!r}; a cell of a workbook holds {most:,}.",
            details={"column": column, "row": row},
            hint="Export as .csv, .parquet or .sqlite, or leave the column out by `select`.",
        )


class NotUTF8(Unrepresentable):
    """Another program wrote text that is not text."""

    def __init__(self) -> None:
        super().__init__(
            "The result holds text that is not valid UTF-8.",
            hint="Export as .csv, .tsv, .json or .ndjson, where the broken characters are replaced.",
        )
