"""What is read from a schema, whoever wrote it."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.data.conftest import Make, made_by_others

from rolltop.data import checks, ddl
from rolltop.data.catalog import ForeignKey
from rolltop.data.types import all_types, of_declared


class TestTypes:
    @pytest.mark.parametrize(
        ("declared", "name"),
        [
            ("INTEGER", "bigint"),
            ("int", "bigint"),
            ("UNSIGNED BIG INT", "bigint"),
            ("BOOLEAN", "boolean"),
            ("bool", "boolean"),
            ("VARCHAR(20)", "text"),
            ("NVARCHAR(70)", "text"),
            ("", "text"),
            ("whatever", "text"),
            ("JSONB", "jsonb"),
            ("DATETIME", "timestamp"),
            ("timestamp with time zone", "timestamp"),
            ("DATE", "date"),
            ("BLOB", "bytea"),
            ("REAL", "double precision"),
            ("DOUBLE PRECISION", "double precision"),
            ("NUMERIC(10,2)", "numeric"),
            ("DECIMAL", "numeric"),
            ("TIME", "time"),
            ("UUID", "uuid"),
            ("TEXT_JSON", "jsonb"),
        ],
    )
    def test_are_told_by_words(self, declared: str, name: str) -> None:
        assert of_declared(declared).name == name

    def test_of_ours_hold_their_values(self, opened: Make) -> None:
        columns = ", ".join(
            f'"c{number}" {kind.ddl(f"{chr(34)}c{number}{chr(34)}")}' for number, kind in enumerate(all_types())
        )
        table = opened(f"CREATE TABLE t ({columns})").catalog.tables["t"]
        for column, kind in zip(table.columns, all_types(), strict=True):
            assert (column.type, column.held, column.declared) == (kind, True, kind.declared)


class TestTables:
    def test_keys_and_names(self, opened: Make) -> None:
        tables = opened(
            """CREATE TABLE "Parent" (id INTEGER PRIMARY KEY, code TEXT UNIQUE, a INT, b INT, UNIQUE (a, b));
            CREATE TABLE child (
              k1 INT, k2 TEXT, -- a comment, with (brackets
              pid INTEGER REFERENCES parent ON DELETE CASCADE,
              a INT, b INT, /* another, ) comment */
              CONSTRAINT child_key PRIMARY KEY (k1, k2),
              CONSTRAINT "to parent" FOREIGN KEY (a, b) REFERENCES Parent (a, b) DEFERRABLE INITIALLY DEFERRED,
              CONSTRAINT both UNIQUE (a, k1)
            ) WITHOUT ROWID;
            CREATE UNIQUE INDEX child_code ON child (k2, b);
            CREATE UNIQUE INDEX partial ON child (b) WHERE b > 1;
            CREATE UNIQUE INDEX expression ON child (lower(k2));"""
        ).catalog.tables
        child = tables["child"]
        assert (child.primary_key, child.primary_key_name) == (("k1", "k2"), "child_key")
        assert (child.without_rowid, child.rowid, child.rowid_alias) == (True, None, None)
        assert child.foreign_keys == (
            ForeignKey("child_pid_fkey", ("pid",), "Parent", ("id",), on_delete="CASCADE"),
            ForeignKey("to parent", ("a", "b"), "Parent", ("a", "b"), deferred=True),
        )
        assert {(key.name, key.columns) for key in child.unique} == {("both", ("a", "k1")), ("child_code", ("k2", "b"))}
        parent = tables["Parent"]
        assert {(key.name, key.columns) for key in parent.unique} == {
            ("Parent_code_key", ("code",)),
            ("Parent_a_b_key", ("a", "b")),
        }
        assert (parent.rowid, parent.rowid_alias, parent.primary_key_name) == ("rowid", "id", "Parent_pkey")

    def test_rowid_aliases(self, opened: Make) -> None:
        tables = opened(
            "CREATE TABLE a (id INTEGER PRIMARY KEY); CREATE TABLE b (id INT PRIMARY KEY);"
            "CREATE TABLE c (rowid TEXT, _rowid_ TEXT); CREATE TABLE d (id INTEGER PRIMARY KEY DESC)"
        ).catalog.tables
        assert [tables[name].rowid_alias for name in "abcd"] == ["id", None, None, None]
        assert tables["c"].rowid == "oid"

    def test_checks(self, opened: Make) -> None:
        table = opened(
            """CREATE TABLE t (
              size TEXT NOT NULL DEFAULT 'M' CHECK (size IN ('S', 'M', 'it''s')),
              level INT CHECK (level IS NULL OR level IN (1, -2, 3)),
              name TEXT CHECK (length(name) <= 40),
              code TEXT CHECK (length(code) < 5 AND code <> ''),
              other TEXT CHECK (other IN ('a') OR other LIKE 'b%'),
              "odd name" TEXT CHECK ("odd name" IN ('x')),
              CONSTRAINT positive CHECK (level > 0), CHECK (name <> code))"""
        ).catalog.tables["t"]
        columns = table.by_name
        assert columns["size"].choices == ("S", "M", "it's")
        assert columns["level"].choices == (1, -2, 3)
        assert columns["odd name"].choices == ("x",)
        assert (columns["name"].max_length, columns["code"].max_length) == (40, 4)
        assert columns["other"].choices == ()
        assert [rule.name for rule in table.checks] == [
            "t_size_check",
            "t_level_check",
            "t_name_check",
            "t_code_check",
            "t_other_check",
            "t_odd name_check",
            "positive",
            "t_check",
        ]
        assert (columns["size"].not_null, columns["size"].default) == (True, "'M'")

    def test_strict_generated_and_views(self, opened: Make) -> None:
        tables = opened(
            "CREATE TABLE s (a INTEGER, b REAL, c TEXT, d AS (a + 1)) ;CREATE TABLE x (a INTEGER, c TEXT) STRICT;"
            "CREATE VIEW v AS SELECT a, a + 1 AS n, 1.5 AS r, 'x' AS t FROM s; INSERT INTO s (a) VALUES (1)"
        ).catalog.tables
        assert [column.generated for column in tables["s"].columns] == [False, False, False, True]
        assert tables["x"].strict
        assert all(column.held for column in tables["x"].columns)
        assert [column.type.name for column in tables["v"].columns] == ["bigint", "bigint", "double precision", "text"]
        assert not tables["v"].writable

    def test_internal_tables_are_hidden(self, opened: Make) -> None:
        data = opened(
            "CREATE TABLE _rolltop_other (a); CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT);"
            "CREATE VIRTUAL TABLE f USING fts5(a)"
        )
        assert list(data.catalog.tables) == ["t"]

    def test_changes_are_seen(self, opened: Make, tmp_path: Path) -> None:
        data = opened("CREATE TABLE t (a)")
        first = data.catalog
        assert data.catalog is first
        data.submit(lambda connection: connection.execute("CREATE TABLE own (a)")).result()
        assert "own" in data.catalog.tables
        made_by_others(tmp_path / "data.db", "CREATE TABLE other (a)")
        assert "other" in data.fresh_catalog().tables

    def test_what_a_write_reaches(self, opened: Make) -> None:
        catalog = opened(
            "CREATE TABLE a (id INTEGER PRIMARY KEY);"
            "CREATE TABLE b (id INTEGER PRIMARY KEY, a INT REFERENCES a ON DELETE CASCADE);"
            "CREATE TABLE c (b INT REFERENCES b ON DELETE SET NULL); CREATE TABLE d (a INT REFERENCES a);"
            "CREATE TABLE e (x); CREATE TRIGGER t AFTER INSERT ON e BEGIN DELETE FROM a; END"
        ).catalog
        assert catalog.changed_with("a") == {"a", "b", "c"}
        assert catalog.changed_with("d") == {"d"}
        assert catalog.changed_with("e") == {"e", None}


class TestDeclarations:
    @given(st.text(alphabet="CREATE TABLEt(ab'\"`[],-/*x1 CHECKINNOTULDFORGVSPY\n", max_size=80))
    def test_nothing_makes_the_reader_fall_over(self, sql: str) -> None:
        for check in ddl.read(sql).checks:
            checks.choices(check), list(checks.lengths(check)), list(checks.bounds(check))

    @given(st.text(alphabet="xl(),'\" <>=-5.9eLENGTHBETWEENANDORISNULLIN", max_size=60))
    def test_nor_the_reader_of_checks(self, expression: str) -> None:
        check = ddl.Check(None, "x", tuple(ddl.tokens_of(expression)))
        checks.choices(check), list(checks.lengths(check)), list(checks.bounds(check))
