"""Every refusal of the rows, with an example for each of its codes (dialect, section 14)."""

from typing import Any, NamedTuple

from rolltop.rows.openapi.columns import JSONObject


class _Case(NamedTuple):
    """One code of a refusal, as it may come."""

    code: str
    message: str
    details: Any = None
    hint: str | None = None


_PROXY_STATUS: JSONObject = {"description": "`PostgREST; error=` and the code.", "schema": {"type": "string"}}


def _refusal(description: str, *cases: _Case, **headers: str) -> JSONObject:
    """A response with an example for each code."""
    codes = ", ".join(f"`{case.code}`" for case in cases)
    named = {
        name.replace("_", "-"): {"description": text, "schema": {"type": "string"}} for name, text in headers.items()
    }
    return {
        "description": f"{description} Codes: {codes}.",
        "headers": {"Proxy-Status": _PROXY_STATUS} | named,
        "content": {
            "application/json": {
                "schema": {"$ref": "#/components/schemas/Error"},
                "examples": {case.code: {"value": case._asdict()} for case in cases},
            }
        },
    }


_BOTH = (
    _Case("PGRST100", '"failed to parse filter (200)" (line 1, column 1)', "unexpected end"),
    _Case(
        "PGRST108",
        "'authors' is not an embedded resource in this request",
        hint="Verify that 'authors' is included in the 'select' query parameter.",
    ),
    _Case(
        "PGRST118",
        "A related order on 'placements' is not possible",
        "'books' and 'placements' do not form a many-to-one or one-to-one relationship",
    ),
    _Case("PGRST122", "Invalid preferences given with handling=strict", "Invalid preferences: count=all"),
    _Case("PGRST127", "Feature not implemented", "The range operator 'sl' is out of scope."),
    _Case(
        "PGRST200",
        "Could not find a relationship between 'books' and 'dragons' in the schema cache",
        "Searched for a foreign key relationship between 'books' and 'dragons' in the schema 'public', "
        "but no matches were found.",
    ),
    _Case("2201B", "invalid regular expression: missing )"),
    _Case("22003", 'value "99999999999999999999" is out of range for type bigint'),
    _Case("22007", 'invalid input syntax for type date: "soon"'),
    _Case("22021", 'invalid byte sequence for encoding "UTF8"'),
    _Case("22P02", 'invalid input syntax for type bigint: "many"'),
    _Case("42601", 'syntax error in tsquery: "two words"'),
    _Case("42703", "column books.colour does not exist"),
    _Case("42704", 'type "colour" does not exist'),
    _Case("42803", 'column "books.title" must appear in the GROUP BY clause or be used in an aggregate function'),
    _Case("42804", "argument of IS TRUE must be type boolean, not type text"),
    _Case("42846", "cannot cast type jsonb to date"),
    _Case("54000", "More than 50 resources are embedded.", hint="Ask for them in several requests."),
)
_BODY = (
    _Case("PGRST102", "Empty or invalid json"),
    _Case("PGRST114", "limit/offset querystring parameters are not allowed for PUT"),
    _Case("PGRST115", "Payload values do not match URL in primary key column(s)"),
    _Case("PGRST204", "Could not find the 'colour' column of 'books' in the schema cache"),
    _Case("22P05", "unsupported Unicode escape sequence", "\\u0000 cannot be converted to text."),
    _Case("23502", 'null value in column "title" of relation "books" violates not-null constraint'),
    _Case("23514", 'new row for relation "books" violates check constraint "pages_positive"'),
    _Case("P0001", "no more than three loans", hint="Row 1 of the payload was refused."),
    _Case(
        "428C9",
        'cannot insert a non-DEFAULT value into column "thick"',
        'Column "thick" is a generated column.',
    ),
    _Case("42P10", "there is no unique or exclusion constraint matching the ON CONFLICT specification"),
)
_CHOSEN = (
    _Case("PGRST124", "Query result exceeds max-affected preference constraint", "The query affects 3 rows"),
    _Case("21000", "DELETE requires a WHERE clause", hint="Add a filter, such as ?id=eq.1."),
)
_CALL = (
    _Case("PGRST102", "Empty or invalid json"),
    _CHOSEN[0],
    _Case("PGRST128", "Function must return SETOF or TABLE when max-affected preference is used with handling=strict"),
    _Case("22000", "The query could not go on: malformed JSON.", hint="Look at the arguments and the rows it reads."),
    _Case("22P05", "unsupported Unicode escape sequence", "\\u0000 cannot be converted to text."),
    _Case("42P02", "Parameters are written with a name.", hint="Write :name in place of ?."),
)

SHARED_RESPONSES: JSONObject = {
    "rows.ambiguous": _refusal(
        "`select` names a table to which several foreign keys lead; `hint` lists the ways.",
        _Case(
            "PGRST201",
            "Could not embed because more than one relationship was found for 'loans' and 'members'",
            [
                {
                    "cardinality": "many-to-one",
                    "embedding": "loans with members",
                    "relationship": "loan_lender using loans(lender_id) and members(id)",
                }
            ],
            "Try changing 'members' to one of the following: 'members!loan_lender', 'members!loan_borrower'. "
            "Find the desired relationship in the 'details' key.",
        ),
    ),
    "rows.bad_read": _refusal("The request can't be understood, or a value doesn't fit its column.", *_BOTH),
    "rows.bad_write": _refusal(
        "The request can't be understood, or a value doesn't fit its column; nothing was changed.",
        *_BOTH,
        *_BODY,
        *_CHOSEN,
    ),
    "rows.bad_call": _refusal(
        "The request can't be understood, an argument doesn't fit, or the query failed on what it met.", *_BOTH, *_CALL
    ),
    "rows.bad_writing_call": _refusal(
        "The request can't be understood, an argument doesn't fit, or the query failed on what it met; "
        "nothing was changed.",
        *_BOTH,
        *_CALL,
        *(case for case in _BODY if case.code in ("23502", "23514", "P0001")),
    ),
    "rows.no_function": _refusal(
        "The query does not take these arguments, what its SQL speaks of is gone, "
        "or the type of a column doesn't have the operator or aggregate.",
        _Case(
            "PGRST202",
            "Could not find the function public.loans_of without parameters in the schema cache",
            "Searched for the function public.loans_of without parameters, but no matches were found in the schema "
            "cache.",
        ),
        _Case("42P01", 'relation "loans" does not exist', hint="Check the name of the table."),
        _Case("42883", "operator does not exist: bigint ~~ unknown"),
    ),
    "rows.unauthorized": _refusal(
        "No token, or one that isn't known.",
        _Case("PGRST301", "The token is not known here, or no longer."),
        _Case("PGRST302", "A token is needed."),
        WWW_Authenticate='`Bearer realm="rolltop"`.',
    ),
    "rows.forbidden": _refusal(
        "Known, but not allowed.",
        _Case("42501", "permission denied for table books"),
        _Case("data.read_only", "The database file is read-only."),
        _Case("web.foreign_origin", "Another web site may not change anything here."),
    ),
    "rows.not_found": _refusal(
        "There is no such table, or an operator or aggregate that the column's type doesn't have.",
        _Case("PGRST205", "Could not find the table 'public.boks' in the schema cache"),
        _Case("42883", "operator does not exist: bigint ~~ unknown"),
    ),
    "rows.key_filters": _refusal(
        "The filters are not exactly the primary key.",
        _Case("PGRST105", "Filters must include all and only primary key columns with 'eq' operators"),
    ),
    "rows.not_acceptable": _refusal(
        "No media type of `Accept` is known, the schema isn't `public`, "
        "or there is not exactly one row where one object was asked for.",
        _Case("PGRST106", "Invalid schema: private", hint="Only the following schemas are exposed: public"),
        _Case("PGRST107", "None of these media types are available: application/xml"),
        _Case("PGRST116", "Cannot coerce the result to a single JSON object", "The result contains 2 rows"),
    ),
    "rows.conflict": _refusal(
        "A unique or foreign key would be broken; nothing was changed.",
        _Case(
            "23503",
            'insert or update on table "books" violates foreign key constraint "books_author_id_fkey"',
            'Key (author_id)=(9) is not present in table "authors".',
        ),
        _Case(
            "23505",
            'duplicate key value violates unique constraint "books_pkey"',
            "Key (id)=(1) already exists.",
        ),
    ),
    "rows.too_large": _refusal("The body is too large.", _Case("PGRST102", "The body is larger than 64 MB.")),
    "rows.body_type": _refusal(
        "The body is compressed.",
        _Case("web.body_type", "Compressed request bodies are not taken.", hint="Send the body as it is."),
    ),
    "rows.out_of_range": _refusal(
        "The page starts beyond the last row.",
        _Case(
            "PGRST103",
            "Requested range not satisfiable",
            "An offset of 7 was requested, but there are only 3 rows.",
        ),
    ),
    "rows.busy": _refusal(
        "Another program keeps the file locked; try again.",
        _Case(
            "data.busy",
            "Another program keeps the database locked.",
            hint="Try again in a moment, or close the other program.",
        ),
        Retry_After="Seconds to wait.",
    ),
    "rows.beyond_limits": _refusal(
        "The request takes more time, memory or depth than a request may; nothing was changed.",
        _Case("53400", "The request needs more memory than it may take.", hint="Ask for less at once."),
        _Case("54001", "The request has too many parts.", hint="Ask for less at once."),
        _Case(
            "57014",
            "canceling statement due to statement timeout",
            hint="Ask for less: add a filter on an indexed column, or a smaller limit.",
        ),
    ),
    "rows.failed": _refusal(
        "The machine or its disk failed; nothing was changed.",
        _Case("data.damaged", "The database file is damaged."),
        _Case("XX000", "The database could not run this request."),
    ),
    "rows.no_space": _refusal(
        "The disk is full; nothing was changed.",
        _Case("out_of_space", "The disk or its quota is full; nothing was changed."),
    ),
}
