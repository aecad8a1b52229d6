"""A small shop whose tables have a column of every kind, and ways to look at its rows."""

import sqlite3
from pathlib import Path
from typing import Any

from playwright.sync_api import Locator, Page
from tests.conftest import LiveServer
from tests.e2e.conftest import api

SHOP = """
CREATE TABLE customers (code TEXT PRIMARY KEY, name TEXT NOT NULL);
CREATE TABLE orders (
  id INTEGER PRIMARY KEY,
  customer TEXT NOT NULL REFERENCES customers (code),
  status TEXT NOT NULL DEFAULT 'pending' CHECK (status IN ('paid', 'pending', 'refunded', 'failed')),
  total REAL CONSTRAINT total_positive CHECK (total >= 0),
  items INTEGER,
  express BOOLEAN CHECK (express IN (0, 1)),
  placed_on DATE,
  placed_at TIMESTAMP,
  info JSON,
  note TEXT,
  doubled REAL GENERATED ALWAYS AS (total * 2) VIRTUAL);
CREATE TABLE counters (id INTEGER PRIMARY KEY, large INTEGER);
CREATE TABLE drafts (id INTEGER PRIMARY KEY, word TEXT NOT NULL);
CREATE TABLE keyless (word TEXT, number INTEGER);
CREATE TABLE seats (hall TEXT, seat INTEGER, guest TEXT, PRIMARY KEY (hall, seat));
CREATE VIEW revenue AS SELECT status, sum(total) AS total FROM orders GROUP BY status;
INSERT INTO customers VALUES ('AL', 'Lind, Astrid'), ('BO', 'Okafor'), ('CR', 'Ruiz "Cara"');
INSERT INTO counters VALUES (1, 9007199254740993);
INSERT INTO keyless VALUES ('one', 1), ('two', 2);
INSERT INTO seats VALUES ('red', 1, 'Lind'), ('red', 2, NULL), ('blue', 1, 'Ruiz');
"""
STATUSES = ("paid", "paid", "pending", "refunded", "failed")
ORDERS = 450


def build_shop(workspace: Path) -> None:
    """A workspace's data.db with the shop in it."""
    workspace.mkdir(parents=True)
    with sqlite3.connect(workspace / "data.db") as connection:
        connection.executescript(SHOP)
        connection.executemany(
            "INSERT INTO orders (id, customer, status, total, items, express, placed_on, placed_at, info, note)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (_order(number) for number in range(1, ORDERS + 1)),
        )
    connection.close()


def _order(number: int) -> tuple[Any, ...]:
    day = f"2026-{1 + number % 11:02}-{1 + number % 28:02}"
    return (
        number,
        ("AL", "BO", "CR")[number % 3],
        STATUSES[number % 5],
        number * 1.25,
        1 + number % 7,
        (0, 1, None)[number % 3],
        day,
        f"{day}T{number % 24:02}:30:00Z",
        f'{{"weight": {number}}}',
        None if number % 2 else f"Note {number}",
    )


class Sheet:
    """The grid on a page, spoken to as a person does."""

    def __init__(self, page: Page, live: LiveServer, table: str) -> None:
        self.page = page
        self.live = live
        self.table = table
        self.grid = page.get_by_role("grid")
        self.grid.wait_for()
        page.locator("[data-row] [role=gridcell]:not(:has(.wait))").first.wait_for()

    def columns(self) -> list[str]:
        """The names in the head, as far as they are in view."""
        return [text.strip() for text in self.page.get_by_role("columnheader").all_inner_texts()[1:]]

    def cell(self, row: int, column: str) -> Locator:
        """A cell by its row's place, counted from 0, and its column's name."""
        place = int(self.head(column).get_attribute("aria-colindex") or 0) - 2
        return self.page.locator(f"[data-row='{row}'] [data-column='{place}']")

    def head(self, column: str) -> Locator:
        return self.page.get_by_role("columnheader", name=column, exact=True)

    def text(self, row: int, column: str) -> str:
        return self.cell(row, column).inner_text().strip()

    def keys(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def stored(self, key: int, column: str) -> Any:
        """What the server has."""
        answer = api(self.live, "GET", f"/rest/v1/{self.table}?id=eq.{key}&select={column}")
        return answer.json()[0][column]

    def saved(self) -> None:
        """Wait until nothing is on its way."""
        self.page.locator("footer").get_by_text("Saved", exact=True).wait_for()
        self.page.locator(".saving").wait_for(state="detached")


def change_elsewhere(live: LiveServer, table: str, key: int, **values: Any) -> None:
    """Another client writes to a row."""
    answer = api(live, "PATCH", f"/rest/v1/{table}?id=eq.{key}", json=values)
    assert answer.status_code == 204, answer.text
