"""Takes a change back: its changeset backwards, or its steps.

A row that is not as the change left it is a conflict. All conflicts are found in one go, nothing of it stays, and the
caller is told which rows and columns; he may then ask to leave these rows as they are, or to overwrite them.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Literal, NamedTuple

import apsw
import msgspec

from rolltop.data.history import log, reshaping
from rolltop.data.history.recorder import recorded_columns
from rolltop.data.history.values import after, before, cells, key_of, shown
from rolltop.data.quoting import quote
from rolltop.data.reflect import is_hidden
from rolltop.errors import Conflict, NotFound

Conflicts = Literal["refuse", "skip", "overwrite"]
"""What becomes of rows that were changed since: nothing is done, they stay as they are, they are overwritten."""

CONFLICTS_SHOWN = 50
LATER_SHOWN = 20

_FORWARD = apsw.SQLITE_CHANGESETAPPLY_FKNOACTION  # what cascaded is in the changeset itself
_BACKWARD = _FORWARD | apsw.SQLITE_CHANGESETAPPLY_INVERT


class NoSuchChange(NotFound):
    """The number is unknown, or its entry was trimmed."""

    code = "history.unknown"

    def __init__(self, number: int) -> None:
        super().__init__(
            f"There is no change {number}.", hint="GET /api/history lists the changes that are kept, newest first."
        )


class NotUndoable(Conflict):
    """The change was recorded without what it would take."""

    code = "history.not_undoable"


class AlreadyUndone(Conflict):
    code = "history.already_undone"

    def __init__(self, number: int, by: int, root: int) -> None:
        super().__init__(
            f"Change {number} was undone already, by change {by}.",
            details={"undone_by": by},
            hint=f"POST /api/history/{root}/redo brings it back.",
        )


class NotUndone(Conflict):
    code = "history.not_undone"

    def __init__(self, number: int) -> None:
        super().__init__(f"Change {number} is not undone, so there is nothing to redo.")


class NothingToDo(Conflict):
    """The file is already as it would be afterwards."""

    code = "history.nothing_to_do"

    def __init__(self, number: int) -> None:
        super().__init__(f"Change {number} has nothing left that could be taken back.")


class FormChanged(Conflict):
    """The table has other columns than at the time of the change."""

    code = "history.form_changed"


class RowsChanged(Conflict):
    """Rows are not as the change left them."""

    code = "history.rows_changed"


class LaterChanges(Conflict):
    """A change of the schema would take rows out of sight that were written since."""

    code = "history.later_changes"


class Taking(NamedTuple):
    """What is to be taken back: the entry that says how, and the change that it is all about."""

    entry: log.Entry
    root: log.Entry
    kind: Literal["undo", "redo"]


class Taken(NamedTuple):
    """What came of it."""

    rows: int
    conflicts: list[dict[str, Any]]
    """Rows that were left as they are, the first of them."""
    left: int
    """How many those are."""


def taking(connection: apsw.Connection, number: int, *, redo: bool) -> Taking:
    """How change `number` is undone or redone. To undo an undo is to redo, and to undo a redo is to undo again.

    Raises:
        NoSuchChange, AlreadyUndone, NotUndone, NotUndoable: see there.
    """
    root = _entry(connection, number)
    if root.of is not None:
        taken, root = root, _root(connection, root)
        redo = taken.kind == "undo"
        if redo and root.undone_by != taken.id:
            raise AlreadyUndone(number, taken.undone_by or root.id, root.id)
    if redo and root.undone_by is None:
        raise NotUndone(root.id)
    if not redo and root.undone_by is not None:
        raise AlreadyUndone(number, root.undone_by, root.id)
    entry = root if root.undone_by is None else _entry(connection, root.undone_by)
    if entry.lost is not None:
        raise NotUndoable(f"Change {number} cannot be undone.", details=entry.lost)
    return Taking(entry, root, "redo" if redo else "undo")


def _entry(connection: apsw.Connection, number: int) -> log.Entry:
    entry = log.entry(connection, number) if log.is_there(connection) else None
    if entry is None:
        raise NoSuchChange(number)
    return entry


def _root(connection: apsw.Connection, taken: log.Entry) -> log.Entry:
    root = log.entry(connection, taken.of or 0)
    if root is None:
        raise NotUndoable(
            f"Change {taken.id} cannot be taken back any more.",
            details=f"It is about change {taken.of}, which is not kept any longer.",
        )
    return root


def rows(connection: apsw.Connection, entry: log.Entry, conflicts: Conflicts = "refuse") -> Taken:
    """Take the changes of rows back.

    Raises:
        FormChanged, RowsChanged: nothing of it may stay.
    """
    forms = log.shapes(connection, entry)
    for table, columns in forms.items():
        now = recorded_columns(connection, table)
        if now[: len(columns)] != columns:
            raise FormChanged(
                f"The columns of {table!r} are not what they were at change {entry.id}.",
                details={"table": table, "then": columns, "now": now},
                hint="Undo the changes of the table's schema first.",
            )
    met = _Conflicts(forms, conflicts)
    with_triggers = _suspend_triggers(connection, forms)
    _apply(connection, entry, met)
    for sql in with_triggers:
        connection.execute(sql)
    if met.keys_broken:
        _refuse_broken_keys(connection, forms)
    if met.blocking or (met.count and met.count >= entry.rows):
        raise _rows_changed(entry, met)
    return Taken(entry.rows - met.count, met.found, met.count)


def _apply(connection: apsw.Connection, entry: log.Entry, met: "_Conflicts") -> None:
    changeset = log.stream(log.changeset(connection, entry.id))
    apsw.Changeset.apply(changeset, connection, conflict=met.met, flags=_BACKWARD)


def _rows_changed(entry: log.Entry, met: "_Conflicts") -> RowsChanged:
    return RowsChanged(
        f"{'One row has' if met.count == 1 else f'{met.count:,} rows have'} been changed since change {entry.id}.",
        details={"conflicts": met.found, "count": met.count, "rows": entry.rows},
        hint="A rule of the table stands against it: change those rows first."
        if met.hard
        else 'Send {"conflicts": "skip"} to leave those rows as they are, or "overwrite" to give up what they are now.',
    )


def _refuse_broken_keys(connection: apsw.Connection, tables: Iterable[str]) -> None:
    """SQLite has counted rows that would point to nowhere; say which."""
    for table in reshaping.with_children(connection, tables):
        if reshaping.count_broken(connection, table):
            raise reshaping.keys_broken(connection, table)
    raise reshaping.KeysBroken("Rows would point to rows that are not there.")


def renamed(entry: log.Entry) -> list[tuple[str, str]]:
    """The tables that go back to an earlier form when a change of the schema is: the name now, and the one then."""
    done = msgspec.json.decode(entry.steps or "", type=reshaping.Difference)
    return [(each.after, each.before) for each in done.tables if each.after is not None and each.before is not None]


def schema(connection: apsw.Connection, entry: log.Entry, conflicts: Conflicts = "refuse") -> None:
    """Take a change of the schema back.

    Raises:
        LaterChanges, SchemaMoved, KeysBroken: nothing of it may stay.
    """
    done = msgspec.json.decode(entry.steps or "", type=reshaping.Difference)
    if conflicts != "overwrite":
        _refuse_later(connection, entry, done.endangered)
    reshaping.take_back(connection, done)
    if entry.tables is not None:  # rows of ours that went along
        _apply(connection, entry, _Conflicts({}, "overwrite"))


def finish(connection: apsw.Connection, taken: Taking, by: int | None) -> None:
    """Mark what was taken back. A schema change that stands again is next taken back by the steps of its redo.

    Raises:
        NothingToDo: everything was as it should be already, so there is no new change.
    """
    if by is None:
        raise NothingToDo(taken.root.id)
    if taken.kind == "undo":
        log.mark_undone(connection, taken.root.id, by)
        return
    log.mark_undone(connection, taken.entry.id, by)
    log.mark_undone(connection, taken.root.id, None)
    if taken.root.steps is not None:
        log.copy_steps(connection, by, taken.root.id)


def _refuse_later(connection: apsw.Connection, entry: log.Entry, tables: Iterable[str]) -> None:
    for table in tables:
        where = "tbl = ? AND id > ? AND undone_by IS NULL AND kind != 'undo' AND steps IS NULL"
        later = log.entries(connection, where, (table, entry.id), LATER_SHOWN)
        if later:
            hint = 'Undo those first, or send {"conflicts": "overwrite"}: the table as it is now is kept, for a redo.'
            raise LaterChanges(
                f"Rows of {table!r} have been written since change {entry.id}.",
                details={"table": table, "changes": [each.id for each in later]},
                hint=hint,
            )


def _suspend_triggers(connection: apsw.Connection, tables: Iterable[str]) -> list[str]:
    """Drop the triggers of the tables; the SQL that makes them again.

    What they did is in the changeset itself. Ours stay: they keep what is not recorded, such as a search index.
    """
    made_again: list[str] = []
    for table in tables:
        sql = "SELECT name, sql FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = ? ORDER BY rowid"
        found: list[tuple[Any, ...]] = connection.execute(sql, (table,)).fetchall()
        for name, text in found:
            if not is_hidden(name):
                connection.execute(f"DROP TRIGGER {quote(name)}")
                made_again.append(text)
    return made_again


class _Conflicts:
    """What SQLite meets while it applies the changeset."""

    def __init__(self, forms: dict[str, list[str]], wanted: Conflicts) -> None:
        self._forms = forms
        self._wanted = wanted
        self.count = 0
        self.found: list[dict[str, Any]] = []
        self.hard = False
        """Whether a constraint stands against it, which cannot be overwritten."""
        self.keys_broken = False
        """Whether rows would point to rows that are not there."""

    @property
    def blocking(self) -> bool:
        """Whether nothing may be done."""
        return self._wanted != "skip" and (self.hard or (self.count > 0 and self._wanted == "refuse"))

    def met(self, kind: int, change: apsw.TableChange) -> int:
        """SQLite's question about one row; the answer says how to go on."""
        if kind == apsw.SQLITE_CHANGESET_FOREIGN_KEY:
            self.keys_broken = True
            return apsw.SQLITE_CHANGESET_OMIT
        reason, answer = _REASONS[kind]
        if is_hidden(change.name):  # of ours, and of no use to anybody else: it follows the rows
            return answer
        self.hard = self.hard or kind == apsw.SQLITE_CHANGESET_CONSTRAINT
        if self._wanted == "overwrite" and kind in _OVERWRITTEN:
            return answer
        self.count += 1
        if len(self.found) < CONFLICTS_SHOWN:
            self.found.append(self._row(reason, change))
        return apsw.SQLITE_CHANGESET_OMIT

    def _row(self, reason: str, change: apsw.TableChange) -> dict[str, Any]:
        """The row, and of its cells those that stand in the way: as they were before the change, as it left them, and
        as they are now."""
        columns = self._forms.get(change.name, [])
        names = [columns[place] for place in sorted(change.pk_columns) if place < len(columns)]
        key = cells(names, key_of(change)) or {}
        # It is applied backwards: what is `old` here is what the change left.
        left, target, now = before(change), after(change), _now(change)
        differing = []
        for place, name in enumerate(columns if now is not None else ()):
            then = _cell(left, place) if left is not None else _cell(target, place)
            if then is not apsw.no_change and (type(then), then) != (type(_cell(now, place)), _cell(now, place)):
                found = {"before": _cell(target, place), "after": _cell(left, place), "now": _cell(now, place)}
                differing.append({"column": name, **{side: shown(value) for side, value in found.items()}})
        return {"reason": reason, "table": change.name, "key": key, "columns": differing}


def _cell(values: Sequence[Any] | None, place: int) -> Any:
    return apsw.no_change if values is None or place >= len(values) else values[place]


def _now(change: apsw.TableChange) -> Sequence[Any] | None:
    """The row as it is; none where there is none, or where a text is no Unicode."""
    try:
        return change.conflict
    except UnicodeDecodeError:
        return None


_REASONS = {
    apsw.SQLITE_CHANGESET_DATA: ("changed", apsw.SQLITE_CHANGESET_REPLACE),
    apsw.SQLITE_CHANGESET_NOTFOUND: ("gone", apsw.SQLITE_CHANGESET_OMIT),
    apsw.SQLITE_CHANGESET_CONFLICT: ("key_taken", apsw.SQLITE_CHANGESET_REPLACE),
    apsw.SQLITE_CHANGESET_CONSTRAINT: ("constraint", apsw.SQLITE_CHANGESET_OMIT),
}
_OVERWRITTEN = frozenset({apsw.SQLITE_CHANGESET_DATA, apsw.SQLITE_CHANGESET_CONFLICT})
