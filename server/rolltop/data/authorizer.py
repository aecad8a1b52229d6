"""What SQL that somebody wrote may do (threat model S1): read and write the user's tables, call a list of functions."""

import apsw

from rolltop.data.errors import ForbiddenSQL, UndefinedTable
from rolltop.data.reflect import is_hidden

_FUNCTIONS = """
-> ->> abs acos acosh asin asinh atan atan2 atanh avg bm25 ceil ceiling char coalesce concat concat_ws cos cosh
count cume_dist current_date current_time current_timestamp date datetime degrees dense_rank exp first_value floor
format glob group_concat hex highlight if ifnull iif instr json json_array json_array_insert json_array_length
json_error_position json_extract json_group_array json_group_object json_insert json_object json_patch json_pretty
json_quote json_remove json_replace json_set json_type json_valid jsonb jsonb_array jsonb_array_insert jsonb_extract
jsonb_group_array jsonb_group_object jsonb_insert jsonb_object jsonb_patch jsonb_remove jsonb_replace jsonb_set
julianday lag last_value lead length like likelihood likely ln log log10 log2 lower ltrim match max median min mod
nth_value ntile nullif octet_length percent_rank percentile percentile_cont percentile_disc pi pow power printf
quote radians random randomblob rank replace round row_number rtrim sign sin sinh snippet sqlite_version sqrt
strftime string_agg substr substring sum tan tanh time timediff total trim trunc typeof unhex unicode unistr
unixepoch unlikely upper zeroblob
"""
FUNCTIONS = frozenset(_FUNCTIONS.split())
TABLE_FUNCTIONS = frozenset({"json_each", "json_tree", "jsonb_each", "jsonb_tree", "generate_series"})

_STATEMENTS = "A saved query is one SELECT, INSERT, UPDATE or DELETE statement."
_SCHEMA = "Saved queries cannot change the schema."
_TRANSACTION = "A saved query is a transaction by itself."
_FILES = "Saved queries cannot open other files."
_SETTINGS = "Saved queries cannot read or change settings of the database."
REASONS = {
    **dict.fromkeys(("CREATE", "DROP", "ALTER", "REINDEX", "ANALYZE", "VACUUM"), _SCHEMA),
    **dict.fromkeys(("BEGIN", "COMMIT", "END", "ROLLBACK", "SAVEPOINT", "RELEASE"), _TRANSACTION),
    **dict.fromkeys(("ATTACH", "DETACH"), _FILES),
    "PRAGMA": _SETTINGS,
    "EXPLAIN": "A plan is no result.",
}
"""Why a statement that starts with this word is refused."""

_BY_ACTION = {
    **dict.fromkeys((apsw.SQLITE_TRANSACTION, apsw.SQLITE_SAVEPOINT), _TRANSACTION),
    **dict.fromkeys((apsw.SQLITE_ATTACH, apsw.SQLITE_DETACH), _FILES),
    apsw.SQLITE_PRAGMA: _SETTINGS,
}
_WRITES = frozenset({apsw.SQLITE_INSERT, apsw.SQLITE_UPDATE, apsw.SQLITE_DELETE})


class Authorizer:
    """Asked by SQLite about everything that a statement would do; remembers what it reads and writes.

    `tables` are the names in the schema, `views` those of views among them, `modules` those of virtual tables that are
    there without being in it: what else is read is a name that the statement itself gives to a part of it.
    """

    def __init__(self, tables: frozenset[str], views: frozenset[str], modules: frozenset[str]) -> None:
        self._tables = tables
        self._views = views
        self._modules = modules
        self.reads: set[str] = set()
        self.named: set[str] = set()
        self.writes: set[str] = set()
        self.inserts: set[str] = set()
        self.columns: set[tuple[str, str]] = set()
        """Tables and columns of them that are read or updated, in lower case."""

    def __call__(self, action: int, first: str | None, second: str | None, schema: str | None, by: str | None) -> int:
        """SQLite's callback; raises for what is refused."""
        if action in (apsw.SQLITE_SELECT, apsw.SQLITE_RECURSIVE):
            return apsw.SQLITE_OK
        if action == apsw.SQLITE_FUNCTION:
            self._call(second or "")
        elif action == apsw.SQLITE_READ:
            self._read(first or "", schema, by or "")
            self._note(first, second)
        elif action in _WRITES:
            self._look_up(first or "", schema)
            self.writes.add(first or "")
            if action == apsw.SQLITE_INSERT:
                self.inserts.add(first or "")
            elif action == apsw.SQLITE_UPDATE:
                self._note(first, second)
        else:
            raise forbidden(_BY_ACTION.get(action, _SCHEMA))
        return apsw.SQLITE_OK

    def _note(self, table: str | None, column: str | None) -> None:
        if table and column:
            self.columns.add((table.lower(), column.lower()))

    def _call(self, function: str) -> None:
        if function.lower() not in FUNCTIONS:
            refusal = forbidden(f"The function {function}() cannot be used in a saved query.")
            refusal.name = function
            raise refusal

    def _read(self, table: str, schema: str | None, by: str) -> None:
        self._look_up(table, schema)
        if table.lower() in self._tables:
            self.reads.add(table)
            if by.lower() not in self._views:
                self.named.add(table)

    def _look_up(self, table: str, schema: str | None) -> None:
        lower = table.lower()
        if schema not in (None, "main") or is_hidden(lower):
            raise UndefinedTable(table)
        if lower not in self._tables and (lower in self._modules or lower.startswith("pragma_")):
            raise UndefinedTable(table)


_READING = frozenset(
    {
        *(apsw.SQLITE_SELECT, apsw.SQLITE_READ, apsw.SQLITE_RECURSIVE, apsw.SQLITE_FUNCTION),
        apsw.SQLITE_TRANSACTION,  # ours, around the query
    }
)


def reads_only(action: int, first: str | None, second: str | None, _schema: str | None, _by: str | None) -> int:
    """The callback of connections on which queries run, within the statements that we make around them."""
    full_text = action == apsw.SQLITE_PRAGMA and (first or "").lower() == "data_version" and second is None
    if (action in _READING and second != "load_extension") or full_text:  # FTS5 asks whether its index has changed
        return apsw.SQLITE_OK
    return apsw.SQLITE_DENY


def forbidden(reason: str) -> ForbiddenSQL:
    """The refusal, with what is possible instead."""
    return ForbiddenSQL(reason, hint=_STATEMENTS)
