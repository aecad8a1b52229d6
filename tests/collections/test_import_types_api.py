"""Which type a column gets, by all of its cells, through HTTP."""

from typing import Any

import pytest
from starlette.testclient import TestClient
from tests.collections.conftest import Importer


def column(importer: Importer, *cells: str) -> dict[str, Any]:
    """What a column of these cells is taken for; tabs stand between the cells of a row."""
    text = "n\tc\n" + "".join(f"{number}\t{cell}\n" for number, cell in enumerate(cells))
    found: dict[str, Any] = importer.send(text)["columns"][1]
    return found


@pytest.mark.parametrize(
    ("cells", "type_name", "reading"),
    [
        (["ann@example.com", "bob.b+x@mail.example.org"], "email", None),
        (["ann@example.com", "ann at example.com"], "text", None),
        (["https://example.com/a?b=c#d", "HTTP://example.com"], "url", None),
        (["https://example.com", "example.com"], "text", None),
        (["$1,234.50", "$0.99"], "decimal", "currency sign, commas between thousands"),
        (["1.234,50 €", "0,99 €"], "decimal", "currency sign, decimal comma"),
        (["€ 12.50", "€ 3.00"], "decimal", "currency sign"),
        (["USD 12", "USD 7"], "decimal", "currency sign"),
        (["$1,234", "$5,678"], "decimal", "currency sign, commas between thousands"),
        (["$12.50", "12.50 €"], "text", None),
        (["1 234 567", "12", "1 000"], "integer", "spaces between thousands"),
        (["1 234,5", "7,25"], "real", "decimal comma"),
        (["1'234.50", "7.25"], "decimal", "spaces between thousands"),
        (["612 345 678", "699 111 222"], "text", None),
        (["030 123 456", "5"], "text", None),
        (["007", "008"], "text", None),
        (["1234567890123456", "12"], "text", None),
        (["2024-05-01T10:00:00+02:00", "2024-05-02T10:00:00Z"], "timestamp", None),
        (["2024-05-01 10:00", "2024-05-02 10:00"], "timestamp", None),
        (["Aug 1 2000", "Feb 14, 2013", "May 31 2024"], "date", "month by name"),
        (["1 May 2024", "31-Dec-1999", "2. March 2001"], "date", "month by name"),
        (["Feb 30 2000", "Feb 14, 2013"], "text", None),
        (["May 1, 2024 9:05 PM", "Jun 2, 2024"], "timestamp", "month by name"),
        (["1/31/2024 3:05 PM", "12/1/2024 12:00 AM"], "timestamp", "month/day/year"),
        (["31.1.2024 15:05", "1.12.2024 9:00"], "timestamp", "day/month/year"),
        (["1/31/2024 13:05 PM", "12/1/2024 12:00 AM"], "text", None),
        (["9:30", "10:45"], "time", "12-hour clock"),
        (["9:30 AM", "12:05 pm"], "time", "12-hour clock"),
        (["09:30", "10:45"], "time", None),
        (["May", "June 3"], "text", None),
        (["red", "blue"], "text", None),
        (["red", "blue", "green"] * 10, "choice", None),
        ([f"value {number}" for number in range(13)] * 10, "text", None),
    ],
)
def test_takes_the_narrowest_type_that_all_cells_fit(
    importer: Importer, cells: list[str], type_name: str, reading: str | None
) -> None:
    found = column(importer, *cells)
    assert (found["type"], found["reading"]) == (type_name, reading)


class TestDays:
    def test_with_names_and_halves_are_stored_as_iso(self, importer: Importer) -> None:
        rows = importer.table(
            "day\tat\tclock\n1 May 2024\tDec 31, 1999 11:59:59 PM\t12:05 AM\n2 Sept 2024\tJan 1, 2000\t1:00 pm\n",
            key=None,
        )
        assert [(row["day"], row["at"], row["clock"]) for row in rows] == [
            ("2024-05-01", "1999-12-31T23:59:59Z", "00:05"),
            ("2024-09-02", "2000-01-01T00:00:00Z", "13:00"),
        ]


class TestAddresses:
    def test_are_held_to_their_form_by_the_table(self, importer: Importer, client: TestClient) -> None:
        importer.table("name,mail,page\nAnn,ann@example.com,https://example.com\n", "people.csv", key=None)
        wrong = {"mail": "nobody", "page": "javascript:alert(1)"}
        for name, value in wrong.items():
            answer = client.post("/rest/v1/people", json={name: value})
            assert (answer.status_code, answer.json()["code"]) == (400, "23514")
        right = {"name": "Bob", "mail": "bob@example.com", "page": "http://example.org"}
        assert client.post("/rest/v1/people", json=right).status_code == 201


class TestChoices:
    def test_become_a_list_that_the_table_keeps(self, importer: Importer, client: TestClient) -> None:
        cells = ["it's", "off", "on hold"] * 10
        importer.table("state,n\n" + "".join(f"{cell},{number}\n" for number, cell in enumerate(cells)), "jobs.csv")
        columns = client.get("/api/collections/jobs").json()["columns"]
        assert next(each["choices"] for each in columns if each["name"] == "state") == ["it's", "off", "on hold"]
        assert client.post("/rest/v1/jobs", json={"state": "lost", "n": 99}).status_code == 400

    def test_can_be_chosen_for_any_column_of_few_values(self, importer: Importer, client: TestClient) -> None:
        importer.table("a,b\n1,x\n2,y\n", "few.csv", columns=[{"source": "b", "type": "choice"}])
        assert client.post("/rest/v1/few", json={"a": 3, "b": "z"}).status_code == 400

    def test_are_refused_for_too_many_values(self, importer: Importer, client: TestClient) -> None:
        draft = importer.send("a\n" + "".join(f"word{number}\n" for number in range(201)))
        assert draft["columns"][0]["misfits"]["choice"] == 201
        wish = {"columns": [{"source": "a", "type": "choice"}]}
        answer = client.post(f"/api/imports/{draft['id']}/run", json=wish)
        assert (answer.status_code, answer.json()["code"]) == (422, "imports.cell_does_not_fit")

    def test_empty_cells_of_a_choice_are_null(self, importer: Importer) -> None:
        cells = ["a", "b", ""] * 20
        rows = importer.table("n,c\n" + "".join(f"{number},{cell}\n" for number, cell in enumerate(cells)), "c.csv")
        assert {row["c"] for row in rows} == {"a", "b", None}


class TestMoney:
    def test_loses_its_sign_and_keeps_every_digit(self, importer: Importer) -> None:
        rows = importer.table("n;price\n1;-1.234,50 €\n2;0,99 €\n3;\n", "prices.csv")
        assert [row["price"] for row in rows] == [-1234.5, 0.99, None]
