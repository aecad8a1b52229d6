"""What the history says, and what an undo does to rows."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.history.conftest import Make, Owner

FILMS = """
CREATE TABLE films (id INTEGER PRIMARY KEY, title TEXT NOT NULL UNIQUE, stars INTEGER);
INSERT INTO films VALUES (1, 'Salt', 3), (2, 'North', 4), (3, 'Rye', 5);
"""
ALL: list[dict[str, Any]] = [
    {"id": 1, "title": "Salt", "stars": 3},
    {"id": 2, "title": "North", "stars": 4},
    {"id": 3, "title": "Rye", "stars": 5},
]


class TestListChanges:
    def test_says_who_what_when(self, make: Make) -> None:
        owner = make(FILMS)
        before = datetime.now(UTC) - timedelta(seconds=1)
        number = owner.write("PATCH", "films?id=eq.2", {"stars": 1})
        change = owner.get(limit=1)["changes"][0]
        assert before < datetime.fromisoformat(change.pop("at")) < datetime.now(UTC)
        assert change.pop("bytes") > 20
        assert change == {
            "id": number,
            "actor": "owner",
            "kind": "update",
            "title": "Change one row of films",
            "job": None,
            "table": "films",
            "key": ["2"],
            "rows": 1,
            "of": None,
            "undone_by": None,
            "can": "undo",
            "lost": None,
        }

    def test_names_each_kind_of_write(self, make: Make) -> None:
        owner = make(FILMS)
        owner.write("POST", "films", [{"title": "a"}, {"title": "b"}])
        owner.write("POST", "films", {"id": 1, "title": "c"}, Prefer="resolution=merge-duplicates")
        owner.write("PUT", "films?id=eq.9", {"id": 9, "title": "d", "stars": None})
        owner.write("DELETE", "films?id=in.(1,2)")
        found = owner.get(limit=4)["changes"]
        assert [(each["kind"], each["rows"], each["key"]) for each in found] == [
            ("delete", 2, None),
            ("upsert", 1, ["9"]),
            ("upsert", 1, ["1"]),
            ("insert", 2, None),
        ]

    def test_pages_from_the_newest(self, make: Make) -> None:
        owner = make(FILMS)
        numbers = [owner.write("POST", "films", {"title": f"film {each}"}) for each in range(5)]
        first = owner.get(table="films", limit=2)
        second = owner.get(table="films", limit=2, before=first["next"])
        rest = owner.get(table="films", limit=2, before=second["next"])
        assert [each["id"] for page in (first, second, rest) for each in page["changes"]][:5] == numbers[::-1]

    def test_filters(self, make: Make) -> None:
        owner = make(FILMS + "CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT);")
        start = datetime.now(UTC).isoformat()
        film = owner.write("POST", "films", {"title": "a"})
        note = owner.write("POST", "notes", {"text": "b"})
        gone = owner.write("DELETE", f"notes?id=eq.{owner.rows('notes')[0]['id']}")
        assert [each["id"] for each in owner.get(table="notes", since=start)["changes"]] == [gone, note]
        assert [each["id"] for each in owner.get(kind=["delete", "import"], since=start)["changes"]] == [gone]
        assert [each["id"] for each in owner.get(actor="owner", since=start)["changes"]] == [gone, note, film]
        assert owner.get(actor="nobody")["changes"] == []
        assert owner.get(since=start, until=start)["changes"] == []
        assert owner.get(job="none")["changes"] == []

    def test_finds_a_change_by_every_table_it_reached(self, make: Make) -> None:
        owner = make(FILMS + "CREATE TABLE parts (id INTEGER PRIMARY KEY, film INT REFERENCES films ON DELETE CASCADE);"
                     "INSERT INTO parts VALUES (7, 1)")  # fmt: skip
        number = owner.write("DELETE", "films?id=eq.1")
        assert [each["id"] for each in owner.get(table="parts", limit=1)["changes"]] == [number]
        assert owner.get(f"/{number}")["tables"] == ["films", "parts"]

    @pytest.mark.parametrize(
        "query",
        [
            "limit=0",
            "limit=1001",
            "before=0",
            "before=x",
            "since=yesterday",
            "since=2026-01-01T00:00:00",
            "table=",
            "kind=",
        ],
    )
    def test_refuses_what_it_cannot_read(self, owner: Owner, query: str) -> None:
        answer = owner.client.get(f"/api/history?{query}")
        assert answer.status_code == 422
        assert set(answer.json()) >= {"code", "message", "details", "hint"}


class TestReadChange:
    def test_shows_rows_before_and_after(self, make: Make) -> None:
        owner = make(FILMS)
        changed = owner.write("PATCH", "films?id=eq.1", {"stars": 9})
        assert owner.get(f"/{changed}/rows") == {
            "rows": [
                {
                    "number": 1,
                    "table": "films",
                    "op": "update",
                    "key": {"id": 1},
                    "before": {"stars": 3},
                    "after": {"stars": 9},
                }
            ],
            "next": None,
        }
        added = owner.get(f"/{owner.write('POST', 'films', {'id': 7, 'title': 'x'})}/rows")["rows"][0]
        assert (added["op"], added["before"]) == ("insert", None)
        assert added["after"] == {"id": 7, "title": "x", "stars": None}
        deleted = owner.get(f"/{owner.write('DELETE', 'films?id=eq.7')}/rows")["rows"][0]
        assert (deleted["op"], deleted["after"]) == ("delete", None)
        assert deleted["before"] == added["after"]

    def test_pages_large_ones(self, make: Make) -> None:
        owner = make(FILMS)
        many = [{"id": each, "title": f"film {each} {'x' * 200}"} for each in range(100, 2100)]
        number = owner.write("POST", "films", many)
        assert owner.get(f"/{number}")["rows"] == 2000
        found: list[Any] = []
        after = 0
        while after is not None:
            page = owner.get(f"/{number}/rows", after=after, limit=700)
            found += page["rows"]
            after = page["next"]
        assert [each["number"] for each in found] == list(range(1, 2001))
        assert {each["key"]["id"] for each in found} == set(range(100, 2100))

    def test_shows_every_kind_of_cell(self, make: Make) -> None:
        owner = make("CREATE TABLE t (id INTEGER PRIMARY KEY, a)")
        owner.sql("INSERT INTO t VALUES (1, 9007199254740993), (2, x'00ff'), (3, 9e999), (4, 1.5), (5, NULL)")
        owner.sql(f"INSERT INTO t VALUES (6, '{'y' * 5000}'), (7, CAST(x'ff' AS TEXT))")
        number = owner.write("DELETE", "t?id=lt.7")
        cells = {each["key"]["id"]: each["before"]["a"] for each in owner.get(f"/{number}/rows")["rows"]}
        assert cells == {
            1: 9007199254740993, 2: "\\x00ff", 3: "Infinity", 4: 1.5, 5: None, 6: "y" * 1000 + "… (5,000 characters)",
        }  # fmt: skip
        broken = owner.write("DELETE", "t?id=eq.7")
        assert owner.get(f"/{broken}/rows")["rows"][0]["before"] is None
        owner.undo(broken)
        assert owner.sql("SELECT hex(a) FROM t") == [("FF",)]

    @pytest.mark.parametrize("path", ["/987654", "/987654/rows"])
    def test_answers_404_for_what_is_not_there(self, owner: Owner, path: str) -> None:
        answer = owner.client.get(f"/api/history{path}")
        assert (answer.status_code, answer.json()["code"]) == (404, "history.unknown")


class TestChangesOfRow:
    def test_tells_a_row_from_its_beginning(self, make: Make) -> None:
        owner = make(FILMS)
        added = owner.write("POST", "films", [{"id": each, "title": f"{each}"} for each in range(10, 500)])
        one = owner.write("PATCH", "films?id=eq.17", {"stars": 1})
        owner.write("PATCH", "films?id=eq.18", {"stars": 1})
        all_of_them = owner.write("PATCH", "films?id=gte.10", {"stars": 2})
        gone = owner.write("DELETE", "films?id=eq.17")
        found = owner.get("/rows", table="films", key="17")
        assert [each["change"]["id"] for each in found["changes"]] == [gone, all_of_them, one, added]
        after: list[Any] = [each["row"]["after"] for each in found["changes"]]
        assert after == [None, {"stars": 2}, {"stars": 1}, {"id": 17, "title": "17", "stars": None}]
        assert [each["row"]["op"] for each in found["changes"]] == ["delete", "update", "update", "insert"]
        page = owner.get("/rows", table="films", key="17", limit=2)
        assert [each["change"]["id"] for each in page["changes"]] == [gone, all_of_them]
        rest = owner.get("/rows", table="films", key="17", before=page["next"])
        assert [each["change"]["id"] for each in rest["changes"]] == [one, added]

    def test_takes_keys_of_several_columns(self, make: Make) -> None:
        owner = make("CREATE TABLE places (row INT, shelf TEXT, note TEXT, PRIMARY KEY (shelf, row)) WITHOUT ROWID")
        number = owner.write("POST", "places", [{"row": 1, "shelf": "A"}, {"row": 1, "shelf": "B"}])
        found = owner.get("/rows", table="places", key=["1", "B"])["changes"]
        assert [(each["change"]["id"], each["row"]["key"]) for each in found] == [(number, {"row": 1, "shelf": "B"})]

    def test_knows_nothing_of_others(self, make: Make) -> None:
        make(FILMS)
        owner = make("SELECT 1")
        assert owner.get("/rows", table="films", key="-5") == {"changes": [], "next": None}
        assert owner.client.get("/api/history/rows?table=films").status_code == 422


WRITES: list[tuple[str, str, Any]] = [
    ("POST", "films", {"title": "new"}),
    ("POST", "films", [{"title": f"{each}"} for each in range(500)]),
    ("PATCH", "films?id=eq.2", {"title": "other", "stars": None}),
    ("PATCH", "films?id=gt.0", {"stars": 0}),
    ("DELETE", "films?id=in.(1,3)", None),
    ("PUT", "films?id=eq.2", {"id": 2, "title": "put", "stars": 1}),
]


class TestUndo:
    @pytest.mark.parametrize(("method", "path", "body"), WRITES)
    def test_goes_back_and_forth(self, make: Make, method: str, path: str, body: Any) -> None:
        owner = make(FILMS)
        number = owner.write(method, path, body)
        after = owner.rows("films")
        assert after != ALL
        rows = owner.get(f"/{number}")["rows"]
        tried = owner.undo(number, dry_run=True)
        assert (tried["dry_run"], tried["change"], tried["rows"], tried["left"]) == (True, None, rows, 0)
        assert owner.rows("films") == after
        done = owner.undo(number)
        assert (done["way"], done["of"], done["rows"], done["conflicts"]) == ("undo", number, rows, [])
        assert owner.rows("films") == ALL
        listed = owner.get(limit=2)["changes"]
        assert [(each["kind"], each["of"], each["undone_by"], each["can"]) for each in listed] == [
            ("undo", number, None, "undo"),
            (listed[1]["kind"], None, done["change"], "redo"),
        ]
        again = owner.undo(number, "redo")
        assert again["way"] == "redo"
        assert owner.rows("films") == after
        owner.undo(number)
        assert owner.rows("films") == ALL

    def test_an_undo_is_undone_by_its_own_number(self, make: Make) -> None:
        owner = make(FILMS)
        number = owner.write("DELETE", "films?id=eq.1")
        back = owner.undo(number)["change"]
        redone = owner.undo(back)
        assert (redone["way"], redone["of"]) == ("redo", number)
        assert len(owner.rows("films")) == 2
        assert owner.undo(redone["change"])["way"] == "undo"
        assert owner.rows("films") == ALL

    def test_reports_rows_that_were_changed_since(self, make: Make) -> None:
        owner = make(FILMS)
        number = owner.write("PATCH", "films?id=gt.0", {"stars": 0})
        owner.write("PATCH", "films?id=eq.2", {"stars": 7})
        owner.write("PATCH", "films?id=eq.1", {"title": "elsewhere"})
        before = owner.rows("films")
        error = owner.refused(number)
        assert error["code"] == "history.rows_changed"
        assert error["details"] == {
            "rows": 3,
            "count": 1,
            "conflicts": [
                {
                    "reason": "changed",
                    "table": "films",
                    "key": {"id": 2},
                    "columns": [{"column": "stars", "before": 4, "after": 0, "now": 7}],
                }
            ],
        }
        assert owner.refused(number, dry_run=True)["details"] == error["details"]
        assert owner.rows("films") == before

    def test_leaves_such_rows_when_asked_to(self, make: Make) -> None:
        owner = make(FILMS)
        number = owner.write("PATCH", "films?id=gt.0", {"stars": 0})
        owner.write("PATCH", "films?id=eq.2", {"stars": 7})
        done = owner.undo(number, conflicts="skip")
        assert (done["rows"], done["left"], done["conflicts"][0]["key"]) == (2, 1, {"id": 2})
        assert [each["stars"] for each in owner.rows("films")] == [3, 7, 5]
        owner.undo(number, "redo")
        assert [each["stars"] for each in owner.rows("films")] == [0, 7, 0]

    def test_overwrites_them_when_asked_to(self, make: Make) -> None:
        owner = make(FILMS)
        number = owner.write("PATCH", "films?id=gt.0", {"stars": 0})
        owner.write("PATCH", "films?id=eq.2", {"stars": 7})
        assert owner.undo(number, conflicts="overwrite")["rows"] == 3
        assert owner.rows("films") == ALL

    def test_does_nothing_when_nothing_would_be_left_to_do(self, make: Make) -> None:
        owner = make(FILMS)
        number = owner.write("PATCH", "films?id=eq.2", {"stars": 0})
        owner.write("PATCH", "films?id=eq.2", {"stars": 7})
        assert owner.refused(number, conflicts="skip")["code"] == "history.rows_changed"
        owner.write("DELETE", "films?id=eq.2")
        for conflicts in ("refuse", "skip", "overwrite"):
            error = owner.refused(number, conflicts=conflicts)
            assert error["details"]["conflicts"][0]["reason"] == "gone"

    def test_reports_a_key_that_is_taken_again(self, make: Make) -> None:
        owner = make(FILMS)
        number = owner.write("DELETE", "films?id=eq.2")
        owner.write("POST", "films", {"id": 2, "title": "another", "stars": 1})
        conflict = owner.refused(number)["details"]["conflicts"][0]
        assert (conflict["reason"], conflict["key"]) == ("key_taken", {"id": 2})
        assert {"column": "title", "before": "North", "after": None, "now": "another"} in conflict["columns"]
        owner.undo(number, conflicts="overwrite")
        assert owner.rows("films") == ALL

    def test_reports_a_rule_that_stands_against_it(self, make: Make) -> None:
        owner = make(FILMS)
        number = owner.write("PATCH", "films?id=eq.2", {"title": "South"})
        owner.write("POST", "films", {"id": 8, "title": "North"})
        for conflicts in ("refuse", "overwrite"):
            error = owner.refused(number, conflicts=conflicts)
            assert error["details"]["conflicts"][0]["reason"] == "constraint"

    def test_reports_rows_that_would_point_to_nothing(self, make: Make) -> None:
        owner = make(FILMS + "CREATE TABLE parts (id INTEGER PRIMARY KEY, film INT REFERENCES films)")
        number = owner.write("POST", "films", {"id": 8, "title": "new"})
        owner.write("POST", "parts", {"id": 1, "film": 8})
        for conflicts in ("refuse", "skip", "overwrite"):
            error = owner.refused(number, conflicts=conflicts)
            assert (error["code"], error["details"]["rows"][0]["table"]) == ("23503", "parts")

    def test_sees_what_other_programs_wrote(self, make: Make) -> None:
        owner = make(FILMS)
        number = owner.write("PATCH", "films?id=eq.2", {"stars": 0})
        owner.sql("UPDATE films SET stars = 8 WHERE id = 2")
        assert owner.refused(number)["details"]["conflicts"][0]["columns"][0]["now"] == 8
        owner.sql("DROP TABLE films")
        assert owner.refused(number)["code"] == "history.form_changed"

    def test_says_that_it_was_done_already(self, make: Make) -> None:
        owner = make(FILMS)
        number = owner.write("DELETE", "films?id=eq.2")
        assert owner.refused(number, "redo")["code"] == "history.not_undone"
        back = owner.undo(number)["change"]
        error = owner.refused(number)
        assert (error["code"], error["details"]) == ("history.already_undone", {"undone_by": back})
        owner.undo(back)
        assert owner.refused(back)["code"] == "history.already_undone"

    def test_takes_back_what_cascaded(self, make: Make) -> None:
        owner = make(
            "CREATE TABLE a (id INTEGER PRIMARY KEY); CREATE TABLE b (id INTEGER PRIMARY KEY, a INT REFERENCES a ON "
            "DELETE CASCADE); CREATE TABLE c (id INTEGER PRIMARY KEY, b INT REFERENCES b ON DELETE SET NULL);"
            "INSERT INTO a VALUES (1), (2); INSERT INTO b VALUES (1, 1), (2, 1), (3, 2);"
            "INSERT INTO c VALUES (1, 1), (2, 3)"
        )
        before = [owner.rows(table) for table in "abc"]
        number = owner.write("DELETE", "a?id=eq.1")
        assert owner.rows("c") == [{"id": 1, "b": None}, {"id": 2, "b": 3}]
        assert owner.undo(number)["rows"] == 4
        assert [owner.rows(table) for table in "abc"] == before

    @pytest.mark.parametrize(
        "sql",
        [
            "CREATE TABLE t (a INT, b TEXT)",
            "CREATE TABLE t (a INT, b TEXT, PRIMARY KEY (b, a)) WITHOUT ROWID",
            "CREATE TABLE t (a BLOB PRIMARY KEY NOT NULL, b TEXT)",
            "CREATE TABLE t (a INT UNIQUE, b TEXT, c AS (a + 1) STORED, d AS (b || '!'))",
            "CREATE TABLE t (rowid INT, a INT, b TEXT)",
            "CREATE TABLE t (a INT, b TEXT COLLATE NOCASE) STRICT",
        ],
    )
    def test_of_odd_tables(self, make: Make, sql: str) -> None:
        owner = make(f"{sql}; INSERT INTO t (a, b) VALUES (1, 'x'), (9007199254740993, 'y')")
        states = [owner.rows("t")]
        numbers = []
        value = "\\x01" if "BLOB" in sql else -9223372036854775808
        for method, path, body in (
            ("POST", "t", [{"a": value, "b": "z"}]),
            ("PATCH", "t?b=eq.x", {"b": "w"}),
            ("DELETE", "t?b=eq.y", None),
        ):
            numbers.append(owner.write(method, path, body))
            states.append(owner.rows("t"))
        for number, state in zip(reversed(numbers), reversed(states[:-1]), strict=True):
            owner.undo(number)
            assert sorted(map(str, owner.rows("t"))) == sorted(map(str, state))
        for number, state in zip(numbers, states[1:], strict=True):
            owner.undo(number, "redo")
            assert sorted(map(str, owner.rows("t"))) == sorted(map(str, state))

    def test_of_a_saved_query(self, make: Make) -> None:
        owner = make(FILMS)
        number = owner.call("UPDATE films SET stars = stars + 1 WHERE id < 3")
        change = owner.get(f"/{number}")
        assert (change["kind"], change["title"], change["rows"]) == ("query", "Call tried", 2)
        owner.undo(number)
        assert owner.rows("films") == ALL

    def test_of_a_view_that_triggers_write_for(self, make: Make) -> None:
        owner = make(
            FILMS + "CREATE TABLE seen (id INTEGER PRIMARY KEY, what TEXT);"
            "CREATE VIEW named AS SELECT id, title FROM films; CREATE TRIGGER named_in INSTEAD OF INSERT ON named "
            "BEGIN INSERT INTO films (id, title) VALUES (NEW.id, NEW.title); END;"
            "CREATE TRIGGER film_in AFTER INSERT ON films BEGIN INSERT INTO seen (what) VALUES (NEW.title); END;"
            "CREATE TRIGGER film_out AFTER DELETE ON films BEGIN INSERT INTO seen (what) VALUES ('gone'); END"
        )
        number = owner.call("INSERT INTO named VALUES (9, 'by the view')")
        assert owner.get(f"/{number}")["tables"] == ["films", "seen"]
        owner.undo(number)
        assert owner.rows("films") == ALL
        assert owner.rows("seen") == []
        owner.undo(number, "redo")
        assert owner.rows("seen") == [{"id": 1, "what": "by the view"}]
        owner.write("DELETE", "films?id=eq.9")
        assert len(owner.rows("seen")) == 2  # the triggers are there again

    def test_says_why_it_never_can_be(self, make: Make) -> None:
        owner = make("CREATE TABLE t (_rowid_ INT)")
        number = owner.write("POST", "t", {"_rowid_": 1})
        change = owner.get(f"/{number}")
        assert change["can"] is None
        assert "_rowid_" in change["lost"]
        error = owner.refused(number)
        assert (error["code"], error["details"]) == ("history.not_undoable", change["lost"])

    def test_is_refused_while_nothing_is_recorded(self, make: Make) -> None:
        owner = make(FILMS)
        number = owner.write("DELETE", "films?id=eq.2")
        assert owner.client.patch("/api/history/retention", json={"on": False}).json()["on"] is False
        assert owner.refused(number)["code"] == "history.off"
        assert "X-Rolltop-Change" not in owner.client.delete("/rest/v1/films?id=eq.3").headers
        assert owner.client.patch("/api/history/retention", json={"on": True}).json()["on"] is True
        owner.undo(number)
        assert len(owner.rows("films")) == 2

    @pytest.mark.parametrize(
        ("path", "body", "status"),
        [
            ("/987654/undo", {}, 404),
            ("/0/undo", {}, 422),
            ("/x/undo", {}, 422),
            ("/1/undo", {"force": True}, 422),
            ("/1/undo", {"conflicts": "maybe"}, 422),
            ("/1/redo", [], 422),
        ],
    )
    def test_refuses_what_it_cannot_read(self, owner: Owner, path: str, body: Any, status: int) -> None:
        assert owner.client.post(f"/api/history{path}", json=body).status_code == status


class TestRetention:
    def test_says_what_is_kept(self, make: Make) -> None:
        owner = make(FILMS)
        before = owner.get("/retention")
        number = owner.write("DELETE", "films?id=eq.2")
        after = owner.get("/retention")
        assert (after["on"], after["newest"], after["changes"]) == (True, number, before["changes"] + 1)
        assert after["bytes"] > before["bytes"]
        assert (after["days"], after["limit_bytes"], after["trimmed"]) == (90, 1_000_000_000, 0)
