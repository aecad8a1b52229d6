"""The dialect's errors, each under its code (rest-dialect, section 14)."""

from collections.abc import Iterable
from typing import Any

from rolltop.errors import (
    BadRequest,
    Conflict,
    Forbidden,
    MethodNotAllowed,
    NotFound,
    RolltopError,
    TooLarge,
    UnsupportedMediaType,
)


class ParseError(BadRequest):
    """A parameter cannot be read."""

    code = "PGRST100"

    def __init__(self, what: str, text: str, at: int, details: str) -> None:
        super().__init__(f'"failed to parse {what} ({text})" (line 1, column {at + 1})', details=details)


class BadBody(BadRequest):
    """The payload is not what it should be."""

    code = "PGRST102"


class RangeNotSatisfiable(RolltopError):
    """The page asked for cannot be."""

    status = 416
    code = "PGRST103"

    def __init__(self, details: str, *, total: int | None = None) -> None:
        super().__init__("Requested range not satisfiable", details=details)
        self.content_range = None if total is None else b"*/%d" % total


class PutFilters(MethodNotAllowed):
    """PUT names its row by the whole primary key."""

    code = "PGRST105"

    def __init__(self) -> None:
        super().__init__("Filters must include all and only primary key columns with 'eq' operators")


class NotAcceptable(RolltopError):
    """406, whatever the code."""

    status = 406
    code = "PGRST107"


class UnknownSchema(NotAcceptable):
    """Only `public` is there."""

    code = "PGRST106"

    def __init__(self, name: str) -> None:
        super().__init__(f"Invalid schema: {name}", hint="Only the following schemas are exposed: public")


class NotEmbedded(BadRequest):
    """A parameter for a resource that the request does not embed."""

    code = "PGRST108"

    def __init__(self, name: str) -> None:
        super().__init__(
            f"'{name}' is not an embedded resource in this request",
            hint=f"Verify that '{name}' is included in the 'select' query parameter.",
        )


class PutLimits(BadRequest):
    """PUT with limit or offset."""

    code = "PGRST114"

    def __init__(self) -> None:
        super().__init__("limit/offset querystring parameters are not allowed for PUT")


class PutMismatch(BadRequest):
    """PUT whose payload is another row than its URL."""

    code = "PGRST115"

    def __init__(self) -> None:
        super().__init__("Payload values do not match URL in primary key column(s)")


class NotOneRow(NotAcceptable):
    """A single object was wanted."""

    code = "PGRST116"

    def __init__(self, rows: int) -> None:
        super().__init__("Cannot coerce the result to a single JSON object", details=f"The result contains {rows} rows")


class UnknownMethod(MethodNotAllowed):
    """A method that the dialect does not have."""

    code = "PGRST117"


class BadPreferences(BadRequest):
    """Unknown preferences under handling=strict."""

    code = "PGRST122"

    def __init__(self, names: list[str]) -> None:
        super().__init__(
            "Invalid preferences given with handling=strict", details=f"Invalid preferences: {', '.join(names)}"
        )


class TooManyAffected(BadRequest):
    """More rows than max-affected."""

    code = "PGRST124"

    def __init__(self, rows: int) -> None:
        super().__init__(
            "Query result exceeds max-affected preference constraint", details=f"The query affects {rows} rows"
        )


class InvalidPath(NotFound):
    """The dialect has no such path."""

    code = "PGRST125"

    def __init__(self) -> None:
        super().__init__("Invalid path specified in request URL")


class NotImplementedHere(BadRequest):
    """A part of the dialect that is not built."""

    code = "PGRST127"

    def __init__(self, details: str) -> None:
        super().__init__("Feature not implemented", details=details)


class RelatedOrder(BadRequest):
    """An order by a column of a to-many."""

    code = "PGRST118"

    def __init__(self, origin: str, target: str) -> None:
        super().__init__(
            f"A related order on '{target}' is not possible",
            details=f"'{origin}' and '{target}' do not form a many-to-one or one-to-one relationship",
        )


class NoRelationship(BadRequest):
    """Nothing joins the two."""

    code = "PGRST200"

    def __init__(self, origin: str, target: str, hint: str | None, similar: str | None) -> None:
        using = "" if hint is None else f" using the hint '{hint}'"
        super().__init__(
            f"Could not find a relationship between '{origin}' and '{target}' in the schema cache",
            details=f"Searched for a foreign key relationship between '{origin}' and '{target}'{using} "
            "in the schema 'public', but no matches were found.",
            hint=similar,
        )


class AmbiguousRelationship(RolltopError):
    """More than one thing joins the two; each is told as (cardinality, embedding, relationship) and by its hint."""

    status = 300
    code = "PGRST201"

    def __init__(self, origin: str, target: str, found: list[tuple[str, str, str]], hints: list[str]) -> None:
        names = ("cardinality", "embedding", "relationship")
        offered = ", ".join(f"'{hint}'" for hint in hints)
        super().__init__(
            f"Could not embed because more than one relationship was found for '{origin}' and '{target}'",
            details=[dict(zip(names, each, strict=True)) for each in found],
            hint=f"Try changing '{target}' to one of the following: {offered}. "
            "Find the desired relationship in the 'details' key.",
        )


class TooManyEmbeds(BadRequest):
    """More embedded resources than one statement holds."""

    code = "54000"

    def __init__(self, most: int) -> None:
        super().__init__(f"More than {most} resources are embedded.", hint="Ask for them in several requests.")


class NotGrouped(BadRequest):
    """An order by a column that an aggregate has merged."""

    code = "42803"

    def __init__(self, table: str, name: str) -> None:
        super().__init__(
            f'column "{table}.{name}" must appear in the GROUP BY clause or be used in an aggregate function',
            hint="Order by a column that is selected without an aggregate.",
        )


class UndefinedFunction(NotFound):
    """The aggregate does not exist for the type."""

    code = "42883"

    def __init__(self, name: str, type_name: str) -> None:
        super().__init__(
            f"function {name}({type_name}) does not exist",
            hint="No function matches the given name and argument types. You might need to add explicit type casts.",
        )


class UnknownFunction(NotFound):
    """There is no saved query of this name that takes these arguments."""

    code = "PGRST202"

    def __init__(self, name: str, arguments: Iterable[str], similar: str | None) -> None:
        names = sorted(arguments)
        listed = ", ".join(names)
        searched = f"parameter{'' if len(names) == 1 else 's'} {listed}"
        super().__init__(
            f"Could not find the function public.{name}{f'({listed})' if names else ' without parameters'} "
            "in the schema cache",
            details=f"Searched for the function public.{name} {f'with {searched}' if names else 'without parameters'}, "
            "but no matches were found in the schema cache.",
            hint=None if similar is None else f"Perhaps you meant to call the function public.{similar}",
        )


class FunctionMethod(MethodNotAllowed):
    """PUT, PATCH or DELETE on a saved query."""

    code = "PGRST101"

    def __init__(self, method: str) -> None:
        super().__init__(
            f"Cannot use the {method} method on RPC", hint="Call it by POST, or by GET when it only reads."
        )


class ReadOnlyCall(MethodNotAllowed):
    """A saved query that writes was called by GET."""

    code = "25006"

    def __init__(self, verb: str) -> None:
        super().__init__(
            f"cannot execute {verb} in a read-only transaction",
            hint="Call it by POST.",
            headers={"Allow": "OPTIONS,POST"},
        )


class AffectedOfValue(BadRequest):
    """max-affected on a query that returns one value or nothing."""

    code = "PGRST128"

    def __init__(self) -> None:
        super().__init__(
            "Function must return SETOF or TABLE when max-affected preference is used with handling=strict",
            hint="Leave max-affected out, or save the query as one that returns many rows.",
        )


class OneValueOnly(BadRequest):
    """A select of several columns from a query that returns values."""

    code = "PGRST100"

    def __init__(self, name: str) -> None:
        super().__init__(
            f"The function public.{name} returns values; a row of them has one column.",
            hint="Select that one column, or leave `select` out.",
        )


class DataException(BadRequest):
    """The statement of a saved query failed on the data that it met."""

    code = "22000"


class UnknownPayloadColumn(BadRequest):
    """A key of the payload is no column."""

    code = "PGRST204"

    def __init__(self, column: str, table: str, *, details: str | None = None, hint: str | None = None) -> None:
        super().__init__(
            f"Could not find the '{column}' column of '{table}' in the schema cache", details=details, hint=hint
        )


class UnknownTable(NotFound):
    """There is no such table."""

    code = "PGRST205"

    def __init__(self, name: str, similar: str | None) -> None:
        super().__init__(
            f"Could not find the table 'public.{name}' in the schema cache",
            hint=None if similar is None else f"Perhaps you meant the table 'public.{similar}'",
        )


class UnknownColumn(BadRequest):
    """There is no such column."""

    code = "42703"

    def __init__(self, table: str, name: str, similar: str | None = None) -> None:
        super().__init__(
            f"column {table}.{name} does not exist",
            hint=None if similar is None else f'Perhaps you meant to reference the column "{table}.{similar}".',
        )


class NotBoolean(BadRequest):
    """IS TRUE and its kin on something else."""

    code = "42804"


class UndefinedOperator(NotFound):
    """The operator does not exist for the type."""

    code = "42883"

    def __init__(self, operator: str, type_name: str) -> None:
        super().__init__(
            f"operator does not exist: {type_name} {operator} unknown",
            hint="No operator matches the given name and argument types. You might need to add explicit type casts.",
        )


class UnknownType(BadRequest):
    """A cast to a type that is not there."""

    code = "42704"

    def __init__(self, name: str) -> None:
        super().__init__(f'type "{name}" does not exist')


class UnknownConfig(BadRequest):
    """A text search configuration that is not there."""

    code = "42704"

    def __init__(self, name: str) -> None:
        super().__init__(
            f'text search configuration "{name}" does not exist', hint="`english` stems words, `simple` does not."
        )


class BadPattern(BadRequest):
    """A regular expression that cannot be read."""

    code = "2201B"


class PatternTooLong(BadRequest):
    """A pattern beyond the limit (threat model S5)."""

    code = "54000"

    def __init__(self, most: int) -> None:
        super().__init__(f"The pattern is longer than {most} characters.", hint="Use a shorter pattern.")


class NoConflictTarget(BadRequest):
    """No unique key over exactly the columns of on_conflict."""

    code = "42P10"

    def __init__(self) -> None:
        super().__init__("there is no unique or exclusion constraint matching the ON CONFLICT specification")


class GeneratedColumn(BadRequest):
    """A payload sets a generated column."""

    code = "428C9"

    def __init__(self, column: str) -> None:
        super().__init__(
            f'cannot insert a non-DEFAULT value into column "{column}"',
            details=f'Column "{column}" is a generated column.',
        )


class NoFilter(BadRequest):
    """A write that would hit every row."""

    code = "21000"

    def __init__(self, verb: str) -> None:
        super().__init__(f"{verb} requires a WHERE clause", hint="Add a filter, such as ?id=eq.1.")


class ViewNotWritable(MethodNotAllowed):
    """A write to a view."""

    code = "55000"

    def __init__(self, name: str) -> None:
        super().__init__(f'cannot change view "{name}"', hint="Write to the tables that the view is made of.")


class NotAllowed(Forbidden):
    """Known, but without the right."""

    code = "42501"

    def __init__(self, name: str) -> None:
        super().__init__(f"permission denied for table {name}")


class ColumnNotAllowed(Forbidden):
    """The column is read only for the caller."""

    code = "42501"

    def __init__(self, table: str, column: str) -> None:
        super().__init__(f"permission denied for column {column} of table {table}", hint="Leave the column out.")


class RowNotAllowed(Forbidden):
    """The row that was to be written is one that its writer could not see."""

    code = "42501"

    def __init__(self, table: str) -> None:
        super().__init__(f'new row violates row-level security policy for table "{table}"')


class QueryNotAllowed(Forbidden):
    """A query uses what its caller may not see."""

    code = "42501"

    def __init__(self, name: str) -> None:
        super().__init__(
            f"permission denied for function {name}", hint="It uses tables or columns that are not there for you."
        )


class QualifiedName(Forbidden):
    """A query goes past what its caller may see."""

    code = "42501"

    def __init__(self) -> None:
        super().__init__(
            "permission denied: the query names the schema of a table",
            hint="Write the table's name alone, without `main.` before it.",
        )


class UnknownNamed(Forbidden):
    """A query of a limited caller reads what no rights are about."""

    code = "42501"

    def __init__(self) -> None:
        super().__init__(
            "permission denied: the query names a table of a kind that rights do not cover",
            hint="Full-text and other virtual tables are for those without limits; a view can show what they find.",
        )


class BrokenRule(Forbidden):
    """A rule speaks of columns that are no longer there, or no longer what they were: nobody sees a row by it."""

    code = "42501"

    def __init__(self, table: str, problem: str) -> None:
        super().__init__(
            f"permission denied for table {table}",
            details=f"The rule on its rows does not fit the table any more: {problem}.",
            hint="Whoever manages the roles can mend the rule.",
        )


class UniqueViolation(Conflict):
    code = "23505"


class ForeignKeyViolation(Conflict):
    code = "23503"


class NotNullViolation(BadRequest):
    code = "23502"


class CheckViolation(BadRequest):
    code = "23514"


class WrongStorageClass(BadRequest):
    """A STRICT table refused a value."""

    code = "22P02"


class InvalidJsonCell(BadRequest):
    """A cell of a CSV for a JSON column that is not JSON."""

    code = "22P02"

    def __init__(self, text: str) -> None:
        super().__init__(f'invalid input syntax for type json: "{text[:200]}"')


class BodyTooLarge(TooLarge):
    code = "PGRST102"


class CompressedBody(UnsupportedMediaType):
    code = "PGRST102"


class NotUTF8(BadRequest):
    """Stored text that is not UTF-8 met a function that needs text."""

    code = "22021"

    def __init__(self) -> None:
        super().__init__(
            'invalid byte sequence for encoding "UTF8"', hint="Filter or select other columns, or mend the stored text."
        )


class Unexpected(RolltopError):
    """A statement that SQLite refused for a reason we did not foresee; no SQL in the text."""

    status = 500
    code = "XX000"

    def __init__(self, details: Any = None) -> None:
        super().__init__("The database could not run this request.", details=details)
