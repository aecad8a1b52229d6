"""What can go wrong with an import, in words that say where and what to do."""

from typing import Any

from rolltop.errors import BadRequest, Conflict, NotFound, RolltopError, TooLarge


class _Unusable(RolltopError):
    """The file or the wish cannot become a table (422)."""

    status = 422


class NoSuchImport(NotFound):
    """The id is unknown, or of an earlier run of the server."""

    code = "imports.unknown"

    def __init__(self, id: str) -> None:
        super().__init__(
            f"There is no import {id!r}.", hint="Imports are forgotten when Rolltop stops: send the file again."
        )


class NotReady(Conflict):
    """The import is in a state in which this cannot be done."""

    code = "imports.not_ready"

    def __init__(self, state: str) -> None:
        hints = {
            "scanning": "Wait until the scan is done, or cancel its job.",
            "loading": "Wait until it is loaded, or cancel its job.",
            "done": "The table is there. Send the file again to import it once more.",
        }
        super().__init__(f"This import is {state}.", hint=hints.get(state, "Send the file again."))


class TableExists(Conflict):
    """The name of the new table is taken."""

    code = "imports.table_exists"

    def __init__(self, name: str, free: str) -> None:
        super().__init__(
            f"There is a table {name!r} already.",
            details={"table": name, "free": free},
            hint=f"Choose another name, such as {free!r}, or delete the table first.",
        )


class TableMissing(NotFound):
    """Rows shall go into a table that is not there."""

    code = "imports.table_missing"

    def __init__(self, name: str) -> None:
        super().__init__(f"There is no table {name!r}.", hint="GET /api/collections lists them; `new` makes one.")


class TableChanged(Conflict):
    """The table is not what it was when the import was planned."""

    code = "imports.table_changed"

    def __init__(self, name: str) -> None:
        super().__init__(f"The table {name!r} was changed or deleted meanwhile.", hint="Start the import again.")


class NotATable(Conflict):
    """Rows cannot go into a view."""

    code = "imports.not_a_table"

    def __init__(self, name: str) -> None:
        super().__init__(f"{name!r} is a view.", hint="Import into the table that it shows.")


class RowRefused(_Unusable):
    """A row does not fit, and all or nothing was wanted."""

    code = "imports.row_refused"


class FileTooLarge(TooLarge):
    """More bytes than the settings allow."""

    code = "imports.too_large"

    def __init__(self, limit_mb: int) -> None:
        super().__init__(
            f"The file is larger than {limit_mb:,} MB.",
            hint="Raise import_limit_mb in workspace.toml, or split the file.",
        )


class UnsupportedBody(RolltopError):
    """The body is not the file itself (415)."""

    status = 415
    code = "imports.unsupported_media_type"

    def __init__(self, content_type: str) -> None:
        super().__init__(
            f"An import does not take {content_type or 'a body without a type'}.",
            hint="Send the file itself: curl -H 'Content-Type: text/csv' --data-binary @flights.csv …",
        )


class BadUrl(_Unusable):
    """The URL is not one that an import fetches (threat model W2)."""

    code = "imports.bad_url"

    def __init__(self, url: str, reason: str, hint: str | None = None) -> None:
        super().__init__(
            f"{url[:200]!r} cannot be fetched: {reason}.",
            hint=hint
            or "Give an address on the internet, such as https://example.com/flights.csv, without a password.",
        )


class NotFetched(_Unusable):
    """The file behind the URL did not come."""

    code = "imports.not_fetched"

    def __init__(self, url: str, reason: str) -> None:
        super().__init__(
            f"{url[:200]!r} was not fetched: {reason}.",
            hint="Open it in a browser; if it works there, save the file and import that.",
        )


class BadParts(_Unusable):
    """These parts of the file cannot be imported on their own."""

    code = "imports.bad_parts"


class FileMissing(NotFound):
    """The file on this machine is not there or cannot be read."""

    code = "imports.file_missing"


class NotText(_Unusable):
    """The file is not delimited text."""

    code = "imports.not_csv"


class EmptyFile(_Unusable):
    """There is nothing in it."""

    code = "imports.empty"

    def __init__(self) -> None:
        super().__init__("The file is empty.", hint="Check that it was saved completely.")


class BadText(_Unusable):
    """The bytes or the quotation marks do not make sense."""

    code = "imports.bad_text"


class TooWide(_Unusable):
    """More columns than a table may have."""

    code = "imports.too_many_columns"

    def __init__(self, columns: int, limit: int) -> None:
        super().__init__(
            f"The file has {columns:,} columns; a table has at most {limit}.",
            hint="Check the delimiter. A table this wide is better kept as rows of (name, value).",
        )


class RaggedFile(_Unusable):
    """Rows have different numbers of cells."""

    code = "imports.ragged_rows"


class CellMisfits(_Unusable):
    """A cell does not fit the type of its column."""

    code = "imports.cell_does_not_fit"


class BadName(_Unusable):
    """A name that Rolltop does not create."""

    code = "imports.bad_name"

    def __init__(self, name: str, free: str) -> None:
        super().__init__(
            f"{name!r} cannot be a name.",
            details={"name": name, "suggestion": free},
            hint=f"A name is a letter, then letters, digits and _, at most 63 characters: {free!r}, for example.",
        )


class BadColumns(_Unusable):
    """The choice of columns does not make a table."""

    code = "imports.bad_columns"


class BadKey(_Unusable):
    """The column cannot be the primary key."""

    code = "imports.bad_key"


class BadDialect(BadRequest):
    """Delimiter and quote cannot be told apart, or are line ends."""

    code = "imports.bad_dialect"


class FileChanged(Conflict):
    """The file is not the one that was scanned."""

    code = "imports.file_changed"

    def __init__(self) -> None:
        super().__init__("The file was changed since it was read.", hint="Import it again.")


_TYPE_WORDS = {
    "integer": "a whole number",
    "real": "a number",
    "decimal": "a decimal number",
    "email": "an e-mail address",
    "url": "a web address",
    "json": "JSON",
    "blob": "bytes",
    "choice": "one of few values",
}


def value_of(type_name: str) -> str:
    """What a cell of the type is, for people."""
    return _TYPE_WORDS.get(type_name, f"a {type_name}")


def misfit(column: str, type_name: str, row: int, cell: str, count: int | None, hint: str) -> CellMisfits:
    """The error for a cell; `row` counts from 1 without the header, `count` is how many cells there are like it."""
    others = (count or 1) - 1
    more = "" if not others else " Another cell is like it." if others == 1 else f" {others:,} more cells are like it."
    details: dict[str, Any] = {"row": row, "column": column, "value": cell, "type": type_name, "cells": count}
    return CellMisfits(
        f"Row {row:,}: {cell!r} in column {column!r} is not {value_of(type_name)}.{more}", details=details, hint=hint
    )
