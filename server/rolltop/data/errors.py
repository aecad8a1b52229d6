"""What can go wrong with the user's SQLite file, and what SQLite's own errors mean to a caller."""

import errno
import re
from pathlib import Path
from typing import Any

import apsw

from rolltop.errors import (
    BadRequest,
    Conflict,
    Forbidden,
    NotFound,
    OutOfSpace,
    RolltopError,
    StartError,
    TooManyRequests,
    Unprocessable,
)


class DatabaseMissing(StartError):
    """There is no such file, or a folder stands in its place."""

    code = "data.missing"


class NotADatabase(StartError):
    """The file is there, but it is not SQLite's."""

    code = "data.not_a_database"


class DatabaseLocked(StartError):
    """Another program holds the file."""

    code = "data.locked"


class DatabaseReadOnly(StartError):
    """The file or its folder may not be written."""

    code = "data.read_only"


class DatabaseDamaged(StartError):
    """The file is SQLite's, but its pages do not fit together."""

    code = "data.damaged"


class InvalidLiteral(BadRequest):
    """A value does not have the form of its type (SQLSTATE 22P02)."""

    code = "22P02"

    def __init__(self, type_name: str, literal: str, *, details: Any = None, hint: str | None = None) -> None:
        super().__init__(
            f'invalid input syntax for type {type_name}: "{_shortened(literal)}"', details=details, hint=hint
        )


class InvalidDate(InvalidLiteral):
    """A value is not an ISO date or time (SQLSTATE 22007)."""

    code = "22007"


class ValueOutOfRange(BadRequest):
    """A number does not fit its type (SQLSTATE 22003)."""

    code = "22003"

    def __init__(self, type_name: str, literal: str) -> None:
        super().__init__(f'value "{_shortened(literal)}" is out of range for type {type_name}')


class BadTextQuery(BadRequest):
    """A full text query that cannot be read (SQLSTATE 42601)."""

    code = "42601"

    def __init__(self, text: str, *, hint: str | None = None) -> None:
        super().__init__(
            f'syntax error in tsquery: "{_shortened(text)}"',
            hint=hint or "Join words with & | ! <->; `plfts` and `wfts` take any text.",
        )


class CannotCast(BadRequest):
    """Two types without a cast between them (SQLSTATE 42846)."""

    code = "42846"

    def __init__(self, source: str, target: str) -> None:
        super().__init__(f"cannot cast type {source} to {target}")


class Busy(TooManyRequests):
    """Another program keeps the file locked for longer than we wait."""

    code = "data.busy"


class Closed(Conflict):
    """The file was closed while the work was waiting."""

    code = "data.closed"


class BeyondLimits(Unprocessable):
    """What a request asks for takes more than a request may.

    422 and nothing from 500 on: the request failed for good, and clients send those again (postgrest-js does so on 503
    and 520, others on every 5xx).
    """


class StatementTimeout(BeyondLimits):
    """A statement took longer than it may (SQLSTATE 57014)."""

    code = "57014"


class MemoryExceeded(BeyondLimits):
    """A statement took more memory than it may (SQLSTATE 53400)."""

    code = "53400"


class TooComplex(BeyondLimits):
    """A statement is nested too deeply, or has too many parts (SQLSTATE 54001)."""

    code = "54001"


class SQLProblem(RolltopError):
    """SQL that somebody wrote cannot run. `name` is what it speaks of and is not there."""

    name: str | None = None


class SyntaxProblem(SQLProblem, BadRequest):
    """It is not one statement that SQLite can read (SQLSTATE 42601)."""

    code = "42601"


class ForbiddenSQL(SQLProblem, Forbidden):
    """It would do what nobody may do by SQL (SQLSTATE 42501)."""

    code = "42501"


class UndefinedTable(SQLProblem, NotFound):
    """It speaks of a table that is not there (SQLSTATE 42P01)."""

    code = "42P01"

    def __init__(self, name: str) -> None:
        super().__init__(f'relation "{name}" does not exist', hint="Check the name of the table.")
        self.name = name


class UndefinedColumn(SQLProblem, BadRequest):
    """It speaks of a column that is not there (SQLSTATE 42703)."""

    code = "42703"

    def __init__(self, name: str) -> None:
        super().__init__(f'column "{name}" does not exist', hint="Check the name of the column.")
        self.name = name


class UndefinedSQLFunction(SQLProblem, NotFound):
    """It calls a function that is not there (SQLSTATE 42883)."""

    code = "42883"

    def __init__(self, name: str) -> None:
        super().__init__(f"function {name} does not exist", hint="SQLite's own functions can be used.")
        self.name = name


class UndefinedParameter(SQLProblem, BadRequest):
    """Its parameters are not those that are declared (SQLSTATE 42P02)."""

    code = "42P02"


class Damaged(RolltopError):
    """A page could not be read while the server was running."""

    status = 500
    code = "data.damaged"


class ReadOnlyNow(Forbidden):
    """The file became read-only while the server was running."""

    code = "data.read_only"


class TooBig(BadRequest):
    """A value or a row is larger than SQLite holds (SQLSTATE 54000)."""

    code = "54000"


class Broken(RolltopError):
    """Anything else that SQLite reports about the machine (SQLSTATE XX000)."""

    status = 500
    code = "XX000"


_TOO_COMPLEX = re.compile(r"Expression tree is too large|parser stack overflow|too many (?:terms|columns|levels|FROM)")
"""What SQLite says when a statement is beyond its limits of size; they have no error code of their own."""
QUOTA_ERRNOS = frozenset({errno.ENOSPC, errno.EFBIG, errno.EDQUOT} if hasattr(errno, "EDQUOT") else {errno.ENOSPC})


def _shortened(literal: str) -> str:
    return literal if len(literal) <= 200 else literal[:200] + "…"


def of_opening(path: Path, error: apsw.Error) -> StartError:
    """What an error while opening `path` means to the person who started Rolltop."""
    if isinstance(error, apsw.NotADBError):
        return NotADatabase(
            f"{path} is not an SQLite database.",
            hint="Choose another file, or move this one away: Rolltop leaves it as it is.",
        )
    if isinstance(error, apsw.BusyError | apsw.LockedError):
        return DatabaseLocked(
            f"{path} is locked by another program.", hint="Close the program that writes to it, then start again."
        )
    if isinstance(error, apsw.ReadOnlyError | apsw.PermissionsError | apsw.AuthError):
        return read_only(path)
    if isinstance(error, apsw.CorruptError):
        return damaged(path, str(error))
    if isinstance(error, apsw.CantOpenError):
        return DatabaseReadOnly(
            f"{path} cannot be opened for writing.",
            hint="Check that the file and its folder belong to you and may be written.",
        )
    return NotADatabase(f"{path} cannot be opened.", details=str(error), hint="Choose another file.")


def read_only(path: Path) -> DatabaseReadOnly:
    """The error for a file or folder without the right to write."""
    return DatabaseReadOnly(
        f"{path} is read-only.", hint="Make the file and its folder writable, or copy the file to a folder of yours."
    )


def damaged(path: Path, found: str) -> DatabaseDamaged:
    """The error for a file whose pages do not fit together."""
    return DatabaseDamaged(
        f"{path} is damaged.",
        details=found,
        hint="Restore a backup (`rolltop backup list`, then `rolltop restore`), or recover what is readable with "
        "`sqlite3 FILE .recover`. The file is left as it is.",
    )


def of_running(error: apsw.Error, system_errno: int = 0) -> RolltopError | None:
    """What a machine's error means to a caller; None for errors of the statement, which only its author can word."""
    if isinstance(error, apsw.FullError) or (isinstance(error, apsw.IOError) and system_errno in QUOTA_ERRNOS):
        return OutOfSpace(
            "The disk or its quota is full; nothing was changed.", hint="Free some space, then try again."
        )
    if isinstance(error, apsw.BusyError | apsw.LockedError):
        return Busy(
            "Another program keeps the database locked.",
            hint="Try again in a moment, or close the other program.",
            headers={"Retry-After": "1"},
        )
    if isinstance(error, apsw.InterruptError):
        return StatementTimeout(
            "canceling statement due to statement timeout",
            hint="Ask for less: add a filter on an indexed column, or a smaller limit.",
        )
    if isinstance(error, apsw.NoMemError):
        return MemoryExceeded("The statement needs more memory than there is.", hint="Ask for less at a time.")
    if isinstance(error, apsw.SQLError) and _TOO_COMPLEX.search(str(error)):
        return TooComplex("The statement is nested too deeply or has too many parts.", hint="Make it simpler.")
    if isinstance(error, apsw.ReadOnlyError):
        return ReadOnlyNow("The database file is read-only.", hint="Make the file and its folder writable.")
    if isinstance(error, apsw.CorruptError | apsw.NotADBError):
        return Damaged("The database file is damaged.", hint="Restore a backup; the file is left as it is.")
    if isinstance(error, apsw.TooBigError):
        return TooBig("A value is larger than the database can hold.", hint="Send smaller values.")
    if isinstance(error, apsw.IOError | apsw.CantOpenError | apsw.ProtocolError):
        return Broken("The database file cannot be read or written now.", hint="Check the disk, then try again.")
    return None
