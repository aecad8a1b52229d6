"""Takes a change back: its changeset backwards, or its steps.

A row that is not as the change left it is a conflict. All conflicts are found in one go, nothing of it stays, and the
caller is told which rows and columns; he may then ask to overwrite them.
"""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import apsw
import msgspec

from rolltop.data.history import log, reshaping
from rolltop.data.history.recorder import recorded_columns
from rolltop.data.history.values import shown
from rolltop.data.quoting import quote
from rolltop.data.reflect import is_hidden
from rolltop.errors import Conflict, NotFound

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
    kind: str


def taking(connection: apsw.Connection, number: int, *, redo: bool) -> Taking:
    """How change `number` is undone or redone. To undo an undo is to redo, and to undo a redo is to undo again.

    Raises:
        NoSuchChange, AlreadyUndone, NotUndone, NotUndoable: see there.
    """
    root = _entry(connection, number)
    if root.of is not None:
        taken, root = root, _entry(connection, root.of)
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


def rows(connection: apsw.Connection, entry: log.Entry, *, force: bool) -> list[dict[str, Any]]:
    """Take the changes of rows back; the rows that were left as they are, because they are gone, when forced.

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
    conflicts = _Conflicts(forms, force=force)
    with_triggers = _suspend_triggers(connection, forms)
    apsw.Changeset.apply(
        _stream(log.changeset(connection, entry.id)), connection, conflict=conflicts.met, flags=_BACKWARD
    )
    for sql in with_triggers:
        connection.execute(sql)
    if conflicts.blocking:
        count = conflicts.count
        raise RowsChanged(
            f"{'One row has' if count == 1 else f'{count:,} rows have'} been changed since change {entry.id}.",
            details={"conflicts": conflicts.found, "count": count},
            hint="Other rows depend on them: change those first."
            if conflicts.hard
            else 'Send {"force": true} to overwrite what was changed since.',
        )
    return conflicts.found


def schema(connection: apsw.Connection, entry: log.Entry, *, force: bool) -> None:
    """Take a change of the schema back.

    Raises:
        LaterChanges, SchemaMoved, KeysBroken: nothing of it may stay.
    """
    done = msgspec.json.decode(entry.steps or "", type=reshaping.Difference)
    if not force:
        _refuse_later(connection, entry, done.endangered)
    reshaping.take_back(connection, done)


def finish(connection: apsw.Connection, taken: Taking, by: int | None) -> None:
    """Mark what was taken back. A schema change that stands again is next taken back by the steps of its redo."""
    if taken.kind == "undo":
        log.mark_undone(connection, taken.root.id, by)
        return
    log.mark_undone(connection, taken.entry.id, by)
    log.mark_undone(connection, taken.root.id, None)
    if taken.root.steps is not None and by is not None:
        log.copy_steps(connection, by, taken.root.id)


def _refuse_later(connection: apsw.Connection, entry: log.Entry, tables: Iterable[str]) -> None:
    for table in tables:
        where = "tbl = ? AND id > ? AND undone_by IS NULL AND kind != 'undo' AND steps IS NULL"
        later = log.entries(connection, where, (table, entry.id), LATER_SHOWN)
        if later:
            hint = 'Undo those first, or send {"force": true}: the table as it is now is kept, for a redo.'
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


def _stream(parts: Iterator[bytes]) -> Any:
    """The changeset as SQLite asks for it: a function of the most bytes wanted."""
    rest = b""

    def read(most: int) -> bytes:
        nonlocal rest
        if not rest:
            rest = next(parts, b"")
        piece, rest = rest[:most], rest[most:]
        return piece

    return read


class _Conflicts:
    """What SQLite meets while it applies the changeset."""

    def __init__(self, forms: dict[str, list[str]], *, force: bool) -> None:
        self._forms = forms
        self._force = force
        self.count = 0
        self.found: list[dict[str, Any]] = []
        self.hard = False
        """Whether a constraint stands against it, which no force can break."""

    @property
    def blocking(self) -> bool:
        return self.hard or (self.count > 0 and not self._force)

    def met(self, kind: int, change: apsw.TableChange) -> int:
        """SQLite's question about one row; the answer says how to go on."""
        if kind == apsw.SQLITE_CHANGESET_FOREIGN_KEY:
            self._add({"reason": "foreign_key", "rows": change.fk_conflicts}, rows=change.fk_conflicts or 1)
            self.hard = True
            return apsw.SQLITE_CHANGESET_OMIT
        reason, answer = _REASONS[kind]
        self.hard = self.hard or kind == apsw.SQLITE_CHANGESET_CONSTRAINT
        if not self._force or kind not in _OVERWRITTEN:
            self._add(self._row(reason, change))
        return answer if self._force else apsw.SQLITE_CHANGESET_OMIT

    def _add(self, conflict: dict[str, Any], rows: int = 1) -> None:
        self.count += rows
        if len(self.found) < CONFLICTS_SHOWN:
            self.found.append(conflict)

    def _row(self, reason: str, change: apsw.TableChange) -> dict[str, Any]:
        columns = self._forms.get(change.name, [])
        left, now, new = change.old, change.conflict, change.new
        values: Any = left if left is not None else new
        key = {columns[place]: shown(values[place]) for place in sorted(change.pk_columns)}
        differing = []
        if now is not None:
            compared: Any = left if left is not None else new
            for name, then, found in zip(columns, compared, now, strict=False):
                if then is not apsw.no_change and (type(then), then) != (type(found), found):
                    differing.append({"column": name, "left": shown(then), "now": shown(found)})
        return {"reason": reason, "table": change.name, "key": key, "columns": differing}


_REASONS = {
    apsw.SQLITE_CHANGESET_DATA: ("changed", apsw.SQLITE_CHANGESET_REPLACE),
    apsw.SQLITE_CHANGESET_NOTFOUND: ("gone", apsw.SQLITE_CHANGESET_OMIT),
    apsw.SQLITE_CHANGESET_CONFLICT: ("key_taken", apsw.SQLITE_CHANGESET_REPLACE),
    apsw.SQLITE_CHANGESET_CONSTRAINT: ("constraint", apsw.SQLITE_CHANGESET_OMIT),
}
_OVERWRITTEN = frozenset({apsw.SQLITE_CHANGESET_DATA, apsw.SQLITE_CHANGESET_CONFLICT})
