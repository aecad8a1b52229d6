"""Rights on tables, columns and rows hold wherever rows are read or written."""

from typing import Any

import pytest
from starlette.testclient import TestClient
from tests.access.conftest import PASSWORD, Caller, refused, signed_in

from rolltop.app import Application

OWN_LOANS = {
    "loans": {
        "actions": ["select", "insert", "update", "delete"],
        "rule": "member=eq.{me.name}",
        "hidden": ["note"],
        "read_only": ["fee"],
    },
    "books": {"actions": ["select"], "rule": "draft=eq.0"},
    "members": {"actions": ["select"], "hidden": ["salary"]},
    "tags": {"actions": ["select"], "rule": "secret=eq.0"},
    "labels": {"actions": ["select"]},
}


@pytest.fixture
def bob(caller: Caller) -> TestClient:
    """Sees his own loans without their notes, books that are no drafts, members without salaries."""
    return caller("bob", tables=OWN_LOANS)


def rows(client: TestClient, path: str) -> Any:
    answer = client.get(f"/rest/v1/{path}")
    assert answer.status_code in (200, 206), answer.text
    return answer.json()


def run(app: Application, sql: str) -> None:
    """Statements of the file's owner, as another program makes them."""
    app.data.submit(lambda connection: connection.execute(sql).fetchall()).result(10)


class TestReading:
    def test_shows_only_the_rows_of_the_rule_without_hidden_columns(self, bob: TestClient) -> None:
        assert rows(bob, "loans") == [
            {"id": 2, "member": "bob", "book": 2, "fee": 6},
            {"id": 3, "member": "bob", "book": 3, "fee": 7},
        ]
        assert rows(bob, "loans?id=eq.1") == []
        assert rows(bob, "loans?id=eq.2&select=id") == [{"id": 2}]

    def test_counts_aggregates_and_csv_obey(self, bob: TestClient) -> None:
        counted = bob.get("/rest/v1/loans?limit=1", headers={"Prefer": "count=exact"})
        assert counted.headers["content-range"] == "0-0/2"
        assert bob.head("/rest/v1/loans", headers={"Prefer": "count=exact"}).headers["content-range"].endswith("/2")
        assert rows(bob, "loans?select=fee.sum(),count()") == [{"sum": 13, "count": 2}]
        csv = bob.get("/rest/v1/loans?select=id", headers={"Accept": "text/csv"})
        assert csv.text.split() == ["id", "2", "3"]

    def test_hidden_columns_are_not_there(self, bob: TestClient) -> None:
        for path in ("loans?select=note", "loans?note=eq.x", "loans?order=note", "members?salary=gt.1"):
            refused(bob.get(f"/rest/v1/{path}"), 400, "42703")
        assert "salary" not in bob.get("/rest/v1/members?salar=eq.1").text

    def test_embedded_rows_obey(self, bob: TestClient) -> None:
        found = rows(bob, "loans?select=id,books(title)&order=id")
        assert found == [{"id": 2, "books": {"title": "Dracula"}}, {"id": 3, "books": None}]
        assert rows(bob, "loans?select=id,books!inner(title)") == [{"id": 2, "books": {"title": "Dracula"}}]
        assert rows(bob, "members?select=id,loans(id)&order=id") == [
            {"id": "ann", "loans": []},
            {"id": "bob", "loans": [{"id": 2}, {"id": 3}]},
        ]
        assert rows(bob, "books?select=id,loans(count)&order=id") == [
            {"id": 1, "loans": [{"count": 0}]},
            {"id": 2, "loans": [{"count": 1}]},
        ]

    def test_rows_through_a_junction_obey_its_rule(self, bob: TestClient, library: TestClient) -> None:
        path = "books?select=id,labels(label)&order=id&labels.order=label"
        assert rows(bob, path) == [
            {"id": 1, "labels": [{"label": "old"}]},
            {"id": 2, "labels": [{"label": "dark"}]},
        ]
        assert rows(library, path)[1] == {"id": 2, "labels": [{"label": "dark"}, {"label": "old"}]}
        assert rows(bob, "labels?select=label,books(id)&order=label") == [
            {"label": "dark", "books": [{"id": 2}]},
            {"label": "old", "books": [{"id": 1}]},
        ]

    def test_a_table_without_rights_is_not_there(self, bob: TestClient) -> None:
        refused(bob.get("/rest/v1/loaned"), 404, "PGRST205")
        hint = refused(bob.get("/rest/v1/loanedd"), 404, "PGRST205")["hint"]
        assert hint is None or "loaned" not in hint.replace("loanedd", "")

    def test_a_table_with_other_rights_is_refused(self, caller: Caller) -> None:
        writer = caller("writer", tables={"books": {"actions": ["insert"]}})
        refused(writer.get("/rest/v1/books"), 403, "42501")
        assert writer.post("/rest/v1/books", json={"title": "Ivanhoe"}).status_code == 201
        representation = {"Prefer": "return=representation"}
        refused(writer.post("/rest/v1/books", json={"title": "Ivanhoe"}, headers=representation), 403, "42501")

    def test_callers_with_one_role_see_each_their_own(
        self, bob: TestClient, library: TestClient, app: Application
    ) -> None:
        person = {"name": "ann", "role": "role-of-bob", "password": PASSWORD}
        assert library.post("/api/people", json=person).status_code == 201
        ann = signed_in(app, "ann")
        for _ in range(2):
            assert [row["id"] for row in rows(ann, "loans")] == [1]
            assert [row["id"] for row in rows(bob, "loans")] == [2, 3]


class TestWriting:
    def test_only_rows_that_the_writer_could_see(self, bob: TestClient, library: TestClient) -> None:
        assert bob.post("/rest/v1/loans", json={"member": "bob", "book": 1}).status_code == 201
        refused(bob.post("/rest/v1/loans", json={"member": "ann", "book": 1}), 403, "42501")
        both = [{"member": "bob", "book": 1}, {"member": "ann", "book": 1}]
        refused(bob.post("/rest/v1/loans", json=both), 403, "42501")
        assert len(rows(library, "loans")) == 4

    def test_updates_and_deletes_reach_no_other_rows(self, bob: TestClient, library: TestClient) -> None:
        answer = bob.patch("/rest/v1/loans?id=gt.0", json={"book": 1}, headers={"Prefer": "return=representation"})
        assert [row["id"] for row in answer.json()] == [2, 3]
        refused(bob.patch("/rest/v1/loans?id=eq.2", json={"member": "ann"}), 403, "42501")
        assert bob.delete("/rest/v1/loans?id=gt.0").status_code == 204
        assert [row["id"] for row in rows(library, "loans")] == [1]

    def test_upserts_change_no_hidden_row(self, bob: TestClient, library: TestClient) -> None:
        merge = {"Prefer": "resolution=merge-duplicates"}
        refused(bob.post("/rest/v1/loans", json={"id": 1, "member": "bob", "book": 3}, headers=merge), 403, "42501")
        assert bob.post("/rest/v1/loans", json={"id": 2, "member": "bob", "book": 3}, headers=merge).status_code == 200
        refused(bob.put("/rest/v1/loans?id=eq.1", json={"id": 1, "member": "bob", "book": 3}), 403, "42501")
        assert rows(library, "loans?id=eq.1&select=member,book") == [{"member": "ann", "book": 1}]

    @pytest.mark.parametrize(
        ("table", "conflict", "row"),
        [
            ("mine", "slot", {"owner": "bob", "text": "taken"}),  # the default is in the way
            ("mine", "code", {"owner": "bob", "slot": 5, "text": "taken"}),  # a generated column is
            ("folded", "name", {"owner": "bob", "name": "X"}),  # another spelling is
        ],
    )
    def test_upserts_take_over_no_row_that_sqlite_alone_finds(
        self, app: Application, library: TestClient, caller: Caller, table: str, conflict: str, row: dict[str, Any]
    ) -> None:
        run(
            app,
            """
            CREATE TABLE mine (
                id INTEGER PRIMARY KEY, owner TEXT, slot INTEGER NOT NULL DEFAULT 1 UNIQUE, text TEXT,
                code TEXT GENERATED ALWAYS AS (lower(text)) UNIQUE
            );
            CREATE TABLE folded (id INTEGER PRIMARY KEY, owner TEXT, name TEXT);
            CREATE UNIQUE INDEX folded_name ON folded (name COLLATE NOCASE);
            INSERT INTO mine (owner, text) VALUES ('ann', 'TAKEN');
            INSERT INTO folded (owner, name) VALUES ('ann', 'x');
            """,
        )
        own = {"actions": ["select", "insert", "update", "delete"], "rule": "owner=eq.{me.name}"}
        bob = caller("bob", tables={"mine": own, "folded": own})
        before = rows(library, table)
        merge = {"Prefer": "resolution=merge-duplicates"}
        answer = bob.post(f"/rest/v1/{table}?on_conflict={conflict}", json=row, headers=merge)
        refused(answer, 403, "42501")
        assert rows(library, table) == before

    def test_no_row_gives_way_to_a_new_one(self, app: Application, library: TestClient, caller: Caller) -> None:
        run(
            app,
            """
            CREATE TABLE seats (id INTEGER PRIMARY KEY, owner TEXT, seat INTEGER UNIQUE ON CONFLICT REPLACE);
            INSERT INTO seats VALUES (1, 'ann', 1), (2, 'bob', 2);
            """,
        )
        own = {"actions": ["select", "insert", "update"], "rule": "owner=eq.{me.name}"}
        bob = caller("bob", tables={"seats": own})
        refused(bob.post("/rest/v1/seats", json={"owner": "bob", "seat": 1}), 409, "23505")
        refused(bob.patch("/rest/v1/seats?id=eq.2", json={"seat": 1}), 409, "23505")
        assert [row["id"] for row in rows(library, "seats?order=id")] == [1, 2]
        assert library.post("/rest/v1/seats", json={"owner": "bob", "seat": 1}).status_code == 201
        assert [row["owner"] for row in rows(library, "seats?order=id")] == ["bob", "bob"]

    def test_refusals_name_only_what_is_seen(self, app: Application, library: TestClient, caller: Caller) -> None:
        run(
            app,
            """
            CREATE TABLE vault (id INTEGER PRIMARY KEY, secret TEXT NOT NULL UNIQUE);
            INSERT INTO vault VALUES (1, 'gold');
            CREATE TABLE seen (
                id INTEGER PRIMARY KEY, shown TEXT NOT NULL, code TEXT UNIQUE,
                inner_key INTEGER NOT NULL REFERENCES vault (id), inner_part INTEGER DEFAULT 1,
                CHECK (inner_part < 2 OR shown <> 'bad'), CHECK (shown <> 'worse'), UNIQUE (inner_part, code)
            );
            CREATE TABLE seen_notes (id INTEGER PRIMARY KEY, inner_of INTEGER REFERENCES seen (id));
            CREATE TRIGGER told AFTER UPDATE OF shown ON seen WHEN new.shown = 'own'
                BEGIN SELECT RAISE(ABORT, 'not this word'); END;
            CREATE TRIGGER pass_on AFTER UPDATE OF shown ON seen WHEN new.shown = 'vault'
                BEGIN UPDATE vault SET secret = NULL; END;
            CREATE TRIGGER vaulted AFTER UPDATE OF shown ON seen WHEN new.shown = 'other'
                BEGIN UPDATE vault SET id = 3; END;
            CREATE TRIGGER guard BEFORE UPDATE OF id ON vault BEGIN SELECT RAISE(ABORT, 'inner: vault is shut'); END;
            INSERT INTO seen VALUES (1, 'a', 'c', 1, 1), (2, 'b', 'd', 1, 1);
            INSERT INTO seen_notes VALUES (1, 1);
            """,
        )
        every = ["select", "insert", "update", "delete"]
        bob = caller("bob", tables={"seen": {"actions": every, "hidden": ["inner_key", "inner_part"]}})
        refusals = [
            refused(bob.post("/rest/v1/seen", json={"shown": "x"}), 400, "23502"),
            refused(bob.delete("/rest/v1/seen?id=eq.1"), 409, "23503"),
            refused(bob.patch("/rest/v1/seen?id=eq.1", json={"shown": "worse"}), 400, "23514"),
            refused(bob.patch("/rest/v1/seen?id=eq.1", json={"shown": "vault"}), 400, "23502"),
            refused(bob.patch("/rest/v1/seen?id=eq.1", json={"shown": "other"}), 400, "P0001"),
        ]
        for found in refusals:
            assert not any(word in str(found) for word in ("inner", "vault", "notes", "secret", "told")), found
        own = refused(bob.patch("/rest/v1/seen?id=eq.1", json={"shown": "own"}), 400, "P0001")
        assert own["message"] == "not this word"
        named = refused(bob.patch("/rest/v1/seen?id=eq.1", json={"shown": None}), 400, "23502")
        assert '"shown"' in named["message"]
        assert "inner_key" in refused(library.post("/rest/v1/seen", json={"shown": "x"}), 400, "23502")["message"]

    def test_columns_that_are_read_only_or_hidden(self, bob: TestClient) -> None:
        refused(bob.post("/rest/v1/loans", json={"member": "bob", "book": 1, "fee": 0}), 403, "42501")
        refused(bob.patch("/rest/v1/loans?id=eq.2", json={"fee": 0}), 403, "42501")
        refused(bob.patch("/rest/v1/loans?id=eq.2&columns=fee", json={"fee": 0}), 403, "42501")
        refused(bob.patch("/rest/v1/loans?id=eq.2", json={"note": "mine"}), 400, "PGRST204")

    def test_what_was_not_granted(self, bob: TestClient) -> None:
        refused(bob.post("/rest/v1/books", json={"title": "Ivanhoe"}), 403, "42501")
        refused(bob.patch("/rest/v1/books?id=eq.1", json={"title": "Ivanhoe"}), 403, "42501")
        refused(bob.delete("/rest/v1/books?id=eq.1"), 403, "42501")

    def test_a_refused_row_names_no_hidden_value(self, bob: TestClient) -> None:
        answer = bob.post("/rest/v1/loans", json={"id": 1, "member": "bob", "book": 1})
        assert answer.status_code == 409
        assert "ann" not in answer.text


class TestSavedQueries:
    def saved(self, library: TestClient, name: str, sql: str, **more: Any) -> None:
        answer = library.post("/api/queries", json={"name": name, "sql": sql, **more})
        assert answer.status_code == 201, answer.text

    def test_their_tables_obey(self, bob: TestClient, library: TestClient) -> None:
        self.saved(library, "all_loans", "SELECT * FROM loans")
        self.saved(library, "titles", "SELECT books.title FROM loans JOIN books ON books.id = loans.book ORDER BY 1")
        self.saved(library, "counted", "SELECT count(*) FROM loans", returns="one")
        self.saved(
            library, "of", "SELECT id FROM loans WHERE fee > :fee", parameters=[{"name": "fee", "type": "bigint"}]
        )
        assert rows(bob, "rpc/all_loans?select=id,books(title)") == [
            {"id": 2, "books": {"title": "Dracula"}},
            {"id": 3, "books": None},
        ]
        assert rows(bob, "rpc/all_loans?id=eq.1") == []
        assert "note" not in rows(bob, "rpc/all_loans")[0]
        assert rows(bob, "rpc/titles") == ["Dracula"]
        assert rows(bob, "rpc/counted") == 2
        self.saved(library, "loud", "SELECT count(*) FROM LOANS", returns="one")
        assert rows(bob, "rpc/loud") == 2
        assert rows(bob, "rpc/of?fee=6") == [3]
        assert rows(library, "rpc/counted") == 3
        assert "note" in rows(library, "rpc/all_loans")[0]

    @pytest.mark.parametrize(
        "sql",
        [
            "SELECT note FROM loans",
            "SELECT * FROM main.loans",
            'SELECT * FROM "main" . "loans"',
            "SELECT * FROM 'main'.loans",
            "SELECT title FROM loaned",
            "WITH loaned AS (SELECT * FROM main.loans) SELECT * FROM loaned",
            "SELECT id FROM loans UNION ALL SELECT id FROM main.loans",
            "SELECT (SELECT max(salary) FROM members) AS m",
        ],
    )
    def test_nothing_goes_past(self, bob: TestClient, library: TestClient, sql: str) -> None:
        self.saved(library, "past", sql)
        refused(bob.get("/rest/v1/rpc/past"), 403, "42501")
        refused(bob.get("/api/exports/rpc/past.csv"), 403, "42501")

    @pytest.mark.parametrize(
        "sql",
        [
            "WITH loaned AS (SELECT * FROM loans) SELECT id FROM loaned ORDER BY id",
            "SELECT id FROM (SELECT * FROM loans) ORDER BY id",
            "SELECT id FROM 'loans' ORDER BY id",
            'SELECT "id" FROM [loans] AS main ORDER BY id',
            "SELECT id FROM LOANS WHERE EXISTS (SELECT 1 FROM Loans AS l WHERE l.id = loans.id) ORDER BY id",
        ],
    )
    def test_names_in_the_query_change_nothing(self, bob: TestClient, library: TestClient, sql: str) -> None:
        self.saved(library, "named", sql)
        assert rows(bob, "rpc/named") == [2, 3]

    def test_a_view_shows_what_it_says_to_whoever_may_read_it(self, library: TestClient, caller: Caller) -> None:
        self.saved(library, "shown", "SELECT title FROM loaned ORDER BY title")
        self.saved(library, "below", "SELECT loaned.title, loans.note FROM loaned JOIN loans USING (id)")
        self.saved(library, "faked", "WITH loaned AS (SELECT note AS title FROM loans) SELECT title FROM loaned")
        reader = caller("reader", tables={"loaned": {"actions": ["select"]}})
        assert rows(reader, "rpc/shown") == ["Dracula", "Emma", "Unfinished"]
        refused(reader.get("/rest/v1/rpc/below"), 403, "42501")
        refused(reader.get("/rest/v1/rpc/faked"), 403, "42501")

    def test_full_text_tables_are_no_way_past(self, app: Application, bob: TestClient, library: TestClient) -> None:
        run(
            app,
            """
            CREATE VIRTUAL TABLE loans_fts USING fts5 (note, content = 'loans', content_rowid = 'id');
            INSERT INTO loans_fts (loans_fts) VALUES ('rebuild');
            CREATE VIRTUAL TABLE words USING fts5 (word);
            INSERT INTO words VALUES ('x');
            """,
        )
        texts = (
            "SELECT note FROM loans_fts",
            "SELECT rowid FROM LOANS_FTS WHERE loans_fts MATCH 'x'",
            "SELECT c0 FROM Words_Content",
            "SELECT block FROM loans_fts_data",
            'SELECT id FROM loans WHERE id IN (SELECT rowid FROM "loans_fts")',
            "WITH loaned AS (SELECT note FROM loans_fts) SELECT note FROM loaned",
            "DELETE FROM words",
        )
        for number, text in enumerate(texts):
            self.saved(library, f"text_{number}", text)
            found = refused(bob.post(f"/rest/v1/rpc/text_{number}"), 403, "42501")
            assert "loans_fts" not in str(found)
        assert rows(library, "rpc/text_0") == ["x", "y", "z"]
        assert rows(library, "rpc/text_2") == ["x"]

    def test_refusals_tell_nothing_of_queries_or_tables(self, bob: TestClient, library: TestClient) -> None:
        self.saved(library, "salaries", "SELECT salary FROM members")
        self.saved(library, "titles_of_all", "SELECT title FROM loaned")
        for path in ("/rest/v1/rpc/salarie", "/api/exports/rpc/salarie.csv"):
            assert refused(bob.get(path), 404, "PGRST202")["hint"] is None
        assert "salaries" in str(library.get("/rest/v1/rpc/salarie").json()["hint"])
        for name in ("salaries", "titles_of_all"):
            for method in ("GET", "POST", "OPTIONS"):
                found = refused(bob.request(method, f"/rest/v1/rpc/{name}"), 403, "42501")
                told = str(found).replace(name, "")
                assert not any(word in told for word in ("salary", "loaned", "members")), found

    def test_writes_need_everything(self, bob: TestClient, library: TestClient, caller: Caller) -> None:
        self.saved(library, "clear", "DELETE FROM loans")
        refused(bob.post("/rest/v1/rpc/clear"), 403, "42501")
        full = {"loans": {"actions": ["select", "insert", "update", "delete"]}}
        refused(caller("novice", tables=full).post("/rest/v1/rpc/clear"), 403, "42501")  # its keys lead to others
        full |= {"books": {"actions": ["select"]}, "members": {"actions": ["select"]}}
        cleared = caller("clerk", tables=full).post("/rest/v1/rpc/clear")
        assert cleared.status_code == 204, cleared.text
        assert rows(library, "loans") == []


class TestElsewhere:
    def test_exports_obey(self, bob: TestClient) -> None:
        assert bob.get("/api/exports/loans.csv").text.splitlines() == ["id,member,book,fee", "2,bob,2,6", "3,bob,3,7"]
        refused(bob.get("/api/exports/loaned.csv"), 404, "PGRST205")

    @pytest.mark.parametrize("form", ["xlsx", "parquet", "sqlite", "json", "ndjson"])
    def test_every_form_of_export_obeys(self, bob: TestClient, form: str) -> None:
        for table, secret in (("loans", b"note"), ("books", b"Unfinished")):
            answer = bob.get(f"/api/exports/{table}.{form}")
            assert answer.status_code == 200, answer.text
            assert answer.content
            assert secret not in answer.content

    def test_parts_that_know_no_limits_refuse(self, library: TestClient, caller: Caller) -> None:
        every = [scope for scope in library.get("/api/me").json()["scopes"] if scope != "admin"]
        clerk = caller("clerk", scopes=every, tables={"books": {"actions": ["select"]}})
        for path in ("/api/imports", "/api/jobs", "/api/queries", "/api/recipes", "/api/quarantine"):
            assert clerk.get(path).status_code == 403, path

    def test_far_pages_obey(self, bob: TestClient, app: Application) -> None:
        fill = (
            "WITH RECURSIVE n(i) AS (VALUES (10) UNION ALL SELECT i + 1 FROM n WHERE i < 30009)"
            " INSERT INTO loans SELECT i, iif(i % 2, 'ann', 'bob'), 1, NULL, i FROM n"
        )
        app.data.submit(lambda connection: connection.execute(fill).fetchall()).result(60)
        own = [2, 3, *range(10, 30010, 2)]
        for _ in range(2):
            found = rows(bob, "loans?select=id&order=id&limit=3&offset=12000")
            assert [row["id"] for row in found] == own[12000:12003]
