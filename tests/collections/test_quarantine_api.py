"""Rows that do not fit wait with their reasons, are put right in bulk or one by one, and land; fixes become recipes."""

from typing import Any

import pytest
from starlette.testclient import TestClient
from tests.collections.conftest import Importer
from tests.collections.test_targets_api import counts, execute

ORDERS = (
    "no,day,price,note\n"
    "1,2024-01-31,12.50,a\n"
    "2,31/12/2024,9.99,b\n"
    "3,2024-02-01,12.50 €,c\n"
    "4,unknown,€ 7.00,d\n"
    "5,2024-02-03,1.00,e\n"
    "6,01/13/2024,oops,f\n"
)
TYPED = [
    {"source": "no", "type": "integer"},
    {"source": "day", "type": "date"},
    {"source": "price", "type": "real"},
]


def quarantined(importer: Importer, content: str = ORDERS, **wish: Any) -> dict[str, Any]:
    """Import with the bad rows set aside; the job's result."""
    draft = importer.send(content, "orders.csv")
    assert draft["state"] == "ready", draft["error"]
    job = importer.run(draft["id"], bad_rows="quarantine", **wish)
    assert job["state"] == "done", job["error"]
    result: dict[str, Any] = job["result"]
    return result


@pytest.fixture
def waiting(importer: Importer) -> str:
    """Four of six orders do not fit; their id."""
    result = quarantined(importer, columns=TYPED, key="no")
    assert (result["inserted"], result["refused"]) == (2, 4)
    id: str = result["quarantine"]
    return id


class Quarantine:
    """The owner, at one quarantine."""

    def __init__(self, importer: Importer, id: str) -> None:
        self._importer = importer
        self._client = importer.client
        self.path = f"/api/quarantine/{id}"

    def get(self) -> dict[str, Any]:
        """It, as it is now."""
        answer = self._client.get(self.path)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def rows(self, **wanted: Any) -> dict[str, Any]:
        """A page of rows."""
        answer = self._client.get(f"{self.path}/rows", params=wanted)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def fix(self, **fix: Any) -> dict[str, Any]:
        """Add a fix."""
        answer = self._client.post(f"{self.path}/fixes", json=fix)
        assert answer.status_code == 201, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def retry(self, **wanted: Any) -> dict[str, Any]:
        """Try again; the job's result."""
        answer = self._client.post(f"{self.path}/retry", json=wanted)
        assert answer.status_code == 202, answer.text
        job = self._importer.wait(answer.json()["id"])
        assert job["state"] == "done", job["error"]
        result: dict[str, Any] = job["result"]
        return result

    def suggestions(self, column: str, code: str) -> list[dict[str, Any]]:
        """What would help a group."""
        (group,) = [each for each in self.get()["groups"] if (each["column"], each["code"]) == (column, code)]
        found: list[dict[str, Any]] = group["suggestions"]
        return found


class TestRead:
    def test_lists_imports_that_left_rows(self, importer: Importer, client: TestClient, waiting: str) -> None:
        (summary,) = client.get("/api/quarantine").json()
        assert (summary["id"], summary["name"], summary["table"], summary["rows"]) == (
            waiting,
            "orders.csv",
            "orders",
            4,
        )
        assert [row["no"] for row in importer.rows("orders")] == [1, 5]
        assert importer.collections() == ["orders"]

    def test_groups_rows_by_column_and_reason(self, importer: Importer, waiting: str) -> None:
        found = Quarantine(importer, waiting).get()
        groups = [(each["column"], each["code"], each["rows"], each["first"]) for each in found["groups"]]
        assert groups == [("day", "type", 3, 2), ("price", "type", 3, 3)]
        assert found["groups"][0]["message"] == "'31/12/2024' is not a date."
        assert [each["source"] for each in found["columns"]] == ["no", "day", "price", "note"]
        assert (found["key"], found["fixes"], found["recipe"], found["job"]) == ([], [], None, None)

    def test_shows_every_cell_with_its_reason(self, importer: Importer, waiting: str) -> None:
        page = Quarantine(importer, waiting).rows()
        assert (page["count"], page["next"]) == (4, None)
        assert page["rows"][2] == {
            "row": 4,
            "cells": ["4", "unknown", "€ 7.00", "d"],
            "reasons": [
                {"code": "type", "column": "day", "value": "unknown", "message": "'unknown' is not a date."},
                {"code": "type", "column": "price", "value": "€ 7.00", "message": "'€ 7.00' is not a number."},
            ],
        }

    def test_pages_and_selects(self, importer: Importer, waiting: str) -> None:
        quarantine = Quarantine(importer, waiting)
        first = quarantine.rows(limit=2)
        assert ([row["row"] for row in first["rows"]], first["next"]) == ([2, 3], 3)
        second = quarantine.rows(limit=2, after=first["next"])
        assert [row["row"] for row in second["rows"]] == [4, 6]
        chosen = quarantine.rows(column="price", code="type")
        assert ([row["row"] for row in chosen["rows"]], chosen["count"]) == ([3, 4, 6], 3)

    @pytest.mark.parametrize(
        ("method", "path", "body"),
        [
            ("GET", "", None),
            ("GET", "/rows", None),
            ("PATCH", "/rows/1", {"cells": {"a": "b"}}),
            ("DELETE", "/rows/1", None),
            ("POST", "/fixes", {"kind": "fill_short"}),
            ("DELETE", "/fixes/1", None),
            ("POST", "/retry", {}),
            ("POST", "/discard", {}),
        ],
    )
    def test_of_an_unknown_import(self, client: TestClient, method: str, path: str, body: Any) -> None:
        answer = client.request(method, f"/api/quarantine/nothing{path}", json=body)
        assert (answer.status_code, answer.json()["code"]) == (404, "quarantine.unknown")

    def test_nothing_of_it_is_in_the_rows_api(self, client: TestClient, waiting: str) -> None:
        assert waiting
        assert client.get("/rest/v1/_rolltop_quarantine").status_code == 404
        assert client.post("/rest/v1/_rolltop_quarantine", json={"row": 1}).status_code == 404


class TestFixes:
    def test_suggested_fixes_bring_the_rows_in(self, importer: Importer, waiting: str) -> None:
        quarantine = Quarantine(importer, waiting)
        titles = [each["title"] for each in quarantine.suggestions("day", "type")]
        assert titles == ["Read as day/month/year", "Read as month/day/year", "Treat 'unknown' as null"]
        money = quarantine.suggestions("price", "type")[0]
        assert (money["title"], money["solves"], money["fix"]) == (
            "Strip '€'",
            2,
            {"kind": "strip", "column": "price", "text": "€"},
        )
        for fix in (quarantine.suggestions("day", "type")[0]["fix"], money["fix"]):
            quarantine.fix(**fix)
        found = quarantine.fix(kind="null", column="day", words=["unknown"])
        assert [each["kind"] for each in found["fixes"]] == ["read_as", "strip", "null"]
        result = quarantine.retry()
        assert (result["inserted"], result["refused"]) == (3, 1)
        assert importer.rows("orders")[1:4] == [
            {"no": 2, "day": "2024-12-31", "price": 9.99, "note": "b"},
            {"no": 3, "day": "2024-02-01", "price": 12.5, "note": "c"},
            {"no": 4, "day": None, "price": 7.0, "note": "d"},
        ]
        (left,) = quarantine.rows()["rows"]
        assert [reason["column"] for reason in left["reasons"]] == ["day", "price"]

    def test_a_fix_leaves_cells_alone_that_fit(self, importer: Importer) -> None:
        content = "a,b\n2024-01-02,x\n03/04/2024,x\n"
        result = quarantined(importer, content, columns=[{"source": "a", "type": "date"}])
        quarantine = Quarantine(importer, result["quarantine"])
        quarantine.fix(kind="read_as", column="a", reading="month/day/year")
        quarantine.retry()
        assert sorted(row["a"] for row in importer.rows("orders")) == ["2024-01-02", "2024-03-04"]

    def test_an_edited_row_lands(self, importer: Importer, client: TestClient, waiting: str) -> None:
        quarantine = Quarantine(importer, waiting)
        edited = client.patch(f"{quarantine.path}/rows/6", json={"cells": {"day": "2024-01-13"}})
        assert edited.status_code == 200, edited.text
        assert [reason["column"] for reason in edited.json()["reasons"]] == ["price"]
        edited = client.patch(f"{quarantine.path}/rows/6", json={"cells": {"price": None}})
        assert edited.json()["reasons"] == []
        retried = quarantine.retry(rows=[6])
        assert retried.pop("change") > 0
        assert retried == {
            "quarantine": waiting,
            "table": "orders",
            "inserted": 1,
            "changed": 0,
            "unchanged": 0,
            "refused": 0,
        }
        row = client.get("/rest/v1/orders?no=eq.6").json()
        assert row == [{"no": 6, "day": "2024-01-13", "price": None, "note": "f"}]
        assert quarantine.get()["rows"] == 3

    @pytest.mark.parametrize(
        ("fix", "code"),
        [
            ({"kind": "null", "column": "nothing", "words": ["x"]}, "quarantine.unknown_column"),
            ({"kind": "read_as", "column": "price", "reading": "day/month/year"}, "quarantine.useless_fix"),
            ({"kind": "strip", "column": "price"}, "invalid"),
            ({"kind": "magic", "column": "price"}, "invalid"),
            ({"kind": "null", "column": "price", "words": []}, "invalid"),
        ],
    )
    def test_refuses_what_is_no_fix(self, client: TestClient, waiting: str, fix: dict[str, Any], code: str) -> None:
        answer = client.post(f"/api/quarantine/{waiting}/fixes", json=fix)
        assert (answer.status_code, answer.json()["code"]) == (422, code)

    def test_a_fix_can_be_taken_out(self, importer: Importer, client: TestClient, waiting: str) -> None:
        quarantine = Quarantine(importer, waiting)
        quarantine.fix(kind="strip", column="price", text="€")
        quarantine.fix(kind="null", column="day", words=["unknown"])
        assert client.delete(f"{quarantine.path}/fixes/3").status_code == 404
        left = client.delete(f"{quarantine.path}/fixes/1").json()
        assert [each["kind"] for each in left["fixes"]] == ["null"]
        assert client.delete(f"{quarantine.path}/fixes/1").json()["recipe"] is None
        assert client.get("/api/recipes").json() == []

    def test_edits_of_what_is_not_there(self, client: TestClient, waiting: str) -> None:
        path = f"/api/quarantine/{waiting}/rows"
        assert client.patch(f"{path}/1", json={"cells": {"day": "x"}}).json()["code"] == "quarantine.unknown_row"
        assert client.patch(f"{path}/2", json={"cells": {"x": "x"}}).json()["code"] == "quarantine.unknown_column"
        assert client.patch(f"{path}/2", json={"cells": {}}).status_code == 422
        assert client.delete(f"{path}/1").json()["code"] == "quarantine.unknown_row"


class TestDiscard:
    def test_drops_rows_by_reason_by_number_and_all(self, importer: Importer, client: TestClient, waiting: str) -> None:
        quarantine = Quarantine(importer, waiting)
        assert client.delete(f"{quarantine.path}/rows/6").status_code == 204
        assert client.post(f"{quarantine.path}/discard", json={"column": "price"}).json() == {"rows": 2}
        assert [row["row"] for row in quarantine.rows()["rows"]] == [2]
        assert client.post(f"{quarantine.path}/discard", json={}).json() == {"rows": 1}
        assert client.get("/api/quarantine").json() == []


class TestWidths:
    def test_rows_with_too_few_or_too_many_cells(self, importer: Importer, client: TestClient) -> None:
        result = quarantined(importer, "a,b,c\n1,2,3\n1,2\n1,2,3,4\n5,6,7\n")
        assert (result["inserted"], result["refused"]) == (2, 2)
        quarantine = Quarantine(importer, result["quarantine"])
        groups = {each["code"]: each for each in quarantine.get()["groups"]}
        assert groups["short"]["message"] == "The row has 2 cells, not 3."
        for code in ("short", "long"):
            quarantine.fix(**groups[code]["suggestions"][0]["fix"])
        assert quarantine.retry()["inserted"] == 2
        assert [(row["a"], row["c"]) for row in importer.rows("orders")] == [(1, 3), (5, 7), (1, None), (1, 3)]
        assert client.get("/api/quarantine").json() == []


class TestConstraints:
    """What the table itself refuses: with reasons, never the whole import."""

    @pytest.fixture(autouse=True)
    def _tables(self, client: TestClient) -> None:
        execute(
            client,
            "CREATE TABLE shops (id INTEGER PRIMARY KEY);"
            "CREATE TABLE items (id INTEGER PRIMARY KEY, code TEXT UNIQUE, name TEXT NOT NULL,"
            " kind TEXT CHECK (kind IN ('tea', 'rum')), short TEXT CHECK (length(short) <= 3),"
            " shop INTEGER REFERENCES shops (id), price REAL CONSTRAINT paid CHECK (price > 0));"
            "INSERT INTO shops VALUES (1); INSERT INTO items (id, code, name) VALUES (1, 'x', 'old')",
        )

    CONTENT = (
        "id,code,name,kind,short,shop,price\n"
        "1,a,taken id,tea,x,1,1\n"
        "2,x,taken code,tea,x,1,1\n"
        "3,b,,tea,x,1,1\n"
        "4,c,kind,TEA,x,1,1\n"
        "5,d,long,tea,xxxx,1,1\n"
        "6,e,shop,tea,x,7,1\n"
        "7,f,price,tea,x,1,-1\n"
        "8,g,good,tea,x,1,1\n"
        "8,h,twice,tea,x,1,1\n"
    )

    def test_every_kind_of_refusal_has_its_reason(self, importer: Importer) -> None:
        result = quarantined(importer, self.CONTENT, table="items", target="append")
        assert (result["inserted"], result["refused"]) == (1, 8)
        rows = Quarantine(importer, result["quarantine"]).rows()["rows"]
        assert [(row["row"], row["reasons"][0]["code"], row["reasons"][0]["column"]) for row in rows] == [
            (1, "unique", "id"),
            (2, "unique", "code"),
            (3, "empty", "name"),
            (4, "check", "kind"),
            (5, "check", "short"),
            (6, "reference", "shop"),
            (7, "check", "price"),
            (9, "unique", "id"),
        ]
        assert rows[0]["cells"] == ["1", "a", "taken id", "tea", "x", "1", "1"]
        assert rows[6]["reasons"][0]["message"] == "The table wants: price > 0"
        assert rows[5]["reasons"][0]["message"] == "There is no such row in 'shops' (id)."

    def test_suggestions_for_them(self, importer: Importer, client: TestClient) -> None:
        result = quarantined(importer, self.CONTENT, table="items", target="append")
        quarantine = Quarantine(importer, result["quarantine"])
        kind = quarantine.suggestions("kind", "check")[0]
        assert kind["fix"] == {"kind": "replace", "column": "kind", "old": "TEA", "new": "tea"}
        short = quarantine.suggestions("short", "check")[0]
        assert short["fix"] == {"kind": "shorten", "column": "short", "length": 3}
        shop = quarantine.suggestions("shop", "reference")[0]
        assert shop["fix"] == {"kind": "null", "column": "shop", "words": ["7"]}
        actions = [each["action"] for each in quarantine.suggestions("id", "unique")]
        assert actions == ["update", "discard"]
        for each in (kind, short, shop):
            quarantine.fix(**each["fix"])
        assert quarantine.retry()["inserted"] == 3
        client.patch(f"{quarantine.path}/rows/3", json={"cells": {"name": "named"}})
        assert quarantine.retry(rows=[3])["inserted"] == 1
        update = quarantine.retry(column="id", code="unique", key=["id"])
        assert (update["changed"], update["refused"]) == (2, 0)
        assert client.get("/rest/v1/items?id=eq.1").json()[0]["name"] == "taken id"
        assert [row["row"] for row in quarantine.rows()["rows"]] == [2, 7]

    def test_a_retry_for_a_table_that_is_gone(self, importer: Importer, client: TestClient) -> None:
        result = quarantined(importer, self.CONTENT, table="items", target="append")
        quarantine = Quarantine(importer, result["quarantine"])
        execute(client, "DROP TABLE items")
        answer = client.post(f"{quarantine.path}/retry", json={})
        assert (answer.status_code, answer.json()["code"]) == (409, "quarantine.table_gone")
        assert quarantine.get()["groups"][0]["suggestions"] == []
        answer = client.patch(f"{quarantine.path}/rows/3", json={"cells": {"name": "x"}})
        assert answer.json()["code"] == "quarantine.table_gone"

    def test_a_table_that_has_changed(self, importer: Importer, client: TestClient) -> None:
        result = quarantined(importer, self.CONTENT, table="items", target="append")
        execute(client, "ALTER TABLE items RENAME COLUMN kind TO sort")
        answer = client.post(f"/api/quarantine/{result['quarantine']}/retry", json={})
        assert (answer.status_code, answer.json()["code"]) == (409, "quarantine.table_gone")

    def test_bad_keys_for_a_retry(self, importer: Importer, client: TestClient) -> None:
        result = quarantined(importer, self.CONTENT, table="items", target="append")
        answer = client.post(f"/api/quarantine/{result['quarantine']}/retry", json={"key": ["name"]})
        assert (answer.status_code, answer.json()["code"]) == (422, "imports.bad_key")

    def test_what_a_trigger_refuses(self, importer: Importer, client: TestClient) -> None:
        trigger = "SELECT CASE WHEN new.id = 3 THEN RAISE(ABORT, 'no threes') END;"
        execute(client, f"CREATE TRIGGER t BEFORE INSERT ON shops BEGIN {trigger} END")
        result = quarantined(importer, "id\n2\n3\n4\n", table="shops", target="append")
        assert (result["inserted"], result["refused"]) == (2, 1)
        (row,) = Quarantine(importer, result["quarantine"]).rows()["rows"]
        assert row["reasons"] == [{"code": "trigger", "column": None, "value": None, "message": "no threes"}]


class TestNewTable:
    def test_a_key_that_comes_twice_or_is_missing(self, importer: Importer) -> None:
        result = quarantined(importer, "code,n\na,1\n,2\nb,3\na,4\n", key="code")
        assert (result["inserted"], result["refused"]) == (2, 2)
        quarantine = Quarantine(importer, result["quarantine"])
        rows = quarantine.rows()["rows"]
        assert [(row["row"], row["reasons"][0]["code"]) for row in rows] == [(2, "empty"), (4, "twice")]
        assert quarantine.retry()["refused"] == 2
        assert quarantine.rows()["rows"][1]["reasons"][0]["code"] == "unique"

    def test_a_whole_number_as_the_key_is_never_made_up(self, importer: Importer) -> None:
        result = quarantined(importer, "id,n\n5,1\n,2\n", key="id")
        assert (result["inserted"], result["refused"]) == (1, 1)

    def test_more_bad_rows_than_good_ones(self, importer: Importer) -> None:
        lines = "\n".join(f"{number if number % 7 == 0 else 'x'},{number}" for number in range(20_000))
        result = quarantined(importer, f"a,b\n{lines}\n", columns=[{"source": "a", "type": "integer"}])
        good = len(range(0, 20_000, 7))
        assert (result["inserted"], result["refused"]) == (good, 20_000 - good)
        assert len(result["first_refused"]) == 20
        assert result["reasons"] == [{"column": "a", "code": "type", "cells": 20_000 - good}]

    def test_a_file_without_a_header(self, importer: Importer) -> None:
        result = quarantined(importer, "1,x\n2,y\nz,3\n", columns=[{"source": "column_1", "type": "integer"}])
        assert result["refused"] == 1
        quarantine = Quarantine(importer, result["quarantine"])
        quarantine.fix(kind="replace", column="column_1", old="z", new="26")
        assert quarantine.retry()["inserted"] == 1


class TestRecipes:
    def test_the_same_shape_is_read_with_the_recipe(self, importer: Importer, client: TestClient, waiting: str) -> None:
        quarantine = Quarantine(importer, waiting)
        quarantine.fix(kind="strip", column="price", text="€")
        quarantine.fix(kind="null", column="day", words=["unknown"])
        quarantine.fix(kind="read_as", column="day", reading="day/month/year")
        draft = importer.send(ORDERS, "february.csv")
        recipe = draft["recipe"]
        assert recipe["headers"] == ["no", "day", "price", "note"]
        assert (recipe["types"], recipe["used"]) == ({"price": "real", "day": "date"}, None)
        job = importer.run(draft["id"], table="february", bad_rows="quarantine")
        assert counts(job) == (5, 0, 0, 1)
        read = client.get(f"/api/recipes/{recipe['id']}").json()
        assert (read["name"], read["used"] is None) == ("february.csv", False)

    def test_all_or_nothing_with_a_recipe(self, importer: Importer, waiting: str) -> None:
        quarantine = Quarantine(importer, waiting)
        quarantine.fix(kind="strip", column="price", text="€")
        draft = importer.send(ORDERS, "other.csv")
        job = importer.run(draft["id"], table="other", columns=[{"source": "day", "type": "text"}])
        assert (job["state"], job["error"]["code"]) == ("failed", "imports.row_refused")
        assert job["error"]["message"] == "Row 6, column 'price': 'oops' is not a number."
        good = importer.send(ORDERS.replace("oops", "5 €"), "other.csv")
        job = importer.run(good["id"], table="other", columns=[{"source": "day", "type": "text"}])
        assert counts(job) == (6, 0, 0, 0)

    def test_can_be_left_unused_and_deleted(self, importer: Importer, client: TestClient, waiting: str) -> None:
        Quarantine(importer, waiting).fix(kind="null", column="note", words=["a"])
        (recipe,) = client.get("/api/recipes").json()
        draft = importer.send(ORDERS, "plain.csv")
        importer.run(draft["id"], table="plain", recipe=False)
        assert importer.rows("plain")[0]["note"] == "a"
        assert client.delete(f"/api/recipes/{recipe['id']}").status_code == 204
        assert client.delete(f"/api/recipes/{recipe['id']}").json()["code"] == "recipes.unknown"
        assert client.get(f"/api/recipes/{recipe['id']}").status_code == 404
        assert importer.send(ORDERS)["recipe"] is None

    def test_another_shape_is_left_alone(self, importer: Importer, waiting: str) -> None:
        Quarantine(importer, waiting).fix(kind="null", column="note", words=["a"])
        assert importer.send(ORDERS.replace("no,day", "day,no"))["recipe"] is None
