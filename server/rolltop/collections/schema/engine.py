"""Carries changes out on a connection: on an empty twin to see what they do, on the file to do it.

    changes one by one: renames by SQLite itself, the rest on drafts ─▶ rebuild, once a table ─▶ name, indexes, search

The caller holds the transaction, in which foreign keys are not enforced, and looks at them before it commits.
"""

from collections.abc import Callable, Sequence
from typing import Any

import apsw

from rolltop.collections.imports.names import free_name
from rolltop.collections.schema import edits, links, rebuild, search, views
from rolltop.collections.schema import schemas as wishes
from rolltop.collections.schema.draft import Draft
from rolltop.collections.schema.errors import BadColumns, InUse, NameTaken, NotForViews, NotThere, WrongOrder
from rolltop.collections.schema.indexes import index_sql
from rolltop.collections.schema.twin import Named, lenient
from rolltop.data import quote, retire

OF_VIEWS = (wishes.Rename, wishes.Describe, wishes.SetSelect, wishes.Delete)


class Engine:
    """One list of changes to one table or view, on one connection."""

    def __init__(self, connection: apsw.Connection, name: str, *, drop: bool) -> None:
        self.connection = connection
        self.drop = drop
        """Whether what would break is dropped, too; otherwise it refuses."""
        self.name: str | None = name
        """The table's name now; None once it is deleted."""
        self.renamed: dict[str, str] = {}
        """For each renamed column, by its new name in lower case: the name it had."""
        self.rewritten = False
        self.lost: list[str] = []
        self.table: Draft | None = None
        self.children: dict[str, Draft] = {}
        """Other tables that lose a foreign key, by name."""
        self.new_indexes: list[wishes.NewIndex] = []
        self._after: list[tuple[int, Callable[[], None]]] = []
        self._dropped_indexes: set[str] = set()
        self._search: list[str] | None = None
        kind, sql = connection.execute("SELECT type, sql FROM sqlite_schema WHERE name = ?", (name,)).fetchall()[0]
        self.is_view = kind == "view"
        if not self.is_view:
            self.table = Draft.of(name, str(sql))
            self._search = search.present(connection, name, self.table.before)

    # ---- the way ---------------------------------------------------------------------------------------------------

    def run(
        self, changes: Sequence[Any], doomed: Sequence[Named] = (), at: Callable[[int], None] = lambda _: None
    ) -> None:
        """Do everything; `doomed` are the views and triggers that would break; `at` hears which change is next."""
        for kind, name in doomed:
            self.connection.execute(f"DROP {kind.upper()} IF EXISTS {quote(name)}")
            self.lost.append(f"{kind} {name}")
        searched = self._pause_search(changes)
        for number, change in enumerate(changes):
            at(number)
            self._do(number, change)
        at(len(changes))
        self._carry_out()
        for number, work in self._after:
            at(number)
            work()
        at(len(changes))
        if searched and self._search and self.name is not None:
            search.create(self.connection, self.name, self.text_now(), self._search)

    def text_now(self) -> Any:
        """The table's definition as it is in the file at this moment."""
        from rolltop.data.definition import read

        sql = self.connection.execute("SELECT sql FROM sqlite_schema WHERE name = ?", (self.name,)).get
        return read(str(sql))

    def _do(self, number: int, change: Any) -> None:
        if self.is_view and not isinstance(change, OF_VIEWS):
            raise NotForViews("A view has no columns of its own.", hint="Change its select with `set_select`.")
        if not self.is_view and isinstance(change, wishes.SetSelect):
            raise NotForViews("A table has no select.", hint="Make a view.")
        deed: Callable[[int, Any], None] = getattr(self, f"_{change.change}")
        deed(number, change)

    @property
    def draft(self) -> Draft:
        """The table's draft; there is one unless this is a view."""
        assert self.table is not None  # noqa: S101 (changes of views never come here)
        return self.table

    def _carry_out(self) -> None:
        for child in self.children.values():
            rebuild.carry_out(self.connection, child, ())
        if self.table is not None and self.table.changed and self.name is not None:
            self.rewritten = rebuild.carry_out(self.connection, self.table, self._dropped_indexes)
            self.lost += self.table.lost

    def _pause_search(self, changes: Sequence[Any]) -> bool:
        """The search goes before anything that may move its columns, and comes back at the end."""
        quiet = (wishes.Describe, wishes.AddIndex, wishes.DropIndex)
        if not self._search or all(isinstance(change, quiet) for change in changes):
            return False
        search.drop(self.connection, self.draft.name)
        return True

    # ---- tables and views ------------------------------------------------------------------------------------------

    def _rename(self, number: int, change: wishes.Rename) -> None:
        edits.check_name(change.name)
        name = str(self.name)
        check_table_free(self.connection, change.name, name)
        if self.is_view:
            views.rename(self.connection, name, change.name)
            self.name = change.name
        else:
            self._after.append((number, lambda: self._rename_table(change.name)))

    def _rename_table(self, new: str) -> None:
        if str(self.name).lower() == new.lower():  # SQLite takes another spelling for a name that is taken
            self.connection.execute(f"ALTER TABLE {quote(str(self.name))} RENAME TO {quote(rebuild.HIDDEN)}")
            self.name = rebuild.HIDDEN
        self.connection.execute(f"ALTER TABLE {quote(str(self.name))} RENAME TO {quote(new)}")
        self.name = new

    def _describe(self, _number: int, change: wishes.Describe) -> None:
        if change.column is not None and not self.is_view:
            self.draft.column(change.column)

    def _set_select(self, _number: int, change: wishes.SetSelect) -> None:
        views.change(self.connection, str(self.name), change.select)

    def _delete(self, _number: int, _change: wishes.Delete) -> None:
        name = str(self.name)
        if self.is_view:
            self.connection.execute(f"DROP VIEW {quote(name)}")
        else:
            pointing = [child for child in links.children(self.connection, name) if child.table != name]
            for child in pointing:
                self._drop_key_of(child)
            retire(self.connection, name)
        self.lost.append(f"{'view' if self.is_view else 'table'} {name}")
        self.name = None

    # ---- columns ---------------------------------------------------------------------------------------------------

    def _add_column(self, _number: int, change: wishes.AddColumn) -> None:
        edits.add_column(self.draft, change)

    def _rename_column(self, _number: int, change: wishes.RenameColumn) -> None:
        draft = self.draft
        if draft.changed or self._after:
            raise WrongOrder("Columns are renamed before anything else.", hint="Put `rename_column` first in the list.")
        column = draft.column(change.column)
        edits.check_name(change.name)
        if change.name.lower() != column.name.lower():
            edits.check_free(draft, change.name, "name")
        self._refuse_others_search(column.name)
        with lenient(self.connection):
            self.connection.execute(
                f"ALTER TABLE {quote(draft.name)} RENAME COLUMN {quote(column.name)} TO {quote(change.name)}"
            )
        old = self.renamed.pop(column.name.lower(), column.name)
        self.renamed[change.name.lower()] = old
        self._search = [change.name if _same(each, column.name) else each for each in self._search or []]
        sql = self.connection.execute("SELECT sql FROM sqlite_schema WHERE name = ?", (draft.name,)).get
        self.table = Draft.of(draft.name, str(sql))

    def _alter_column(self, _number: int, change: wishes.AlterColumn) -> None:
        edits.alter_column(self.draft, change)

    def _drop_column(self, _number: int, change: wishes.DropColumn) -> None:
        self._drop(self.draft.column(change.column).name)

    def _drop(self, name: str) -> None:
        """Drop a column and, if that is wished, what in the file cannot be without it."""
        draft = self.draft
        if draft.text.column(name) is None:
            return  # it went with a generated column that was dropped before
        own = links.in_table(draft, name)
        pointing = [
            child
            for child in links.children(self.connection, draft.name)
            if any(_same(each, name) for each in child.parent_columns or draft.before.primary_key)
        ]
        indexes = [
            each for each in links.indexes(self.connection, draft.name, name) if each not in self._dropped_indexes
        ]
        searched = any(_same(each, name) for each in self._search or [])
        used = [{"kind": link.kind, "name": link.name, "table": link.table} for link in own]
        used += [{"kind": "index", "name": index, "table": draft.name} for index in indexes]
        used += [{"kind": "foreign key", "name": ", ".join(child.columns), "table": child.table} for child in pointing]
        used += [{"kind": "search", "name": search.index_name(draft.name), "table": draft.name}] if searched else []
        if used and not self.drop:
            raise InUse(f"The column {name!r}", used)
        self._refuse_others_search(name)
        for link in own:
            if link.kind == "generated column":
                self._drop(link.name)
            else:
                link.remove()
                draft.lost.append(f"{link.kind} {link.name}")
        self._dropped_indexes |= set(indexes)
        draft.lost += [f"index {index}" for index in indexes]
        for child in pointing:
            self._drop_key_of(child)
        self._search = [each for each in self._search or [] if not _same(each, name)]
        edits.drop_column(draft, name)

    def _refuse_others_search(self, column: str) -> None:
        for index, columns in search.of_others(self.connection, self.draft.name):
            if any(_same(each, column) for each in columns):
                used = [{"kind": "search", "name": index, "table": self.draft.name}]
                error = InUse(f"The column {column!r}", used)
                error.hint = f"Another program made the search index {index!r}: delete it with that program first."
                raise error

    def _drop_key_of(self, child: links.Child) -> None:
        """Take the foreign key of a child away."""
        own = self.table is not None and child.table == self.table.name
        if own:
            draft = self.draft
        else:
            sql = self.connection.execute("SELECT sql FROM sqlite_schema WHERE name = ?", (child.table,)).get
            draft = self.children.setdefault(child.table, Draft.of(child.table, str(sql)))
        if own and any(draft.text.column(each) is None for each in child.columns):
            return
        shown = f"foreign key {child.table} ({', '.join(child.columns)})"
        try:
            edits.drop_foreign_key(draft, child.columns)
        except NotThere:
            return  # it went before, with another column of its own
        self.lost.append(shown)

    def _reorder_columns(self, _number: int, change: wishes.ReorderColumns) -> None:
        edits.reorder(self.draft, change)

    # ---- keys and rules --------------------------------------------------------------------------------------------

    def _set_primary_key(self, _number: int, change: wishes.SetPrimaryKey) -> None:
        edits.set_primary_key(self.draft, change.columns)

    def _add_unique(self, _number: int, change: wishes.AddUnique) -> None:
        edits.add_unique(self.draft, change)

    def _drop_unique(self, _number: int, change: wishes.DropUnique) -> None:
        if not edits.drop_unique(self.draft, change.columns):
            raise NotThere(
                f"No unique rule is about exactly {', '.join(map(repr, change.columns))}.",
                place="columns",
                hint="GET /api/collections/{name} lists them; unique indexes are dropped with `drop_index`.",
            )

    def _add_check(self, _number: int, change: wishes.AddCheck) -> None:
        edits.add_check(self.draft, change)

    def _drop_check(self, _number: int, change: wishes.DropCheck) -> None:
        edits.drop_check(self.draft, change.name)

    def _add_foreign_key(self, _number: int, change: wishes.AddForeignKey) -> None:
        edits.add_foreign_key(self.draft, change)

    def _drop_foreign_key(self, _number: int, change: wishes.DropForeignKey) -> None:
        edits.drop_foreign_key(self.draft, change.from_columns)

    # ---- indexes and search ----------------------------------------------------------------------------------------

    def _add_index(self, number: int, change: wishes.AddIndex) -> None:
        self.add_index(number, change)

    def add_index(self, number: int, wish: wishes.NewIndex) -> None:
        """Make an index once the table has its new shape."""
        if wish.name is not None:
            edits.check_name(wish.name)
        self.new_indexes.append(wish)
        self._after.append((number, lambda: self._make_index(wish)))

    def _make_index(self, wish: wishes.NewIndex) -> None:
        names = [str(row[0]) for row in self.connection.execute("SELECT name FROM sqlite_schema")]
        self.connection.execute(index_sql(str(self.name), self.text_now(), wish, names))

    def _drop_index(self, _number: int, change: wishes.DropIndex) -> None:
        mine = links.indexes(self.connection, self.draft.name)
        found = next((name for name in mine if _same(name, change.name)), None)
        if found is None:
            raise NotThere(
                f"There is no index {change.name!r}.",
                place="name",
                hint="GET /api/collections/{name} lists them under `indexes`; those of keys go with `drop_unique`.",
            )
        self.connection.execute(f"DROP INDEX {quote(found)}")
        self.lost.append(f"index {found}")

    def _set_search(self, _number: int, change: wishes.SetSearch) -> None:
        names = self.draft.exact(change.columns)
        if len(set(names)) < len(names):
            raise BadColumns("A column is named twice.", place="columns", hint="Name each column once.")
        taken = self._taken_by_others(search.index_name(self.draft.name)) if names else None
        if taken is not None:
            raise taken
        had = bool(self._search)
        self._search = names
        if not had and names:
            self._after.append((_number, self._make_search))

    def _taken_by_others(self, name: str) -> NameTaken | None:
        names = [str(row[0]) for row in self.connection.execute("SELECT name FROM sqlite_schema")]
        if name.lower() in map(str.lower, names):
            return NameTaken("something called", name, free_name(name, names), "columns")
        return None

    def _make_search(self) -> None:
        search.create(self.connection, str(self.name), self.text_now(), self._search or [])


def check_table_free(connection: apsw.Connection, name: str, own: str | None = None) -> None:
    """Raises NameTaken when a table, view or index has the name, capitals or not; `own` is the name it may have."""
    names = [str(row[0]) for row in connection.execute("SELECT name FROM sqlite_schema")]
    if name.lower() in (each.lower() for each in names if own is None or each.lower() != own.lower()):
        raise NameTaken("a table, view or index", name, free_name(name, names))


def _same(one: str, other: str) -> bool:
    return one.lower() == other.lower()
