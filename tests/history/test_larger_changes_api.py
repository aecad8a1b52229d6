"""Undo of imports, of rows that were tried again, and of changes of the schema, with what people call things."""

from typing import Any

import pytest
from tests.history.conftest import Make, Owner

CSV = "id,title,stars\n1,Salt,3\n2,North,4\n"
FILMS = [{"id": 1, "title": "Salt", "stars": 3}, {"id": 2, "title": "North", "stars": 4}]


def tables(owner: Owner) -> list[str]:
    return [each["name"] for each in owner.client.get("/api/collections").json()]


def words(owner: Owner, table: str = "films") -> dict[str, tuple[str, str]]:
    """Labels and descriptions of a table and its columns."""
    found = owner.client.get(f"/api/collections/{table}").json()
    return {
        "": (found["label"], found["description"]),
        **{each["name"]: (each["label"], each["description"]) for each in found["columns"]},
    }


class TestImports:
    def test_into_a_new_table(self, owner: Owner) -> None:
        done = owner.imported(CSV.replace("stars", "Stars given"))
        before, called = owner.rows("films"), words(owner)
        assert called["stars_given"][0] == "Stars given"
        change = owner.get(f"/{done['change']}")
        assert (change["kind"], change["rows"], change["job"]) == ("import", 2, done["job"])
        assert owner.get(job=done["job"])["changes"][0]["id"] == done["change"]
        assert [(each["before"], each["after"]) for each in change["objects"]] == [(None, "films")]
        tried = owner.undo(done["change"], dry_run=True)
        assert [(each["before"], each["after"]) for each in tried["objects"]] == [("films", None)]
        assert tables(owner) == ["films"]
        owner.undo(done["change"])
        assert tables(owner) == []
        owner.undo(done["change"], "redo")
        assert owner.rows("films") == before
        assert words(owner) == called

    def test_rows_written_since_keep_the_table(self, owner: Owner) -> None:
        done = owner.imported(CSV)
        number = owner.write("POST", "films", {"id": 3, "title": "Rye", "stars": 5})
        error = owner.refused(done["change"])
        assert (error["code"], error["details"]["changes"]) == ("history.later_changes", [number])
        owner.undo(done["change"], conflicts="overwrite")
        assert tables(owner) == []
        owner.undo(done["change"], "redo")
        assert len(owner.rows("films")) == 3

    def test_appended_rows(self, owner: Owner) -> None:
        owner.imported(CSV)
        before = owner.rows("films")
        done = owner.imported("id,title,stars\n" + "".join(f"{each},t{each},1\n" for each in range(10, 3000)),
                              table="films", target="append")  # fmt: skip
        assert owner.get(f"/{done['change']}")["rows"] == 2990
        owner.write("PATCH", "films?id=eq.11", {"stars": 2})
        assert owner.refused(done["change"])["details"]["count"] == 1
        assert owner.undo(done["change"], conflicts="skip")["left"] == 1
        assert owner.rows("films") == [*before, {"id": 11, "title": "t11", "stars": 2}]

    def test_updated_rows(self, owner: Owner) -> None:
        owner.imported(CSV, key=["id"])
        before = owner.rows("films")
        done = owner.imported("id,title,stars\n2,South,1\n3,Rye,5\n", table="films", target="update", key=["id"])
        after = owner.rows("films")
        assert (done["changed"], done["inserted"]) == (1, 1)
        owner.undo(done["change"])
        assert owner.rows("films") == before
        owner.undo(done["change"], "redo")
        assert owner.rows("films") == after

    def test_a_dry_run_is_no_change(self, owner: Owner) -> None:
        owner.imported(CSV)
        newest = owner.get("/retention")["newest"]
        assert owner.imported("id,title,stars\n9,x,1\n", table="films", target="append", dry_run=True)["change"] is None
        assert owner.get("/retention")["newest"] == newest


class TestQuarantine:
    BAD = "id,title,stars\n3,Rye,5\n4,Oats,many\n5,Corn,2 stars\n"

    def waiting(self, owner: Owner) -> dict[int, Any]:
        """The rows that wait, by number."""
        found = {}
        for each in owner.client.get("/api/quarantine").json():
            for row in owner.client.get(f"/api/quarantine/{each['id']}/rows").json()["rows"]:
                found[row["row"]] = row["cells"]
        return found

    def test_rows_that_were_set_aside_go_with_the_import(self, owner: Owner) -> None:
        owner.imported(CSV)
        before = owner.rows("films")
        done = owner.imported(self.BAD, table="films", target="append", bad_rows="quarantine")
        assert (done["inserted"], done["refused"]) == (1, 2)
        waiting = self.waiting(owner)
        assert len(waiting) == 2
        owner.undo(done["change"])
        assert (owner.rows("films"), self.waiting(owner)) == (before, {})
        owner.undo(done["change"], "redo")
        assert self.waiting(owner) == waiting
        assert len(owner.rows("films")) == 3

    def test_rows_that_were_tried_again_wait_once_more(self, owner: Owner) -> None:
        owner.imported(CSV)
        owner.imported(self.BAD, table="films", target="append", bad_rows="quarantine")
        before, waiting = owner.rows("films"), self.waiting(owner)
        id = owner.client.get("/api/quarantine").json()[0]["id"]
        for row in waiting:
            edited = owner.client.patch(f"/api/quarantine/{id}/rows/{row}", json={"cells": {"stars": "1"}})
            assert edited.status_code == 200, edited.text
        edited_cells = self.waiting(owner)
        job = owner.client.post(f"/api/quarantine/{id}/retry", json={}).json()
        done = owner.wait(job["id"])
        assert self.waiting(owner) == {}
        change = owner.get(f"/{done['change']}")
        assert (change["table"], change["tables"], change["rows"]) == ("films", ["films"], 2)
        owner.undo(done["change"])
        assert owner.rows("films") == before
        assert self.waiting(owner) == edited_cells
        owner.undo(done["change"], "redo")
        assert self.waiting(owner) == {}
        assert len(owner.rows("films")) == 5


class TestSchema:
    @pytest.fixture
    def films(self, owner: Owner) -> Owner:
        """A table with words, rules, an index and rows."""
        columns = [
            {"name": "title", "type": "text", "not_null": True, "label": "Title", "description": "On the poster."},
            {"name": "stars", "type": "integer"},
            {"name": "mood", "type": "text", "choices": ["glad", "sad"]},
        ]
        owner.schema("POST", "", {"name": "films", "label": "Films", "columns": columns})
        owner.write(
            "POST",
            "films",
            [{"title": "Salt", "stars": 3, "mood": "sad"}, {"title": "Rye", "stars": 5, "mood": "glad"}],
        )
        return owner

    @pytest.mark.parametrize(
        "changes",
        [
            [{"change": "drop_column", "column": "title"}],
            [{"change": "rename", "name": "movies"}],
            [{"change": "rename_column", "column": "title", "name": "called"}],
            [{"change": "alter_column", "column": "stars", "type": "text"}],
            [{"change": "add_column", "column": {"name": "year", "type": "integer", "label": "Year"}}],
            [{"change": "describe", "label": "Pictures", "column": None}],
            [
                {"change": "rename_column", "column": "title", "name": "called"},
                {"change": "describe", "column": "called", "label": "Name"},
                {"change": "drop_column", "column": "mood"},
                {"change": "rename", "name": "movies"},
            ],
        ],
        ids=lambda changes: "+".join(each["change"] for each in changes),
    )
    def test_goes_back_with_its_words(self, films: Owner, changes: list[dict[str, Any]]) -> None:
        name = next((each["name"] for each in changes if each["change"] == "rename"), "films")
        state = (tables(films), films.rows("films"), words(films), self.shape(films))
        number = films.schema("POST", "/films/changes", {"changes": changes})
        after = (tables(films), films.rows(name), words(films, name), self.shape(films, name))
        assert after != state
        change = films.get(f"/{number}")
        assert (change["kind"], change["table"], change["can"]) == ("schema", "films", "undo")
        for _ in range(2):
            films.undo(number)
            assert (tables(films), films.rows("films"), words(films), self.shape(films)) == state
            films.undo(number, "redo")
            assert (tables(films), films.rows(name), words(films, name), self.shape(films, name)) == after

    def shape(self, owner: Owner, name: str = "films") -> list[Any]:
        """Types, rules and choices of the columns."""
        found = owner.client.get(f"/api/collections/{name}").json()
        left_out = ("label", "description")
        return [{key: value for key, value in each.items() if key not in left_out} for each in found["columns"]]

    def test_a_deleted_table_comes_back(self, films: Owner) -> None:
        state = (films.rows("films"), words(films), self.shape(films))
        number = films.schema("DELETE", "/films")
        assert tables(films) == []
        assert films.get(table="films", limit=1)["changes"][0]["title"] == "Delete films"
        tried = films.undo(number, dry_run=True)
        assert [(each["kind"], each["before"], each["after"]) for each in tried["objects"]] == [
            ("table", None, "films")
        ]
        assert tables(films) == []
        films.undo(number)
        assert (films.rows("films"), words(films), self.shape(films)) == state

    def test_what_was_changed_before_can_be_undone_after_it(self, films: Owner) -> None:
        edit = films.write("PATCH", "films?id=eq.1", {"stars": 9})
        number = films.schema("POST", "/films/changes", {"changes": [{"change": "drop_column", "column": "mood"}]})
        assert films.refused(edit)["code"] == "history.form_changed"
        films.undo(number)
        films.undo(edit)
        assert films.rows("films")[0]["stars"] == 3

    def test_a_name_that_was_taken_since_stands_against_it(self, films: Owner) -> None:
        number = films.schema("DELETE", "/films")
        films.schema("POST", "", {"name": "films", "columns": [{"name": "other", "type": "text"}]})
        assert films.refused(number)["code"] == "history.schema_changed"

    def test_needs_the_right_to_change_tables(self, films: Owner) -> None:
        number = films.schema("DELETE", "/films")
        rights = films.client.get("/openapi.json").json()["paths"]["/api/history/{id}/undo"]["post"]["security"]
        assert [scope for each in rights for scopes in each.values() for scope in scopes] == ["history:write"] * len(
            rights
        )
        films.undo(number)


class TestWithoutHistory:
    def test_a_table_of_a_foreign_file_is_dropped_for_good(self, make: Make) -> None:
        owner = make("CREATE TABLE films (id INTEGER PRIMARY KEY)")
        owner.client.patch("/api/history/retention", json={"on": False})
        answer = owner.client.delete("/api/collections/films")
        assert answer.status_code == 204
        assert "X-Rolltop-Change" not in answer.headers
