"""The history inside the file: what a session records, and what a change of the schema made different."""

import apsw
import pytest
from tests.data.conftest import Make

from rolltop.data import Cause, Data, retire
from rolltop.data.history import reshaping, undo
from rolltop.data.history.reshaping import KeysBroken

SHOP = """
CREATE TABLE authors (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
CREATE TABLE books (id INTEGER PRIMARY KEY AUTOINCREMENT, title TEXT, author INT REFERENCES authors ON DELETE CASCADE,
    long AS (length(title)) STORED);
CREATE INDEX books_by_title ON books (title);
CREATE TABLE notes (text);
CREATE TABLE named (a INT CHECK (named.a < 9));
CREATE TABLE places (row INT, shelf TEXT, PRIMARY KEY (shelf, row)) WITHOUT ROWID;
INSERT INTO authors VALUES (1, 'Ruiz'), (2, 'Okafor');
INSERT INTO books (title, author) VALUES ('Salt', 1), ('North', 2), ('Rye', 1);
"""


def run(data: Data, sql: str) -> int | None:
    """Run SQL as a write; the number of its change."""
    cause = Cause("anna")
    data.submit(lambda connection: connection.execute(sql).fetchall(), cause=cause).result(10)
    return cause.change


def contents(data: Data) -> dict[str, list[tuple[object, ...]]]:
    """Every row of the user's tables, and what the schema says."""
    found = {name: sorted(data.read_now(f'SELECT * FROM "{name}"'), key=repr) for name in data.fresh_catalog().tables}
    schema = data.read_now(
        "SELECT name, replace(sql, '\"', '') FROM sqlite_schema WHERE name NOT LIKE '\\_rolltop%' ESCAPE '\\' "
        "AND name NOT LIKE 'sqlite%' AND sql IS NOT NULL AND tbl_name NOT LIKE '\\_rolltop%' ESCAPE '\\' ORDER BY name"
    )
    return {**found, "": schema}


def take_back(data: Data, number: int, *, redo: bool = False, conflicts: undo.Conflicts = "refuse") -> None:
    """Undo or redo a change, as the service does."""
    entry = data.read_now("SELECT steps IS NOT NULL FROM _rolltop_log WHERE id = ?", (number,))
    cause = Cause("ben")
    found: list[undo.Taking] = []

    def prepared(connection: apsw.Connection) -> undo.Taking:
        taken = undo.taking(connection, number, redo=redo)
        cause.kind, cause.of = taken.kind, taken.root.id
        found.append(taken)
        return taken

    def after(connection: apsw.Connection) -> None:
        undo.finish(connection, found[0], cause.change)

    if entry and entry[0][0]:
        data.reshape(lambda c: undo.schema(c, prepared(c).entry, conflicts), cause=cause, after=after).result(10)
    else:
        data.submit(lambda c: undo.rows(c, prepared(c).entry, conflicts), cause=cause, after=after).result(10)


WRITES = [
    "INSERT INTO authors VALUES (9, 'Lind')",
    "UPDATE books SET title = title || '!' WHERE author = 1",
    "DELETE FROM authors WHERE id = 1",
    "INSERT INTO notes VALUES ('a'), (x'00ff'), (NULL)",
    "INSERT INTO places VALUES (1, 'A')",
    "UPDATE books SET id = id + 100",
    "REPLACE INTO authors VALUES (2, 'Other')",
]


class TestRows:
    @pytest.mark.parametrize("sql", WRITES)
    def test_go_back_and_forth(self, opened: Make, sql: str) -> None:
        data = opened(SHOP)
        before = contents(data)
        number = run(data, sql)
        assert number is not None
        after = contents(data)
        assert after != before
        for _ in range(2):
            take_back(data, number)
            assert contents(data) == before
            take_back(data, number, redo=True)
            assert contents(data) == after

    def test_a_write_that_changes_nothing_is_no_change(self, opened: Make) -> None:
        data = opened(SHOP)
        assert run(data, "UPDATE authors SET name = name") is None
        assert run(data, "DELETE FROM authors WHERE id = 77") is None

    def test_triggers_of_the_user_do_not_act_again(self, opened: Make) -> None:
        data = opened(
            SHOP + "CREATE TABLE audit (id INTEGER PRIMARY KEY, what); CREATE TABLE total (id INTEGER PRIMARY KEY, n);"
            "INSERT INTO total VALUES (1, 2);"
            "CREATE TRIGGER a AFTER INSERT ON authors BEGIN INSERT INTO audit (what) VALUES ('in');"
            "UPDATE total SET n = n + 1; END;"
            "CREATE TRIGGER d AFTER DELETE ON authors BEGIN INSERT INTO audit (what) VALUES ('out');"
            "UPDATE total SET n = n - 1; END;"
        )
        before = contents(data)
        number = run(data, "INSERT INTO authors VALUES (9, 'Lind')")
        assert number is not None
        take_back(data, number)
        assert contents(data) == before
        run(data, "INSERT INTO authors VALUES (10, 'Lind')")
        assert data.read_now("SELECT n FROM total") == [(3,)]


def reshape(data: Data, *statements: str) -> int:
    """Change the schema; the number of the change. `-name` stands for retiring a table."""
    cause = Cause("anna", "schema")

    def work(connection: apsw.Connection) -> None:
        for statement in statements:
            if statement.startswith("-"):
                retire(connection, statement[1:])
            else:
                connection.execute(statement)

    data.reshape(work, cause=cause).result(10)
    assert cause.change is not None
    return cause.change


REBUILD = (
    "CREATE TABLE _rolltop_new (id INTEGER PRIMARY KEY, title TEXT, name TEXT)",
    "INSERT INTO _rolltop_new SELECT id, title, 'x' FROM books",
    "-books",
    "ALTER TABLE _rolltop_new RENAME TO books",
    "CREATE INDEX books_by_title ON books (title)",
)
RESHAPINGS = {
    "drop with keys": ["-books"],
    "drop without key": ["-notes"],
    "drop one whose rules name it": ["-named"],
    "drop without rowid": ["-places"],
    "rebuild": REBUILD,
    "rename columns, then rebuild": [
        "ALTER TABLE authors RENAME COLUMN name TO called",
        "CREATE TABLE _rolltop_new (id INTEGER PRIMARY KEY)",
        "-authors",
        "PRAGMA legacy_alter_table = ON",
        "ALTER TABLE _rolltop_new RENAME TO authors",
        "PRAGMA legacy_alter_table = OFF",
        "INSERT INTO authors VALUES (1), (2)",
    ],
    "create": ["CREATE TABLE films (id INTEGER PRIMARY KEY)", "CREATE INDEX films_i ON films (id)"],
    "rename a table": ["ALTER TABLE authors RENAME TO writers"],
    "rename a column": ["ALTER TABLE authors RENAME COLUMN name TO called"],
    "add a column": ["ALTER TABLE notes ADD COLUMN more TEXT DEFAULT 'x'"],
    "drop an index and a view": ["DROP INDEX books_by_title", "DROP VIEW v"],
    "change a view": ["DROP VIEW v", "CREATE VIEW v AS SELECT 1 AS one"],
    "make a trigger": ["CREATE TRIGGER more AFTER INSERT ON notes BEGIN SELECT 1; END"],
    "search": ["CREATE VIRTUAL TABLE authors_fts USING fts5(name, content=authors, content_rowid=id)"],
}


class TestSchema:
    @pytest.mark.parametrize("name", RESHAPINGS)
    def test_goes_back_and_forth(self, opened: Make, name: str) -> None:
        trigger = "CREATE TRIGGER books_t AFTER INSERT ON books BEGIN SELECT 1; END;"
        view = "CREATE VIEW v AS SELECT id FROM authors;"
        data = opened(SHOP + trigger + view + "INSERT INTO notes VALUES (1); INSERT INTO places VALUES (1, 'A')")
        before = contents(data)
        number = reshape(data, *RESHAPINGS[name])
        after = contents(data)
        assert after != before
        for _ in range(3):
            take_back(data, number)
            assert contents(data) == before
            take_back(data, number, redo=True)
            assert contents(data) == after
        assert data.read_now("PRAGMA integrity_check") == [("ok",)]

    def test_an_autoincrement_goes_on_where_it_was(self, opened: Make) -> None:
        data = opened(SHOP)
        run(data, "DELETE FROM books WHERE id = 3")
        take_back(data, reshape(data, "-books"))
        run(data, "INSERT INTO books (title) VALUES ('new')")
        assert data.read_now("SELECT max(id) FROM books") == [(4,)]

    def test_a_retired_table_binds_nobody(self, opened: Make) -> None:
        data = opened(SHOP)
        number = reshape(data, "-books")
        run(data, "DELETE FROM authors WHERE id = 1")
        with pytest.raises(KeysBroken):
            take_back(data, number)
        assert "books" not in data.fresh_catalog().tables

    def test_rows_written_since_are_not_put_out_of_sight(self, opened: Make) -> None:
        data = opened(SHOP)
        number = reshape(data, "CREATE TABLE films (id INTEGER PRIMARY KEY)")
        later = run(data, "INSERT INTO films VALUES (1)")
        with pytest.raises(undo.LaterChanges) as caught:
            take_back(data, number)
        assert caught.value.details == {"table": "films", "changes": [later]}
        take_back(data, number, conflicts="overwrite")
        assert "films" not in data.fresh_catalog().tables
        take_back(data, number, redo=True)
        assert data.read_now("SELECT * FROM films") == [(1,)]

    def test_rows_written_since_a_renaming_stay(self, opened: Make) -> None:
        data = opened(SHOP)
        number = reshape(data, "ALTER TABLE authors RENAME COLUMN name TO called")
        run(data, "INSERT INTO authors VALUES (7, 'Lind')")
        take_back(data, number)
        assert data.read_now("SELECT name FROM authors WHERE id = 7") == [("Lind",)]

    def test_a_schema_that_moved_is_a_conflict(self, opened: Make) -> None:
        data = opened(SHOP)
        number = reshape(data, "-notes")
        other = reshape(data, "CREATE TABLE notes (other)")
        with pytest.raises(reshaping.SchemaMoved):
            take_back(data, number)
        take_back(data, other)
        take_back(data, number)

    def test_a_table_dropped_without_being_kept_is_said_to_be_lost(self, opened: Make) -> None:
        data = opened(SHOP)
        with pytest.raises(undo.NotUndoable):
            take_back(data, reshape(data, "DROP TABLE notes"))

    def test_a_failure_leaves_everything_as_it_was(self, opened: Make) -> None:
        data = opened(SHOP)
        before = contents(data)
        with pytest.raises(apsw.SQLError):
            reshape(data, "-books", "nonsense")
        assert contents(data) == before
        run(data, "DELETE FROM authors WHERE id = 1")  # foreign keys are enforced again
        assert data.read_now("SELECT count(*) FROM books") == [(1,)]

    def test_without_a_history_a_retired_table_is_dropped(self, opened: Make) -> None:
        data = opened(SHOP, in_place=True)
        cause = Cause()
        data.reshape(lambda connection: retire(connection, "books"), cause=cause).result(10)
        assert cause.change is None
        assert data.read_now("SELECT count(*) FROM sqlite_schema WHERE name LIKE '%kept%'") == [(0,)]

    def test_a_foreign_file_is_recorded_once_somebody_asks_for_it(self, opened: Make) -> None:
        data = opened(SHOP, in_place=True)
        before = contents(data)
        assert run(data, "INSERT INTO authors VALUES (9, 'Lind')") is None
        run(data, "DELETE FROM authors WHERE id = 9")
        data.record(on=True)
        number = run(data, "DELETE FROM authors WHERE id = 1")
        assert number == 1
        take_back(data, number)
        assert contents(data) == before
        data.record(on=False)
        assert run(data, "INSERT INTO authors VALUES (9, 'Lind')") is None
