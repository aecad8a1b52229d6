"""Takes changes back: the changeset backwards, or the earlier schema and its words; as a change of its own."""

from collections.abc import Callable, Iterable

import apsw

from rolltop.auth import Actor, Scope
from rolltop.collections import words
from rolltop.data import Cause, Data
from rolltop.data.history import log, undo
from rolltop.data.reflect import is_hidden
from rolltop.db.database import Database
from rolltop.errors import Forbidden
from rolltop.history import described
from rolltop.history.errors import HistoryOff, RightsInTheWay
from rolltop.history.schemas import ConflictingRow, TakeBack, TakenBack, Way

InTheWay = Callable[[Iterable[tuple[str, str]]], list[str]]
"""Given tables by the name that each has and the one it would have: which roles and tokens would not follow."""


class Tried(Exception):
    """A dry run went well; nothing of it stays."""


class TakingBack:
    """One undo or redo, on a thread of its own while the writer works."""

    def __init__(
        self, data: Data, database: Database, in_the_way: InTheWay, actor: Actor, id: int, way: Way, wanted: TakeBack
    ) -> None:
        self._data = data
        self._in_the_way = in_the_way
        self._database = database
        self._actor = actor
        self._id = id
        self._way = way
        self._wanted = wanted
        self._cause = Cause(actor.id)
        self._taking: undo.Taking
        self._taken = undo.Taken(0, [], 0)

    def run(self) -> TakenBack:
        """Do it."""
        before = self._look()
        self._may(before.entry)
        try:
            if before.entry.steps is None:
                self._data.submit(self._rows, alone=True, cause=self._cause, after=self._finish).result()
            else:
                held = self._in_the_way(undo.renamed(before.entry))
                if held:
                    raise RightsInTheWay(held)
                self._cause.words = words.read(self._database, words.tables_of(before.root.words))
                self._cause.described = before.root.words is not None
                self._data.reshape(self._schema, cause=self._cause, after=self._finish).result()
                words.write(self._database, before.entry.words)
        except Tried:
            pass
        return self._answer()

    def _look(self) -> undo.Taking:
        reader = self._data.connect_reader()
        try:
            taking = undo.taking(reader, self._id, redo=self._way == "redo")
            self._cause.along = frozenset(filter(is_hidden, log.shapes(reader, taking.entry)))
            return taking
        finally:
            reader.close()

    def _may(self, entry: log.Entry) -> None:
        if not self._data.recording:
            raise HistoryOff
        scope = Scope.ROWS_WRITE if entry.steps is None else Scope.COLLECTIONS_WRITE
        if scope not in self._actor.scopes:
            raise Forbidden(f"This needs the right {scope.value!r}.", hint="Ask the owner of the workspace for it.")

    def _prepare(self, connection: apsw.Connection) -> log.Entry:
        """On the writer's thread: what was seen may have been taken back since."""
        self._taking = undo.taking(connection, self._id, redo=self._way == "redo")
        root = self._taking.root
        self._cause.kind, self._cause.of, self._cause.table = self._taking.kind, root.id, root.table
        self._cause.rows = root.rows
        return self._taking.entry

    def _rows(self, connection: apsw.Connection) -> None:
        self._taken = undo.rows(connection, self._prepare(connection), self._wanted.conflicts)
        if self._wanted.dry_run:
            raise Tried

    def _schema(self, connection: apsw.Connection) -> None:
        entry = self._prepare(connection)
        undo.schema(connection, entry, self._wanted.conflicts)
        self._taken = undo.Taken(entry.rows, [], 0)
        if self._wanted.dry_run:
            raise Tried

    def _finish(self, connection: apsw.Connection) -> None:
        undo.finish(connection, self._taking, self._cause.change)

    def _answer(self) -> TakenBack:
        return TakenBack(
            way=self._taking.kind,
            of=self._taking.root.id,
            change=None if self._wanted.dry_run else self._cause.change,
            dry_run=self._wanted.dry_run,
            rows=self._taken.rows,
            left=self._taken.left,
            conflicts=[ConflictingRow.model_validate(each) for each in self._taken.conflicts],
            objects=described.objects(self._taking.entry, backwards=True),
        )
